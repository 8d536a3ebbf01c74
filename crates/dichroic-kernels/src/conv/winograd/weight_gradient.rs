//! The gradient of the weights by Winograd's F(3×3, 4×4): 36 products where the direct sum has 144. For 5×5
//! kernels F(5×5, 4×4): 64 instead of 400.
//!
//! The gradient of a kernel is a correlation of the input with the output's gradient. Each tile
//! of 4 × 4 gradients, with the α × α input values under it (6 × 6, 8 × 8), gives one term:
//!
//! ```text
//! dW[c, f] = Aᵀ ( Σ over tiles of (Bᵀ input[c] B) ⊙ (G gradient[f] Gᵀ) ) A
//!
//! chunk of tiles:  transform ─► input panel     channel vector │ α² places │ tile │ LANES
//!                          └──► gradient panel  filter block   │ α² places │ tile │ NV × LANES
//!                  multiply ─► sums             channel vector × filter block │ α² places │ LANES × (NV × LANES)
//! last chunk:      Aᵀ … A of a channel vector × filter block while its sums are in the second cache
//! ```
//!
//! The sum over tiles commutes with Aᵀ … A, which is therefore done once, not for each tile. A unit
//! of channel vector × filter block is summed by one task over the tiles in their order, so that
//! neither partial sums nor the number of threads can be seen in the result.
//!
//! # Accuracy
//! The error against `f64` sums was at most 1.1 × 10⁻⁶ of the gradient's largest value for the shapes of
//! real networks with 3×3 kernels, where a direct sum's is about as large, and 8 × 10⁻⁶ with 5×5; the tests hold it to 10⁻⁵
//! and 2 × 10⁻⁵.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::super::ConvProblem;
use super::transform::{Input, Kernel, Output, both_ways};
use super::weight_tile::{Product, Site, Tile, tile_rows};
use crate::isa::Isa;
use crate::parallel::{self, DisjointMut};
use crate::simd::{Simd, WithSimd, dispatch};

/// Gradients along a tile's side.
const SIDE: usize = 4;
/// The most places of a transformed tile.
const MOST_PLACES: usize = 64;
/// The widest vector.
const MOST_LANES: usize = 16;
/// The widest filter block, in vectors.
pub(super) const MOST_VECTORS: usize = 2;
/// Values of a chunk's panels: 8 MiB, which lie in the third cache until they are multiplied.
/// 64 channels at 56 × 56, batch 16: 14.4 ms, with 20 MiB 16.9 ms.
const PANEL_VALUES: usize = 2 << 20;
/// Panels of up to 20 MiB are made at once, for then no sums are kept from one chunk to the next.
/// 512 channels at 7 × 7, batch 16, whose sums have 37 MB: 14.1 ms, in two chunks 18.6 ms.
const SINGLE_CHUNK_VALUES: usize = 5 << 20;
/// Tasks that a phase is cut into, where there is work for as many.
const TASKS: usize = 32;
/// Multiply-adds that one core does in about a nanosecond.
const MACS_PER_NANOSECOND: usize = 48;
/// The most tiles that a transforming task takes.
const MOST_STRIP: usize = 32;

/// A planned weight gradient.
#[derive(Clone, Debug)]
pub(in crate::conv) struct WinogradWeightGradient {
    problem: ConvProblem,
    isa: Isa,
    /// Places of a transformed tile.
    places: usize,
    /// Tiles of a plane along height and width.
    tiles: [usize; 2],
    /// Tiles of a chunk, and of all chunks.
    chunk: usize,
    count: usize,
    /// Vectors of channels, blocks of filters.
    channel_vectors: usize,
    filter_blocks: usize,
}

impl WinogradWeightGradient {
    /// True for 3×3 and 5×5 kernels that move by single steps, where there is something to compute.
    pub fn suits(p: &ConvProblem) -> bool {
        matches!(p.kernel, [1, 3, 3] | [1, 5, 5])
            && p.strides == [1; 3]
            && p.dilation_rate == [1; 3]
            && p.groups == 1
            && (p.pad_before[0], p.pad_after[0]) == (0, 0)
            && p.input_len() > 0
            && p.output_len() > 0
    }

