//! How a plan runs: a task stages its band, part by part of the sum, and runs its blocks of filters over it.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::band::{self, STAGE_VALUES};
use super::plan::{Bf16Plan, Part};
use super::spaced::{self, SpacedArgs};
use super::stage::{StageShape, stage};
use super::tile::{self, MOST_PLACES, TileArgs};
use crate::conv::ConvArgs;
use crate::conv::direct::even_cuts;
use crate::conv::epilogue::Ends;
use crate::conv::finish::Finish;
use crate::parallel;
use crate::simd::{Simd, WithSimd, dispatch, dispatch_bf16};

/// The memory of a task.
#[repr(C, align(64))]
struct Memory {
    staged: [u16; STAGE_VALUES],
    places: [Place; band::MOST_PLACES],
}

/// A place of a band.
#[derive(Clone, Copy)]
struct Place {
    /// Where its staged values begin, counted in staged places.
    staged: usize,
    /// Its number in the destination.
    destination: usize,
}

/// A band and the range of blocks that run over it.
struct Task {
    phase: usize,
    group: usize,
    item: usize,
    start: [usize; 3],
    size: [usize; 3],
    blocks: Range<usize>,
}

/// The slices of one run.
struct Values<'a> {
    source: &'a [f32],
    packed: &'a [f32],
    ends: Ends<'a>,
}

/// A part of the sums of one block of filters.
struct BlockSum<'a> {
    part: &'a Part,
    /// The staged values of the band.
    staged: *const u16,
    /// The weights of block and part.
    weights: *const f32,
    bias: *const f32,
    /// What is added besides, at the destination's first place, and the distance between places.
    start: (*const f32, usize),
    /// The block's first channel at the destination's first place, and the distance between places.
    output: (*mut f32, usize),
    /// Its channels in the destination.
    channels: Range<usize>,
    /// Whether this part completes the sums.
    complete: bool,
    lower: f32,
    upper: f32,
}

impl BlockSum<'_> {
    fn source(&self, place: &Place) -> *const u16 {
        self.staged.wrapping_add(place.staged * self.part.stride)
    }

    /// Null for nothing.
    fn start(&self, place: &Place) -> *const f32 {
        let (start, step) = self.start;
        if start.is_null() { start } else { start.wrapping_add(place.destination * step) }
    }

    fn output(&self, place: &Place) -> *mut f32 {
        self.output.0.wrapping_add(place.destination * self.output.1)
    }
}

impl Bf16Plan {
    pub fn run(&self, args: ConvArgs<'_>) {
        assert_eq!(args.input.len(), self.gather.source_len(), "length of the values convolved");
        assert_eq!(args.packed.len(), self.packed_len, "length of the packed weights");
        let (places, channels) = self.gather.destination_size();
        let (source, packed) = (args.input, args.packed);
        let ends = Ends::new(&self.epilogue, places, channels, args);
        let values = Values { source, packed, ends };
        for (index, phase) in self.phases.iter().enumerate() {
            parallel::for_each(phase.tasks, phase.nanoseconds, |i| {
                let op = TaskOp { plan: self, task: self.task(index, i), values: &values };
                if self.native { dispatch_bf16(self.isa, op) } else { dispatch(self.isa, op) }
            });
        }
    }

    /// Task `index` of a phase: neighbours share their band.
    fn task(&self, phase: usize, index: usize) -> Task {
        let plan = &self.phases[phase];
        let mut index = index;
        let mut next = |count: usize| {
            let digit = index % count;
            index /= count;
            digit
        };
        let range = next(plan.ranges);
        let group = next(self.gather.groups);
        let [width, height, depth] = [2, 1, 0].map(|axis| next(plan.bands[axis]));
        let counts = self.gather.phases[phase].counts;
        let start: [usize; 3] =
            std::array::from_fn(|axis| [depth, height, width][axis] * plan.band.size[axis]);
        let first = range * plan.task_blocks;
        Task {
            phase,
            group,
            item: index,
            start,
            size: std::array::from_fn(|a| plan.band.size[a].min(counts[a] - start[a])),
            blocks: first..(first + plan.task_blocks).min(self.blocks),
        }
    }

