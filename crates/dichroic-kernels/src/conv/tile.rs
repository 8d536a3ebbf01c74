//! The micro-kernel of direct convolution: a register tile of places × channels.
//!
//! ```text
//!              NV vectors of destination channels
//!            ┌───────────┬───────────┐
//!   place 0  │ sum       │ sum       │  += source value × weights vector, for each
//!   place 1  │ sum       │ sum       │     tap and source channel
//!     …      │           │           │
//!  place P−1 │ sum       │ sum       │
//!            └───────────┴───────────┘
//! ```
//!
//! The P × NV sums stay in registers for the whole reduction. Each step loads NV weight vectors
//! and broadcasts P source values through P row pointers. A tap that lies outside the source has its
//! row pointer on zeros, so that borders, strides, dilation and padding need no code of their own.

use super::finish::{Finish, ZEROS};
use super::gather::{Place, Tap};
use crate::isa::Isa;
use crate::simd::{Simd, WithSimd};

/// The tallest tile, in places.
pub(super) const MOST_PLACES: usize = 14;

/// The places of a tile `vectors` wide: as many as leave registers for the weights and one source value.
pub(super) fn most_places(isa: Isa, vectors: usize) -> usize {
    match isa {
        Isa::Avx512 | Isa::Neon => [14, 14, 9, 6][vectors - 1],
        Isa::Avx2 | Isa::Portable => [8, 6, 4, 3][vectors - 1],
    }
}

/// The width of the tile, in vectors, that suits a number of destination channels.
pub(super) fn best_vectors(isa: Isa, channels: usize) -> usize {
    let widest = match isa {
        Isa::Avx512 | Isa::Neon => 4,
        Isa::Avx2 | Isa::Portable => 2,
    };
    channels.div_ceil(isa.lanes()).clamp(1, widest)
}

/// Source values that lie side by side in memory, seen from any place inside the source.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// From the place's first channel of the group.
    pub offset: isize,
    pub len: usize,
}

/// A part of the sum, small enough for its weights to stay in the second cache.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The first channel of the group, and how many.
    pub channel: usize,
    pub channels: usize,
    pub taps: std::ops::Range<usize>,
    /// The same products for places inside the source, with neighbouring taps joined.
    pub runs: Vec<Run>,
    /// Where this part's weights start in a block whose vectors are one value wide.
    pub packed: usize,
}

/// Everything a tile reads and writes.
pub(super) struct TileArgs<'a> {
    pub places: &'a [Place],
    pub part: &'a Part,
    pub taps: &'a [Tap],
    /// Depth, height and width of the source.
    pub source_size: [usize; 3],
    /// The first channel of the group at the source's first place.
    pub source: *const f32,
    /// Channels of the source.
    pub source_stride: usize,
    /// The weights of this block and part: one vector tile for each tap and channel.
    pub weights: *const f32,
    /// The block's bias values; null for none.
    pub bias: *const f32,
    /// What the sums start from besides the bias, laid out as the destination with its own distance
    /// between places; null for nothing.
    pub start: *const f32,
    pub start_stride: usize,
    /// The first channel of the block at the destination's first place.
    pub output: *mut f32,
    /// The distance between places of the destination.
    pub output_stride: usize,
    /// Destination channels of the block; at most the width of the tile.
    pub channels: usize,
    /// The sum is complete after this part.
    pub complete: bool,
    pub finish: Finish,
}

struct TileOp<'a, 'b, const P: usize, const NV: usize, const U: usize>(&'b TileArgs<'a>);

