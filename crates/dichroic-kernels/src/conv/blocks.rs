//! How direct convolution cuts channels into blocks and sums into parts, and lays out the weights.

use std::ops::Range;

use super::direct::even_cuts;
use super::finish::MOST_CHANNELS;
use super::gather::{Gather, Phase};
use super::tile::{self, Part, Run, Shape};
use crate::isa::Isa;

/// Weights of a part, in values: 256 KiB, a quarter of the second cache of current CPUs, so that
/// the source values have room beside them.
const PART_VALUES: usize = 64 * 1024;

/// Destination channels of a group that are computed together.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub channel: usize,
    pub channels: usize,
    pub shape: Shape,
}

impl Block {
    fn new(channel: usize, channels: usize, vectors: usize) -> Self {
        Self { channel, channels, shape: Shape { vectors, dots: false } }
    }
}

/// Cuts a group's channels into blocks of the widest tile, and one for the rest.
///
/// Half a vector of channels or less is a block of its own, of dot products: 17 channels are 16, and one
/// whose sum takes a vector of source values at once. `steps` says how many steps a sum takes
/// with so many values in each.
pub(super) fn cut_channels(
    channels: usize,
    isa: Isa,
    steps: impl Fn(usize) -> usize,
) -> Vec<Block> {
    let lanes = isa.lanes();
    let rest = channels % lanes;
    // Adding up the lanes at the end costs about three steps for each channel.
    let dots = rest > 0 && rest * 2 <= lanes && (steps(lanes) + 3) * rest < steps(1);
    let whole = if dots { channels - rest } else { channels };
    let mut blocks = Vec::new();
    let mut channel = 0;
    while channel < whole {
        let vectors = (whole - channel).div_ceil(lanes).min(tile::most_vectors(isa));
        let count = (vectors * lanes).min(whole - channel);
        blocks.push(Block::new(channel, count, vectors));
        channel += count;
    }
    if dots {
        let shape = Shape { vectors: rest, dots };
        blocks.push(Block { channel: whole, channels: rest, shape });
    }
    blocks
}

/// Where a tap reads, in values from a place's first channel of the group, and the distance of places.
pub(super) struct Taps<'a> {
    pub gather: &'a Gather,
    pub phase: &'a Phase,
    /// For each tap of the phase.
    pub offsets: Vec<isize>,
    /// Taps that lie side by side for one place do so for all places.
    pub joined: bool,
}

impl Taps<'_> {
    /// The sum in one part.
    pub fn whole(&self) -> Part {
        self.part((0, self.gather.group_sources()), 0..self.phase.taps.len())
    }

    /// Joins taps whose source values follow each other in memory: with few channels, such as the three
    /// of a picture, a row of the kernel becomes one long run.
    fn part(&self, (channel, channels): (usize, usize), taps: Range<usize>) -> Part {
        let mut runs: Vec<Run> = Vec::new();
        for i in taps.clone() {
            let offset = self.offsets[i] + channel as isize;
            let [depth, height, _] = self.phase.taps[i].offset;
            let row = [depth, height];
            match runs.last_mut() {
                Some(run)
                    if self.joined && run.offset + run.len as isize == offset && run.row == row =>
                {
                    run.len += channels;
                }
                _ => runs.push(Run { offset, len: channels, row }),
            }
        }
        Part { channel, channels, taps, runs }
    }

    /// Cuts the sum of one destination value into parts whose weights, `width` values wide, stay in the
    /// second cache (one tap at least).
    pub fn parts(&self, width: usize) -> Vec<Part> {
        let (channels, taps) = (self.gather.group_sources(), self.phase.taps.len());
        let most = PART_VALUES / width.max(1);
        let mut parts = Vec::new();
        let limit = most.min(MOST_CHANNELS);
        if channels > limit {
            let cuts = channels.div_ceil(limit);
            let mut channel = 0;
            for count in even_cuts(channels, channels.div_ceil(cuts)) {
                for tap in 0..taps {
                    parts.push(self.part((channel, count), tap..tap + 1));
                }
                channel += count;
            }
        } else if let Some(per_part) = most.checked_div(channels) {
            let mut tap = 0;
            for count in even_cuts(taps, per_part.max(1)) {
                parts.push(self.part((0, channels), tap..tap + count));
                tap += count;
            }
        }
        if parts.is_empty() {
            // Nothing to sum up: the bias alone must still be written.
            parts.push(Part { channel: 0, channels: 0, taps: 0..0, runs: Vec::new() });
        }
        parts
    }
}

