//! The gradient of a convolution's input, which is also the transposed convolution.

use super::{Algorithm, ConvArgs, ConvMode, ConvProblem, Epilogue, reference};
use crate::isa::Isa;

/// A planned input gradient.
#[derive(Clone, Debug)]
pub struct ConvInputGradient {
    problem: ConvProblem,
    epilogue: Epilogue,
    algorithm: Algorithm,
    isa: Isa,
}

impl ConvInputGradient {
    /// Chooses the algorithm for this shape.
    pub fn plan(problem: ConvProblem, epilogue: Epilogue, _mode: ConvMode, isa: Isa) -> Self {
        Self::plan_with(Algorithm::candidates(&problem)[0], problem, epilogue, isa)
    }

    /// Takes this algorithm, one of [`Algorithm::candidates`].
    pub fn plan_with(
        algorithm: Algorithm,
        problem: ConvProblem,
        epilogue: Epilogue,
        isa: Isa,
    ) -> Self {
        Self { problem, epilogue, algorithm, isa }
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
        self.problem.weights_len()
    }

    /// The length of the scratch memory that a run needs.
    pub fn scratch_len(&self) -> usize {
        0
    }

    /// Lays the weights out as the algorithm reads them.
    pub fn pack(&self, weights: &[f32], packed: &mut [f32]) {
        packed.copy_from_slice(weights);
    }

    /// Computes the output.
    pub fn run(&self, args: ConvArgs<'_>) {
        let bias = args.bias.filter(|_| self.epilogue.bias);
        let y = reference::input_gradient(&self.problem, args.input, args.packed, bias);
        args.output.copy_from_slice(&y);
        if let Some(activation) = self.epilogue.activation {
            activation.apply_in_place(self.isa, args.output);
        }
    }
}