impl<const P: usize, const NV: usize, const U: usize> WithSimd for TileOp<'_, '_, P, NV, U> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        let t = self.0;
        debug_assert!(t.places.len() == P && t.channels <= NV * S::LANES);
        // Plain loops instead of `array::from_fn` and closures: these are compiled without the vector
        // instructions until they are inlined, and the compiler doesn't always do that.
        let mut masks = [s.first(0); NV];
        for (v, mask) in masks.iter_mut().enumerate() {
            *mask = s.first(t.channels.saturating_sub(v * S::LANES));
        }
        let Some(places) = t.places.first_chunk::<P>() else { return };
        let mut outputs = [t.output; P];
        let mut bases = [t.source; P];
        for p in 0..P {
            outputs[p] = t.output.wrapping_add(places[p].destination * t.output_stride);
            bases[p] = t.source.wrapping_offset(places[p].source * t.source_stride as isize);
        }

        // U sets of sums, for tiles too small to keep the multipliers busy with one.
        let mut sums = [[[s.zero(); NV]; P]; U];
        for v in 0..NV {
            if !t.bias.is_null() {
                // SAFETY: the bias holds the block's channels, and the mask keeps to them.
                let bias = unsafe { s.load_masked(t.bias.wrapping_add(v * S::LANES), masks[v]) };
                for p in 0..P {
                    sums[0][p][v] = bias;
                }
            }
            if !t.start.is_null() {
                for p in 0..P {
                    let from = t.start.wrapping_add(places[p].destination * t.start_stride);
                    // SAFETY: there are the block's channels at each of the places, and the mask
                    // keeps to them (`Ends::new` checks the lengths).
                    let start = unsafe { s.load_masked(from.wrapping_add(v * S::LANES), masks[v]) };
                    sums[0][p][v] = s.add(sums[0][p][v], start);
                }
            }
        }

        let mut weights = t.weights;
        if places.iter().all(|place| place.inside) {
            for run in &t.part.runs {
                let mut rows = bases;
                for row in &mut rows {
                    *row = row.wrapping_offset(run.offset);
                }
                // SAFETY: every tap of every place lies inside the source (`Place::inside`), and a
                // run covers channels of such taps only; the block has NV vectors of weights for each.
                weights = unsafe { accumulate(s, &mut sums, &rows, run.len, weights) };
            }
        } else {
            let channel = t.part.channel as isize;
            for tap in &t.taps[t.part.taps.clone()] {
                let offset = tap.linear * t.source_stride as isize + channel;
                let mut rows = [ZEROS.as_ptr(); P];
                for p in 0..P {
                    if places[p].holds(tap.offset, t.source_size) {
                        rows[p] = bases[p].wrapping_offset(offset);
                    }
                }
                // SAFETY: each row is a place of the source with the part's channels, or the zeros,
                // of which there are as many as a part may have channels.
                weights = unsafe { accumulate(s, &mut sums, &rows, t.part.channels, weights) };
            }
        }

        for p in 0..P {
            for v in 0..NV {
                let mut sum = sums[0][p][v];
                for set in &sums[1..] {
                    sum = s.add(sum, set[p][v]);
                }
                if t.complete {
                    sum = t.finish.apply(s, sum);
                }
                let to = outputs[p].wrapping_add(v * S::LANES);
                // SAFETY: the destination holds the block's channels at each of the places; the full store is within the block
                // because all its lanes are channels of the block.
                unsafe {
                    if (v + 1) * S::LANES <= t.channels {
                        s.store_ptr(sum, to);
                    } else {
                        s.store_masked(sum, to, masks[v]);
                    }
                }
            }
        }
    }
}

/// Adds `len` products to each sum; returns the address behind the weights read.
///
/// # Safety
/// Each row is valid to read for `len` values, and `weights` for `len × NV` vectors.
#[inline(always)]
unsafe fn accumulate<S: Simd, const P: usize, const NV: usize, const U: usize>(
    s: S,
    sums: &mut [[[S::V; NV]; P]; U],
    rows: &[*const f32; P],
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

/// Adds one product to each sum.
///
/// # Safety
/// Each row is valid to read at `k`, and `weights` for NV vectors.
#[inline(always)]
unsafe fn step<S: Simd, const P: usize, const NV: usize>(
    s: S,
    sums: &mut [[S::V; NV]; P],
    rows: &[*const f32; P],
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
        let x = s.splat(unsafe { *rows[p].add(k) });
        for v in 0..NV {
            sums[p][v] = s.fma(x, w[v], sums[p][v]);
        }
    }
}

/// Computes a tile of `args.places.len()` places and `vectors` vectors.
///
/// # Safety
/// The pointers of `args` hold what their fields say, for every place and tap that `args` names.
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
    match (vectors, args.places.len()) {
        (1, 1) => tile!(1, 1, 8),
        (1, 2) => tile!(2, 1, 4),
        (1, 3) => tile!(3, 1, 2),
        (1, 4) => tile!(4, 1, 2),
        (1, 5) => tile!(5, 1),
        (1, 6) => tile!(6, 1),
        (1, 7) => tile!(7, 1),
        (1, 8) => tile!(8, 1),
        (2, 1) => tile!(1, 2, 4),
        (2, 2) => tile!(2, 2, 2),
        (2, 3) => tile!(3, 2),
        (2, 4) => tile!(4, 2),
        (2, 5) => tile!(5, 2),
        (2, 6) => tile!(6, 2),
        (vectors, places) if S::REGISTERS >= 32 => match (vectors, places) {
            (1, 9) => tile!(9, 1),
            (1, 10) => tile!(10, 1),
            (1, 11) => tile!(11, 1),
            (1, 12) => tile!(12, 1),
            (1, 13) => tile!(13, 1),
            (1, 14) => tile!(14, 1),
            (2, 7) => tile!(7, 2),
            (2, 8) => tile!(8, 2),
            (2, 9) => tile!(9, 2),
            (2, 10) => tile!(10, 2),
            (2, 11) => tile!(11, 2),
            (2, 12) => tile!(12, 2),
            (2, 13) => tile!(13, 2),
            (2, 14) => tile!(14, 2),
            (3, 1) => tile!(1, 3, 4),
            (3, 2) => tile!(2, 3, 2),
            (3, 3) => tile!(3, 3),
            (3, 4) => tile!(4, 3),
            (3, 5) => tile!(5, 3),
            (3, 6) => tile!(6, 3),
            (3, 7) => tile!(7, 3),
            (3, 8) => tile!(8, 3),
            (3, 9) => tile!(9, 3),
            (4, 1) => tile!(1, 4, 2),
            (4, 2) => tile!(2, 4),
            (4, 3) => tile!(3, 4),
            (4, 4) => tile!(4, 4),
            (4, 5) => tile!(5, 4),
            (4, 6) => tile!(6, 4),
            _ => unreachable!("no tile of {places} places and {vectors} vectors"),
        },
        (vectors, places) => unreachable!("no tile of {places} places and {vectors} vectors"),
    }
}
