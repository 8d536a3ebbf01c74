//! Direct convolution: tiles of places × channels, without any intermediate copy but of small bands.
//!
//! ```text
//! packed weights:  phase │ group │ block of channels │ part of the sum │ run │ step │ vectors of the tile
//! work:            task = (phase, group, block, rows of places); in it: part → zone → tile
//!                  pointwise (group, block, run of places); in it: part → tile
//!                  with few source channels (phase, group, band); in it: block → part → tile
//! ```
//!
//! A part's weights stay in the second cache while all tiles of a task use them; a task's places
//! are few enough for their source values to stay near as well.

mod run;
mod tiles;

use std::ops::Range;

use self::run::TaskOp;
use self::tiles::Values;
use super::blocks::{Block, Taps, cut_channels, pack_block};
use super::epilogue::Ends;
use super::finish::Finish;
use super::gather::{Gather, Phase};
use super::shape::{Kind, Shape, most_vectors};
use super::stage::{Band, Stage};
use super::tile::Part;
use super::zones::Zone;
use super::{ConvArgs, Epilogue, Residual};
use crate::isa::Isa;
use crate::parallel::{self, DisjointMut};
use crate::simd::dispatch;

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
/// The same for an input gradient with strides, of which most values may have no products at all: 256 → 128 channels at
/// 56 × 56, batch 8, from 4.8 to 2.6 ms.
const STREAMED_PHASE_VALUES: usize = 4 << 20;
/// The source values of the next tile are fetched while one is computed where the source has this
/// many values or more, and so lies beyond the caches: 1×1, 256 → 64 channels at 56 × 56, batch 16: 8.5 ms instead of 9.8 ms.
const FETCHED_VALUES: usize = 1 << 20;
/// A pointwise convolution fetches what the next tile writes (and adds to) where the result has this many values or more, and so
/// does not lie in the second caches. Two cores, batch 8: 64 → 256 channels at 56 × 56 5.4 → 4.2 ms, 128 → 512 at 28 × 28
/// 4.5 → 3.9, added to what the output holds 5.6 → 4.4 and 4.4 → 4.0.
const FETCHED_OUTPUT_VALUES: usize = 512 << 10;
/// A shorter sum is over before what it fetches is there: 16 → 96 channels at 112 × 112 on two threads 0.39 → 0.33 ms without.
const FETCHED_OUTPUT_CHANNELS: usize = 64;
/// The most places of a task.
const TASK_PLACES: usize = 1024;
/// A task has this many tiles where that leaves [`TASKS`] of them: enough for the tiles of its [zones](Zone) to be full, and
/// for weights to be read from the second cache, not the third.
const TASK_TILES: usize = 64;
/// A pointwise convolution with at most this many weights a group, 256 KiB, is cut into an even number of areas that follow each other, each
/// with all blocks of filters: the weights stay in the second cache of each core, and of two threads each finds there
/// the half of the picture that it wrote in the step before, since depthwise convolutions are cut so as well.
const KEPT_WEIGHTS: usize = 64 << 10;
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
    /// The source is fetched ahead.
    fetches: bool,
    /// The destination is fetched ahead.
    fetches_output: bool,
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
    /// Where neither places are staged nor the gather is flat.
    zones: Vec<Zone>,
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
    /// One block of channels at some columns of rows, which are counted over batch, depth and height; all places of
    /// a flat gather are one row.
    Rows { block: usize, rows: Range<usize>, columns: Range<usize> },
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
            let zoned = stages[i].is_none() && !gather.flat;
            phases.push(PhasePlan {
                stage: stages[i].clone(),
                zones: if zoned { Zone::all(&gather, &gather.phases[i]) } else { Vec::new() },
                parts,
                place_macs,
                starts,
                packed: packed_len,
            });
            packed_len += gather.groups * place_macs;
        }
        let finish = Finish::new(epilogue.activation);
        let block = gather.group_destinations();
        let (places, channels) = gather.destination_size();
        let streamed = if phases.len() > 1 { STREAMED_PHASE_VALUES } else { STREAMED_VALUES };
        let streams = epilogue.streams((places, channels), block, lanes, streamed)
            && epilogue.residual != Residual::InPlace
            && phases.iter().all(|phase| phase.parts.len() == 1);
        let fetches = gather.source_len() >= FETCHED_VALUES;
        let fetches_output = gather.flat
            && gather.group_sources() >= FETCHED_OUTPUT_CHANNELS
            && gather.destination_len() >= FETCHED_OUTPUT_VALUES;
        let mut plan = Self {
            gather,
            finish,
            epilogue,
            streams,
            fetches,
            fetches_output,
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
        let block_macs = |block: usize| phase.starts[block + 1] - phase.starts[block];
        let (places, macs) = match &task.work {
            Work::Rows { block, rows, columns } => {
                (rows.len().saturating_mul(columns.len()), block_macs(*block))
            }
            Work::Band(band) => (band.rows * band.columns, phase.place_macs),
        };
        places.saturating_mul(macs)
    }

    fn cut_work(&self, tile: usize) -> Vec<Task> {
        let mut tasks = Vec::new();
        for (i, phase) in self.gather.phases.iter().enumerate() {
            // No products are added to what these places hold.
            if phase.taps.is_empty() && self.epilogue.leaves_residual() {
                continue;
            }
            let works = if let Some(stage) = &self.phases[i].stage {
                stage.bands(&self.gather, phase).into_iter().map(Work::Band).collect()
            } else {
                self.cut_rows(i, tile)
            };
            for work in works {
                let task = |group| Task { phase: i, group, work: work.clone() };
                tasks.extend((0..self.gather.groups).map(task));
            }
        }
        tasks
    }

    /// Cuts the places of a phase into ranges of rows, and rows that are too long for a task into ranges of columns.
    fn cut_rows(&self, index: usize, tile: usize) -> Vec<Work> {
        let (g, plan) = (&self.gather, &self.phases[index]);
        let (places, blocks) = (g.places(&g.phases[index]), 0..self.blocks.len());
        let block_macs = plan.starts.get(1).map_or(1, |&macs| macs.max(1));
        let all_places = places.saturating_mul(blocks.len() * g.groups);
        let wanted = wanted_places(places, block_macs, tile)
            .max((TASK_TILES * tile).min(all_places / TASKS).min(TASK_PLACES))
            .next_multiple_of(tile);
        let [depth, height, width] = g.phases[index].counts;
        let (rows, width) = if g.flat { (1, places) } else { (g.batch * depth * height, width) };
        let rows = ranges(rows, rows.div_ceil(wanted.div_ceil(width.max(1))));
        let columns = width.div_ceil(wanted);
        let columns = ranges(width, if g.flat { even(columns).min(width) } else { columns });
        let area = |i: usize| (&rows[i / columns.len()], &columns[i % columns.len()]);
        let areas = 0..rows.len() * columns.len();
        let work = |(i, block)| {
            let (rows, columns) = area(i);
            Work::Rows { block, rows: rows.clone(), columns: columns.clone() }
        };
        // With each area all weights are read again, or with each block the whole source.
        let weights = areas.len().saturating_mul(plan.place_macs);
        let kept = g.flat && plan.place_macs <= KEPT_WEIGHTS;
        if !kept && weights > blocks.len().saturating_mul(g.source_len() / g.groups) {
            blocks.flat_map(|block| areas.clone().map(move |i| (i, block))).map(work).collect()
        } else {
            areas.flat_map(|i| blocks.clone().map(move |block| (i, block))).map(work).collect()
        }
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
            pack_block(&self.gather, sums, block, (weights, target), self.isa);
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
}

