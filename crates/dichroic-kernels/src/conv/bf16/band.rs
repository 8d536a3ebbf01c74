//! How a phase's places are cut into bands, and its sum into parts.

use super::stage::AxisStage;
use crate::conv::gather::Phase;

/// Values of a band's staged memory: 160 KiB, which leave the second cache room for weights.
pub(super) const STAGE_VALUES: usize = 80 * 1024;
/// The most places that a kernel may span: one place of [`FEWEST_CHANNELS`] must fit into the memory.
pub(super) const MOST_VOLUME: usize = STAGE_VALUES / 64;
/// The fewest channels in a part of the sum.
const FEWEST_CHANNELS: usize = 32;
/// A part of the sum with this many channels is as good as a whole one.
const GOOD_CHANNELS: usize = 256;
/// Products of a band that is as large as it need be: some 100 µs. With half of that 1 × 1 layers of ResNet-50 took 1 to 5 %
/// longer.
const BAND_PRODUCTS: usize = 12_000_000;
/// Products of a task at most. Ranges of blocks that share a band round its values again: with a quarter of that 1024 → 256
/// channels at 14 × 14 took 3 % longer.
const MOST_PRODUCTS: usize = 48_000_000;
/// Products of a task at least: some 50 µs, long against the cost of handing it out.
const FEWEST_PRODUCTS: usize = 6_000_000;
/// Between the two, as many tasks as this.
const TASKS: usize = 16;
/// Places of a task: enough to read weights from the second cache rarely.
const FEWEST_PLACES: usize = 56;
const MOST_WANTED: usize = 1024;
/// The most places of a band.
pub(super) const MOST_PLACES: usize = 5 * MOST_WANTED / 4 + 16;
/// Tasks are cut as if for this many threads, so that few threads finish together.
const THREADS: usize = 4;
/// Odd numbers of channels up to this lie side by side without a zero between places: the three of a
/// picture make the 21 values of a row of 7 taps 11 words instead of 14.
const FEW_CHANNELS: usize = 7;

/// Destination places of a task along each axis, and the channels of a part of its sum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    pub size: [usize; 3],
    pub channels: usize,
}

/// Products of a task, of so many in all.
pub(super) fn task_products(all: usize) -> usize {
    (all / TASKS).clamp(FEWEST_PRODUCTS, MOST_PRODUCTS)
}

/// Values from one staged place to the next. Places 1 KiB apart fall into few sets of the first cache: one
/// line more spreads them.
pub(super) fn place_stride(channels: usize) -> usize {
    let even = channels.next_multiple_of(2);
    match channels {
        few if few <= FEW_CHANNELS => few,
        _ if even.is_multiple_of(512) => even + 32,
        _ => even,
    }
}

impl Band {
    /// The band for a phase that `others` tasks share in each of its places, with `channels` source
    /// channels, `filters` destination channels and tiles of `tile` places.
    pub fn new(phase: &Phase, others: usize, [channels, filters, tile]: [usize; 3]) -> Self {
        let axes: [AxisStage; 3] = std::array::from_fn(|axis| AxisStage::new(phase, axis));
        let [depth, height, width] = phase.counts.map(|count| count.max(1));
        let place_products = (channels * phase.taps.len() * filters).max(1);
        let places = [others, depth, height, width].into_iter().fold(1, usize::saturating_mul);
        let products = task_products(places.saturating_mul(place_products)).min(BAND_PRODUCTS);
        let wanted = (products / place_products).clamp(FEWEST_PLACES, MOST_WANTED);
        let others = others.saturating_mul(depth);
        let (mut rows, mut columns) = if width > wanted {
            (1, tile * even(width.div_ceil(tile), wanted / tile, others.saturating_mul(height)))
        } else {
            (even(height, wanted / width, others), width)
        };
        columns = columns.min(width);
        let mut channels = channels;
        let fits = |rows: usize, columns: usize, channels: usize| {
            let places = axes[0].size(1) * axes[1].size(rows) * axes[2].size(columns);
            // One word more, for the half that an odd run reads beyond its end.
            places.saturating_mul(place_stride(channels)) + 2 <= STAGE_VALUES
        };
        let half = |channels: usize| channels.div_ceil(2).next_multiple_of(FEWEST_CHANNELS);
        while !fits(rows, columns, channels) {
            if rows > 1 && rows * columns > 2 * tile {
                rows = even(height, rows / 2, others);
            } else if channels > GOOD_CHANNELS {
                channels = half(channels);
            } else if columns > tile {
                columns = columns.div_ceil(2).next_multiple_of(tile).min(columns - 1);
            } else if rows > 1 {
                rows /= 2;
            } else if channels > FEWEST_CHANNELS {
                channels = half(channels);
            } else if columns > 1 {
                columns /= 2;
            } else {
                // `suits` has seen to it that one place of the fewest channels fits.
                break;
            }
        }
        Self { size: [1, rows, columns], channels }
    }
}

/// The length of the pieces that `len` is cut into: about `wanted`, and such that no piece is much shorter and
/// threads which take pieces in turn, `others` as many for each, finish together.
pub(super) fn even(len: usize, wanted: usize, others: usize) -> usize {
    let (len, others) = (len.max(1), others.max(1));
    let wanted = wanted.clamp(1, len);
    let cost = |piece: usize| {
        let pieces = len.div_ceil(piece);
        let tasks = pieces.saturating_mul(others);
        let full = match tasks {
            1 => 1,
            // Seven tasks take two threads as long as eight.
            few if few < 2 * THREADS => few.next_multiple_of(2),
            many => many.next_multiple_of(THREADS),
        };
        full.saturating_mul(piece)
    };
    let pieces = (wanted * 3).div_ceil(4)..=(wanted + wanted / 4).min(len);
    pieces.rev().min_by_key(|&piece| cost(piece)).unwrap_or(wanted)
}
