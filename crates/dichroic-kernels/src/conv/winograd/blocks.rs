//! Filters that are multiplied together.

/// Neighbouring destination channels of a group.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub channel: usize,
    pub channels: usize,
    pub vectors: usize,
    /// The widths of the blocks before it, in values.
    pub before: usize,
}

/// Cuts a group's channels into blocks of `widest` vectors, and narrower ones for the rest.
pub(super) fn cut(channels: usize, lanes: usize, widest: usize) -> Vec<Block> {
    let mut blocks = Vec::new();
    let (mut channel, mut before) = (0, 0);
    while channel < channels {
        let needed = (channels - channel).div_ceil(lanes).next_power_of_two();
        let vectors = needed.min(widest);
        let count = (vectors * lanes).min(channels - channel);
        blocks.push(Block { channel, channels: count, vectors, before });
        channel += count;
        before += vectors * lanes;
    }
    blocks
}
