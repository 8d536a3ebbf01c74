//! The tiles of direct convolution with what they read and write.

use super::{DirectPlan, Task};
use crate::conv::blocks::Block;
use crate::conv::epilogue::Ends;
use crate::conv::finish::Finish;
use crate::conv::places::{Place, Spaced};
use crate::conv::shape::{Kind, MOST_PLACES};
use crate::conv::spaced::{self, SpacedArgs};
use crate::conv::tile::{self, TileArgs};
use crate::conv::zones::Reach;
use crate::simd::Simd;

impl DirectPlan {
    /// What a task's tiles have in common in one block.
    pub(super) fn sum<'a>(
        &'a self,
        task: &'a Task,
        block: usize,
        values: &'a Values<'a>,
    ) -> Sum<'a> {
        let weights =
            &values.packed[self.packed_block(&self.phases[task.phase], task.group, block)];
        let block = &self.blocks[block];
        let channel = task.group * self.gather.group_destinations() + block.channel;
        Sum { task, values, block, channel, weights: weights.as_ptr() }
    }

    /// The source as it lies.
    pub(super) fn source_view(&self, sum: &Sum<'_>, reach: Option<Reach>) -> View {
        let group = sum.task.group * self.gather.group_sources();
        let source = sum.values.source.as_ptr().wrapping_add(group);
        View { source, stride: self.gather.source_channels, reach, fetch: self.fetches }
    }

    /// The parts of a sum.
    pub(super) fn parts(&self, sum: &Sum<'_>, lanes: usize) -> impl Iterator<Item = PartAt> {
        let (shape, mut next) = (sum.block.shape, sum.weights);
        let parts = self.phases[sum.task.phase].parts.iter().enumerate();
        parts.map(move |(index, part)| {
            let weights = next;
            next = next.wrapping_add(part.steps(shape.step(lanes)) * shape.width(lanes));
            PartAt { index, weights }
        })
    }

    /// Sums one part at places that lie evenly apart.
    #[inline(never)]
    pub(super) fn run_spaced<S: Simd>(
        &self,
        s: S,
        sum: &Sum<'_>,
        part: PartAt,
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
            if let (Kind::Wide, true, Some(reach)) =
                (shape.kind, spaced::has_tile(size, shape.vectors), view.reach)
            {
                self.run_spaced_tiles(s, sum, part, (line, [tiles, size]), (view, reach));
                line.skip(tiles * size);
                continue;
            }
            let mut places = [Place::default(); MOST_PLACES];
            for _ in 0..tiles {
                places[..size].fill_with(|| line.next());
                self.run_tile(s, sum, part, (&mut places, size), view);
            }
        }
    }

    /// Sums one part in `tiles` tiles of `size` places.
    #[inline(always)]
    fn run_spaced_tiles<S: Simd>(
        &self,
        s: S,
        sum: &Sum<'_>,
        part: PartAt,
        (line, [tiles, size]): (Spaced, [usize; 2]),
        (view, reach): (View, Reach),
    ) {
        let (block, ends) = (sum.block, &sum.values.ends);
        let parts = &self.phases[sum.task.phase].parts;
        let complete = part.index + 1 == parts.len();
        let output = ends.output(sum.channel);
        let (bias, (start, start_stride)) = sum.start(part.index);
        let [source_step, step] = line.steps;
        let args = SpacedArgs {
            tiles,
            source: view.source.wrapping_offset(line.source * view.stride as isize),
            source_step: source_step * view.stride,
            runs: &parts[part.index].runs,
            reach,
            fetch: view.fetch,
            fetch_output: self.fetches_output && !ends.streams(),
            weights: part.weights,
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
    #[inline(never)]
    pub(super) fn run_tile<S: Simd>(
        &self,
        s: S,
        sum: &Sum<'_>,
        part: PartAt,
        (places, count): (&mut [Place; MOST_PLACES], usize),
        view: View,
    ) {
        let (block, ends) = (sum.block, &sum.values.ends);
        let plan = &self.phases[sum.task.phase];
        let output = ends.output(sum.channel);
        let (bias, (start, start_stride)) = sum.start(part.index);
        let padded = block.shape.padded_places(self.isa, count);
        let last = places[count - 1];
        places[count..padded].fill(last);
        let args = TileArgs {
            places: &places[..padded],
            reach: view.reach,
            part: &plan.parts[part.index],
            taps: &self.gather.phases[sum.task.phase].taps,
            source_size: self.gather.source,
            source: view.source,
            source_stride: view.stride,
            weights: part.weights,
            bias,
            start,
            start_stride,
            output,
            output_stride: ends.stride(),
            channels: block.channels,
            complete: part.index + 1 == plan.parts.len(),
            finish: self.finish,
            stream: ends.streams(),
        };
        // SAFETY: the places are those of the source (or of a stage, which was filled for them) and the destination, whose
        // lengths `run` has checked against the gather, and the taps within reach can be read at all of them (`Zone`,
        // `Line::reach`); the weights of a block are as long as its parts (`packed_block`). No other task writes these
        // places' block of channels.
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
pub(super) struct Sum<'a> {
    pub task: &'a Task,
    values: &'a Values<'a>,
    pub block: &'a Block,
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
pub(super) struct View {
    /// The first channel of the group at place 0.
    pub source: *const f32,
    /// Values from place to place.
    pub stride: usize,
    /// See [`TileArgs`].
    pub reach: Option<Reach>,
    /// The source values of the next tile are fetched while one is computed.
    pub fetch: bool,
}

/// One part of a sum: which it is, and where its weights lie.
#[derive(Clone, Copy)]
pub(super) struct PartAt {
    index: usize,
    weights: *const f32,
}
