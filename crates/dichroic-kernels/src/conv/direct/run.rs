//! How a task of direct convolution runs: part by part, tile by tile.

use std::ops::Range;

use super::{DirectPlan, Task, Work, even_cuts};
use crate::conv::blocks::Block;
use crate::conv::epilogue::Ends;
use crate::conv::finish::Finish;
use crate::conv::gather::{Place, Spaced};
use crate::conv::shape::{Kind, MOST_PLACES};
use crate::conv::spaced::{self, SpacedArgs};
use crate::conv::stage::{Band, Line, StageMemory};
use crate::conv::tile::{self, TileArgs};
use crate::simd::{Simd, WithSimd};

/// A task with the token that it is given.
pub(super) struct TaskOp<'a> {
    pub plan: &'a DirectPlan,
    pub task: &'a Task,
    pub values: &'a Values<'a>,
}

impl WithSimd for TaskOp<'_> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        let Self { plan, task, values } = self;
        match &task.work {
            Work::Places { block, places } => {
                plan.run_places(s, &plan.sum(task, *block, values), places.clone());
            }
            Work::Band(band) => plan.run_band(s, task, band, values),
        }
        if values.ends.streams() {
            s.fence();
        }
    }
}

impl DirectPlan {
    /// Runs the tiles of one block at places that follow each other.
    #[inline(always)]
    fn run_places<S: Simd>(&self, s: S, sum: &Sum<'_>, range: Range<usize>) {
        let g = &self.gather;
        let phase = &g.phases[sum.task.phase];
        let source = sum.values.source.as_ptr().wrapping_add(sum.task.group * g.group_sources());
        let mut weights = sum.weights;
        for (i, part) in self.phases[sum.task.phase].parts.iter().enumerate() {
            let view = View { source, stride: g.source_channels, inside: g.flat, row: None };
            if g.flat {
                let (source, destination) = (range.start as isize, range.start);
                let places = Spaced { source, destination, steps: [1, 1], count: range.len() };
                self.run_spaced(s, sum, (i, weights), places, view);
            } else {
                let mut cursor = g.cursor(phase, range.start);
                let mut places = [Place::default(); MOST_PLACES];
                for count in even_cuts(range.len(), sum.block.shape.most_places(self.isa)) {
                    for place in &mut places[..count] {
                        *place = cursor.next();
                    }
                    self.run_tile(s, sum, (i, weights), (&mut places, count), view);
                }
            }
            weights = weights.wrapping_add(
                part.steps(sum.block.shape.step(S::LANES)) * sum.block.shape.width(S::LANES),
            );
        }
    }

    /// Stages a band, and runs the tiles of all blocks at its places.
    #[inline(always)]
    fn run_band<S: Simd>(&self, s: S, task: &Task, band: &Band, values: &Values<'_>) {
        let g = &self.gather;
        let (phase, plan) = (&g.phases[task.phase], &self.phases[task.phase]);
        let Some(stage) = &plan.stage else { return };
        let mut memory = StageMemory::new();
        let source = memory.pointer();
        // SAFETY: `run` has checked the source's length; the memory is as large as stages may be.
        unsafe { stage.fill(s, (g, phase), (task.group, band), values.source, source) };
        let line = Line::new(g, phase, (stage, band));
        let mut places = [Place::default(); MOST_PLACES];
        for block in 0..self.blocks.len() {
            let sum = self.sum(task, block, values);
            let tile = sum.block.shape.most_places(self.isa);
            // Tiles within a row lie evenly apart, and can leave out rows of the kernel that lie outside.
            let within_rows = 2 * band.columns >= tile;
            let mut weights = sum.weights;
            for (i, part) in plan.parts.iter().enumerate() {
                let (source, stride) = (source.cast_const(), g.group_sources());
                let view = View { source, stride, inside: true, row: None };
                if within_rows {
                    for row in 0..band.rows {
                        let view = View { row: Some(line.position(row)), ..view };
                        let places = line.row(row, band.columns);
                        self.run_spaced(s, &sum, (i, weights), places, view);
                    }
                } else {
                    let (mut row, mut column) = (0, 0);
                    for count in even_cuts(band.rows * band.columns, tile) {
                        for place in &mut places[..count] {
                            (place.source, place.destination) = line.place(row, column);
                            column += 1;
                            if column == band.columns {
                                (row, column) = (row + 1, 0);
                            }
                        }
                        self.run_tile(s, &sum, (i, weights), (&mut places, count), view);
                    }
                }
                weights = weights.wrapping_add(
                    part.steps(sum.block.shape.step(S::LANES)) * sum.block.shape.width(S::LANES),
                );
            }
        }
    }

    /// What a task's tiles have in common in one block.
    fn sum<'a>(&'a self, task: &'a Task, block: usize, values: &'a Values<'a>) -> Sum<'a> {
        let weights =
            &values.packed[self.packed_block(&self.phases[task.phase], task.group, block)];
        let block = &self.blocks[block];
        let channel = task.group * self.gather.group_destinations() + block.channel;
        Sum { task, values, block, channel, weights: weights.as_ptr() }
    }

