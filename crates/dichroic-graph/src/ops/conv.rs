//! Convolution, dense layers included: they are its 1×1 case.

use dichroic_kernels::conv::{self, ConvArgs, ConvForward, ConvProblem, Epilogue};
use dichroic_kernels::elementwise::Unary;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{ConvTranspose, ConvWeightGradient, Geometry, Reduce, add_activation_gradient};
use super::{reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y[n, o, f] = activation(Σ_tap Σ_ic x[n, o·stride + tap·dilation − pad, ic] · w[tap, ic, f] + b[f])`.
///
/// # Shapes
/// Inputs: `x (batch, spatial…, in_channels)`, `w (kernel…, in_channels / groups, filters)` and
/// optionally `b (filters)`. Output: `(batch, spatial…, filters)`.
///
/// # Source
/// Keras `Conv1D`, `Conv2D`, `Conv3D`; `Dense` with a kernel of 1.
#[derive(Clone, Debug)]
pub struct Conv {
    /// How the kernel moves.
    pub geometry: Geometry,
    /// Applied to each output; set by the fusion pass.
    pub activation: Option<Unary>,
}

impl Conv {
    /// A convolution without activation.
    pub fn new(geometry: Geometry) -> Self {
        Self { geometry, activation: None }
    }

    fn problem(&self, inputs: &[&Shape]) -> Result<ConvProblem, GraphError> {
        let [x, w, rest @ ..] = inputs else {
            return Err(shape_error(self, "takes x, weights and optionally a bias", inputs));
        };
        let problem =
            self.geometry.problem(x, w).map_err(|rule| shape_error(self, rule, inputs))?;
        match rest {
            [] => Ok(problem),
            [bias] if bias[..] == [problem.filters] => Ok(problem),
            _ => Err(shape_error(self, "the bias needs shape (filters,)", inputs)),
        }
    }
}

impl Operation for Conv {
    fn name(&self) -> &'static str {
        "Conv"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        Ok(smallvec![self.geometry.output_shape(&self.problem(inputs)?)])
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let dy = add_activation_gradient(self.activation, backward)?;
        let (x, w) = (backward.input(0), backward.input(1));
        if backward.needs(0) {
            let shape = backward.shape(x);
            let spatial = shape[1..shape.len() - 1].to_vec();
            let op = ConvTranspose { spatial, ..ConvTranspose::new(self.geometry.clone(), &[]) };
            let dx = backward.add(op, &[dy, w])?;
            backward.set(0, dx);
        }
        if backward.needs(1) {
            let kernel_size = {
                let shape = backward.shape(w);
                shape[..shape.len() - 2].to_vec()
            };
            let op = ConvWeightGradient { geometry: self.geometry.clone(), kernel_size };
            let dw = backward.add(op, &[x, dy])?;
            backward.set(1, dw);
        }
        if backward.input_count() > 2 && backward.needs(2) {
            let axes = backward.shape(dy).len() - 1;
            let db = backward.add(Reduce::sum((0..axes).collect()), &[dy])?;
            backward.set(2, db);
        }
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let shapes: Vec<Shape> = inputs.iter().map(|input| Shape::new(input.shape())).collect();
        let shapes: Vec<&Shape> = shapes.iter().collect();
        let problem = self.problem(&shapes).expect("shapes were inferred before");
        let bias = inputs.get(2).map(|bias| bias.data());
        let mut y = conv::reference::forward(&problem, inputs[0].data(), inputs[1].data(), bias);
        if let Some(activation) = self.activation {
            for value in &mut y {
                *value = activation.scalar(f64::from(*value)) as f32;
            }
        }
        vec![reference_tensor(&self.geometry.output_shape(&problem), y)]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let problem = self.problem(inputs)?;
        let epilogue = Epilogue {
            bias: inputs.len() > 2,
            activation: self.activation,
            ..Epilogue::default()
        };
        let plan = ConvForward::plan(problem, epilogue, context.mode, context.isa);
        Ok(Box::new(ConvKernel { plan, bias: inputs.len() > 2 }))
    }

    fn macs(&self, inputs: &[&Shape]) -> u64 {
        self.problem(inputs).map_or(0, |problem| problem.macs())
    }
}

#[derive(Debug)]
struct ConvKernel {
    plan: ConvForward,
    bias: bool,
}

impl Kernel for ConvKernel {
    fn algorithm(&self) -> String {
        self.plan.algorithm().to_string()
    }

    fn scratch_len(&self) -> usize {
        self.plan.scratch_len()
    }

    fn packed_len(&self) -> usize {
        self.plan.packed_len()
    }

    fn packed_input(&self) -> Option<usize> {
        Some(1)
    }

    fn pack(&self, input: &[f32], packed: &mut [f32]) {
        self.plan.pack(input, packed);
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.plan.run(ConvArgs {
            input: args.inputs[0],
            packed: args.packed,
            bias: self.bias.then(|| args.inputs[2]),
            residual: None,
            output: args.outputs[0],
            scratch: args.scratch,
        });
    }
}
