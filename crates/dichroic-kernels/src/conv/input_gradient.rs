//! The gradient of a convolution's input, which is also the transposed convolution.

use super::gather::Gather;
use super::plan::GatherPlan;
use super::{Algorithm, ConvArgs, ConvMode, ConvProblem, Epilogue};
use crate::isa::Isa;

/// A planned input gradient: activation(bias + residual + output gradient ∗ turned weights).
///
/// The epilogue is there because this is also the forward pass of a transposed convolution, whose
/// output has the problem's input size and whose weights are laid out (kernel…, output channels, input
/// channels), as Keras does. The bias then has one value for each of the problem's `in_channels`.
///
/// In [`ConvArgs`] `input` is the output's gradient (batch, output…, filters) and `output` the
/// input's gradient (batch, input…, in_channels).
#[derive(Clone, Debug)]
pub struct ConvInputGradient {
    problem: ConvProblem,
    algorithm: Algorithm,
    plan: GatherPlan,
}

impl ConvInputGradient {
    /// Chooses the algorithm for this shape. The problem is one that [`ConvProblem::validate`] accepts.
    pub fn plan(problem: ConvProblem, epilogue: Epilogue, mode: ConvMode, isa: Isa) -> Self {
        let gather = Gather::input_gradient(&problem);
        Self::plan_with(Algorithm::choose(&problem, &gather, mode), problem, epilogue, isa)
    }

    /// Takes this algorithm, one of [`Algorithm::candidates`].
    ///
    /// # Panics
    /// When the algorithm can't compute the problem, or this CPU lacks the instructions.
    pub fn plan_with(
        algorithm: Algorithm,
        problem: ConvProblem,
        epilogue: Epilogue,
        isa: Isa,
    ) -> Self {
        algorithm.assert_suits(&problem, isa);
        let plan = GatherPlan::new(algorithm, Gather::input_gradient(&problem), epilogue, isa);
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

    /// The length of the packed weights.
    pub fn packed_len(&self) -> usize {
        self.plan.packed_len()
    }

    /// The length of the scratch memory that a run needs.
    pub fn scratch_len(&self) -> usize {
        self.plan.scratch_len()
    }

    /// Lays the weights out as the algorithm reads them.
    ///
    /// # Panics
    /// When a length is not that of the problem's weights, or [`ConvInputGradient::packed_len`].
    pub fn pack(&self, weights: &[f32], packed: &mut [f32]) {
        assert_eq!(weights.len(), self.problem.weights_len(), "length of the weights");
        self.plan.pack(weights, packed);
    }

    /// Computes the gradient of the input.
    ///
    /// # Panics
    /// When a length is not the planned one.
    pub fn run(&self, args: ConvArgs<'_>) {
        self.plan.run(args);
    }
}
