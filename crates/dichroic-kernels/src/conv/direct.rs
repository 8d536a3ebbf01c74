//! Direct convolution: tiles of places × channels, without any intermediate copy but of small bands.
//!
//! ```text
//! packed weights:  phase │ group │ block of channels │ part of the sum │ run │ step │ vectors of the tile
//! work:            task = (phase, group, block, run of places); in it: part → tile
//!                  with few source channels (phase, group, band); in it: block → part → tile
//! ```
//!
//! A part's weights stay in the second cache while all tiles of a task use them; a task's places
//! are few enough for their source values to stay near as well.

use std::ops::Range;

use super::blocks::{Block, Taps, cut_channels, pack_block};
use super::epilogue::Ends;
use super::finish::Finish;
use super::gather::{Gather, Phase, Place};
use super::shape::{Kind, MOST_PLACES, Shape, most_vectors};
use super::stage::{Band, Stage, StageMemory};
use super::tile::{self, Part, TileArgs};
use super::{ConvArgs, Epilogue, Residual};
use crate::isa::Isa;
use crate::parallel::{self, DisjointMut};
use crate::simd::{Simd, WithSimd, dispatch};

/// Multiply-adds that one core does in about a nanosecond.
const MACS_PER_NANOSECOND: usize = 64;
/// Weights that one core packs in about a nanosecond.
const VALUES_PER_NANOSECOND: usize = 1;
/// Multiply-adds of a task: some 30 µs, long against the cost of handing it out and short enough for
/// cores to finish together.
const TASK_MACS: usize = 2_000_000;
/// A small problem is cut as well, into tasks that are worth handing over: the seed model's four
/// convolutions at batch 1 took 287 µs on one thread or two, and now 169 µs on two.
const TASKS: usize = 16;
const LEAST_MACS: usize = 100_000;
/// Results from this many values on, the size of a large third cache, are written past the caches: the next
/// kernel would not find them there anyway. Two cores, batch 16: 7×7 stride 2 20.1 → 18.8 ms, the three passes of
/// 1×1 256 → 64 at 56 × 56 30.5 → 27.7 ms, MobileNetV2 84 → 76 ms.
const STREAMED_VALUES: usize = 8 << 20;
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
    /// The result may be written past the caches.
    streams: bool,
    isa: Isa,
    blocks: Vec<Block>,
    phases: Vec<PhasePlan>,
    tasks: Vec<Task>,
    /// About what a task takes.
    nanoseconds: usize,
    packed_len: usize,
}

#[derive(Clone, Debug)]
struct PhasePlan {
    stage: Option<Stage>,
    parts: Vec<Part>,
    /// Multiply-adds of a place for one group's channels, those in unused lanes included.
    place_macs: usize,
    /// Where the weights of each block start in a group's, and where they end.
    starts: Vec<usize>,
    /// Where its weights start.
    packed: usize,
}

#[derive(Clone, Debug)]
struct Task {
    phase: usize,
    group: usize,
    work: Work,
}

#[derive(Clone, Debug)]
enum Work {
    /// One block of channels at places that follow each other.
    Places { block: usize, places: Range<usize> },
    /// All channels of a group at the places of a staged band.
    Band(Band),
}

