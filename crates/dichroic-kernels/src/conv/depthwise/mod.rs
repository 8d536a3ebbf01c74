//! Depthwise convolution, and grouped convolution with few channels in a group: vectors over the
//! destination channels, whatever groups they belong to.
//!
//! ```text
//! packed weights:  phase │ block of channels │ row of taps │ segment │ step │ tap │ NV × LANES
//! work:            task = (item, band of rows, strip of columns, chunk of blocks);
//!                  in it: phase → row → tile of places → block
//!                  or, for 3×3 where there are 32 registers: block → whole strip, from top to bottom
//! ```
//!
//! Tiles lie in one row, so that neighbouring places share the source values that they load. Rows of
//! taps outside the source are left out; a column outside it counts as zeros.

mod cut;
mod gradient_tile;
mod lanes;
mod roll;
mod strip;
mod tile;
mod walk;
mod weight_gradient;

use self::lanes::Block;
use self::strip::StripArgs;
use self::tile::TileArgs;
use self::walk::{Row, Walk, Width};
use super::epilogue::Ends;
use super::finish::Finish;
use super::gather::Gather;
use super::{ConvArgs, Epilogue};
use crate::isa::Isa;
use crate::parallel;
use crate::simd::{Simd, WithSimd, dispatch};

pub(super) use self::weight_gradient::DepthwiseWeightGradient;

/// Products that one core does in about a nanosecond; with strides, where loads are as many, fewer.
const MACS_PER_NANOSECOND: [usize; 2] = [40, 25];
/// Results from this many values on are written past the caches: the next kernel would not find them
/// there anyway. 256 channels at 56 × 56, batch 16: 3.4 ms instead of 5.7 ms.
const STREAMED_VALUES: usize = 4 << 20;

/// A planned depthwise or grouped gather.
#[derive(Clone, Debug)]
pub(super) struct DepthwisePlan {
    walk: Walk,
    epilogue: Epilogue,
    finish: Finish,
    isa: Isa,
    /// The result may be written past the caches.
    streams: bool,
    /// About what a task takes.
    nanoseconds: usize,
}

impl DepthwisePlan {
    pub fn new(gather: Gather, epilogue: Epilogue, isa: Isa) -> Self {
        let walk = Walk::new(gather, Width::Most, isa);
        let finish = Finish::new(epilogue.activation);
        let size = walk.gather.destination_size();
        let rate = MACS_PER_NANOSECOND[usize::from(walk.strided)];
        Self {
            nanoseconds: walk.macs / rate / walk.grid.tasks().max(1),
            streams: epilogue.streams(size, size.1, walk.lanes, STREAMED_VALUES),
            walk,
            epilogue,
            finish,
            isa,
        }
    }

    pub fn packed_len(&self) -> usize {
        self.walk.packed_len
    }

    pub fn pack(&self, weights: &[f32], packed: &mut [f32]) {
        assert_eq!(packed.len(), self.walk.packed_len, "length of the packed weights");
        packed.fill(0.0);
        self.walk.for_each_run(|to, from, count| {
            packed[to..to + count].copy_from_slice(&weights[from..from + count]);
        });
    }

    pub fn run(&self, args: ConvArgs<'_>) {
        let gather = &self.walk.gather;
        assert_eq!(args.input.len(), gather.source_len(), "length of the values convolved");
        assert_eq!(args.packed.len(), self.walk.packed_len, "length of the packed weights");
        let (places, channels) = gather.destination_size();
        let (source, packed) = (args.input, args.packed);
        let mut ends = Ends::new(&self.epilogue, places, channels, args);
        if self.streams {
            ends.stream(self.walk.lanes);
        }
        let values = Values { source, packed, ends };
        parallel::for_each(self.walk.grid.tasks(), self.nanoseconds, |i| {
            let task = self.walk.grid.task(i);
            dispatch(self.isa, TaskOp { plan: self, task, values: &values });
        });
    }

