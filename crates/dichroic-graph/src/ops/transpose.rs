//! Axes in another order.

use dichroic_kernels::tensor::Tensor;
use dichroic_kernels::transpose::{TransposePlan, reference};
use smallvec::{SmallVec, smallvec};

use super::{kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// Axis `i` of the output is axis `axes[i]` of the input.
///
/// # Source
/// numpy `transpose`; Keras `Permute`.
#[derive(Clone, Debug)]
pub struct Transpose {
    /// Every axis of the input once.
    pub axes: Vec<usize>,
}

impl Operation for Transpose {
    fn name(&self) -> &'static str {
        "Transpose"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let [x] = inputs else { return Err(shape_error(self, "takes one input", inputs)) };
        let mut sorted = self.axes.clone();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..x.len()) {
            let rule = format!("axes {:?} must name every axis once", self.axes);
            return Err(shape_error(self, rule, inputs));
        }
        Ok(smallvec![self.axes.iter().map(|&axis| x[axis]).collect()])
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let mut axes = vec![0; self.axes.len()];
        for (to, &from) in self.axes.iter().enumerate() {
            axes[from] = to;
        }
        let dy = backward.output_gradient();
        let dx = backward.add(Transpose { axes }, &[dy])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let x = inputs[0];
        let shape: Shape = self.axes.iter().map(|&axis| x.shape()[axis]).collect();
        let y = reference::transpose(x.data(), x.shape(), &self.axes);
        vec![reference_tensor(&shape, y)]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], _batched: &[bool]) -> bool {
        self.axes.first() == Some(&0)
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let plan = TransposePlan::new(inputs[0], &self.axes, context.isa)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(TransposeKernel(plan)))
    }
}

#[derive(Debug)]
struct TransposeKernel(TransposePlan);

impl Kernel for TransposeKernel {
    fn algorithm(&self) -> String {
        String::from("copy")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.0.run(args.inputs[0], args.outputs[0]);
    }
}
