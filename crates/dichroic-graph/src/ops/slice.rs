//! A regular part of the input.

use dichroic_kernels::elementwise::reference;
use dichroic_kernels::pad::{SliceGradientPlan, SlicePlan};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// On each axis `sizes[axis]` places, from `starts[axis]` on, `strides[axis]` apart.
///
/// # Source
/// Keras `Cropping1D…3D`, and the part of a value that an op like padding passes back.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The first place of each axis.
    pub starts: Vec<usize>,
    /// The number of places of each axis.
    pub sizes: Vec<usize>,
    /// The distance between places of each axis, at least 1.
    pub strides: Vec<usize>,
}

/// The gradient of [`Slice`]: the values at their places, zeros elsewhere.
#[derive(Clone, Debug)]
pub struct SliceGradient {
    /// The slice.
    pub slice: Slice,
    /// The shape of the slice's input.
    pub shape: Shape,
}

impl Slice {
    fn check(&self, x: &Shape) -> Option<()> {
        let rank = x.len();
        let ranks = [self.starts.len(), self.sizes.len(), self.strides.len()];
        if ranks != [rank; 3] || self.strides.contains(&0) {
            return None;
        }
        for (axis, &size) in x.iter().enumerate() {
            let Some(steps) = self.sizes[axis].checked_sub(1) else { continue };
            let last = steps.checked_mul(self.strides[axis])?.checked_add(self.starts[axis])?;
            if last >= size {
                return None;
            }
        }
        Some(())
    }

    fn source(&self, index: &[usize]) -> Vec<usize> {
        let axes = self.starts.iter().zip(&self.strides).zip(index);
        axes.map(|((start, stride), i)| start + stride * i).collect()
    }
}

impl Operation for Slice {
    fn name(&self) -> &'static str {
        "Slice"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] if self.check(x).is_some() => Ok(smallvec![Shape::new(&self.sizes)]),
            _ => {
                let rule = format!(
                    "starts {:?}, sizes {:?}, strides {:?} must lie inside",
                    self.starts, self.sizes, self.strides
                );
                Err(shape_error(self, rule, inputs))
            }
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let dy = backward.output_gradient();
        let shape = backward.shape(backward.input(0)).clone();
        let dx = backward.add(SliceGradient { slice: self.clone(), shape }, &[dy])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let x = inputs[0];
        let shape = Shape::new(&self.sizes);
        let mut y = Vec::with_capacity(shape.elements());
        reference::for_each_index(&shape, |index| {
            y.push(x.data()[reference::offset(&self.source(index), x.shape())]);
        });
        vec![reference_tensor(&shape, y)]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let plan = SlicePlan::new(inputs[0], &self.starts, &self.sizes, &self.strides)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(SliceKernel(plan)))
    }
}

#[derive(Debug)]
struct SliceKernel(SlicePlan);

impl Kernel for SliceKernel {
    fn algorithm(&self) -> String {
        String::from("copy")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.0.run(args.inputs[0], args.outputs[0]);
    }
}

impl Operation for SliceGradient {
    fn name(&self) -> &'static str {
        "SliceGradient"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [dy] if dy[..] == self.slice.sizes[..] && self.slice.check(&self.shape).is_some() => {
                Ok(smallvec![self.shape.clone()])
            }
            _ => Err(shape_error(self, "dy needs the shape of the slice", inputs)),
        }
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let dy = inputs[0];
        let mut dx = vec![0.0; self.shape.elements()];
        reference::for_each_index(dy.shape(), |index| {
            let target = reference::offset(&self.slice.source(index), &self.shape);
            dx[target] = dy.data()[reference::offset(index, dy.shape())];
        });
        vec![reference_tensor(&self.shape, dx)]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let Slice { starts, sizes, strides } = &self.slice;
        let plan = SliceGradientPlan::new(&self.shape, starts, sizes, strides)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(SliceGradientKernel(plan)))
    }
}

#[derive(Debug)]
struct SliceGradientKernel(SliceGradientPlan);

impl Kernel for SliceGradientKernel {
    fn algorithm(&self) -> String {
        String::from("copy")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.0.run(args.inputs[0], args.outputs[0]);
    }
}
