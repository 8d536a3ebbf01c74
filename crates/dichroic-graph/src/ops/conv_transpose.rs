//! Transposed convolution: the input gradient of a convolution, and the forward of its own layers.

use dichroic_kernels::conv::{self, ConvPlan, ConvProblem};
use dichroic_kernels::elementwise::Unary;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::conv_kernel::{ConvKernel, add_parameter_gradients};
use super::tail::Extras;
use super::{Conv, Geometry, Tail};
use super::{add_activation_gradient, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// Spreads each value of `dy` over the positions that a convolution would have read for it:
/// `dx[n, o·stride + tap·dilation − pad, ic] += dy[n, o, f] · w[tap, ic, f]`, then bias and
/// activation.
///
/// # Shapes
/// Inputs: `dy (batch, spatial…, filters)`, `w (kernel…, in_channels / groups, filters)`,
/// optionally `b (in_channels)`, and those of the [`Tail`]. Output: `(batch, self.spatial…, in_channels)`.
/// For a layer, `filters` are the channels that come in and `in_channels` those that go out.
///
/// # Source
/// Keras `Conv1DTranspose`, `Conv2DTranspose`, `Conv3DTranspose`.
#[derive(Clone, Debug)]
pub struct ConvTranspose {
    /// How the kernel of the convolution moves over this op's output.
    pub geometry: Geometry,
    /// The spatial sizes of the output.
    pub spatial: Vec<usize>,
    /// Applied to each output; set by the fusion pass.
    pub activation: Option<Unary>,
    /// What else is done with each output; set by passes.
    pub tail: Tail,
}

impl ConvTranspose {
    /// A transposed convolution onto these spatial sizes, without activation.
    pub fn new(geometry: Geometry, spatial: &[usize]) -> Self {
        Self { geometry, spatial: spatial.to_vec(), activation: None, tail: Tail::default() }
    }

    /// The convolution whose input gradient this is.
    fn problem(&self, inputs: &[&Shape]) -> Result<ConvProblem, GraphError> {
        let [dy, w, rest @ ..] = inputs else {
            return Err(shape_error(self, "takes dy, weights and optionally a bias", inputs));
        };
        let rank = self.spatial.len();
        if dy.len() != rank + 2 || w.len() != rank + 2 {
            return Err(shape_error(self, format!("needs inputs of rank {}", rank + 2), inputs));
        }
        let mut input = Vec::with_capacity(rank + 2);
        input.push(dy[0]);
        input.extend(&self.spatial);
        input.push(w[rank].saturating_mul(self.geometry.groups));
        let problem =
            self.geometry.problem(&input, w).map_err(|rule| shape_error(self, rule, inputs))?;
        let convolved = self.geometry.output_shape(&problem);
        if convolved != **dy {
            let rule = format!("the convolution of the output has shape {convolved}");
            return Err(shape_error(self, rule, inputs));
        }
        match self.tail.sort(rest) {
            Some(Extras { bias: Some(bias), .. }) if bias[..] != [problem.in_channels] => {
                Err(shape_error(self, "the bias needs shape (output channels,)", inputs))
            }
            Some(_) => Ok(problem),
            None => Err(shape_error(self, "takes a bias and the inputs of its tail", inputs)),
        }
    }

    fn output_shape(&self, problem: &ConvProblem) -> Shape {
        std::iter::once(problem.batch)
            .chain(self.spatial.iter().copied())
            .chain(std::iter::once(problem.in_channels))
            .collect()
    }
}

impl Operation for ConvTranspose {
    fn name(&self) -> &'static str {
        "ConvTranspose"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let dense = self.output_shape(&self.problem(inputs)?);
        let shape = self.tail.shape(dense, self.tail.extras(inputs));
        Ok(smallvec![shape.map_err(|rule| shape_error(self, rule, inputs))?])
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        if !self.tail.is_empty() {
            return Err(backward.refuse("transposed convolution with a tail"));
        }
        let g = add_activation_gradient(self.activation, backward)?;
        let (dy, w) = (backward.input(0), backward.input(1));
        if backward.needs(0) {
            let gradient = backward.add(Conv::new(self.geometry.clone()), &[g, w])?;
            backward.set(0, gradient);
        }
        add_parameter_gradients(&self.geometry, [g, dy], g, backward)
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let shapes: Vec<Shape> = inputs.iter().map(|input| Shape::new(input.shape())).collect();
        let shapes: Vec<&Shape> = shapes.iter().collect();
        let problem = self.problem(&shapes).expect("shapes were inferred before");
        let data: Vec<&[f32]> = inputs.iter().map(|input| input.data()).collect();
        let extras = self.tail.extras(&data);
        let dx = conv::reference::input_gradient(&problem, data[0], data[1], extras.bias);
        let dx = self.tail.reference(dx, problem.in_channels, self.activation, extras);
        let shape = self.infer(&shapes).expect("shapes were inferred before").remove(0);
        vec![reference_tensor(&shape, dx)]
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
        let plan = ConvPlan::input_gradient(problem, epilogue, context.mode, context.isa);
        Ok(Box::new(ConvKernel { plan, tail: self.tail, inputs: inputs.len() }))
    }

    fn macs(&self, inputs: &[&Shape]) -> u64 {
        self.problem(inputs).map_or(0, |problem| problem.macs())
    }
}
