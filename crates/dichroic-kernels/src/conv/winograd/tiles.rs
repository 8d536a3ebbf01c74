//! One tile into the transformed domain, and back.

use super::super::finish::Finish;
use super::geometry::Window;
use super::transform::{Input, Output, both_ways};
use crate::simd::{Simd, WithSimd};

/// A tile of input, and where its transform goes.
pub(super) struct Reading {
    pub window: Window,
    /// Rows and columns of the transformed tile that are multiplied with anything.
    pub extent: [usize; 2],
    /// The first of the channels at the tensor's first place.
    pub source: *const f32,
    /// From one row and one column to the next, and from one place to the next, in values.
    pub steps: [usize; 2],
    pub channels: usize,
    pub stride: usize,
    /// From a place to the same one of the next tile, in values, where that is to be fetched.
    pub next: Option<usize>,
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
    #[inline(never)]
    pub unsafe fn run<S: Simd, const R: usize, const C: usize>(&self, s: S) {
        s.vectorize(IntoPanel::<R, C>(self));
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
        let Window { rows, columns, .. } = &self.window;
        let mut masks = [s.first(0); C];
        if !FULL {
            for (j, mask) in masks.iter_mut().enumerate() {
                *mask = s.first(if columns.contains(&j) { channels } else { 0 });
            }
        }
        let mut from = Walk::new(from, self.steps);
        let mut to = Walk::new(to, [C * self.place_step, self.place_step]);
        both_ways::<Input, S, R, R, C, C>(
            s,
            #[inline(always)]
            |i, j| {
                let from = from.down(i);
                if let Some(next) = self.next {
                    s.prefetch(from.wrapping_add(next));
                }
                if !WHOLE && !(rows.contains(&i) && (!FULL || columns.contains(&j))) {
                    return s.zero();
                }
                // SAFETY: the place lies inside the source, which has these channels there; the mask of a column
                // outside is empty.
                unsafe { load::<S, FULL>(s, from, masks[j]) }
            },
            #[inline(always)]
            |i, j, y| {
                let to = to.right(j);
                if i < self.extent[0] && j < self.extent[1] {
                    // SAFETY: the panel holds a vector of this tile and block at each of its places.
                    unsafe { s.store_ptr(y, to.cast_mut()) }
                }
            },
        );
    }
}

/// A function of its own for each size of tile: with all sizes in one the compiler keeps a hundred addresses on the stack.
struct IntoPanel<'a, const R: usize, const C: usize>(&'a Reading);

impl<const R: usize, const C: usize> WithSimd for IntoPanel<'_, R, C> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        let Reading { window, stride, channels, .. } = self.0;
        let whole = window.rows == (0..R) && window.columns == (0..C);
        let start = self.0.source.wrapping_offset(window.place * *stride as isize);
        let mut channel = 0;
        while channel < *channels {
            let from = start.wrapping_add(channel);
            let to = self.0.target.wrapping_add(channel / S::LANES * self.0.block_step);
            let left = channels - channel;
            // SAFETY: as the caller of `run` vouches; `full` says that a whole vector of channels is there.
            unsafe {
                match (whole, left >= S::LANES) {
                    (true, true) => self.0.block::<S, R, C, true, true>(s, from, to, S::LANES),
                    (false, true) => self.0.block::<S, R, C, false, true>(s, from, to, S::LANES),
                    _ => self.0.block::<S, R, C, false, false>(s, from, to, left),
                }
            }
            channel += S::LANES;
        }
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
    /// From a place to the same one of the next tile, in values, where that is to be fetched.
    pub next: Option<usize>,
    pub finish: Finish,
}

