//! The micro-kernel of 3×3 depthwise convolution where there are 32 registers: some neighbouring columns of
//! one vector of channels, all rows from top to bottom.
//!
//! ```text
//! source row     i         i + 1     i + 2
//!                │╲╲        │╲╲        │╲╲
//! sums in        │ ╲ ╲      │ ╲ ╲      │ ╲ ╲          stride 1: a source row goes into three output
//! registers   o−2 o−1 o   o−1 o o+1    o o+1 o+2      rows; then the first of them is complete
//! ```
//!
//! Each source value is loaded once (those between two strips twice) and serves all nine taps, whose weights
//! stay in registers: with 7 columns 9 loads for 63 products. The second cache's bandwidth, which bounds
//! kernels that read a row once for each row of taps, no longer counts.

use super::tile::read;
use crate::conv::finish::{Finish, ZEROS};
use crate::simd::{Simd, WithSimd};

/// The most columns: with stride 1, 3 × 7 sums and 9 weights leave one of 32 registers for the source.
pub(super) const MOST_COLUMNS: usize = 7;

/// The source of a strip, at the strip's first channel.
pub(super) struct Source {
    /// Columns and rows of the strip.
    pub columns: usize,
    pub rows: usize,
    /// 1 or 2, along both axes.
    pub stride: usize,
    /// At most the lanes of a vector.
    pub channels: usize,
    /// The item's first value, the size of its plane, and the distances in it.
    pub values: *const f32,
    pub height: usize,
    pub width: usize,
    pub row_step: usize,
    pub column_step: usize,
    /// Row and column of the first tap of the first place.
    pub row: isize,
    pub column: isize,
    /// Rows that are fetched ahead, or 0.
    pub ahead: usize,
}

impl Source {
    #[inline(always)]
    pub fn has_row(&self, row: usize) -> bool {
        ((self.row + row as isize) as usize) < self.height
    }
}

/// Everything a strip reads and writes; the pointers are at the strip's first channel.
pub(super) struct RollArgs {
    pub source: Source,
    /// Nine vectors.
    pub weights: *const f32,
    /// Null for none.
    pub bias: *const f32,
    /// The residual at the first place, and the distances between columns and rows; null for none.
    pub start: *const f32,
    pub start_steps: [usize; 2],
    pub output: *mut f32,
    pub output_steps: [usize; 2],
    pub finish: Finish,
    /// Write past the caches.
    pub stream: bool,
}

struct RollOp<'a, const P: usize, const STRIDE: usize, const FULL: bool>(&'a RollArgs);

impl<const P: usize, const STRIDE: usize, const FULL: bool> WithSimd
    for RollOp<'_, P, STRIDE, FULL>
{
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        // SAFETY: `run_strip`'s caller vouches for the pointers.
        unsafe { roll::<S, P, STRIDE, FULL>(s, self.0) }
    }
}

/// # Safety
/// As [`run_strip`]; the constants are what they say.
#[inline(always)]
unsafe fn roll<S: Simd, const P: usize, const STRIDE: usize, const FULL: bool>(s: S, t: &RollArgs) {
    let source = &t.source;
    let mask = s.first(source.channels);
    let mut w = [[s.zero(); 3]; 3];
    for (i, w) in w.as_flattened_mut().iter_mut().enumerate() {
        // SAFETY: there are nine vectors of weights.
        *w = unsafe { s.load_ptr(t.weights.wrapping_add(i * S::LANES)) };
    }
    let bias = if t.bias.is_null() {
        s.zero()
    } else {
        // SAFETY: the bias holds the strip's channels.
        unsafe { read::<S, FULL>(s, t.bias, mask) }
    };
    // The sums of the rows in flight, the oldest first.
    let mut sums = [[bias; P]; 3];
    if STRIDE == 1 {
        for i in 0..source.rows + 2 {
            if source.has_row(i) {
                let [a, b, c] = &mut sums;
                // SAFETY: the row lies inside the source.
                unsafe {
                    add_row::<S, P, STRIDE, FULL>(s, source, i, |k, p, x| {
                        a[p] = s.fma(x, w[2][k], a[p]);
                        b[p] = s.fma(x, w[1][k], b[p]);
                        c[p] = s.fma(x, w[0][k], c[p]);
                    })
                };
            }
            if i >= 2 {
                // SAFETY: output row i − 2 is one of the strip's.
                unsafe { finish_row::<S, P, FULL>(s, t, i - 2, &sums[0]) };
            }
            sums = [sums[1], sums[2], [bias; P]];
        }
    } else {
        for i in 0..=source.rows {
            if source.has_row(2 * i) {
                let [a, b, _] = &mut sums;
                // SAFETY: the row lies inside the source.
                unsafe {
                    add_row::<S, P, STRIDE, FULL>(s, source, 2 * i, |k, p, x| {
                        a[p] = s.fma(x, w[2][k], a[p]);
                        b[p] = s.fma(x, w[0][k], b[p]);
                    })
                };
            }
            if i >= 1 {
                // SAFETY: output row i − 1 is one of the strip's.
                unsafe { finish_row::<S, P, FULL>(s, t, i - 1, &sums[0]) };
            }
            sums = [sums[1], [bias; P], [bias; P]];
            if i < source.rows && source.has_row(2 * i + 1) {
                let [a, ..] = &mut sums;
                // SAFETY: the row lies inside the source.
                unsafe {
                    add_row::<S, P, STRIDE, FULL>(s, source, 2 * i + 1, |k, p, x| {
                        a[p] = s.fma(x, w[1][k], a[p]);
                    })
                };
            }
        }
    }
}

