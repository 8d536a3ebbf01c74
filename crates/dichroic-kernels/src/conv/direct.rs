//! Direct convolution: tiles of places × channels, without any intermediate copy.
//!
//! ```text
//! packed weights:  phase │ group │ block of channels │ part of the sum │ tap │ source channel │ NV × LANES
//! work:            task = (phase, group, block, run of places); in it: part → tile
//! ```
//!
//! A part's weights stay in the second cache while all tiles of a task use them; a task's places
//! are few enough for their source values to stay near as well.

use std::ops::Range;

use super::epilogue::Ends;
use super::finish::{Finish, MOST_CHANNELS};
use super::gather::{Gather, Phase, Place};
use super::tile::{self, MOST_PLACES, Part, Run, TileArgs};
use super::{ConvArgs, Epilogue};
use crate::isa::Isa;
use crate::parallel;
use crate::simd::{Simd, WithSimd, dispatch};

/// Weights of a part, in values: 256 KiB, a quarter of the second cache of current CPUs, so that
/// the source values have room beside them.
const PART_VALUES: usize = 64 * 1024;
/// Multiply-adds that one core does in about a nanosecond.
const MACS_PER_NANOSECOND: usize = 64;
/// Multiply-adds of a task: some 30 µs, long against the cost of handing it out and short enough for
/// cores to finish together.
const TASK_MACS: usize = 2_000_000;
/// A small problem is cut as well, into tasks that are worth handing over: the seed model's four
/// convolutions at batch 1 took 287 µs on one thread or two, and now 169 µs on two.
const TASKS: usize = 16;
const LEAST_MACS: usize = 100_000;
/// The most places of a task.
const TASK_PLACES: usize = 1024;
/// The most runs that a phase's places are cut into: a plan for more places than memory can hold is
/// made to say so, and must not fill the memory with its own list of tasks.
pub(super) const MOST_RUNS: usize = 1 << 16;

/// A planned gather.
#[derive(Clone, Debug)]
pub(super) struct DirectPlan {
    gather: Gather,
    epilogue: Epilogue,
    finish: Finish,
    isa: Isa,
    blocks: Vec<Block>,
    phases: Vec<PhasePlan>,
    tasks: Vec<Task>,
    /// About what a task takes.
    nanoseconds: usize,
    packed_len: usize,
}

/// Destination channels of a group that are computed together.
#[derive(Clone, Debug)]
struct Block {
    channel: usize,
    channels: usize,
    vectors: usize,
    /// The widths of the blocks before it, in values.
    before: usize,
}

#[derive(Clone, Debug)]
struct PhasePlan {
    parts: Vec<Part>,
    /// Products of one destination value.
    depth: usize,
    /// Where its weights start.
    packed: usize,
}

#[derive(Clone, Debug)]
struct Task {
    phase: usize,
    group: usize,
    block: usize,
    places: Range<usize>,
}

impl DirectPlan {
    pub fn new(gather: Gather, epilogue: Epilogue, isa: Isa) -> Self {
        let blocks = cut_channels(gather.group_destinations(), isa);
        let width: usize = blocks.iter().map(|block| block.vectors * isa.lanes()).sum();
        let mut packed_len = 0;
        let mut phases = Vec::with_capacity(gather.phases.len());
        for phase in &gather.phases {
            let depth = phase.taps.len() * gather.group_sources();
            let widest = blocks.first().map_or(1, |block| block.vectors * isa.lanes());
            let parts = cut_sum(&gather, phase, PART_VALUES / widest);
            phases.push(PhasePlan { parts, depth, packed: packed_len });
            packed_len += gather.groups * depth * width;
        }
        let mut plan = Self {
            gather,
            finish: Finish::new(epilogue.activation),
            epilogue,
            isa,
            blocks,
            phases,
            tasks: Vec::new(),
            nanoseconds: 0,
            packed_len,
        };
        plan.tasks = plan.cut_work();
        let macs =
            plan.tasks.iter().map(|task| plan.task_macs(task)).fold(0, usize::saturating_add);
        plan.nanoseconds = macs / MACS_PER_NANOSECOND / plan.tasks.len().max(1);
        plan
    }

    pub fn packed_len(&self) -> usize {
        self.packed_len
    }

    fn lanes(&self) -> usize {
        self.isa.lanes()
    }