impl Writing {
    /// Transforms all filters of the block back, from R × C sums to M × N outputs.
    ///
    /// # Safety
    /// The window's ranges lie inside the output, and the pointers hold what their fields say.
    #[inline(never)]
    pub unsafe fn run<S: Simd, const R: usize, const C: usize, const M: usize, const N: usize>(
        &self,
        s: S,
    ) {
        s.vectorize(IntoOutput::<R, C, M, N>(self));
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
        let walk = |(first, stride): (*const f32, usize)| {
            let start = first.wrapping_add(self.window.place as usize * stride + filter);
            Walk::new(start, self.steps.map(|step| step * stride))
        };
        let mut residual = walk(self.residual);
        let mut output = walk((self.output.0, self.output.1));
        let mut sums =
            Walk::new(self.sums.wrapping_add(filter), [C * self.place_step, self.place_step]);
        let adds = !self.residual.0.is_null();
        let bounds = self.finish.bounds().map(|bound| s.splat(bound));
        both_ways::<Output, S, R, M, C, N>(
            s,
            #[inline(always)]
            |i, _| {
                // SAFETY: the sums hold whole vectors of each tile at each of its places.
                unsafe { s.load_ptr(sums.down(i)) }
            },
            #[inline(always)]
            |i, j, y| {
                let (from, to) = (residual.right(j), output.right(j));
                if i >= self.window.rows.end || j >= self.window.columns.end {
                    return;
                }
                let mut y = s.add(y, bias);
                if adds {
                    // SAFETY: the residual holds the block's filters at each place of the output.
                    y = s.add(y, unsafe { load::<S, FULL>(s, from, mask) });
                }
                y = Finish::hold(s, bounds, y);
                if let Finish::Leaky(_) = self.finish {
                    y = self.finish.apply(s, y);
                }
                if let Some(next) = self.next {
                    s.prefetch(to.wrapping_add(next));
                }
                let to = to.cast_mut();
                // SAFETY: the place lies inside the output; the mask keeps to the block's filters.
                unsafe { if FULL { s.store_ptr(y, to) } else { s.store_masked(y, to, mask) } }
            },
        );
    }
}

/// As [`IntoPanel`], a function of its own.
struct IntoOutput<'a, const R: usize, const C: usize, const M: usize, const N: usize>(&'a Writing);

impl<const R: usize, const C: usize, const M: usize, const N: usize> WithSimd
    for IntoOutput<'_, R, C, M, N>
{
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        let mut filter = 0;
        while filter < self.0.filters {
            let left = self.0.filters - filter;
            // SAFETY: as the caller of `run` vouches; a full vector has all its filters in the block.
            unsafe {
                if left >= S::LANES {
                    self.0.vector::<S, R, C, M, N, true>(s, filter, S::LANES);
                } else {
                    self.0.vector::<S, R, C, M, N, false>(s, filter, left);
                }
            }
            filter += S::LANES;
        }
    }
}

/// The addresses of a tile's places, each by one addition to the one before: as multiples of distances that only a run knows
/// the compiler computes all of them for every vector and keeps them on the stack.
struct Walk {
    at: *const f32,
    /// The first place of the next row or column.
    next: *const f32,
    /// From one row and one column to the next, in values.
    steps: [usize; 2],
}

impl Walk {
    #[inline(always)]
    fn new(start: *const f32, steps: [usize; 2]) -> Self {
        Self { at: start, next: start, steps }
    }

    /// The place of row i of a column, where the columns are walked down one after the other.
    #[inline(always)]
    fn down(&mut self, i: usize) -> *const f32 {
        self.step(i == 0, self.steps)
    }

    /// The place of column j of a row, where the rows are walked along one after the other.
    #[inline(always)]
    fn right(&mut self, j: usize) -> *const f32 {
        self.step(j == 0, [self.steps[1], self.steps[0]])
    }

    #[inline(always)]
    fn step(&mut self, begins: bool, [along, across]: [usize; 2]) -> *const f32 {
        if begins {
            self.at = self.next;
            self.next = self.next.wrapping_add(across);
        } else {
            self.at = self.at.wrapping_add(along);
        }
        self.at
    }
}

/// # Safety
/// `from` is valid to read: with `FULL` for a whole vector, else for the lanes of the mask.
#[inline(always)]
unsafe fn load<S: Simd, const FULL: bool>(s: S, from: *const f32, mask: S::M) -> S::V {
    // SAFETY: the caller vouches for it.
    unsafe { if FULL { s.load_ptr(from) } else { s.load_masked(from, mask) } }
}
