//! Convolution with bfloat16 operands: both are rounded to the nearest bfloat16, products are summed
//! in `f32`.
//!
//! AVX512-BF16 multiplies and adds two pairs of bfloat16 in each lane, so that the same instruction
//! count does twice the products. A pair is two neighbouring source channels, one *word*
//! ([`crate::simd::bf16`]); an odd number of channels is filled up with a zero.
//!
//! ```text
//! source, f32 ──stage──► words, with zeros for the padding ──tile──► sums, f32
//!                        (task's own 160 KiB: stays in the second cache)
//! ```
//!
//! A task owns a band of destination places. It rounds the source values that they gather from into its
//! own memory (`stage`), where padding is written out and every tap lies at the same distance from its
//! place, and then runs all its blocks of filters over them (`tile`).
//!
//! Error: a product of two rounded values is off by at most 2⁻⁷ of itself, a sum of n random ones by about
//! 2⁻⁸ of its root mean square × √n.

mod band;
mod plan;
mod run;
mod spaced;
mod stage;
#[cfg(test)]
mod tests;
mod tile;

pub(super) use plan::Bf16Plan;

use super::ConvProblem;

/// Channels and filters of a group below which bfloat16 does not pay: pairs and lanes stay empty.
const FEWEST_CHANNELS: usize = 2;
const FEWEST_FILTERS: usize = 8;

/// True when convolution with bfloat16 operands is worth it, and its memory suffices.
pub(super) fn suits(p: &ConvProblem) -> bool {
    let extent = |axis: usize| (p.kernel[axis] - 1).saturating_mul(p.dilation_rate[axis]) + 1;
    let volume = extent(0).saturating_mul(extent(1)).saturating_mul(extent(2));
    let narrow = p.groups > 1 && p.group_channels().min(p.group_filters()) < FEWEST_FILTERS;
    volume <= band::MOST_VOLUME && p.group_channels() >= FEWEST_CHANNELS && !narrow
}
