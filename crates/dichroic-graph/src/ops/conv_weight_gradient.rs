//! The gradient of a convolution's weights.

use dichroic_kernels::conv::{self, ConvProblem, ConvWeightGradient as Plan};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{Geometry, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `dw[tap, ic, f] = Σ_n Σ_o x[n, o·stride + tap·dilation − pad, ic] · dy[n, o, f]`.
///
/// # Shapes
/// Inputs: `x (batch, spatial…, in_channels)`, `dy (batch, spatial…, filters)`. Output:
/// `(kernel_size…, in_channels / groups, filters)`.
#[derive(Clone, Debug)]
pub struct ConvWeightGradient {
    /// How the kernel moves.
    pub geometry: Geometry,
    /// The kernel's sides.
    pub kernel_size: Vec<usize>,
}

impl ConvWeightGradient {
    fn problem(&self, inputs: &[&Shape]) -> Result<ConvProblem, GraphError> {
        let [x, dy] = inputs else {
            return Err(shape_error(self, "takes x and dy", inputs));
        };
        let weights = self.weights_shape(x, dy);
        let problem =
            self.geometry.problem(x, &weights).map_err(|rule| shape_error(self, rule, inputs))?;
        let convolved = self.geometry.output_shape(&problem);
        if convolved != **dy {
            let rule = format!("the convolution of x has shape {convolved}");
            return Err(shape_error(self, rule, inputs));
        }
        Ok(problem)
    }

    fn weights_shape(&self, x: &Shape, dy: &Shape) -> Shape {
        self.kernel_size
            .iter()
            .copied()
            .chain([x.last_axis() / self.geometry.groups.max(1), dy.last_axis()])
            .collect()
    }
}

impl Operation for ConvWeightGradient {
    fn name(&self) -> &'static str {
        "ConvWeightGradient"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        self.problem(inputs)?;
        Ok(smallvec![self.weights_shape(inputs[0], inputs[1])])
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let (x, dy) = (Shape::new(inputs[0].shape()), Shape::new(inputs[1].shape()));
        let problem = self.problem(&[&x, &dy]).expect("shapes were inferred before");
        let dw = conv::reference::weight_gradient(&problem, inputs[0].data(), inputs[1].data());
        vec![reference_tensor(&self.weights_shape(&x, &dy), dw)]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let plan = Plan::plan(self.problem(inputs)?, context.mode, context.isa);
        Ok(Box::new(WeightGradientKernel(plan)))
    }

    fn macs(&self, inputs: &[&Shape]) -> u64 {
        self.problem(inputs).map_or(0, |problem| problem.macs())
    }
}

#[derive(Debug)]
struct WeightGradientKernel(Plan);

impl Kernel for WeightGradientKernel {
    fn algorithm(&self) -> String {
        self.0.algorithm().to_string()
    }

    fn scratch_len(&self) -> usize {
        self.0.scratch_len()
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.0.run(args.inputs[0], args.inputs[1], args.outputs[0], args.scratch);
    }
}
