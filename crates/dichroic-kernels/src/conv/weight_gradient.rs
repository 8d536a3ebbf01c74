//! The gradient of a convolution's weights.

use super::depthwise::DepthwiseWeightGradient;
use super::weight_direct::DirectWeightGradient;
use super::winograd::WinogradWeightGradient;
use super::{Algorithm, ConvMode, ConvProblem};
use crate::isa::Isa;

/// A planned weight gradient.
///
/// # Shapes
/// - input: (batch, depth, height, width, in_channels)
/// - output gradient: (batch, output depth, output height, output width, filters)
/// - weight gradient: (kernel depth, kernel height, kernel width, in_channels / groups, filters)
#[derive(Clone, Debug)]
pub struct ConvWeightGradient {
    problem: ConvProblem,
    algorithm: Algorithm,
    plan: Plan,
}

#[derive(Clone, Debug)]
enum Plan {
    Direct(DirectWeightGradient),
    Depthwise(DepthwiseWeightGradient),
    Winograd(WinogradWeightGradient),
}

impl ConvWeightGradient {
    /// Chooses the algorithm for this shape. The problem is one that [`ConvProblem::validate`] accepts.
    pub fn plan(problem: ConvProblem, mode: ConvMode, isa: Isa) -> Self {
        let tiles = mode != ConvMode::Exact && WinogradWeightGradient::pays(&problem);
        let direct = || Algorithm::candidates(&problem)[0];
        let algorithm = if tiles { Algorithm::Winograd([1, 4, 4]) } else { direct() };
        Self::plan_with(algorithm, problem, isa)
    }

    /// Takes this algorithm: one of [`Algorithm::candidates`], or `Winograd([1, 4, 4])` (gradients of a tile) for a 3×3 or
    /// 5×5 kernel without groups that moves by single steps.
    ///
    /// # Panics
    /// When the algorithm can't compute the problem, or this CPU lacks the instructions.
    pub fn plan_with(algorithm: Algorithm, problem: ConvProblem, isa: Isa) -> Self {
        algorithm.assert_suits(&problem, isa);
        let plan = match algorithm {
            Algorithm::Direct | Algorithm::Pointwise => {
                Plan::Direct(DirectWeightGradient::new(problem, isa))
            }
            Algorithm::Depthwise | Algorithm::Grouped => {
                Plan::Depthwise(DepthwiseWeightGradient::new(&problem, isa))
            }
            Algorithm::Winograd([1, 4, 4]) if WinogradWeightGradient::suits(&problem) => {
                Plan::Winograd(WinogradWeightGradient::new(problem, isa))
            }
            _ => panic!("{algorithm} can't compute the weight gradient of {problem:?}"),
        };
        Self { problem, algorithm, plan }
    }

    /// The problem planned for.
    pub fn problem(&self) -> &ConvProblem {
        &self.problem
    }

    /// The algorithm chosen.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The length of the scratch memory that a run needs.
    pub fn scratch_len(&self) -> usize {
        match &self.plan {
            Plan::Direct(plan) => plan.scratch_len(),
            Plan::Depthwise(plan) => plan.scratch_len(),
            Plan::Winograd(plan) => plan.scratch_len(),
        }
    }

    /// Computes the gradient of the weights, in the layout of the weights.
    ///
    /// # Panics
    /// When a length is not the planned one.
    pub fn run(
        &self,
        input: &[f32],
        output_gradient: &[f32],
        weight_gradient: &mut [f32],
        scratch: &mut [f32],
    ) {
        let len = self.problem.weights_len();
        assert_eq!(input.len(), self.problem.input_len(), "length of the input");
        assert_eq!(output_gradient.len(), self.problem.output_len(), "length of the gradient");
        assert_eq!(weight_gradient.len(), len, "length of the result");
        assert_eq!(scratch.len(), self.scratch_len(), "length of the scratch memory");
        if len == 0 || output_gradient.is_empty() {
            weight_gradient.fill(0.0);
            return;
        }
        match &self.plan {
            Plan::Direct(plan) => plan.run(input, output_gradient, weight_gradient, scratch),
            Plan::Depthwise(plan) => plan.run(input, output_gradient, weight_gradient, scratch),
            Plan::Winograd(plan) => plan.run(input, output_gradient, weight_gradient, scratch),
        }
    }
}
