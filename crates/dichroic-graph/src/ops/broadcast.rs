//! Stretching a value to a larger shape.

use dichroic_kernels::broadcast::{BroadcastPlan, broadcast_shape};
use dichroic_kernels::elementwise::reference;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::binary::sum_to_shape_of;
use super::{kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// Repeats a value along axes of size 1, and along new axes in front, until it has this shape.
///
/// # Source
/// numpy `broadcast_to`.
#[derive(Clone, Debug)]
pub struct BroadcastTo {
    /// The shape to reach.
    pub shape: Shape,
}

impl Operation for BroadcastTo {
    fn name(&self) -> &'static str {
        "BroadcastTo"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] if broadcast_shape(self.name(), x, &self.shape)
                .is_ok_and(|shape| shape[..] == self.shape[..]) =>
            {
                Ok(smallvec![self.shape.clone()])
            }
            _ => {
                let rule = format!("must be stretchable to {}", self.shape);
                Err(shape_error(self, rule, inputs))
            }
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let dy = backward.output_gradient();
        let dx = sum_to_shape_of(dy, backward.input(0), backward)?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let x = inputs[0];
        let mut y = Vec::with_capacity(self.shape.elements());
        reference::for_each_index(&self.shape, |index| {
            y.push(x.data()[reference::broadcast_offset(index, x.shape())]);
        });
        vec![reference_tensor(&self.shape, y)]
    }

    fn keeps_items_apart(&self, inputs: &[&Shape], _batched: &[bool]) -> bool {
        inputs[0].len() == self.shape.len() && inputs[0].first() == self.shape.first()
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let plan = BroadcastPlan::new(inputs[0], &self.shape)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(BroadcastKernel(plan)))
    }
}

#[derive(Debug)]
struct BroadcastKernel(BroadcastPlan);

impl Kernel for BroadcastKernel {
    fn algorithm(&self) -> String {
        String::from("copy")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.0.run(args.inputs[0], args.outputs[0]);
    }
}