    fn group_width(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.before + block.vectors * self.lanes())
    }

    /// Where the weights of a block start, and how many there are.
    fn packed_block(&self, phase: &PhasePlan, group: usize, block: &Block) -> Range<usize> {
        let start = phase.packed + (group * self.group_width() + block.before) * phase.depth;
        start..start + block.vectors * self.lanes() * phase.depth
    }

    /// Multiply-adds of a task, those in unused lanes included.
    fn task_macs(&self, task: &Task) -> usize {
        let width = self.blocks[task.block].vectors * self.lanes();
        task.places.len().saturating_mul(self.phases[task.phase].depth).saturating_mul(width)
    }

    fn cut_work(&self) -> Vec<Task> {
        let mut tasks = Vec::new();
        for (i, phase) in self.gather.phases.iter().enumerate() {
            let places = self.gather.places(phase);
            let vectors = self.blocks.first().map_or(1, |block| block.vectors);
            let tile = tile::most_places(self.isa, vectors);
            let row_macs = (self.phases[i].depth * vectors * self.lanes()).max(1);
            let task_macs = (places.saturating_mul(row_macs) / TASKS).clamp(LEAST_MACS, TASK_MACS);
            let wanted = (task_macs / row_macs).clamp(tile, TASK_PLACES);
            let wanted = wanted.max(places.div_ceil(MOST_RUNS)).min(places.max(1));
            // Equal runs, each a whole number of tiles.
            let runs = places.div_ceil(wanted);
            let run = places.div_ceil(runs.max(1)).div_ceil(tile) * tile;
            for start in (0..places).step_by(run.max(1)) {
                let range = start..places.min(start + run);
                for group in 0..self.gather.groups {
                    for block in 0..self.blocks.len() {
                        tasks.push(Task { phase: i, group, block, places: range.clone() });
                    }
                }
            }
        }
        tasks
    }

    pub fn pack(&self, weights: &[f32], packed: &mut [f32]) {
        assert_eq!(packed.len(), self.packed_len, "length of the packed weights");
        packed.fill(0.0);
        let [per_source, per_destination, per_tap] = self.gather.weight_strides;
        for (phase, plan) in self.gather.phases.iter().zip(&self.phases) {
            for group in 0..self.gather.groups {
                for block in &self.blocks {
                    let width = block.vectors * self.lanes();
                    let target = &mut packed[self.packed_block(plan, group, block)];
                    let first =
                        group * self.gather.weight_group_stride + block.channel * per_destination;
                    let mut rows = target.chunks_exact_mut(width.max(1));
                    for part in &plan.parts {
                        for tap in &phase.taps[part.taps.clone()] {
                            for channel in part.channel..part.channel + part.channels {
                                let from = first + tap.weight * per_tap + channel * per_source;
                                let Some(row) = rows.next() else { return };
                                for (i, value) in row[..block.channels].iter_mut().enumerate() {
                                    *value = weights[from + i * per_destination];
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    pub fn run(&self, args: ConvArgs<'_>) {
        assert_eq!(args.input.len(), self.gather.source_len(), "length of the values convolved");
        assert_eq!(args.packed.len(), self.packed_len, "length of the packed weights");
        let (places, channels) = self.gather.destination_size();
        let (source, packed) = (args.input, args.packed);
        let ends = Ends::new(&self.epilogue, places, channels, args);
        let values = Values { source, packed, ends };
        parallel::for_each(self.tasks.len(), self.nanoseconds, |i| {
            dispatch(self.isa, TaskOp { plan: self, task: &self.tasks[i], values: &values });
        });
    }

    /// Runs a task's tiles.
    #[inline(always)]
    fn run_task<S: Simd>(&self, s: S, task: &Task, values: &Values<'_>) {
        let g = &self.gather;
        let (phase, plan) = (&g.phases[task.phase], &self.phases[task.phase]);
        let block = &self.blocks[task.block];
        let width = block.vectors * S::LANES;
        let channel = task.group * g.group_destinations() + block.channel;
        let weights = &values.packed[self.packed_block(plan, task.group, block)];
        let output = values.ends.output(channel);
        let tile = tile::most_places(self.isa, block.vectors);
        for (i, part) in plan.parts.iter().enumerate() {
            // The first part starts from bias and residual, the others from what is summed up so far.
            let (bias, (start, start_stride)) = match i {
                0 => (values.ends.bias(channel), values.ends.residual(channel)),
                _ => (std::ptr::null(), (output.cast_const(), values.ends.stride())),
            };
            let mut cursor = g.cursor(phase, task.places.start);
            let mut places = [Place::default(); MOST_PLACES];
            for count in even_cuts(task.places.len(), tile) {
                for place in &mut places[..count] {
                    *place = cursor.next();
                }
                let args = TileArgs {
                    places: &places[..count],
                    part,
                    taps: &phase.taps,
                    source_size: g.source,
                    source: values.source.as_ptr().wrapping_add(task.group * g.group_sources()),
                    source_stride: g.source_channels,
                    weights: weights[part.packed * width..].as_ptr(),
                    bias,
                    start,
                    start_stride,
                    output,
                    output_stride: values.ends.stride(),
                    channels: block.channels,
                    complete: i + 1 == plan.parts.len(),
                    finish: self.finish,
                };
                // SAFETY: the cursor names places of the source and the destination only, whose
                // lengths `run` has checked against the gather; the weights of a block are as long
                // as its parts (`packed_block`). No other task writes these places' block of channels.
                unsafe { tile::run_tile(s, block.vectors, &args) };
                if args.complete && matches!(self.finish, Finish::Rows(_)) {
                    self.finish_rows(&places[..count], channel..channel + block.channels, values);
                }
            }
        }
    }

    fn finish_rows(&self, places: &[Place], channels: Range<usize>, values: &Values<'_>) {
        for place in places {
            // SAFETY: only this task writes this block of channels at its places.
            let row = unsafe { values.ends.row(place.destination, channels.clone()) };
            self.finish.apply_to_row(self.isa, row);
        }
    }
}

/// The slices of one run.
struct Values<'a> {
    source: &'a [f32],
    packed: &'a [f32],
    ends: Ends<'a>,
}

struct TaskOp<'a> {
    plan: &'a DirectPlan,
    task: &'a Task,
    values: &'a Values<'a>,
}

impl WithSimd for TaskOp<'_> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        self.plan.run_task(s, self.task, self.values);
    }
}

/// Cuts `len` into the fewest pieces of at most `most`, as equal as can be.
///
/// 49 places in tiles of 14 are 13 + 12 + 12 + 12: a tile of 7 at the end would leave half of the
/// multipliers' latency uncovered.
pub(super) fn even_cuts(len: usize, most: usize) -> impl Iterator<Item = usize> {
    let pieces = len.div_ceil(most);
    (0..pieces).map(move |i| len / pieces + usize::from(i < len % pieces))
}

/// Cuts a group's channels into blocks of the widest tile, and one for the rest.
fn cut_channels(channels: usize, isa: Isa) -> Vec<Block> {
    let mut blocks = Vec::new();
    let (mut channel, mut before) = (0, 0);
    while channel < channels {
        let vectors = tile::best_vectors(isa, channels - channel);
        let width = vectors * isa.lanes();
        let count = width.min(channels - channel);
        blocks.push(Block { channel, channels: count, vectors, before });
        channel += count;
        before += width;
    }
    blocks
}

/// Cuts the sum of one destination value into parts of at most `most` products (one tap at least).
fn cut_sum(gather: &Gather, phase: &Phase, most: usize) -> Vec<Part> {
    let (channels, taps) = (gather.group_sources(), phase.taps.len());
    let mut parts = Vec::new();
    let mut packed = 0;
    let mut push = |channel, channels, taps: Range<usize>| {
        let runs = join_taps(gather, phase, (channel, channels), taps.clone());
        parts.push(Part { channel, channels, packed, runs, taps: taps.clone() });
        packed += channels * taps.len();
    };
    let limit = most.min(MOST_CHANNELS);
    if channels > limit {
        let cuts = channels.div_ceil(limit);
        let mut channel = 0;
        for count in even_cuts(channels, channels.div_ceil(cuts)) {
            for tap in 0..taps {
                push(channel, count, tap..tap + 1);
            }
            channel += count;
        }
    } else if let Some(per_part) = most.checked_div(channels) {
        let mut tap = 0;
        for count in even_cuts(taps, per_part.max(1)) {
            push(0, channels, tap..tap + count);
            tap += count;
        }
    }
    if parts.is_empty() {
        // Nothing to sum up: the bias alone must still be written.
        parts.push(Part { channel: 0, channels: 0, taps: 0..0, runs: Vec::new(), packed: 0 });
    }
    parts
}

/// Joins taps whose source values follow each other in memory: with few channels, such as the three
/// of a picture, a row of the kernel becomes one long run.
fn join_taps(
    gather: &Gather,
    phase: &Phase,
    (channel, channels): (usize, usize),
    taps: Range<usize>,
) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for tap in &phase.taps[taps] {
        let offset = tap.linear * gather.source_channels as isize + channel as isize;
        match runs.last_mut() {
            Some(run) if run.offset + run.len as isize == offset => run.len += channels,
            _ => runs.push(Run { offset, len: channels }),
        }
    }
    runs
}
