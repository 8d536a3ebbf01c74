//! The gradient of a convolution's weights as the plain sum of its products.
//!
//! For each tap: input values (places × channels), transposed, times output gradients (places × filters).
//! The long side, the places, is summed in registers:
//!
//! ```text
//! work:     task = (range of places, group, run of blocks of filters)
//! in it:    chunk of places → unit (tap, or row of taps) → tile of channels → block → place
//! result:   range 0 writes the gradient itself, the others write scratch, which is added in order
//! ```
//!
//! How many ranges there are follows from the shape alone, so that the sums are the same for any
//! number of threads. A unit lists the columns for which its taps lie inside the input; no padding is multiplied.
//!
//! A chunk's gradients and input lie in the second cache while all its tiles are summed, so that both are
//! read from memory once for each task, and meanwhile the tiles fetch the next chunk. With many channels a
//! chunk's input is too large for that, and they fetch that of the next tile instead.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::ConvProblem;
use super::direct::even_cuts;
use super::weight_tile::{self, Segment, TileArgs};
use super::weight_units::{Unit, units};
use crate::isa::Isa;
use crate::parallel::{self, DisjointMut};
use crate::simd::{Simd, WithSimd, dispatch};

/// Multiply-adds that one core does in about a nanosecond.
const MACS_PER_NANOSECOND: usize = 48;
/// Multiply-adds of a task, some 10 µs.
const TASK_MACS: usize = 500_000;
/// Sums of a task that has few products for each, written in about the same time.
const TASK_VALUES: usize = 128 << 10;
/// The most tasks that are worth adding up for.
const MOST_TASKS: usize = 16;
/// The most scratch for partial sums: 16 MiB, about a third of a large third cache.
const MOST_SCRATCH: usize = 4 << 20;
/// Values of a task's panels of gradients: 256 KiB, a quarter of the second cache.
const PANEL_VALUES: usize = 64 << 10;
/// Input values of a chunk: as much again.
const INPUT_VALUES: usize = 64 << 10;
/// Places of a chunk below which sums are read and written too often.
const LEAST_PLACES: usize = 128;
/// The most places of a chunk: with 512, 128 → 512 channels took 4.5 ms and not 4.3.
const MOST_PLACES: usize = 256;

/// A planned weight gradient.
#[derive(Clone, Debug)]
pub(super) struct DirectWeightGradient {
    problem: ConvProblem,
    isa: Isa,
    units: Vec<Unit>,
    /// Filters of a block, as many as `vectors` hold.
    vectors: usize,
    blocks: usize,
    cut: Cut,
}

impl DirectWeightGradient {
    pub fn new(problem: ConvProblem, isa: Isa) -> Self {
        let filters = problem.group_filters();
        let vectors = filters.div_ceil(isa.lanes()).clamp(1, weight_tile::MOST_VECTORS);
        let blocks = filters.div_ceil(vectors * isa.lanes());
        let mut plan = Self {
            units: units(&problem),
            problem,
            isa,
            vectors,
            blocks,
            cut: Cut { blocks: 1, ranges: 1, chunk: LEAST_PLACES },
        };
        plan.cut = plan.choose_cut();
        plan
    }

    /// The length of the scratch memory that a run needs.
    pub fn scratch_len(&self) -> usize {
        self.cut.ranges.saturating_sub(1) * self.problem.weights_len()
    }

    /// The lengths are those of the problem, and none is 0; the caller has checked it.
    pub fn run(
        &self,
        input: &[f32],
        output_gradient: &[f32],
        weight_gradient: &mut [f32],
        scratch: &mut [f32],
    ) {
        let runs = self.blocks.div_ceil(self.cut.blocks);
        let tasks = self.cut.ranges * self.problem.groups * runs;
        let nanoseconds = self.problem.macs() as usize / MACS_PER_NANOSECOND / tasks;
        let values = Values {
            input,
            gradient: output_gradient,
            first: DisjointMut::new(weight_gradient),
            others: DisjointMut::new(scratch),
        };
        parallel::for_each(tasks, nanoseconds, |i| {
            let start = i % runs * self.cut.blocks;
            let task = Task {
                range: i / (self.problem.groups * runs),
                group: i / runs % self.problem.groups,
                blocks: start..self.blocks.min(start + self.cut.blocks),
            };
            dispatch(self.isa, TaskOp { plan: self, task, values: &values });
        });
        self.add_ranges(weight_gradient, scratch);
    }

