//! The weights into the transformed domain.

use super::blocks::Block;
use super::phase::PhasePlan;
use super::tiling::with_sizes;
use super::transform::{Kernel, both_ways};
use crate::parallel::{self, DisjointMut};
use crate::simd::{Simd, WithSimd, dispatch};

/// About what each transformed vector takes.
const VECTOR_NANOSECONDS: usize = 2;
/// Vectors of a task.
const TASK_VECTORS: usize = 256;
/// The most lanes of any instruction set.
const MOST_LANES: usize = 16;
/// The most taps of a slice.
const MOST_TAPS: usize = 25;

/// Transforms the weights of all groups and blocks.
pub(super) fn pack(plan: &PhasePlan, weights: &[f32], packed: &mut [f32]) {
    let lanes = plan.isa.lanes();
    let channels = plan.gather.group_sources();
    // Whole vectors of source channels, so that the turned layout is read in squares.
    let run = (TASK_VECTORS / lanes).max(1) * lanes;
    let runs = channels.div_ceil(run);
    let per_group = plan.blocks.len() * plan.geometry.slices.len() * runs;
    let packed = DisjointMut::new(packed);
    let tasks = plan.gather.groups * per_group;
    let nanoseconds = TASK_VECTORS * 2 * plan.tiling.places() * VECTOR_NANOSECONDS;
    parallel::for_each(tasks, nanoseconds, |i| {
        let group = i / per_group;
        let block = &plan.blocks[i / (runs * plan.geometry.slices.len()) % plan.blocks.len()];
        let slice = i / runs % plan.geometry.slices.len();
        let start = i % runs * run;
        let target = plan.packed_block(group, block);
        let op = PackTask {
            plan,
            weights,
            first: group * plan.gather.weight_group_stride
                + block.channel * plan.gather.weight_strides[1],
            // The tasks of a block share its range, each with channels of its own.
            target: packed.pointer(target.start),
            block,
            slice,
            channels: start..channels.min(start + run),
        };
        assert!(target.end <= packed.len());
        dispatch(plan.isa, op);
    });
}

struct PackTask<'a> {
    plan: &'a PhasePlan,
    weights: &'a [f32],
    /// The weight of the block's first filter and the group's first channel, at the first tap.
    first: usize,
    target: *mut f32,
    block: &'a Block,
    slice: usize,
    channels: std::ops::Range<usize>,
}

impl WithSimd for PackTask<'_> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        with_sizes!(self.plan.tiling.sides, self.run::<S>(s));
    }
}

impl PackTask<'_> {
    #[inline(always)]
    fn run<
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
    ) {
        let plan = self.plan;
        let [per_source, per_destination, per_tap] = plan.gather.weight_strides;
        let taps = &plan.geometry.slices[self.slice].weights;
        let group_channels = plan.gather.group_sources();
        let depth = plan.geometry.slices.len() * group_channels;
        let width = self.block.vectors * S::LANES;
        let mut square = [[[0.0f32; MOST_LANES]; MOST_LANES]; MOST_TAPS];
        for vector in 0..self.block.vectors {
            let filter = vector * S::LANES;
            let filters = self.block.channels.saturating_sub(filter).min(S::LANES);
            let mut channel = self.channels.start;
            while channel < self.channels.end {
                let count = (self.channels.end - channel).min(S::LANES);
                let first = self.first + channel * per_source + filter * per_destination;
                // The last vector of a block may have no filters at all.
                let taps = if filters > 0 { &taps[..] } else { &[] };
                for (t, &tap) in taps.iter().enumerate() {
                    let Some(tap) = tap else { continue };
                    let first = first + tap * per_tap;
                    if per_destination == 1 {
                        for k in 0..count {
                            let from = first + k * per_source;
                            square[t][k][..filters]
                                .copy_from_slice(&self.weights[from..from + filters]);
                        }
                    } else {
                        for f in 0..filters {
                            let from = first + f * per_destination;
                            let row = &self.weights[from..from + (count - 1) * per_source + 1];
                            for k in 0..count {
                                square[t][k][f] = row[k * per_source];
                            }
                        }
                    }
                }
                for k in 0..count {
                    let row = self.slice * group_channels + channel + k;
                    let to = self.target.wrapping_add(row * width + filter);
                    both_ways::<Kernel, S, RR, AR, RC, AC>(
                        s,
                        #[inline(always)]
                        |i, j| s.load(&square[i * RC + j][k]),
                        #[inline(always)]
                        |i, j, y| {
                            // SAFETY: the block holds a row of `width` for each channel at each of
                            // the tile's places (`PhasePlan::packed_block`), and this task alone writes
                            // its channels' rows.
                            unsafe {
                                s.store_ptr(y, to.wrapping_add((i * AC + j) * depth * width));
                            }
                        },
                    );
                }
                channel += count;
            }
        }
    }
}
