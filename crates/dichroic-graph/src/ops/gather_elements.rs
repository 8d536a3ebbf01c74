//! Values along an axis, each by an index of its own.

use dichroic_kernels::elementwise::reference::{for_each_index, offset};
use dichroic_kernels::parallel;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::index::{Elements, place};
use super::{BroadcastTo, ScatterElements, ScatterReduction, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y[i, j, k] = x[i, indices[i, j, k], k]`, here with axis 1.
///
/// A negative index counts from the end; one outside gives NaN.
///
/// # Shapes
/// Inputs: `x` and indices of the same rank, no larger than `x` on all axes but one. Output: the shape of the indices.
///
/// # Source
/// numpy `take_along_axis`; ONNX `GatherElements`. Indices have no gradient.
#[derive(Clone, Copy, Debug)]
pub struct GatherElements {
    /// The axis that is indexed.
    pub axis: usize,
}

impl Operation for GatherElements {
    fn name(&self) -> &'static str {
        "GatherElements"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x, indices] if Elements::fit(self.axis, x, indices) => {
                Ok(smallvec![(*indices).clone()])
            }
            _ => {
                let rule = format!("needs indices within a value on all axes but {}", self.axis);
                Err(shape_error(self, rule, inputs))
            }
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        if backward.needs(0) {
            let (dy, indices) = (backward.output_gradient(), backward.input(1));
            let shape = backward.shape(backward.input(0)).clone();
            let zero = backward.scalar(0.0);
            let zeros = backward.add(BroadcastTo { shape }, &[zero])?;
            let scatter = ScatterElements { axis: self.axis, reduction: ScatterReduction::Add };
            let dx = backward.add(scatter, &[zeros, indices, dy])?;
            backward.set(0, dx);
        }
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let (x, indices) = (inputs[0], inputs[1]);
        let mut y = Vec::with_capacity(indices.len());
        for_each_index(indices.shape(), |index| {
            let named = indices.data()[offset(index, indices.shape())];
            y.push(place(named, x.shape()[self.axis]).map_or(f32::NAN, |place| {
                let mut from = index.to_vec();
                from[self.axis] = place;
                x.data()[offset(&from, x.shape())]
            }));
        });
        vec![reference_tensor(&Shape::new(indices.shape()), y)]
    }

    fn keeps_items_apart(&self, inputs: &[&Shape], batched: &[bool]) -> bool {
        self.axis != 0 && batched == [true, true] && inputs[0].first() == inputs[1].first()
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(GatherElementsKernel(Elements::new(self.axis, inputs[0], inputs[1]))))
    }
}

/// Values that a task copies.
const TASK: usize = 1024;

#[derive(Debug)]
struct GatherElementsKernel(Elements);

impl Kernel for GatherElementsKernel {
    fn algorithm(&self) -> String {
        String::from("copy")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (x, indices) = (args.inputs[0], args.inputs[1]);
        parallel::for_each_chunk(args.outputs[0], TASK, 8 * TASK, |i, y| {
            let first = i * TASK;
            for (at, y) in (first..).zip(y) {
                *y = self.0.place(at, indices[at]).map_or(f32::NAN, |place| x[place]);
            }
        });
    }
}
