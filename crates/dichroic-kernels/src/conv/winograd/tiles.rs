//! One tile into the transformed domain, and back.

use super::super::finish::Finish;
use super::geometry::Window;
use super::transform::{Input, Output, both_ways};
use crate::simd::Simd;

/// A tile of input, and where its transform goes.
pub(super) struct Reading {
    pub window: Window,
    /// The first of the channels at the tensor's first place.
    pub source: *const f32,
    /// From one row and one column to the next, and from one place to the next, in values.
    pub steps: [usize; 2],
    pub channels: usize,
    pub stride: usize,
    /// The tile's first vector in the panel.
    pub target: *mut f32,
    /// From one place of the tile to the next, and from one channel block to the next, in values.
    pub place_step: usize,
    pub block_step: usize,
}

impl Reading {
    /// Transforms all channels of the tile of R × C inputs.
    ///
    /// # Safety
    /// The window lies inside the source but for what its ranges leave out, and the panel holds the tile.
    #[inline(always)]
    pub unsafe fn run<S: Simd, const R: usize, const C: usize>(&self, s: S) {
        let whole = self.window.rows == (0..R) && self.window.columns == (0..C);
        let start = self.source.wrapping_offset(self.window.place * self.stride as isize);
        let mut channel = 0;
        while channel < self.channels {
            let from = start.wrapping_add(channel);
            let to = self.target.wrapping_add(channel / S::LANES * self.block_step);
            let full = self.channels - channel >= S::LANES;
            // SAFETY: as the caller vouches; `full` says that a whole vector of channels is there.
            unsafe {
                match (whole, full) {
                    (true, true) => self.block::<S, R, C, true, true>(s, from, to, S::LANES),
                    (false, true) => self.block::<S, R, C, false, true>(s, from, to, S::LANES),
                    _ => self.block::<S, R, C, false, false>(s, from, to, self.channels - channel),
                }
            }
            channel += S::LANES;
        }
    }

    /// # Safety
    /// As [`Reading::run`].
    #[inline(always)]
    unsafe fn block<
        S: Simd,
        const R: usize,
        const C: usize,
        const WHOLE: bool,
        const FULL: bool,
    >(
        &self,
        s: S,
        from: *const f32,
        to: *mut f32,
        channels: usize,
    ) {
        let mask = s.first(channels);
        both_ways::<Input, S, R, R, C, C>(
            s,
            #[inline(always)]
            |i, j| {
                let inside =
                    WHOLE || (self.window.rows.contains(&i) && self.window.columns.contains(&j));
                if !inside {
                    return s.zero();
                }
                let from = from.wrapping_add(i * self.steps[0] + j * self.steps[1]);
                // SAFETY: the place lies inside the source, which has these channels there.
                unsafe { load::<S, FULL>(s, from, mask) }
            },
            #[inline(always)]
            |i, j, y| {
                // SAFETY: the panel holds a vector of this tile and block at each of its places.
                unsafe { s.store_ptr(y, to.wrapping_add((i * C + j) * self.place_step)) }
            },
        );
    }
}

/// The sums of a tile, and where the results go.
pub(super) struct Writing {
    pub window: Window,
    /// The tile's first sum of the block of filters.
    pub sums: *const f32,
    /// From one place of the tile to the next, in values.
    pub place_step: usize,
    /// Filters of the block.
    pub filters: usize,
    /// The block's bias values; null for none.
    pub bias: *const f32,
    /// The block's first filter at the residual's first place, null for none, and its places' distance.
    pub residual: (*const f32, usize),
    /// The block's first filter at the output's first place, and its places' distance.
    pub output: (*mut f32, usize),
    /// From one row and one column to the next, in places.
    pub steps: [usize; 2],
    pub finish: Finish,
}

impl Writing {
    /// Transforms all filters of the block back, from R × C sums to M × N outputs.
    ///
    /// # Safety
    /// The window's ranges lie inside the output, and the pointers hold what their fields say.
    #[inline(always)]
    pub unsafe fn run<S: Simd, const R: usize, const C: usize, const M: usize, const N: usize>(
        &self,
        s: S,
    ) {
        let mut filter = 0;
        while filter < self.filters {
            let left = self.filters - filter;
            // SAFETY: as the caller vouches; a full vector has all its filters in the block.
            unsafe {
                if left >= S::LANES {
                    self.vector::<S, R, C, M, N, true>(s, filter, S::LANES);
                } else {
                    self.vector::<S, R, C, M, N, false>(s, filter, left);
                }
            }
            filter += S::LANES;
        }
    }

    /// # Safety
    /// As [`Writing::run`].
    #[inline(always)]
    unsafe fn vector<
        S: Simd,
        const R: usize,
        const C: usize,
        const M: usize,
        const N: usize,
        const FULL: bool,
    >(
        &self,
        s: S,
        filter: usize,
        filters: usize,
    ) {
        let mask = s.first(filters);
        let bias = if self.bias.is_null() {
            s.zero()
        } else {
            // SAFETY: the bias holds the block's filters.
            unsafe { load::<S, FULL>(s, self.bias.wrapping_add(filter), mask) }
        };
        both_ways::<Output, S, R, M, C, N>(
            s,
            #[inline(always)]
            |i, j| {
                let from = self.sums.wrapping_add((i * C + j) * self.place_step + filter);
                // SAFETY: the sums hold whole vectors of each tile at each of its places.
                unsafe { s.load_ptr(from) }
            },
            #[inline(always)]
            |i, j, y| {
                if i >= self.window.rows.end || j >= self.window.columns.end {
                    return;
                }
                let place = self.window.place as usize + i * self.steps[0] + j * self.steps[1];
                let mut y = s.add(y, bias);
                if !self.residual.0.is_null() {
                    let at = place * self.residual.1 + filter;
                    let from = self.residual.0.wrapping_add(at);
                    // SAFETY: the residual holds the block's filters at each place of the output.
                    y = s.add(y, unsafe { load::<S, FULL>(s, from, mask) });
                }
                let y = self.finish.apply(s, y);
                let to = self.output.0.wrapping_add(place * self.output.1 + filter);
                // SAFETY: the place lies inside the output; the mask keeps to the block's filters.
                unsafe { if FULL { s.store_ptr(y, to) } else { s.store_masked(y, to, mask) } }
            },
        );
    }
}

/// # Safety
/// `from` is valid to read: with `FULL` for a whole vector, else for the lanes of the mask.
#[inline(always)]
unsafe fn load<S: Simd, const FULL: bool>(s: S, from: *const f32, mask: S::M) -> S::V {
    // SAFETY: the caller vouches for it.
    unsafe { if FULL { s.load_ptr(from) } else { s.load_masked(from, mask) } }
}