/// Writes a block's weights: for each step of each run the tile's vectors. In a tile of dot products
/// the i-th value for channel f is lane i of vector f.
pub(super) fn pack_block(
    gather: &Gather,
    phase: &Phase,
    parts: &[Part],
    (group, block): (usize, &Block),
    (weights, packed): (&[f32], &mut [f32]),
    lanes: usize,
) {
    let [per_source, per_destination, per_tap] = gather.weight_strides;
    let (vectors, step) = (block.shape.vectors, block.shape.step(lanes));
    let first = group * gather.weight_group_stride + block.channel * per_destination;
    if step == 1 {
        let shape = [block.channels, vectors * lanes];
        pack_rows(
            (gather, phase),
            parts,
            shape,
            (weights.get(first..).unwrap_or_default(), packed),
        );
        return;
    }
    let mut steps = packed.chunks_exact_mut((vectors * lanes).max(1));
    for part in parts {
        let taps = &phase.taps[part.taps.clone()];
        let mut products = taps.iter().flat_map(|tap| {
            (part.channel..part.channel + part.channels)
                .map(move |channel| first + tap.weight * per_tap + channel * per_source)
        });
        for run in &part.runs {
            for first in (0..run.len).step_by(step) {
                let Some(row) = steps.next() else { return };
                row.fill(0.0);
                for (i, from) in products.by_ref().take(step.min(run.len - first)).enumerate() {
                    for f in 0..block.channels {
                        row[f * step + i] = weights[from + f * per_destination];
                    }
                }
            }
        }
    }
}

/// Rows that are turned together where a row's weights lie apart.
const SQUARE: usize = 16;

/// Writes a row for each product, of `width` values: `channels` weights, then zeros.
///
/// In training every step packs. In squares that stay in the first cache, and on several threads, a step
/// of ResNet-50 packs 20 ms faster than value by value on one, of 895 ms at batch 8; one of ResNet-18 at
/// batch 32 17 ms, of 102.
fn pack_rows(
    (gather, phase): (&Gather, &Phase),
    parts: &[Part],
    [channels, width]: [usize; 2],
    (weights, packed): (&[f32], &mut [f32]),
) {
    let [per_row, per_channel, per_tap] = gather.weight_strides;
    let mut rest = packed;
    for part in parts.iter().filter(|part| part.channels > 0) {
        for tap in &phase.taps[part.taps.clone()] {
            let weights = &weights[tap.weight * per_tap + part.channel * per_row..];
            let (rows, others) = rest.split_at_mut(part.channels * width);
            rest = others;
            if per_channel == 1 {
                for (k, row) in rows.chunks_exact_mut(width).enumerate() {
                    let own = &weights[k * per_row..k * per_row + channels];
                    row[..channels].copy_from_slice(own);
                    row[channels..].fill(0.0);
                }
                continue;
            }
            for (square, rows) in rows.chunks_mut(SQUARE * width).enumerate() {
                let count = rows.len() / width;
                for f in 0..channels {
                    let start = square * SQUARE * per_row + f * per_channel;
                    let column = &weights[start..start + (count - 1) * per_row + 1];
                    for k in 0..count {
                        rows[k * width + f] = column[k * per_row];
                    }
                }
                for row in rows.chunks_exact_mut(width) {
                    row[channels..].fill(0.0);
                }
            }
        }
    }
}
