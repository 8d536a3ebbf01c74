//! The transforms of Winograd's convolution, vectorised over channels.
//!
//! A correlation of `α = m + r − 1` values d with r values g has m results, and needs α products instead
//! of m × r: y = Aᵀ (G g ⊙ Bᵀ d). In two directions each transform is applied to columns, then to
//! rows, and α² products do the work of m² × r².
//!
//! The matrices come from interpolation. With M(x) = ∏ (x − p) over the α − 1 finite points p:
//!
//! ```text
//! Bᵀ, row of p:     the coefficients of M(x) ÷ (x − p);   row of ∞: those of M(x)
//! G,  row of p:     [1, p, p², …];                        row of ∞: [0, …, 0, 1]
//! Aᵀ, column of p:  [1, p, p², …] ÷ M′(p);                column of ∞: [0, …, 0, 1]
//! ```
//!
//! (The factor 1 ÷ M′(p) is often found in G. In Aᵀ it costs nothing, in G a quarter of the operations.)
//! Points come in pairs ±p beside ∞, and beside 0 where α is even, so that a pair's two rows share their even and odd parts.
//! Bᵀ depends on the points alone: the same transformed input serves m = 4, r = 3 (a convolution) and m = 3,
//! r = 4 (the gradient of its weights, where 4 × 4 gradients are the kernel).
//!
//! An axis without a transform has α = m = r = 1.
//!
//! # Accuracy
//! Points near 1 whose squares multiply to 1 keep values of one size. Largest error as a share of the root mean
//! square of 512 channels' results, from simulation:
//!
//! | α | points | 1-D | 2-D | usual points, 2-D |
//! |---|---|---|---|---|
//! | 4 | 0, ±1, ∞ | | 3 × 10⁻⁶ | same |
//! | 5 | ±0.4, ±1.3, ∞ (searched for) | | 4 × 10⁻⁶ | |
//! | 6 | 0, ±√½, ±√2, ∞ | 6 × 10⁻⁶ | 1.1 × 10⁻⁵ | 5 × 10⁻⁵ (±1, ±2) |
//! | 7 | ±0.3, ±0.85, ±1.7, ∞ (searched for) | | 1.4 × 10⁻⁵ | |
//! | 8 | 0, ±1/2, ±1, ±2, ∞ | 1 × 10⁻⁵ | 6.5 × 10⁻⁵ | same |
//! | 9 | ±0.24, ±0.68, ±1.08, ±2.11, ∞ (searched for) | | 2 × 10⁻⁴ | |
//! | 10 | 0, ±2/5, ±4/5, ±5/4, ±2, ∞ | 2.5 × 10⁻⁵ | not used | |
//!
//! # Source
//! A. Lavin, S. Gray, *Fast Algorithms for Convolutional Neural Networks*; B. Barabasz et al., *Error
//! Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural Networks*, for the points.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use crate::simd::Simd;

/// A transform in one direction, for any number of points.
pub(in crate::conv) trait Transform {
    /// The matrix times `x`.
    fn apply<S: Simd, const N: usize, const M: usize>(s: S, x: [S::V; N]) -> [S::V; M];
}

/// Applies a transform to the columns, then to the rows, of N × K vectors; gives M × L.
///
/// `read(i, j)` gives the vector of row i and column j, column by column, `write(i, j, y)` takes it, row by row: a tile lives where
/// the caller keeps it, and only the half-transformed one (M × K) is on the stack.
#[inline(always)]
pub(in crate::conv) fn both_ways<
    T: Transform,
    S: Simd,
    const N: usize,
    const M: usize,
    const K: usize,
    const L: usize,
>(
    s: S,
    mut read: impl FnMut(usize, usize) -> S::V,
    mut write: impl FnMut(usize, usize, S::V),
) {
    let mut half = [[s.zero(); K]; M];
    for j in 0..K {
        let mut column = [s.zero(); N];
        for i in 0..N {
            column[i] = read(i, j);
        }
        let column = T::apply::<S, N, M>(s, column);
        for i in 0..M {
            half[i][j] = column[i];
        }
    }
    for i in 0..M {
        let row = T::apply::<S, K, L>(s, half[i]);
        for j in 0..L {
            write(i, j, row[j]);
        }
    }
}

/// The most pairs of points.
const PAIRS: usize = 4;
/// The most outputs or taps of a tile along one axis.
const POWERS: usize = 8;

/// The points ±p of an axis, and what its matrices are made of.
struct Points {
    pairs: usize,
    /// 1 where 0 is a point too.
    zero: usize,
    /// p⁰, p¹, … of each pair, and the same divided by M′(±p).
    powers: [[f32; POWERS]; PAIRS],
    scaled: [[f32; POWERS]; PAIRS],
    /// Coefficients of ∏ (x − q²) over all pairs ±q but this one, lowest first.
    others: [[f32; PAIRS]; PAIRS],
    /// The same over all pairs.
    all: [f32; PAIRS + 1],
    /// 1 ÷ M′(0), where 0 is a point.
    scale_of_zero: f32,
}

