//! The gradient of a convolution's weights.

use super::{Algorithm, ConvProblem, reference};
use crate::isa::Isa;

/// A planned weight gradient.
#[derive(Clone, Debug)]
pub struct ConvWeightGradient {
    problem: ConvProblem,
    algorithm: Algorithm,
}

impl ConvWeightGradient {
    /// Chooses the algorithm for this shape.
    pub fn plan(problem: ConvProblem, isa: Isa) -> Self {
        Self::plan_with(Algorithm::candidates(&problem)[0], problem, isa)
    }

    /// Takes this algorithm, one of [`Algorithm::candidates`].
    pub fn plan_with(algorithm: Algorithm, problem: ConvProblem, _isa: Isa) -> Self {
        Self { problem, algorithm }
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
        0
    }

    /// Computes the gradient of the weights, in the layout of the weights.
    pub fn run(
        &self,
        input: &[f32],
        output_gradient: &[f32],
        weight_gradient: &mut [f32],
        _scratch: &mut [f32],
    ) {
        let dw = reference::weight_gradient(&self.problem, input, output_gradient);
        weight_gradient.copy_from_slice(&dw);
    }
}
