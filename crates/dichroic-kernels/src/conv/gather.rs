//! Forward pass and input gradient as one form: each destination place gathers from source places.
//!
//! The forward pass gathers input values into output places. The input gradient gathers output
//! gradients into input places; with a stride, an input place is reached only by the taps of its
//! own residue class, so that the places split into *phases*, each with its own list of taps:
//!
//! ```text
//! stride 2, kernel 3, padding 1        phase 0: places 0 2 4 …   tap 1
//! input places  0 1 2 3 4 …            phase 1: places 1 3 5 …   taps 2 and 0
//! ```
//!
//! So no zero that a stride would put between gradients is ever multiplied.

use super::ConvProblem;

/// One product's place relative to a destination place.
#[derive(Clone, Debug)]
pub(super) struct Tap {
    /// Steps from `q × source_step` to the source place, along each axis.
    pub offset: [isize; 3],
    /// The same in places of the row-major source.
    pub linear: isize,
    /// The number of the tap in the weights.
    pub weight: usize,
}

/// Destination places with the same taps: `destination_start + q × destination_step` for q below `counts`.
#[derive(Clone, Debug)]
pub(super) struct Phase {
    pub counts: [usize; 3],
    pub destination_start: [usize; 3],
    pub destination_step: [usize; 3],
    pub source_step: [usize; 3],
    /// Ordered by source place, so that neighbours along the width follow each other.
    pub taps: Vec<Tap>,
    /// The smallest and largest tap offset of each axis.
    pub reach: [(isize, isize); 3],
}

/// A convolution as destination places that gather from source places.
#[derive(Clone, Debug)]
pub(super) struct Gather {
    pub batch: usize,
    pub groups: usize,
    pub source: [usize; 3],
    pub source_channels: usize,
    pub destination: [usize; 3],
    pub destination_channels: usize,
    pub phases: Vec<Phase>,
    /// Every destination place gathers from the source place of the same number.
    pub flat: bool,
    /// Distance in the weights between neighbouring source channels, destination channels, and taps.
    pub weight_strides: [usize; 3],
    /// Distance in the weights between groups.
    pub weight_group_stride: usize,
}

/// The taps of one axis, and the places that they serve.
struct AxisPhase {
    count: usize,
    start: usize,
    /// (offset of the source place, number of the tap along this axis)
    taps: Vec<(isize, usize)>,
}

impl Gather {
    /// Output places gather from input places.
    pub fn forward(p: &ConvProblem) -> Self {
        let output = p.output();
        let axes: [Vec<AxisPhase>; 3] = std::array::from_fn(|a| {
            let offset = |t: usize| (t * p.dilation_rate[a]) as isize - p.pad_before[a] as isize;
            let taps = (0..p.kernel[a]).map(|t| (offset(t), t)).collect();
            vec![AxisPhase { count: output[a], start: 0, taps }]
        });
        Self {
            batch: p.batch,
            groups: p.groups,
            source: p.input,
            source_channels: p.in_channels,
            destination: output,
            destination_channels: p.filters,
            phases: combine(p, p.input, &axes, p.strides, [1; 3]),
            flat: is_flat(p),
            weight_strides: [p.filters, 1, p.group_channels() * p.filters],
            weight_group_stride: p.group_filters(),
        }
    }

    /// Input places gather from output places.
    pub fn input_gradient(p: &ConvProblem) -> Self {
        let output = p.output();
        let axes: [Vec<AxisPhase>; 3] = std::array::from_fn(|a| {
            let stride = p.strides[a];
            (0..stride.min(p.input[a]))
                .map(|start| {
                    // o × stride + t × dilation − padding = start + q × stride, solved for o − q.
                    let offset = |t: usize| {
                        let steps =
                            (start + p.pad_before[a]) as isize - (t * p.dilation_rate[a]) as isize;
                        (steps % stride as isize == 0).then_some((steps / stride as isize, t))
                    };
                    // The last tap has the smallest offset.
                    let taps = (0..p.kernel[a]).rev().filter_map(offset).collect();
                    AxisPhase { count: (p.input[a] - start).div_ceil(stride), start, taps }
                })
                .collect()
        });
        Self {
            batch: p.batch,
            groups: p.groups,
            source: output,
            source_channels: p.filters,
            destination: p.input,
            destination_channels: p.in_channels,
            phases: combine(p, output, &axes, [1; 3], p.strides),
            flat: is_flat(p),
            weight_strides: [1, p.filters, p.group_channels() * p.filters],
            weight_group_stride: p.group_filters(),
        }
    }

