//! What forward pass, input gradient and weight gradient share: the way over places and blocks.

use std::ops::Range;

use super::cut::{self, Grid, PhasePlan, piece};
use super::lanes::{self, Block, MOST_VECTORS};
use super::strip::Source;
use super::tile::{MOST_PLACES, Window};
use crate::conv::direct::even_cuts;
use crate::conv::gather::{Gather, Phase};
use crate::isa::Isa;

/// Rows of the source that are fetched ahead.
const ROWS_AHEAD: usize = 2;
/// Sources from this many values on are fetched ahead: from the second and third cache values come soon enough.
/// With strides of 2, 96 channels at 112 × 112 take 0.162 ms of one core with fetching, 0.153 ms without.
const FETCHED_VALUES: usize = 2 << 20;

/// A gather, cut into tasks.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    pub gather: Gather,
    pub blocks: Vec<Block>,
    pub phases: Vec<PhasePlan>,
    /// Strips are computed by the kernels for 3×3 taps.
    pub in_strips: bool,
    /// Each row of them is read once.
    pub rolls: bool,
    pub grid: Grid,
    /// Of a vector.
    pub lanes: usize,
    pub packed_len: usize,
    /// Multiply-adds, those of unused lanes and of padding included.
    pub macs: usize,
    /// Some step is longer than 1.
    pub strided: bool,
    /// Rows that are fetched ahead, or 0.
    ahead: usize,
}

/// The vectors of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// One.
    One,
    /// As many as the registers hold, where there are as many channels.
    Most,
}

impl Walk {
    pub fn new(gather: Gather, width: Width, isa: Isa) -> Self {
        let lanes = isa.lanes();
        let many_registers = matches!(isa, Isa::Avx512 | Isa::Neon);
        let in_strips = many_registers && cut::suits_strips(&gather);
        let rolls = in_strips && cut::shares_sets(&gather);
        let wide = many_registers && !in_strips && width == Width::Most;
        let blocks = lanes::blocks(&gather, lanes, if wide { MOST_VECTORS } else { 1 });
        let weight_vectors = lanes::weight_vectors(&blocks);
        let (mut phases, mut packed, mut macs) = (Vec::new(), 0, 0usize);
        for phase in &gather.phases {
            phases.push(PhasePlan::new(phase, packed));
            let each = weight_vectors * phase.taps.len();
            packed += each;
            macs = macs.saturating_add(gather.places(phase).saturating_mul(each * lanes));
        }
        let grid = if in_strips {
            Grid::of_strips(&gather, &blocks, lanes)
        } else {
            Grid::of_tiles(&gather, &blocks, &phases, lanes)
        };
        let strided = gather.phases.iter().any(|phase| phase.source_step[2] > 1);
        let fetched = gather.source_len() >= FETCHED_VALUES;
        Self {
            ahead: if fetched { ROWS_AHEAD } else { 0 },
            packed_len: packed * lanes,
            gather,
            blocks,
            phases,
            in_strips,
            rolls,
            grid,
            lanes,
            macs,
            strided,
        }
    }

    /// Calls `visit(packed, weights, count)` for runs that lie side by side among both the packed weights
    /// and the weights.
    pub fn for_each_run(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let lanes = self.lanes;
        let [per_source, per_destination, per_tap] = self.gather.weight_strides;
        let (per_group, group_step) =
            (self.gather.group_destinations(), self.gather.weight_group_stride);
        let mut packed = 0;
        self.for_each_vector(|tap, block, turn, v| {
            let first = block.channel + v * lanes;
            let count = lanes.min(block.channels - v * lanes);
            let weight = |source: usize, channel: usize| {
                let (group, channel) = (channel / per_group, channel % per_group);
                group * group_step + tap * per_tap + source * per_source + channel * per_destination
            };
            match block.steps.get(turn) {
                None => visit(packed, weight(0, first), count),
                Some(step) => {
                    for (lane, source) in step.sources[..count].iter().enumerate() {
                        if let Some(source) = *source {
                            visit(packed + lane, weight(source, first + lane), 1);
                        }
                    }
                }
            }
            packed += lanes;
        });
    }

