//! Softmax and its logarithm over the last axis.

use dichroic_kernels::softmax::{SoftmaxKind, SoftmaxPlan, reference};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y = eˣ / Σ eˣ` over the last axis, or the logarithm of that.
///
/// # Source
/// Keras `activations.softmax`, `activations.log_softmax`.
#[derive(Clone, Copy, Debug)]
pub struct Softmax {
    /// The probability or its logarithm.
    pub kind: SoftmaxKind,
}

/// The gradient of [`Softmax`], from its output and the output's gradient.
#[derive(Clone, Copy, Debug)]
pub struct SoftmaxGradient {
    /// The probability or its logarithm.
    pub kind: SoftmaxKind,
}

impl Softmax {
    /// The probabilities.
    pub fn probabilities() -> Self {
        Self { kind: SoftmaxKind::Softmax }
    }

    /// Their logarithms.
    pub fn logarithms() -> Self {
        Self { kind: SoftmaxKind::LogSoftmax }
    }
}

fn rows(shape: &Shape) -> [usize; 2] {
    let features = shape.last_axis();
    [shape.elements().checked_div(features).unwrap_or(0), features]
}

impl Operation for Softmax {
    fn name(&self) -> &'static str {
        match self.kind {
            SoftmaxKind::Softmax => "Softmax",
            SoftmaxKind::LogSoftmax => "LogSoftmax",
        }
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] if !x.is_empty() => Ok(smallvec![(*x).clone()]),
            _ => Err(shape_error(self, "takes one input with an axis", inputs)),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let (y, dy) = (backward.output(0), backward.output_gradient());
        let dx = backward.add(SoftmaxGradient { kind: self.kind }, &[y, dy])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let shape = Shape::new(inputs[0].shape());
        let rows = inputs[0].data().chunks(shape.last_axis().max(1));
        let y = rows.flat_map(|row| reference::softmax(self.kind, row)).map(|y| y as f32);
        vec![reference_tensor(&shape, y.collect())]
    }

    fn keeps_items_apart(&self, inputs: &[&Shape], _batched: &[bool]) -> bool {
        inputs[0].len() > 1
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let plan = SoftmaxPlan::new(self.kind, rows(inputs[0]), context.isa)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(SoftmaxKernel(plan)))
    }
}

#[derive(Debug)]
struct SoftmaxKernel(SoftmaxPlan);

impl Kernel for SoftmaxKernel {
    fn algorithm(&self) -> String {
        String::from("rows")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.0.run(args.inputs[0], args.outputs[0]);
    }
}

impl Operation for SoftmaxGradient {
    fn name(&self) -> &'static str {
        match self.kind {
            SoftmaxKind::Softmax => "SoftmaxGradient",
            SoftmaxKind::LogSoftmax => "LogSoftmaxGradient",
        }
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [y, dy] if y == dy && !y.is_empty() => Ok(smallvec![(*y).clone()]),
            _ => Err(shape_error(self, "takes the output and its gradient", inputs)),
        }
    }

    /// `dx = y (dy − Σ y dy)`; `dx = dy − eʸ Σ dy` for the logarithm.
    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let shape = Shape::new(inputs[0].shape());
        let features = shape.last_axis().max(1);
        let mut dx = Vec::with_capacity(shape.elements());
        let rows = inputs[0].data().chunks(features).zip(inputs[1].data().chunks(features));
        for (y, dy) in rows {
            let weight = |y: f32| match self.kind {
                SoftmaxKind::Softmax => f64::from(y),
                SoftmaxKind::LogSoftmax => 1.0,
            };
            let sum: f64 = y.iter().zip(dy).map(|(&y, &dy)| weight(y) * f64::from(dy)).sum();
            dx.extend(y.iter().zip(dy).map(|(&y, &dy)| {
                let (y, dy) = (f64::from(y), f64::from(dy));
                (match self.kind {
                    SoftmaxKind::Softmax => y * (dy - sum),
                    SoftmaxKind::LogSoftmax => dy - y.exp() * sum,
                }) as f32
            }));
        }
        vec![reference_tensor(&shape, dx)]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let plan = SoftmaxPlan::new(self.kind, rows(inputs[0]), context.isa)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(SoftmaxGradientKernel(plan)))
    }
}

#[derive(Debug)]
struct SoftmaxGradientKernel(SoftmaxPlan);

impl Kernel for SoftmaxGradientKernel {
    fn algorithm(&self) -> String {
        String::from("rows")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.0.gradient(args.inputs[0], args.inputs[1], args.outputs[0]);
    }
}