    /// True where this is expected to be faster than the direct sum, by vector instructions.
    pub fn pays(p: &ConvProblem) -> bool {
        // Cycles for a place of a tile of one vector of channels into the panels, and for that of a channel
        // of one vector of filters back; half of the first is waiting for memory.
        const INTO: usize = 14;
        const BACK: usize = 4;
        if !Self::suits(p) {
            return false;
        }
        let [depth, height, width] = p.output();
        let tiles = p.batch * depth * height.div_ceil(SIDE) * width.div_ceil(SIDE);
        let filters = p.filters.div_ceil(MOST_LANES);
        let channels = p.in_channels.div_ceil(MOST_LANES);
        let places = Self::alpha(p).pow(2);
        let rows = p.in_channels.next_multiple_of(MOST_LANES / 2);
        let tiled = tiles.saturating_mul(places * (rows * filters + INTO * (channels + filters)));
        let direct =
            (p.batch * p.output_places()).saturating_mul(p.in_channels * p.taps() * filters);
        tiled.saturating_add(BACK * places * p.in_channels * filters) < direct
    }

    /// Input values along a tile's side.
    fn alpha(p: &ConvProblem) -> usize {
        SIDE + p.kernel[2] - 1
    }

    pub fn new(problem: ConvProblem, isa: Isa) -> Self {
        let [depth, height, width] = problem.output();
        let tiles = [height.div_ceil(SIDE), width.div_ceil(SIDE)];
        let count = problem.batch * depth * tiles[0] * tiles[1];
        let lanes = isa.lanes();
        let channel_vectors = problem.in_channels.div_ceil(lanes);
        let filter_blocks = problem.filters.div_ceil(MOST_VECTORS * lanes);
        let places = Self::alpha(&problem).pow(2);
        let per_tile = places * lanes * (channel_vectors + filter_blocks * MOST_VECTORS);
        let values = count * per_tile;
        let chunks = if values > SINGLE_CHUNK_VALUES { values.div_ceil(PANEL_VALUES) } else { 1 };
        let chunk = count.div_ceil(chunks).max(1);
        Self { problem, isa, places, tiles, chunk, count, channel_vectors, filter_blocks }
    }

    /// From one of a panel's places to the next: a line more than the tiles take, lest all
    /// places fall into the same few sets of the first cache.
    fn place_step(&self, vectors: usize) -> usize {
        (self.chunk * vectors + 1) * self.isa.lanes()
    }

    /// From one place of a unit's sums to the next, with a line more for the same reason.
    fn sums_step(&self) -> usize {
        (self.isa.lanes() * MOST_VECTORS + 1) * self.isa.lanes()
    }

    fn panel_lens(&self) -> [usize; 2] {
        [
            self.channel_vectors * self.places * self.place_step(1),
            self.filter_blocks * self.places * self.place_step(MOST_VECTORS),
        ]
    }

    fn units(&self) -> usize {
        self.channel_vectors * self.filter_blocks
    }

    /// Sums outlive a chunk only where there are several.
    fn sums_len(&self) -> usize {
        if self.chunk < self.count { self.units() * self.places * self.sums_step() } else { 0 }
    }

    pub fn scratch_len(&self) -> usize {
        // The panels start on a cache line, wherever the memory starts.
        self.panel_lens().iter().sum::<usize>() + self.sums_len() + MOST_LANES
    }

    /// The lengths are those of the problem; the caller has checked them.
    pub fn run(
        &self,
        input: &[f32],
        output_gradient: &[f32],
        weight_gradient: &mut [f32],
        scratch: &mut [f32],
    ) {
        let skip = scratch.as_ptr().align_offset(size_of::<[f32; MOST_LANES]>()).min(MOST_LANES);
        let [input_len, gradient_len] = self.panel_lens();
        let (input_panel, rest) = scratch[skip..].split_at_mut(input_len);
        let (gradient_panel, sums) = rest.split_at_mut(gradient_len);
        let values = Values {
            input,
            gradient: output_gradient,
            input_panel: DisjointMut::new(input_panel),
            gradient_panel: DisjointMut::new(gradient_panel),
            sums: DisjointMut::new(sums),
            result: DisjointMut::new(weight_gradient),
        };
        for start in (0..self.count).step_by(self.chunk) {
            self.run_chunk(start..self.count.min(start + self.chunk), &values);
        }
    }

