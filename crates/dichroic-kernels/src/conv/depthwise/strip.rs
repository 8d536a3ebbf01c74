//! The micro-kernel of 3×3 depthwise convolution where there are 32 registers: some neighbouring columns of
//! one vector of channels, row after row.
//!
//! ```text
//! source row     x0 x1 x2 x3 …  x8      9 loads serve 21 products, and three rows of taps one output row;
//!                 │╲│╲│╲│╲              the two rows of taps above it still lie in the first cache, since
//! sums           s0 s1 s2 …  s6          they were read for the output row before
//! ```
//!
//! Nine weights, seven sums and a source value are all that registers must hold. Before, three rows of sums went
//! from top to bottom, so that each source row was read once; their registers spilled, and with strides of 2 the
//! compiler left the sums in memory. The 17 depthwise convolutions of MobileNetV2 at batch 1 took 0.70 ms before and
//! 0.47 ms after, 96 channels at 112 × 112 with strides of 2 0.22 and 0.10 ms.

use super::tile::read;
use crate::conv::finish::{Finish, ZEROS};
use crate::simd::{Simd, WithSimd};

/// The most columns.
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

    /// The first column of a row, inside the source or not.
    #[inline(always)]
    fn place(&self, row: usize) -> *const f32 {
        let rows = (self.row + row as isize) * self.row_step as isize;
        self.values.wrapping_offset(rows + self.column * self.column_step as isize)
    }

    /// Fetches the values that `P` places need of a row, inside the source or not.
    #[inline(always)]
    pub fn fetch<S: Simd, const P: usize, const STRIDE: usize>(&self, s: S, row: usize) {
        let from = self.place(row);
        for j in 0..(P - 1) * STRIDE + 3 {
            s.prefetch(from.wrapping_add(j * self.column_step));
        }
    }
}

/// Everything a strip reads and writes; the pointers are at the strip's first channel.
pub(super) struct StripArgs {
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

impl StripArgs {
    /// What all sums start from: the bias.
    ///
    /// # Safety
    /// The bias holds the strip's channels, which fill a vector with `FULL`.
    #[inline(always)]
    pub unsafe fn bias_vector<S: Simd, const FULL: bool>(&self, s: S) -> S::V {
        if self.bias.is_null() {
            return s.zero();
        }
        // SAFETY: the caller vouches for the channels.
        unsafe { read::<S, FULL>(s, self.bias, s.first(self.source.channels)) }
    }
}

/// The vectors of nine taps, which lie side by side.
///
/// # Safety
/// `from` is valid to read for nine vectors.
#[inline(always)]
pub(super) unsafe fn nine_vectors<S: Simd>(s: S, from: *const f32) -> [[S::V; 3]; 3] {
    let mut vectors = [[s.zero(); 3]; 3];
    for (i, vector) in vectors.as_flattened_mut().iter_mut().enumerate() {
        // SAFETY: the caller vouches for nine.
        *vector = unsafe { s.load_ptr(from.wrapping_add(i * S::LANES)) };
    }
    vectors
}

struct StripOp<'a, const P: usize, const STRIDE: usize, const FULL: bool>(&'a StripArgs);

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
    t: &StripArgs,
) {
    let source = &t.source;
    // SAFETY: there are nine vectors of weights, and the bias holds the strip's channels.
    let (w, bias) = unsafe { (nine_vectors(s, t.weights), t.bias_vector::<S, FULL>(s)) };
    for o in 0..source.rows {
        let mut sums = [bias; P];
        for (i, w) in w.iter().enumerate() {
            let row = o * STRIDE + i;
            // The other rows were fetched for the output row before.
            if source.ahead > 0 && i + STRIDE >= 3 {
                source.fetch::<S, P, STRIDE>(s, row + source.ahead);
            }
            if source.has_row(row) {
                // SAFETY: the row lies inside the source.
                unsafe {
                    for_each_product::<S, P, STRIDE, FULL>(s, source, row, |k, p, x| {
                        sums[p] = s.fma(x, w[k], sums[p]);
                    });
                }
            }
        }
        // SAFETY: the row is one of the strip's.
        unsafe { finish_row::<S, P, FULL>(s, t, o, &mut sums) };
    }
}

