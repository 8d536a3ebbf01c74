//! How direct convolution cuts channels into blocks and sums into parts, and lays out the weights.

use std::ops::Range;

use super::direct::even_cuts;
use super::finish::MOST_CHANNELS;
use super::gather::{Gather, Phase};
use super::shape::{Kind, Shape, most_vectors};
use super::tile::{Part, Run};
use crate::isa::Isa;
use crate::simd::{Simd, WithSimd, dispatch};

/// Weights of a part, in values: 320 KiB, a third of the second cache of current CPUs, so that
/// the source values have room beside them. Each part begins and ends its tiles
/// anew: 3×3 over 128 channels is one, 15.9 ms instead of 16.4 at 28×28, batch 16.
const PART_VALUES: usize = 80 * 1024;

/// Destination channels of a group that are computed together.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub channel: usize,
    pub channels: usize,
    pub shape: Shape,
}

/// Cuts a group's channels into blocks of the widest tile, and one for the rest.
///
/// Half a vector of channels or less is a block of its own: 17 channels are 16, and one whose sum takes
/// a vector of source values at once (with staging 78 µs instead of 143 for 32 to 17 channels at 28×28, and
/// for the gradient of 7×7 with stride 2 towards 3 channels 2.6 ms instead of 12.2). `steps` says how many steps a sum takes with so many values in each.
pub(super) fn cut_channels(
    channels: usize,
    isa: Isa,
    steps: impl Fn(usize) -> usize,
) -> Vec<Block> {
    let lanes = isa.lanes();
    let rest = channels % lanes;
    let kind = if rest == 0 || rest * 2 > lanes { Kind::Wide } else { rest_kind(rest, isa, steps) };
    let whole = if kind == Kind::Wide { channels } else { channels - rest };
    let mut blocks = Vec::new();
    let mut channel = 0;
    while channel < whole {
        let vectors = (whole - channel).div_ceil(lanes).min(most_vectors(isa));
        let count = (vectors * lanes).min(whole - channel);
        blocks.push(Block { channel, channels: count, shape: Shape { kind: Kind::Wide, vectors } });
        channel += count;
    }
    if kind != Kind::Wide {
        let shape = Shape { kind, vectors: if kind == Kind::Dots { rest } else { 1 } };
        blocks.push(Block { channel: whole, channels: rest, shape });
    }
    blocks
}

/// The tile that computes half a vector of channels or less soonest.
fn rest_kind(channels: usize, isa: Isa, steps: impl Fn(usize) -> usize) -> Kind {
    // Adding up the lanes at the end costs about three steps for each channel.
    let dots = (steps(isa.lanes()) + 3) * channels;
    // More than a half, because of the loads: 13 channels to 7 in 3×3 took 26 µs as dot products.
    let half = steps(1) * 3 / 5;
    if isa == Isa::Avx512 && half < dots {
        Kind::Half
    } else if dots < steps(1) {
        Kind::Dots
    } else {
        Kind::Wide
    }
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
            let tap = self.phase.taps[i].offset;
            match runs.last_mut() {
                Some(run)
                    if self.joined
                        && run.offset + run.len as isize == offset
                        && run.tap[..2] == tap[..2] =>
                {
                    run.len += channels;
                }
                _ => runs.push(Run { offset, len: channels, tap }),
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
    (phase, parts): (&Phase, &[Part]),
    (group, block): (usize, &Block),
    (weights, packed): (&[f32], &mut [f32]),
    isa: Isa,
) {
    let lanes = isa.lanes();
    let [per_source, per_destination, per_tap] = gather.weight_strides;
    let first = group * gather.weight_group_stride + block.channel * per_destination;
    let width = block.shape.width(lanes);
    let mut packed = packed;
    for part in parts {
        let (target, rest) = packed.split_at_mut(part.steps(block.shape.step(lanes)) * width);
        packed = rest;
        let channels = part.channel..part.channel + part.channels;
        let taps = phase.taps[part.taps.clone()].iter().map(|tap| first + tap.weight * per_tap);
        if block.shape.kind == Kind::Dots {
            let products = taps.flat_map(|tap| channels.clone().map(move |c| tap + c * per_source));
            pack_dots(part, (block.channels, per_destination), products, (weights, target), lanes);
            continue;
        }
        for (tap, rows) in taps.zip(target.chunks_exact_mut((part.channels * width).max(1))) {
            let weights = &weights[tap + part.channel * per_source..];
            // One of the two strides is 1.
            if per_destination == 1 {
                for (i, row) in rows.chunks_exact_mut(width).enumerate() {
                    let (row, padding) = row.split_at_mut(block.channels);
                    row.copy_from_slice(&weights[i * per_source..][..row.len()]);
                    padding.fill(0.0);
                }
            } else {
                let columns = (block.channels, per_destination);
                dispatch(isa, Turn { weights, columns, rows, width });
            }
        }
    }
}

/// Writes the rows of a tap where the weights of a destination channel lie side by side.
///
/// Sixteen rows are written at once, so that each cache line of weights is read once: 512 × 512 channels in 3×3 take
/// 3.8 ms instead of 5.0, and 0.9 ms on two threads. A training step of ResNet-18 at batch 32 is 17 ms faster for it, of
/// 102. The lines lie far apart, so those of the next sixteen rows are fetched meanwhile: 2048 × 512 channels take 0.5 ms
/// instead of 1.0 on two threads.
struct Turn<'a> {
    weights: &'a [f32],
    /// Destination channels, and the distance between their weights.
    columns: (usize, usize),
    rows: &'a mut [f32],
    /// Values of a row; those behind the columns are zeros.
    width: usize,
}

impl WithSimd for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        const ROWS: usize = 16;
        let Self { weights, columns: (columns, step), rows, width } = self;
        for (i, rows) in rows.chunks_mut(ROWS * width).enumerate() {
            let count = rows.len() / width;
            for f in 0..columns {
                let column = &weights[f * step + i * ROWS..][..count];
                s.prefetch(column.as_ptr().wrapping_add(ROWS));
                for (k, &weight) in column.iter().enumerate() {
                    rows[k * width + f] = weight;
                }
            }
            rows.chunks_exact_mut(width).for_each(|row| row[columns..].fill(0.0));
        }
    }
}

/// The same for dot products, whose weights stand in this order.
fn pack_dots(
    part: &Part,
    (channels, per_destination): (usize, usize),
    mut products: impl Iterator<Item = usize>,
    (weights, packed): (&[f32], &mut [f32]),
    lanes: usize,
) {
    packed.fill(0.0);
    let mut steps = packed.chunks_exact_mut((channels * lanes).max(1));
    for run in &part.runs {
        for first in (0..run.len).step_by(lanes) {
            let Some(vectors) = steps.next() else { return };
            for (i, from) in products.by_ref().take(lanes.min(run.len - first)).enumerate() {
                for f in 0..channels {
                    vectors[f * lanes + i] = weights[from + f * per_destination];
                }
            }
        }
    }
}
