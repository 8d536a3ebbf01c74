//! What is planned for a shape, and how a task runs.
//!
//! ```text
//! packed weights:  phase │ group │ block of filters │ part of the sum │ run │ word │ NV × LANES words
//! work:            task = (phase, group, band of places, range of blocks); in it: part → block → tile
//! ```

use std::mem::MaybeUninit;
use std::ops::Range;

use super::band::{self, Band, STAGE_VALUES, TASK_PRODUCTS, place_stride};
use super::stage::{AxisStage, StageShape, stage};
use super::tile::{self, MOST_PLACES, MOST_VECTORS, Run, TileArgs};
use crate::conv::direct::even_cuts;
use crate::conv::epilogue::Ends;
use crate::conv::finish::Finish;
use crate::conv::gather::{Gather, Phase};
use crate::conv::{ConvArgs, Epilogue};
use crate::isa::Isa;
use crate::parallel;
use crate::simd::{Simd, WithSimd, bf16, dispatch, dispatch_bf16};

/// The bounds of no activation.
const UNBOUNDED: [f32; 2] = [f32::NEG_INFINITY, f32::INFINITY];
/// Products that one core does in about a nanosecond.
const PRODUCTS_PER_NANOSECOND: usize = 110;
/// Blocks × taps of a task that make rounding its source values cheap: 2% of the products' time.
const FEWEST_USES: usize = 4;

/// A planned gather with bfloat16 operands.
#[derive(Clone, Debug)]
pub(in crate::conv) struct Bf16Plan {
    gather: Gather,
    epilogue: Epilogue,
    finish: Finish,
    /// The activation as bounds, where it is one of those.
    bounds: [f32; 2],
    isa: Isa,
    /// Whether the CPU's instructions for bfloat16 are used.
    native: bool,
    /// Vectors of a block, and the blocks of a group.
    vectors: usize,
    blocks: usize,
    phases: Vec<PhasePlan>,
    packed_len: usize,
}

#[derive(Clone, Debug)]
struct PhasePlan {
    axes: [AxisStage; 3],
    parts: Vec<Part>,
    band: Band,
    /// Bands along each axis.
    bands: [usize; 3],
    /// Blocks of a task, and how many tasks share a band.
    task_blocks: usize,
    ranges: usize,
    /// Words of the whole sum, and where its weights start.
    words: usize,
    packed: usize,
    tasks: usize,
    nanoseconds: usize,
}

/// Source channels of all taps whose products are summed in one go.
#[derive(Clone, Debug)]
struct Part {
    channel: usize,
    channels: usize,
    /// Values from one staged place to the next.
    stride: usize,
    runs: Vec<Run>,
    /// The taps of each run.
    taps: Vec<Range<usize>>,
    /// Where its weights start, in steps of one vector tile.
    packed: usize,
}

/// The memory of a task.
#[repr(C, align(64))]
struct Memory {
    staged: [u16; STAGE_VALUES],
    /// For each place its first staged value and its number in the destination.
    places: [(usize, usize); band::MOST_PLACES],
}

impl Bf16Plan {
    pub fn new(mut gather: Gather, epilogue: Epilogue, isa: Isa) -> Self {
        if gather.flat {
            flatten(&mut gather);
        }
        let filters = gather.group_destinations();
        let (finish, bounds) = match (Finish::new(epilogue.activation), epilogue.activation) {
            (Finish::Relu, _) => (Finish::Relu, [0.0, f32::INFINITY]),
            (Finish::Capped(most), _) => (Finish::Capped(most), [0.0, most]),
            (Finish::Plain, _) | (_, None) => (Finish::Plain, UNBOUNDED),
            (_, Some(other)) => (Finish::Rows(other), UNBOUNDED),
        };
        let vectors = filters.div_ceil(isa.lanes()).clamp(1, MOST_VECTORS);
        let mut plan = Self {
            blocks: filters.div_ceil(vectors * isa.lanes()),
            gather,
            epilogue,
            finish,
            bounds,
            isa,
            native: isa.has_bf16(),
            vectors,
            phases: Vec::new(),
            packed_len: 0,
        };
        for index in 0..plan.gather.phases.len() {
            let phase = plan.plan_phase(index);
            plan.packed_len += plan.gather.groups * plan.blocks * plan.width() * phase.words;
            plan.phases.push(phase);
        }
        plan
    }

    /// The same without the CPU's instructions for bfloat16.
    #[cfg(test)]
    pub fn emulated(mut self) -> Self {
        self.native = false;
        self
    }

    pub fn packed_len(&self) -> usize {
        self.packed_len
    }

    /// Filters of a block, those in unused lanes included.
    fn width(&self) -> usize {
        self.vectors * self.isa.lanes()
    }

