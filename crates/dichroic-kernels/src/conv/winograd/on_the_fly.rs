//! Products with weights that are transformed while they are multiplied.
//!
//! Transformed weights of 3×3 taps are four times as long as the taps. Where few tiles are multiplied with each of them, the
//! time goes into reading them: so the taps are read instead, and transformed in registers. With the points 0, ±√½,
//! ±√2 and ∞ this takes nothing but additions, for which a CPU has other pipes than for multiplications, if the middle tap
//! is packed as √2 x₁:
//!
//! ```text
//! 0:  x₀          ±√½:  ½ (2 x₀ + x₂ ± √2 x₁)
//! ∞:  x₂          ±√2:      x₀ + 2 x₂ ± √2 x₁
//! ```
//!
//! The factor ½ is left out, and applied to the sums. A pair of rows × a pair of columns is four places, which nine such passes
//! cover. A pass sums over a chunk of channels, whose taps stay in the first cache for all nine.
//!
//! ```text
//! packed:  slice │ channel │ 9 taps │ LANES filters          sums:  place │ tile │ LANES filters
//! ```
//!
//! 512 → 512 channels at 7 × 7, batch 1, with weights from memory: 0.57 ms instead of 1.1, of which the products alone
//! take 0.33.

use std::f32::consts::SQRT_2;

use super::tiling::{Side, Tiling};
use crate::isa::Isa;
use crate::simd::{Simd, WithSimd};

/// Taps of a slice.
pub(super) const TAPS: usize = 9;
/// Channels whose taps (18 KiB with AVX-512) stay in the first cache.
pub(super) const CHUNK_CHANNELS: usize = 32;
/// The sizes of the only tiles with kernels of this kind.
const SIDE: Side = Side { outputs: 4, taps: 3 };

/// Whether such tiles can be multiplied so.
pub(super) fn suits(tiling: &Tiling) -> bool {
    tiling.sides == [SIDE; 2]
}

/// The most tiles of a panel.
pub(super) fn most_tiles(isa: Isa) -> usize {
    match isa {
        Isa::Avx512 | Isa::Neon => 4,
        Isa::Avx2 | Isa::Portable => 2,
    }
}

/// What a tap is multiplied with when it is packed.
pub(super) fn factor(tap: usize) -> f32 {
    match (tap / 3 == 1, tap % 3 == 1) {
        (true, true) => 2.0,
        (false, false) => 1.0,
        _ => SQRT_2,
    }
}

/// Two places of an axis whose weights have most in common.
#[derive(Clone, Copy)]
struct Pair {
    place: usize,
    /// From the first place to the second.
    step: usize,
    /// The first tap, and the distance to the next that counts.
    tap: usize,
    tap_step: isize,
    /// What the sums are multiplied with in the end.
    scale: f32,
}

/// 0 and ∞, ±√½, ±√2. The last reads the taps backwards.
const PAIRS: [Pair; 3] = [
    Pair { place: 0, step: SIDE.inputs() - 1, tap: 0, tap_step: 2, scale: 1.0 },
    Pair { place: 1, step: 1, tap: 0, tap_step: 1, scale: 0.5 },
    Pair { place: 3, step: 1, tap: 2, tap_step: -1, scale: 1.0 },
];

/// A panel and a block of filters, and the chunk of their channels to sum over.
pub(super) struct Chunk {
    /// The panel's first value of the chunk, and the distance from one place to the next.
    pub values: *const f32,
    pub value_step: usize,
    /// The chunk's first tap.
    pub taps: *const f32,
    /// The panel's first sum, and the distance from one place to the next.
    pub sums: *mut f32,
    pub sums_step: usize,
    pub channels: usize,
    /// Sums start from 0.
    pub first: bool,
    /// Sums are complete after this chunk.
    pub last: bool,
}

/// Adds the products of a panel of so many tiles with a chunk of channels to the sums of all places.
///
/// # Safety
/// The pointers hold what the head of this file shows, and the panel what that of [`super::multiply`] does.
pub(super) unsafe fn multiply<S: Simd>(s: S, tiles: usize, chunk: &Chunk) {
    match tiles {
        1 => s.vectorize(Passes::<1>(chunk)),
        2 => s.vectorize(Passes::<2>(chunk)),
        _ if const { S::REGISTERS >= 32 } => match tiles {
            3 => s.vectorize(Passes::<3>(chunk)),
            4 => s.vectorize(Passes::<4>(chunk)),
            _ => unreachable!("no panel of {tiles} tiles"),
        },
        _ => unreachable!("no panel of {tiles} tiles"),
    }
}

/// All pairs of rows × pairs of columns for P tiles.
struct Passes<'a, const P: usize>(&'a Chunk);

