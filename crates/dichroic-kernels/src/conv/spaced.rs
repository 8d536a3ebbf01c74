//! The micro-kernel of direct convolution where places lie evenly apart: register tiles, one below the other.
//!
//! The places of a pointwise convolution and those of a staged row lie a constant distance apart, in the source
//! and in the destination, and so do tiles of them. What begins and ends a tile then takes few instructions: the tiles
//! of [`super::tile`], which take down where each place lies, spend 200 cycles between the sums, where 24 vectors over
//! 16 channels take 384, and these half of that. One core of Zen 4, share of the peak: 1×1 from 16 to 96
//! channels 66 → 83 %, 24 → 144 73 → 88 %, 64 → 384 86 → 95 %.
//!
//! Tiles that fetch for the next one are compiled apart: what they keep track of lengthens the others by a cycle for each vector (16 →
//! 96 channels at 112 × 112, one thread, 0.56 → 0.43 ms).

use super::finish::Finish;
use super::tile::Run;
use super::zones::Reach;
use crate::simd::{Simd, WithSimd};

/// Values of a cache line.
const LINE: usize = 16;

/// Tiles of the same size, one below the other.
pub(super) struct SpacedArgs<'a> {
    pub tiles: usize,
    /// The first channel of the group at the first place, and the distance between places.
    pub source: *const f32,
    pub source_step: usize,
    /// The products of a place.
    pub runs: &'a [Run],
    /// The taps that are summed: the others lie outside the source.
    pub reach: Reach,
    /// The next tile's source values are fetched while this one is computed.
    pub fetch: bool,
    /// The next tile's lines of the output are fetched, too, to be written or added to.
    pub fetch_output: bool,
    /// The weights of this block and part: NV vectors for each product.
    pub weights: *const f32,
    /// The block's bias values; null for none.
    pub bias: *const f32,
    /// What the sums start from besides the bias, at the first place; null for nothing.
    pub start: *const f32,
    pub start_step: usize,
    /// The first channel of the block at the first place of the destination.
    pub output: *mut f32,
    pub output_step: usize,
    /// Destination channels of the block: more than fill all vectors but one.
    pub channels: usize,
    /// What is done with the sums.
    pub finish: Finish,
    /// The vectors are full and aligned, and may be written past the caches.
    pub stream: bool,
}

/// With `FETCH`, what the next tile reads and writes is fetched as the arguments say.
struct SpacedOp<'a, 'b, const P: usize, const NV: usize, const FETCH: bool>(&'b SpacedArgs<'a>);

impl<const P: usize, const NV: usize, const FETCH: bool> WithSimd
    for SpacedOp<'_, '_, P, NV, FETCH>
{
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        let t = self.0;
        let (mut source, mut start, mut output) = (t.source, t.start, t.output);
        let bounds = t.finish.bounds();
        for _ in 0..t.tiles {
            let mut weights = t.weights;
            // SAFETY: `run_tiles`' caller vouches for the places of all tiles.
            unsafe {
                let mut sums = begin::<S, P, NV>(s, t, start);
                for run in t.runs {
                    if t.reach.holds(run.tap) {
                        let from = (source.wrapping_offset(run.offset), run.len);
                        accumulate::<S, P, NV, FETCH>(s, &mut sums, from, (weights, output), t);
                    }
                    weights = weights.wrapping_add(run.len * NV * S::LANES);
                }
                finish(s, &mut sums, t, (output, bounds));
            }
            source = source.wrapping_add(P * t.source_step);
            start = start.wrapping_add(P * t.start_step);
            output = output.wrapping_add(P * t.output_step);
        }
    }
}

