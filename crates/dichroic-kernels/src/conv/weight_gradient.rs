//! The gradient of a convolution's weights.
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

use std::ops::Range;

use super::direct::even_cuts;
use super::weight_tile::{self, Segment, TileArgs};
use super::{Algorithm, ConvProblem};
use crate::isa::Isa;
use crate::parallel::{self, DisjointMut};
use crate::simd::{Simd, WithSimd, dispatch};

/// Places of a chunk: with 32 filters 32 KiB of output gradients, which stay in the first cache for all
/// taps and channels.
const CHUNK: usize = 256;
/// Multiply-adds that one core does in about a nanosecond.
const MACS_PER_NANOSECOND: usize = 48;
/// Multiply-adds of a task, some 40 µs.
const TASK_MACS: usize = 2_000_000;
/// The most tasks that are worth adding up for.
const MOST_TASKS: usize = 32;
/// The most scratch for partial sums: 16 MiB, about a third of a large third cache.
const MOST_SCRATCH: usize = 4 << 20;

/// A planned weight gradient.
///
/// # Shapes
/// - input: (batch, depth, height, width, in_channels)
/// - output gradient: (batch, output depth, output height, output width, filters)
/// - weight gradient: (kernel depth, kernel height, kernel width, in_channels / groups, filters)
#[derive(Clone, Debug)]
pub struct ConvWeightGradient {
    problem: ConvProblem,
    algorithm: Algorithm,
    isa: Isa,
    units: Vec<Unit>,
    /// Groups whose channels and filters go together; 1 for depthwise, where a vector runs over groups.
    groups: usize,
    /// Filters of a block, as many as `vectors` hold.
    vectors: usize,
    blocks: usize,
    ranges: usize,
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
}

impl ConvWeightGradient {
    /// Chooses the algorithm for this shape. The problem is one that [`ConvProblem::validate`] accepts.
    pub fn plan(problem: ConvProblem, isa: Isa) -> Self {
        Self::plan_with(Algorithm::candidates(&problem)[0], problem, isa)
    }

