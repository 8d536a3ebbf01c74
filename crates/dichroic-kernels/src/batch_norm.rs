//! Batch normalisation: training forward and backward, and inference.
//!
//! Sums over the rows are taken in blocks of rows, cut by the shape: short sums in `f32`, joined in
//! order in `f64`. The variance is that of the deviations from each block's own mean, so that a large
//! mean costs no accuracy.

use crate::elementwise::map::compiled_for;
use crate::elementwise::math::at_least;
use crate::error::{KernelError, count};
use crate::isa::Isa;
use crate::parallel;

mod gradient;
pub mod reference;
#[cfg(test)]
mod tests;

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

    /// Rows in a block: about 64 KiB of values, and enough rows that joining the blocks costs little.
    fn block_rows(&self) -> usize {
        (16_384 / self.channels.max(1)).clamp(32, 2048)
    }

    fn blocks(&self) -> usize {
        self.rows.div_ceil(self.block_rows())
    }

    /// Values in a block.
    fn block_len(&self) -> usize {
        self.block_rows() * self.channels
    }
}

/// Columns treated at once, on the stack.
const WIDTH: usize = 128;

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
        let fold = if channels <= WIDTH / 2 { WIDTH / channels.max(1) } else { 1 };
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
        for c in 0..self.channels {
            let value = per_channel(self.start + c);
            for j in 0..self.fold {
                columns[j * self.channels + c] = value;
            }
        }
        columns
    }

    /// Adds up the rows side by side.
    #[inline(always)]
    fn join(&self, columns: &Columns, mut store: impl FnMut(usize, f64)) {
        for c in 0..self.channels {
            let parts = (0..self.fold).map(|j| f64::from(columns[j * self.channels + c]));
            store(self.start + c, parts.sum());
        }
    }
}

/// What the training forward pass reads and writes.
#[derive(Debug)]
pub struct BatchNormArgs<'a> {
    /// `(rows, channels)`.
    pub x: &'a [f32],
    /// The factor, `(channels)`; 1 where it is absent (Keras: `scale=False`).
    pub gamma: Option<&'a [f32]>,
    /// The offset, `(channels)`; 0 where it is absent (Keras: `center=False`).
    pub beta: Option<&'a [f32]>,
    /// `(rows, channels)`.
    pub y: &'a mut [f32],
    /// The batch's mean, `(channels)`.
    pub mean: &'a mut [f32],
    /// The batch's variance, divided by the number of rows, `(channels)`.
    pub variance: &'a mut [f32],
    /// `1 / √(variance + epsilon)`, `(channels)`.
    pub inv_std: &'a mut [f32],
    /// [`BatchNormForward::scratch_len`] values.
    pub scratch: &'a mut [f32],
}

/// Batch normalisation in training: `y = (x - mean) / √(variance + epsilon) · gamma + beta`, with
/// the mean and variance of this batch.
///
/// # Source
/// Ioffe and Szegedy (2015); `keras.layers.BatchNormalization`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormForward {
    problem: BatchNormProblem,
    isa: Isa,
}

impl BatchNormForward {
    /// Plans for one problem.
    ///
    /// # Errors
    /// [`KernelError::Number`] for a negative epsilon; [`KernelError::TooLarge`] when the values
    /// can't be counted.
    pub fn new(problem: BatchNormProblem, isa: Isa) -> Result<Self, KernelError> {
        problem.validate()?;
        Ok(Self { problem, isa })
    }

    /// The number of scratch values that a run needs: a mean and a sum of squares for each block.
    pub fn scratch_len(&self) -> usize {
        2 * self.problem.blocks() * self.problem.channels
    }

    /// Normalises.
    ///
    /// # Panics
    /// When a length is not that of the problem.
    pub fn run(&self, args: BatchNormArgs<'_>) {
        let BatchNormArgs { x, gamma, beta, y, mean, variance, inv_std, scratch } = args;
        let p = &self.problem;
        let channels = p.channels;
        assert_eq!(x.len(), p.len(), "the input's length must be that of the problem");
        assert_eq!(y.len(), p.len(), "the output's length must be that of the problem");
        check_channels(channels, &[Some(mean), Some(variance), Some(inv_std), gamma, beta]);
        if channels == 0 {
            return;
        }
        let scratch = &mut scratch[..self.scratch_len()];
        parallel::for_each_chunk(scratch, 2 * channels, p.block_len() / 4, |block, moments| {
            let rows = x.chunks(p.block_len()).nth(block).unwrap_or_default();
            compiled_for(
                self.isa,
                #[inline(always)]
                || block_moments(rows, channels, moments),
            );
        });
        for c in 0..channels {
            let blocks = || scratch.chunks_exact(2 * channels).zip(x.chunks(p.block_len()));
            let rows = |x: &[f32]| (x.len() / channels) as f64;
            let total: f64 = blocks().map(|(m, x)| f64::from(m[c]) * rows(x)).sum();
            let center = total / p.rows as f64;
            // Chan et al. (1983): the blocks' own deviations, and those of their means.
            let squares: f64 = blocks()
                .map(|(m, x)| {
                    f64::from(m[channels + c]) + (f64::from(m[c]) - center).powi(2) * rows(x)
                })
                .sum();
            mean[c] = center as f32;
            variance[c] = (squares / p.rows as f64) as f32;
            inv_std[c] = (1.0 / (squares / p.rows as f64 + f64::from(p.epsilon)).sqrt()) as f32;
        }
        normalise(p, self.isa, x, y, &PerChannel { mean, inv_std, gamma, beta });
    }
}

