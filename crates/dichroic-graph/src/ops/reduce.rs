//! Sums, means and extremes over axes.

use dichroic_kernels::elementwise::Binary as BinaryKind;
use dichroic_kernels::reduce::{self, ReduceKind, ReducePlan};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{Binary, BroadcastTo, Reshape, kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// What becomes of the axes that are summed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReducedAxes {
    /// They leave the shape.
    Dropped,
    /// They stay, with size 1.
    Kept,
}

/// Reduces a value over axes: sum, mean, largest, smallest, or the index of the largest.
///
/// # Source
/// Keras `ops.sum`, `ops.mean`, `ops.max`, `ops.min`, `ops.argmax`; the gradient of an extreme is
/// shared equally by all values that reach it, as in TensorFlow.
#[derive(Clone, Debug)]
pub struct Reduce {
    /// The reduction.
    pub kind: ReduceKind,
    /// The axes to reduce, in rising order.
    pub axes: Vec<usize>,
    /// What becomes of them.
    pub reduced_axes: ReducedAxes,
}

impl Reduce {
    /// A reduction whose axes leave the shape.
    pub fn new(kind: ReduceKind, axes: Vec<usize>) -> Self {
        Self { kind, axes, reduced_axes: ReducedAxes::Dropped }
    }

    /// A sum whose axes leave the shape.
    pub fn sum(axes: Vec<usize>) -> Self {
        Self::new(ReduceKind::Sum, axes)
    }

    /// A mean whose axes leave the shape.
    pub fn mean(axes: Vec<usize>) -> Self {
        Self::new(ReduceKind::Mean, axes)
    }

    /// The same reduction with its axes kept at size 1.
    pub fn keep_axes(self) -> Self {
        Self { reduced_axes: ReducedAxes::Kept, ..self }
    }

    fn kept_shape(&self, x: &Shape) -> Shape {
        let size = |(axis, &size): (usize, &usize)| if self.axes.contains(&axis) { 1 } else { size };
        x.iter().enumerate().map(size).collect()
    }
}

impl Operation for Reduce {
    fn name(&self) -> &'static str {
        match self.kind {
            ReduceKind::Sum => "Sum",
            ReduceKind::Mean => "Mean",
            ReduceKind::Max => "Max",
            ReduceKind::Min => "Min",
            ReduceKind::ArgMax => "ArgMax",
        }
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let [x] = inputs else { return Err(shape_error(self, "takes one input", inputs)) };
        let rising = self.axes.windows(2).all(|pair| pair[0] < pair[1]);
        if !rising || self.axes.iter().any(|&axis| axis >= x.len()) {
            let rule = format!("axes {:?} must rise and exist", self.axes);
            return Err(shape_error(self, rule, inputs));
        }
        Ok(smallvec![match self.reduced_axes {
            ReducedAxes::Kept => self.kept_shape(x),
            ReducedAxes::Dropped => {
                let kept = x.iter().enumerate().filter(|(axis, _)| !self.axes.contains(axis));
                kept.map(|(_, &size)| size).collect()
            }
        }])
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let dy = backward.output_gradient();
        let x = backward.input(0);
        let shape = backward.shape(x).clone();
        let kept = self.kept_shape(&shape);
        let multiply = Binary::new(BinaryKind::Multiply);
        let aligned = backward.add(Reshape { shape: kept.clone() }, &[dy])?;
        let spread = match self.kind {
            ReduceKind::Sum => backward.add(BroadcastTo { shape }, &[aligned])?,
            ReduceKind::Mean => {
                let count: usize = self.axes.iter().map(|&axis| shape[axis]).product();
                let share = backward.scalar(1.0 / count as f32);
                let scaled = backward.add(multiply, &[aligned, share])?;
                backward.add(BroadcastTo { shape }, &[scaled])?
            }
            ReduceKind::Max | ReduceKind::Min => {
                let y = backward.output(0);
                let y = backward.add(Reshape { shape: kept }, &[y])?;
                let reached = backward.add(Binary::new(BinaryKind::Equal), &[x, y])?;
                let times = Self::sum(self.axes.clone()).keep_axes();
                let times = backward.add(times, &[reached])?;
                let share = backward.add(Binary::new(BinaryKind::Divide), &[aligned, times])?;
                backward.add(multiply, &[reached, share])?
            }
            ReduceKind::ArgMax => return Ok(()),
        };
        backward.set(0, spread);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let x = Shape::new(inputs[0].shape());
        let shape = self.infer(&[&x]).expect("shapes were inferred before").remove(0);
        let y = reduce::reference::reduce(self.kind, inputs[0].data(), &x, &self.axes);
        vec![reference_tensor(&shape, y)]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], _batched: &[bool]) -> bool {
        !self.axes.contains(&0)
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let plan = ReducePlan::new(self.kind, inputs[0], &self.axes, context.isa)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(ReduceKernel(plan)))
    }
}

#[derive(Debug)]
struct ReduceKernel(ReducePlan);

impl Kernel for ReduceKernel {
    fn algorithm(&self) -> String {
        String::from("blocked")
    }

    fn scratch_len(&self) -> usize {
        self.0.scratch_len()
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.0.run(args.inputs[0], args.outputs[0], args.scratch);
    }
}
