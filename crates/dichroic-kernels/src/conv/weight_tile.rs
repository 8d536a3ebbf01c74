//! The micro-kernel of the weight gradient: a register tile of rows × filters, summed over places.
//!
//! ```text
//!               NV vectors of filters
//!             ┌───────────┬───────────┐
//!  row 0      │ sum       │ sum       │  += input value × gradient vector, for each place
//!    …        │           │           │
//!  row R−1    │ sum       │ sum       │
//!             └───────────┴───────────┘
//! ```
//!
//! A row is an input channel of a tap, broadcast.

use crate::isa::Isa;
use crate::simd::{Simd, WithSimd};

/// The widest tile, in vectors.
pub(super) const MOST_VECTORS: usize = 2;

/// The rows of a tile `vectors` wide.
pub(super) fn most_rows(isa: Isa, vectors: usize) -> usize {
    match isa {
        Isa::Avx512 | Isa::Neon => 14,
        Isa::Avx2 | Isa::Portable => [8, 6][vectors - 1],
    }
}

/// Neighbouring output places of a row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Segment {
    /// From the input's start to the first place's input value.
    pub input: isize,
    /// The first place's number in the panel of gradients.
    pub place: usize,
    pub places: usize,
}

/// Everything a tile reads and writes.
pub(super) struct TileArgs<'a> {
    pub segments: &'a [Segment],
    /// The input's start, moved to the tile's first row.
    pub input: *const f32,
    /// From one place's input value to the next one's.
    pub input_step: usize,
    /// A panel of gradients: NV vectors for each place of the chunk.
    pub gradient: *const f32,
    /// The tile's first sum.
    pub sums: *mut f32,
    /// From one row of sums to the next.
    pub sums_step: usize,
    /// Filters of the tile; at most its width.
    pub filters: usize,
    /// True where there are no sums yet.
    pub first: bool,
    /// A line to be fetched into the cache while the place numbered 0 is summed; any address is fine.
    pub ahead: *const f32,
    /// From there to the line for the next place.
    pub ahead_step: usize,
}

struct TileOp<'a, 'b, const R: usize, const NV: usize, const U: usize>(&'b TileArgs<'a>);

impl<const R: usize, const NV: usize, const U: usize> WithSimd for TileOp<'_, '_, R, NV, U> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        if self.0.filters == NV * S::LANES {
            // SAFETY: `run_tile`'s caller vouches for the pointers.
            unsafe { tile::<S, R, NV, U, true>(s, self.0) }
        } else {
            // SAFETY: as above.
            unsafe { tile::<S, R, NV, U, false>(s, self.0) }
        }
    }
}

/// # Safety
/// As [`run_tile`]; with `FULL` the tile has NV × LANES filters.
#[inline(always)]
unsafe fn tile<S: Simd, const R: usize, const NV: usize, const U: usize, const FULL: bool>(
    s: S,
    t: &TileArgs<'_>,
) {
    let mut masks = [s.first(0); NV];
    for (v, mask) in masks.iter_mut().enumerate() {
        *mask = s.first(t.filters.saturating_sub(v * S::LANES));
    }
    // U sets of sums, for tiles too small to keep the multipliers busy with one.
    let mut sums = [[[s.zero(); NV]; R]; U];
    for r in 0..if t.first { 0 } else { R } {
        for v in 0..NV {
            let from = t.sums.wrapping_add(r * t.sums_step + v * S::LANES);
            // SAFETY: the sums hold the tile's filters in each row.
            sums[0][r][v] = unsafe { read::<S, FULL>(s, from, masks[v]) };
        }
    }
    for segment in t.segments {
        let mut input = t.input.wrapping_offset(segment.input);
        let mut gradient = t.gradient.wrapping_add(segment.place * NV * S::LANES);
        let mut left = segment.places;
        let mut ahead = t.ahead.wrapping_add(segment.place * t.ahead_step);
        if U > 1 {
            while left >= U {
                s.prefetch(ahead);
                ahead = ahead.wrapping_add(U * t.ahead_step);
                for set in &mut sums {
                    // SAFETY: the place is one of the segment's, for which the caller vouches.
                    unsafe { step::<S, R, NV>(s, set, input, gradient) };
                    input = input.wrapping_add(t.input_step);
                    gradient = gradient.wrapping_add(NV * S::LANES);
                }
                left -= U;
            }
        }
        while left > 0 {
            let set = &mut sums[0];
            s.prefetch(ahead);
            ahead = ahead.wrapping_add(t.ahead_step);
            // SAFETY: as above.
            unsafe { step::<S, R, NV>(s, set, input, gradient) };
            input = input.wrapping_add(t.input_step);
            gradient = gradient.wrapping_add(NV * S::LANES);
            left -= 1;
        }
    }
    for r in 0..R {
        for v in 0..NV {
            let mut sum = sums[0][r][v];
            for set in &sums[1..] {
                sum = s.add(sum, set[r][v]);
            }
            let to = t.sums.wrapping_add(r * t.sums_step + v * S::LANES);
            // SAFETY: as for reading the sums.
            unsafe { if FULL { s.store_ptr(sum, to) } else { s.store_masked(sum, to, masks[v]) } }
        }
    }
}

