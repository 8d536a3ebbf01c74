//! How a phase's places are cut into bands, and its sum into parts.

use super::stage::AxisStage;
use crate::conv::gather::Phase;

/// Words of a band's staged memory: 160 KiB, which leave the second cache room for weights.
pub(super) const STAGE_WORDS: usize = 40 * 1024;
/// The most places that a kernel may span: one place of [`FEWEST_WORDS`] must fit into the memory.
pub(super) const MOST_VOLUME: usize = STAGE_WORDS / 32;
/// The fewest words in a part of the sum.
const FEWEST_WORDS: usize = 16;
/// A part of the sum this long is as good as a whole one.
const GOOD_WORDS: usize = 128;
/// Products of a task: some 50 µs, long against the cost of handing it out.
const TASK_PRODUCTS: usize = 6_000_000;
/// Places of a task: enough to read weights from the second cache rarely.
const FEWEST_PLACES: usize = 56;
const MOST_PLACES: usize = 1024;

/// Destination places of a task along each axis, and the words of a part of its sum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    pub size: [usize; 3],
    pub words: usize,
}

/// Words from one staged place to the next. Places 1 KiB apart fall into few sets of the first cache: one
/// line more spreads them.
pub(super) fn place_stride(words: usize) -> usize {
    if words.is_multiple_of(256) && words > 0 { words + 16 } else { words }
}

impl Band {
    /// The band for a phase with `counts` places of `words` words, `filters` destination channels and
    /// tiles of `tile` places.
    pub fn new(phase: &Phase, counts: [usize; 3], [words, filters, tile]: [usize; 3]) -> Self {
        let axes: [AxisStage; 3] = std::array::from_fn(|axis| AxisStage::new(phase, axis));
        let [_, height, width] = counts.map(|count| count.max(1));
        let place_products = (2 * words * phase.taps.len() * filters).max(1);
        let wanted = (TASK_PRODUCTS / place_products).clamp(FEWEST_PLACES, MOST_PLACES);
        let (mut rows, mut columns) = if width > wanted {
            (1, even(width, wanted, tile))
        } else {
            (even(height, wanted.div_ceil(width), 1), width)
        };
        let mut words = words;
        let fits = |rows: usize, columns: usize, words: usize| {
            let places = axes[0].size(1) * axes[1].size(rows) * axes[2].size(columns);
            places.saturating_mul(place_stride(words)) <= STAGE_WORDS
        };
        while !fits(rows, columns, words) {
            if rows > 1 && rows * columns > 2 * tile {
                rows = even(height, rows / 2, 1);
            } else if words > GOOD_WORDS {
                words = words.div_ceil(2).next_multiple_of(FEWEST_WORDS);
            } else if columns > tile {
                columns = even(width, columns / 2, tile);
            } else if rows > 1 {
                rows /= 2;
            } else if words > FEWEST_WORDS {
                words = words.div_ceil(2).next_multiple_of(FEWEST_WORDS);
            } else if columns > 1 {
                columns /= 2;
            } else {
                // `suits` has seen to it that one place of the fewest words fits.
                break;
            }
        }
        Self { size: [1, rows, columns], words }
    }
}

/// Cuts `len` into equal pieces of about `most`, whole multiples of `tile` but for the last.
fn even(len: usize, most: usize, tile: usize) -> usize {
    let most = most.clamp(1, len);
    len.div_ceil(len.div_ceil(most)).next_multiple_of(tile).min(len)
}
