//! Batch normalisation in training, forward and backward. In inference it is a scale and a shift.
//!
//! Sums over the rows are taken in blocks of rows, cut by the shape: short sums in `f32`, joined in
//! order in `f64`. The variance is that of the deviations from each block's own mean, so that a large
//! mean costs no accuracy.

use crate::elementwise::map::compiled_for;
use crate::elementwise::math::at_least;
use crate::error::{KernelError, count};
use crate::isa::Isa;
use crate::parallel;

mod forward;
mod gradient;
pub mod reference;
#[cfg(test)]
mod tests;

pub use forward::{BatchNormArgs, BatchNormForward};
pub use gradient::{BatchNormGradient, BatchNormGradientArgs};

/// The sizes and constants of one batch normalisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormProblem {
    /// All axes but the channels: batch, and the place in space.
    pub rows: usize,
    /// The channels, each normalised by itself.
    pub channels: usize,
    /// What is added to the variance (Keras: 1e-3).
    pub epsilon: f32,
    /// What is done to the normalised value.
    pub then: Then,
}

/// What follows a normalisation in the same pass over memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Then {
    /// Nothing.
    Nothing,
    /// `max(y, 0)`.
    Relu,
    /// `y + residual`.
    Add,
    /// `max(y + residual, 0)`: the end of a residual block.
    AddThenRelu,
}

impl Then {
    /// Whether another tensor is added.
    pub fn adds(self) -> bool {
        matches!(self, Then::Add | Then::AddThenRelu)
    }

    /// What a value is at least.
    fn floor(self) -> f32 {
        match self {
            Then::Nothing | Then::Add => f32::NEG_INFINITY,
            Then::Relu | Then::AddThenRelu => 0.0,
        }
    }
}

/// What is added to the normalised value.
#[derive(Clone, Copy)]
enum Added<'a> {
    Nothing,
    Values(&'a [f32]),
    /// What the output holds.
    Output,
}

impl BatchNormProblem {
    fn validate(&self) -> Result<(), KernelError> {
        const KERNEL: &str = "batch normalisation";
        if self.epsilon.is_nan() || self.epsilon < 0.0 {
            let (what, rule, received) = ("epsilon", "0 or more", self.epsilon.into());
            return Err(KernelError::Number { kernel: KERNEL, what, rule, received });
        }
        count(KERNEL, &[self.rows, self.channels])?;
        Ok(())
    }

    fn len(&self) -> usize {
        self.rows * self.channels
    }

    /// Rows in a block: about 128 KiB of values, and enough rows that joining the blocks costs little.
    fn block_rows(&self) -> usize {
        (32_768 / self.channels.max(1)).clamp(32, 2048)
    }

    fn blocks(&self) -> usize {
        self.rows.div_ceil(self.block_rows())
    }

    /// The rows of one of the blocks; the last may have fewer.
    fn rows_of(&self, block: usize) -> f64 {
        let rows = self.block_rows();
        rows.min(self.rows - block * rows) as f64
    }

    /// Values in a block.
    fn block_len(&self) -> usize {
        self.block_rows() * self.channels
    }
}

/// Columns treated at once, on the stack. With 512, rows of up to 512 channels are read as they lie in
/// memory; in strips of 128 the gradient of (25088, 256) came to 11 GB/s, that of (25088, 64) to 30.
const WIDTH: usize = 512;
/// Columns that rows side by side come to, where channels are few.
const FOLDED: usize = 128;

/// A group of channels that is walked together, with `fold` rows side by side where channels are few.
#[derive(Clone, Copy)]
struct Strip {
    start: usize,
    channels: usize,
    fold: usize,
}

/// One value for each column of a strip.
type Columns = [f32; WIDTH];

impl Strip {
    /// The strips that cover all channels.
    #[inline(always)]
    fn all(channels: usize) -> impl Iterator<Item = Strip> {
        let fold = if channels <= FOLDED / 2 { FOLDED / channels.max(1) } else { 1 };
        (0..channels).step_by(WIDTH).map(move |start| Strip {
            start,
            channels: WIDTH.min(channels - start),
            fold,
        })
    }

