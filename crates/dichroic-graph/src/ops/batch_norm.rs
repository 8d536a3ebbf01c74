//! Batch normalisation with the statistics of the batch.

use dichroic_kernels::batch_norm::{
    BatchNormArgs, BatchNormForward, BatchNormGradient as GradientPlan, BatchNormGradientArgs,
    BatchNormProblem, Then,
};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y = (x − mean) · inv_std · gamma + beta`, with mean and variance over all axes but the last
/// and `inv_std = 1 / √(variance + epsilon)`.
///
/// # Shapes
/// Inputs: `x (…, channels)`, `gamma (channels)`, `beta (channels)`. Outputs: `y` as `x`, then
/// `mean`, `variance` (divided by the number of rows) and `inv_std`, each `(channels)`. Gradients
/// flow through `y` alone.
///
/// # Source
/// Ioffe & Szegedy, "Batch Normalization", 2015; Keras `BatchNormalization` in training.
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm {
    /// Keeps the division away from zero.
    pub epsilon: f32,
}

/// The gradients of [`BatchNorm`], from `(x, gamma, mean, inv_std, dy)`: `dx`, `dgamma`, `dbeta`.
///
/// With `x̂ = (x − mean) · inv_std`: `dbeta = Σ dy`, `dgamma = Σ dy · x̂` and
/// `dx = gamma · inv_std · (dy − dbeta / rows − x̂ · dgamma / rows)`.
#[derive(Clone, Copy, Debug)]
pub struct BatchNormGradient {
    /// As in the forward op.
    pub epsilon: f32,
}

fn problem(x: &Shape, epsilon: f32) -> BatchNormProblem {
    let channels = x.last_axis();
    let rows = x.elements().checked_div(channels).unwrap_or(0);
    BatchNormProblem { rows, channels, epsilon, then: Then::Nothing }
}

impl Operation for BatchNorm {
    fn name(&self) -> &'static str {
        "BatchNorm"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x, gamma, beta]
                if !x.is_empty() && gamma[..] == [x.last_axis()] && gamma == beta =>
            {
                let channel = || (*gamma).clone();
                Ok(smallvec![(*x).clone(), channel(), channel(), channel()])
            }
            _ => Err(shape_error(self, "takes x, and gamma and beta per channel", inputs)),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let (x, gamma) = (backward.input(0), backward.input(1));
        let (mean, inv_std) = (backward.output(1), backward.output(3));
        let dy = backward.output_gradient();
        let op = BatchNormGradient { epsilon: self.epsilon };
        let gradients = backward.add_multi(op, &[x, gamma, mean, inv_std, dy])?;
        for (index, gradient) in gradients.into_iter().enumerate() {
            backward.set(index, gradient);
        }
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let shape = Shape::new(inputs[0].shape());
        let (x, channels) = (inputs[0].data(), shape.last_axis());
        let rows = shape.elements().checked_div(channels).unwrap_or(0) as f64;
        let mut y = vec![0.0; x.len()];
        let mut statistics = [vec![0.0; channels], vec![0.0; channels], vec![0.0; channels]];
        for c in 0..channels {
            let column = || x.iter().skip(c).step_by(channels).map(|&x| f64::from(x));
            let mean = column().sum::<f64>() / rows;
            let variance = column().map(|x| (x - mean).powi(2)).sum::<f64>() / rows;
            let inv_std = 1.0 / (variance + f64::from(self.epsilon)).sqrt();
            let (gamma, beta) = (f64::from(inputs[1].data()[c]), f64::from(inputs[2].data()[c]));
            for (y, x) in y.iter_mut().skip(c).step_by(channels).zip(column()) {
                *y = ((x - mean) * inv_std * gamma + beta) as f32;
            }
            for (values, value) in statistics.iter_mut().zip([mean, variance, inv_std]) {
                values[c] = value as f32;
            }
        }
        let channel_shape = Shape::from([channels]);
        std::iter::once(reference_tensor(&shape, y))
            .chain(statistics.into_iter().map(|values| reference_tensor(&channel_shape, values)))
            .collect()
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let plan = BatchNormForward::new(problem(inputs[0], self.epsilon), context.isa)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(BatchNormKernel(plan)))
    }
}

#[derive(Debug)]
struct BatchNormKernel(BatchNormForward);

impl Kernel for BatchNormKernel {
    fn algorithm(&self) -> String {
        String::from("blocked")
    }

    fn scratch_len(&self) -> usize {
        self.0.scratch_len()
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let [y, mean, variance, inv_std] = args.outputs else { return };
        self.0.run(BatchNormArgs {
            x: args.inputs[0],
            gamma: Some(args.inputs[1]),
            beta: Some(args.inputs[2]),
            y,
            mean,
            variance,
            inv_std,
            scratch: args.scratch,
        });
    }
}

impl Operation for BatchNormGradient {
    fn name(&self) -> &'static str {
        "BatchNormGradient"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x, gamma, mean, inv_std, dy]
                if x == dy
                    && !x.is_empty()
                    && [gamma, mean, inv_std].iter().all(|c| c[..] == [x.last_axis()]) =>
            {
                Ok(smallvec![(*x).clone(), (*gamma).clone(), (*gamma).clone()])
            }
            _ => Err(shape_error(self, "takes x, gamma, mean, inv_std and dy", inputs)),
        }
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let shape = Shape::new(inputs[0].shape());
        let (x, dy, channels) = (inputs[0].data(), inputs[4].data(), shape.last_axis());
        let rows = shape.elements().checked_div(channels).unwrap_or(0) as f64;
        let mut dx = vec![0.0; x.len()];
        let (mut dgamma, mut dbeta) = (vec![0.0; channels], vec![0.0; channels]);
        for c in 0..channels {
            let at = |input: usize| f64::from(inputs[input].data()[c]);
            let (gamma, mean, inv_std) = (at(1), at(2), at(3));
            let places = || (c..x.len()).step_by(channels);
            let x_hat = |i: usize| (f64::from(x[i]) - mean) * inv_std;
            let sum_dy: f64 = places().map(|i| f64::from(dy[i])).sum();
            let sum_dy_x_hat: f64 = places().map(|i| f64::from(dy[i]) * x_hat(i)).sum();
            for i in places() {
                let centred = f64::from(dy[i]) - sum_dy / rows - x_hat(i) * sum_dy_x_hat / rows;
                dx[i] = (gamma * inv_std * centred) as f32;
            }
            dgamma[c] = sum_dy_x_hat as f32;
            dbeta[c] = sum_dy as f32;
        }
        let channel_shape = Shape::from([channels]);
        vec![
            reference_tensor(&shape, dx),
            reference_tensor(&channel_shape, dgamma),
            reference_tensor(&channel_shape, dbeta),
        ]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let plan = GradientPlan::new(problem(inputs[0], self.epsilon), context.isa)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(BatchNormGradientKernel(plan)))
    }
}

#[derive(Debug)]
struct BatchNormGradientKernel(GradientPlan);

impl Kernel for BatchNormGradientKernel {
    fn algorithm(&self) -> String {
        String::from("blocked")
    }

    fn scratch_len(&self) -> usize {
        self.0.scratch_len()
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let ([x, gamma, mean, inv_std, dy], [dx, dgamma, dbeta]) = (args.inputs, args.outputs)
        else {
            return;
        };
        self.0.run(BatchNormGradientArgs {
            x,
            dy,
            gamma: Some(gamma),
            beta: None,
            mean,
            inv_std,
            dx,
            dgamma,
            dbeta,
            scratch: args.scratch,
        });
    }
}
