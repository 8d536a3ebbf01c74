//! The micro-kernel where places lie evenly apart: full register tiles, one below the other.
//!
//! The places of a pointwise convolution lie a constant distance apart, and so do those of a row. Between the sums of two
//! tiles there are few instructions then; in [`super::tile`], where every place has its own address, sums pass through
//! memory on their way to bias, residual and activation. With 2 × 235 GFLOP/s at most, 64 → 256 channels at 56 × 56
//! with a residual took 5.2 ms of 16 items and now 4.1, 128 → 512 at 28 × 28 4.45 and 3.85.

use super::tile::{Run, most_places};
use crate::simd::{Simd, WithSimd};

/// Full tiles, one below the other.
pub(super) struct SpacedArgs<'a> {
    pub tiles: usize,
    /// The first place's first staged value, and the distance between places, in values.
    pub source: *const u16,
    pub source_step: usize,
    pub runs: &'a [Run],
    /// The weights of this block and part: one vector tile for each word.
    pub weights: *const f32,
    /// The block's bias values; null for none.
    pub bias: *const f32,
    /// What is added to the sums besides the bias, at the first place; null for nothing.
    pub start: *const f32,
    pub start_step: usize,
    /// The first channel of the block at the first place of the destination.
    pub output: *mut f32,
    pub output_step: usize,
    /// The activation, as bounds of the result; infinite for none, and before the sum is complete.
    pub lower: f32,
    pub upper: f32,
}

struct SpacedOp<'a, 'b, const P: usize, const NV: usize>(&'b SpacedArgs<'a>);

impl<const P: usize, const NV: usize> WithSimd for SpacedOp<'_, '_, P, NV> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        let t = self.0;
        let (mut source, mut start, mut output) = (t.source, t.start, t.output);
        for p in 0..P {
            fetch_place::<S, NV>(s, t, (start, output), p);
        }
        for tile in 1..=t.tiles {
            // SAFETY: `run_tiles`' caller vouches for the places of all tiles.
            unsafe {
                let mut sums = begin::<S, P, NV>(s, t);
                let next =
                    (start.wrapping_add(P * t.start_step), output.wrapping_add(P * t.output_step));
                let mut near = Near { next, place: if tile < t.tiles { 0 } else { P } };
                let mut weights = t.weights;
                for run in t.runs {
                    let from = source.wrapping_add(run.offset);
                    accumulate(s, &mut sums, t, (from, weights, run.len), &mut near);
                    weights = weights.wrapping_add(run.len * NV * S::LANES);
                }
                finish(s, &mut sums, t, (start, output));
                (start, output) = next;
            }
            source = source.wrapping_add(P * t.source_step);
        }
    }
}

/// What the next tile adds to and writes, and the first of its places that is not yet fetched.
struct Near {
    next: (*const f32, *mut f32),
    place: usize,
}

/// Brings what a place's sums are added to and written to into the first cache.
#[inline(always)]
fn fetch_place<S: Simd, const NV: usize>(
    s: S,
    t: &SpacedArgs<'_>,
    (start, output): (*const f32, *mut f32),
    place: usize,
) {
    let output = output.wrapping_add(place * t.output_step).cast_const();
    for v in 0..NV {
        s.prefetch(output.wrapping_add(v * S::LANES));
    }
    if !start.is_null() && t.start != t.output.cast_const() {
        for v in 0..NV {
            s.prefetch(start.wrapping_add(place * t.start_step + v * S::LANES));
        }
    }
}

/// What the sums start from: the bias.
///
/// # Safety
/// The bias holds NV vectors.
#[inline(always)]
unsafe fn begin<S: Simd, const P: usize, const NV: usize>(
    s: S,
    t: &SpacedArgs<'_>,
) -> [[S::V; NV]; P] {
    let mut sums = [[s.zero(); NV]; P];
    if !t.bias.is_null() {
        for v in 0..NV {
            // SAFETY: the caller vouches for NV vectors.
            let bias = unsafe { s.load_ptr(t.bias.wrapping_add(v * S::LANES)) };
            for p in 0..P {
                sums[p][v] = bias;
            }
        }
    }
    sums
}

