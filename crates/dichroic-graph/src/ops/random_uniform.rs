//! Random numbers for each item of a batch.

use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::dropout::stream;
use super::{reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y[n, i]` is drawn evenly from the `i`-th range, anew for each item and step; of the input only the batch counts.
///
/// # Shapes
/// Input: `(batch, …)`. Output: `(batch, ranges)`.
///
/// # Source
/// Keras's layers that change pictures at random draw so.
#[derive(Clone, Debug)]
pub struct RandomUniform {
    /// From where (included) to where (not included) each number may lie.
    pub ranges: Vec<(f32, f32)>,
    /// Tells the random ops of a graph apart: [`crate::Graph::next_random_op`].
    pub id: u32,
}

impl RandomUniform {
    fn draw(&self, step: StepContext, y: &mut [f32]) {
        stream(step, self.id).fill_uniform(0, y);
        for (place, y) in y.iter_mut().enumerate() {
            let (low, high) = self.ranges[place % self.ranges.len()];
            *y = low + *y * (high - low);
        }
    }
}

impl Operation for RandomUniform {
    fn name(&self) -> &'static str {
        "RandomUniform"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] if !x.is_empty() => Ok(smallvec![[x[0], self.ranges.len()].into_iter().collect()]),
            _ => Err(shape_error(self, "takes one input with a batch", inputs)),
        }
    }

    /// No number depends on the input.
    fn gradient(&self, _backward: &mut Backward<'_>) -> Result<(), GraphError> {
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], step: StepContext) -> Vec<Tensor> {
        let shape: Shape = [inputs[0].shape()[0], self.ranges.len()].into_iter().collect();
        let mut y = vec![0.0; shape.elements()];
        self.draw(step, &mut y);
        vec![reference_tensor(&shape, y)]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        self.infer(inputs)?;
        Ok(Box::new(RandomUniformKernel(self.clone())))
    }

    fn is_random(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct RandomUniformKernel(RandomUniform);

impl Kernel for RandomUniformKernel {
    fn algorithm(&self) -> String {
        String::from("by counting")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.0.draw(args.step, args.outputs[0]);
    }
}
