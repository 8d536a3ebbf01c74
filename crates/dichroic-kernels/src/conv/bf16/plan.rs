//! What is planned for a shape.
//!
//! ```text
//! packed weights:  phase │ group │ block of filters │ part of the sum │ run │ word │ NV × LANES words
//! work:            task = (phase, group, band of places, range of blocks); in it: part → block → tile
//! ```

use std::ops::Range;

use super::band::{self, Band, place_stride};
use super::stage::AxisStage;
use super::tile::{self, MOST_VECTORS, Run};
use crate::conv::Epilogue;
use crate::conv::finish::Finish;
use crate::conv::gather::{Gather, Phase};
use crate::isa::Isa;
use crate::parallel;
use crate::simd::bf16;

/// Products that one core does in about a nanosecond.
const PRODUCTS_PER_NANOSECOND: usize = 110;
/// Blocks × taps of a task that make rounding its source values cheap.
const FEWEST_USES: usize = 4;

/// A planned gather with bfloat16 operands.
#[derive(Clone, Debug)]
pub(in crate::conv) struct Bf16Plan {
    pub(super) gather: Gather,
    pub(super) epilogue: Epilogue,
    pub(super) finish: Finish,
    pub(super) isa: Isa,
    /// Whether the CPU's instructions for bfloat16 are used.
    pub(super) native: bool,
    /// Vectors of a block, and the blocks of a group.
    pub(super) vectors: usize,
    pub(super) blocks: usize,
    pub(super) phases: Vec<PhasePlan>,
    pub(super) packed_len: usize,
}

#[derive(Clone, Debug)]
pub(super) struct PhasePlan {
    pub(super) axes: [AxisStage; 3],
    pub(super) parts: Vec<Part>,
    pub(super) band: Band,
    /// Bands along each axis.
    pub(super) bands: [usize; 3],
    /// Blocks of a task, and how many tasks share a band.
    pub(super) task_blocks: usize,
    pub(super) ranges: usize,
    /// Words of the whole sum, and where its weights start.
    pub(super) words: usize,
    pub(super) packed: usize,
    pub(super) tasks: usize,
    pub(super) nanoseconds: usize,
}

/// Source channels of all taps whose products are summed in one go.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) channel: usize,
    pub(super) channels: usize,
    /// Values from one staged place to the next.
    pub(super) stride: usize,
    pub(super) runs: Vec<Run>,
    /// The taps of each run.
    pub(super) taps: Vec<Range<usize>>,
    /// Where its weights start, in steps of one vector tile.
    pub(super) packed: usize,
}

impl Bf16Plan {
    pub fn new(mut gather: Gather, epilogue: Epilogue, isa: Isa) -> Self {
        if gather.flat {
            flatten(&mut gather);
        }
        let filters = gather.group_destinations();
        // In registers these kernels apply bounds alone.
        let finish = match (Finish::new(epilogue.activation), epilogue.activation) {
            (Finish::Leaky(_), Some(leaky)) => Finish::Rows(leaky),
            (finish, _) => finish,
        };
        let vectors = filters.div_ceil(isa.lanes()).clamp(1, MOST_VECTORS);
        let mut plan = Self {
            blocks: filters.div_ceil(vectors * isa.lanes()),
            gather,
            epilogue,
            finish,
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
    pub(super) fn width(&self) -> usize {
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
        let products = bands_in_all.saturating_mul(self.blocks).saturating_mul(block_products);
        let wanted = (band::task_products(products) / block_products).max(fewest);
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
    pub(super) fn packed_block(
        &self,
        phase: &PhasePlan,
        group: usize,
        block: usize,
    ) -> Range<usize> {
        let len = self.width() * phase.words;
        let start = phase.packed + (group * self.blocks + block) * len;
        start..start + len
    }

    /// Filters of a block.
    pub(super) fn block_filters(&self, block: usize) -> usize {
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