/// Adds `len` pairs of products to each sum, and fetches a place of the next tile's destination with each, as long as one
/// is left.
///
/// # Safety
/// At each of `P` places from `source` on lie `len` words, and the weights hold NV vectors for each.
#[inline(always)]
unsafe fn accumulate<S: Simd, const P: usize, const NV: usize>(
    s: S,
    sums: &mut [[S::V; NV]; P],
    t: &SpacedArgs<'_>,
    (source, mut weights, len): (*const u16, *const f32, usize),
    near: &mut Near,
) {
    let mut k = 0;
    macro_rules! step {
        () => {
            // SAFETY: k < len, for which the caller vouches.
            unsafe { step(s, sums, (source.wrapping_add(2 * k), t.source_step), weights) };
            weights = weights.wrapping_add(NV * S::LANES);
            k += 1;
        };
    }
    let places = len.min(P - near.place);
    while k < places {
        fetch_place::<S, NV>(s, t, near.next, near.place);
        near.place += 1;
        step!();
    }
    while k < len {
        step!();
    }
}

/// Adds one pair of products to each sum.
///
/// # Safety
/// At each of `P` places from `source` on lies a word, and the weights hold NV vectors.
#[inline(always)]
unsafe fn step<S: Simd, const P: usize, const NV: usize>(
    s: S,
    sums: &mut [[S::V; NV]; P],
    (source, source_step): (*const u16, usize),
    weights: *const f32,
) {
    let mut w = [s.zero(); NV];
    for v in 0..NV {
        // SAFETY: the caller vouches for NV vectors of weights.
        w[v] = unsafe { s.load_ptr(weights.wrapping_add(v * S::LANES)) };
    }
    for p in 0..P {
        let word = source.wrapping_add(p * source_step).cast::<f32>();
        // SAFETY: the caller vouches for a word at each place.
        let x = s.splat(unsafe { word.read_unaligned() });
        for v in 0..NV {
            sums[p][v] = s.dot_bf16(x, w[v], sums[p][v]);
        }
    }
}

/// Adds the residual or the parts before, applies the activation and stores the sums.
///
/// # Safety
/// `P` places hold the block's channels, from `start`, if it is not null, and from `output` on.
#[inline(always)]
unsafe fn finish<S: Simd, const P: usize, const NV: usize>(
    s: S,
    sums: &mut [[S::V; NV]; P],
    t: &SpacedArgs<'_>,
    (start, output): (*const f32, *mut f32),
) {
    let (lower, upper) = (s.splat(t.lower), s.splat(t.upper));
    if !start.is_null() {
        for p in 0..P {
            for v in 0..NV {
                let from = start.wrapping_add(p * t.start_step + v * S::LANES);
                // SAFETY: there are the block's channels at each place (the caller's word).
                sums[p][v] = s.add(sums[p][v], unsafe { s.load_ptr(from) });
            }
        }
    }
    for p in 0..P {
        for v in 0..NV {
            let y = s.min(upper, s.max(lower, sums[p][v]));
            // SAFETY: as above.
            unsafe { s.store_ptr(y, output.wrapping_add(p * t.output_step + v * S::LANES)) };
        }
    }
}

/// Computes tiles of the most places and `vectors` vectors.
///
/// # Safety
/// The pointers of `args` hold what their fields say, for every place of every tile.
#[inline(always)]
pub(super) unsafe fn run_tiles<S: Simd>(s: S, vectors: usize, args: &SpacedArgs<'_>) {
    macro_rules! tiles {
        ($p:literal) => {
            match vectors {
                1 => s.vectorize(SpacedOp::<$p, 1>(args)),
                _ => s.vectorize(SpacedOp::<$p, 2>(args)),
            }
        };
    }
    // Only the tiles of `most_places` are compiled, for each register file.
    if const { most_places(S::ISA) == 14 } {
        tiles!(14)
    } else if const { most_places(S::ISA) == 8 } {
        tiles!(8)
    } else {
        tiles!(4)
    }
}