/// Calls `add(tap, place, value)` for the values of a source row.
///
/// # Safety
/// The row lies inside the source.
#[inline(always)]
pub(super) unsafe fn for_each_product<
    S: Simd,
    const P: usize,
    const STRIDE: usize,
    const FULL: bool,
>(
    s: S,
    t: &Source,
    row: usize,
    mut add: impl FnMut(usize, usize, S::V),
) {
    let mask = s.first(t.channels);
    let (row, edge) = (t.place(row), (P - 1) * STRIDE + 1);
    // At most two columns lie outside on either side (`suits_strips`), so that only those are looked at: with a look
    // at each, their addresses are computed ahead and read back from the stack, which takes as long as the products.
    let inside = |j: usize| row.wrapping_add(j * t.column_step);
    let at_edge = |j: usize| {
        // A column before the first becomes a huge number.
        if ((t.column + j as isize) as usize) < t.width { inside(j) } else { ZEROS.as_ptr() }
    };
    macro_rules! read {
        ($at:expr) => {
            // SAFETY: the place lies inside the source, or these are zeros.
            unsafe { read::<S, FULL>(s, $at, mask) }
        };
    }
    // The first two columns, those between without any choice, so that the compiler unrolls the loop, the last two.
    let (first, second) = (read!(at_edge(0)), read!(at_edge(1)));
    let (last, end) = (read!(at_edge(edge)), read!(at_edge(edge + 1)));
    add(0, 0, first);
    add(1, 0, second);
    if STRIDE == 1 {
        if P > 1 {
            add(0, 1, second);
        }
        for p in 2..P {
            let x = read!(inside(p));
            add(2, p - 2, x);
            add(1, p - 1, x);
            add(0, p, x);
        }
        if P > 1 {
            add(2, P - 2, last);
            add(1, P - 1, last);
        }
    } else {
        for p in 1..P.max(2) - 1 {
            let x = read!(inside(2 * p));
            add(2, p - 1, x);
            add(0, p, x);
            add(1, p, read!(inside(2 * p + 1)));
        }
        if P > 1 {
            let x = read!(inside(2 * P - 2));
            add(2, P - 2, x);
            add(0, P - 1, x);
            add(1, P - 1, last);
        }
    }
    add(2, P - 1, end);
}

/// Adds the residual, applies the function, and stores a row of sums.
///
/// # Safety
/// The row is one of the strip's.
#[inline(always)]
pub(super) unsafe fn finish_row<S: Simd, const P: usize, const FULL: bool>(
    s: S,
    t: &StripArgs,
    row: usize,
    sums: &mut [S::V; P],
) {
    let mask = s.first(t.source.channels);
    if !t.start.is_null() {
        let start = t.start.wrapping_add(row * t.start_steps[1]);
        for p in 0..P {
            let from = start.wrapping_add(p * t.start_steps[0]);
            // SAFETY: the residual holds the strip's channels at each of its places.
            sums[p] = s.add(sums[p], unsafe { read::<S, FULL>(s, from, mask) });
        }
    }
    t.finish.bend(s, std::array::from_mut(sums));
    let [least, most] = t.finish.bounds();
    let bounds = [s.splat(least), s.splat(most)];
    let output = t.output.wrapping_add(row * t.output_steps[1]);
    let at = |p: usize| output.wrapping_add(p * t.output_steps[0]);
    // SAFETY: these are the strip's channels at its places; only they are written.
    unsafe {
        if FULL && t.stream {
            for p in 0..P {
                s.stream_ptr(Finish::hold(s, bounds, sums[p]), at(p));
            }
        } else {
            for p in 0..P {
                let y = Finish::hold(s, bounds, sums[p]);
                if FULL { s.store_ptr(y, at(p)) } else { s.store_masked(y, at(p), mask) }
            }
        }
    }
}

/// Computes a strip.
///
/// # Safety
/// The pointers of `args` hold what their fields say, for every place that `args` names.
pub(super) unsafe fn run_strip<S: Simd>(s: S, t: &StripArgs) {
    macro_rules! places {
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
        (1, true) => places!(1, true),
        (1, false) => places!(1, false),
        (2, true) => places!(2, true),
        (2, false) => places!(2, false),
        (stride, _) => unreachable!("no strip of stride {stride}"),
    }
}