impl<const P: usize> WithSimd for Passes<'_, P> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        let chunk = self.0;
        let side = SIDE.inputs();
        let taps_step = 3 * S::LANES as isize;
        // The lines of the next chunk are as many as the passes have channels together.
        let mut next = chunk.taps.wrapping_add(chunk.channels * TAPS * S::LANES);
        for (i, rows) in PAIRS.into_iter().enumerate() {
            for (j, columns) in PAIRS.into_iter().enumerate() {
                let place = rows.place * side + columns.place;
                let mut pass = Pass {
                    values: chunk.values.wrapping_add(place * chunk.value_step),
                    value_steps: [rows.step * side, columns.step].map(|n| n * chunk.value_step),
                    taps: chunk.taps.wrapping_add((rows.tap * 3 + columns.tap) * S::LANES),
                    tap_steps: [rows.tap_step * taps_step, columns.tap_step * S::LANES as isize],
                    sums: chunk.sums.wrapping_add(place * chunk.sums_step),
                    sums_steps: [rows.step * side, columns.step].map(|n| n * chunk.sums_step),
                    channels: chunk.channels,
                    first: chunk.first,
                    scale: if chunk.last { rows.scale * columns.scale } else { 1.0 },
                    next,
                };
                if j == 0 {
                    pass.turn();
                }
                // SAFETY: `multiply`'s caller vouches for the pointers.
                unsafe {
                    match (i, j) {
                        (0, 0) => pass.run::<Corners, S, P>(s),
                        (0, _) | (_, 0) => pass.run::<Lines, S, P>(s),
                        _ => pass.run::<Square, S, P>(s),
                    }
                }
                next = next.wrapping_add(chunk.channels * S::LANES);
            }
        }
    }
}

/// Four places of all tiles: two lines of two, of which one is a pair.
struct Pass {
    values: *const f32,
    /// From line to line, and from place to place of a line.
    value_steps: [usize; 2],
    taps: *const f32,
    tap_steps: [isize; 2],
    sums: *mut f32,
    sums_steps: [usize; 2],
    channels: usize,
    first: bool,
    scale: f32,
    /// What is fetched into the second cache, a line for each channel. Into the first: 0.57 → 0.68 ms.
    next: *const f32,
}

impl Pass {
    /// Takes columns for lines.
    #[inline(always)]
    fn turn(&mut self) {
        self.value_steps.swap(0, 1);
        self.tap_steps.swap(0, 1);
        self.sums_steps.swap(0, 1);
    }

    /// # Safety
    /// As [`multiply`].
    #[inline(always)]
    unsafe fn run<W: Weights, S: Simd, const P: usize>(&self, s: S) {
        let [line, place] = self.sums_steps;
        let sums_of = [0, place, line, line + place].map(|step| self.sums.wrapping_add(step));
        let mut sums = [[s.zero(); P]; 4];
        if !self.first {
            for i in 0..4 {
                for p in 0..P {
                    // SAFETY: the sums hold a vector of each tile at each place.
                    sums[i][p] = unsafe { s.load_ptr(sums_of[i].add(p * S::LANES)) };
                }
            }
        }
        let [line, place] = self.value_steps;
        let steps = [0, place, line, line + place];
        let (mut values, mut next) = (self.values, self.next);
        let mut taps = Taps { first: self.taps, steps: self.tap_steps };
        let mut left = self.channels;
        while left > 0 {
            let count = left.min(S::LANES);
            for k in 0..count {
                s.prefetch_second(next);
                // SAFETY: there are nine taps of each channel.
                let weights = unsafe { W::weights(s, &taps) };
                for i in 0..4 {
                    for p in 0..P {
                        // SAFETY: each channel block of the panel holds a vector for each tile.
                        let x = s.splat(unsafe { *values.add(steps[i] + p * S::LANES + k) });
                        sums[i][p] = s.fma(x, weights[i], sums[i][p]);
                    }
                }
                taps.first = taps.first.wrapping_add(TAPS * S::LANES);
                next = next.wrapping_add(S::LANES);
            }
            values = values.wrapping_add(P * S::LANES);
            left -= count;
        }
        let scale = s.splat(self.scale);
        for i in 0..4 {
            for p in 0..P {
                // SAFETY: as above.
                unsafe { s.store_ptr(s.mul(sums[i][p], scale), sums_of[i].add(p * S::LANES)) };
            }
        }
    }
}

/// The taps of a channel.
struct Taps {
    first: *const f32,
    /// From line to line, and from tap to tap of a line.
    steps: [isize; 2],
}

