//! Slices of a value by tuples of indices.

use dichroic_kernels::elementwise::reference::{for_each_index, offset};
use dichroic_kernels::parallel;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::index::{Slices, place};
use super::{BroadcastTo, ScatterND, ScatterReduction, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y[b…, i…, …] = x[b…, indices[b…, i…, 0], indices[b…, i…, 1], …, …]`: the last axis of the indices holds a place
/// for each of the axes behind the batch.
///
/// A negative index counts from the end; a tuple that points outside gives NaN.
///
/// # Shapes
/// Inputs: `x` and indices, equal on the first `batch_dims` axes. Output: the shape of the indices without their last
/// axis, then the axes of `x` that are not indexed.
///
/// # Source
/// ONNX `GatherND`; TensorFlow `gather_nd`. Indices have no gradient.
#[derive(Clone, Copy, Debug)]
pub struct GatherND {
    /// Axes at the front that both share.
    pub batch_dims: usize,
}

impl Operation for GatherND {
    fn name(&self) -> &'static str {
        "GatherND"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let shape = match inputs {
            [x, indices] => Slices::shape(self.batch_dims, x, indices),
            _ => None,
        };
        shape.map(|shape| smallvec![shape]).ok_or_else(|| {
            let rule = format!(
                "needs tuples of indices into the axes behind the first {}, which are shared",
                self.batch_dims
            );
            shape_error(self, rule, inputs)
        })
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        if backward.needs(0) {
            let (dy, indices) = (backward.output_gradient(), backward.input(1));
            let shape = backward.shape(backward.input(0)).clone();
            let zero = backward.scalar(0.0);
            let zeros = backward.add(BroadcastTo { shape }, &[zero])?;
            let reduction = ScatterReduction::Add;
            let scatter = ScatterND { batch_dims: self.batch_dims, reduction };
            let dx = backward.add(scatter, &[zeros, indices, dy])?;
            backward.set(0, dx);
        }
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let (x, indices) = (inputs[0], inputs[1]);
        let shape = Slices::shape(self.batch_dims, x.shape(), indices.shape());
        let shape = shape.expect("shapes were inferred before");
        let (tuple, batch) = (indices.shape()[indices.rank() - 1], self.batch_dims);
        let mut y = Vec::with_capacity(shape.elements());
        for_each_index(&shape, |index| {
            let (before, behind) = index.split_at(indices.rank() - 1);
            let named = |k: usize| {
                let at = [before, &[k]].concat();
                place(indices.data()[offset(&at, indices.shape())], x.shape()[batch + k])
            };
            let places: Option<Vec<usize>> = (0..tuple).map(named).collect();
            y.push(places.map_or(f32::NAN, |places| {
                let from = [&before[..batch], &places, behind].concat();
                x.data()[offset(&from, x.shape())]
            }));
        });
        vec![reference_tensor(&shape, y)]
    }

    fn keeps_items_apart(&self, inputs: &[&Shape], batched: &[bool]) -> bool {
        match batched {
            [true, true] => self.batch_dims > 0,
            [false, true] => self.batch_dims == 0 && inputs[1].len() > 1,
            _ => false,
        }
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(GatherNDKernel(Slices::new(self.batch_dims, inputs[0], inputs[1]))))
    }
}

/// Values that a task copies at least.
const TASK: usize = 4096;

#[derive(Debug)]
struct GatherNDKernel(Slices);

impl Kernel for GatherNDKernel {
    fn algorithm(&self) -> String {
        String::from("copy")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (x, indices, len) = (args.inputs[0], args.inputs[1], self.0.len);
        if args.outputs[0].is_empty() {
            return;
        }
        let slices = TASK.div_ceil(len);
        parallel::for_each_chunk(args.outputs[0], slices * len, slices * len, |i, chunk| {
            for (j, slice) in chunk.chunks_exact_mut(len).enumerate() {
                match self.0.start(i * slices + j, indices) {
                    Some(start) => slice.copy_from_slice(&x[start..][..len]),
                    None => slice.fill(f32::NAN),
                }
            }
        });
    }
}
