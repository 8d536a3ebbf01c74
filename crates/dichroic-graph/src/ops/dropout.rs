//! Values dropped at random while training.

use dichroic_kernels::dropout::{DropoutPlan, reference};
use dichroic_kernels::rng::Stream;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// Sets each value to 0 with probability `rate` and divides the others by `1 − rate`.
///
/// The numbers drawn depend on the seed, the step and `id` alone, so the gradient is the same op on
/// the output's gradient: it drops the same values again.
///
/// # Source
/// Srivastava et al., "Dropout", 2014; Keras `Dropout`, `SpatialDropout1D…3D`.
#[derive(Clone, Debug)]
pub struct Dropout {
    /// The share of values dropped, from 0 to 1.
    pub rate: f32,
    /// Axes of size 1 share one draw: `(batch, 1, 1, channels)` drops whole feature maps.
    pub noise_shape: Option<Shape>,
    /// Tells the random ops of a graph apart: [`crate::Graph::next_random_op`].
    pub id: u32,
}

impl Operation for Dropout {
    fn name(&self) -> &'static str {
        "Dropout"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let fits = |x: &Shape| {
            self.noise_shape.as_ref().is_none_or(|noise| {
                noise.len() == x.len() && noise.iter().zip(x.iter()).all(|(n, x)| n == x || *n == 1)
            })
        };
        match inputs {
            [x] if fits(x) => Ok(smallvec![(*x).clone()]),
            _ => Err(shape_error(self, "takes one input that the noise shape fits", inputs)),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let dy = backward.output_gradient();
        let dx = backward.add(self.clone(), &[dy])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], step: StepContext) -> Vec<Tensor> {
        let x = Shape::new(inputs[0].shape());
        let noise = self.noise_shape.as_ref().unwrap_or(&x);
        let stream = stream(step, self.id);
        let y = reference::dropout(&stream, self.rate, (inputs[0].data(), &x), noise);
        vec![reference_tensor(&x, y)]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let noise = self.noise_shape.as_deref();
        let plan = DropoutPlan::new(inputs[0], noise, self.rate, context.isa)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(DropoutKernel { plan, id: self.id }))
    }

    fn is_random(&self) -> bool {
        true
    }
}

/// The random numbers of one op in one step.
pub(super) fn stream(step: StepContext, id: u32) -> Stream {
    Stream { seed: step.seed, step: step.step, op: id }
}

#[derive(Debug)]
struct DropoutKernel {
    plan: DropoutPlan,
    id: u32,
}

impl Kernel for DropoutKernel {
    fn algorithm(&self) -> String {
        String::from("element-wise")
    }

    fn scratch_len(&self) -> usize {
        self.plan.scratch_len()
    }

    fn in_place_input(&self) -> Option<usize> {
        Some(0)
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let stream = stream(args.step, self.id);
        if args.in_place {
            self.plan.run_in_place(&stream, args.outputs[0], args.scratch);
        } else {
            self.plan.run(&stream, args.inputs[0], args.outputs[0], args.scratch);
        }
    }
}
