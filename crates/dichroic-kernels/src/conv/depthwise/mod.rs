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
mod lanes;
mod roll;
mod tile;

use std::ops::Range;

use self::cut::{Grid, PhasePlan, piece};
use self::lanes::{Block, MOST_VECTORS};
use self::roll::RollArgs;
use self::tile::{MOST_PLACES, TileArgs};
use super::direct::even_cuts;
use super::epilogue::Ends;
use super::finish::Finish;
use super::gather::{Gather, Phase};
use super::{ConvArgs, Epilogue};
use crate::isa::Isa;
use crate::parallel;
use crate::simd::{Simd, WithSimd, dispatch};

/// Products that one core does in about a nanosecond; with stride 2, where loads are as many, fewer.
const MACS_PER_NANOSECOND: [usize; 2] = [32, 13];
/// Results from this many values on are written past the caches: the next kernel would not find them
/// there anyway. 256 channels at 56 × 56, batch 16: 3.4 ms instead of 5.7 ms.
const STREAMED_VALUES: usize = 4 << 20;
/// Rows of the source that are fetched ahead.
const ROWS_AHEAD: usize = 2;
/// Sources from this many values on are fetched ahead, by stride: from the second cache, and with
/// stride 1 from the third as well, values come soon enough. 96 channels at 112 × 112, stride 2: 0.20 ms
/// instead of 0.24 ms.
const FETCHED_VALUES: [usize; 2] = [2 << 20, 256 << 10];

/// A planned depthwise or grouped gather.
#[derive(Clone, Debug)]
pub(super) struct DepthwisePlan {
    gather: Gather,
    epilogue: Epilogue,
    finish: Finish,
    isa: Isa,
    blocks: Vec<Block>,
    phases: Vec<PhasePlan>,
    /// Strips are computed by the kernel for 3×3 taps.
    rolls: bool,
    grid: Grid,
    /// Rows that are fetched ahead, or 0.
    ahead: usize,
    /// The result may be written past the caches.
    streams: bool,
    /// About what a task takes.
    nanoseconds: usize,
    packed_len: usize,
}

impl DepthwisePlan {
    pub fn new(gather: Gather, epilogue: Epilogue, isa: Isa) -> Self {
        let lanes = isa.lanes();
        let many_registers = matches!(isa, Isa::Avx512 | Isa::Neon);
        let rolls = many_registers && cut::rolls(&gather);
        let most_vectors = if many_registers && !rolls { MOST_VECTORS } else { 1 };
        let blocks = lanes::blocks(&gather, lanes, most_vectors);
        let weight_vectors = lanes::weight_vectors(&blocks);
        let (mut phases, mut packed, mut macs) = (Vec::new(), 0, 0usize);
        for phase in &gather.phases {
            phases.push(PhasePlan::new(phase, packed));
            let each = weight_vectors * phase.taps.len();
            packed += each;
            macs = macs.saturating_add(gather.places(phase).saturating_mul(each * lanes));
        }
        let grid = if rolls {
            Grid::of_rolls(&gather, &blocks, lanes)
        } else {
            Grid::of_tiles(&gather, &blocks, &phases, lanes)
        };
        let strided = usize::from(gather.phases.iter().any(|phase| phase.source_step[2] > 1));
        let finish = Finish::new(epilogue.activation);
        let (places, channels) = gather.destination_size();
        let output = epilogue.output;
        let whole = [channels, output.first(), output.stride(channels)];
        let whole = whole.iter().all(|size| size % lanes == 0);
        Self {
            nanoseconds: macs / MACS_PER_NANOSECOND[strided] / grid.tasks().max(1),
            ahead: if gather.source_len() >= FETCHED_VALUES[strided] { ROWS_AHEAD } else { 0 },
            streams: whole
                && places.saturating_mul(channels) >= STREAMED_VALUES
                && !matches!(finish, Finish::Rows(_)),
            packed_len: packed * lanes,
            gather,
            epilogue,
            finish,
            isa,
            blocks,
            phases,
            rolls,
            grid,
        }
    }