    /// Adds the partial sums, always in the order of their ranges.
    fn add_ranges(&self, weight_gradient: &mut [f32], scratch: &[f32]) {
        const PIECE: usize = 4096;
        if self.cut.ranges == 1 {
            return;
        }
        let (len, nanoseconds) = (weight_gradient.len(), PIECE * self.cut.ranges / 8);
        parallel::for_each_chunk(weight_gradient, PIECE, nanoseconds, |i, sums| {
            for partial in scratch.chunks_exact(len) {
                let partial = &partial[i * PIECE..];
                for (sum, value) in sums.iter_mut().zip(partial) {
                    *sum += value;
                }
            }
        });
    }

    /// The cut into tasks that moves the fewest values, by the shape alone.
    ///
    /// More blocks in a task read the input less often, more ranges of places have more partial sums.
    fn choose_cut(&self) -> Cut {
        let p = &self.problem;
        let by_values = p.weights_len() / TASK_VALUES;
        let wanted = (p.macs() as usize / TASK_MACS).max(by_values).clamp(1, MOST_TASKS);
        let places = p.batch * p.output_places();
        let by_memory = 1 + MOST_SCRATCH / p.weights_len().max(1);
        let width = self.vectors * self.isa.lanes();
        let mut best = (usize::MAX, self.cut.clone());
        for blocks in 1..=self.blocks {
            let by_panel = PANEL_VALUES / (width * blocks);
            let by_input = (INPUT_VALUES / p.group_channels().max(1)).max(256);
            let chunk = by_panel.min(by_input).min(MOST_PLACES);
            // One block of any width has room for more.
            if chunk < LEAST_PLACES.min(places).max(1) {
                break;
            }
            let runs = self.blocks.div_ceil(blocks);
            let ranges = wanted.div_ceil(self.problem.groups.saturating_mul(runs).max(1));
            let ranges = ranges.min(by_memory).min(places.div_ceil(LEAST_PLACES).max(1));
            let reads = places.saturating_mul(p.in_channels).saturating_mul(runs);
            let chunks = places.div_ceil(ranges).div_ceil(chunk) * ranges;
            let sums = (3 * (ranges - 1) + chunks).saturating_mul(p.weights_len());
            let tasks = (ranges * runs).saturating_mul(self.problem.groups).max(1);
            let cost = reads.saturating_add(sums).saturating_mul(wanted.div_ceil(tasks));
            if cost < best.0 {
                best = (cost, Cut { blocks, ranges, chunk });
            }
        }
        best.1
    }