/// Calls `add(tap, place, value)` for the values of a source row.
///
/// # Safety
/// The row lies inside the source.
#[inline(always)]
pub(super) unsafe fn add_row<S: Simd, const P: usize, const STRIDE: usize, const FULL: bool>(
    s: S,
    t: &Source,
    row: usize,
    mut add: impl FnMut(usize, usize, S::V),
) {
    let mask = s.first(t.channels);
    let start = (t.row + row as isize) * t.row_step as isize + t.column * t.column_step as isize;
    let mut from = t.values.wrapping_offset(start);
    let mut column = t.column;
    if t.ahead > 0 {
        let ahead = from.wrapping_add(t.ahead * t.row_step);
        for j in 0..(P - 1) * STRIDE + 3 {
            s.prefetch(ahead.wrapping_add(j * t.column_step));
        }
    }
    for j in 0..(P - 1) * STRIDE + 3 {
        // A column before the first becomes a huge number.
        let at = if (column as usize) < t.width { from } else { ZEROS.as_ptr() };
        // SAFETY: the place lies inside the source, or these are zeros.
        let x = unsafe { read::<S, FULL>(s, at, mask) };
        for k in 0..3 {
            if j >= k && (j - k) % STRIDE == 0 && (j - k) / STRIDE < P {
                add(k, (j - k) / STRIDE, x);
            }
        }
        column += 1;
        from = from.wrapping_add(t.column_step);
    }
}

/// Adds the residual, applies the function, and stores a row of sums.
///
/// # Safety
/// The row is one of the strip's.
#[inline(always)]
unsafe fn finish_row<S: Simd, const P: usize, const FULL: bool>(
    s: S,
    t: &RollArgs,
    row: usize,
    sums: &[S::V; P],
) {
    let mask = s.first(t.source.channels);
    let mut output = t.output.wrapping_add(row * t.output_steps[1]);
    let start = t.start.wrapping_add(row * t.start_steps[1]);
    for (p, &sum) in sums.iter().enumerate() {
        let mut sum = sum;
        if !t.start.is_null() {
            let from = start.wrapping_add(p * t.start_steps[0]);
            // SAFETY: the residual holds the strip's channels at each of its places.
            sum = s.add(sum, unsafe { read::<S, FULL>(s, from, mask) });
        }
        let sum = t.finish.apply(s, sum);
        // SAFETY: these are the strip's channels at one of its places; only they are written.
        unsafe {
            match (FULL, t.stream) {
                (true, true) => s.stream_ptr(sum, output),
                (true, false) => s.store_ptr(sum, output),
                (false, _) => s.store_masked(sum, output, mask),
            }
        }
        output = output.wrapping_add(t.output_steps[0]);
    }
}

/// Computes a strip.
///
/// # Safety
/// The pointers of `args` hold what their fields say, for every place that `args` names.
pub(super) unsafe fn run_strip<S: Simd>(s: S, t: &RollArgs) {
    macro_rules! places {
        ($stride:literal, $full:literal) => {
            match t.source.columns {
                1 => s.vectorize(RollOp::<1, $stride, $full>(t)),
                2 => s.vectorize(RollOp::<2, $stride, $full>(t)),
                3 => s.vectorize(RollOp::<3, $stride, $full>(t)),
                4 => s.vectorize(RollOp::<4, $stride, $full>(t)),
                5 => s.vectorize(RollOp::<5, $stride, $full>(t)),
                6 => s.vectorize(RollOp::<6, $stride, $full>(t)),
                7 => s.vectorize(RollOp::<7, $stride, $full>(t)),
                columns => unreachable!("no strip of {columns} columns"),
            }
        };
    }
    match (t.source.stride, t.source.channels == S::LANES) {
        (1, true) => places!(1, true),
        (1, false) => places!(1, false),
        (2, true) => places!(2, true),
        (2, false) => places!(2, false),
        (stride, _) => unreachable!("no strip of stride {stride}"),
    }
}