impl Points {
    /// The points for tiles of `alpha` inputs along an axis.
    const fn new(alpha: usize) -> Self {
        let points: &[f64] = match alpha {
            4 => &[1.0],
            5 => &[0.4, 1.3],
            6 => &[FRAC_1_SQRT_2, SQRT_2],
            7 => &[0.3, 0.85, 1.7],
            8 => &[0.5, 1.0, 2.0],
            9 => &[0.24, 0.68, 1.08, 2.11],
            10 => &[0.4, 0.8, 1.25, 2.0],
            _ => panic!("no points for this size of tile"),
        };
        let mut new = Self {
            pairs: points.len(),
            zero: 1 - alpha % 2,
            powers: [[0.0; POWERS]; PAIRS],
            scaled: [[0.0; POWERS]; PAIRS],
            others: [[0.0; PAIRS]; PAIRS],
            all: [0.0; PAIRS + 1],
            scale_of_zero: 0.0,
        };
        let all = coefficients(points, points.len());
        // M(x) = x ∏ (x² − q²), so that M′(0) is the lowest coefficient.
        new.scale_of_zero = (1.0 / all[0]) as f32;
        let mut i = 0;
        while i <= points.len() {
            new.all[i] = all[i] as f32;
            i += 1;
        }
        let mut pair = 0;
        while pair < points.len() {
            let p = points[pair];
            let others = coefficients(points, pair);
            // M′(±p) = 2 p² ∏ (p² − q²) over the other pairs; without 0 ±2 p ∏ (p² − q²).
            let (mut slope, mut square) = (0.0, if new.zero == 1 { 2.0 * p * p } else { 2.0 * p });
            let mut i = 0;
            while i < points.len() {
                new.others[pair][i] = others[i] as f32;
                slope += others[i] * square;
                square *= p * p;
                i += 1;
            }
            let (mut i, mut power) = (0, 1.0);
            while i < POWERS {
                new.powers[pair][i] = power as f32;
                new.scaled[pair][i] = (power / slope) as f32;
                power *= p;
                i += 1;
            }
            pair += 1;
        }
        new
    }
}

/// Coefficients of ∏ (x − p²) over all points but the one of this number, lowest first.
const fn coefficients(points: &[f64], except: usize) -> [f64; PAIRS + 1] {
    let mut product = [0.0; PAIRS + 1];
    product[0] = 1.0;
    let (mut i, mut degree) = (0, 0);
    while i < points.len() {
        if i != except {
            let square = points[i] * points[i];
            degree += 1;
            let mut k = degree;
            while k > 0 {
                product[k] = product[k - 1] - square * product[k];
                k -= 1;
            }
            product[0] *= -square;
        }
        i += 1;
    }
    product
}

/// Bᵀ.
pub(in crate::conv) enum Input {}

impl Transform for Input {
    #[inline(always)]
    fn apply<S: Simd, const N: usize, const M: usize>(s: S, x: [S::V; N]) -> [S::V; M] {
        let mut y = [s.zero(); M];
        if N == 1 {
            y[0] = x[0];
            return y;
        }
        let points = const { &if N == 1 { Points::new(4) } else { Points::new(N) } };
        // M holds another factor x where 0 is a point.
        let zero = points.zero;
        let last = points.pairs - 1;
        for pair in 0..points.pairs {
            let (mut even, mut odd) = (x[2 * last + 1 + zero], x[2 * last + zero]);
            for i in 0..last {
                let factor = s.splat(points.others[pair][i]);
                even = s.fma(factor, x[2 * i + 1 + zero], even);
                odd = s.fma(factor, x[2 * i + zero], odd);
            }
            let p = s.splat(points.powers[pair][1]);
            y[2 * pair + zero] = s.fma(p, odd, even);
            y[2 * pair + 1 + zero] = s.neg_fma(p, odd, even);
        }
        y[M - 1] = x[N - 1];
        for i in 0..points.pairs {
            y[M - 1] = s.fma(s.splat(points.all[i]), x[2 * i + zero], y[M - 1]);
        }
        if zero == 1 {
            y[0] = x[N - 2];
            for i in 0..points.pairs {
                y[0] = s.fma(s.splat(points.all[i]), x[2 * i], y[0]);
            }
        }
        y
    }
}

/// G, from r = N taps to α = M.
pub(in crate::conv) enum Kernel {}

