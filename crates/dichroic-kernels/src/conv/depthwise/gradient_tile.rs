//! The micro-kernels of the weight gradient: those of the forward pass with sums and weights exchanged.
//!
//! Forward, weights stay in registers and sums of places are added to; here the gradients of places stay in
//! registers and sums of taps are added to, from the same loads of source values.

use super::strip::{MOST_COLUMNS, Source, for_each_product, nine_vectors};
use super::tile::{self, Sharing, Window, for_each_segment, read};
use crate::simd::{Simd, WithSimd};

/// Everything a strip of 3×3 taps reads and writes.
pub(super) struct StripGradientArgs {
    pub source: Source,
    /// The output's gradient at the strip's first place and channel, and the distances between columns and rows.
    pub gradient: *const f32,
    pub gradient_steps: [usize; 2],
    /// Nine vectors.
    pub sums: *mut f32,
}

/// Everything a tile reads and writes.
pub(super) struct TileGradientArgs<'a> {
    pub window: Window<'a>,
    /// The output's gradient at the tile's first place and the block's first channel, and the distance
    /// between places.
    pub gradient: *const f32,
    pub gradient_step: usize,
    /// The block's sums for the first row of taps inside the source.
    pub sums: *mut f32,
}

struct StripOp<'a, const P: usize, const STRIDE: usize, const FULL: bool>(&'a StripGradientArgs);

impl<const P: usize, const STRIDE: usize, const FULL: bool> WithSimd
    for StripOp<'_, P, STRIDE, FULL>
{
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        // SAFETY: `run_strip`'s caller vouches for the pointers.
        unsafe { strip::<S, P, STRIDE, FULL>(s, self.0) }
    }
}

/// # Safety
/// As [`run_strip`]; the constants are what they say.
#[inline(always)]
unsafe fn strip<S: Simd, const P: usize, const STRIDE: usize, const FULL: bool>(
    s: S,
    t: &StripGradientArgs,
) {
    let source = &t.source;
    let mask = s.first(source.channels);
    // SAFETY: there are nine vectors of sums.
    let mut sums = unsafe { nine_vectors(s, t.sums) };
    let fetch = |row: usize| {
        if source.ahead > 0 {
            source.fetch::<S, P, STRIDE>(s, row + source.ahead);
        }
    };
    let row = |row: usize| -> [S::V; P] {
        if row >= source.rows {
            return [s.zero(); P];
        }
        let from = t.gradient.wrapping_add(row * t.gradient_steps[1]);
        if source.ahead > 0 {
            let ahead = from.wrapping_add(source.ahead * t.gradient_steps[1]);
            for p in 0..P {
                s.prefetch(ahead.wrapping_add(p * t.gradient_steps[0]));
            }
        }
        std::array::from_fn(|p| {
            // SAFETY: the place is one of the strip's.
            unsafe { read::<S, FULL>(s, from.wrapping_add(p * t.gradient_steps[0]), mask) }
        })
    };
    let [top, middle, bottom] = &mut sums;
    if STRIDE == 1 {
        // Gradients of the three output rows that a source row goes into, the oldest first.
        let mut rows = [[s.zero(); P]; 3];
        for i in 0..source.rows + 2 {
            rows = [rows[1], rows[2], row(i)];
            if source.has_row(i) {
                fetch(i);
                // SAFETY: the row lies inside the source.
                unsafe {
                    for_each_product::<S, P, STRIDE, FULL>(s, source, i, |k, p, x| {
                        bottom[k] = s.fma(x, rows[0][p], bottom[k]);
                        middle[k] = s.fma(x, rows[1][p], middle[k]);
                        top[k] = s.fma(x, rows[2][p], top[k]);
                    })
                };
            }
        }
    } else {
        let mut last = [s.zero(); P];
        for i in 0..=source.rows {
            let this = row(i);
            if source.has_row(2 * i) {
                fetch(2 * i);
                // SAFETY: the row lies inside the source.
                unsafe {
                    for_each_product::<S, P, STRIDE, FULL>(s, source, 2 * i, |k, p, x| {
                        bottom[k] = s.fma(x, last[p], bottom[k]);
                        top[k] = s.fma(x, this[p], top[k]);
                    })
                };
            }
            if i < source.rows && source.has_row(2 * i + 1) {
                fetch(2 * i + 1);
                // SAFETY: the row lies inside the source.
                unsafe {
                    for_each_product::<S, P, STRIDE, FULL>(s, source, 2 * i + 1, |k, p, x| {
                        middle[k] = s.fma(x, this[p], middle[k]);
                    })
                };
            }
            last = this;
        }
    }
    for (i, &sum) in sums.as_flattened().iter().enumerate() {
        // SAFETY: as for reading them.
        unsafe { s.store_ptr(sum, t.sums.wrapping_add(i * S::LANES)) };
    }
}