/// The mean of each column, then the sum of its squared deviations.
#[inline(always)]
fn block_moments(x: &[f32], channels: usize, moments: &mut [f32]) {
    let (means, squares) = moments.split_at_mut(channels);
    let rows = (x.len() / channels) as f64;
    for strip in Strip::all(channels) {
        let mut sums: Columns = [0.0; WIDTH];
        for x in strip.rows(x, channels) {
            for (sum, &x) in sums.iter_mut().zip(x) {
                *sum += x;
            }
        }
        strip.join(&sums, |c, sum| means[c] = (sum / rows) as f32);
        let center = strip.spread(|c| means[c]);
        let mut sums: Columns = [0.0; WIDTH];
        for x in strip.rows(x, channels) {
            for ((sum, &x), &center) in sums.iter_mut().zip(x).zip(&center) {
                *sum += (x - center) * (x - center);
            }
        }
        strip.join(&sums, |c, sum| squares[c] = sum as f32);
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
fn normalise(p: &BatchNormProblem, isa: Isa, x: &[f32], y: &mut [f32], per: &PerChannel<'_>) {
    let len = p.block_len();
    parallel::for_each_chunk(y, len, len / 4, |block, y| {
        let x = &x[block * len..][..y.len()];
        compiled_for(
            isa,
            #[inline(always)]
            || {
                for strip in Strip::all(p.channels) {
                    let mean = strip.spread(|c| per.mean[c]);
                    let scale = strip.spread(|c| per.scale(c));
                    let offset = strip.spread(|c| per.offset(c));
                    let rows = strip.rows(x, p.channels).zip(strip.rows_mut(y, p.channels));
                    for (x, y) in rows {
                        let columns = mean.iter().zip(&scale).zip(&offset);
                        for ((y, &x), ((&mean, &scale), &offset)) in
                            y.iter_mut().zip(x).zip(columns)
                        {
                            let value = (x - mean) * scale + offset;
                            *y = match p.then {
                                Then::Nothing => value,
                                Then::Relu => at_least(value, 0.0),
                            };
                        }
                    }
                }
            },
        );
    });
}

fn check_channels(channels: usize, slices: &[Option<&[f32]>]) {
    for slice in slices.iter().flatten() {
        assert_eq!(slice.len(), channels, "there must be one value for each channel");
    }
}

/// What inference reads and writes.
#[derive(Debug)]
pub struct BatchNormInferenceArgs<'a> {
    /// `(rows, channels)`.
    pub x: &'a [f32],
    /// The factor, `(channels)`; 1 where it is absent.
    pub gamma: Option<&'a [f32]>,
    /// The offset, `(channels)`; 0 where it is absent.
    pub beta: Option<&'a [f32]>,
    /// The moving mean, `(channels)`.
    pub mean: &'a [f32],
    /// The moving variance, `(channels)`.
    pub variance: &'a [f32],
    /// `(rows, channels)`.
    pub y: &'a mut [f32],
    /// [`BatchNormInference::scratch_len`] values.
    pub scratch: &'a mut [f32],
}

/// Batch normalisation in inference: as in training, with the moving mean and variance.
///
/// Where a convolution comes before it, its weights are better scaled once and for all.
///
/// # Source
/// `keras.layers.BatchNormalization`, `training=False`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormInference {
    problem: BatchNormProblem,
    isa: Isa,
}

impl BatchNormInference {
    /// Plans for one problem.
    ///
    /// # Errors
    /// Those of [`BatchNormForward::new`].
    pub fn new(problem: BatchNormProblem, isa: Isa) -> Result<Self, KernelError> {
        problem.validate()?;
        Ok(Self { problem, isa })
    }

    /// The number of scratch values that a run needs: the inverse deviations.
    pub fn scratch_len(&self) -> usize {
        self.problem.channels
    }

    /// Normalises.
    ///
    /// # Panics
    /// When a length is not that of the problem.
    pub fn run(&self, args: BatchNormInferenceArgs<'_>) {
        let BatchNormInferenceArgs { x, gamma, beta, mean, variance, y, scratch } = args;
        let p = &self.problem;
        assert_eq!(x.len(), p.len(), "the input's length must be that of the problem");
        assert_eq!(y.len(), p.len(), "the output's length must be that of the problem");
        check_channels(p.channels, &[Some(mean), Some(variance), gamma, beta]);
        if p.channels == 0 {
            return;
        }
        let inv_std = &mut scratch[..p.channels];
        for (inv_std, &variance) in inv_std.iter_mut().zip(variance) {
            *inv_std = (1.0 / (f64::from(variance) + f64::from(p.epsilon)).sqrt()) as f32;
        }
        normalise(p, self.isa, x, y, &PerChannel { mean, inv_std, gamma, beta });
    }
}
