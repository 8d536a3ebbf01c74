//! The micro-kernel: a register tile of places × destination channels, two products in each lane.
//!
//! As the tile of direct convolution, but for its operands: a step broadcasts one word, which is two
//! channels of a place, and multiplies it with vectors of words, which are two weights for each filter.

use crate::isa::Isa;
use crate::simd::{Simd, WithSimd};

/// The tallest tile, in places.
pub(super) const MOST_PLACES: usize = 14;
/// The widest tile, in vectors.
pub(super) const MOST_VECTORS: usize = 2;

/// The places of a tile. 14 × 2 sums, 2 vectors of weights and a broadcast fill the 32 registers of AVX-512; where
/// bfloat16 is emulated, each operand takes two registers.
pub(super) const fn most_places(isa: Isa) -> usize {
    match isa {
        Isa::Avx512 => MOST_PLACES,
        Isa::Neon => 8,
        Isa::Avx2 | Isa::Portable => 4,
    }
}

/// Values that lie side by side at the same distance from every place.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// From the place's first staged value, in values.
    pub offset: usize,
    /// Words; the last one may be half a word longer than the values, with a weight of zero.
    pub len: usize,
}

/// Everything a tile reads and writes.
pub(super) struct TileArgs<'a> {
    /// For each place its first staged value.
    pub rows: &'a [*const u16],
    /// For each place its first channel of the block in the destination.
    pub outputs: &'a [*mut f32],
    /// What is added to each place's sums besides the bias; null for nothing.
    pub starts: &'a [*const f32],
    pub runs: &'a [Run],
    /// The weights of this block and part: one vector tile for each word.
    pub weights: *const f32,
    /// The block's bias values; null for none.
    pub bias: *const f32,
    /// Destination channels of the block; at most the width of the tile.
    pub channels: usize,
    /// The activation, as bounds of the result; infinite for none, and before the sum is complete.
    pub lower: f32,
    pub upper: f32,
}

struct TileOp<'a, 'b, const P: usize, const NV: usize, const U: usize>(&'b TileArgs<'a>);

impl<const P: usize, const NV: usize, const U: usize> WithSimd for TileOp<'_, '_, P, NV, U> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        let t = self.0;
        debug_assert!(t.channels <= NV * S::LANES);
        let (Some(rows), Some(outputs), Some(starts)) =
            (t.rows.first_chunk::<P>(), t.outputs.first_chunk::<P>(), t.starts.first_chunk::<P>())
        else {
            return;
        };
        // The lines of the output come while the sums are made.
        for p in 0..P {
            for v in 0..NV {
                s.prefetch(outputs[p].wrapping_add(v * S::LANES));
            }
        }
        // U sets of sums, for tiles too small to keep the multipliers busy with one.
        let mut sums = [[[s.zero(); NV]; P]; U];
        let mut weights = t.weights;
        for run in t.runs {
            let mut rows = *rows;
            for row in &mut rows {
                *row = row.wrapping_add(run.offset);
            }
            // SAFETY: each place's run is staged, and there are weights for it (the caller's word).
            weights = unsafe { accumulate(s, &mut sums, &rows, run.len, weights) };
        }
        // Each loop over all sums must be so short that it is unrolled: only then are sums registers.
        let mut total = sums[0];
        for set in &sums[1..] {
            for p in 0..P {
                for v in 0..NV {
                    total[p][v] = s.add(total[p][v], set[p][v]);
                }
            }
        }
        let (lower, upper) = (s.splat(t.lower), s.splat(t.upper));
        if t.channels < NV * S::LANES {
            // SAFETY: as below.
            return unsafe { finish_ragged(s, &total, t) };
        }
        if !t.bias.is_null() {
            for v in 0..NV {
                // SAFETY: the bias holds the block's channels, which are all lanes here.
                let bias = unsafe { s.load_ptr(t.bias.wrapping_add(v * S::LANES)) };
                for p in 0..P {
                    total[p][v] = s.add(total[p][v], bias);
                }
            }
        }
        if !starts[0].is_null() {
            for p in 0..P {
                for v in 0..NV {
                    // SAFETY: there are the block's channels at each place (the caller's word).
                    let start = unsafe { s.load_ptr(starts[p].wrapping_add(v * S::LANES)) };
                    total[p][v] = s.add(total[p][v], start);
                }
            }
        }
        for p in 0..P {
            for v in 0..NV {
                let y = s.min(upper, s.max(lower, total[p][v]));
                // SAFETY: the destination holds the block's channels at each place.
                unsafe { s.store_ptr(y, outputs[p].wrapping_add(v * S::LANES)) };
            }
        }
    }
}

