//! The forward pass of a convolution.

use super::gather::Gather;
use super::plan::GatherPlan;
use super::{Algorithm, ConvArgs, ConvMode, ConvProblem, Epilogue};
use crate::isa::Isa;

/// A planned forward pass: activation(bias + residual + input ∗ weights).
///
/// ```
/// use dichroic_kernels::conv::{ConvArgs, ConvForward, ConvMode, ConvProblem, Epilogue};
/// use dichroic_kernels::isa::Isa;
///
/// let problem = ConvProblem::new_2d(1, [1, 3], 1, 1).kernel_2d([1, 2]);
/// let plan = ConvForward::plan(problem, Epilogue::default(), ConvMode::Exact, Isa::detect());
/// let mut packed = vec![0.0; plan.packed_len()];
/// plan.pack(&[1.0, -1.0], &mut packed);
/// let mut output = vec![0.0; problem.output_len()];
/// let (input, scratch) = (&[5.0, 3.0, 8.0], &mut vec![0.0; plan.scratch_len()]);
/// let (packed, output) = (&packed, &mut output);
/// plan.run(ConvArgs { input, packed, bias: None, residual: None, output, scratch });
/// assert_eq!(*output, [2.0, -5.0]);
/// ```
#[derive(Clone, Debug)]
pub struct ConvForward {
    problem: ConvProblem,
    algorithm: Algorithm,
    plan: GatherPlan,
}

impl ConvForward {
    /// Chooses the algorithm for this shape. The problem is one that [`ConvProblem::validate`] accepts.
    pub fn plan(problem: ConvProblem, epilogue: Epilogue, mode: ConvMode, isa: Isa) -> Self {
        let gather = Gather::forward(&problem);
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
        let plan = GatherPlan::new(algorithm, Gather::forward(&problem), epilogue, isa);
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
    /// When a length is not that of the problem's weights, or [`ConvForward::packed_len`].
    pub fn pack(&self, weights: &[f32], packed: &mut [f32]) {
        assert_eq!(weights.len(), self.problem.weights_len(), "length of the weights");
        self.plan.pack(weights, packed);
    }

    /// Computes the output.
    ///
    /// # Panics
    /// When a length is not the planned one.
    pub fn run(&self, args: ConvArgs<'_>) {
        self.plan.run(args);
    }
}
