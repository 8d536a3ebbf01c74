//! Convolution, dense layers included: they are its 1×1 case.

use dichroic_kernels::conv::{self, ConvPlan, ConvProblem};
use dichroic_kernels::elementwise::Unary;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::conv_kernel::{ConvKernel, add_parameter_gradients};
use super::tail::Extras;
use super::{ConvTranspose, Geometry, Tail};
use super::{add_activation_gradient, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y[n, o, f] = activation(Σ_tap Σ_ic x[n, o·stride + tap·dilation − pad, ic] · w[tap, ic, f] + b[f])`.
///
/// # Shapes
/// Inputs: `x (batch, spatial…, in_channels)`, `w (kernel…, in_channels / groups, filters)`,
/// optionally `b (filters)`, and those of the [`Tail`]. Output: `(batch, spatial…, filters)`, or wider.
///
/// # Source
/// Keras `Conv1D`, `Conv2D`, `Conv3D`; `Dense` with a kernel of 1.
#[derive(Clone, Debug)]
pub struct Conv {
    /// How the kernel moves.
    pub geometry: Geometry,
    /// Applied to each output; set by the fusion pass.
    pub activation: Option<Unary>,
    /// What else is done with each output; set by passes.
    pub tail: Tail,
}

impl Conv {
    /// A convolution without activation.
    pub fn new(geometry: Geometry) -> Self {
        Self { geometry, activation: None, tail: Tail::default() }
    }

    fn problem(&self, inputs: &[&Shape]) -> Result<ConvProblem, GraphError> {
        let [x, w, rest @ ..] = inputs else {
            return Err(shape_error(self, "takes x, weights and optionally a bias", inputs));
        };
        let problem =
            self.geometry.problem(x, w).map_err(|rule| shape_error(self, rule, inputs))?;
        match self.tail.sort(rest) {
            Some(Extras { bias: Some(bias), .. }) if bias[..] != [problem.filters] => {
                Err(shape_error(self, "the bias needs shape (filters,)", inputs))
            }
            Some(_) => Ok(problem),
            None => Err(shape_error(self, "takes a bias and the inputs of its tail", inputs)),
        }
    }
}

impl Operation for Conv {
    fn name(&self) -> &'static str {
        "Conv"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let dense = self.geometry.output_shape(&self.problem(inputs)?);
        let shape = self.tail.shape(dense, self.tail.extras(inputs));
        Ok(smallvec![shape.map_err(|rule| shape_error(self, rule, inputs))?])
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        if !self.tail.is_empty() {
            return Err(backward.refuse("convolution with a tail"));
        }
        let dy = add_activation_gradient(self.activation, backward)?;
        let (x, w) = (backward.input(0), backward.input(1));
        if backward.needs(0) {
            let shape = backward.shape(x);
            let spatial = shape[1..shape.len() - 1].to_vec();
            let op = ConvTranspose { spatial, ..ConvTranspose::new(self.geometry.clone(), &[]) };
            let dx = backward.add(op, &[dy, w])?;
            backward.set(0, dx);
        }
        add_parameter_gradients(&self.geometry, [x, dy], dy, backward)
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let shapes: Vec<Shape> = inputs.iter().map(|input| Shape::new(input.shape())).collect();
        let shapes: Vec<&Shape> = shapes.iter().collect();
        let problem = self.problem(&shapes).expect("shapes were inferred before");
        let data: Vec<&[f32]> = inputs.iter().map(|input| input.data()).collect();
        let extras = self.tail.extras(&data);
        let y = conv::reference::forward(&problem, data[0], data[1], extras.bias);
        let y = self.tail.reference(y, problem.filters, self.activation, extras);
        let shape = self.infer(&shapes).expect("shapes were inferred before").remove(0);
        vec![reference_tensor(&shape, y)]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], batched: &[bool]) -> bool {
        matches!(batched, [true, false, ..]) && self.tail.extras(batched).bias != Some(true)
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let problem = self.problem(inputs)?;
        let bias = self.tail.extras(inputs).bias.is_some();
        let epilogue = self.tail.epilogue(bias, self.activation);
        let plan = ConvPlan::forward(problem, epilogue, context.mode, context.isa);
        Ok(Box::new(ConvKernel { plan, tail: self.tail, inputs: inputs.len() }))
    }

    fn macs(&self, inputs: &[&Shape]) -> u64 {
        self.problem(inputs).map_or(0, |problem| problem.macs())
    }
}