    /// The strip's part of each `fold` rows.
    #[inline(always)]
    fn rows<'a>(&self, x: &'a [f32], channels: usize) -> impl Iterator<Item = &'a [f32]> {
        let (start, width) = (self.start, self.channels * self.fold);
        x.chunks(channels * self.fold).map(move |x| &x[start..x.len().min(start + width)])
    }

    /// As [`Strip::rows`], to be written.
    #[inline(always)]
    fn rows_mut<'a>(
        &self,
        x: &'a mut [f32],
        channels: usize,
    ) -> impl Iterator<Item = &'a mut [f32]> {
        let (start, width) = (self.start, self.channels * self.fold);
        x.chunks_mut(channels * self.fold).map(move |x| {
            let end = x.len().min(start + width);
            &mut x[start..end]
        })
    }

    /// The strip's part of one value for each channel, repeated for the rows side by side.
    #[inline(always)]
    fn spread(&self, per_channel: impl Fn(usize) -> f32) -> Columns {
        let mut columns = [0.0; WIDTH];
        let (own, others) = columns.split_at_mut(self.channels);
        for (c, value) in own.iter_mut().enumerate() {
            *value = per_channel(self.start + c);
        }
        for copy in others.chunks_exact_mut(self.channels).take(self.fold - 1) {
            copy.copy_from_slice(own);
        }
        columns
    }

    /// Adds each block's values, weighed by the rows of the block, to `totals`, block after block.
    #[inline(always)]
    fn total<'a>(
        &self,
        blocks: impl Iterator<Item = &'a [f32]>,
        weigh: impl Fn(usize, usize, f64) -> f64,
    ) -> [f64; WIDTH] {
        let mut totals = [0.0; WIDTH];
        for (block, values) in blocks.enumerate() {
            let columns = totals[..self.channels].iter_mut().zip(&values[self.start..]);
            for (c, (total, &value)) in columns.enumerate() {
                *total += weigh(block, c, f64::from(value));
            }
        }
        totals
    }

    /// Adds up the rows side by side.
    #[inline(always)]
    fn join(&self, columns: &Columns, mut store: impl FnMut(usize, f64)) {
        let mut sums = [0.0; WIDTH];
        for row in columns.chunks_exact(self.channels).take(self.fold) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += f64::from(value);
            }
        }
        for (c, &sum) in sums[..self.channels].iter().enumerate() {
            store(self.start + c, sum);
        }
    }
}

/// What a normalisation takes for each channel.
#[derive(Clone, Copy)]
struct PerChannel<'a> {
    mean: &'a [f32],
    inv_std: &'a [f32],
    gamma: Option<&'a [f32]>,
    beta: Option<&'a [f32]>,
}

impl PerChannel<'_> {
    #[inline(always)]
    fn scale(&self, c: usize) -> f32 {
        self.inv_std[c] * self.gamma.map_or(1.0, |gamma| gamma[c])
    }

    #[inline(always)]
    fn offset(&self, c: usize) -> f32 {
        self.beta.map_or(0.0, |beta| beta[c])
    }
}

/// `y = (x - mean) · scale + offset`, and what follows.
fn normalise(
    (p, isa): (&BatchNormProblem, Isa),
    x: &[f32],
    added: Added<'_>,
    y: &mut [f32],
    per: &PerChannel<'_>,
) {
    let len = p.block_len();
    parallel::for_each_chunk(y, len, len / 4, |block, y| {
        let range = block * len..block * len + y.len();
        let x = &x[range.clone()];
        compiled_for(
            isa,
            #[inline(always)]
            || match added {
                Added::Nothing => normalise_block(p, (x, x), y, per, |value, _, _| value),
                Added::Values(values) => {
                    normalise_block(p, (x, &values[range]), y, per, |value, added, _| value + added)
                }
                Added::Output => normalise_block(p, (x, x), y, per, |value, _, y| value + y),
            },
        );
    });
}

/// `finish` gets the normalised value, what stands beside `x`, and what `y` held.
#[inline(always)]
fn normalise_block(
    p: &BatchNormProblem,
    (x, beside): (&[f32], &[f32]),
    y: &mut [f32],
    per: &PerChannel<'_>,
    finish: impl Fn(f32, f32, f32) -> f32,
) {
    let floor = p.then.floor();
    for strip in Strip::all(p.channels) {
        let mean = strip.spread(|c| per.mean[c]);
        let scale = strip.spread(|c| per.scale(c));
        let offset = strip.spread(|c| per.offset(c));
        let inputs = strip.rows(x, p.channels).zip(strip.rows(beside, p.channels));
        for ((x, beside), y) in inputs.zip(strip.rows_mut(y, p.channels)) {
            let columns = mean.iter().zip(&scale).zip(&offset);
            let values = y.iter_mut().zip(x).zip(beside);
            for (((y, &x), &beside), ((&mean, &scale), &offset)) in values.zip(columns) {
                *y = at_least(finish((x - mean) * scale + offset, beside, *y), floor);
            }
        }
    }
}

fn check_channels(channels: usize, slices: &[Option<&[f32]>]) {
    for slice in slices.iter().flatten() {
        assert_eq!(slice.len(), channels, "there must be one value for each channel");
    }
}