/// Finishes and stores the sums of a block that does not fill its vectors.
///
/// # Safety
/// As [`run_tile`].
#[inline(always)]
unsafe fn finish_ragged<S: Simd, const P: usize, const NV: usize>(
    s: S,
    sums: &[[S::V; NV]; P],
    t: &TileArgs<'_>,
) {
    let (lower, upper) = (s.splat(t.lower), s.splat(t.upper));
    for v in 0..NV {
        let (at, mask) = (v * S::LANES, s.first(t.channels.saturating_sub(v * S::LANES)));
        for p in 0..P {
            let mut sum = sums[p][v];
            // SAFETY: bias, start and output hold the block's channels, to which the mask keeps.
            unsafe {
                if !t.bias.is_null() {
                    sum = s.add(sum, s.load_masked(t.bias.wrapping_add(at), mask));
                }
                if !t.starts[p].is_null() {
                    sum = s.add(sum, s.load_masked(t.starts[p].wrapping_add(at), mask));
                }
                let y = s.min(upper, s.max(lower, sum));
                s.store_masked(y, t.outputs[p].wrapping_add(at), mask);
            }
        }
    }
}

/// Adds `len` pairs of products to each sum; returns the address behind the weights read.
///
/// # Safety
/// Each row is valid to read for `len` words, and `weights` for `len × NV` vectors.
#[inline(always)]
unsafe fn accumulate<S: Simd, const P: usize, const NV: usize, const U: usize>(
    s: S,
    sums: &mut [[[S::V; NV]; P]; U],
    rows: &[*const u16; P],
    len: usize,
    mut weights: *const f32,
) -> *const f32 {
    let mut k = 0;
    if U > 1 {
        while k + U <= len {
            for (u, set) in sums.iter_mut().enumerate() {
                // SAFETY: k + u < len, for which the caller vouches.
                unsafe { step(s, set, rows, k + u, weights) };
                weights = weights.wrapping_add(NV * S::LANES);
            }
            k += U;
        }
    }
    while k < len {
        // SAFETY: k < len, for which the caller vouches.
        unsafe { step(s, &mut sums[0], rows, k, weights) };
        weights = weights.wrapping_add(NV * S::LANES);
        k += 1;
    }
    weights
}

/// Adds one pair of products to each sum.
///
/// # Safety
/// Each row is valid to read at `k`, and `weights` for NV vectors.
#[inline(always)]
unsafe fn step<S: Simd, const P: usize, const NV: usize>(
    s: S,
    sums: &mut [[S::V; NV]; P],
    rows: &[*const u16; P],
    k: usize,
    weights: *const f32,
) {
    let mut w = [s.zero(); NV];
    for (v, w) in w.iter_mut().enumerate() {
        // SAFETY: the caller vouches for NV vectors of weights.
        *w = unsafe { s.load_ptr(weights.add(v * S::LANES)) };
    }
    for p in 0..P {
        // SAFETY: the caller vouches for the row at k.
        let x = s.splat(unsafe { rows[p].add(2 * k).cast::<f32>().read_unaligned() });
        for v in 0..NV {
            sums[p][v] = s.dot_bf16(x, w[v], sums[p][v]);
        }
    }
}

/// Computes a tile of `args.rows.len()` places and `vectors` vectors.
///
/// # Safety
/// The pointers of `args` hold what their fields say, for every run.
#[inline(always)]
pub(super) unsafe fn run_tile<S: Simd>(s: S, vectors: usize, args: &TileArgs<'_>) {
    macro_rules! tile {
        ($p:literal, $nv:literal) => {
            s.vectorize(TileOp::<$p, $nv, 1>(args))
        };
        ($p:literal, $nv:literal, $u:literal) => {
            s.vectorize(TileOp::<$p, $nv, $u>(args))
        };
    }
    // Only what `most_places` allows is compiled, for each register file.
    match (vectors, args.rows.len()) {
        (1, 1) => tile!(1, 1, 8),
        (1, 2) => tile!(2, 1, 4),
        (1, 3) => tile!(3, 1, 2),
        (1, 4) => tile!(4, 1, 2),
        (2, 1) => tile!(1, 2, 4),
        (2, 2) => tile!(2, 2, 2),
        (2, 3) => tile!(3, 2, 2),
        (2, 4) => tile!(4, 2),
        (vectors, places) if const { S::REGISTERS >= 32 } => match (vectors, places) {
            (1, 5) => tile!(5, 1),
            (1, 6) => tile!(6, 1),
            (1, 7) => tile!(7, 1),
            (1, 8) => tile!(8, 1),
            (2, 5) => tile!(5, 2),
            (2, 6) => tile!(6, 2),
            (2, 7) => tile!(7, 2),
            (2, 8) => tile!(8, 2),
            (vectors, places) if S::LANES == 16 => match (vectors, places) {
                (1, 9) => tile!(9, 1),
                (1, 10) => tile!(10, 1),
                (1, 11) => tile!(11, 1),
                (1, 12) => tile!(12, 1),
                (1, 13) => tile!(13, 1),
                (1, 14) => tile!(14, 1),
                (2, 9) => tile!(9, 2),
                (2, 10) => tile!(10, 2),
                (2, 11) => tile!(11, 2),
                (2, 12) => tile!(12, 2),
                (2, 13) => tile!(13, 2),
                (2, 14) => tile!(14, 2),
                _ => unreachable!("no tile of {places} places and {vectors} vectors"),
            },
            (vectors, places) => unreachable!("no tile of {places} places and {vectors} vectors"),
        },
        (vectors, places) => unreachable!("no tile of {places} places and {vectors} vectors"),
    }
}