    #[inline(always)]
    fn run_task<S: Simd>(&self, s: S, task: [usize; 4], values: &Values<'_>) {
        let [item, band, strip, chunk] = task;
        let (part, blocks) = ([item, band, strip], self.walk.task_blocks(chunk));
        if self.walk.in_strips {
            self.run_strip(s, part, blocks, values);
        } else {
            self.walk.for_each_tile(part, |row, first, places| {
                self.run_places(s, row, (first, places), (blocks, values));
            });
        }
        if values.ends.streams() {
            s.fence();
        }
    }

    /// Computes some blocks of a strip with the kernel for 3×3 taps.
    #[inline(always)]
    fn run_strip<S: Simd>(&self, s: S, part: [usize; 3], blocks: &[Block], values: &Values<'_>) {
        let (walk, ends) = (&self.walk, &values.ends);
        let strip = walk.strip(part);
        let place = walk.strip_place(part[0], &strip);
        let width = walk.gather.destination[2];
        for block in blocks {
            let (start, start_stride) = ends.residual(block.channel);
            let args = StripArgs {
                source: walk.strip_source(part[0], &strip, block, values.source),
                weights: values.packed[block.before * 9 * S::LANES..].as_ptr(),
                bias: ends.bias(block.channel),
                start: start.wrapping_add(place * start_stride),
                start_steps: [start_stride, start_stride * width],
                output: ends.output(block.channel).wrapping_add(place * ends.stride()),
                output_steps: [ends.stride(), ends.stride() * width],
                finish: self.finish,
                stream: values.ends.streams(),
            };
            // SAFETY: the strip lies inside the destination, no other task writes these blocks there,
            // `run` has checked the lengths, and each block has nine vectors of weights.
            unsafe {
                if walk.rolls { roll::run_strip(s, &args) } else { strip::run_strip(s, &args) }
            }
        }
        if matches!(self.finish, Finish::Rows(_)) {
            let [rows, columns] = strip;
            for row in 0..rows.len() {
                self.finish_places([place + row * width, 1], columns.len(), blocks, values);
            }
        }
    }

    /// Computes some blocks of `count` places of a row, from column `first` on.
    #[inline(always)]
    fn run_places<S: Simd>(
        &self,
        s: S,
        row: &Row<'_>,
        (first, count): (usize, usize),
        (blocks, values): (&[Block], &Values<'_>),
    ) {
        let ends = &values.ends;
        let [place, place_step] = row.places(first);
        for block in blocks {
            let (start, start_stride) = ends.residual(block.channel);
            let args = TileArgs {
                window: self.walk.window(row, (first, count), block, values.source),
                weights: values.packed.as_ptr().wrapping_add(self.walk.weights(row, block)),
                bias: ends.bias(block.channel),
                start: start.wrapping_add(place * start_stride),
                start_step: place_step * start_stride,
                output: ends.output(block.channel).wrapping_add(place * ends.stride()),
                output_step: place_step * ends.stride(),
                finish: self.finish,
                stream: values.ends.streams(),
            };
            // SAFETY: the places lie inside the destination, no other task writes these blocks there, the
            // row's taps lie inside the source, and `run` has checked the lengths.
            unsafe { tile::run_tile(s, &args) };
        }
        self.finish_places([place, place_step], count, blocks, values);
    }

    /// Applies what the kernels leave of the activation.
    fn finish_places(
        &self,
        [first, step]: [usize; 2],
        count: usize,
        blocks: &[Block],
        values: &Values<'_>,
    ) {
        if !matches!(self.finish, Finish::Rows(_)) {
            return;
        }
        let (Some(start), Some(end)) = (blocks.first(), blocks.last()) else { return };
        for p in 0..count {
            let channels = start.channel..end.channel + end.channels;
            // SAFETY: only this task writes these channels of this place.
            let row = unsafe { values.ends.row(first + p * step, channels) };
            self.finish.apply_to_row(self.isa, row);
        }
    }
}

struct Values<'a> {
    source: &'a [f32],
    packed: &'a [f32],
    ends: Ends<'a>,
}

struct TaskOp<'a> {
    plan: &'a DepthwisePlan,
    task: [usize; 4],
    values: &'a Values<'a>,
}

impl WithSimd for TaskOp<'_> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        self.plan.run_task(s, self.task, self.values);
    }
}
