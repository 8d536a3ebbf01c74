//! Which source channels the lanes of a vector of destination channels need.
//!
//! Depthwise, each lane needs the source channel of its own number. With several channels in a group,
//! or several filters for a channel, a *step* loads a window of source channels and permutes it, so
//! that every lane holds one source channel of its own group:
//!
//! ```text
//! 2 channels and 2 filters in a group    lanes    f0 f1 │ f2 f3 │ f4 f5 │ …
//! window loaded  c0 c1 c2 c3 c4 c5 …     step 0   c0 c0 │ c2 c2 │ c4 c4 │ …
//!                                        step 1   c1 c1 │ c3 c3 │ c5 c5 │ …
//! ```
//!
//! So a vector of destination channels takes as many steps as a group has source channels, and no
//! product is wasted as long as one window holds the groups of all lanes. Where it doesn't, there
//! are several windows, and lanes without a source channel in one of them count zeros.

use super::super::gather::Gather;

/// The most vectors of a block.
pub(super) const MOST_VECTORS: usize = 2;

/// Destination channels that are computed together.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// The first destination channel.
    pub channel: usize,
    pub channels: usize,
    pub vectors: usize,
    /// Empty where each lane needs the source channel of its own number.
    pub steps: Vec<Step>,
    /// Vectors of weights that the blocks before it have for each tap.
    pub before: usize,
}

impl Block {
    /// Vectors of weights for each tap.
    pub fn weight_vectors(&self) -> usize {
        self.vectors * self.steps.len().max(1)
    }
}

/// One source channel for every lane, or for some.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The first source channel of the window.
    pub window: usize,
    /// For each lane, which of the window's channels it takes.
    pub lanes: Vec<f32>,
    /// For each lane, 1 where it has a channel in the window, else 0.
    pub taken: Vec<f32>,
    /// Some lane has none.
    pub partial: bool,
    /// For each lane, the number in its group of the channel that it takes; `None` for none.
    pub sources: Vec<Option<usize>>,
}

/// Cuts the destination channels of a gather into blocks for vectors of `width` lanes.
pub(super) fn blocks(gather: &Gather, width: usize, most_vectors: usize) -> Vec<Block> {
    let channels = gather.destination_channels;
    let plain = gather.group_sources() == 1 && gather.group_destinations() == 1;
    let mut blocks = Vec::new();
    let (mut channel, mut before) = (0, 0);
    while channel < channels {
        let vectors = ((channels - channel) / width).clamp(1, if plain { most_vectors } else { 1 });
        let count = (vectors * width).min(channels - channel);
        let steps = if plain { Vec::new() } else { steps(gather, channel..channel + count, width) };
        let block = Block { channel, channels: count, vectors, steps, before };
        channel += count;
        before += block.weight_vectors();
        blocks.push(block);
    }
    blocks
}

/// Vectors of weights that all blocks have for each tap: what the sum costs.
pub(super) fn weight_vectors(blocks: &[Block]) -> usize {
    blocks.last().map_or(0, |block| block.before + block.weight_vectors())
}

fn steps(gather: &Gather, channels: std::ops::Range<usize>, width: usize) -> Vec<Step> {
    let (sources, destinations) = (gather.group_sources(), gather.group_destinations());
    let first_source = |channel: usize| channel / destinations * sources;
    let span = first_source(channels.start)..first_source(channels.end - 1) + sources;
    let last_window = gather.source_channels.saturating_sub(width);
    let mut steps = Vec::new();
    for start in span.clone().step_by(width) {
        let held = start..span.end.min(start + width);
        // A whole vector is read, also at the end of the source's channels.
        let window = start.min(last_window);
        for turn in 0..held.len() {
            let mut step = Step {
                window,
                lanes: vec![0.0; width],
                taken: vec![0.0; width],
                partial: false,
                sources: vec![None; width],
            };
            for (lane, channel) in channels.clone().enumerate() {
                let group = first_source(channel)..first_source(channel) + sources;
                let source = group.start.max(held.start) + turn;
                if source < group.end.min(held.end) {
                    step.lanes[lane] = (source - window) as f32;
                    step.taken[lane] = 1.0;
                    step.sources[lane] = Some(source - group.start);
                } else {
                    step.partial = true;
                }
            }
            if step.sources.iter().any(Option::is_some) {
                steps.push(step);
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::ConvProblem;

    fn gather(groups: usize, channels: usize, filters: usize) -> Gather {
        let problem = ConvProblem::new(1, [1; 3], groups * channels, groups * filters);
        Gather::forward(&ConvProblem { groups, ..problem })
    }

    #[test]
    fn depthwise_needs_no_steps_and_blocks_are_as_wide_as_can_be_filled() {
        let blocks = blocks(&gather(21, 1, 1), 4, 2);
        let cut: Vec<_> = blocks.iter().map(|b| (b.channel, b.channels, b.vectors)).collect();
        assert_eq!(cut, [(0, 8, 2), (8, 8, 2), (16, 4, 1), (20, 1, 1)]);
        assert!(blocks.iter().all(|block| block.steps.is_empty()));
    }

    #[test]
    fn groups_that_fit_a_window_waste_no_product() {
        let blocks = blocks(&gather(4, 2, 2), 4, 2);
        let steps = &blocks[1].steps;
        assert_eq!((steps.len(), steps[0].window), (2, 4));
        assert_eq!(
            (&steps[0].lanes[..], &steps[1].lanes[..]),
            (&[0., 0., 2., 2.][..], &[1., 1., 3., 3.][..])
        );
        assert!(steps.iter().all(|step| !step.partial));
    }

    #[test]
    fn a_multiplier_repeats_channels_and_the_last_window_ends_with_them() {
        let blocks = blocks(&gather(5, 1, 3), 4, 2);
        assert_eq!(blocks.len(), 4);
        let last = &blocks[3].steps[0];
        assert_eq!((last.window, &last.lanes[..3]), (1, &[3., 3., 3.][..]));
    }

    #[test]
    fn groups_wider_than_a_window_take_several() {
        let blocks = blocks(&gather(2, 6, 2), 4, 2);
        let taken: Vec<_> =
            blocks[0].steps.iter().map(|step| (step.window, &step.taken[..])).collect();
        assert_eq!(taken.len(), 10);
        assert_eq!(taken[0], (0, &[1., 1., 0., 0.][..]));
        assert_eq!(taken[4], (4, &[1., 1., 1., 1.][..]));
    }
}