    /// Calls `visit(tap, block, step, vector of the block)` for each vector of the packed weights, in order.
    fn for_each_vector(&self, mut visit: impl FnMut(usize, &Block, usize, usize)) {
        for (phase, plan) in self.gather.phases.iter().zip(&self.phases) {
            for block in &self.blocks {
                for row in phase.taps.chunks(plan.axes[2].count.max(1)) {
                    let mut first = 0;
                    for segment in &plan.segments {
                        let taps = &row[first..first + segment.taps];
                        first += segment.taps;
                        for turn in 0..block.steps.len().max(1) {
                            for tap in taps {
                                for v in 0..block.vectors {
                                    visit(tap.weight, block, turn, v);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The blocks of a task.
    pub fn task_blocks(&self, chunk: usize) -> &[Block] {
        &self.blocks[piece(chunk, self.grid.chunks, self.blocks.len())]
    }

    /// Calls `visit(row, first column, places)` for the tiles of a task.
    #[inline(always)]
    pub fn for_each_tile(
        &self,
        [item, band, strip]: [usize; 3],
        mut visit: impl FnMut(&Row<'_>, usize, usize),
    ) {
        for (phase, plan) in self.gather.phases.iter().zip(&self.phases) {
            let columns = piece(strip, self.grid.strips, phase.counts[2]);
            for row in piece(band, self.grid.bands, phase.counts[0] * phase.counts[1]) {
                let row = Row::new(&self.gather, (phase, plan), item, row);
                for turn in 0..plan.spread {
                    // Places of one turn are `spread` apart.
                    let count = columns.len().saturating_sub(turn).div_ceil(plan.spread);
                    let mut first = columns.start + turn;
                    for places in even_cuts(count, MOST_PLACES) {
                        visit(&row, first, places);
                        first += places * plan.spread;
                    }
                }
            }
        }
    }

    /// The source values of a tile.
    #[inline(always)]
    pub fn window<'a>(
        &'a self,
        row: &Row<'a>,
        (first, places): (usize, usize),
        block: &'a Block,
        source: &[f32],
    ) -> Window<'a> {
        let g = &self.gather;
        let row_len = (g.source[2] * g.source_channels) as isize;
        let row_weights = block.weight_vectors() * row.plan.axes[2].count * self.lanes;
        let source_step = row.phase.source_step[2] as isize;
        Window {
            places,
            sharing: row.plan.sharing,
            source: source.as_ptr().wrapping_offset(row.source * row_len),
            source_channels: g.source_channels,
            planes: row.planes,
            rows: row.rows,
            plane_step: row.plan.axes[0].step * g.source[1] as isize * row_len,
            row_step: row.plan.axes[1].step * row_len,
            columns: g.source[2],
            segments: &row.plan.segments,
            column: first as isize * source_step,
            place_columns: source_step * row.plan.spread as isize,
            tap_columns: row.plan.axes[2].step,
            block,
            weights_plane_step: row_weights * row.plan.axes[1].count,
            weights_row_step: row_weights,
        }
    }

    /// Where a block's weights for the first row of taps inside start.
    #[inline(always)]
    pub fn weights(&self, row: &Row<'_>, block: &Block) -> usize {
        let before = row.plan.packed + block.before * row.phase.taps.len();
        let rows = row.taps_before * block.weight_vectors() * row.plan.axes[2].count;
        (before + rows) * self.lanes
    }

    /// Rows and columns of a strip.
    pub fn strip(&self, [_, band, strip]: [usize; 3]) -> [Range<usize>; 2] {
        let [_, rows, columns] = self.gather.phases[0].counts;
        [piece(band, self.grid.bands, rows), piece(strip, self.grid.strips, columns)]
    }

    /// The source values of a block of a strip of 3×3 taps.
    #[inline(always)]
    pub fn strip_source(
        &self,
        item: usize,
        [rows, columns]: &[Range<usize>; 2],
        block: &Block,
        source: &[f32],
    ) -> Source {
        let (g, phase, plan) = (&self.gather, &self.gather.phases[0], &self.phases[0]);
        let [_, height, width] = g.source;
        let first = item * height * width * g.source_channels + block.channel;
        let start = |a: usize, places: &Range<usize>| {
            (places.start * phase.source_step[a]) as isize + plan.axes[a].first
        };
        Source {
            columns: columns.len(),
            rows: rows.len(),
            stride: phase.source_step[2],
            channels: block.channels,
            values: source.as_ptr().wrapping_add(first),
            height,
            width,
            row_step: width * g.source_channels,
            column_step: g.source_channels,
            row: start(1, rows),
            column: start(2, columns),
            ahead: self.ahead,
        }
    }

    /// The first place of a strip in the destination.
    pub fn strip_place(&self, item: usize, [rows, columns]: &[Range<usize>; 2]) -> usize {
        let [_, height, width] = self.gather.destination;
        (item * height + rows.start) * width + columns.start
    }
}

/// What the places of one row of the destination have in common.
pub(super) struct Row<'a> {
    phase: &'a Phase,
    plan: &'a PhasePlan,
    /// The first row of taps inside the source, counted over the whole source.
    source: isize,
    planes: usize,
    rows: usize,
    /// Rows of taps before it.
    taps_before: usize,
    /// The row's first place in the destination.
    destination: usize,
}

impl<'a> Row<'a> {
    #[inline(always)]
    fn new(g: &Gather, (phase, plan): (&'a Phase, &'a PhasePlan), item: usize, row: usize) -> Self {
        let q = [row / phase.counts[1], row % phase.counts[1]];
        let position = [0, 1].map(|a| (q[a] * phase.source_step[a]) as isize);
        let [planes, rows] = [0, 1].map(|a| plan.axes[a].inside(position[a], g.source[a]));
        let from = |a: usize, taps: &Range<usize>| {
            position[a] + plan.axes[a].first + taps.start as isize * plan.axes[a].step
        };
        let source = (item * g.source[0]) as isize + from(0, &planes);
        let to = [0, 1].map(|a| phase.destination_start[a] + q[a] * phase.destination_step[a]);
        let destination = (item * g.destination[0] + to[0]) * g.destination[1] + to[1];
        Self {
            phase,
            plan,
            source: source * g.source[1] as isize + from(1, &rows),
            taps_before: planes.start * plan.axes[1].count + rows.start,
            planes: planes.len(),
            rows: rows.len(),
            destination: destination * g.destination[2] + phase.destination_start[2],
        }
    }

    /// The destination's place of this column, and the distance to the tile's next one.
    #[inline(always)]
    pub fn places(&self, first: usize) -> [usize; 2] {
        let step = self.phase.destination_step[2];
        [self.destination + first * step, step * self.plan.spread]
    }
}
