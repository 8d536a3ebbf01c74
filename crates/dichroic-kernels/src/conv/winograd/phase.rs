//! A phase of a gather: destination places with the same taps, computed tile by tile.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::blocks::{self, Block};
use super::geometry::Geometry;
use super::multiply::{Product, multiply};
use super::on_the_fly;
use super::schedule::{self, Schedule};
use super::slices::Slice;
use super::tiles::{Reading, Writing};
use super::tiling::{Side, Tiling, with_sizes};
use super::weights::{self, Transformed};
use crate::conv::epilogue::Ends;
use crate::conv::finish::Finish;
use crate::conv::gather::{Gather, Phase};
use crate::elementwise::Unary;
use crate::isa::Isa;
use crate::parallel::{self, DisjointMut};
use crate::simd::{Simd, WithSimd, dispatch};

/// A planned phase.
#[derive(Clone, Debug)]
pub(super) struct PhasePlan {
    /// What the phases have in common.
    pub gather: Gather,
    pub geometry: Geometry,
    pub tiling: Tiling,
    finish: Finish,
    pub isa: Isa,
    pub transformed: Transformed,
    pub blocks: Vec<Block>,
    schedule: Schedule,
}

impl PhasePlan {
    pub fn new(
        gather: &Gather,
        phase: &Phase,
        (tiling, transformed): (&Tiling, Transformed),
        activation: Option<Unary>,
        isa: Isa,
    ) -> Self {
        let geometry = Geometry::new(gather, phase, tiling);
        let schedule = Schedule::new(gather, &geometry, tiling, transformed, isa);
        let blocks = blocks::cut(gather.group_destinations(), isa.lanes(), schedule.vectors);
        let finish = Finish::new(activation);
        let gather = Gather { phases: Vec::new(), ..gather.clone() };
        Self { gather, geometry, tiling: *tiling, finish, isa, transformed, blocks, schedule }
    }

    pub fn packed_len(&self) -> usize {
        self.gather.groups * self.group_width() * self.block_depth()
    }

    /// The length of the scratch memory that a run needs.
    pub fn scratch_len(&self) -> usize {
        self.schedule.scratch_len
    }

    pub fn pack(&self, weights: &[f32], packed: &mut [f32]) {
        weights::pack(self, weights, packed);
    }

