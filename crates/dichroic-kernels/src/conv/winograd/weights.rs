//! The weights into the transformed domain.

use super::blocks::Block;
use super::on_the_fly;
use super::phase::PhasePlan;
use super::tiling::with_sizes;
use super::transform::{Kernel, both_ways};
use crate::parallel::{self, DisjointMut};
use crate::simd::{Simd, WithSimd, dispatch};

/// About what each transformed vector takes.
const VECTOR_NANOSECONDS: usize = 2;
/// Vectors of a task.
const TASK_VECTORS: usize = 256;
/// Transformed weights from this many values on, half of a large third cache, are written past the caches: 512 → 512
/// channels from 2.8 to 1.6 ms on two cores.
const STREAMED_VALUES: usize = 4 << 20;
/// The most lanes of any instruction set.
const MOST_LANES: usize = 16;
/// The most places of a transformed tile.
const MOST_PLACES: usize = 81;
/// The most taps of a slice.
const MOST_TAPS: usize = 25;

/// When weights are transformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::conv) enum Transformed {
    /// Once, when they are packed.
    WhenPacked,
    /// Each time that they are multiplied ([`on_the_fly`]).
    WhenUsed,
}

/// Transforms the weights of all groups and blocks, or just lays out their taps.
pub(super) fn pack(plan: &PhasePlan, weights: &[f32], packed: &mut [f32]) {
    let lanes = plan.isa.lanes();
    let channels = plan.gather.group_sources();
    // Whole vectors of source channels, so that the turned layout is read in squares.
    let run = (TASK_VECTORS / lanes).max(1) * lanes;
    let runs = channels.div_ceil(run);
    let per_group = plan.blocks.len() * plan.geometry.slices.len() * runs;
    let aligned = packed.as_ptr().align_offset(lanes * size_of::<f32>()) == 0;
    let stream = aligned && packed.len() >= STREAMED_VALUES;
    let packed = DisjointMut::new(packed);
    let tasks = plan.gather.groups * per_group;
    let vectors = match plan.transformed {
        Transformed::WhenPacked => plan.tiling.places(),
        Transformed::WhenUsed => plan.tiling.taps(),
    };
    let nanoseconds = TASK_VECTORS * 2 * vectors * VECTOR_NANOSECONDS;
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
            stream,
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
    /// The target is aligned to vectors, and written past the caches.
    stream: bool,
    channels: std::ops::Range<usize>,
}

impl WithSimd for PackTask<'_> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        with_sizes!(self.plan.tiling.sides, self.run::<S>(s));
        if self.stream {
            s.fence();
        }
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
        let taps = &plan.geometry.slices.list[self.slice].weights;
        let group_channels = plan.gather.group_sources();
        // The first row of this slice at each place of the tile, if the slice is multiplied there.
        let mut firsts = [None; MOST_PLACES];
        for (first, place) in firsts.iter_mut().zip(&plan.geometry.slices.places) {
            let before = place.before + self.slice.saturating_sub(place.slices.start);
            *first = place.slices.contains(&self.slice).then_some(before * group_channels);
        }
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
                // The rows of a square lie in lines of their own, far apart. Those of the next one are fetched meanwhile:
                // 512 → 512 channels of an input gradient from 4.8 to 2.0 ms, stores past the caches included.
                let (rows, row_step) = match per_destination {
                    1 => (count, per_source),
                    _ => (filters, per_destination),
                };
                let next = self.weights.as_ptr().wrapping_add(first + S::LANES * per_source);
                for (t, &tap) in taps.iter().enumerate() {
                    let Some(tap) = tap else { continue };
                    for row in 0..rows {
                        s.prefetch(next.wrapping_add(tap * per_tap + row * row_step));
                    }
                    let first = first + tap * per_tap;
                    if per_destination == 1 {
                        for k in 0..count {
                            let row = &self.weights[first + k * per_source..][..filters];
                            s.store(s.load_first(row), &mut square[t][k]);
                        }
                    } else {
                        // Source channels lie side by side.
                        for f in 0..filters {
                            let row = &self.weights[first + f * per_destination..][..count];
                            for (k, &weight) in row.iter().enumerate() {
                                square[t][k][f] = weight;
                            }
                        }
                    }
                }
                for k in 0..count {
                    if plan.transformed == Transformed::WhenUsed {
                        let row = self.slice * group_channels + channel + k;
                        let to = self.target.wrapping_add(row * on_the_fly::TAPS * width + filter);
                        for t in 0..on_the_fly::TAPS {
                            let tap = s.load(&square[t][k]);
                            let tap = s.mul(s.splat(on_the_fly::factor(t)), tap);
                            // SAFETY: the block holds nine rows of `width` for each channel, and this task alone
                            // writes those of its channels; a target that is streamed to is aligned as below.
                            unsafe {
                                let to = to.wrapping_add(t * width);
                                if self.stream {
                                    s.stream_ptr(tap, to)
                                } else {
                                    s.store_ptr(tap, to)
                                }
                            }
                        }
                        continue;
                    }
                    let to = self.target.wrapping_add((channel + k) * width + filter);
                    both_ways::<Kernel, S, RR, AR, RC, AC>(
                        s,
                        #[inline(always)]
                        |i, j| s.load(&square[i * RC + j][k]),
                        #[inline(always)]
                        |i, j, y| {
                            let Some(first) = firsts[i * AC + j] else { return };
                            // SAFETY: the block holds a row of `width` for each channel at each of
                            // the tile's places (`PhasePlan::packed_block`), and this task alone writes
                            // its channels' rows. A target that is streamed to begins with a whole vector
                            // (`pack`), and all distances are whole vectors.
                            unsafe {
                                let to = to.wrapping_add(first * width);
                                if self.stream { s.stream_ptr(y, to) } else { s.store_ptr(y, to) }
                            }
                        },
                    );
                }
                channel += count;
            }
        }
    }
}
