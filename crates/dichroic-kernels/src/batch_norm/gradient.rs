//! The gradient of batch normalisation in training.

use super::{BatchNormProblem, Columns, PerChannel, Strip, Then, WIDTH, check_channels};
use crate::elementwise::map::compiled_for;
use crate::elementwise::math::select;
use crate::error::KernelError;
use crate::isa::Isa;
use crate::parallel;

/// What the gradient reads and writes.
#[derive(Debug)]
pub struct BatchNormGradientArgs<'a> {
    /// The forward pass's input, `(rows, channels)`.
    pub x: &'a [f32],
    /// The output's gradient, `(rows, channels)`; where it is absent, what `dx` holds.
    pub dy: Option<&'a [f32]>,
    /// As in the forward pass.
    pub gamma: Option<&'a [f32]>,
    /// As in the forward pass; looked at for [`Then::Relu`] only.
    pub beta: Option<&'a [f32]>,
    /// The mean that the forward pass wrote.
    pub mean: &'a [f32],
    /// The inverse deviation that the forward pass wrote.
    pub inv_std: &'a [f32],
    /// The input's gradient, `(rows, channels)`.
    pub dx: &'a mut [f32],
    /// The factor's gradient, `(channels)`; written even where there is no factor.
    pub dgamma: &'a mut [f32],
    /// The offset's gradient, `(channels)`; written even where there is no offset.
    pub dbeta: &'a mut [f32],
    /// [`BatchNormGradient::scratch_len`] values.
    pub scratch: &'a mut [f32],
}

/// The gradient of batch normalisation in training, through the batch's mean and variance.
///
/// With `x̂ = (x - mean) · inv_std`: `dbeta = Σ dy`, `dgamma = Σ dy · x̂` and
/// `dx = gamma · inv_std · (dy - dbeta / rows - x̂ · dgamma / rows)`.
///
/// For [`Then::Relu`] `dy` counts where the normalised value, computed anew from `x`, is above 0. What
/// [`Then::Add`] adds changes nothing here: `dy` is then its gradient too, and for
/// [`Then::AddThenRelu`] that is the gradient before the ReLU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormGradient {
    problem: BatchNormProblem,
    isa: Isa,
}

impl BatchNormGradient {
    /// Plans for one problem.
    ///
    /// # Errors
    /// Those of [`super::BatchNormForward::new`].
    pub fn new(problem: BatchNormProblem, isa: Isa) -> Result<Self, KernelError> {
        problem.validate()?;
        Ok(Self { problem, isa })
    }

    /// The number of scratch values that a run needs: two sums for each block and channel.
    pub fn scratch_len(&self) -> usize {
        2 * self.problem.blocks() * self.problem.channels
    }

    /// Writes the three gradients.
    ///
    /// # Panics
    /// When a length is not that of the problem.
    pub fn run(&self, args: BatchNormGradientArgs<'_>) {
        let BatchNormGradientArgs { x, dy, gamma, beta, mean, inv_std, dx, dgamma, dbeta, scratch } =
            args;
        let p = &self.problem;
        let channels = p.channels;
        for len in [x.len(), dy.map_or(x.len(), <[f32]>::len), dx.len()] {
            assert_eq!(len, p.len(), "every length must be that of the problem");
        }
        check_channels(
            channels,
            &[Some(mean), Some(inv_std), gamma, beta, Some(dgamma), Some(dbeta)],
        );
        if channels == 0 {
            return;
        }
        let per = PerChannel { mean, inv_std, gamma, beta };
        let len = p.block_len();
        let scratch = &mut scratch[..self.scratch_len()];
        let given: &[f32] = dy.unwrap_or(dx);
        parallel::for_each_chunk(scratch, 2 * channels, len / 4, |block, sums| {
            let range = block * len..x.len().min(block * len + len);
            compiled_for(
                self.isa,
                #[inline(always)]
                || block_sums(p, (&x[range.clone()], &given[range]), &per, sums),
            );
        });
        compiled_for(
            self.isa,
            #[inline(always)]
            || join_sums(channels, scratch, (dgamma, dbeta)),
        );
        let (dgamma, dbeta): (&[f32], &[f32]) = (dgamma, dbeta);
        parallel::for_each_chunk(dx, len, len / 2, |block, dx| {
            let range = block * len..block * len + dx.len();
            let (x, dy) = (&x[range.clone()], dy.map(|dy| &dy[range]));
            compiled_for(
                self.isa,
                #[inline(always)]
                || match dy {
                    Some(dy) => block_gradient(p, (x, dy, dx), &per, (dgamma, dbeta), |dy, _| dy),
                    None => block_gradient(p, (x, x, dx), &per, (dgamma, dbeta), |_, dx| dx),
                },
            );
        });
    }
}

