//! What the three convolution ops share: how a kernel moves.

use dichroic_kernels::conv::ConvProblem;

use crate::shape::Shape;

/// How a kernel moves over its input; one entry for each spatial axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Geometry {
    /// Steps between neighbouring outputs.
    pub strides: Vec<usize>,
    /// Distance between neighbouring positions under the kernel.
    pub dilation_rate: Vec<usize>,
    /// Zeros before and after each axis.
    pub padding: Vec<(usize, usize)>,
    /// Groups of channels that don't mix.
    pub groups: usize,
}

impl Geometry {
    /// Stride 1, no dilation, no padding, one group.
    pub fn new(rank: usize) -> Self {
        Self {
            strides: vec![1; rank],
            dilation_rate: vec![1; rank],
            padding: vec![(0, 0); rank],
            groups: 1,
        }
    }

    /// The problem of a convolution whose input is `(batch, spatial…, in_channels)` and whose
    /// weights are `(kernel…, in_channels / groups, filters)`; or the rule that is broken.
    pub(super) fn problem(
        &self,
        input: &[usize],
        weights: &[usize],
    ) -> Result<ConvProblem, String> {
        let rank = self.strides.len();
        if !(1..=3).contains(&rank)
            || self.dilation_rate.len() != rank
            || self.padding.len() != rank
        {
            return Err("strides, dilation_rate and padding need 1, 2 or 3 entries each".into());
        }
        if input.len() != rank + 2 || weights.len() != rank + 2 {
            return Err(format!("input and weights need rank {}", rank + 2));
        }
        if self.groups == 0 || input[rank + 1] != weights[rank].saturating_mul(self.groups) {
            return Err(format!(
                "the input's channels must be the weights' axis {rank} times groups ({})",
                self.groups
            ));
        }
        let problem = ConvProblem {
            batch: input[0],
            in_channels: input[rank + 1],
            filters: weights[rank + 1],
            groups: self.groups,
            input: with_leading(&input[1..=rank], 1),
            kernel: with_leading(&weights[..rank], 1),
            strides: with_leading(&self.strides, 1),
            dilation_rate: with_leading(&self.dilation_rate, 1),
            pad_before: with_leading(&self.sides(|(before, _)| before), 0),
            pad_after: with_leading(&self.sides(|(_, after)| after), 0),
        };
        problem.validate().map_err(|error| error.to_string())?;
        Ok(problem)
    }

    /// The output shape of a problem made by [`Geometry::problem`].
    pub(super) fn output_shape(&self, problem: &ConvProblem) -> Shape {
        let spatial = problem.output();
        std::iter::once(problem.batch)
            .chain(spatial[3 - self.strides.len()..].iter().copied())
            .chain(std::iter::once(problem.filters))
            .collect()
    }

    fn sides(&self, side: impl Fn((usize, usize)) -> usize) -> Vec<usize> {
        self.padding.iter().map(|&pads| side(pads)).collect()
    }
}

/// One to three sizes as three, with `filler` in front.
pub(super) fn with_leading(sizes: &[usize], filler: usize) -> [usize; 3] {
    let mut all = [filler; 3];
    all[3 - sizes.len()..].copy_from_slice(sizes);
    all
}