/// What the sums start from: bias, residual, the parts before.
///
/// # Safety
/// The bias and `P` places from `start` on hold the block's channels.
#[inline(always)]
unsafe fn begin<S: Simd, const P: usize, const NV: usize>(
    s: S,
    t: &SpacedArgs<'_>,
    start: *const f32,
) -> [[S::V; NV]; P] {
    let mut sums = [[s.zero(); NV]; P];
    if !t.bias.is_null() {
        for v in 0..NV {
            let mask = s.first(t.channels - v * S::LANES);
            // SAFETY: the bias holds the block's channels, and the mask keeps to them.
            let bias = unsafe { s.load_masked(t.bias.wrapping_add(v * S::LANES), mask) };
            let bias = s.add(s.zero(), bias);
            for p in 0..P {
                sums[p][v] = bias;
            }
        }
    }
    if !t.start.is_null() {
        for v in 0..NV {
            let mask = s.first(t.channels - v * S::LANES);
            for p in 0..P {
                let from = start.wrapping_add(p * t.start_step + v * S::LANES);
                // SAFETY: there are the block's channels at each of the places.
                sums[p][v] = s.add(sums[p][v], unsafe { s.load_masked(from, mask) });
            }
        }
    }
    sums
}

/// Adds `len` products to each sum.
///
/// # Safety
/// At each of `P` places from `source` on lie `len` values, and the weights hold NV vectors for each.
#[inline(always)]
unsafe fn accumulate<S: Simd, const P: usize, const NV: usize, const FETCH: bool>(
    s: S,
    sums: &mut [[S::V; NV]; P],
    (source, len): (*const f32, usize),
    (mut weights, output): (*const f32, *mut f32),
    t: &SpacedArgs<'_>,
) {
    let mut rows = [source; P];
    for p in 0..P {
        rows[p] = source.wrapping_add(p * t.source_step);
    }
    let ahead = P * t.source_step;
    let mut k = 0;
    while k < len {
        let mut end = len;
        if FETCH && t.fetch_output && k < FETCH_STEPS * LINE {
            end = end.min(k + LINE);
            fetch_output::<S, P, NV>(s, t, output.cast_const(), k / LINE);
        }
        if FETCH && t.fetch {
            end = end.min(k + LINE);
            for p in 0..P {
                s.prefetch(rows[p].wrapping_add(ahead + k));
            }
        }
        while k < end {
            let mut w = [s.zero(); NV];
            for v in 0..NV {
                // SAFETY: the weights hold NV vectors for each product.
                w[v] = unsafe { s.load_ptr(weights.wrapping_add(v * S::LANES)) };
            }
            for p in 0..P {
                // SAFETY: there are `len` values at each place, and k < len.
                let x = s.splat(unsafe { *rows[p].add(k) });
                for v in 0..NV {
                    sums[p][v] = s.fma(x, w[v], sums[p][v]);
                }
            }
            weights = weights.wrapping_add(NV * S::LANES);
            k += 1;
        }
    }
}

/// The next tile's lines of the output are fetched in so many steps: all at once they would wait for each other.
const FETCH_STEPS: usize = 4;

/// Fetches the next tile's lines of the output at every fourth place.
#[inline(always)]
fn fetch_output<S: Simd, const P: usize, const NV: usize>(
    s: S,
    t: &SpacedArgs<'_>,
    output: *const f32,
    step: usize,
) {
    let next = output.wrapping_add(P * t.output_step);
    for p in (step..P).step_by(FETCH_STEPS) {
        for v in 0..NV {
            s.prefetch(next.wrapping_add(p * t.output_step + v * S::LANES));
        }
    }
}

/// Applies the activation and stores the sums.
///
/// # Safety
/// `P` places from `output` on hold the block's channels.
#[inline(always)]
unsafe fn finish<S: Simd, const P: usize, const NV: usize>(
    s: S,
    sums: &mut [[S::V; NV]; P],
    t: &SpacedArgs<'_>,
    (output, bounds): (*mut f32, [f32; 2]),
) {
    t.finish.bend(s, sums);
    let bounds = [s.splat(bounds[0]), s.splat(bounds[1])];
    let at = |p: usize, v: usize| output.wrapping_add(p * t.output_step + v * S::LANES);
    // SAFETY: the destination holds the block's channels at each of the places.
    unsafe { Finish::store_all(s, bounds, sums, at, (t.channels, t.stream)) };
}

