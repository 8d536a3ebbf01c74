//! A regular part of the input.

use dichroic_kernels::elementwise::reference::{for_each_index, offset};
use dichroic_kernels::pad::{Cut, SlicePlan, reference};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// On each axis `size` places, from `start` on, `stride` apart.
///
/// # Source
/// Keras `Cropping1D…3D`, and the part of a value that an op like padding passes back.
#[derive(Clone, Debug)]
pub struct Slice {
    /// What is cut out of each axis.
    pub cuts: Vec<Cut>,
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
    /// On each axis `size` neighbouring places from `start` on.
    pub fn block(starts: &[usize], sizes: &[usize]) -> Self {
        let axes = starts.iter().zip(sizes);
        Self { cuts: axes.map(|(&start, &size)| Cut { start, size, stride: 1 }).collect() }
    }

    fn sizes(&self) -> Shape {
        self.cuts.iter().map(|cut| cut.size).collect()
    }

    fn lies_inside(&self, x: &Shape) -> bool {
        let inside = |(cut, &size): (&Cut, &usize)| {
            let last = match cut.size.checked_sub(1) {
                None => return cut.stride > 0,
                Some(steps) => steps.checked_mul(cut.stride),
            };
            let last = last.and_then(|last| last.checked_add(cut.start));
            cut.stride > 0 && last.is_some_and(|last| last < size)
        };
        self.cuts.len() == x.len() && self.cuts.iter().zip(x.iter()).all(inside)
    }
}

impl Operation for Slice {
    fn name(&self) -> &'static str {
        "Slice"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] if self.lies_inside(x) => Ok(smallvec![self.sizes()]),
            _ => {
                let rule = format!("the cuts {:?} must lie inside", self.cuts);
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
        let y = reference::slice(inputs[0].data(), inputs[0].shape(), &self.cuts);
        vec![reference_tensor(&self.sizes(), y)]
    }

    fn keeps_items_apart(&self, inputs: &[&Shape], _batched: &[bool]) -> bool {
        let whole = |&size: &usize| Cut { start: 0, size, stride: 1 };
        self.cuts.first().copied() == inputs[0].first().map(whole)
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let plan = SlicePlan::new(inputs[0], &self.cuts)
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
            [dy] if **dy == self.slice.sizes() && self.slice.lies_inside(&self.shape) => {
                Ok(smallvec![self.shape.clone()])
            }
            _ => Err(shape_error(self, "dy needs the shape of the slice", inputs)),
        }
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let dy = inputs[0];
        let mut dx = vec![0.0; self.shape.elements()];
        for_each_index(dy.shape(), |index| {
            let axes = self.slice.cuts.iter().zip(index);
            let target: Vec<usize> = axes.map(|(cut, i)| cut.start + i * cut.stride).collect();
            dx[offset(&target, &self.shape)] = dy.data()[offset(index, dy.shape())];
        });
        vec![reference_tensor(&self.shape, dx)]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let plan = SlicePlan::new(&self.shape, &self.slice.cuts)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(SliceGradientKernel(plan)))
    }
}

#[derive(Debug)]
struct SliceGradientKernel(SlicePlan);

impl Kernel for SliceGradientKernel {
    fn algorithm(&self) -> String {
        String::from("copy")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.0.gradient(args.inputs[0], args.outputs[0]);
    }
}
