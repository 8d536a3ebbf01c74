//! The gradient of a convolution's weights as the plain sum of its products.
//!
//! For each tap: input values (places × channels), transposed, times output gradients (places × filters).
//! The long side, the places, is summed in registers:
//!
//! ```text
//! work:     task = (range of places, group, block of filters)
//! in it:    chunk of places → unit (tap, or row of taps) → tile (channels × filters) → place
//! result:   range 0 writes the gradient itself, the others write scratch, which is added in order
//! ```
//!
//! How many ranges there are follows from the shape alone, so that the sums are the same for any
//! number of threads. A unit lists the columns for which its taps lie inside the input; no padding is multiplied.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::direct::even_cuts;
use super::weight_tile::{self, Segment, TileArgs};
use super::{Algorithm, ConvProblem};
use crate::isa::Isa;
use crate::parallel::{self, DisjointMut};
use crate::simd::{Simd, WithSimd, dispatch};

/// Multiply-adds that one core does in about a nanosecond.
const MACS_PER_NANOSECOND: usize = 48;
/// Multiply-adds of a task, some 40 µs.
const TASK_MACS: usize = 2_000_000;
/// The most tasks that are worth adding up for.
const MOST_TASKS: usize = 16;
/// The most scratch for partial sums: 16 MiB, about a third of a large third cache.
const MOST_SCRATCH: usize = 4 << 20;
/// Values of a task's panels of gradients: 256 KiB, a quarter of the second cache.
const PANEL_VALUES: usize = 64 << 10;
/// Input values of a chunk: as much again.
const INPUT_VALUES: usize = 64 << 10;
/// The most places of a chunk.
const MOST_PLACES: usize = 1024;

/// A planned weight gradient.
#[derive(Clone, Debug)]
pub(super) struct DirectWeightGradient {
    problem: ConvProblem,
    algorithm: Algorithm,
    isa: Isa,
    units: Vec<Unit>,
    /// Groups whose channels and filters go together; 1 for depthwise, where a vector runs over groups.
    groups: usize,
    /// Filters of a block, as many as `vectors` hold.
    vectors: usize,
    blocks: usize,
    cut: Cut,
}

/// Rows of the weight gradient that are summed over the same places.
#[derive(Clone, Debug)]
struct Unit {
    /// The first row of the weight gradient, seen as (taps × group channels, filters).
    row: usize,
    rows: usize,
    /// From `o × strides` to the input place, along each axis.
    offset: [isize; 3],
    /// Output columns for which the unit's taps lie inside the input.
    columns: [Range<usize>; 2],
    /// True for the first unit of its rows.
    starts: bool,
}

impl DirectWeightGradient {
    /// Takes this algorithm: `Direct`, `Pointwise` or `Depthwise`.
    pub fn new(algorithm: Algorithm, problem: ConvProblem, isa: Isa) -> Self {
        let depthwise = algorithm == Algorithm::Depthwise;
        let groups = if depthwise { 1 } else { problem.groups };
        let filters = problem.filters / groups;
        let vectors = filters.div_ceil(isa.lanes()).clamp(1, weight_tile::MOST_VECTORS);
        let blocks = filters.div_ceil(vectors * isa.lanes());
        let mut plan = Self {
            units: units(&problem, depthwise),
            problem,
            algorithm,
            isa,
            groups,
            vectors,
            blocks,
            cut: Cut::default(),
        };
        plan.cut = plan.choose_cut();
        plan
    }

