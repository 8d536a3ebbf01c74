//! How a depthwise convolution is cut: taps by axis, places that share columns, and tasks.

use std::ops::Range;

use super::lanes::{self, Block};
use super::tile::{self, MOST_PLACES, Segment, Sharing};
use super::{roll, strip};
use crate::conv::gather::{Gather, Phase};

/// Products of a task, some 3 µs: small enough for two threads to finish together at batch 1.
const TASK_MACS: usize = 100_000;
/// What the rows of a strip may take of the first cache, in bytes: three quarters of a small one.
const FIRST_CACHE: usize = 24 << 10;
/// Blocks of a strip of 3×3 taps. With one instead of 16 each task's start cost 5 to 10 % at 14 × 14.
const MOST_CHUNK: usize = 16;
/// Columns so many channels apart share four sets of the first cache.
const ALIASED_CHANNELS: usize = 256;
/// The most rows of such a strip, and the fewest of each of two halves. The convolutions before and after are cut by
/// rows as well, so that a core finds in its own cache most of what it wrote. MobileNetV2 at batch 1, interleaved, with an
/// earlier form of the kernel: 7.15 ms with 64 rows and 6.46 ms with these in an hour in which reading what the other
/// core wrote was slow.
const MOST_BAND: usize = 14;
const LEAST_BAND: usize = 4;

/// The taps along an axis: `count` from `first` on, each `step` further than the one before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub count: usize,
    pub first: isize,
    pub step: isize,
}

impl Axis {
    /// The taps that lie inside a source of `size` places, seen from `position`.
    pub fn inside(&self, position: isize, size: usize) -> Range<usize> {
        let ceil = |x: isize| if x <= 0 { 0 } else { ((x + self.step - 1) / self.step) as usize };
        let start = ceil(-(position + self.first)).min(self.count);
        start..ceil(size as isize - (position + self.first)).clamp(start, self.count)
    }
}

/// The taps of a phase, and how its places are walked.
#[derive(Clone, Debug)]
pub(super) struct PhasePlan {
    pub axes: [Axis; 3],
    pub segments: Vec<Segment>,
    pub sharing: Sharing,
    /// Places of a tile are this far apart: with a dilation only every so-many-th shares columns.
    pub spread: usize,
    /// Where its weights start, in vectors.
    pub packed: usize,
}

