//! A border of one value around the input.

use dichroic_kernels::pad::{PadPlan, reference};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{Slice, kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// Adds places that hold `value` before and behind each axis.
///
/// # Source
/// numpy `pad` in mode `constant`; Keras `ZeroPadding1D…3D`.
#[derive(Clone, Debug)]
pub struct Pad {
    /// Places before and behind each axis.
    pub padding: Vec<[usize; 2]>,
    /// What they hold.
    pub value: f32,
}

impl Operation for Pad {
    fn name(&self) -> &'static str {
        "Pad"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] if x.len() == self.padding.len() => {
                let axes = x.iter().zip(&self.padding);
                let padded = axes.map(|(&size, &[before, after])| {
                    size.checked_add(before).and_then(|size| size.checked_add(after))
                });
                let shape: Option<Vec<usize>> = padded.collect();
                let shape = shape.ok_or_else(|| shape_error(self, "padding overflows", inputs))?;
                Ok(smallvec![Shape::from(shape)])
            }
            _ => Err(shape_error(self, "takes one input and padding for each axis", inputs)),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let dy = backward.output_gradient();
        let sizes = backward.shape(backward.input(0)).to_vec();
        let starts: Vec<usize> = self.padding.iter().map(|[before, _]| *before).collect();
        let dx = backward.add(Slice::block(&starts, &sizes), &[dy])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let x = inputs[0];
        let shape = self
            .infer(&[&Shape::new(x.shape())])
            .expect("shapes were inferred before")
            .remove(0);
        let y = reference::pad(x.data(), x.shape(), &self.padding, self.value);
        vec![reference_tensor(&shape, y)]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], _batched: &[bool]) -> bool {
        self.padding.first() == Some(&[0, 0])
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let plan = PadPlan::new(inputs[0], &self.padding, self.value)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(PadKernel(plan)))
    }
}

#[derive(Debug)]
struct PadKernel(PadPlan);

impl Kernel for PadKernel {
    fn algorithm(&self) -> String {
        String::from("copy")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.0.run(args.inputs[0], args.outputs[0]);
    }
}
