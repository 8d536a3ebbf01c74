//! The weight gradient of depthwise convolution, and of grouped convolution with few channels in a group.
//!
//! ```text
//! work:     task = (range of parts, chunk of blocks); part = (item, band of rows, strip of columns)
//! result:   each range sums into scratch of its own, laid out as packed weights; then all are added in
//!           order and put where the weights lie
//! ```
//!
//! How many ranges there are follows from the shape alone, so that the sums are the same for any number
//! of threads.

use super::gradient_tile::{self, StripGradientArgs, TileGradientArgs};
use super::lanes::Block;
use super::walk::{Row, Walk, Width};
use crate::conv::ConvProblem;
use crate::conv::gather::Gather;
use crate::isa::Isa;
use crate::parallel::{self, DisjointMut};
use crate::simd::{Simd, WithSimd, dispatch};

/// Products that one core does in about a nanosecond.
const MACS_PER_NANOSECOND: usize = 24;
/// Products of a task, some 8 µs.
const TASK_MACS: usize = 200_000;
/// Products of a range for each weight, such that adding up costs little.
const LEAST_PLACES: usize = 256;
/// The most ranges.
const MOST_RANGES: usize = 32;

/// A planned weight gradient.
#[derive(Clone, Debug)]
pub(in crate::conv) struct DepthwiseWeightGradient {
    walk: Walk,
    isa: Isa,
    ranges: usize,
}

impl DepthwiseWeightGradient {
    pub fn new(problem: &ConvProblem, isa: Isa) -> Self {
        let walk = Walk::new(Gather::forward(problem), Width::One, isa);
        let parts = walk.grid.tasks() / walk.grid.chunks.max(1);
        let by_macs = walk.macs / TASK_MACS / walk.grid.chunks.max(1);
        let by_places = problem.batch.saturating_mul(problem.output_places()) / LEAST_PLACES;
        let ranges = by_macs.min(by_places).min(parts).clamp(1, MOST_RANGES);
        Self { walk, isa, ranges }
    }

    pub fn scratch_len(&self) -> usize {
        self.ranges * self.walk.packed_len
    }

    /// The lengths are those of the problem, and `scratch_len`.
    pub fn run(&self, input: &[f32], gradient: &[f32], weights: &mut [f32], scratch: &mut [f32]) {
        let (len, chunks) = (self.walk.packed_len, self.walk.grid.chunks);
        let tasks = self.ranges * chunks;
        let values = Values { input, gradient, sums: DisjointMut::new(scratch) };
        let nanoseconds = self.walk.macs / MACS_PER_NANOSECOND / tasks.max(1);
        parallel::for_each(tasks, nanoseconds, |i| {
            let task = [i / chunks, i % chunks];
            dispatch(self.isa, TaskOp { plan: self, task, values: &values });
        });
        let Some((sums, others)) = scratch.split_at_mut_checked(len) else { return };
        for other in others.chunks_exact(len.max(1)) {
            sums.iter_mut().zip(other).for_each(|(sum, x)| *sum += x);
        }
        weights.fill(0.0);
        self.walk.for_each_run(|from, to, count| {
            weights[to..to + count].copy_from_slice(&sums[from..from + count]);
        });
    }

    #[inline(always)]
    fn run_task<S: Simd>(&self, s: S, [range, chunk]: [usize; 2], values: &Values<'_>) {
        let walk = &self.walk;
        let (blocks, taps) = (walk.task_blocks(chunk), walk.gather.phases[0].taps.len());
        let first = range * walk.packed_len;
        for block in blocks {
            let start = first + block.before * taps * S::LANES;
            // SAFETY: only this task has these blocks of this range.
            let sums = unsafe {
                values.sums.range(start..start + block.weight_vectors() * taps * S::LANES)
            };
            sums.fill(0.0);
        }
        let parts = walk.grid.tasks() / walk.grid.chunks;
        for part in super::cut::piece(range, self.ranges, parts) {
            let [item, band, strip, _] = walk.grid.task(part * walk.grid.chunks);
            let part = [item, band, strip];
            if walk.in_strips {
                self.run_strip(s, part, (blocks, first), values);
            } else {
                walk.for_each_tile(part, |row, column, places| {
                    self.run_places(s, row, (column, places), (blocks, first), values);
                });
            }
        }
    }

    /// Adds the products of a strip with the kernel for 3×3 taps.
    #[inline(always)]
    fn run_strip<S: Simd>(
        &self,
        s: S,
        part: [usize; 3],
        (blocks, first): (&[Block], usize),
        values: &Values<'_>,
    ) {
        let (walk, channels) = (&self.walk, self.walk.gather.destination_channels);
        let strip = walk.strip(part);
        let place = walk.strip_place(part[0], &strip);
        for block in blocks {
            let args = StripGradientArgs {
                source: walk.strip_source(part[0], &strip, block, values.input),
                gradient: values.gradient[place * channels + block.channel..].as_ptr(),
                gradient_steps: [channels, channels * walk.gather.destination[2]],
                sums: values.sums.pointer(first + block.before * 9 * S::LANES),
            };
            // SAFETY: the strip lies inside the destination, the lengths are those of the problem, and
            // only this task has these blocks of this range's sums.
            unsafe { gradient_tile::run_strip(s, &args) };
        }
    }

    /// Adds the products of some places of a row.
    #[inline(always)]
    fn run_places<S: Simd>(
        &self,
        s: S,
        row: &Row<'_>,
        (column, count): (usize, usize),
        (blocks, first): (&[Block], usize),
        values: &Values<'_>,
    ) {
        let channels = self.walk.gather.destination_channels;
        let [place, place_step] = row.places(column);
        for block in blocks {
            let sums = first + self.walk.weights(row, block);
            let args = TileGradientArgs {
                window: self.walk.window(row, (column, count), block, values.input),
                gradient: values.gradient[place * channels + block.channel..].as_ptr(),
                gradient_step: place_step * channels,
                sums: values.sums.pointer(sums.min(values.sums.len())),
            };
            // SAFETY: as for strips; the row's taps lie inside the source.
            unsafe { gradient_tile::run_tile(s, &args) };
        }
    }
}

struct Values<'a> {
    input: &'a [f32],
    gradient: &'a [f32],
    sums: DisjointMut<'a>,
}

struct TaskOp<'a> {
    plan: &'a DepthwiseWeightGradient,
    task: [usize; 2],
    values: &'a Values<'a>,
}

impl WithSimd for TaskOp<'_> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        self.plan.run_task(s, self.task, self.values);
    }
}