    fn run_chunk(&self, chunk: Range<usize>, values: &Values<'_>) {
        let strip = chunk.len().div_ceil(TASKS).min(MOST_STRIP);
        let vectors = self.channel_vectors + self.filter_blocks * MOST_VECTORS;
        // About 100 ns for a vector of a tile.
        parallel::for_each(chunk.len().div_ceil(strip), strip * vectors * 100, |i| {
            let first = chunk.start + i * strip;
            let tiles = first..chunk.end.min(first + strip);
            let start = chunk.start;
            dispatch(self.isa, TransformOp { plan: self, start, tiles, values });
        });
        let run = self.units().div_ceil(TASKS);
        let macs = self.places * chunk.len() * self.isa.lanes() * self.isa.lanes() * MOST_VECTORS;
        let nanoseconds = run * macs / MACS_PER_NANOSECOND;
        parallel::for_each(self.units().div_ceil(run), nanoseconds, |i| {
            let units = i * run..self.units().min((i + 1) * run);
            let chunk = chunk.clone();
            dispatch(self.isa, MultiplyOp { plan: self, chunk, units, values });
        });
    }

    /// Where a tile's values lie along height and width: the first place's number, inside the tensor or
    /// not, and the rows and columns that are inside.
    fn site(&self, tile: usize, of: Side) -> Site {
        let p = &self.problem;
        let [rows, columns] = self.tiles;
        let (plane, row, column) = (tile / (rows * columns), tile / columns % rows, tile % columns);
        let (size, pad, side) = match of {
            Side::Input => (p.input, p.pad_before, Self::alpha(p)),
            Side::Gradient => (p.output(), [0; 3], SIDE),
        };
        let start = |number: usize, axis: usize| (number * SIDE) as isize - pad[axis] as isize;
        let (top, left) = (start(row, 1), start(column, 2));
        let inside = |start: isize, axis: usize| {
            let low = (-start).clamp(0, side as isize);
            low as usize..(size[axis] as isize - start).clamp(low, side as isize) as usize
        };
        Site {
            place: ((plane * size[1]) as isize + top) * size[2] as isize + left,
            rows: inside(top, 1),
            columns: inside(left, 2),
        }
    }

    /// A is α.
    #[inline(always)]
    fn transform<S: Simd, const A: usize>(
        &self,
        s: S,
        start: usize,
        tiles: Range<usize>,
        values: &Values<'_>,
    ) {
        let p = &self.problem;
        let step = self.place_step(1);
        let mut sites = [const { Site { place: 0, rows: 0..0, columns: 0..0 } }; MOST_STRIP];
        for (site, tile) in sites.iter_mut().zip(tiles.clone()) {
            *site = self.site(tile, Side::Input);
        }
        for vector in 0..self.channel_vectors {
            for (site, tile) in sites.iter().zip(tiles.clone()) {
                let to = vector * self.places * step + (tile - start) * S::LANES;
                let tile = Tile {
                    from: values.input.as_ptr().wrapping_add(vector * S::LANES),
                    to: values.input_panel.pointer(to),
                    width: p.input[2],
                    stride: p.in_channels,
                    channels: p.in_channels - vector * S::LANES,
                    step,
                };
                // SAFETY: the site names the places inside the input, whose length `run`'s
                // caller has checked; this task alone writes these tiles of the panel.
                unsafe { tile.run::<Input, S, A, A>(s, site) };
            }
        }
        let step = self.place_step(MOST_VECTORS);
        for (site, tile) in sites.iter_mut().zip(tiles.clone()) {
            *site = self.site(tile, Side::Gradient);
        }
        for vector in 0..p.filters.div_ceil(S::LANES) {
            let (block, v) = (vector / MOST_VECTORS, vector % MOST_VECTORS);
            for (site, tile) in sites.iter().zip(tiles.clone()) {
                let to =
                    block * self.places * step + ((tile - start) * MOST_VECTORS + v) * S::LANES;
                let tile = Tile {
                    from: values.gradient.as_ptr().wrapping_add(vector * S::LANES),
                    to: values.gradient_panel.pointer(to),
                    width: p.output()[2],
                    stride: p.filters,
                    channels: p.filters - vector * S::LANES,
                    step,
                };
                // SAFETY: as above, for the output's gradient.
                unsafe { tile.run::<Kernel, S, SIDE, A>(s, site) };
            }
        }
    }