    #[inline(always)]
    fn run_task<S: Simd>(&self, s: S, task: &Task, values: &Values<'_>) {
        let p = &self.problem;
        let target = match task.range {
            0 => &values.first,
            _ => &values.others,
        };
        let target_start = task.range.saturating_sub(1) * p.weights_len();
        let places = p.batch * p.output_places();
        let share = |i: usize| (places as u128 * i as u128 / self.cut.ranges as u128) as usize;
        let (first, end) = (share(task.range), share(task.range + 1));
        let mut segments = [Segment::default(); MOST_PLACES];
        let mut panel = MaybeUninit::<Panel>::uninit();
        let panel = panel.as_mut_ptr().cast::<f32>();
        let width = self.vectors * S::LANES;
        let most_rows = weight_tile::most_rows(self.isa, self.vectors);
        let (filter, _) = self.filters(task.group, task.blocks.start, S::LANES);
        let group_channel = task.group * p.group_channels();
        let (last, filters) = self.filters(task.group, task.blocks.end - 1, S::LANES);
        let task_filters = filter..last + filters;
        let input_step = p.strides[2] * p.in_channels;
        let mut start = first;
        while start < end {
            let chunk = start..end.min(start + self.cut.chunk);
            let pack = Pack {
                gradient: values.gradient,
                stride: p.filters,
                places: chunk.clone(),
                filters: task_filters.clone(),
                width,
                step: self.cut.chunk * width,
            };
            // SAFETY: the panel has room for the chunk's places × the task's blocks.
            unsafe { pack.run(s, panel) };
            let next_chunk = chunk.end..end.min(chunk.end + self.cut.chunk);
            let mut ahead = self.ahead(next_chunk, task_filters.clone(), task.group, values);
            let by_tile = self.fetches_by_tile();
            let channels =
                |place| values.input.as_ptr().wrapping_add(self.input_at(place) + group_channel);
            let (this, next) = (channels(chunk.start), channels(chunk.end));
            for (u, unit) in self.units.iter().enumerate() {
                let after = if u + 1 < self.units.len() { this } else { next };
                let count = unit.segments(p, chunk.clone(), &mut segments);
                let mut row = 0;
                for rows in even_cuts(unit.rows, most_rows) {
                    let last = row + rows == unit.rows;
                    let tile = if last { after } else { this.wrapping_add(row + rows) };
                    for (i, block) in task.blocks.clone().enumerate() {
                        let (filter, filters) = self.filters(task.group, block, S::LANES);
                        let (ahead, ahead_step) = match i {
                            // The lines of its first and its last row.
                            0 | 1 if by_tile => {
                                (tile.wrapping_add(i * (most_rows - 1)), input_step)
                            }
                            _ => ahead.next().unwrap_or((panel, 0)),
                        };
                        let args = TileArgs {
                            segments: &segments[..count],
                            input: values.input.as_ptr().wrapping_add(group_channel + row),
                            input_step,
                            gradient: panel.wrapping_add(i * self.cut.chunk * width),
                            sums: target
                                .pointer(target_start + filter + (unit.row + row) * p.filters),
                            sums_step: p.filters,
                            filters,
                            first: unit.starts && start == first,
                            ahead,
                            ahead_step,
                        };
                        // SAFETY: the segments name places whose taps lie inside the input
                        // (`Unit::segments`), the lengths have been checked, and this task alone
                        // writes these filters of its range's sums.
                        unsafe { weight_tile::run_tile(s, (rows, self.vectors), &args) };
                    }
                    row += rows;
                }
            }
            start = chunk.end;
        }
    }

