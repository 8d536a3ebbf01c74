//! Pictures and volumes of another size.

use dichroic_kernels::resize::{Interpolation, ResizePlan, ResizeProblem, reference};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::geometry::with_leading;
use super::{kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// Each output cell is a weighted sum of the input cells near its centre.
///
/// # Shapes
/// Input: `(batch, spatial…, channels)`. Output: `(batch, self.spatial…, channels)`.
///
/// # Source
/// Keras `UpSampling1D…3D`; half-pixel centres.
#[derive(Clone, Debug)]
pub struct Resize {
    /// Which neighbours weigh how much.
    pub interpolation: Interpolation,
    /// The spatial sizes to reach.
    pub spatial: Vec<usize>,
}

/// The gradient of [`Resize`]: each output cell's gradient goes to the cells that it was made of.
#[derive(Clone, Debug)]
pub struct ResizeGradient {
    /// Which neighbours weigh how much.
    pub interpolation: Interpolation,
    /// The spatial sizes of the resize's input.
    pub spatial: Vec<usize>,
}

/// The problem of resizing `from` to these spatial sizes.
fn problem(from: &[usize], spatial: &[usize]) -> Option<ResizeProblem> {
    let rank = spatial.len();
    if !(1..=3).contains(&rank) || from.len() != rank + 2 {
        return None;
    }
    Some(ResizeProblem {
        batch: from[0],
        channels: from[rank + 1],
        input: with_leading(&from[1..=rank], 1),
        output: with_leading(spatial, 1),
    })
}

/// A shape with these spatial sizes in place of its own.
fn resized(shape: &Shape, spatial: &[usize]) -> Shape {
    std::iter::once(shape[0])
        .chain(spatial.iter().copied())
        .chain(std::iter::once(shape.last_axis()))
        .collect()
}

const RULE: &str = "takes (batch, spatial…, channels) with 1 to 3 spatial axes";

impl Operation for Resize {
    fn name(&self) -> &'static str {
        "Resize"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] if problem(x, &self.spatial).is_some() => Ok(smallvec![resized(x, &self.spatial)]),
            _ => Err(shape_error(self, RULE, inputs)),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let dy = backward.output_gradient();
        let shape = backward.shape(backward.input(0));
        let spatial = shape[1..shape.len() - 1].to_vec();
        let op = ResizeGradient { interpolation: self.interpolation, spatial };
        let dx = backward.add(op, &[dy])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let x = Shape::new(inputs[0].shape());
        let problem = problem(&x, &self.spatial).expect("shapes were inferred before");
        let shape = resized(&x, &self.spatial);
        let mut y = vec![0.0; shape.elements()];
        reference::for_each_weight(self.interpolation, &problem, |output, input, weight| {
            y[output] += f64::from(inputs[0].data()[input]) * weight;
        });
        vec![reference_tensor(&shape, y.into_iter().map(|y| y as f32).collect())]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], _batched: &[bool]) -> bool {
        true
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let problem =
            problem(inputs[0], &self.spatial).ok_or_else(|| shape_error(self, RULE, inputs))?;
        let plan = ResizePlan::new(self.interpolation, problem, context.isa)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(ResizeKernel(plan)))
    }
}

#[derive(Debug)]
struct ResizeKernel(ResizePlan);

impl Kernel for ResizeKernel {
    fn algorithm(&self) -> String {
        String::from("axis by axis")
    }

    fn scratch_len(&self) -> usize {
        self.0.scratch_len()
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.0.run(args.inputs[0], args.outputs[0], args.scratch);
    }
}

impl ResizeGradient {
    /// The problem whose output has the shape of `dy`.
    fn problem(&self, dy: &Shape) -> Option<ResizeProblem> {
        let spatial = dy.get(1..dy.len().checked_sub(1)?)?;
        if spatial.len() != self.spatial.len() {
            return None;
        }
        problem(&resized(dy, &self.spatial), spatial)
    }
}

impl Operation for ResizeGradient {
    fn name(&self) -> &'static str {
        "ResizeGradient"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [dy] if self.problem(dy).is_some() => Ok(smallvec![resized(dy, &self.spatial)]),
            _ => Err(shape_error(self, RULE, inputs)),
        }
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let dy = Shape::new(inputs[0].shape());
        let problem = self.problem(&dy).expect("shapes were inferred before");
        let shape = resized(&dy, &self.spatial);
        let mut dx = vec![0.0; shape.elements()];
        reference::for_each_weight(self.interpolation, &problem, |output, input, weight| {
            dx[input] += f64::from(inputs[0].data()[output]) * weight;
        });
        vec![reference_tensor(&shape, dx.into_iter().map(|dx| dx as f32).collect())]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let problem = self.problem(inputs[0]).ok_or_else(|| shape_error(self, RULE, inputs))?;
        let plan = ResizePlan::new(self.interpolation, problem, context.isa)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(ResizeGradientKernel(plan)))
    }
}

#[derive(Debug)]
struct ResizeGradientKernel(ResizePlan);

impl Kernel for ResizeGradientKernel {
    fn algorithm(&self) -> String {
        String::from("axis by axis")
    }

    fn scratch_len(&self) -> usize {
        self.0.scratch_len()
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.0.gradient(args.inputs[0], args.outputs[0], args.scratch);
    }
}