    /// The length of the scratch memory that a run needs.
    pub fn scratch_len(&self) -> usize {
        (self.cut.ranges - 1) * self.problem.weights_len()
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
        let tasks = self.cut.ranges * self.groups * runs;
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
                range: i / (self.groups * runs),
                group: i / runs % self.groups,
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
        let wanted = (p.macs() as usize / TASK_MACS).clamp(1, MOST_TASKS);
        let places = p.batch * p.output_places();
        let by_memory = 1 + MOST_SCRATCH / p.weights_len().max(1);
        let width = self.vectors * self.isa.lanes();
        let mut best = (usize::MAX, Cut::default());
        for blocks in 1..=self.blocks {
            let by_panel = PANEL_VALUES / (width * blocks);
            let by_input = (INPUT_VALUES / p.group_channels().max(1)).max(256);
            let chunk = by_panel.min(by_input).clamp(1, MOST_PLACES);
            if blocks > 1 && chunk < 128.min(places) {
                break;
            }
            let runs = self.blocks.div_ceil(blocks);
            let ranges = wanted.div_ceil((self.groups * runs).max(1));
            let ranges = ranges.min(by_memory).min(places.div_ceil(128).max(1));
            let reads = runs * places * p.in_channels;
            let chunks = places.div_ceil(ranges).div_ceil(chunk) * ranges;
            let sums = (3 * (ranges - 1) + chunks) * p.weights_len();
            let idle = if ranges * runs * self.groups < wanted { 2 } else { 1 };
            let cost = (reads + sums) * idle;
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
        let depthwise = self.algorithm == Algorithm::Depthwise;
        let most_rows = if depthwise {
            weight_tile::MOST_ROWS_DEPTHWISE
        } else {
            weight_tile::most_rows(self.isa, self.vectors)
        };
        let row_step = if depthwise { p.dilation_rate[2] * p.in_channels } else { 1 };
        let mut start = first;
        while start < end {
            let chunk = start..end.min(start + self.cut.chunk);
            for (i, block) in task.blocks.clone().enumerate() {
                let (filter, filters) = self.filters(task.group, block, S::LANES);
                let to = panel.wrapping_add(i * self.cut.chunk * width);
                let block = PackArgs {
                    gradient: values.gradient,
                    stride: p.filters,
                    places: chunk.clone(),
                    filters: filter..filter + filters,
                    vectors: self.vectors,
                };
                // SAFETY: the panel has room for the chunk's places × the task's blocks.
                unsafe { pack(s, &block, to) };
            }
            for unit in &self.units {
                let count = self.segments(unit, chunk.clone(), &mut segments);
                let mut row = 0;
                for rows in even_cuts(unit.rows, most_rows) {
                    for (i, block) in task.blocks.clone().enumerate() {
                        let (filter, filters) = self.filters(task.group, block, S::LANES);
                        let channel =
                            if depthwise { filter } else { task.group * p.group_channels() };
                        let args = TileArgs {
                            segments: &segments[..count],
                            input: values.input.as_ptr().wrapping_add(channel + row * row_step),
                            input_step: p.strides[2] * p.in_channels,
                            row_step,
                            gradient: panel.wrapping_add(i * self.cut.chunk * width),
                            sums: target
                                .pointer(target_start + filter + (unit.row + row) * p.filters),
                            sums_step: p.filters,
                            filters,
                            first: unit.starts && start == first,
                        };
                        // SAFETY: the segments name places whose taps lie inside the input
                        // (`segments`), `run` has checked the lengths, and this task alone writes
                        // these filters of its range's sums.
                        unsafe { weight_tile::run_tile(s, depthwise, (rows, self.vectors), &args) };
                    }
                    row += rows;
                }
            }
            start = chunk.end;
        }
    }

    /// The first filter of a block, and how many it has.
    fn filters(&self, group: usize, block: usize, lanes: usize) -> (usize, usize) {
        let (filters, width) = (self.problem.filters / self.groups, self.vectors * lanes);
        (group * filters + block * width, width.min(filters - block * width))
    }

    /// Lists the places of a chunk at which the unit's taps lie inside the input, as pieces of rows.
    #[inline(always)]
    fn segments(
        &self,
        unit: &Unit,
        chunk: Range<usize>,
        segments: &mut [Segment; MOST_PLACES],
    ) -> usize {
        let p = &self.problem;
        let [depth, height, width] = p.output();
        let mut count = 0;
        let mut line = chunk.start / width;
        while line * width < chunk.end {
            let (n, od, oh) = (line / (depth * height), line / height % depth, line % height);
            let id = (od * p.strides[0]) as isize + unit.offset[0];
            let ih = (oh * p.strides[1]) as isize + unit.offset[1];
            let first = line * width;
            line += 1;
            if id as usize >= p.input[0] || ih as usize >= p.input[1] {
                continue;
            }
            let input_line = (n * p.input[0] + id as usize) * p.input[1] + ih as usize;
            for columns in &unit.columns {
                let from = columns.start.max(chunk.start.saturating_sub(first));
                let to = columns.end.min(chunk.end - first);
                if from >= to {
                    continue;
                }
                let iw = (from * p.strides[2]) as isize + unit.offset[2];
                let segment = Segment {
                    input: ((input_line * p.input[2]) as isize + iw) * p.in_channels as isize,
                    place: first + from - chunk.start,
                    places: to - from,
                };
                // Rows that follow each other without a gap, as in a 1×1 convolution, are one.
                let step = (p.strides[2] * p.in_channels) as isize;
                match segments[..count].last_mut() {
                    Some(last)
                        if last.input + last.places as isize * step == segment.input
                            && last.place + last.places == segment.place =>
                    {
                        last.places += segment.places;
                    }
                    _ => {
                        segments[count] = segment;
                        count += 1;
                    }
                }
            }
        }
        count
    }
}

struct Task {
    range: usize,
    group: usize,
    blocks: Range<usize>,
}

/// How the work is cut into tasks.
#[derive(Clone, Debug, Default)]
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

/// Lays the gradients of a block of filters side by side, with zeros up to a whole tile.
///
/// They are read for every tap and channel: with 2048 filters the rows of a block lie 8 KiB apart,
/// and all fall into the same few sets of the cache. Vectors, not slice copies: a call of `memcpy` for each
/// place took a quarter of the time of a 1×1 convolution of 64 channels.
///
/// # Safety
/// `to` is valid to write for the block's vectors at each place.
#[inline(always)]
unsafe fn pack<S: Simd>(s: S, block: &PackArgs<'_>, mut to: *mut f32) {
    let filters = block.filters.len();
    for place in block.places.clone() {
        let row = &block.gradient[place * block.stride + block.filters.start..][..filters];
        for v in 0..block.vectors {
            let from = row.get(v * S::LANES..).unwrap_or_default();
            let values = if from.len() >= S::LANES { s.load(from) } else { s.load_first(from) };
            // SAFETY: the caller vouches for the block's vectors.
            unsafe { s.store_ptr(values, to.wrapping_add(v * S::LANES)) };
        }
        to = to.wrapping_add(block.vectors * S::LANES);
    }
}

struct PackArgs<'a> {
    gradient: &'a [f32],
    /// From one place's gradients to the next one's.
    stride: usize,
    places: Range<usize>,
    filters: Range<usize>,
    vectors: usize,
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

/// Output columns for which input place `o × stride + offset` lies inside.
fn inside(p: &ConvProblem, offset: isize) -> Range<usize> {
    let (size, stride) = (p.input[2] as isize, p.strides[2] as isize);
    let ceil = |x: isize| if x <= 0 { 0 } else { (x + stride - 1) / stride };
    let columns = p.output()[2];
    let start = (ceil(-offset) as usize).min(columns);
    start..(ceil(size - offset) as usize).clamp(start, columns)
}

/// One unit for each tap; or, where rows of a tile can span the taps along the width, one unit for
/// such a row of taps and the columns at which all lie inside, and one for each tap at the borders.
///
/// That is so for depthwise, where a tap has one row only, and for few channels that lie side by
/// side: the 3 channels × 7 taps of a picture's first layer fill tiles that 3 rows would leave empty.
fn units(p: &ConvProblem, depthwise: bool) -> Vec<Unit> {
    const FEW_CHANNELS: usize = 8;
    let channels = p.group_channels();
    let side_by_side = p.groups == 1 && p.dilation_rate[2] == 1 && channels <= FEW_CHANNELS;
    let joined = (depthwise || side_by_side) && p.kernel[2] > 1;
    let offset =
        |axis: usize, t: usize| (t * p.dilation_rate[axis]) as isize - p.pad_before[axis] as isize;
    let mut units = Vec::new();
    let none = || 0..0;
    for kd in 0..p.kernel[0] {
        for kh in 0..p.kernel[1] {
            let row = |kw: usize| ((kd * p.kernel[1] + kh) * p.kernel[2] + kw) * channels;
            let offsets = |kw: usize| [offset(0, kd), offset(1, kh), offset(2, kw)];
            let mut all = none();
            if joined {
                let last = inside(p, offset(2, p.kernel[2] - 1));
                let first = inside(p, offset(2, 0));
                all = first.start.max(last.start)..first.end.min(last.end);
                if all.is_empty() {
                    all = none();
                } else {
                    let columns = [all.clone(), none()];
                    let rows = p.kernel[2] * channels;
                    units.push(Unit {
                        row: row(0),
                        rows,
                        offset: offsets(0),
                        columns,
                        starts: true,
                    });
                }
            }
            for kw in 0..p.kernel[2] {
                let own = inside(p, offset(2, kw));
                let columns = if all.is_empty() {
                    [own, none()]
                } else {
                    [own.start..all.start.min(own.end), all.end.max(own.start)..own.end]
                };
                let starts = all.is_empty();
                if starts || columns.iter().any(|columns| !columns.is_empty()) {
                    let (row, offset) = (row(kw), offsets(kw));
                    units.push(Unit { row, rows: channels, offset, columns, starts });
                }
            }
        }
    }
    units
}
