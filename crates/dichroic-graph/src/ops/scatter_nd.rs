//! Slices put into a value by tuples of indices.

use dichroic_kernels::elementwise::reference::{for_each_index, offset};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::index::{Slices, place};
use super::{BroadcastTo, GatherND, ScatterReduction, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y = x`, then for each tuple of indices the slice of `y` that [`GatherND`] would read takes the update, in the order
/// of the updates.
///
/// A negative index counts from the end; an update whose tuple points outside is left out.
///
/// # Shapes
/// Inputs: `x`, indices, and updates of the shape that [`GatherND`] gives for both. Output: the shape of `x`.
///
/// # Source
/// ONNX `ScatterND`. Indices have no gradient; nor has a product or an extreme.
#[derive(Clone, Copy, Debug)]
pub struct ScatterND {
    /// Axes at the front that all share; 0 in ONNX.
    pub batch_dims: usize,
    /// What becomes of the values that are already there.
    pub reduction: ScatterReduction,
}

impl Operation for ScatterND {
    fn name(&self) -> &'static str {
        "ScatterND"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x, indices, updates]
                if Slices::shape(self.batch_dims, x, indices).as_ref() == Some(*updates) =>
            {
                Ok(smallvec![(*x).clone()])
            }
            _ => {
                let rule = "needs updates of the shape that the indices take out of the value";
                Err(shape_error(self, rule, inputs))
            }
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let (dy, indices) = (backward.output_gradient(), backward.input(1));
        match self.reduction {
            ScatterReduction::None if backward.needs(0) => {
                let shape = backward.shape(backward.input(2)).clone();
                let zero = backward.scalar(0.0);
                let zeros = backward.add(BroadcastTo { shape }, &[zero])?;
                let dx = backward.add(*self, &[dy, indices, zeros])?;
                backward.set(0, dx);
            }
            ScatterReduction::None => {}
            ScatterReduction::Add => backward.set(0, dy),
            _ => return Err(backward.refuse(self.name())),
        }
        if backward.needs(2) {
            let gather = GatherND { batch_dims: self.batch_dims };
            let updates = backward.add(gather, &[dy, indices])?;
            backward.set(2, updates);
        }
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let [x, indices, updates] = [inputs[0], inputs[1], inputs[2]];
        let (tuple, batch) = (indices.shape()[indices.rank() - 1], self.batch_dims);
        let mut y = x.data().to_vec();
        for_each_index(updates.shape(), |index| {
            let (before, behind) = index.split_at(indices.rank() - 1);
            let named = |k: usize| {
                let at = [before, &[k]].concat();
                place(indices.data()[offset(&at, indices.shape())], x.shape()[batch + k])
            };
            let places: Option<Vec<usize>> = (0..tuple).map(named).collect();
            if let Some(places) = places {
                let to = [&before[..batch], &places, behind].concat();
                let to = &mut y[offset(&to, x.shape())];
                *to = self.reduction.of(*to, updates.data()[offset(index, updates.shape())]);
            }
        });
        vec![reference_tensor(&Shape::new(x.shape()), y)]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], batched: &[bool]) -> bool {
        self.batch_dims > 0 && batched == [true, true, true]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let slices = Slices::new(self.batch_dims, inputs[0], inputs[1]);
        Ok(Box::new(ScatterNDKernel { slices, reduction: self.reduction }))
    }
}

#[derive(Debug)]
struct ScatterNDKernel {
    slices: Slices,
    reduction: ScatterReduction,
}

impl Kernel for ScatterNDKernel {
    fn algorithm(&self) -> String {
        String::from("scatter")
    }

    fn in_place_input(&self) -> Option<usize> {
        Some(0)
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (indices, updates) = (args.inputs[1], args.inputs[2]);
        let (y, len) = (&mut *args.outputs[0], self.slices.len);
        if !args.in_place {
            y.copy_from_slice(args.inputs[0]);
        }
        if updates.is_empty() {
            return;
        }
        for (at, update) in updates.chunks_exact(len).enumerate() {
            if let Some(start) = self.slices.start(at, indices) {
                let old = y[start..][..len].iter_mut();
                old.zip(update).for_each(|(old, &new)| *old = self.reduction.of(*old, new));
            }
        }
    }
}
