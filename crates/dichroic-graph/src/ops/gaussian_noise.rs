//! Noise of the normal distribution while training.

use dichroic_kernels::dropout::{NoiseKind, NoisePlan};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::dropout::stream;
use super::{kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `x + stddev · n` or `x · (1 + stddev · n)`, with a new `n` for each value.
///
/// # Source
/// Keras `GaussianNoise` and `GaussianDropout`.
#[derive(Clone, Copy, Debug)]
pub struct GaussianNoise {
    /// Added or multiplied.
    pub kind: NoiseKind,
    /// The deviation, 0 or more.
    pub stddev: f32,
    /// Tells the random ops of a graph apart: [`crate::Graph::next_random_op`].
    pub id: u32,
}

impl Operation for GaussianNoise {
    fn name(&self) -> &'static str {
        "GaussianNoise"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] => Ok(smallvec![(*x).clone()]),
            _ => Err(shape_error(self, "takes one input", inputs)),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let dy = backward.output_gradient();
        let dx = match self.kind {
            NoiseKind::Additive => dy,
            NoiseKind::Multiplicative => backward.add(*self, &[dy])?,
        };
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], step: StepContext) -> Vec<Tensor> {
        let x = inputs[0].data();
        let mut noise = vec![0.0; x.len()];
        stream(step, self.id).fill_normal(0, &mut noise);
        let y = x.iter().zip(&noise).map(|(&x, &n)| {
            let (x, n) = (f64::from(x), f64::from(self.stddev) * f64::from(n));
            (match self.kind {
                NoiseKind::Additive => x + n,
                NoiseKind::Multiplicative => x * (1.0 + n),
            }) as f32
        });
        vec![reference_tensor(&Shape::new(inputs[0].shape()), y.collect())]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let plan = NoisePlan::new(self.kind, inputs[0].elements(), self.stddev, context.isa)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(NoiseKernel { plan, id: self.id }))
    }

    fn is_random(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct NoiseKernel {
    plan: NoisePlan,
    id: u32,
}

impl Kernel for NoiseKernel {
    fn algorithm(&self) -> String {
        String::from("element-wise")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.plan.run(&stream(args.step, self.id), args.inputs[0], args.outputs[0]);
    }
}