impl PhasePlan {
    pub fn new(phase: &Phase, packed: usize) -> Self {
        let axes = axes(phase);
        let (source_step, tap_step) = (phase.source_step[2], axes[2].step as usize);
        // Places of every `spread`-th column start a whole number of taps apart.
        let spread = tap_step / greatest_common_divisor(source_step, tap_step);
        let slide = source_step * spread / tap_step;
        let (spread, sharing) = match slide {
            1 if spread == 1 || phase.counts[2] >= spread * MOST_PLACES / 2 => {
                (spread, Sharing::One)
            }
            2 if spread == 1 => (1, Sharing::Two),
            _ => (1, Sharing::None),
        };
        let segments = tile::segments(axes[2].count, axes[2].first, axes[2].step);
        Self { axes, segments, sharing, spread, packed }
    }
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// The taps of a phase along each axis; they are all combinations of them, the last axis fastest.
fn axes(phase: &Phase) -> [Axis; 3] {
    let taps = &phase.taps;
    let run = |axes: usize| {
        taps.iter().take_while(|tap| tap.offset[..axes] == taps[0].offset[..axes]).count()
    };
    let runs = [run(0), run(1), run(2), usize::from(!taps.is_empty())];
    std::array::from_fn(|a| {
        let count = runs[a].checked_div(runs[a + 1]).unwrap_or(0);
        let offset = |i: usize| taps[i * runs[a + 1]].offset[a];
        Axis {
            count,
            first: if count > 0 { offset(0) } else { 0 },
            step: if count > 1 { offset(1) - offset(0) } else { 1 },
        }
    })
}

/// True for 3×3 taps of stride 1 or 2, each destination channel with a source channel of its own, of which at most
/// two columns lie outside the source on either side.
pub(super) fn suits_strips(gather: &Gather) -> bool {
    let [phase] = &gather.phases[..] else { return false };
    let axes = axes(phase);
    let steps = phase.source_step;
    let last = phase.counts[2].saturating_sub(1) * steps[2] + 2;
    (gather.group_sources(), gather.group_destinations()) == (1, 1)
        && axes.map(|axis| axis.count) == [1, 3, 3]
        && axes.map(|axis| axis.step) == [1; 3]
        && (axes[0].first, gather.source[0], phase.counts[0]) == (0, 1, 1)
        && axes[2].first >= -2
        && axes[2].first + last as isize <= gather.source[2] as isize + 1
        && steps[1] == steps[2]
        && steps[1] <= 2
        && phase.destination_step == [1; 3]
}

/// Whether few sets of the first cache hold all columns of a strip with strides of 1, which then loses a row before it is
/// read for the next output row. 256 channels at 56 × 56, one core: 0.34 ms in strips, 0.25 ms where each row is read once.
pub(super) fn shares_sets(gather: &Gather) -> bool {
    let [phase] = &gather.phases[..] else { return false };
    phase.source_step[2] == 1 && gather.source_channels.is_multiple_of(ALIASED_CHANNELS)
}

/// How the work is cut, by the shape alone. A task is a chunk of blocks in a strip of columns and a band of
/// rows of one item.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Grid {
    pub items: usize,
    pub bands: usize,
    pub strips: usize,
    pub chunks: usize,
}

impl Grid {
    /// For strips whose rows come first, then tiles, then blocks, so that a row of the source is still in the
    /// first cache when the next rows' taps need it again.
    pub fn of_tiles(gather: &Gather, blocks: &[Block], phases: &[PhasePlan], lanes: usize) -> Self {
        let most = |size: &dyn Fn(&Phase) -> usize| gather.phases.iter().map(size).max();
        let rows = most(&|phase| phase.counts[0] * phase.counts[1]).unwrap_or(0);
        let columns = most(&|phase| phase.counts[2]).unwrap_or(0);
        let Some(block) = blocks.first() else { return Self::default() };
        if gather.batch == 0 || rows * columns == 0 {
            return Self::default();
        }
        let taps = most(&|phase| phase.taps.len()).unwrap_or(0);
        let slide = most(&|phase| phase.source_step[2]).unwrap_or(1);
        let axis = |a: usize| phases.iter().map(|plan| plan.axes[a].count).max().unwrap_or(0);
        let spread = phases.iter().map(|plan| plan.spread).max().unwrap_or(1);
        let vectors: usize = blocks.iter().map(|block| block.vectors).sum();
        let weights = taps * lanes::weight_vectors(blocks);
        // Values that a strip's rows need at a time for each destination channel: the source's, the
        // weights, and the output.
        let footprint = |columns: usize| {
            let source = axis(0) * axis(1) * (columns * slide + axis(2));
            source * gather.source_channels / gather.destination_channels
                + weights / vectors
                + columns
        };
        let room = FIRST_CACHE / size_of::<f32>() / lanes;
        let tile = MOST_PLACES * spread;
        let chunk = (room / footprint(tile) / block.vectors).max(1);
        let chunks = blocks.len().div_ceil(chunk);
        let mut strip = tile;
        while strip < columns && footprint(strip + tile) * vectors.div_ceil(chunks) <= room {
            strip += tile;
        }
        // With few rows, strips are longer.
        let wanted = (TASK_MACS / (weights * lanes).div_ceil(chunks).max(1)).max(1);
        let strip = strip.max((wanted / rows).div_ceil(tile) * tile);
        let strips = columns.div_ceil(strip);
        let bands = rows.div_ceil((wanted / columns.div_ceil(strips)).max(1));
        Self { items: gather.batch, bands, strips, chunks }
    }

