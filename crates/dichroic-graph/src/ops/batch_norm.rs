//! Batch normalisation with the statistics of the batch.

use dichroic_kernels::batch_norm::{
    BatchNormArgs, BatchNormForward, BatchNormGradient as GradientPlan, BatchNormGradientArgs,
    BatchNormProblem, Then,
};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{UnaryFunction as Function, UnaryGradient};
use super::{kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::graph::ValueId;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y = (x − mean) · inv_std · gamma + beta`, with mean and variance over all axes but the last
/// and `inv_std = 1 / √(variance + epsilon)`; then what follows in the same pass over memory.
///
/// # Shapes
/// Inputs: `x (…, channels)`, `gamma (channels)`, `beta (channels)`, and for [`Then::Add`] and
/// [`Then::AddThenRelu`] a residual as `x`. Outputs: `y` as `x`, then
/// `mean`, `variance` (divided by the number of rows) and `inv_std`, each `(channels)`. Gradients
/// flow through `y` alone.
///
/// # Source
/// Ioffe & Szegedy, "Batch Normalization", 2015; Keras `BatchNormalization` in training.
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm {
    /// Keeps the division away from zero.
    pub epsilon: f32,
    /// What follows the normalisation; set by the fusion pass.
    pub then: Then,
}

impl BatchNorm {
    /// A normalisation that nothing follows.
    pub fn new(epsilon: f32) -> Self {
        Self { epsilon, then: Then::Nothing }
    }
}

/// The gradients of [`BatchNorm`], from `(x, gamma, mean, inv_std, dy)`: `dx`, `dgamma`, `dbeta`.
///
/// For [`Then::Relu`] the inputs end with `beta`, so that no more than `x` must be kept: `dy` counts
/// where the normalised value is above 0.
///
/// With `x̂ = (x − mean) · inv_std`: `dbeta = Σ dy`, `dgamma = Σ dy · x̂` and
/// `dx = gamma · inv_std · (dy − dbeta / rows − x̂ · dgamma / rows)`.
#[derive(Clone, Copy, Debug)]
pub struct BatchNormGradient {
    /// As in the forward op.
    pub epsilon: f32,
    /// [`Then::Relu`] or [`Then::Nothing`]; what an addition needs comes before this op.
    pub then: Then,
}

fn problem(x: &Shape, epsilon: f32, then: Then) -> BatchNormProblem {
    let channels = x.last_axis();
    let rows = x.elements().checked_div(channels).unwrap_or(0);
    BatchNormProblem { rows, channels, epsilon, then }
}

impl Operation for BatchNorm {
    fn name(&self) -> &'static str {
        "BatchNorm"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x, gamma, beta, residual @ ..]
                if !x.is_empty()
                    && gamma[..] == [x.last_axis()]
                    && gamma == beta
                    && residual.len() == usize::from(self.then.adds())
                    && residual.iter().all(|residual| residual == x) =>
            {
                let channel = || (*gamma).clone();
                Ok(smallvec![(*x).clone(), channel(), channel(), channel()])
            }
            _ => {
                let rule =
                    "takes x, gamma and beta per channel, and a residual as x where one is added";
                Err(shape_error(self, rule, inputs))
            }
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let (x, gamma) = (backward.input(0), backward.input(1));
        let (mean, inv_std) = (backward.output(1), backward.output(3));
        let mut dy = backward.output_gradient();
        if self.then == Then::AddThenRelu {
            dy = backward.add(UnaryGradient(Function::Relu), &[backward.output(0), dy])?;
        }
        if self.then.adds() && backward.needs(3) {
            backward.set(3, dy);
        }
        if !(0..3).any(|input| backward.needs(input)) {
            return Ok(());
        }
        let mut inputs: SmallVec<[ValueId; 6]> = smallvec![x, gamma, mean, inv_std, dy];
        let then = match self.then {
            Then::Relu => {
                inputs.push(backward.input(2));
                Then::Relu
            }
            _ => Then::Nothing,
        };
        let op = BatchNormGradient { epsilon: self.epsilon, then };
        let gradients = backward.add_multi(op, &inputs)?;
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
            for (i, x) in (c..).step_by(channels).zip(column()) {
                let value = (x - mean) * inv_std * gamma + beta;
                let residual = inputs.get(3).map_or(0.0, |residual| f64::from(residual.data()[i]));
                y[i] = match self.then {
                    Then::Nothing | Then::Add => value + residual,
                    Then::Relu | Then::AddThenRelu => (value + residual).max(0.0),
                } as f32;
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
        let problem = problem(inputs[0], self.epsilon, self.then);
        let plan = BatchNormForward::new(problem, context.isa)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(BatchNormKernel { plan, then: self.then }))
    }
}

#[derive(Debug)]
struct BatchNormKernel {
    plan: BatchNormForward,
    then: Then,
}

impl Kernel for BatchNormKernel {
    fn algorithm(&self) -> String {
        format!("blocked, {:?}", self.then)
    }

    fn scratch_len(&self) -> usize {
        self.plan.scratch_len()
    }

    fn in_place_input(&self) -> Option<usize> {
        self.then.adds().then_some(3)
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let [y, mean, variance, inv_std] = args.outputs else { return };
        self.plan.run(BatchNormArgs {
            x: args.inputs[0],
            gamma: Some(args.inputs[1]),
            beta: Some(args.inputs[2]),
            residual: args.inputs.get(3).copied().filter(|_| !args.in_place),
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
            [x, gamma, mean, inv_std, dy, beta @ ..]
                if x == dy
                    && !x.is_empty()
                    && !self.then.adds()
                    && beta.len() == usize::from(self.then == Then::Relu)
                    && [gamma, mean, inv_std]
                        .into_iter()
                        .chain(beta)
                        .all(|c| c[..] == [x.last_axis()]) =>
            {
                Ok(smallvec![(*x).clone(), (*gamma).clone(), (*gamma).clone()])
            }
            _ => {
                let rule = "takes x, gamma, mean, inv_std and dy, and beta before a ReLU";
                Err(shape_error(self, rule, inputs))
            }
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
            let counts = |i: usize| match self.then {
                Then::Relu => x_hat(i) * gamma + at(5) > 0.0,
                _ => true,
            };
            let dy = |i: usize| if counts(i) { f64::from(dy[i]) } else { 0.0 };
            let sum_dy: f64 = places().map(dy).sum();
            let sum_dy_x_hat: f64 = places().map(|i| dy(i) * x_hat(i)).sum();
            for i in places() {
                let centred = dy(i) - sum_dy / rows - x_hat(i) * sum_dy_x_hat / rows;
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
        let problem = problem(inputs[0], self.epsilon, self.then);
        let plan = GradientPlan::new(problem, context.isa)
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

    fn in_place_input(&self) -> Option<usize> {
        Some(4)
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let ([x, gamma, mean, inv_std, dy, beta @ ..], [dx, dgamma, dbeta]) =
            (args.inputs, args.outputs)
        else {
            return;
        };
        self.0.run(BatchNormGradientArgs {
            x,
            dy: (!args.in_place).then_some(dy),
            gamma: Some(gamma),
            beta: beta.first().copied(),
            mean,
            inv_std,
            dx,
            dgamma,
            dbeta,
            scratch: args.scratch,
        });
    }
}