    pub fn packed_len(&self) -> usize {
        self.packed_len
    }

    pub fn pack(&self, weights: &[f32], packed: &mut [f32]) {
        assert_eq!(packed.len(), self.packed_len, "length of the packed weights");
        let mut vectors = packed.chunks_exact_mut(self.isa.lanes());
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
                                    let Some(vector) = vectors.next() else { return };
                                    self.pack_vector(weights, tap.weight, (block, turn, v), vector);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The weights of one tap for a vector of a block, at one of its steps.
    fn pack_vector(
        &self,
        weights: &[f32],
        tap: usize,
        (block, turn, v): (&Block, usize, usize),
        vector: &mut [f32],
    ) {
        let [per_source, per_destination, per_tap] = self.gather.weight_strides;
        let per_group = self.gather.group_destinations();
        let done = v * vector.len();
        for (lane, value) in vector.iter_mut().enumerate() {
            let source = match block.steps.get(turn) {
                Some(step) => step.sources[lane],
                None => Some(0),
            };
            *value = match source {
                Some(source) if done + lane < block.channels => {
                    let channel = block.channel + done + lane;
                    let (group, channel) = (channel / per_group, channel % per_group);
                    let group = group * self.gather.weight_group_stride + tap * per_tap;
                    weights[group + source * per_source + channel * per_destination]
                }
                _ => 0.0,
            };
        }
    }

    pub fn run(&self, args: ConvArgs<'_>) {
        assert_eq!(args.input.len(), self.gather.source_len(), "length of the values convolved");
        assert_eq!(args.packed.len(), self.packed_len, "length of the packed weights");
        let (places, channels) = self.gather.destination_size();
        let (source, packed) = (args.input, args.packed);
        let aligned = args.output.as_ptr().align_offset(self.isa.lanes() * size_of::<f32>()) == 0;
        let ends = Ends::new(&self.epilogue, places, channels, args);
        let values = Values { source, packed, ends, stream: self.streams && aligned };
        parallel::for_each(self.grid.tasks(), self.nanoseconds, |i| {
            dispatch(self.isa, TaskOp { plan: self, task: self.grid.task(i), values: &values });
        });
    }

    #[inline(always)]
    fn run_task<S: Simd>(&self, s: S, task: [usize; 4], values: &Values<'_>) {
        let [item, band, strip, chunk] = task;
        let blocks = &self.blocks[piece(chunk, self.grid.chunks, self.blocks.len())];
        for (phase, plan) in self.gather.phases.iter().zip(&self.phases) {
            let columns = piece(strip, self.grid.strips, phase.counts[2]);
            let rows = piece(band, self.grid.bands, phase.counts[0] * phase.counts[1]);
            if self.rolls {
                self.run_strip(s, (phase, plan), item, (rows, columns), (blocks, values));
                continue;
            }
            for row in rows {
                let row = Row::new(&self.gather, (phase, plan), item, row);
                for turn in 0..plan.spread {
                    // Places of one turn are `spread` apart.
                    let count = columns.len().saturating_sub(turn).div_ceil(plan.spread);
                    let mut first = columns.start + turn;
                    for places in even_cuts(count, MOST_PLACES) {
                        self.run_places(s, &row, (first, places), (blocks, values));
                        first += places * plan.spread;
                    }
                }
            }
        }
        if values.stream {
            s.fence();
        }
    }

    /// Computes some blocks of a strip with the kernel for 3×3 taps.
    #[inline(always)]
    fn run_strip<S: Simd>(
        &self,
        s: S,
        (phase, plan): (&Phase, &PhasePlan),
        item: usize,
        (rows, columns): (Range<usize>, Range<usize>),
        (blocks, values): (&[Block], &Values<'_>),
    ) {
        let g = &self.gather;
        let (ends, source_channels) = (&values.ends, g.source_channels);
        let [_, height, width] = g.source;
        let item_source = item * height * width * source_channels;
        let place = (item * g.destination[1] + rows.start) * g.destination[2] + columns.start;
        for block in blocks {
            let (start, start_stride) = ends.residual(block.channel);
            let args = RollArgs {
                columns: columns.len(),
                rows: rows.len(),
                stride: phase.source_step[2],
                source: values.source[item_source + block.channel..].as_ptr(),
                height,
                width,
                row_step: width * source_channels,
                column_step: source_channels,
                row: (rows.start * phase.source_step[1]) as isize + plan.axes[1].first,
                column: (columns.start * phase.source_step[2]) as isize + plan.axes[2].first,
                weights: values.packed[block.before * 9 * S::LANES..].as_ptr(),
                bias: ends.bias(block.channel),
                start: start.wrapping_add(place * start_stride),
                start_steps: [start_stride, start_stride * g.destination[2]],
                output: ends.output(block.channel).wrapping_add(place * ends.stride()),
                output_steps: [ends.stride(), ends.stride() * g.destination[2]],
                channels: block.channels,
                finish: self.finish,
                ahead: self.ahead,
                stream: values.stream,
            };
            // SAFETY: the strip lies inside the destination, no other task writes these blocks there,
            // `run` has checked the lengths, and each block has nine vectors of weights.
            unsafe { roll::run_strip(s, &args) };
        }
        for row in 0..rows.len() {
            self.finish_places(
                place + row * g.destination[2],
                (columns.len(), 1),
                (blocks, values),
            );
        }
    }

    /// Computes some blocks of some places of a row: `count` from column `first` on, each `spread` further.
    #[inline(always)]
    fn run_places<S: Simd>(
        &self,
        s: S,
        row: &Row<'_>,
        (first, count): (usize, usize),
        (blocks, values): (&[Block], &Values<'_>),
    ) {
        let g = &self.gather;
        let (phase, plan, ends) = (row.phase, row.plan, &values.ends);
        let source_step = phase.source_step[2] as isize;
        let place = row.destination + first * phase.destination_step[2];
        let place_step = phase.destination_step[2] * plan.spread;
        let row_len = (g.source[2] * g.source_channels) as isize;
        for block in blocks {
            let row_weights = block.weight_vectors() * plan.axes[2].count * S::LANES;
            let weights = (plan.packed + block.before * phase.taps.len()) * S::LANES;
            let (start, start_stride) = ends.residual(block.channel);
            let args = TileArgs {
                places: count,
                sharing: plan.sharing,
                source: values.source.as_ptr().wrapping_offset(row.source * row_len),
                source_channels: g.source_channels,
                planes: row.planes,
                rows: row.rows,
                plane_step: plan.axes[0].step * g.source[1] as isize * row_len,
                row_step: plan.axes[1].step * row_len,
                columns: g.source[2],
                segments: &plan.segments,
                column: first as isize * source_step,
                place_columns: source_step * plan.spread as isize,
                tap_columns: plan.axes[2].step,
                block,
                weights: values
                    .packed
                    .as_ptr()
                    .wrapping_add(weights + row.taps_before * row_weights),
                weights_plane_step: row_weights * plan.axes[1].count,
                weights_row_step: row_weights,
                bias: ends.bias(block.channel),
                start: start.wrapping_add(place * start_stride),
                start_step: place_step * start_stride,
                output: ends.output(block.channel).wrapping_add(place * ends.stride()),
                output_step: place_step * ends.stride(),
                finish: self.finish,
                stream: values.stream,
            };
            // SAFETY: the places lie inside the destination, no other task writes these blocks there, the
            // row's taps lie inside the source, and `run` has checked the lengths.
            unsafe { tile::run_tile(s, &args) };
        }
        self.finish_places(place, (count, place_step), (blocks, values));
    }

    /// Applies what the kernels leave of the activation.
    fn finish_places(
        &self,
        first: usize,
        (count, step): (usize, usize),
        (blocks, values): (&[Block], &Values<'_>),
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

/// What the places of one row of the destination have in common.
struct Row<'a> {
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
}

struct Values<'a> {
    source: &'a [f32],
    packed: &'a [f32],
    ends: Ends<'a>,
    stream: bool,
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
