//! The same values under another shape.

use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// The values of the input, in their order, under another shape. No memory moves: a plan lets the
/// output lie where the input lies.
#[derive(Clone, Debug)]
pub struct Reshape {
    /// The new shape, with as many elements.
    pub shape: Shape,
}

impl Operation for Reshape {
    fn name(&self) -> &'static str {
        "Reshape"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] if x.elements() == self.shape.elements() => Ok(smallvec![self.shape.clone()]),
            _ => {
                let rule = format!("needs as many elements as {}", self.shape);
                Err(shape_error(self, rule, inputs))
            }
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let dy = backward.output_gradient();
        let shape = backward.shape(backward.input(0)).clone();
        let dx = backward.add(Reshape { shape }, &[dy])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        vec![reference_tensor(&self.shape, inputs[0].data().to_vec())]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Err(kernel_error(self, "a view needs no kernel", inputs))
    }

    fn is_view(&self) -> bool {
        true
    }
}
