//! The products in the transformed domain: a register tile of tiles × filters, summed over channels.
//!
//! ```text
//! values:   channel block │ tile │ LANES channels        weights:  channel │ NV × LANES filters
//! sums:     tile │ NV × LANES filters
//! ```
//!
//! The tiles of a panel lie a vector apart, so that all P values of a channel have one base address
//! and constant distances: one pointer register instead of P.

use crate::isa::Isa;
use crate::simd::{Simd, WithSimd};

/// The most tiles of a panel for blocks of so many vectors of filters.
pub(super) fn most_tiles(isa: Isa, vectors: usize) -> usize {
    match (isa, vectors) {
        (Isa::Avx512 | Isa::Neon, 1 | 2) => 14,
        (Isa::Avx512 | Isa::Neon, _) => 6,
        (Isa::Avx2 | Isa::Portable, _) => 6,
    }
}

/// One product of a panel with a block of filters, for one place of the transformed tiles.
pub(super) struct Product {
    pub values: *const f32,
    pub weights: *const f32,
    /// The weights that are needed next, as many; any address is fine.
    pub next: *const f32,
    pub sums: *mut f32,
    /// Channels of each slice.
    pub channels: usize,
    pub slices: usize,
}

struct Multiply<'a, const P: usize, const NV: usize>(&'a Product);

impl<const P: usize, const NV: usize> WithSimd for Multiply<'_, P, NV> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        let (mut values, mut weights, mut next) = (self.0.values, self.0.weights, self.0.next);
        let mut sums = [[s.zero(); NV]; P];
        for _ in 0..self.0.slices {
            let mut left = self.0.channels;
            while left > 0 {
                let count = left.min(S::LANES);
                for k in 0..count {
                    let mut w = [s.zero(); NV];
                    for v in 0..NV {
                        // From memory 256 → 256 channels at 14 × 14 take 0.41 instead of 0.51 ms; fetched into the
                        // first cache they were no faster.
                        s.prefetch_second(next.wrapping_add(v * S::LANES));
                        // SAFETY: the weights hold NV vectors for each channel.
                        w[v] = unsafe { s.load_ptr(weights.add(v * S::LANES)) };
                    }
                    for p in 0..P {
                        // SAFETY: each channel block of the panel holds a vector for each tile.
                        let x = s.splat(unsafe { *values.add(p * S::LANES + k) });
                        for v in 0..NV {
                            sums[p][v] = s.fma(x, w[v], sums[p][v]);
                        }
                    }
                    weights = weights.wrapping_add(NV * S::LANES);
                    next = next.wrapping_add(NV * S::LANES);
                }
                values = values.wrapping_add(P * S::LANES);
                left -= count;
            }
        }
        for p in 0..P {
            for v in 0..NV {
                // SAFETY: the sums hold NV vectors for each tile.
                unsafe { s.store_ptr(sums[p][v], self.0.sums.add((p * NV + v) * S::LANES)) };
            }
        }
    }
}

/// Multiplies a panel of so many tiles with a block of so many vectors of filters.
///
/// # Safety
/// The pointers hold what the head of this file shows.
pub(super) unsafe fn multiply<S: Simd>(s: S, tiles: usize, vectors: usize, product: &Product) {
    macro_rules! tile {
        ($p:literal, $nv:literal) => {
            s.vectorize(Multiply::<$p, $nv>(product))
        };
    }
    match (vectors, tiles) {
        (1, 1) => tile!(1, 1),
        (1, 2) => tile!(2, 1),
        (1, 3) => tile!(3, 1),
        (1, 4) => tile!(4, 1),
        (1, 5) => tile!(5, 1),
        (1, 6) => tile!(6, 1),
        (2, 1) => tile!(1, 2),
        (2, 2) => tile!(2, 2),
        (2, 3) => tile!(3, 2),
        (2, 4) => tile!(4, 2),
        (2, 5) => tile!(5, 2),
        (2, 6) => tile!(6, 2),
        _ if const { S::REGISTERS >= 32 } => match (vectors, tiles) {
            (1, 7) => tile!(7, 1),
            (1, 8) => tile!(8, 1),
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
            (4, 1) => tile!(1, 4),
            (4, 2) => tile!(2, 4),
            (4, 3) => tile!(3, 4),
            (4, 4) => tile!(4, 4),
            (4, 5) => tile!(5, 4),
            (4, 6) => tile!(6, 4),
            _ => unreachable!("no panel of {tiles} tiles for {vectors} vectors"),
        },
        _ => unreachable!("no panel of {tiles} tiles for {vectors} vectors"),
    }
}