    /// For strips of 3×3 taps that are computed from top to bottom, block by block.
    pub fn of_strips(gather: &Gather, blocks: &[Block], lanes: usize) -> Self {
        let [_, rows, columns] = gather.phases[0].counts;
        if gather.batch * rows * columns * blocks.len() == 0 {
            return Self::default();
        }
        let halves = if rows >= 2 * LEAST_BAND { 2 } else { 1 };
        let bands = rows.div_ceil(MOST_BAND).max(halves);
        let most = if shares_sets(gather) { roll::MOST_COLUMNS } else { strip::MOST_COLUMNS };
        let strip_macs = rows.div_ceil(bands) * most * 9 * lanes;
        let chunk = (TASK_MACS / strip_macs).clamp(1, MOST_CHUNK);
        let (strips, mut chunks) = (columns.div_ceil(most), blocks.len().div_ceil(chunk));
        // An even number of tasks, for two threads: 960 channels at 7 × 7 were five.
        if gather.batch * bands * strips % 2 == 1 {
            chunks = chunks.next_multiple_of(2).min(blocks.len());
        }
        Self { items: gather.batch, bands, strips, chunks }
    }

    pub fn tasks(&self) -> usize {
        self.items * self.bands * self.strips * self.chunks
    }

    /// The item, band, strip and chunk of a task: neighbours share most of what they read.
    pub fn task(&self, index: usize) -> [usize; 4] {
        let (rest, chunk) = (index / self.chunks, index % self.chunks);
        let (rest, strip) = (rest / self.strips, rest % self.strips);
        [rest / self.bands, rest % self.bands, strip, chunk]
    }
}

/// The i-th of n pieces of `len`, as equal as can be.
pub(super) fn piece(i: usize, n: usize, len: usize) -> Range<usize> {
    let cut = |i: usize| i * (len / n) + i.min(len % n);
    cut(i)..cut(i + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::ConvProblem;

    #[test]
    fn the_taps_of_each_axis_are_found_again() {
        let mut problem = ConvProblem::new_2d(1, [9, 9], 2, 2).kernel_2d([3, 4]);
        problem.dilation_rate = [1, 2, 3];
        problem.pad_before = [0, 1, 2];
        let axes = axes(&Gather::forward(&problem).phases[0]);
        let found = axes.map(|axis| (axis.count, axis.first, axis.step));
        assert_eq!(found, [(1, 0, 1), (3, -1, 2), (4, -2, 3)]);
        assert_eq!(axes[1].inside(0, 9), 1..3);
        assert_eq!(axes[1].inside(7, 9), 0..2);
        assert_eq!(axes[1].inside(7, 1), 0..0);
    }

    #[test]
    fn dilated_places_share_columns_with_those_as_far_apart() {
        let plan = |stride, dilation| {
            let mut problem = ConvProblem::new_2d(1, [40, 40], 2, 2).kernel_2d([3, 3]);
            problem.strides = [1, 1, stride];
            problem.dilation_rate = [1, 1, dilation];
            let plan = PhasePlan::new(&Gather::forward(&problem).phases[0], 0);
            (plan.sharing, plan.spread)
        };
        assert_eq!(plan(1, 1), (Sharing::One, 1));
        assert_eq!(plan(2, 1), (Sharing::Two, 1));
        assert_eq!(plan(1, 3), (Sharing::One, 3));
        assert_eq!(plan(2, 2), (Sharing::One, 1));
        assert_eq!(plan(2, 3), (Sharing::None, 1));
        assert_eq!(plan(3, 1), (Sharing::None, 1));
    }

    #[test]
    fn pieces_cover_everything_once() {
        let pieces: Vec<_> = (0..3).map(|i| piece(i, 3, 8)).collect();
        assert_eq!(pieces, [0..3, 3..6, 6..8]);
    }
}
