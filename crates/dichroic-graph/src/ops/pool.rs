//! Pooling: the largest value or the mean under a window.

use dichroic_kernels::conv::OutputChannels;
use dichroic_kernels::pool::{self, PoolForward, PoolGradient as GradientPlan, PoolKind, PoolProblem};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::geometry::with_leading;
use super::{Joined, kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// The largest value, or the mean, of each channel under a window; padding takes no part.
///
/// # Shapes
/// Input: `(batch, spatial…, channels)`. Output: `(batch, spatial…, channels)`, or wider; then what
/// was written of it before is a second input.
///
/// # Source
/// Keras `MaxPooling1D…3D`, `AveragePooling1D…3D`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Largest value or mean.
    pub kind: PoolKind,
    /// The window's sides, one for each spatial axis.
    pub window: Vec<usize>,
    /// Steps between neighbouring windows.
    pub strides: Vec<usize>,
    /// Places outside the input that windows may cover, before and after each axis.
    pub padding: Vec<(usize, usize)>,
    /// Whether the output is a part of a wider one; set by passes.
    pub joined: Option<Joined>,
}

/// The gradient of [`Pool`], from `(x, dy)`: the first of the largest values takes it whole; under
/// a mean, all values share it.
#[derive(Clone, Debug)]
pub struct PoolGradient(pub Pool);

impl Pool {
    fn problem(&self, op: &dyn Operation, x: &Shape) -> Result<PoolProblem, GraphError> {
        let rank = self.window.len();
        let fits = (1..=3).contains(&rank) && self.strides.len() == rank;
        if !fits || self.padding.len() != rank || x.len() != rank + 2 {
            let rule = "needs (batch, spatial…, channels) with 1 to 3 spatial axes";
            return Err(shape_error(op, rule, &[x]));
        }
        let side = |side: fn(&(usize, usize)) -> usize| -> Vec<usize> {
            self.padding.iter().map(side).collect()
        };
        let problem = PoolProblem {
            batch: x[0],
            channels: x[rank + 1],
            input: with_leading(&x[1..=rank], 1),
            window: with_leading(&self.window, 1),
            strides: with_leading(&self.strides, 1),
            pad_before: with_leading(&side(|pads| pads.0), 0),
            pad_after: with_leading(&side(|pads| pads.1), 0),
        };
        problem.validate().map_err(|error| kernel_error(op, error, &[x]))?;
        Ok(problem)
    }

    fn output_shape(&self, problem: &PoolProblem) -> Shape {
        let spatial = problem.output();
        std::iter::once(problem.batch)
            .chain(spatial[3 - self.window.len()..].iter().copied())
            .chain(std::iter::once(problem.channels))
            .collect()
    }
}

impl Operation for Pool {
    fn name(&self) -> &'static str {
        match self.kind {
            PoolKind::Max => "MaxPool",
            PoolKind::Average => "AveragePool",
        }
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let begun = self.joined.is_some_and(|joined| joined.begun);
        let (x, into) = match inputs {
            [x] if !begun => (x, None),
            [x, into] if begun => (x, Some(*into)),
            _ => return Err(shape_error(self, "takes one input", inputs)),
        };
        let dense = self.output_shape(&self.problem(self, x)?);
        let shape = match self.joined {
            Some(joined) => joined.widen(&dense, into),
            None => Ok(dense),
        };
        Ok(smallvec![shape.map_err(|rule| shape_error(self, rule, inputs))?])
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        if self.joined.is_some() {
            return Err(backward.refuse("pooling into a wider value"));
        }
        let (x, dy) = (backward.input(0), backward.output_gradient());
        let dx = backward.add(PoolGradient(self.clone()), &[x, dy])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let x = Shape::new(inputs[0].shape());
        let problem = self.problem(self, &x).expect("shapes were inferred before");
        let y = pool::reference::forward(self.kind, &problem, inputs[0].data());
        let mut shape = self.output_shape(&problem).to_vec();
        let Some(joined) = self.joined else { return vec![reference_tensor(&shape.into(), y)] };
        let y = joined.reference(&y, problem.channels, inputs.get(1).map(|into| into.data()));
        if let Some(channels) = shape.last_mut() {
            *channels = joined.total;
        }
        vec![reference_tensor(&shape.into(), y)]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], _batched: &[bool]) -> bool {
        true
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let problem = self.problem(self, inputs[0])?;
        let plan = PoolForward::new(self.kind, problem, context.isa)
            .map_err(|error| kernel_error(self, error, inputs))?;
        let output = self.joined.map_or(OutputChannels::Dense, Joined::channels);
        let begun = self.joined.is_some_and(|joined| joined.begun);
        Ok(Box::new(PoolKernel { plan: plan.into_channels(output), begun }))
    }
}

#[derive(Debug)]
struct PoolKernel {
    plan: PoolForward,
    begun: bool,
}

impl Kernel for PoolKernel {
    fn algorithm(&self) -> String {
        String::from("channel vectors")
    }

    fn scratch_len(&self) -> usize {
        self.plan.scratch_len()
    }

    fn in_place_input(&self) -> Option<usize> {
        self.begun.then_some(1)
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        if self.begun && !args.in_place {
            args.outputs[0].copy_from_slice(args.inputs[1]);
        }
        self.plan.run(args.inputs[0], args.outputs[0]);
    }
}

impl Operation for PoolGradient {
    fn name(&self) -> &'static str {
        match self.0.kind {
            PoolKind::Max => "MaxPoolGradient",
            PoolKind::Average => "AveragePoolGradient",
        }
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let [x, dy] = inputs else { return Err(shape_error(self, "takes x and dy", inputs)) };
        let pooled = self.0.output_shape(&self.0.problem(self, x)?);
        if pooled != **dy {
            return Err(shape_error(self, format!("dy needs shape {pooled}"), inputs));
        }
        Ok(smallvec![(*x).clone()])
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let x = Shape::new(inputs[0].shape());
        let problem = self.0.problem(self, &x).expect("shapes were inferred before");
        let (values, dy) = (inputs[0].data(), inputs[1].data());
        let dx = pool::reference::gradient(self.0.kind, &problem, values, dy);
        vec![reference_tensor(&x, dx)]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let problem = self.0.problem(self, inputs[0])?;
        let plan = GradientPlan::new(self.0.kind, problem, context.isa)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(PoolGradientKernel(plan)))
    }
}

#[derive(Debug)]
struct PoolGradientKernel(GradientPlan);

impl Kernel for PoolGradientKernel {
    fn algorithm(&self) -> String {
        String::from("channel vectors")
    }

    fn scratch_len(&self) -> usize {
        self.0.scratch_len()
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.0.run(args.inputs[0], args.inputs[1], args.outputs[0]);
    }
}