/// Adds one place's products.
///
/// # Safety
/// `input` is valid to read for the tile's rows, and `gradient` for NV vectors.
#[inline(always)]
unsafe fn step<S: Simd, const R: usize, const NV: usize>(
    s: S,
    sums: &mut [[S::V; NV]; R],
    input: *const f32,
    gradient: *const f32,
) {
    let mut g = [s.zero(); NV];
    for v in 0..NV {
        // SAFETY: the caller vouches for NV vectors.
        g[v] = unsafe { s.load_ptr(gradient.wrapping_add(v * S::LANES)) };
    }
    for r in 0..R {
        // SAFETY: the caller vouches for the row; rows lie side by side.
        let x = s.splat(unsafe { *input.add(r) });
        for v in 0..NV {
            sums[r][v] = s.fma(x, g[v], sums[r][v]);
        }
    }
}

/// # Safety
/// `from` is valid to read: with `FULL` for a whole vector, else for the lanes of the mask.
#[inline(always)]
unsafe fn read<S: Simd, const FULL: bool>(s: S, from: *const f32, mask: S::M) -> S::V {
    // SAFETY: the caller vouches for it.
    unsafe { if FULL { s.load_ptr(from) } else { s.load_masked(from, mask) } }
}

/// Adds the products of all places of the segments to a tile of `rows` × `vectors`.
///
/// # Safety
/// The pointers of `args` hold what their fields say, for every place of the segments and every row.
pub(super) unsafe fn run_tile<S: Simd>(s: S, (rows, vectors): (usize, usize), args: &TileArgs<'_>) {
    macro_rules! tile {
        ($r:literal, $nv:literal, $u:literal) => {
            s.vectorize(TileOp::<$r, $nv, $u>(args))
        };
    }
    match (vectors, rows) {
        (1, 1) => tile!(1, 1, 8),
        (1, 2) => tile!(2, 1, 4),
        (1, 3) => tile!(3, 1, 2),
        (1, 4) => tile!(4, 1, 2),
        (1, 5) => tile!(5, 1, 1),
        (1, 6) => tile!(6, 1, 1),
        (1, 7) => tile!(7, 1, 1),
        (1, 8) => tile!(8, 1, 1),
        (2, 1) => tile!(1, 2, 4),
        (2, 2) => tile!(2, 2, 2),
        (2, 3) => tile!(3, 2, 1),
        (2, 4) => tile!(4, 2, 1),
        (2, 5) => tile!(5, 2, 1),
        (2, 6) => tile!(6, 2, 1),
        (vectors, rows) if const { S::REGISTERS >= 32 } => match (vectors, rows) {
            (1, 9) => tile!(9, 1, 1),
            (1, 10) => tile!(10, 1, 1),
            (1, 11) => tile!(11, 1, 1),
            (1, 12) => tile!(12, 1, 1),
            (1, 13) => tile!(13, 1, 1),
            (1, 14) => tile!(14, 1, 1),
            (2, 7) => tile!(7, 2, 1),
            (2, 8) => tile!(8, 2, 1),
            (2, 9) => tile!(9, 2, 1),
            (2, 10) => tile!(10, 2, 1),
            (2, 11) => tile!(11, 2, 1),
            (2, 12) => tile!(12, 2, 1),
            (2, 13) => tile!(13, 2, 1),
            (2, 14) => tile!(14, 2, 1),
            _ => unreachable!("no tile of {rows} rows and {vectors} vectors"),
        },
        (vectors, rows) => unreachable!("no tile of {rows} rows and {vectors} vectors"),
    }
}