    /// Source channels that one destination channel sees.
    pub fn group_sources(&self) -> usize {
        self.source_channels / self.groups
    }

    /// Destination channels of one group.
    pub fn group_destinations(&self) -> usize {
        self.destination_channels / self.groups
    }

    /// The number of values in the source.
    pub fn source_len(&self) -> usize {
        self.batch * self.source.iter().product::<usize>() * self.source_channels
    }

    /// The number of values in the destination.
    pub fn destination_len(&self) -> usize {
        let (places, channels) = self.destination_size();
        places * channels
    }

    /// The number of places in the destination, and of channels at each.
    pub fn destination_size(&self) -> (usize, usize) {
        let places = self.batch * self.destination.iter().product::<usize>();
        (places, self.destination_channels)
    }

    /// The number of destination places of a phase, over the whole batch.
    pub fn places(&self, phase: &Phase) -> usize {
        self.batch * phase.counts.iter().product::<usize>()
    }
}

/// A tap of stride 1 without padding: place i gathers from place i.
fn is_flat(p: &ConvProblem) -> bool {
    let ones = [1; 3];
    let zeros = [0; 3];
    (p.kernel, p.strides, p.pad_before, p.pad_after) == (ones, ones, zeros, zeros)
}

/// All combinations of the axes' phases.
fn combine(
    p: &ConvProblem,
    source: [usize; 3],
    axes: &[Vec<AxisPhase>; 3],
    source_step: [usize; 3],
    destination_step: [usize; 3],
) -> Vec<Phase> {
    let mut phases = Vec::new();
    for d in &axes[0] {
        for h in &axes[1] {
            for w in &axes[2] {
                let mut taps = Vec::new();
                for &(od, td) in &d.taps {
                    for &(oh, th) in &h.taps {
                        for &(ow, tw) in &w.taps {
                            taps.push(Tap {
                                offset: [od, oh, ow],
                                linear: (od * source[1] as isize + oh) * source[2] as isize + ow,
                                weight: (td * p.kernel[1] + th) * p.kernel[2] + tw,
                            });
                        }
                    }
                }
                let reach = [d, h, w].map(|axis| {
                    let offsets = axis.taps.iter().map(|&(offset, _)| offset);
                    (offsets.clone().min().unwrap_or(0), offsets.max().unwrap_or(0))
                });
                phases.push(Phase {
                    counts: [d.count, h.count, w.count],
                    destination_start: [d.start, h.start, w.start],
                    destination_step,
                    source_step,
                    taps,
                    reach,
                });
            }
        }
    }
    phases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phase_of_a_strided_gradient_has_its_own_taps() {
        let problem = ConvProblem {
            kernel: [1, 1, 3],
            strides: [1, 1, 2],
            pad_before: [0, 0, 1],
            pad_after: [0, 0, 1],
            ..ConvProblem::new(1, [1, 1, 5], 1, 1)
        };
        let gather = Gather::input_gradient(&problem);
        let taps = |i: usize| -> Vec<(isize, usize)> {
            gather.phases[i].taps.iter().map(|tap| (tap.linear, tap.weight)).collect()
        };
        assert_eq!(gather.phases.len(), 2);
        assert_eq!((taps(0), taps(1)), (vec![(0, 1)], vec![(0, 2), (1, 0)]));
        assert_eq!((gather.phases[0].counts, gather.phases[1].counts), ([1, 1, 3], [1, 1, 2]));
    }
}