/// Adds the products of a strip.
///
/// # Safety
/// The pointers of `args` hold what their fields say, for every place that `args` names.
pub(super) unsafe fn run_strip<S: Simd>(s: S, t: &StripGradientArgs) {
    const { assert!(MOST_COLUMNS == 7) };
    macro_rules! columns {
        ($stride:literal, $full:literal) => {
            match t.source.columns {
                1 => s.vectorize(StripOp::<1, $stride, $full>(t)),
                2 => s.vectorize(StripOp::<2, $stride, $full>(t)),
                3 => s.vectorize(StripOp::<3, $stride, $full>(t)),
                4 => s.vectorize(StripOp::<4, $stride, $full>(t)),
                5 => s.vectorize(StripOp::<5, $stride, $full>(t)),
                6 => s.vectorize(StripOp::<6, $stride, $full>(t)),
                7 => s.vectorize(StripOp::<7, $stride, $full>(t)),
                columns => unreachable!("no strip of {columns} columns"),
            }
        };
    }
    match (t.source.stride, t.source.channels == S::LANES) {
        (1, true) => columns!(1, true),
        (1, false) => columns!(1, false),
        (2, true) => columns!(2, true),
        (2, false) => columns!(2, false),
        (stride, _) => unreachable!("no strip of stride {stride}"),
    }
}

struct TileOp<'a, 'b, const P: usize, const SLIDE: usize, const FULL: bool, const STEPS: bool>(
    &'b TileGradientArgs<'a>,
);

impl<const P: usize, const SLIDE: usize, const FULL: bool, const STEPS: bool> WithSimd
    for TileOp<'_, '_, P, SLIDE, FULL, STEPS>
{
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        // SAFETY: `run_tile`'s caller vouches for the pointers.
        unsafe { tile::<S, P, SLIDE, FULL, STEPS>(s, self.0) }
    }
}

/// # Safety
/// As [`run_tile`]; the constants are what they say.
#[inline(always)]
unsafe fn tile<S: Simd, const P: usize, const SLIDE: usize, const FULL: bool, const STEPS: bool>(
    s: S,
    t: &TileGradientArgs<'_>,
) {
    let mask = s.first(t.window.block.channels);
    let gradient: [S::V; P] = std::array::from_fn(|p| {
        // SAFETY: the gradient holds the block's channels at each of the places.
        unsafe { read::<S, FULL>(s, t.gradient.wrapping_add(p * t.gradient_step), mask) }
    });
    // SAFETY: the caller vouches for the window, and for a sum for each of its weights.
    unsafe {
        for_each_segment(s, &t.window, |source, column, step, taps, weights| {
            let at = t.sums.wrapping_add(weights);
            macro_rules! taps {
                ($k:literal) => {{
                    let mut sums: [S::V; $k] =
                        std::array::from_fn(|k| s.load_ptr(at.wrapping_add(k * S::LANES)));
                    let add = |k: usize, p: usize, x: [S::V; 1]| {
                        sums[k] = s.fma(x[0], gradient[p], sums[k]);
                    };
                    let row = (source, column, step);
                    tile::for_each_product::<S, P, 1, SLIDE, FULL, STEPS, $k>(
                        s, &t.window, row, add,
                    );
                    for (k, &sum) in sums.iter().enumerate() {
                        s.store_ptr(sum, at.wrapping_add(k * S::LANES));
                    }
                }};
            }
            match taps {
                3 => taps!(3),
                2 => taps!(2),
                _ => taps!(1),
            }
        });
    }
}

/// Adds the products of a tile.
///
/// # Safety
/// The pointers of `args` hold what their fields say, for every place and tap that `args` names; the block
/// has one vector.
pub(super) unsafe fn run_tile<S: Simd>(s: S, t: &TileGradientArgs<'_>) {
    macro_rules! places {
        ($slide:literal, $full:literal, $steps:literal) => {
            match t.window.places {
                1 => s.vectorize(TileOp::<1, $slide, $full, $steps>(t)),
                2 => s.vectorize(TileOp::<2, $slide, $full, $steps>(t)),
                3 => s.vectorize(TileOp::<3, $slide, $full, $steps>(t)),
                4 => s.vectorize(TileOp::<4, $slide, $full, $steps>(t)),
                5 => s.vectorize(TileOp::<5, $slide, $full, $steps>(t)),
                6 => s.vectorize(TileOp::<6, $slide, $full, $steps>(t)),
                7 => s.vectorize(TileOp::<7, $slide, $full, $steps>(t)),
                8 => s.vectorize(TileOp::<8, $slide, $full, $steps>(t)),
                places => unreachable!("no tile of {places} places"),
            }
        };
    }
    macro_rules! sharing {
        ($full:literal, $steps:literal) => {
            match t.window.sharing {
                Sharing::One => places!(1, $full, $steps),
                Sharing::Two => places!(2, $full, $steps),
                Sharing::None => places!(0, $full, $steps),
            }
        };
    }
    match (t.window.is_full(S::LANES), !t.window.block.steps.is_empty()) {
        (true, false) => sharing!(true, false),
        (false, false) => sharing!(false, false),
        (true, true) => sharing!(true, true),
        (false, true) => sharing!(false, true),
    }
}