    /// Takes this algorithm, one of [`Algorithm::candidates`].
    ///
    /// # Panics
    /// When the algorithm can't compute the problem, or this CPU lacks the instructions.
    pub fn plan_with(algorithm: Algorithm, problem: ConvProblem, isa: Isa) -> Self {
        algorithm.assert_suits(&problem, isa);
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
            ranges: 1,
        };
        plan.ranges = plan.choose_ranges();
        plan
    }

    /// The problem planned for.
    pub fn problem(&self) -> &ConvProblem {
        &self.problem
    }

    /// The algorithm chosen.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The length of the scratch memory that a run needs.
    pub fn scratch_len(&self) -> usize {
        (self.ranges - 1) * self.problem.weights_len()
    }

    /// Computes the gradient of the weights, in the layout of the weights.
    ///
    /// # Panics
    /// When a length is not the planned one.
    pub fn run(
        &self,
        input: &[f32],
        output_gradient: &[f32],
        weight_gradient: &mut [f32],
        scratch: &mut [f32],
    ) {
        let len = self.problem.weights_len();
        assert_eq!(input.len(), self.problem.input_len(), "length of the input");
        assert_eq!(output_gradient.len(), self.problem.output_len(), "length of the gradient");
        assert_eq!(weight_gradient.len(), len, "length of the result");
        assert_eq!(scratch.len(), self.scratch_len(), "length of the scratch memory");
        if len == 0 {
            return;
        }
        let tasks = self.ranges * self.groups * self.blocks;
        let nanoseconds = self.problem.macs() as usize / MACS_PER_NANOSECOND / tasks;
        let values = Values {
            input,
            gradient: output_gradient,
            first: DisjointMut::new(weight_gradient),
            others: DisjointMut::new(scratch),
        };
        parallel::for_each(tasks, nanoseconds, |i| {
            let task = Task {
                range: i / (self.groups * self.blocks),
                group: i / self.blocks % self.groups,
                block: i % self.blocks,
            };
            dispatch(self.isa, TaskOp { plan: self, task, values: &values });
        });
        self.add_ranges(weight_gradient, scratch);
    }

    /// Adds the partial sums, always in the order of their ranges.
    fn add_ranges(&self, weight_gradient: &mut [f32], scratch: &[f32]) {
        const PIECE: usize = 4096;
        if self.ranges == 1 {
            return;
        }
        let (len, nanoseconds) = (weight_gradient.len(), PIECE * self.ranges / 8);
        parallel::for_each_chunk(weight_gradient, PIECE, nanoseconds, |i, sums| {
            for partial in scratch.chunks_exact(len) {
                let partial = &partial[i * PIECE..];
                for (sum, value) in sums.iter_mut().zip(partial) {
                    *sum += value;
                }
            }
        });
    }

    /// As many ranges of places as give enough tasks, by the shape alone.
    fn choose_ranges(&self) -> usize {
        let p = &self.problem;
        let wanted = (p.macs() as usize / TASK_MACS).clamp(1, MOST_TASKS);
        let by_memory = 1 + MOST_SCRATCH / p.weights_len().max(1);
        let by_places = (p.batch * p.output_places()).div_ceil(CHUNK).max(1);
        wanted.div_ceil((self.groups * self.blocks).max(1)).min(by_memory).min(by_places)
    }

    #[inline(always)]
    fn run_task<S: Simd>(&self, s: S, task: &Task, values: &Values<'_>) {
        let p = &self.problem;
        let width = self.vectors * S::LANES;
        let group_filters = p.filters / self.groups;
        let first_in_group = task.block * width;
        let filter = task.group * group_filters + first_in_group;
        let filters = width.min(group_filters - first_in_group);
        let depthwise = self.algorithm == Algorithm::Depthwise;
        let (channel, row_step, most_rows) = if depthwise {
            (filter, p.dilation_rate[2] * p.in_channels, weight_tile::MOST_ROWS_DEPTHWISE)
        } else {
            (task.group * p.group_channels(), 1, weight_tile::most_rows(self.isa, self.vectors))
        };
        let target = match task.range {
            0 => &values.first,
            _ => &values.others,
        };
        let target_start = task.range.saturating_sub(1) * p.weights_len() + filter;
        let rows = p.weights_len() / p.filters;
        for row in 0..rows {
            let start = target_start + row * p.filters;
            // SAFETY: this task alone writes these filters of its range's sums.
            unsafe { target.range(start..start + filters) }.fill(0.0);
        }
        let places = p.batch * p.output_places();
        let share = |i: usize| (places as u128 * i as u128 / self.ranges as u128) as usize;
        let (mut start, end) = (share(task.range), share(task.range + 1));
        let mut segments = [Segment::default(); CHUNK];
        let mut panel = [0.0; CHUNK * weight_tile::MOST_WIDTH];
        while start < end {
            let chunk = start..end.min(start + CHUNK);
            start = chunk.end;
            // Read for every tap and channel, so that it pays to lay it side by side: with 2048
            // filters the rows of a block lie 8 KiB apart, and all fall into the same few sets of
            // the cache.
            for (place, row) in chunk.clone().zip(panel.chunks_exact_mut(width)) {
                let from = place * p.filters + filter;
                row[..filters].copy_from_slice(&values.gradient[from..from + filters]);
            }
            for unit in &self.units {
                let count = self.segments(unit, chunk.clone(), &mut segments);
                let mut row = 0;
                for rows in even_cuts(unit.rows, most_rows) {
                    let args = TileArgs {
                        segments: &segments[..count],
                        input: values.input.as_ptr().wrapping_add(channel + row * row_step),
                        input_step: p.strides[2] * p.in_channels,
                        row_step,
                        gradient: panel.as_ptr(),
                        sums: target.pointer(target_start + (unit.row + row) * p.filters),
                        sums_step: p.filters,
                        filters,
                    };
                    // SAFETY: the segments name places whose taps lie inside the input
                    // (`segments`), `run` has checked the lengths, and this task alone writes
                    // these filters of its range's sums.
                    unsafe { weight_tile::run_tile(s, depthwise, (rows, self.vectors), &args) };
                    row += rows;
                }
            }
        }
    }

    /// Lists the places of a chunk at which the unit's taps lie inside the input, as pieces of rows.
    #[inline(always)]
    fn segments(&self, unit: &Unit, chunk: Range<usize>, segments: &mut [Segment; CHUNK]) -> usize {
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
    block: usize,
}

struct Values<'a> {
    input: &'a [f32],
    gradient: &'a [f32],
    first: DisjointMut<'a>,
    others: DisjointMut<'a>,
}

struct TaskOp<'a> {
    plan: &'a ConvWeightGradient,
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
                    units.push(Unit { row: row(0), rows, offset: offsets(0), columns });
                }
            }
            for kw in 0..p.kernel[2] {
                let own = inside(p, offset(2, kw));
                let columns = if all.is_empty() {
                    [own, none()]
                } else {
                    [own.start..all.start.min(own.end), all.end.max(own.start)..own.end]
                };
                if columns.iter().any(|columns| !columns.is_empty()) {
                    units.push(Unit { row: row(kw), rows: channels, offset: offsets(kw), columns });
                }
            }
        }
    }
    units
}