/// About how many places make a task, when each takes so many multiply-adds.
fn wanted_places(places: usize, place_macs: usize, tile: usize) -> usize {
    let task_macs = (places.saturating_mul(place_macs) / TASKS).clamp(LEAST_MACS, TASK_MACS);
    let wanted = (task_macs / place_macs).clamp(tile, TASK_PLACES);
    wanted.max(places.div_ceil(MOST_RUNS)).min(places.max(1))
}

/// The next even number, for two threads; what needs no cutting stays whole.
fn even(pieces: usize) -> usize {
    if pieces > 1 { pieces.next_multiple_of(2) } else { pieces }
}

/// Cuts `0..len` into so many ranges, as equal as can be.
fn ranges(len: usize, pieces: usize) -> Vec<Range<usize>> {
    let mut start = 0;
    let range = |count| {
        start += count;
        start - count..start
    };
    equal_pieces(len, pieces).map(range).collect()
}

/// Cuts `len` into the fewest pieces of at most `most`, as equal as can be.
///
/// 49 places in tiles of 14 are 13 + 12 + 12 + 12: a tile of 7 at the end would leave half of the
/// multipliers' latency uncovered.
pub(super) fn even_cuts(len: usize, most: usize) -> impl Iterator<Item = usize> {
    equal_pieces(len, len.div_ceil(most))
}

fn equal_pieces(len: usize, pieces: usize) -> impl Iterator<Item = usize> {
    (0..pieces).map(move |i| len / pieces + usize::from(i < len % pieces))
}
