//! Which input values meet which weights: plain loops over the kernel, as the definition says.

use dichroic_graph::kernels::tensor::Tensor;

use super::{ChannelTrace, Grid, channels_of};
use crate::layers::{Convolution, Sharing};

/// A convolution with the numbers it works on.
pub(super) struct Place<'a> {
    pub(super) convolution: &'a Convolution,
    /// The first item that the layer reads, with a batch axis of 1.
    pub(super) input: &'a Tensor,
    /// Kernel and bias; depthwise kernel, pointwise kernel and bias.
    pub(super) weights: &'a [&'a Tensor],
}

impl Place<'_> {
    /// What each input channel that the filter sees adds at a position of the output.
    pub(super) fn channels(&self, filter: usize, at: &[usize]) -> Vec<ChannelTrace> {
        let multiplier = self.multiplier();
        channels_of(self.convolution, filter, multiplier)
            .map(|seen| match self.convolution.sharing {
                // A separable filter sees the results of the first stage; each belongs to an input channel.
                Sharing::Separable => {
                    let (channel, own) = (seen / multiplier, seen % multiplier);
                    let weight = self.pointwise(seen, filter);
                    let mut traced = self.channel(channel, (channel, own), at);
                    traced.pointwise_weight = Some(weight);
                    traced.adds = traced.sum * f64::from(weight);
                    traced
                }
                _ => self.channel(seen, self.kernel_place(seen, filter), at),
            })
            .collect()
    }

    /// The filter's bias.
    pub(super) fn bias(&self, filter: usize) -> Option<f32> {
        if !self.convolution.bias {
            return None;
        }
        self.weights.last()?.data().get(filter).copied()
    }

    /// Filters that each input channel has in a depthwise kernel: its last axis.
    fn multiplier(&self) -> usize {
        match self.convolution.sharing {
            Sharing::Depthwise | Sharing::Separable => {
                self.weights.first().and_then(|kernel| kernel.shape().last()).copied().unwrap_or(1)
            }
            _ => 1,
        }
    }

    /// Where the kernel of a channel and a filter lies on the last two axes of the weights.
    fn kernel_place(&self, channel: usize, filter: usize) -> (usize, usize) {
        match self.convolution.sharing {
            Sharing::AcrossInputChannels => (0, filter),
            Sharing::Depthwise => (channel, filter % self.multiplier()),
            Sharing::Grouped => {
                (channel % (self.convolution.in_channels / self.convolution.groups), filter)
            }
            // A transposed kernel lies (kernel…, filters, in_channels).
            Sharing::None if self.convolution.window.transposed => (filter, channel),
            Sharing::None | Sharing::Separable => (channel, filter),
        }
    }

    fn pointwise(&self, middle: usize, filter: usize) -> f32 {
        let index = middle * self.convolution.filters + filter;
        self.weights.get(1).and_then(|kernel| kernel.data().get(index)).copied().unwrap_or(f32::NAN)
    }

    fn channel(&self, channel: usize, kernel_at: (usize, usize), at: &[usize]) -> ChannelTrace {
        let window = &self.convolution.window;
        let sizes = window.size.clone();
        let count: usize = sizes.iter().product();
        let mut patch = Vec::with_capacity(count);
        let mut kernel = Vec::with_capacity(count);
        let (mut outside, mut between) = (0, 0);
        let mut first_met: Option<Vec<i64>> = None;
        for cell in 0..count {
            let under = unravel(cell, &sizes);
            patch.push(match self.met(&under, at) {
                Met::Input(position) => {
                    let value = self.input_at(&position, channel);
                    let position = position.into_iter().map(|place| place as i64);
                    first_met = Some(match first_met {
                        Some(first) => first.into_iter().zip(position).map(least).collect(),
                        None => position.collect(),
                    });
                    f64::from(value)
                }
                Met::Outside => {
                    outside += 1;
                    0.0
                }
                Met::Between => {
                    between += 1;
                    0.0
                }
            });
            kernel.push(f64::from(self.weight(cell, kernel_at)));
        }
        let products: Vec<f64> = patch.iter().zip(&kernel).map(|(x, weight)| x * weight).collect();
        let sum = products.iter().sum();
        let grid = |values| Grid { sizes: sizes.clone(), values };
        ChannelTrace {
            channel,
            from: match window.transposed {
                true => first_met,
                false => {
                    let first = |axis: usize| {
                        (at[axis] * window.strides[axis]) as i64 - window.pad_before[axis] as i64
                    };
                    Some((0..at.len()).map(first).collect())
                }
            },
            patch: grid(patch),
            outside,
            between,
            kernel: grid(kernel),
            products: grid(products),
            sum,
            pointwise_weight: None,
            adds: sum,
        }
    }

    /// What the weight at `under` meets for the output at `at`.
    fn met(&self, under: &[usize], at: &[usize]) -> Met {
        let window = &self.convolution.window;
        let sizes = &self.input.shape()[1..];
        let mut inside = true;
        let mut position = Vec::with_capacity(at.len());
        for axis in 0..at.len() {
            let reach = (under[axis] * window.dilation_rate[axis]) as i64;
            let (strides, before) = (window.strides[axis] as i64, window.pad_before[axis] as i64);
            let place = if window.transposed {
                // Input i spreads to output i · strides + reach - pad_before.
                let spread = at[axis] as i64 + before - reach;
                if spread % strides != 0 {
                    return Met::Between;
                }
                spread / strides
            } else {
                at[axis] as i64 * strides + reach - before
            };
            match usize::try_from(place) {
                Ok(place) if place < sizes[axis] => position.push(place),
                _ => inside = false,
            }
        }
        if inside { Met::Input(position) } else { Met::Outside }
    }

    fn input_at(&self, position: &[usize], channel: usize) -> f32 {
        let places = position.iter().chain([&channel]).zip(&self.input.shape()[1..]);
        let index = places.fold(0, |index, (place, size)| index * size + place);
        self.input.data().get(index).copied().unwrap_or(f32::NAN)
    }

    /// The weight in cell `cell` of the kernel at a place on the last two axes.
    fn weight(&self, cell: usize, (row, column): (usize, usize)) -> f32 {
        let Some(kernel) = self.weights.first() else { return f32::NAN };
        let shape = kernel.shape();
        let (rows, columns) = (shape[shape.len() - 2], shape[shape.len() - 1]);
        kernel.data().get((cell * rows + row) * columns + column).copied().unwrap_or(f32::NAN)
    }
}

/// What a weight meets.
enum Met {
    /// The input at this position.
    Input(Vec<usize>),
    /// A position beyond the input's edge.
    Outside,
    /// No position: the strides of a transposed convolution step over this output.
    Between,
}

fn least((a, b): (i64, i64)) -> i64 {
    a.min(b)
}

/// The position of a cell along each axis.
fn unravel(cell: usize, sizes: &[usize]) -> Vec<usize> {
    let mut position = vec![0; sizes.len()];
    let mut left = cell;
    for axis in (0..sizes.len()).rev() {
        position[axis] = left % sizes[axis];
        left /= sizes[axis];
    }
    position
}