    /// Sums one part at places that lie evenly apart.
    #[inline(always)]
    fn run_spaced<S: Simd>(
        &self,
        s: S,
        sum: &Sum<'_>,
        (index, weights): (usize, *const f32),
        mut line: Spaced,
        view: View,
    ) {
        let shape = sum.block.shape;
        // The fewest tiles, as equal as can be: first some that are one larger than the others.
        let tiles = line.count.div_ceil(shape.most_places(self.isa)).max(1);
        let (size, larger) = (line.count / tiles, line.count % tiles);
        for (size, tiles) in [(size + 1, larger), (size, tiles - larger)] {
            if tiles * size == 0 {
                continue;
            }
            if shape.kind == Kind::Wide && spaced::has_tile(size, shape.vectors) {
                self.run_spaced_tiles(s, sum, (index, weights), (line, [tiles, size]), view);
                line.skip(tiles * size);
                continue;
            }
            let mut places = [Place::default(); MOST_PLACES];
            for _ in 0..tiles {
                places[..size].fill_with(|| line.next());
                self.run_tile(s, sum, (index, weights), (&mut places, size), view);
            }
        }
    }

    /// Sums one part in `tiles` tiles of `size` places.
    #[inline(always)]
    fn run_spaced_tiles<S: Simd>(
        &self,
        s: S,
        sum: &Sum<'_>,
        (index, weights): (usize, *const f32),
        (line, [tiles, size]): (Spaced, [usize; 2]),
        view: View,
    ) {
        let (block, ends) = (sum.block, &sum.values.ends);
        let parts = &self.phases[sum.task.phase].parts;
        let complete = index + 1 == parts.len();
        let output = ends.output(sum.channel);
        let (bias, (start, start_stride)) = sum.start(index);
        let [source_step, step] = line.steps;
        let args = SpacedArgs {
            tiles,
            source: view.source.wrapping_offset(line.source * view.stride as isize),
            source_step: source_step * view.stride,
            runs: &parts[index].runs,
            row: view.row,
            source_size: self.gather.source,
            fetch: self.fetches,
            fetch_output: self.fetches_output && !ends.streams(),
            weights,
            bias,
            start: start.wrapping_add(line.destination * start_stride),
            start_step: step * start_stride,
            output: output.wrapping_add(line.destination * ends.stride()),
            output_step: step * ends.stride(),
            channels: block.channels,
            finish: if complete { self.finish } else { Finish::Plain },
            stream: ends.streams(),
        };
        // SAFETY: as for `run_tile`; `line` has `tiles × size` places at least.
        unsafe { spaced::run_tiles(s, (size, block.shape.vectors), &args) };
        if complete {
            let places = (0..tiles * size).map(|i| line.destination + i * step);
            self.finish_rows(places, sum);
        }
    }

    /// Sums one part at the first `count` places.
    #[inline(always)]
    fn run_tile<S: Simd>(
        &self,
        s: S,
        sum: &Sum<'_>,
        (index, weights): (usize, *const f32),
        (places, count): (&mut [Place; MOST_PLACES], usize),
        view: View,
    ) {
        let (block, ends) = (sum.block, &sum.values.ends);
        let plan = &self.phases[sum.task.phase];
        let output = ends.output(sum.channel);
        let (bias, (start, start_stride)) = sum.start(index);
        let padded = block.shape.padded_places(self.isa, count);
        let last = places[count - 1];
        places[count..padded].fill(last);
        let args = TileArgs {
            places: &places[..padded],
            inside: view.inside,
            row: view.row,
            part: &plan.parts[index],
            taps: &self.gather.phases[sum.task.phase].taps,
            source_size: self.gather.source,
            source: view.source,
            source_stride: view.stride,
            weights,
            bias,
            start,
            start_stride,
            output,
            output_stride: ends.stride(),
            channels: block.channels,
            complete: index + 1 == plan.parts.len(),
            finish: self.finish,
            stream: ends.streams(),
        };
        // SAFETY: the places are those of the source (or of a stage, which was filled for them) and the destination, whose
        // lengths `run` has checked against the gather; the weights of a block are as long
        // as its parts (`packed_block`). No other task writes these places' block of channels.
        unsafe { tile::run_tile(s, block.shape, &args) };
        if args.complete {
            self.finish_rows(places[..count].iter().map(|place| place.destination), sum);
        }
    }

    /// Applies what the kernels leave of the activation.
    #[inline(always)]
    fn finish_rows(&self, places: impl Iterator<Item = usize>, sum: &Sum<'_>) {
        if !matches!(self.finish, Finish::Rows(_)) {
            return;
        }
        for place in places {
            let channels = sum.channel..sum.channel + sum.block.channels;
            // SAFETY: only this task writes this block of channels at its places.
            let row = unsafe { sum.values.ends.row(place, channels) };
            self.finish.apply_to_row(self.isa, row);
        }
    }
}

/// The slices of one run.
pub(super) struct Values<'a> {
    pub source: &'a [f32],
    pub packed: &'a [f32],
    pub ends: Ends<'a>,
}

/// One block of channels in a task.
struct Sum<'a> {
    task: &'a Task,
    values: &'a Values<'a>,
    block: &'a Block,
    /// The block's first channel of the destination.
    channel: usize,
    weights: *const f32,
}

impl Sum<'_> {
    /// Bias, and what else the sums of a part start from, with its distance between places: the first part from
    /// bias and residual, the others from what is summed up so far.
    #[inline(always)]
    fn start(&self, part: usize) -> (*const f32, (*const f32, usize)) {
        let ends = &self.values.ends;
        match part {
            0 => (ends.bias(self.channel), ends.residual(self.channel)),
            _ => (std::ptr::null(), (ends.output(self.channel).cast_const(), ends.stride())),
        }
    }
}

/// Where tiles read source values.
#[derive(Clone, Copy)]
struct View {
    /// The first channel of the group at place 0.
    source: *const f32,
    /// Values from place to place.
    stride: usize,
    /// See [`TileArgs`].
    inside: bool,
    row: Option<[isize; 2]>,
}