    /// Filters of a group, rounded up to whole blocks.
    fn group_width(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.before + block.vectors * self.isa.lanes())
    }

    /// Rows and columns of a transformed tile that are multiplied, on the fly even where the weights are zero.
    fn extent(&self, slice: &Slice) -> [usize; 2] {
        match self.transformed {
            Transformed::WhenPacked => slice.extent(&self.tiling),
            Transformed::WhenUsed => self.tiling.sides.map(Side::inputs),
        }
    }

    /// Packed weights of one filter.
    fn block_depth(&self) -> usize {
        let weights = match self.transformed {
            Transformed::WhenPacked => self.geometry.slices.products,
            Transformed::WhenUsed => self.geometry.slices.len() * self.tiling.taps(),
        };
        weights * self.gather.group_sources()
    }

    /// Where the packed weights of a block lie.
    pub fn packed_block(&self, group: usize, block: &Block) -> Range<usize> {
        let start = (group * self.group_width() + block.before) * self.block_depth();
        start..start + block.vectors * self.isa.lanes() * self.block_depth()
    }

    /// Computes the destination places of the phase.
    pub fn run(&self, values: &Values<'_>) {
        let s = &self.schedule;
        for group in 0..self.gather.groups {
            for start in (0..s.panels).step_by(s.shared_panels.max(1)) {
                let shared = start..s.panels.min(start + s.shared_panels);
                self.run_panels(group, shared, values);
            }
        }
    }

    /// Computes the tiles of these panels for one group.
    fn run_panels(&self, group: usize, shared: Range<usize>, values: &Values<'_>) {
        let s = &self.schedule;
        let ranges = shared.len().div_ceil(s.range_panels);
        let range = |i: usize| {
            let start = shared.start + i * s.range_panels;
            start..shared.end.min(start + s.range_panels)
        };
        if s.fused {
            each_with_slot(ranges, s.range_nanoseconds, |i, slot| {
                let panels = values.scratch.pointer(s.slot(slot));
                let sums = values.scratch.pointer(s.slot(slot) + s.range_panels * s.panel_len);
                let mut step =
                    Step { panels, sums, group, range: range(i), part: Part::Input(0..usize::MAX) };
                dispatch(self.isa, StepOp { plan: self, step: &step, values });
                step.part = Part::Output(0..self.blocks.len());
                dispatch(self.isa, StepOp { plan: self, step: &step, values });
            });
        } else {
            let slices = self.geometry.slices.len();
            let chunks = self.gather.group_sources().div_ceil(s.chunk_channels) * slices;
            parallel::for_each(shared.len() * chunks, s.chunk_nanoseconds, |i| {
                let (panel, chunk) = (i / chunks, i % chunks);
                let step = Step {
                    panels: values.scratch.pointer(panel * s.panel_len),
                    sums: values.scratch.pointer(0),
                    group,
                    range: shared.start + panel..shared.start + panel + 1,
                    part: Part::Input(chunk..chunk + 1),
                };
                dispatch(self.isa, StepOp { plan: self, step: &step, values });
            });
            each_with_slot(ranges * self.blocks.len(), s.range_nanoseconds, |i, slot| {
                let block = i / ranges;
                let step = Step {
                    panels: values.scratch.pointer(i % ranges * s.range_panels * s.panel_len),
                    sums: values.scratch.pointer(s.slot(slot)),
                    group,
                    range: range(i % ranges),
                    part: Part::Output(block..block + 1),
                };
                dispatch(self.isa, StepOp { plan: self, step: &step, values });
            });
        }
    }

    #[inline(always)]
    fn run_step<
        S: Simd,
        const MR: usize,
        const RR: usize,
        const AR: usize,
        const MC: usize,
        const RC: usize,
        const AC: usize,
    >(
        &self,
        s: S,
        step: &Step,
        values: &Values<'_>,
    ) {
        match &step.part {
            Part::Input(chunks) => self.transform_input::<S, AR, AC>(s, step, chunks, values),
            Part::Output(blocks) => {
                for block in &self.blocks[blocks.clone()] {
                    match self.transformed {
                        Transformed::WhenPacked => self.multiply_block(s, step, block, values),
                        Transformed::WhenUsed => self.multiply_on_the_fly(s, step, block, values),
                    }
                    self.transform_output::<S, AR, AC, MR, MC>(s, step, block, values);
                }
            }
        }
    }

    /// Transforms the tiles of a range, for some of the chunks of slices × channels.
    #[inline(always)]
    fn transform_input<S: Simd, const R: usize, const C: usize>(
        &self,
        s: S,
        step: &Step,
        chunks: &Range<usize>,
        values: &Values<'_>,
    ) {
        let (g, plan) = (&self.geometry, &self.schedule);
        let channels = self.gather.group_sources();
        let per_slice = channels.div_ceil(plan.chunk_channels);
        let stride = self.gather.source_channels;
        let blocks = channels.div_ceil(S::LANES);
        let steps = g.source_steps().map(|steps| steps * stride);
        let next = self.tiling.sides[1].outputs * steps[1];
        for (i, panel) in step.range.clone().enumerate() {
            let tiles = plan.tiles(panel, g.count);
            let (start, count) = (tiles.start, tiles.len());
            let place_step = plan.place_step(blocks * g.slices.len(), count, S::LANES);
            for index in tiles {
                let tile = g.tile(index);
                for chunk in chunks.start..chunks.end.min(per_slice * g.slices.len()) {
                    let (slice, first) =
                        (chunk / per_slice, chunk % per_slice * plan.chunk_channels);
                    let block = slice * blocks + first / S::LANES;
                    let to = i * plan.panel_len + (block * count + index - start) * S::LANES;
                    let source = values.source.as_ptr();
                    let slice = &g.slices.list[slice];
                    let reading = Reading {
                        window: g.reads(tile, slice),
                        extent: self.extent(slice),
                        source: source.wrapping_add(step.group * channels + first),
                        steps,
                        channels: plan.chunk_channels.min(channels - first),
                        stride,
                        next: plan.fetches_source.then_some(next),
                        target: step.panels.wrapping_add(to),
                        place_step,
                        block_step: count * S::LANES,
                    };
                    // SAFETY: `Geometry::reads` keeps to the source, whose length `run` has
                    // checked; the panel has a vector of each tile, block and place (`Schedule`).
                    unsafe { reading.run::<S, R, C>(s) };
                }
            }
        }
    }

    /// Multiplies the range's panels with a block's weights.
    #[inline(always)]
    fn multiply_block<S: Simd>(&self, s: S, step: &Step, block: &Block, values: &Values<'_>) {
        let (g, plan) = (&self.geometry, &self.schedule);
        let channels = self.gather.group_sources();
        let (slices, blocks) = (g.slices.len(), channels.div_ceil(S::LANES));
        let width = block.vectors * S::LANES;
        let weights = &values.packed[self.packed_block(step.group, block)];
        for (index, place) in g.slices.places.iter().enumerate() {
            let weights = weights[place.before * channels * width..].as_ptr();
            let place_len = place.slices.len() * channels * width;
            for (i, panel) in step.range.clone().enumerate() {
                let count = plan.tiles(panel, g.count).len();
                let place_step = plan.place_step(blocks * slices, count, S::LANES);
                let first = place.slices.start * blocks * count * S::LANES;
                let from = i * plan.panel_len + index * place_step + first;
                let to = index * plan.sums_step(block.vectors, S::LANES);
                let product = Product {
                    values: step.panels.wrapping_add(from),
                    weights,
                    // Those of the next place, or of the next block; once is enough.
                    next: weights.wrapping_add(if i == 0 { place_len } else { 0 }),
                    sums: step.sums.wrapping_add(to + i * plan.panel_tiles * width),
                    channels,
                    slices: place.slices.len(),
                };
                // SAFETY: panel, weights and sums are laid out so (`Schedule`, `packed_block`).
                unsafe { multiply(s, count, block.vectors, &product) };
            }
        }
    }

    /// The same with weights that are transformed meanwhile: chunks of channels, whose taps serve all panels.
    #[inline(always)]
    fn multiply_on_the_fly<S: Simd>(&self, s: S, step: &Step, block: &Block, values: &Values<'_>) {
        let (g, plan) = (&self.geometry, &self.schedule);
        let channels = self.gather.group_sources();
        let (slices, blocks) = (g.slices.len(), channels.div_ceil(S::LANES));
        let weights = &values.packed[self.packed_block(step.group, block)];
        for slice in 0..slices {
            for first in (0..channels).step_by(on_the_fly::CHUNK_CHANNELS) {
                let row = (slice * channels + first) * on_the_fly::TAPS;
                let until = channels.min(first + on_the_fly::CHUNK_CHANNELS);
                for (i, panel) in step.range.clone().enumerate() {
                    let count = plan.tiles(panel, g.count).len();
                    let vector = (slice * blocks + first / S::LANES) * count;
                    let chunk = on_the_fly::Chunk {
                        values: step.panels.wrapping_add(i * plan.panel_len + vector * S::LANES),
                        value_step: plan.place_step(blocks * slices, count, S::LANES),
                        taps: weights[row * S::LANES..].as_ptr(),
                        sums: step.sums.wrapping_add(i * plan.panel_tiles * S::LANES),
                        sums_step: plan.sums_step(1, S::LANES),
                        channels: until - first,
                        first: slice == 0 && first == 0,
                        last: slice + 1 == slices && until == channels,
                    };
                    // SAFETY: panel, weights and sums are laid out so (`Schedule`, `packed_block`).
                    unsafe { on_the_fly::multiply(s, count, &chunk) };
                }
            }
        }
    }

    /// Transforms the range's sums of a block back and finishes them.
    #[inline(always)]
    fn transform_output<S: Simd, const R: usize, const C: usize, const M: usize, const N: usize>(
        &self,
        s: S,
        step: &Step,
        block: &Block,
        values: &Values<'_>,
    ) {
        let (g, plan) = (&self.geometry, &self.schedule);
        let ends = &values.ends;
        let channel = step.group * self.gather.group_destinations() + block.channel;
        let width = block.vectors * S::LANES;
        let steps = g.destination_steps();
        let start = step.range.start * plan.panel_tiles;
        let end = g.count.min(step.range.end * plan.panel_tiles);
        for index in start..end {
            let window = g.writes(g.tile(index));
            let writing = Writing {
                window: window.clone(),
                sums: step.sums.wrapping_add((index - start) * width),
                place_step: plan.sums_step(block.vectors, S::LANES),
                filters: block.channels,
                bias: ends.bias(channel),
                residual: ends.residual(channel),
                output: (ends.output(channel), ends.stride()),
                steps,
                next: plan.fetches_output.then_some(N * steps[1] * ends.stride()),
                finish: self.finish,
            };
            // SAFETY: `Geometry::writes` keeps to the output, whose length `Ends` has checked; the
            // sums hold the tile, and no other task writes this tile's block of channels.
            unsafe { writing.run::<S, R, C, M, N>(s) };
            if matches!(self.finish, Finish::Rows(_)) {
                for i in window.rows.clone() {
                    for j in window.columns.clone() {
                        let place = window.place as usize + i * steps[0] + j * steps[1];
                        // SAFETY: only this task writes this block of channels at its places.
                        let row = unsafe { ends.row(place, channel..channel + block.channels) };
                        self.finish.apply_to_row(self.isa, row);
                    }
                }
            }
        }
    }
}