    /// Stages the task's band and runs its tiles, part by part.
    #[inline(always)]
    fn run_task<S: Simd>(&self, s: S, task: &Task, values: &Values<'_>) {
        let g = &self.gather;
        let (phase, plan) = (&g.phases[task.phase], &self.phases[task.phase]);
        let mut memory = MaybeUninit::<Memory>::uninit();
        let memory = memory.as_mut_ptr();
        // SAFETY: addresses within the memory; nothing is read.
        let (staged, places) = unsafe { (&raw mut (*memory).staged, &raw mut (*memory).places) };
        let staged: *mut u16 = staged.cast();
        // Rows and planes are those of a full band, which the runs' offsets count on.
        let size: [usize; 3] = std::array::from_fn(|a| {
            let count = if a > 0 { plan.band.size[a] } else { task.size[a] };
            plan.axes[a].size(count)
        });
        let count = self.list_places(task, size, places.cast());
        // SAFETY: `list_places` has written as many.
        let places = unsafe { std::slice::from_raw_parts(places.cast(), count) };
        for (i, part) in plan.parts.iter().enumerate() {
            let shape = StageShape {
                item: task.item,
                origin: std::array::from_fn(|a| {
                    (task.start[a] * phase.source_step[a]) as isize + phase.reach[a].0
                }),
                step: plan.axes.map(|axis| axis.step),
                size,
                channel: task.group * g.group_sources() + part.channel,
                channels: part.channels,
                stride: part.stride,
            };
            if !part.runs.is_empty() {
                // SAFETY: `run` has checked the source's length, and a band's values and one more fit
                // the memory (`Band::new`).
                unsafe { stage(s, g, values.source, &shape, staged) };
            }
            for block in task.blocks.clone() {
                let sum = self.block_sum((task, i, block), staged, values);
                let left = self.run_spaced(s, &sum, task.size, places);
                self.run_listed(s, &sum, left, values);
            }
        }
    }

    /// Lists the places of a band. Once for all blocks of filters.
    #[inline(always)]
    fn list_places(&self, task: &Task, size: [usize; 3], to: *mut Place) -> usize {
        let g = &self.gather;
        let (phase, plan) = (&g.phases[task.phase], &self.phases[task.phase]);
        let at = |a: usize, i: usize| {
            phase.destination_start[a] + (task.start[a] + i) * phase.destination_step[a]
        };
        let mut count = 0;
        for d in 0..task.size[0] {
            for h in 0..task.size[1] {
                let row = (d * plan.axes[0].advance * size[1] + h * plan.axes[1].advance) * size[2];
                let line = (task.item * g.destination[0] + at(0, d)) * g.destination[1] + at(1, h);
                for w in 0..task.size[2] {
                    let destination = line * g.destination[2] + at(2, w);
                    let place = Place { staged: row + w * plan.axes[2].advance, destination };
                    assert!(count < band::MOST_PLACES, "a band has no more places");
                    // SAFETY: within the list (checked above).
                    unsafe { to.add(count).write(place) };
                    count += 1;
                }
            }
        }
        count
    }