impl Taps {
    /// # Safety
    /// The channel has this tap.
    #[inline(always)]
    unsafe fn at<S: Simd>(&self, s: S, line: isize, tap: isize) -> S::V {
        let [per_line, per_tap] = self.steps;
        // SAFETY: the caller vouches for it.
        unsafe { s.load_ptr(self.first.offset(line * per_line + tap * per_tap)) }
    }
}

/// The weights of the four places of a pass.
trait Weights {
    /// # Safety
    /// All taps that the pass names are there.
    unsafe fn weights<S: Simd>(s: S, taps: &Taps) -> [S::V; 4];
}

/// 0 and ∞ along both axes: the taps themselves.
enum Corners {}

impl Weights for Corners {
    #[inline(always)]
    unsafe fn weights<S: Simd>(s: S, taps: &Taps) -> [S::V; 4] {
        // SAFETY: the caller vouches for it.
        unsafe { [taps.at(s, 0, 0), taps.at(s, 0, 1), taps.at(s, 1, 0), taps.at(s, 1, 1)] }
    }
}

/// 0 and ∞ along one axis, two points ± along the other.
enum Lines {}

impl Weights for Lines {
    #[inline(always)]
    unsafe fn weights<S: Simd>(s: S, taps: &Taps) -> [S::V; 4] {
        // SAFETY: the caller vouches for it.
        unsafe {
            let even = twice_and(s, taps.at(s, 0, 0), taps.at(s, 0, 2));
            let [a, b] = plus_minus(s, even, taps.at(s, 0, 1));
            let even = twice_and(s, taps.at(s, 1, 0), taps.at(s, 1, 2));
            let [c, d] = plus_minus(s, even, taps.at(s, 1, 1));
            [a, b, c, d]
        }
    }
}

/// Two points ± along both axes.
enum Square {}

impl Weights for Square {
    #[inline(always)]
    unsafe fn weights<S: Simd>(s: S, taps: &Taps) -> [S::V; 4] {
        // SAFETY: the caller vouches for it.
        unsafe {
            let first = twice_and(s, taps.at(s, 0, 0), taps.at(s, 2, 0));
            let last = twice_and(s, taps.at(s, 0, 2), taps.at(s, 2, 2));
            let middle = twice_and(s, taps.at(s, 0, 1), taps.at(s, 2, 1));
            let even = plus_minus(s, twice_and(s, first, last), middle);
            let odd = twice_and(s, taps.at(s, 1, 0), taps.at(s, 1, 2));
            let odd = plus_minus(s, odd, taps.at(s, 1, 1));
            let [a, c] = plus_minus(s, even[0], odd[0]);
            let [b, d] = plus_minus(s, even[1], odd[1]);
            [a, b, c, d]
        }
    }
}

/// 2 a + b, by additions: with a multiply-add a channel of `Square` takes 24 cycles instead of 22.
#[inline(always)]
fn twice_and<S: Simd>(s: S, a: S::V, b: S::V) -> S::V {
    s.add(a, s.add(a, b))
}

/// a + b and a − b.
#[inline(always)]
fn plus_minus<S: Simd>(s: S, a: S::V, b: S::V) -> [S::V; 2] {
    [s.add(a, b), s.sub(a, b)]
}

#[cfg(test)]
mod tests {
    use super::super::transform::{Kernel, both_ways};
    use super::*;
    use crate::simd::Portable;

    #[test]
    fn the_weights_are_those_that_the_transform_gives() {
        const LANES: usize = Portable::LANES;
        let tap = |t: usize| (t * t) as f32 / 8.0 - 3.0;
        let taps: Vec<f32> =
            (0..TAPS * LANES).map(|i| factor(i / LANES) * tap(i / LANES)).collect();
        let (values, mut sums) = ([1.0; 36 * LANES], [f32::NAN; 36 * LANES]);
        let chunk = Chunk {
            values: values.as_ptr(),
            value_step: LANES,
            taps: taps.as_ptr(),
            sums: sums.as_mut_ptr(),
            sums_step: LANES,
            channels: 1,
            first: true,
            last: true,
        };
        // SAFETY: there are nine taps, and a vector of values and of sums for each of 36 places.
        unsafe { multiply(Portable, 1, &chunk) };
        let s = Portable;
        both_ways::<Kernel, Portable, 3, 6, 3, 6>(
            s,
            |i, j| s.splat(tap(i * 3 + j)),
            |i, j, weight| {
                let (got, expected) = (sums[(i * 6 + j) * LANES], s.reduce_max(weight));
                let bound = 1e-6 * (1.0 + expected.abs());
                assert!((got - expected).abs() < bound, "place {i}, {j}: {got}, {expected}");
            },
        );
    }
}