/// Whether there are tiles of this size; smaller ones need several sets of sums to keep the multipliers busy.
pub(super) fn has_tile(places: usize, vectors: usize) -> bool {
    places > 1 && places * vectors > 4
}

/// Computes tiles of so many places and vectors.
///
/// # Safety
/// The pointers of `args` hold what their fields say, for every place of every tile.
pub(super) unsafe fn run_tiles<S: Simd>(
    s: S,
    (places, vectors): (usize, usize),
    args: &SpacedArgs<'_>,
) {
    macro_rules! tiles {
        ($p:literal, $nv:literal) => {
            s.vectorize(SpacedOp::<$p, $nv, false>(args))
        };
    }
    macro_rules! fetching {
        ($p:literal, $nv:literal) => {
            return s.vectorize(SpacedOp::<$p, $nv, true>(args))
        };
    }
    if args.fetch || args.fetch_output {
        // The sizes of most places of a large problem; each costs as much to compile as it does without fetching.
        match (vectors, places) {
            (1, 12) if const { S::REGISTERS < 32 } => fetching!(12, 1),
            (2, 6) if const { S::REGISTERS < 32 } => fetching!(6, 2),
            (1, 14) if const { S::REGISTERS >= 32 } => fetching!(14, 1),
            (2, 14) if const { S::REGISTERS >= 32 } => fetching!(14, 2),
            (2, 13) if const { S::REGISTERS >= 32 } => fetching!(13, 2),
            (3, 9) if const { S::REGISTERS >= 32 } => fetching!(9, 3),
            (4, 6) if const { S::REGISTERS >= 32 } => fetching!(6, 4),
            (4, 5) if const { S::REGISTERS >= 32 } => fetching!(5, 4),
            _ => {}
        }
    }
    // Only what `has_tile` and `most_places` allow is compiled, for each register file.
    match (vectors, places) {
        (1, 5) => tiles!(5, 1),
        (1, 6) => tiles!(6, 1),
        (1, 7) => tiles!(7, 1),
        (1, 8) => tiles!(8, 1),
        (1, 9) => tiles!(9, 1),
        (1, 10) => tiles!(10, 1),
        (1, 11) => tiles!(11, 1),
        (1, 12) => tiles!(12, 1),
        (2, 3) => tiles!(3, 2),
        (2, 4) => tiles!(4, 2),
        (2, 5) => tiles!(5, 2),
        (2, 6) => tiles!(6, 2),
        (vectors, places) if const { S::REGISTERS >= 32 } => match (vectors, places) {
            (1, 13) => tiles!(13, 1),
            (1, 14) => tiles!(14, 1),
            (2, 7) => tiles!(7, 2),
            (2, 8) => tiles!(8, 2),
            (2, 9) => tiles!(9, 2),
            (2, 10) => tiles!(10, 2),
            (2, 11) => tiles!(11, 2),
            (2, 12) => tiles!(12, 2),
            (2, 13) => tiles!(13, 2),
            (2, 14) => tiles!(14, 2),
            (3, 2) => tiles!(2, 3),
            (3, 3) => tiles!(3, 3),
            (3, 4) => tiles!(4, 3),
            (3, 5) => tiles!(5, 3),
            (3, 6) => tiles!(6, 3),
            (3, 7) => tiles!(7, 3),
            (3, 8) => tiles!(8, 3),
            (3, 9) => tiles!(9, 3),
            (4, 2) => tiles!(2, 4),
            (4, 3) => tiles!(3, 4),
            (4, 4) => tiles!(4, 4),
            (4, 5) => tiles!(5, 4),
            (4, 6) => tiles!(6, 4),
            _ => unreachable!("no tile of {places} places and {vectors} vectors"),
        },
        (vectors, places) => unreachable!("no tile of {places} places and {vectors} vectors"),
    }
}