    fn plan_phase(&self, index: usize) -> PhasePlan {
        let g = &self.gather;
        let phase = &g.phases[index];
        let filters = self.blocks * self.width();
        let tile = tile::most_places(self.isa);
        let others = g.batch.saturating_mul(g.groups);
        let band = Band::new(phase, others, [g.group_sources(), filters, tile]);
        let axes: [AxisStage; 3] = std::array::from_fn(|axis| AxisStage::new(phase, axis));
        let size: [usize; 3] = std::array::from_fn(|axis| axes[axis].size(band.size[axis]));
        let mut parts = Vec::new();
        let mut packed = 0;
        for channel in (0..g.group_sources()).step_by(band.channels.max(1)) {
            let channels = band.channels.min(g.group_sources() - channel);
            let stride = place_stride(channels);
            let (runs, taps) = runs(phase, size, (channels, stride));
            let words: usize = runs.iter().map(|run| run.len).sum();
            parts.push(Part { channel, channels, stride, runs, taps, packed });
            packed += words;
        }
        if parts.is_empty() {
            // Nothing to sum up: bias and residual alone must still be written.
            let (runs, taps) = (Vec::new(), Vec::new());
            parts.push(Part { channel: 0, channels: 0, stride: 0, runs, taps, packed: 0 });
        }
        let bands = std::array::from_fn(|axis| phase.counts[axis].div_ceil(band.size[axis].max(1)));
        let block_products =
            band.size.iter().product::<usize>().max(1) * 2 * packed.max(1) * self.width();
        let fewest = FEWEST_USES.div_ceil(phase.taps.len().max(1));
        let bands_in_all =
            bands.iter().fold(others, |tasks: usize, &count: &usize| tasks.saturating_mul(count));
        let wanted = (TASK_PRODUCTS / block_products).max(fewest);
        let task_blocks = band::even(self.blocks, wanted, bands_in_all);
        let ranges = self.blocks.div_ceil(task_blocks);
        let tasks = bands_in_all.saturating_mul(ranges);
        PhasePlan {
            axes,
            parts,
            band,
            bands,
            task_blocks,
            ranges,
            words: packed,
            packed: self.packed_len,
            tasks,
            nanoseconds: block_products.saturating_mul(task_blocks) / PRODUCTS_PER_NANOSECOND,
        }
    }

    /// Where the weights of a block start, and how many there are.
    fn packed_block(&self, phase: &PhasePlan, group: usize, block: usize) -> Range<usize> {
        let len = self.width() * phase.words;
        let start = phase.packed + (group * self.blocks + block) * len;
        start..start + len
    }

    /// Filters of a block.
    fn block_filters(&self, block: usize) -> usize {
        self.width().min(self.gather.group_destinations() - block * self.width())
    }

