//! Values put to places along an axis, each by an index of its own.

use dichroic_kernels::elementwise::reference::{for_each_index, offset};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::index::{Elements, place};
use super::{BroadcastTo, GatherElements, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// What becomes of the value that is already at the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScatterReduction {
    /// The new one takes its place; of several, the last.
    None,
    /// The new one is added.
    Add,
    /// It is multiplied by the new one.
    Multiply,
    /// The larger of both stays.
    Max,
    /// The smaller of both stays.
    Min,
}

impl ScatterReduction {
    pub(super) fn of(self, old: f32, new: f32) -> f32 {
        match self {
            Self::None => new,
            Self::Add => old + new,
            Self::Multiply => old * new,
            Self::Max => old.max(new),
            Self::Min => old.min(new),
        }
    }
}

/// `y = x`, then `y[i, indices[i, j, k], k] = updates[i, j, k]`, here with axis 1, in the order of the updates.
///
/// A negative index counts from the end; an update with an index outside is left out.
///
/// # Shapes
/// Inputs: `x`, indices of the same rank, no larger than `x` on all axes but one, and updates of their shape.
/// Output: the shape of `x`.
///
/// # Source
/// numpy `put_along_axis`; ONNX `ScatterElements`. Indices have no gradient; nor has a product or an extreme.
#[derive(Clone, Copy, Debug)]
pub struct ScatterElements {
    /// The axis that is indexed.
    pub axis: usize,
    /// What becomes of the value that is already there.
    pub reduction: ScatterReduction,
}

impl Operation for ScatterElements {
    fn name(&self) -> &'static str {
        "ScatterElements"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x, indices, updates]
                if Elements::fit(self.axis, x, indices) && indices == updates =>
            {
                Ok(smallvec![(*x).clone()])
            }
            _ => {
                let rule = format!(
                    "needs indices within a value on all axes but {}, and as many updates",
                    self.axis
                );
                Err(shape_error(self, rule, inputs))
            }
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let (dy, indices) = (backward.output_gradient(), backward.input(1));
        match self.reduction {
            ScatterReduction::None if backward.needs(0) => {
                let shape = backward.shape(indices).clone();
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
            let updates = backward.add(GatherElements { axis: self.axis }, &[dy, indices])?;
            backward.set(2, updates);
        }
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let [x, indices, updates] = [inputs[0], inputs[1], inputs[2]];
        let mut y = x.data().to_vec();
        for_each_index(indices.shape(), |index| {
            let at = offset(index, indices.shape());
            if let Some(place) = place(indices.data()[at], x.shape()[self.axis]) {
                let mut to = index.to_vec();
                to[self.axis] = place;
                let to = &mut y[offset(&to, x.shape())];
                *to = self.reduction.of(*to, updates.data()[at]);
            }
        });
        vec![reference_tensor(&Shape::new(x.shape()), y)]
    }

    fn keeps_items_apart(&self, inputs: &[&Shape], batched: &[bool]) -> bool {
        self.axis != 0
            && batched == [true, true, true]
            && inputs.iter().all(|shape| shape.first() == inputs[0].first())
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let elements = Elements::new(self.axis, inputs[0], inputs[1]);
        Ok(Box::new(ScatterElementsKernel { elements, reduction: self.reduction }))
    }
}

#[derive(Debug)]
struct ScatterElementsKernel {
    elements: Elements,
    reduction: ScatterReduction,
}

impl Kernel for ScatterElementsKernel {
    fn algorithm(&self) -> String {
        String::from("scatter")
    }

    fn in_place_input(&self) -> Option<usize> {
        Some(0)
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let y = &mut *args.outputs[0];
        if !args.in_place {
            y.copy_from_slice(args.inputs[0]);
        }
        for (at, (&index, &new)) in args.inputs[1].iter().zip(args.inputs[2]).enumerate() {
            if let Some(place) = self.elements.place(at, index) {
                y[place] = self.reduction.of(y[place], new);
            }
        }
    }
}