/// The sums of all blocks, block after block with the channels side by side.
#[inline(always)]
fn join_sums(channels: usize, scratch: &[f32], (dgamma, dbeta): (&mut [f32], &mut [f32])) {
    for strip in Strip::all(channels) {
        for (sums, place) in [(&mut *dbeta, 0), (&mut *dgamma, channels)] {
            let blocks = scratch.chunks_exact(2 * channels).map(|sums| &sums[place..]);
            let total = strip.total(blocks, |_, _, sum| sum);
            for (sum, &total) in sums[strip.start..].iter_mut().zip(&total[..strip.channels]) {
                *sum = total as f32;
            }
        }
    }
}

/// The output's gradient before what follows the normalisation.
#[inline(always)]
fn masked(then: Then, dy: f32, normalised: f32) -> f32 {
    match then {
        Then::Nothing | Then::Add | Then::AddThenRelu => dy,
        Then::Relu => select(normalised > 0.0, dy, 0.0),
    }
}

/// `Σ dy` of each column, then `Σ dy · x̂`.
#[inline(always)]
fn block_sums(
    p: &BatchNormProblem,
    (x, dy): (&[f32], &[f32]),
    per: &PerChannel<'_>,
    sums: &mut [f32],
) {
    let (of_dy, of_product) = sums.split_at_mut(p.channels);
    for strip in Strip::all(p.channels) {
        let mean = strip.spread(|c| per.mean[c]);
        let scale = strip.spread(|c| per.scale(c));
        let offset = strip.spread(|c| per.offset(c));
        let mut first: Columns = [0.0; WIDTH];
        let mut second: Columns = [0.0; WIDTH];
        for (x, dy) in strip.rows(x, p.channels).zip(strip.rows(dy, p.channels)) {
            let columns = mean.iter().zip(&scale).zip(&offset);
            let sums = first.iter_mut().zip(&mut second);
            for (((sums, &x), &dy), ((&mean, &scale), &offset)) in sums.zip(x).zip(dy).zip(columns)
            {
                let deviation = x - mean;
                let dy = masked(p.then, dy, deviation * scale + offset);
                *sums.0 += dy;
                *sums.1 += dy * deviation;
            }
        }
        strip.join(&first, |c, sum| of_dy[c] = sum as f32);
        strip.join(&second, |c, sum| of_product[c] = (sum * f64::from(per.inv_std[c])) as f32);
    }
}

/// `dx` of one block; `gradient` gets what stands in place of `dy`, and what `dx` held.
#[inline(always)]
fn block_gradient(
    p: &BatchNormProblem,
    (x, dy, dx): (&[f32], &[f32], &mut [f32]),
    per: &PerChannel<'_>,
    (dgamma, dbeta): (&[f32], &[f32]),
    gradient: impl Fn(f32, f32) -> f32,
) {
    let rows = p.rows as f32;
    for strip in Strip::all(p.channels) {
        let mean = strip.spread(|c| per.mean[c]);
        let scale = strip.spread(|c| per.scale(c));
        let offset = strip.spread(|c| per.offset(c));
        let mean_dy = strip.spread(|c| dbeta[c] / rows);
        let slope = strip.spread(|c| per.inv_std[c] * (dgamma[c] / rows));
        let inputs = strip.rows(x, p.channels).zip(strip.rows(dy, p.channels));
        for ((x, dy), dx) in inputs.zip(strip.rows_mut(dx, p.channels)) {
            let columns = mean.iter().zip(&scale).zip(&offset).zip(&mean_dy).zip(&slope);
            for (((dx, &x), &dy), ((((&mean, &scale), &offset), &mean_dy), &slope)) in
                dx.iter_mut().zip(x).zip(dy).zip(columns)
            {
                let deviation = x - mean;
                let dy = masked(p.then, gradient(dy, *dx), deviation * scale + offset);
                *dx = scale * (dy - mean_dy - deviation * slope);
            }
        }
    }
}
