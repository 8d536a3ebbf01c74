//! The micro-kernel of 3×3 depthwise convolution with strides of 1 where few sets of the first cache hold all columns
//! of a row (see [`super::cut::shares_sets`]), so that a row is lost before it is read for the next output row.
//!
//! ```text
//! source row     i         i + 1     i + 2
//!                │╲╲        │╲╲        │╲╲
//! sums in        │ ╲ ╲      │ ╲ ╲      │ ╲ ╲          a source row goes into three output rows;
//! registers   o−2 o−1 o   o−1 o o+1    o o+1 o+2      then the first of them is complete
//! ```
//!
//! Each source row is read once. Four columns take 12 sums, nine weights and a source value; with seven, as in
//! [`super::strip`], the sums would not fit the registers. Each sum is added up in the same order there and here.

use super::strip::{StripArgs, finish_row, for_each_product, nine_vectors};
use crate::simd::{Simd, WithSimd};

/// The most columns.
pub(super) const MOST_COLUMNS: usize = 4;

struct RollOp<'a, const P: usize>(&'a StripArgs);

impl<const P: usize> WithSimd for RollOp<'_, P> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        // SAFETY: `run_strip`'s caller vouches for the pointers.
        unsafe { roll::<S, P>(s, self.0) }
    }
}

/// # Safety
/// As [`run_strip`]; the strip has P columns.
#[inline(always)]
unsafe fn roll<S: Simd, const P: usize>(s: S, t: &StripArgs) {
    let source = &t.source;
    // SAFETY: there are nine vectors of weights, and the bias holds the strip's channels.
    let (w, bias) = unsafe { (nine_vectors(s, t.weights), t.bias_vector::<S, true>(s)) };
    // The sums of the rows in flight, the oldest first.
    let mut sums = [[bias; P]; 3];
    for i in 0..source.rows + 2 {
        if source.ahead > 0 {
            source.fetch::<S, P, 1>(s, i + source.ahead);
        }
        if source.has_row(i) {
            let [a, b, c] = &mut sums;
            // SAFETY: the row lies inside the source.
            unsafe {
                for_each_product::<S, P, 1, true>(s, source, i, |k, p, x| {
                    a[p] = s.fma(x, w[2][k], a[p]);
                    b[p] = s.fma(x, w[1][k], b[p]);
                    c[p] = s.fma(x, w[0][k], c[p]);
                });
            }
        }
        if i >= 2 {
            // SAFETY: output row i − 2 is one of the strip's.
            unsafe { finish_row::<S, P, true>(s, t, i - 2, &mut sums[0]) };
        }
        sums = [sums[1], sums[2], [bias; P]];
    }
}

/// Computes a strip with strides of 1 whose channels fill a vector.
///
/// # Safety
/// The pointers of `args` hold what their fields say, for every place that `args` names.
pub(super) unsafe fn run_strip<S: Simd>(s: S, t: &StripArgs) {
    debug_assert_eq!((t.source.stride, t.source.channels), (1, S::LANES));
    match t.source.columns {
        1 => s.vectorize(RollOp::<1>(t)),
        2 => s.vectorize(RollOp::<2>(t)),
        3 => s.vectorize(RollOp::<3>(t)),
        4 => s.vectorize(RollOp::<4>(t)),
        columns => unreachable!("no strip of {columns} columns"),
    }
}
