//! A tile of the weight gradient into its panel, and the register tile that multiplies panels.

use std::ops::Range;

use super::transform::{Transform, both_ways};
use super::weight_gradient::MOST_VECTORS;
use crate::simd::Simd;

/// Rows of a register tile: half a vector of channels.
///
/// 8 × 2 vectors in AVX-512: 16 sums hide the multipliers' latency on cores with two 512-bit ones, and 10 loads
/// for 16 multiply-adds leave room.
#[inline(always)]
pub(super) fn tile_rows<S: Simd>() -> usize {
    if S::LANES >= 8 { S::LANES / 2 } else { S::LANES }
}

#[derive(Clone)]
pub(super) struct Site {
    pub place: isize,
    pub rows: Range<usize>,
    pub columns: Range<usize>,
}

/// A tile of one vector of channels, to be transformed.
pub(super) struct Tile {
    /// The vector's first channel at the tensor's first place.
    pub from: *const f32,
    pub to: *mut f32,
    /// Places of a row, values of a place.
    pub width: usize,
    pub stride: usize,
    /// Channels from the first one on, perhaps more than a vector has.
    pub channels: usize,
    /// From one transformed place to the next.
    pub step: usize,
}

impl Tile {
    /// Transforms the tile of N × N values at this site to A × A.
    ///
    /// # Safety
    /// The site's rows and columns lie inside the tensor, whose places have these channels; A × A vectors can be
    /// written, one at each step.
    #[inline(always)]
    pub unsafe fn run<T: Transform, S: Simd, const N: usize, const A: usize>(
        &self,
        s: S,
        site: &Site,
    ) {
        let whole = site.rows.len() == N && site.columns.len() == N;
        // SAFETY: as the caller vouches; without `WHOLE` masks keep to the site and the channels.
        unsafe {
            if whole && self.channels >= S::LANES {
                self.transform::<T, S, N, A, true>(s, site);
            } else {
                self.transform::<T, S, N, A, false>(s, site);
            }
        }
    }

    /// # Safety
    /// As [`Tile::run`]; with `WHOLE` all of the tile is inside and the vector is full.
    #[inline(always)]
    unsafe fn transform<
        T: Transform,
        S: Simd,
        const N: usize,
        const A: usize,
        const WHOLE: bool,
    >(
        &self,
        s: S,
        site: &Site,
    ) {
        let start = self.from.wrapping_offset(site.place * self.stride as isize);
        // A masked load costs what a plain one does, a branch for each place much more.
        let mut masks = [s.first(0); N];
        for (j, mask) in masks.iter_mut().enumerate() {
            *mask = s.first(if site.columns.contains(&j) { self.channels } else { 0 });
        }
        both_ways::<T, S, N, A, N, A>(
            s,
            #[inline(always)]
            |i, j| {
                let from = start.wrapping_add((i * self.width + j) * self.stride);
                // SAFETY: the place is inside, or the mask is empty; channels are masked as well.
                unsafe {
                    if WHOLE {
                        s.load_ptr(from)
                    } else if site.rows.contains(&i) {
                        s.load_masked(from, masks[j])
                    } else {
                        s.zero()
                    }
                }
            },
            #[inline(always)]
            |i, j, y| {
                // SAFETY: the caller vouches for a vector at each step.
                unsafe { s.store_ptr(y, self.to.wrapping_add((i * A + j) * self.step)) };
            },
        );
    }
}

/// A register tile of channels × filters, summed over the tiles of a chunk at one place.
pub(super) struct Product {
    pub input: *const f32,
    pub gradient: *const f32,
    pub sums: *mut f32,
    pub tiles: usize,
    /// True where there are no sums yet.
    pub first: bool,
}

impl Product {
    /// Adds the products of all tiles to the sums.
    ///
    /// # Safety
    /// The panels hold LANES channels and MOST_VECTORS vectors of filters for each tile, the sums as many rows.
    #[inline(always)]
    pub unsafe fn run<S: Simd>(&self, s: S, vectors: usize) {
        // SAFETY: the caller vouches for the pointers.
        unsafe {
            match (S::LANES, vectors) {
                (16, 1) => self.tile::<S, 8, 1>(s),
                (16, _) => self.tile::<S, 8, 2>(s),
                (_, 1) => self.tile::<S, 4, 1>(s),
                _ => self.tile::<S, 4, 2>(s),
            }
        }
    }

    /// # Safety
    /// As [`Product::run`].
    #[inline(always)]
    unsafe fn tile<S: Simd, const R: usize, const NV: usize>(&self, s: S) {
        let width = MOST_VECTORS * S::LANES;
        let mut sums = [[s.zero(); NV]; R];
        if !self.first {
            for r in 0..R {
                for v in 0..NV {
                    let from = self.sums.wrapping_add(r * width + v * S::LANES);
                    // SAFETY: the sums hold R rows of whole vectors.
                    sums[r][v] = unsafe { s.load_ptr(from) };
                }
            }
        }
        let (mut input, mut gradient) = (self.input, self.gradient);
        for _ in 0..self.tiles {
            let mut g = [s.zero(); NV];
            for v in 0..NV {
                // SAFETY: the panel holds these vectors of this tile.
                g[v] = unsafe { s.load_ptr(gradient.wrapping_add(v * S::LANES)) };
            }
            for r in 0..R {
                // SAFETY: the panel holds LANES channels of this tile, R of them from here.
                let x = s.splat(unsafe { *input.wrapping_add(r) });
                for v in 0..NV {
                    sums[r][v] = s.fma(x, g[v], sums[r][v]);
                }
            }
            input = input.wrapping_add(S::LANES);
            gradient = gradient.wrapping_add(width);
        }
        for r in 0..R {
            for v in 0..NV {
                // SAFETY: as for reading the sums.
                unsafe {
                    s.store_ptr(sums[r][v], self.sums.wrapping_add(r * width + v * S::LANES));
                }
            }
        }
    }
}
