//! Slices of a value in the order of indices.

use dichroic_kernels::elementwise::reference::{for_each_index, offset};
use dichroic_kernels::parallel;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::index::place;
use super::lanes::Lanes;
use super::{reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y[…, i…, …] = x[…, indices[i…], …]`: the places of an axis in the order of the indices.
///
/// A negative index counts from the end. An index outside gives NaN, since a run can't fail.
///
/// # Shapes
/// Inputs: `x` and whole-number indices of any shape. Output: the shape of `x` with the shape of the indices in
/// place of the axis.
///
/// # Source
/// numpy `take`; ONNX `Gather`. Indices have no gradient.
#[derive(Clone, Copy, Debug)]
pub struct Gather {
    /// The axis that is indexed.
    pub axis: usize,
}

/// The gradient of [`Gather`]: each slice is added to the place that it came from.
#[derive(Clone, Debug)]
pub struct GatherGradient {
    /// The axis that is indexed.
    pub axis: usize,
    /// The shape of the gather's first input.
    pub shape: Shape,
}

/// The shape of what is gathered from `x`.
fn gathered(axis: usize, x: &[usize], indices: &[usize]) -> Shape {
    x[..axis].iter().chain(indices).chain(&x[axis + 1..]).copied().collect()
}

impl Operation for Gather {
    fn name(&self) -> &'static str {
        "Gather"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x, indices] if self.axis < x.len() => Ok(smallvec![gathered(self.axis, x, indices)]),
            _ => {
                let rule = format!("takes a value with an axis {} and indices", self.axis);
                Err(shape_error(self, rule, inputs))
            }
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        if backward.needs(0) {
            let (dy, indices) = (backward.output_gradient(), backward.input(1));
            let shape = backward.shape(backward.input(0)).clone();
            let dx = backward.add(GatherGradient { axis: self.axis, shape }, &[dy, indices])?;
            backward.set(0, dx);
        }
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let (x, indices) = (inputs[0], inputs[1]);
        let shape = gathered(self.axis, x.shape(), indices.shape());
        let mut y = Vec::with_capacity(shape.elements());
        for_each_index(&shape, |index| {
            let (before, rest) = index.split_at(self.axis);
            let (at, behind) = rest.split_at(indices.rank());
            let named = indices.data()[offset(at, indices.shape())];
            y.push(match place(named, x.shape()[self.axis]) {
                Some(place) => x.data()[offset(&[before, &[place], behind].concat(), x.shape())],
                None => f32::NAN,
            });
        });
        vec![reference_tensor(&shape, y)]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], batched: &[bool]) -> bool {
        // Either the items are indexed alike, or each brings its own indices into a value that all share.
        match batched {
            [true, false] => self.axis != 0,
            [false, true] => self.axis == 0,
            _ => false,
        }
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(GatherKernel { lanes: Lanes::along(self.axis, inputs[0]) }))
    }
}

/// Values that a task copies at least.
const TASK: usize = 4096;

#[derive(Debug)]
struct GatherKernel {
    lanes: Lanes,
}

impl Kernel for GatherKernel {
    fn algorithm(&self) -> String {
        String::from("copy")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let Lanes { size, inner, .. } = self.lanes;
        let (x, indices) = (args.inputs[0], args.inputs[1]);
        if args.outputs[0].is_empty() {
            return;
        }
        let rows = TASK.div_ceil(inner);
        parallel::for_each_chunk(args.outputs[0], rows * inner, rows * inner / 2, |i, chunk| {
            for (j, row) in chunk.chunks_exact_mut(inner).enumerate() {
                let at = i * rows + j;
                let (outer, index) = (at / indices.len(), indices[at % indices.len()]);
                match place(index, size) {
                    Some(place) => {
                        row.copy_from_slice(&x[(outer * size + place) * inner..][..inner]);
                    }
                    None => row.fill(f32::NAN),
                }
            }
        });
    }
}

impl Operation for GatherGradient {
    fn name(&self) -> &'static str {
        "GatherGradient"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [dy, indices]
                if self.axis < self.shape.len()
                    && **dy == gathered(self.axis, &self.shape, indices) =>
            {
                Ok(smallvec![self.shape.clone()])
            }
            _ => Err(shape_error(self, "dy needs the shape of what was gathered", inputs)),
        }
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let (dy, indices) = (inputs[0], inputs[1]);
        let mut dx = vec![0.0f64; self.shape.elements()];
        for_each_index(dy.shape(), |index| {
            let (before, rest) = index.split_at(self.axis);
            let (at, behind) = rest.split_at(indices.rank());
            let named = indices.data()[offset(at, indices.shape())];
            if let Some(place) = place(named, self.shape[self.axis]) {
                dx[offset(&[before, &[place], behind].concat(), &self.shape)] +=
                    f64::from(dy.data()[offset(index, dy.shape())]);
            }
        });
        vec![reference_tensor(&self.shape, dx.into_iter().map(|sum| sum as f32).collect())]
    }

    fn kernel(
        &self,
        _inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(GatherGradientKernel { lanes: Lanes::along(self.axis, &self.shape) }))
    }
}

#[derive(Debug)]
struct GatherGradientKernel {
    lanes: Lanes,
}

impl Kernel for GatherGradientKernel {
    fn algorithm(&self) -> String {
        String::from("scatter")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let Lanes { size, inner, .. } = self.lanes;
        let (dy, indices) = (args.inputs[0], args.inputs[1]);
        let (block, taken) = (size * inner, indices.len() * inner);
        // Each block of dx belongs to one task, which adds in the order of the indices.
        parallel::for_each_chunk(args.outputs[0], block, block + taken, |outer, dx| {
            dx.fill(0.0);
            let rows = dy[outer * taken..][..taken].chunks_exact(inner);
            for (row, &index) in rows.zip(indices) {
                if let Some(place) = place(index, size) {
                    let sums = &mut dx[place * inner..][..inner];
                    sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += value);
                }
            }
        });
    }
}
