//! A border of one value around the input.

use dichroic_kernels::elementwise::reference;
use dichroic_kernels::pad::PadPlan;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{Slice, kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// Adds `before[axis]` and `after[axis]` places that hold `value`.
///
/// # Source
/// numpy `pad` in mode `constant`; Keras `ZeroPadding1D…3D`.
#[derive(Clone, Debug)]
pub struct Pad {
    /// Places in front of each axis.
    pub before: Vec<usize>,
    /// Places behind each axis.
    pub after: Vec<usize>,
    /// What they hold.
    pub value: f32,
}

impl Operation for Pad {
    fn name(&self) -> &'static str {
        "Pad"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] if x.len() == self.before.len() && x.len() == self.after.len() => {
                let axes = x.iter().zip(&self.before).zip(&self.after);
                let padded = axes.map(|((&size, &before), &after)| {
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
        let strides = vec![1; sizes.len()];
        let dx = backward.add(Slice { starts: self.before.clone(), sizes, strides }, &[dy])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let x = inputs[0];
        let shape = self
            .infer(&[&Shape::new(x.shape())])
            .expect("shapes were inferred before")
            .remove(0);
        let mut y = vec![self.value; shape.elements()];
        reference::for_each_index(x.shape(), |index| {
            let target: Vec<usize> = index.iter().zip(&self.before).map(|(i, b)| i + b).collect();
            y[reference::offset(&target, &shape)] = x.data()[reference::offset(index, x.shape())];
        });
        vec![reference_tensor(&shape, y)]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let plan = PadPlan::new(inputs[0], &self.before, &self.after, self.value)
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
