//! Convolution in one, two and three directions: forward, and the gradients of input and weights.
//!
//! A [`ConvProblem`] says what is asked for. A plan ([`ConvPlan`] forward and for the input gradient,
//! [`ConvWeightGradient`]) chooses the [`Algorithm`] for its shape and the instruction set, says what
//! memory it needs, and then runs any number of times without allocating.

mod bf16;
mod blocks;
mod depthwise;
mod direct;
mod epilogue;
mod finish;
mod gather;
mod places;
mod plan;
mod problem;
pub mod reference;
mod shape;
mod spaced;
mod stage;
#[cfg(test)]
mod tests;
mod tile;
mod weight_direct;
mod weight_gradient;
mod weight_tile;
mod weight_units;
mod winograd;
mod zones;

use std::fmt;

pub use epilogue::{Epilogue, OutputChannels, Residual};
pub use plan::{ConvPlan, Direction};
pub use problem::{ConvError, ConvProblem};
pub use weight_gradient::ConvWeightGradient;

use self::gather::Gather;
use crate::isa::Isa;

/// Channels of a group that fill a vector, so that groups one by one are as fast.
const FULL_GROUP: usize = 16;

/// How a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// A register tile of output places × filters, summed over taps and channels; no intermediate copy.
    Direct,
    /// One tap of stride 1 without padding: a matrix product on the tensor as it lies.
    Pointwise,
    /// One filter for each channel: vectors over the channels.
    Depthwise,
    /// Few channels for each group, or several filters for each channel: vectors over the channels of several
    /// groups.
    Grouped,
    /// Winograd's tiles of so many outputs along depth, height and width, in one direction or two: for a 3×3
    /// kernel tiles of 4×4 need a quarter of the multiplications, of 2×2 four ninths. With strides each residue class of taps
    /// is a kernel of its own.
    Winograd([usize; 3]),
    /// The same with weights that are transformed each time they are used: where tiles are few, reading transformed weights
    /// takes longer than to transform them.
    WinogradOnTheFly([usize; 3]),
    /// As `Direct`, with both operands rounded to bfloat16 and sums in `f32`.
    Bf16,
}

impl Algorithm {
    /// The algorithms that can compute this problem in full precision, the one that plans choose first.
    pub fn candidates(problem: &ConvProblem) -> &'static [Algorithm] {
        let p = problem;
        let ones = [1; 3];
        if p.groups > 1 && p.groups == p.in_channels && p.filters == p.groups {
            &[Algorithm::Depthwise, Algorithm::Direct]
        } else if p.groups > 1 && p.in_channels.min(p.filters) > 0 {
            if p.group_channels().max(p.group_filters()) < FULL_GROUP {
                &[Algorithm::Grouped, Algorithm::Direct]
            } else {
                &[Algorithm::Direct, Algorithm::Grouped]
            }
        } else if (p.kernel, p.strides) == (ones, ones)
            && (p.pad_before, p.pad_after) == ([0; 3], [0; 3])
        {
            &[Algorithm::Pointwise, Algorithm::Direct]
        } else {
            &[Algorithm::Direct]
        }
    }

    /// The algorithm that plans take for this gather of the problem in this mode.
    fn choose(problem: &ConvProblem, gather: &Gather, mode: ConvMode) -> Self {
        let (plain, mode) = match mode {
            ConvMode::Exact => return Self::candidates(problem)[0],
            ConvMode::Bf16 | ConvMode::Bf16Prepared if bf16::suits(problem) => {
                (Algorithm::Bf16, mode)
            }
            _ => (Self::candidates(problem)[0], ConvMode::Fast),
        };
        winograd::choose(gather, mode).unwrap_or(plain)
    }

    /// # Panics
    /// When this algorithm can't compute the problem, the problem is none, or this CPU lacks the
    /// instructions: layouts depend on the lanes, so that another set can't step in.
    fn assert_suits(self, problem: &ConvProblem, isa: Isa) {
        assert!(isa.is_available(), "this CPU has no {isa}");
        assert_eq!(problem.validate(), Ok(()), "the problem must be a valid one");
        let suits = match self {
            Algorithm::Bf16 => bf16::suits(problem),
            // Which tiles suit depends on the direction; the plan asks.
            Algorithm::Winograd(_) | Algorithm::WinogradOnTheFly(_) => true,
            _ => Self::candidates(problem).contains(&self),
        };
        assert!(suits, "{self} can't compute {problem:?}");
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Algorithm::Direct => "direct",
            Algorithm::Pointwise => "pointwise",
            Algorithm::Depthwise => "depthwise",
            Algorithm::Grouped => "grouped",
            Algorithm::Winograd([1, rows, columns]) => {
                return write!(f, "winograd {rows}x{columns}");
            }
            Algorithm::Winograd([depth, rows, columns]) => {
                return write!(f, "winograd {depth}x{rows}x{columns}");
            }
            Algorithm::WinogradOnTheFly(outputs) => {
                return write!(f, "{} on the fly", Algorithm::Winograd(outputs));
            }
            Algorithm::Bf16 => "direct bf16",
        })
    }
}

/// Whether a plan may trade a little accuracy for speed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ConvMode {
    /// Each output value is the plain sum of its products.
    Exact,
    /// Algorithms with fewer multiplications and slightly larger rounding errors are allowed.
    #[default]
    Fast,
    /// Both operands may be rounded to bfloat16 (8 bits of precision); sums stay in `f32`. Where that does
    /// not pay, or fewer multiplications in `f32` are faster, as `Fast`.
    Bf16,
    /// As `Bf16`, for weights that are packed once for many runs: fewer multiplications may have larger weights, and an error
    /// of up to 4 × 10⁻⁴ of the root mean square of the results. Rounded operands have 10⁻².
    Bf16Prepared,
}

/// The values of one run.
///
/// For [`Direction::InputGradient`] the input is the output's gradient and the output the input's gradient.
#[derive(Debug)]
pub struct ConvArgs<'a> {
    /// The values convolved.
    pub input: &'a [f32],
    /// The weights as `pack` wrote them.
    pub packed: &'a [f32],
    /// One value per output channel, exactly when the [`Epilogue`] has a bias.
    pub bias: Option<&'a [f32]>,
    /// Values as many as those computed, exactly for [`Residual::Separate`].
    pub residual: Option<&'a [f32]>,
    /// Values as many as those computed, or wider rows ([`OutputChannels::Range`]). What it held before
    /// matters only to [`Residual::InPlace`].
    pub output: &'a mut [f32],
    /// `scratch_len` values, whatever they are.
    pub scratch: &'a mut [f32],
}
