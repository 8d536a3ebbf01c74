//! A planned convolution: forward pass and input gradient, which are both a gather with an algorithm.

use super::bf16::Bf16Plan;
use super::depthwise::DepthwisePlan;
use super::direct::DirectPlan;
use super::gather::Gather;
use super::winograd::{Transformed, WinogradPlan};
use super::{Algorithm, ConvArgs, ConvMode, ConvProblem, Epilogue};
use crate::isa::Isa;

/// Which way values go through a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From input to output: activation(bias + residual + input ∗ weights).
    Forward,
    /// From the output's gradient (batch, output…, filters) to the input's (batch, input…, in_channels): activation(bias +
    /// residual + output gradient ∗ turned weights).
    ///
    /// This is also the forward pass of a transposed convolution, whose output has the problem's input size and whose weights
    /// are laid out (kernel…, output channels, input channels), as Keras does. A bias then has one value for each of
    /// the problem's `in_channels`.
    InputGradient,
}

/// A planned convolution in one [`Direction`].
///
/// ```
/// use dichroic_kernels::conv::{ConvArgs, ConvMode, ConvPlan, ConvProblem, Epilogue};
/// use dichroic_kernels::isa::Isa;
///
/// let problem = ConvProblem::new_2d(1, [1, 3], 1, 1).kernel_2d([1, 2]);
/// let plan = ConvPlan::forward(problem, Epilogue::default(), ConvMode::Exact, Isa::detect());
/// let mut packed = vec![0.0; plan.packed_len()];
/// plan.pack(&[1.0, -1.0], &mut packed);
/// let mut output = vec![0.0; problem.output_len()];
/// let (input, scratch) = (&[5.0, 3.0, 8.0], &mut vec![0.0; plan.scratch_len()]);
/// let (packed, output) = (&packed, &mut output);
/// plan.run(ConvArgs { input, packed, bias: None, residual: None, output, scratch });
/// assert_eq!(*output, [2.0, -5.0]);
/// ```
#[derive(Clone, Debug)]
pub struct ConvPlan {
    problem: ConvProblem,
    algorithm: Algorithm,
    plan: GatherPlan,
}

impl ConvPlan {
    /// Chooses the algorithm for a forward pass of this shape. The problem is one that [`ConvProblem::validate`] accepts.
    pub fn forward(problem: ConvProblem, epilogue: Epilogue, mode: ConvMode, isa: Isa) -> Self {
        Self::choose(Direction::Forward, problem, epilogue, mode, isa)
    }

    /// The same for an input gradient.
    pub fn input_gradient(
        problem: ConvProblem,
        epilogue: Epilogue,
        mode: ConvMode,
        isa: Isa,
    ) -> Self {
        Self::choose(Direction::InputGradient, problem, epilogue, mode, isa)
    }

    fn choose(
        direction: Direction,
        problem: ConvProblem,
        epilogue: Epilogue,
        mode: ConvMode,
        isa: Isa,
    ) -> Self {
        let algorithm = Algorithm::choose(&problem, &direction.gather(&problem), mode);
        Self::with_algorithm(algorithm, direction, problem, epilogue, isa)
    }

    /// Takes this algorithm: one of [`Algorithm::candidates`], tiles that suit the kernel and its strides, or bfloat16.
    ///
    /// # Panics
    /// When the algorithm can't compute the problem, or this CPU lacks the instructions.
    pub fn with_algorithm(
        algorithm: Algorithm,
        direction: Direction,
        problem: ConvProblem,
        epilogue: Epilogue,
        isa: Isa,
    ) -> Self {
        algorithm.assert_suits(&problem, isa);
        let plan = GatherPlan::new(algorithm, direction.gather(&problem), epilogue, isa);
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
    /// When a length is not that of the problem's weights, or [`ConvPlan::packed_len`].
    pub fn pack(&self, weights: &[f32], packed: &mut [f32]) {
        assert_eq!(weights.len(), self.problem.weights_len(), "length of the weights");
        self.plan.pack(weights, packed);
    }

    /// Computes the values.
    ///
    /// # Panics
    /// When a length is not the planned one.
    pub fn run(&self, args: ConvArgs<'_>) {
        self.plan.run(args);
    }
}

impl Direction {
    fn gather(self, problem: &ConvProblem) -> Gather {
        match self {
            Self::Forward => Gather::forward(problem),
            Self::InputGradient => Gather::input_gradient(problem),
        }
    }
}

/// A planned gather, by algorithm.
#[derive(Clone, Debug)]
enum GatherPlan {
    Direct(DirectPlan),
    Depthwise(DepthwisePlan),
    Winograd(Box<WinogradPlan>),
    Bf16(Bf16Plan),
}

impl GatherPlan {
    fn new(algorithm: Algorithm, mut gather: Gather, epilogue: Epilogue, isa: Isa) -> Self {
        // What `Pointwise` gains is that places need no coordinates.
        gather.flat &= algorithm != Algorithm::Direct;
        match algorithm {
            Algorithm::Direct | Algorithm::Pointwise => {
                Self::Direct(DirectPlan::new(gather, epilogue, isa))
            }
            Algorithm::Depthwise | Algorithm::Grouped => {
                Self::Depthwise(DepthwisePlan::new(gather, epilogue, isa))
            }
            Algorithm::Winograd(outputs) => {
                let tiles = (outputs, Transformed::WhenPacked);
                Self::Winograd(Box::new(WinogradPlan::new(gather, tiles, epilogue, isa)))
            }
            Algorithm::WinogradOnTheFly(outputs) => {
                let tiles = (outputs, Transformed::WhenUsed);
                Self::Winograd(Box::new(WinogradPlan::new(gather, tiles, epilogue, isa)))
            }
            Algorithm::Bf16 => Self::Bf16(Bf16Plan::new(gather, epilogue, isa)),
        }
    }

    fn packed_len(&self) -> usize {
        match self {
            Self::Direct(plan) => plan.packed_len(),
            Self::Depthwise(plan) => plan.packed_len(),
            Self::Winograd(plan) => plan.packed_len(),
            Self::Bf16(plan) => plan.packed_len(),
        }
    }

    fn pack(&self, weights: &[f32], packed: &mut [f32]) {
        match self {
            Self::Direct(plan) => plan.pack(weights, packed),
            Self::Depthwise(plan) => plan.pack(weights, packed),
            Self::Winograd(plan) => plan.pack(weights, packed),
            Self::Bf16(plan) => plan.pack(weights, packed),
        }
    }

    /// The length of the scratch memory that a run needs.
    fn scratch_len(&self) -> usize {
        match self {
            Self::Winograd(plan) => plan.scratch_len(),
            Self::Direct(_) | Self::Depthwise(_) | Self::Bf16(_) => 0,
        }
    }

    fn run(&self, args: ConvArgs<'_>) {
        match self {
            Self::Direct(plan) => plan.run(args),
            Self::Depthwise(plan) => plan.run(args),
            Self::Winograd(plan) => plan.run(args),
            Self::Bf16(plan) => plan.run(args),
        }
    }
}