    fn block_sum<'a>(
        &'a self,
        (task, part_index, block): (&Task, usize, usize),
        staged: *const u16,
        values: &Values<'a>,
    ) -> BlockSum<'a> {
        let plan = &self.phases[task.phase];
        let part = &plan.parts[part_index];
        let channel = task.group * self.gather.group_destinations() + block * self.width();
        let weights = &values.packed[self.packed_block(plan, task.group, block)];
        let output = values.ends.output(channel);
        // The first part starts from bias and residual, the others from what is summed up so far.
        let (bias, start) = match part_index {
            0 => (values.ends.bias(channel), values.ends.residual(channel)),
            _ => (std::ptr::null(), (output.cast_const(), values.ends.stride())),
        };
        let complete = part_index + 1 == plan.parts.len();
        let [lower, upper] = if complete { self.finish } else { Finish::Plain }.bounds();
        BlockSum {
            part,
            staged,
            weights: weights[part.packed * self.width()..].as_ptr(),
            bias,
            start,
            output: (output, values.ends.stride()),
            channels: channel..channel + self.block_filters(block),
            complete,
            lower,
            upper,
        }
    }

    /// Runs the full tiles of rows whose places lie evenly apart; returns the places that are left.
    #[inline(always)]
    fn run_spaced<'p, S: Simd>(
        &self,
        s: S,
        sum: &BlockSum<'_>,
        size: [usize; 3],
        places: &'p [Place],
    ) -> &'p [Place] {
        let [depth, rows, columns] = size;
        let tile = tile::most_places(self.isa);
        let full = sum.channels.len() == self.width();
        let one_row = depth * rows == 1;
        // What is left of a row would be tiles of few places.
        let whole = one_row || columns.is_multiple_of(tile);
        if columns < tile || !whole || !full || matches!(self.finish, Finish::Rows(_)) {
            return places;
        }
        for row in places.chunks_exact(columns) {
            let (first, next) = (&row[0], &row[1]);
            let step = next.destination - first.destination;
            let args = SpacedArgs {
                tiles: columns / tile,
                source: sum.source(first),
                source_step: (next.staged - first.staged) * sum.part.stride,
                runs: &sum.part.runs,
                weights: sum.weights,
                bias: sum.bias,
                start: sum.start(first),
                start_step: step * sum.start.1,
                output: sum.output(first),
                output_step: step * sum.output.1,
                lower: sum.lower,
                upper: sum.upper,
            };
            // SAFETY: as in `run_listed`; the block fills its vectors, and the places of a row lie as far apart as
            // its first two.
            unsafe { spaced::run_tiles(s, self.vectors, &args) };
        }
        if one_row { &places[columns / tile * tile..] } else { &[] }
    }

    /// Runs tiles over places that may lie anywhere.
    #[inline(always)]
    fn run_listed<S: Simd>(&self, s: S, sum: &BlockSum<'_>, places: &[Place], values: &Values<'_>) {
        let mut sources = [std::ptr::null(); MOST_PLACES];
        let mut outputs = [std::ptr::null_mut(); MOST_PLACES];
        let mut starts = [std::ptr::null(); MOST_PLACES];
        let mut left = places;
        for count in even_cuts(places.len(), tile::most_places(self.isa)) {
            let (tile_places, rest) = left.split_at(count);
            left = rest;
            for (p, place) in tile_places.iter().enumerate() {
                sources[p] = sum.source(place);
                outputs[p] = sum.output(place);
                starts[p] = sum.start(place);
            }
            let args = TileArgs {
                rows: &sources[..count],
                outputs: &outputs[..count],
                starts: &starts[..count],
                runs: &sum.part.runs,
                weights: sum.weights,
                bias: sum.bias,
                channels: sum.channels.len(),
                lower: sum.lower,
                upper: sum.upper,
            };
            // SAFETY: `stage` has written every word that a run of these places reads; a block's
            // weights are as long as its parts (`packed_block`); `Ends::new` has checked the rest. No
            // other task writes these places' block of channels.
            unsafe { tile::run_tile(s, self.vectors, &args) };
            if sum.complete && matches!(self.finish, Finish::Rows(_)) {
                for place in tile_places {
                    // SAFETY: only this task writes this block of channels at its places.
                    let row = unsafe { values.ends.row(place.destination, sum.channels.clone()) };
                    self.finish.apply_to_row(self.isa, row);
                }
            }
        }
    }
}

struct TaskOp<'a> {
    plan: &'a Bf16Plan,
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