/// Calls `task(i, slot)` for each of so many tasks, where no two that run at the same time have the same slot.
///
/// As many calls as there are slots are handed out, and each goes on taking tasks until none is left: memory
/// for a task is needed once for each slot, and slots are counted by the shape, not by the threads.
fn each_with_slot(tasks: usize, nanoseconds: usize, task: impl Fn(usize, usize) + Sync + Send) {
    let slots = tasks.min(schedule::SLOTS);
    let next = AtomicUsize::new(0);
    let share = nanoseconds.saturating_mul(tasks) / slots.max(1);
    parallel::for_each(slots, share, |slot| {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= tasks {
                return;
            }
            task(i, slot);
        }
    });
}

/// The slices of one run.
pub(super) struct Values<'a> {
    pub source: &'a [f32],
    /// The weights of the phase that runs.
    pub packed: &'a [f32],
    pub ends: Ends<'a>,
    pub scratch: DisjointMut<'a>,
}

/// One part of the work on a range of panels.
struct Step {
    panels: *mut f32,
    sums: *mut f32,
    group: usize,
    range: Range<usize>,
    part: Part,
}

enum Part {
    /// Chunks of the input to transform.
    Input(Range<usize>),
    /// Blocks of filters to multiply with and transform back.
    Output(Range<usize>),
}

struct StepOp<'a> {
    plan: &'a PhasePlan,
    step: &'a Step,
    values: &'a Values<'a>,
}

impl WithSimd for StepOp<'_> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        let (plan, step, values) = (self.plan, self.step, self.values);
        with_sizes!(plan.tiling.sides, plan.run_step::<S>(s, step, values));
    }
}
