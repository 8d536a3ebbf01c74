//! Batch normalisation in training: the statistics of the batch, then the normalised values.

use super::{
    Added, BatchNormProblem, Columns, PerChannel, Strip, WIDTH, check_channels, normalise,
};
use crate::elementwise::map::compiled_for;
use crate::error::KernelError;
use crate::isa::Isa;
use crate::parallel;

/// What the training forward pass reads and writes.
#[derive(Debug)]
pub struct BatchNormArgs<'a> {
    /// `(rows, channels)`.
    pub x: &'a [f32],
    /// The factor, `(channels)`; 1 where it is absent (Keras: `scale=False`).
    pub gamma: Option<&'a [f32]>,
    /// The offset, `(channels)`; 0 where it is absent (Keras: `center=False`).
    pub beta: Option<&'a [f32]>,
    /// What [`Then::Add`](super::Then::Add) adds, `(rows, channels)`; where it is absent, what `y` holds.
    pub residual: Option<&'a [f32]>,
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
        let BatchNormArgs { x, gamma, beta, residual, y, mean, variance, inv_std, scratch } = args;
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
        compiled_for(
            self.isa,
            #[inline(always)]
            || join_moments(p, scratch, (mean, variance, inv_std)),
        );
        let added = match residual {
            _ if !p.then.adds() => Added::Nothing,
            Some(residual) => Added::Values(residual),
            None => Added::Output,
        };
        let per = PerChannel { mean, inv_std, gamma, beta };
        normalise((p, self.isa), x, added, y, &per);
    }
}

/// The moments of all rows from those of the blocks.
///
/// Block after block with the channels side by side: channel after channel, as it was before, the
/// joining of a large tensor's blocks took as long as a pass over the tensor.
#[inline(always)]
fn join_moments(
    p: &BatchNormProblem,
    scratch: &[f32],
    (mean, variance, inv_std): (&mut [f32], &mut [f32], &mut [f32]),
) {
    let (channels, rows) = (p.channels, p.rows as f64);
    let means = || scratch.chunks_exact(2 * channels).map(|moments| &moments[..channels]);
    let squares = || scratch.chunks_exact(2 * channels).map(|moments| &moments[channels..]);
    for strip in Strip::all(channels) {
        let mut centers = strip.total(means(), |block, _, mean| mean * p.rows_of(block));
        centers.iter_mut().for_each(|center| *center /= rows);
        // Chan et al. (1983): the blocks' own deviations, and those of their means.
        let own = strip.total(squares(), |_, _, squares| squares);
        let between = strip.total(means(), |block, c, mean| {
            (mean - centers[c]) * (mean - centers[c]) * p.rows_of(block)
        });
        for c in 0..strip.channels {
            let spread = (own[c] + between[c]) / rows;
            mean[strip.start + c] = centers[c] as f32;
            variance[strip.start + c] = spread as f32;
            inv_std[strip.start + c] = (1.0 / (spread + f64::from(p.epsilon)).sqrt()) as f32;
        }
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