    /// The cache lines that the task will read at the next chunk's places: for each line of a place,
    /// where it is at the first place, and from one place to the next.
    ///
    /// Each tile fetches one of them while it computes. One thread, batch 16: 256 → 64 channels at 56 × 56
    /// from 19.2 to 16.6 ms, 256 → 512 with stride 2 from 39.5 to 34.1 ms. With strides the guess holds
    /// for the first row only; a wrong line does no harm.
    fn ahead<'a>(
        &self,
        chunk: Range<usize>,
        filters: Range<usize>,
        group: usize,
        values: &'a Values<'_>,
    ) -> impl Iterator<Item = (*const f32, usize)> + use<'a> {
        const LINE: usize = 16;
        let p = &self.problem;
        let channels = p.group_channels();
        let (gradient, gradient_step) = (
            values.gradient.as_ptr().wrapping_add(chunk.start * p.filters + filters.start),
            p.filters,
        );
        let (input, input_step) = (
            values.input.as_ptr().wrapping_add(self.input_at(chunk.start) + group * channels),
            p.strides[2] * p.in_channels,
        );
        let gradients = (0..filters.len())
            .step_by(LINE)
            .map(move |i| (gradient.wrapping_add(i), gradient_step));
        let of_chunk = if self.fetches_by_tile() { 0 } else { channels };
        let inputs = (0..of_chunk).step_by(LINE).map(move |i| (input.wrapping_add(i), input_step));
        let wanted = if chunk.is_empty() { 0 } else { usize::MAX };
        gradients.chain(inputs).take(wanted)
    }

    /// Whether a chunk's input is too large to lie in the second cache beside the next one's, so that each tile fetches what
    /// the next tile reads. Two cores, batch 8: 1024 → 256 channels at 14 × 14 from 5.5 to 4.4 ms, 512 → 128 at 28 × 28
    /// from 5.5 to 4.2.
    fn fetches_by_tile(&self) -> bool {
        self.problem.group_channels() * self.cut.chunk > INPUT_VALUES
    }

    /// Where an output place's input lies, but for padding.
    fn input_at(&self, output_place: usize) -> usize {
        let p = &self.problem;
        let [depth, height, width] = p.output();
        let (plane, row, column) =
            (output_place / (height * width), output_place / width % height, output_place % width);
        let (n, od) = (plane / depth.max(1), plane % depth.max(1));
        let at = |o: usize, axis: usize| (o * p.strides[axis]).min(p.input[axis].saturating_sub(1));
        let place =
            ((n * p.input[0] + at(od, 0)) * p.input[1] + at(row, 1)) * p.input[2] + at(column, 2);
        place * p.in_channels
    }

    /// The first filter of a block, and how many it has.
    fn filters(&self, group: usize, block: usize, lanes: usize) -> (usize, usize) {
        let (filters, width) = (self.problem.group_filters(), self.vectors * lanes);
        (group * filters + block * width, width.min(filters - block * width))
    }
}

struct Task {
    range: usize,
    group: usize,
    blocks: Range<usize>,
}

/// How the work is cut into tasks.
#[derive(Clone, Debug)]
struct Cut {
    /// Blocks of filters of a task.
    blocks: usize,
    /// Ranges of places.
    ranges: usize,
    /// Places of a chunk.
    chunk: usize,
}

/// A task's panels of gradients, on a cache line.
#[repr(align(64))]
struct Panel(
    #[allow(dead_code, reason = "read and written through a pointer")] [f32; PANEL_VALUES],
);

/// Lays the gradients of each block of filters side by side, with zeros up to a whole tile.
///
/// They are read for every tap and channel: with 2048 filters the rows of a block lie 8 KiB apart,
/// and all fall into the same few sets of the cache. Vectors, not slice copies: a call of `memcpy` for each
/// place took a quarter of the time of a 1×1 convolution of 64 channels.
struct Pack<'a> {
    gradient: &'a [f32],
    /// From one place's gradients to the next one's.
    stride: usize,
    places: Range<usize>,
    filters: Range<usize>,
    /// Values of a block at a place.
    width: usize,
    /// From one block's panel to the next.
    step: usize,
}

impl Pack<'_> {
    /// # Safety
    /// `to` is valid to write for the blocks' panels.
    #[inline(always)]
    unsafe fn run<S: Simd>(&self, s: S, to: *mut f32) {
        for (i, place) in self.places.clone().enumerate() {
            let row = &self.gradient[place * self.stride..][self.filters.clone()];
            for (block, row) in row.chunks(self.width).enumerate() {
                let to = to.wrapping_add(block * self.step + i * self.width);
                for v in (0..self.width).step_by(S::LANES) {
                    let from = row.get(v..).unwrap_or_default();
                    let values =
                        if from.len() >= S::LANES { s.load(from) } else { s.load_first(from) };
                    // SAFETY: the caller vouches for the panels.
                    unsafe { s.store_ptr(values, to.wrapping_add(v)) };
                }
            }
        }
    }
}

struct Values<'a> {
    input: &'a [f32],
    gradient: &'a [f32],
    first: DisjointMut<'a>,
    others: DisjointMut<'a>,
}

struct TaskOp<'a> {
    plan: &'a DirectWeightGradient,
    task: Task,
    values: &'a Values<'a>,
}

impl WithSimd for TaskOp<'_> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        self.plan.run_task(s, &self.task, self.values);
    }
}
