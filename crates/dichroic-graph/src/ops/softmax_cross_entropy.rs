//! Cross-entropy from logits, in one step so that no probability is rounded to zero.

use dichroic_kernels::softmax::{SoftmaxCrossEntropyPlan, SoftmaxKind, Targets, reference};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `loss = Σ targets · (ln Σ eˣ − x)` for each row.
///
/// # Shapes
/// Inputs: logits `(…, classes)`; targets `(…, classes)` as probabilities, or `(…)` as class
/// numbers. Output: `(…)`. Targets have no gradient.
///
/// # Source
/// Keras `ops.categorical_crossentropy` and `ops.sparse_categorical_crossentropy` with
/// `from_logits=True`.
#[derive(Clone, Copy, Debug)]
pub struct SoftmaxCrossEntropy {
    /// How the wanted class is given.
    pub targets: Targets,
}

/// The gradient of the logits of [`SoftmaxCrossEntropy`], from logits, targets and the gradient of
/// each row's loss: `dx = dloss · (softmax(x) · Σ targets − targets)`.
#[derive(Clone, Copy, Debug)]
pub struct SoftmaxCrossEntropyGradient {
    /// How the wanted class is given.
    pub targets: Targets,
}

fn check(targets: Targets, logits: &Shape, given: &Shape) -> Option<Shape> {
    let (classes, rows) = logits.split_last()?;
    let expected = match targets {
        Targets::Probabilities => &logits[..],
        Targets::Classes => rows,
    };
    (*classes > 0 && given[..] == *expected).then(|| Shape::new(rows))
}

fn plan(
    op: &dyn Operation,
    targets: Targets,
    inputs: &[&Shape],
    context: KernelContext,
) -> Result<SoftmaxCrossEntropyPlan, GraphError> {
    let classes = inputs[0].last_axis();
    let rows = inputs[0].elements().checked_div(classes).unwrap_or(0);
    SoftmaxCrossEntropyPlan::new(targets, [rows, classes], context.isa)
        .map_err(|error| kernel_error(op, error, inputs))
}

/// The targets of one row as a probability for each class.
fn probabilities(targets: Targets, given: &[f32], row: usize, classes: usize) -> Vec<f32> {
    match targets {
        Targets::Probabilities => given[row * classes..(row + 1) * classes].to_vec(),
        Targets::Classes => {
            (0..classes).map(|class| f32::from(u8::from(given[row] == class as f32))).collect()
        }
    }
}

const RULE: &str = "takes logits and targets of matching shape, with at least one class";

impl Operation for SoftmaxCrossEntropy {
    fn name(&self) -> &'static str {
        "SoftmaxCrossEntropy"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [logits, given] => check(self.targets, logits, given).map(|rows| smallvec![rows]),
            _ => None,
        }
        .ok_or_else(|| shape_error(self, RULE, inputs))
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let (logits, targets) = (backward.input(0), backward.input(1));
        let dloss = backward.output_gradient();
        let op = SoftmaxCrossEntropyGradient { targets: self.targets };
        let dx = backward.add(op, &[logits, targets, dloss])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let shape = Shape::new(inputs[0].shape());
        let classes = shape.last_axis();
        let rows = inputs[0].data().chunks(classes).enumerate();
        let losses = rows.map(|(row, x)| {
            let wanted = probabilities(self.targets, inputs[1].data(), row, classes);
            reference::cross_entropy(x, &wanted) as f32
        });
        vec![reference_tensor(&Shape::new(&shape[..shape.len() - 1]), losses.collect())]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(CrossEntropyKernel(plan(self, self.targets, inputs, context)?)))
    }
}

#[derive(Debug)]
struct CrossEntropyKernel(SoftmaxCrossEntropyPlan);

impl Kernel for CrossEntropyKernel {
    fn algorithm(&self) -> String {
        String::from("rows")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.0.run(args.inputs[0], args.inputs[1], args.outputs[0]);
    }
}

impl Operation for SoftmaxCrossEntropyGradient {
    fn name(&self) -> &'static str {
        "SoftmaxCrossEntropyGradient"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [logits, given, dloss] => check(self.targets, logits, given)
                .filter(|rows| rows == *dloss)
                .map(|_| smallvec![(*logits).clone()]),
            _ => None,
        }
        .ok_or_else(|| shape_error(self, RULE, inputs))
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let shape = Shape::new(inputs[0].shape());
        let classes = shape.last_axis();
        let mut dx = Vec::with_capacity(shape.elements());
        for (row, x) in inputs[0].data().chunks(classes).enumerate() {
            let wanted = probabilities(self.targets, inputs[1].data(), row, classes);
            let total: f64 = wanted.iter().map(|&t| f64::from(t)).sum();
            let dloss = f64::from(inputs[2].data()[row]);
            let p = reference::softmax(SoftmaxKind::Softmax, x);
            let gradient = p.iter().zip(&wanted);
            dx.extend(gradient.map(|(p, &t)| (dloss * (p * total - f64::from(t))) as f32));
        }
        vec![reference_tensor(&shape, dx)]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(CrossEntropyGradientKernel(plan(self, self.targets, inputs, context)?)))
    }
}

#[derive(Debug)]
struct CrossEntropyGradientKernel(SoftmaxCrossEntropyPlan);

impl Kernel for CrossEntropyGradientKernel {
    fn algorithm(&self) -> String {
        String::from("rows")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let [logits, targets, dloss] = args.inputs else { return };
        self.0.gradient(logits, targets, dloss, args.outputs[0]);
    }
}