    pub fn pack(&self, weights: &[f32], packed: &mut [f32]) {
        assert_eq!(packed.len(), self.packed_len, "length of the packed weights");
        let g = &self.gather;
        let [per_source, per_destination, per_tap] = g.weight_strides;
        for (phase, plan) in g.phases.iter().zip(&self.phases) {
            let block_len = self.width() * plan.words;
            if block_len == 0 {
                continue;
            }
            let target = &mut packed[plan.packed..][..g.groups * self.blocks * block_len];
            parallel::for_each_chunk(target, block_len, block_len, |i, target| {
                let (group, block) = (i / self.blocks, i % self.blocks);
                let first = group * g.weight_group_stride + block * self.width() * per_destination;
                let filters = self.block_filters(block);
                let mut rows = target.chunks_exact_mut(self.width());
                for part in &plan.parts {
                    for (run, taps) in part.runs.iter().zip(&part.taps) {
                        // The weight of a value of the run; zero for those between and behind.
                        let weight = |value: usize, f: usize| {
                            let (tap, channel) = (value / part.spread(), value % part.spread());
                            let Some(tap) = phase.taps[taps.clone()].get(tap) else { return 0.0 };
                            if channel >= part.channels {
                                return 0.0;
                            }
                            let source = (part.channel + channel) * per_source;
                            weights[first + tap.weight * per_tap + source + f * per_destination]
                        };
                        for word in 0..run.len {
                            let Some(row) = rows.next() else { return };
                            for (f, value) in row[..filters].iter_mut().enumerate() {
                                *value = bf16::pair(weight(2 * word, f), weight(2 * word + 1, f));
                            }
                            row[filters..].fill(0.0);
                        }
                    }
                }
            });
        }
    }

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
                self.run_block(s, (task, i, block), (staged, places), values);
            }
        }
    }

    /// Lists where each place's staged values begin, counted in staged places, and its number in the
    /// destination. Once for all blocks of filters.
    #[inline(always)]
    fn list_places(&self, task: &Task, size: [usize; 3], to: *mut (usize, usize)) -> usize {
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
                    assert!(count < band::MOST_PLACES, "a band has no more places");
                    // SAFETY: within the list (checked above).
                    unsafe { to.add(count).write((row + w * plan.axes[2].advance, destination)) };
                    count += 1;
                }
            }
        }
        count
    }

    /// Runs the tiles of one block of filters over the staged band.
    #[inline(always)]
    fn run_block<S: Simd>(
        &self,
        s: S,
        (task, part_index, block): (&Task, usize, usize),
        (staged, places): (*const u16, &[(usize, usize)]),
        values: &Values<'_>,
    ) {
        let g = &self.gather;
        let plan = &self.phases[task.phase];
        let part = &plan.parts[part_index];
        let channels = self.block_filters(block);
        let channel = task.group * g.group_destinations() + block * self.width();
        let weights = &values.packed[self.packed_block(plan, task.group, block)];
        let output = values.ends.output(channel);
        // The first part starts from bias and residual, the others from what is summed up so far.
        let (bias, (start, start_stride)) = match part_index {
            0 => (values.ends.bias(channel), values.ends.residual(channel)),
            _ => (std::ptr::null(), (output.cast_const(), values.ends.stride())),
        };
        let complete = part_index + 1 == plan.parts.len();
        let [lower, upper] = if complete { self.bounds } else { UNBOUNDED };
        let mut sources = [std::ptr::null(); MOST_PLACES];
        let mut outputs = [std::ptr::null_mut(); MOST_PLACES];
        let mut starts = [std::ptr::null(); MOST_PLACES];
        let mut left = places;
        for count in even_cuts(places.len(), tile::most_places(self.isa)) {
            let (tile_places, rest) = left.split_at(count);
            left = rest;
            for (p, &(row, destination)) in tile_places.iter().enumerate() {
                sources[p] = staged.wrapping_add(row * part.stride);
                outputs[p] = output.wrapping_add(destination * values.ends.stride());
                if !start.is_null() {
                    starts[p] = start.wrapping_add(destination * start_stride);
                }
            }
            let args = TileArgs {
                rows: &sources[..count],
                outputs: &outputs[..count],
                starts: &starts[..count],
                runs: &part.runs,
                weights: weights[part.packed * self.width()..].as_ptr(),
                bias,
                channels,
                lower,
                upper,
            };
            // SAFETY: `stage` has written every word that a run of these places reads; a block's
            // weights are as long as its parts (`packed_block`); `Ends::new` has checked the rest. No
            // other task writes these places' block of channels.
            unsafe { tile::run_tile(s, self.vectors, &args) };
            if complete && matches!(self.finish, Finish::Rows(_)) {
                for &(_, destination) in tile_places {
                    // SAFETY: only this task writes this block of channels at its places.
                    let row = unsafe { values.ends.row(destination, channel..channel + channels) };
                    self.finish.apply_to_row(self.isa, row);
                }
            }
        }
    }
}

/// A place of a tap of stride 1 without padding gathers from the place of its number: one long row.
fn flatten(gather: &mut Gather) {
    let places = gather.batch * gather.source.iter().product::<usize>();
    gather.batch = 1;
    gather.source = [1, 1, places];
    gather.destination = [1, 1, places];
    for phase in &mut gather.phases {
        phase.counts = [1, 1, places];
    }
}

/// The runs of values that a place's taps read, from its first staged value on, with their taps;
/// neighbours are joined.
fn runs(
    phase: &Phase,
    size: [usize; 3],
    (channels, stride): (usize, usize),
) -> (Vec<Run>, Vec<Range<usize>>) {
    let spread = spread(channels, stride);
    let mut runs: Vec<Run> = Vec::new();
    let mut taps: Vec<Range<usize>> = Vec::new();
    for (index, tap) in phase.taps.iter().enumerate() {
        let place = (0..3)
            .fold(0, |place, a| place * size[a] + (tap.offset[a] - phase.reach[a].0) as usize);
        let offset = place * stride;
        match (runs.last_mut(), taps.last_mut()) {
            (Some(run), Some(range)) if run.offset + range.len() * spread == offset => {
                range.end += 1;
                run.len = (range.len() * spread).div_ceil(2);
            }
            _ => {
                runs.push(Run { offset, len: spread.div_ceil(2) });
                taps.push(index..index + 1);
            }
        }
    }
    (runs, taps)
}

/// Values of a run for each of its taps: the channels, and a zero that makes them even where places are not
/// packed side by side.
fn spread(channels: usize, stride: usize) -> usize {
    channels.next_multiple_of(2).min(stride)
}

impl Part {
    fn spread(&self) -> usize {
        spread(self.channels, self.stride)
    }
}

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