    #[inline(always)]
    fn multiply<S: Simd>(&self, s: S, chunk: Range<usize>, units: Range<usize>, v: &Values<'_>) {
        let (first, last) = (chunk.start == 0, chunk.end == self.count);
        let mut own = MaybeUninit::<UnitSums>::uninit();
        for unit in units {
            // Neighbouring units share the block of filters, the larger panel.
            let (block, vector) = (unit / self.channel_vectors, unit % self.channel_vectors);
            let sums = if self.sums_len() == 0 {
                own.as_mut_ptr().cast::<f32>()
            } else {
                v.sums.pointer(unit * self.places * self.sums_step())
            };
            let p = &self.problem;
            let channels = (p.in_channels - vector * S::LANES).min(S::LANES);
            let filters = p.filters - block * MOST_VECTORS * S::LANES;
            let (steps, rows) = ([1, MOST_VECTORS].map(|n| self.place_step(n)), tile_rows::<S>());
            for place in 0..self.places {
                for row in (0..channels).step_by(rows) {
                    let product = Product {
                        input: v
                            .input_panel
                            .pointer((vector * self.places + place) * steps[0] + row),
                        gradient: v
                            .gradient_panel
                            .pointer((block * self.places + place) * steps[1]),
                        sums: sums
                            .wrapping_add(place * self.sums_step() + row * MOST_VECTORS * S::LANES),
                        tiles: chunk.len(),
                        first,
                    };
                    // SAFETY: both panels hold the chunk's tiles at this place, all of their
                    // lanes written by `transform`; this task alone uses the unit's sums, which
                    // the first chunk writes before others read them.
                    unsafe { product.run(s, filters.div_ceil(S::LANES).min(MOST_VECTORS)) };
                }
            }
            if last {
                // SAFETY: the sums of the unit's channels and filters are complete.
                unsafe {
                    match p.kernel[2] {
                        3 => self.finish::<S, 6, 3>(s, (vector, block), sums, v),
                        _ => self.finish::<S, 8, 5>(s, (vector, block), sums, v),
                    }
                }
            }
        }
    }

    /// Transforms a unit's sums back into the gradient.
    ///
    /// # Safety
    /// The sums hold the unit's channels × filters at each place; no other task has this unit.
    #[inline(always)]
    unsafe fn finish<S: Simd, const A: usize, const K: usize>(
        &self,
        s: S,
        (vector, block): (usize, usize),
        sums: *const f32,
        values: &Values<'_>,
    ) {
        let p = &self.problem;
        let first_channel = vector * S::LANES;
        for channel in first_channel..p.in_channels.min(first_channel + S::LANES) {
            for v in 0..MOST_VECTORS {
                let filter = (block * MOST_VECTORS + v) * S::LANES;
                if filter >= p.filters {
                    break;
                }
                let mask = s.first(p.filters - filter);
                let row = ((channel - first_channel) * MOST_VECTORS + v) * S::LANES;
                let to = values.result.pointer(channel * p.filters + filter);
                both_ways::<Output, S, A, K, A, K>(
                    s,
                    #[inline(always)]
                    |i, j| {
                        let from = sums.wrapping_add((i * A + j) * self.sums_step() + row);
                        // SAFETY: the sums hold whole vectors.
                        unsafe { s.load_ptr(from) }
                    },
                    #[inline(always)]
                    |i, j, y| {
                        let tap = (i * K + j) * p.in_channels * p.filters;
                        // SAFETY: the gradient has a row of filters for each tap and channel;
                        // the mask keeps to it.
                        unsafe { s.store_masked(y, to.wrapping_add(tap), mask) }
                    },
                );
            }
        }
    }
}

/// Sums of a unit on the stack, on a cache line.
#[repr(align(64))]
struct UnitSums(
    #[allow(dead_code, reason = "read and written through a pointer")]
    [f32; MOST_PLACES * (MOST_LANES * MOST_VECTORS + 1) * MOST_LANES],
);

#[derive(Clone, Copy)]
enum Side {
    Input,
    Gradient,
}

struct Values<'a> {
    input: &'a [f32],
    gradient: &'a [f32],
    input_panel: DisjointMut<'a>,
    gradient_panel: DisjointMut<'a>,
    sums: DisjointMut<'a>,
    result: DisjointMut<'a>,
}

struct TransformOp<'a> {
    plan: &'a WinogradWeightGradient,
    /// The chunk's first tile.
    start: usize,
    tiles: Range<usize>,
    values: &'a Values<'a>,
}

impl WithSimd for TransformOp<'_> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        match self.plan.problem.kernel[2] {
            3 => self.plan.transform::<S, 6>(s, self.start, self.tiles, self.values),
            _ => self.plan.transform::<S, 8>(s, self.start, self.tiles, self.values),
        }
    }
}

struct MultiplyOp<'a> {
    plan: &'a WinogradWeightGradient,
    chunk: Range<usize>,
    units: Range<usize>,
    values: &'a Values<'a>,
}

impl WithSimd for MultiplyOp<'_> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        self.plan.multiply(s, self.chunk, self.units, self.values);
    }
}