impl Transform for Kernel {
    #[inline(always)]
    fn apply<S: Simd, const N: usize, const M: usize>(s: S, x: [S::V; N]) -> [S::V; M] {
        let mut y = [s.zero(); M];
        if M == 1 {
            y[0] = x[0];
            return y;
        }
        let points = const { &if M == 1 { Points::new(4) } else { Points::new(M) } };
        for pair in 0..points.pairs {
            let (mut even, mut odd) = (x[0], x[1]);
            for i in 2..N {
                if i % 2 == 0 {
                    even = s.fma(s.splat(points.powers[pair][i]), x[i], even);
                } else {
                    odd = s.fma(s.splat(points.powers[pair][i - 1]), x[i], odd);
                }
            }
            let p = s.splat(points.powers[pair][1]);
            y[2 * pair + points.zero] = s.fma(p, odd, even);
            y[2 * pair + 1 + points.zero] = s.neg_fma(p, odd, even);
        }
        if points.zero == 1 {
            y[0] = x[0];
        }
        y[M - 1] = x[N - 1];
        y
    }
}

/// Aᵀ, from α = N to m = M outputs.
pub(in crate::conv) enum Output {}

impl Transform for Output {
    #[inline(always)]
    fn apply<S: Simd, const N: usize, const M: usize>(s: S, x: [S::V; N]) -> [S::V; M] {
        let mut y = [s.zero(); M];
        if N == 1 {
            y[0] = x[0];
            return y;
        }
        let points = const { &if N == 1 { Points::new(4) } else { Points::new(N) } };
        let zero = points.zero;
        if zero == 1 {
            y[0] = s.mul(s.splat(points.scale_of_zero), x[0]);
        }
        y[M - 1] = x[N - 1];
        for pair in 0..points.pairs {
            let (plus, minus) = (x[2 * pair + zero], x[2 * pair + 1 + zero]);
            let (sum, difference) = (s.add(plus, minus), s.sub(plus, minus));
            // Without 0 M′(−p) is −M′(p).
            let (even, odd) = if zero == 1 { (sum, difference) } else { (difference, sum) };
            for i in 0..M {
                let part = if i % 2 == 0 { even } else { odd };
                y[i] = s.fma(s.splat(points.scaled[pair][i]), part, y[i]);
            }
        }
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Portable;

    /// The matrix of a transform, column by column.
    fn matrix<T: Transform, const N: usize, const M: usize>() -> [[f64; N]; M] {
        let s = Portable;
        let mut matrix = [[0.0; N]; M];
        for j in 0..N {
            let mut unit = [s.zero(); N];
            unit[j] = s.splat(1.0);
            let column = T::apply::<_, N, M>(s, unit);
            for i in 0..M {
                matrix[i][j] = f64::from(s.reduce_max(column[i]));
            }
        }
        matrix
    }

    /// The largest error of Σ over α of Aᵀ[y][α] G[α][g] Bᵀ[α][d] as the indicator of d = y + g.
    fn error<const ALPHA: usize, const TAPS: usize, const OUT: usize>() -> f64 {
        let input = matrix::<Input, ALPHA, ALPHA>();
        let kernel = matrix::<Kernel, TAPS, ALPHA>();
        let output = matrix::<Output, ALPHA, OUT>();
        let mut worst = 0.0f64;
        for y in 0..OUT {
            for g in 0..TAPS {
                for d in 0..ALPHA {
                    let product = |a: usize| output[y][a] * kernel[a][g] * input[a][d];
                    let sum: f64 = (0..ALPHA).map(product).sum();
                    worst = worst.max((sum - f64::from(u8::from(d == y + g))).abs());
                }
            }
        }
        worst
    }

    #[test]
    fn the_transforms_of_four_points_correlate_exactly() {
        assert_eq!(error::<4, 3, 2>(), 0.0);
    }

    #[test]
    fn an_axis_without_a_transform_is_left_as_it_is() {
        assert_eq!(error::<1, 1, 1>(), 0.0);
    }

    #[test]
    fn transforms_correlate_but_for_the_rounding_of_their_constants() {
        let bound = 4.0 * f64::from(f32::EPSILON);
        assert!(error::<5, 2, 4>() < bound, "α = 5: {:.1e}", error::<5, 2, 4>());
        assert!(error::<7, 4, 4>() < 2.0 * bound, "α = 7: {:.1e}", error::<7, 4, 4>());
        for error in [error::<6, 3, 4>(), error::<6, 4, 3>(), error::<6, 5, 2>()] {
            assert!(error < bound, "α = 6: {error:.1e}");
        }
        for error in [error::<8, 3, 6>(), error::<8, 5, 4>(), error::<8, 4, 5>()] {
            assert!(error < bound, "α = 8: {error:.1e}");
        }
        assert!(error::<9, 3, 7>() < 4.0 * bound, "α = 9: {:.1e}", error::<9, 3, 7>());
        assert!(error::<10, 7, 4>() < 4.0 * bound, "α = 10: {:.1e}", error::<10, 7, 4>());
    }
}