impl DirectPlan {
    pub fn new(gather: Gather, epilogue: Epilogue, isa: Isa) -> Self {
        let lanes = isa.lanes();
        let widest = gather.group_destinations().div_ceil(lanes).clamp(1, most_vectors(isa));
        let tile = Shape { kind: Kind::Wide, vectors: widest }.most_places(isa);
        let stages: Vec<Option<Stage>> = (gather.phases.iter())
            .map(|phase| {
                let row_macs =
                    phase.taps.len() * gather.group_sources() * gather.group_destinations();
                let places = wanted_places(gather.places(phase), row_macs.max(1), tile);
                Stage::new(&gather, phase, places, tile)
            })
            .collect();
        let taps = |i: usize| {
            let phase: &Phase = &gather.phases[i];
            let offsets = match &stages[i] {
                Some(stage) => stage.offsets(&gather, phase),
                None => phase
                    .taps
                    .iter()
                    .map(|tap| tap.linear * gather.source_channels as isize)
                    .collect(),
            };
            Taps { gather: &gather, phase, offsets, joined: stages[i].is_some() }
        };
        let blocks = cut_channels(gather.group_destinations(), isa, |step| {
            (0..stages.len()).map(|i| taps(i).whole().steps(step)).sum()
        });
        let mut packed_len = 0;
        let mut phases = Vec::with_capacity(stages.len());
        for i in 0..stages.len() {
            let parts = taps(i).parts(widest * lanes);
            let mut starts = vec![0];
            for block in &blocks {
                let steps: usize =
                    parts.iter().map(|part| part.steps(block.shape.step(lanes))).sum();
                starts.push(starts[starts.len() - 1] + steps * block.shape.width(lanes));
            }
            let place_macs = starts[blocks.len()];
            phases.push(PhasePlan {
                stage: stages[i].clone(),
                parts,
                place_macs,
                starts,
                packed: packed_len,
            });
            packed_len += gather.groups * place_macs;
        }
        let finish = Finish::new(epilogue.activation);
        let block = gather.group_destinations();
        let streams = epilogue.streams(gather.destination_size(), block, lanes, STREAMED_VALUES)
            && epilogue.residual != Residual::InPlace
            && phases.iter().all(|phase| phase.parts.len() == 1);
        let mut plan = Self {
            gather,
            finish,
            epilogue,
            streams,
            isa,
            blocks,
            phases,
            tasks: Vec::new(),
            nanoseconds: 0,
            packed_len,
        };
        plan.tasks = plan.cut_work(tile);
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

    /// Where the weights of a block lie.
    fn packed_block(&self, phase: &PhasePlan, group: usize, block: usize) -> Range<usize> {
        let start = phase.packed + group * phase.place_macs;
        start + phase.starts[block]..start + phase.starts[block + 1]
    }

    /// Multiply-adds of a task, those in unused lanes included.
    fn task_macs(&self, task: &Task) -> usize {
        let phase = &self.phases[task.phase];
        match &task.work {
            Work::Places { block, places } => {
                let macs = phase.starts[block + 1] - phase.starts[*block];
                places.len().saturating_mul(macs)
            }
            Work::Band(band) => (band.rows * band.columns).saturating_mul(phase.place_macs),
        }
    }

    fn cut_work(&self, tile: usize) -> Vec<Task> {
        let mut tasks = Vec::new();
        for (i, phase) in self.gather.phases.iter().enumerate() {
            let groups = 0..self.gather.groups;
            if let Some(stage) = &self.phases[i].stage {
                for band in stage.bands(&self.gather, phase) {
                    let task = |group| Task { phase: i, group, work: Work::Band(band.clone()) };
                    tasks.extend(groups.clone().map(task));
                }
                continue;
            }
            let places = self.gather.places(phase);
            let block_macs = self.phases[i].starts.get(1).map_or(1, |&macs| macs.max(1));
            let wanted = wanted_places(places, block_macs, tile);
            // Equal runs, each a whole number of tiles.
            let runs = places.div_ceil(wanted);
            let run = places.div_ceil(runs.max(1)).div_ceil(tile) * tile;
            for start in (0..places).step_by(run.max(1)) {
                let range = start..places.min(start + run);
                for group in groups.clone() {
                    for block in 0..self.blocks.len() {
                        let work = Work::Places { block, places: range.clone() };
                        tasks.push(Task { phase: i, group, work });
                    }
                }
            }
        }
        tasks
    }

    pub fn pack(&self, weights: &[f32], packed: &mut [f32]) {
        assert_eq!(packed.len(), self.packed_len, "length of the packed weights");
        let blocks = self.blocks.len();
        let units = self.phases.len() * self.gather.groups * blocks;
        let packed = DisjointMut::new(packed);
        parallel::for_each(units, self.packed_len / units.max(1) / VALUES_PER_NANOSECOND, |unit| {
            let (phase, group) =
                (unit / blocks / self.gather.groups, unit / blocks % self.gather.groups);
            let (plan, block) = (&self.phases[phase], unit % blocks);
            // SAFETY: the ranges of different blocks, groups and phases do not overlap (`packed_block`).
            let target = unsafe { packed.range(self.packed_block(plan, group, block)) };
            let sums = (&self.gather.phases[phase], &plan.parts[..]);
            let block = (group, &self.blocks[block]);
            pack_block(&self.gather, sums, block, (weights, target), self.lanes());
        });
    }

    pub fn run(&self, args: ConvArgs<'_>) {
        assert_eq!(args.input.len(), self.gather.source_len(), "length of the values convolved");
        assert_eq!(args.packed.len(), self.packed_len, "length of the packed weights");
        let (places, channels) = self.gather.destination_size();
        let (source, packed) = (args.input, args.packed);
        let mut ends = Ends::new(&self.epilogue, places, channels, args);
        if self.streams {
            ends.stream(self.lanes());
        }
        let values = Values { source, packed, ends };
        parallel::for_each(self.tasks.len(), self.nanoseconds, |i| {
            dispatch(self.isa, TaskOp { plan: self, task: &self.tasks[i], values: &values });
        });
    }

    /// Runs the tiles of one block at places that follow each other.
    #[inline(always)]
    fn run_places<S: Simd>(&self, s: S, sum: &Sum<'_>, range: Range<usize>) {
        let g = &self.gather;
        let phase = &g.phases[sum.task.phase];
        let source = sum.values.source.as_ptr().wrapping_add(sum.task.group * g.group_sources());
        let mut weights = sum.weights;
        for (i, part) in self.phases[sum.task.phase].parts.iter().enumerate() {
            let mut cursor = g.cursor(phase, range.start);
            let mut places = [Place::default(); MOST_PLACES];
            for count in even_cuts(range.len(), sum.block.shape.most_places(self.isa)) {
                for place in &mut places[..count] {
                    *place = cursor.next();
                }
                let view = View { source, stride: g.source_channels, inside: false, row: None };
                self.run_tile(s, sum, (i, weights), (&mut places, count), view);
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
            // Tiles within a row can leave out rows of the kernel that lie outside.
            let within_rows = 2 * band.columns >= tile;
            let (lines, length) =
                if within_rows { (band.rows, band.columns) } else { (1, band.rows * band.columns) };
            let mut weights = sum.weights;
            for (i, part) in plan.parts.iter().enumerate() {
                let (mut row, mut column) = (0, 0);
                for _ in 0..lines {
                    let position = line.position(row);
                    let view = View {
                        source: source.cast_const(),
                        stride: g.group_sources(),
                        inside: true,
                        row: within_rows.then_some(position),
                    };
                    for count in even_cuts(length, tile) {
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
        // The first part starts from bias and residual, the others from what is summed up so far.
        let (bias, (start, start_stride)) = match index {
            0 => (ends.bias(sum.channel), ends.residual(sum.channel)),
            _ => (std::ptr::null(), (output.cast_const(), ends.stride())),
        };
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
        if args.complete && matches!(self.finish, Finish::Rows(_)) {
            let channels = sum.channel..sum.channel + block.channels;
            self.finish_rows(&places[..count], channels, sum.values);
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

/// One block of channels in a task.
struct Sum<'a> {
    task: &'a Task,
    values: &'a Values<'a>,
    block: &'a Block,
    /// The block's first channel of the destination.
    channel: usize,
    weights: *const f32,
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

/// Where the rows of a band lie.
struct Line {
    /// Steps between staged places, from row to row and from column to column.
    staged: [usize; 2],
    /// The band's first place in the destination, and the steps to the next row and column.
    destination: [usize; 3],
    /// Depth and height of the first row in the source, and the step to the next row.
    position: [isize; 3],
}

impl Line {
    fn new(gather: &Gather, phase: &Phase, (stage, band): (&Stage, &Band)) -> Self {
        let mut destination = band.item;
        for axis in 0..3 {
            let place = phase.destination_start[axis] + band.q[axis] * phase.destination_step[axis];
            destination = destination * gather.destination[axis] + place;
        }
        let [_, step, column] = phase.destination_step;
        let position = |axis: usize| (band.q[axis] * phase.source_step[axis]) as isize;
        Self {
            staged: stage.steps(phase),
            destination: [destination, step * gather.destination[2], column],
            position: [position(0), position(1), phase.source_step[1] as isize],
        }
    }

    /// The staged place from which a place of the band gathers, and the place of the destination.
    #[inline(always)]
    fn place(&self, row: usize, column: usize) -> (isize, usize) {
        let source = row * self.staged[0] + column * self.staged[1];
        let destination =
            self.destination[0] + row * self.destination[1] + column * self.destination[2];
        (source as isize, destination)
    }

    #[inline(always)]
    fn position(&self, row: usize) -> [isize; 2] {
        [self.position[0], self.position[1] + row as isize * self.position[2]]
    }
}

/// About how many places make a task, when each takes so many multiply-adds.
fn wanted_places(places: usize, place_macs: usize, tile: usize) -> usize {
    let task_macs = (places.saturating_mul(place_macs) / TASKS).clamp(LEAST_MACS, TASK_MACS);
    let wanted = (task_macs / place_macs).clamp(tile, TASK_PLACES);
    wanted.max(places.div_ceil(MOST_RUNS)).min(places.max(1))
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

/// Cuts `len` into the fewest pieces of at most `most`, as equal as can be.
///
/// 49 places in tiles of 14 are 13 + 12 + 12 + 12: a tile of 7 at the end would leave half of the
/// multipliers' latency uncovered.
pub(super) fn even_cuts(len: usize, most: usize) -> impl Iterator<Item = usize> {
    let pieces = len.div_ceil(most);
    (0..pieces).map(move |i| len / pieces + usize::from(i < len % pieces))
}
