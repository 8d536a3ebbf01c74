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
//! G,  row of p:     [1, p, p², …] ÷ M′(p);                row of ∞: [0, …, 0, 1]
//! Aᵀ, column of p:  [1, p, p², …];                        column of ∞: [0, …, 0, 1]
//! ```
//!
//! Bᵀ depends on the points alone, so that the same transformed input serves m = 4, r = 3 (the convolution)
//! and m = 3, r = 4 (the gradient of its weights, where 4 × 4 gradients are the kernel).
//!
//! | α | points | forward and input gradient | weight gradient |
//! |---|---|---|---|
//! | 6 | 0, ±2/3, ±3/2, ∞ | [`Input6`], [`Kernel6`], [`Output6`] | [`Input6`], [`Gradient6`], [`Weights6`] |
//! | 4 | 0, ±1, ∞ | [`Input4`], [`Kernel4`], [`Output4`] | – |
//!
//! The usual points for α = 6 are 0, ±1, ±2. Their largest error was 4 times that of ±2/3 and ±3/2 (5.9 against
//! 1.4 × 10⁻⁶ of the largest result, 64 channels), which cost no more: the product of their squares is 1.
//!
//! # Source
//! A. Lavin, S. Gray, *Fast Algorithms for Convolutional Neural Networks*; B. Barabasz et al., *Error
//! Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural Networks*, for the points.

use crate::simd::Simd;

/// A transform in one direction, N values to M.
pub(in crate::conv) trait Transform<const N: usize, const M: usize> {
    /// The matrix times `x`.
    fn apply<S: Simd>(s: S, x: [S::V; N]) -> [S::V; M];
}

/// Applies a transform to the columns, then to the rows, of N × N vectors.
///
/// `read(i, j)` gives the vector of row i and column j, `write(i, j, y)` takes it: a tile lives where
/// the caller keeps it, and only the half-transformed one (M × N) is on the stack.
#[inline(always)]
pub(in crate::conv) fn both_ways<T: Transform<N, M>, S: Simd, const N: usize, const M: usize>(
    s: S,
    read: impl Fn(usize, usize) -> S::V,
    mut write: impl FnMut(usize, usize, S::V),
) {
    let mut half = [[s.zero(); N]; M];
    for j in 0..N {
        let mut column = [s.zero(); N];
        for i in 0..N {
            column[i] = read(i, j);
        }
        let column = T::apply(s, column);
        for i in 0..M {
            half[i][j] = column[i];
        }
    }
    for i in 0..M {
        let row = T::apply(s, half[i]);
        for j in 0..M {
            write(i, j, row[j]);
        }
    }
}

/// The smaller of the points of α = 6, the larger one is 1 ÷ A.
const A: f32 = 2.0 / 3.0;
const B: f32 = 1.5;
const A2: f32 = 4.0 / 9.0;
const B2: f32 = 2.25;
/// M′(±A) and M′(±B), with M(x) = x (x² − A²) (x² − B²).
const SLOPE_A: f32 = 2.0 * A2 * (A2 - B2);
const SLOPE_B: f32 = 2.0 * B2 * (B2 - A2);

/// Bᵀ of α = 6.
pub(in crate::conv) enum Input6 {}

impl Transform<6, 6> for Input6 {
    #[inline(always)]
    fn apply<S: Simd>(s: S, x: [S::V; 6]) -> [S::V; 6] {
        let (a2, b2, sum) = (s.splat(A2), s.splat(B2), s.splat(A2 + B2));
        let (a, b) = (s.splat(A), s.splat(B));
        let (even_a, odd_a) = (s.neg_fma(b2, x[2], x[4]), s.neg_fma(b2, x[1], x[3]));
        let (even_b, odd_b) = (s.neg_fma(a2, x[2], x[4]), s.neg_fma(a2, x[1], x[3]));
        [
            s.neg_fma(sum, x[2], s.add(x[0], x[4])),
            s.fma(a, odd_a, even_a),
            s.neg_fma(a, odd_a, even_a),
            s.fma(b, odd_b, even_b),
            s.neg_fma(b, odd_b, even_b),
            s.neg_fma(sum, x[3], s.add(x[1], x[5])),
        ]
    }
}

/// G of m = 4, r = 3, but for the factor 1 ÷ M′(p) of each row, which [`Output6`] has: it costs nothing
/// there, and a quarter of the operations here.
pub(in crate::conv) enum Kernel6 {}

impl Transform<3, 6> for Kernel6 {
    #[inline(always)]
    fn apply<S: Simd>(s: S, x: [S::V; 3]) -> [S::V; 6] {
        let (a, b) = (s.splat(A), s.splat(B));
        let even_a = s.fma(s.splat(A2), x[2], x[0]);
        let even_b = s.fma(s.splat(B2), x[2], x[0]);
        [
            x[0],
            s.fma(a, x[1], even_a),
            s.neg_fma(a, x[1], even_a),
            s.fma(b, x[1], even_b),
            s.neg_fma(b, x[1], even_b),
            x[2],
        ]
    }
}

/// Aᵀ of m = 4, r = 3, with the factors that [`Kernel6`] leaves out.
pub(in crate::conv) enum Output6 {}

impl Transform<6, 4> for Output6 {
    #[inline(always)]
    fn apply<S: Simd>(s: S, x: [S::V; 6]) -> [S::V; 4] {
        let (even_a, odd_a) = (s.add(x[1], x[2]), s.sub(x[1], x[2]));
        let (even_b, odd_b) = (s.add(x[3], x[4]), s.sub(x[3], x[4]));
        let (a, b) = (1.0 / SLOPE_A, 1.0 / SLOPE_B);
        let (a0, a1, a2, a3) = (s.splat(a), s.splat(A * a), s.splat(A2 * a), s.splat(A * A2 * a));
        let (b0, b1, b2, b3) = (s.splat(b), s.splat(B * b), s.splat(B2 * b), s.splat(B * B2 * b));
        [
            s.fma(a0, even_a, s.fma(b0, even_b, x[0])),
            s.fma(a1, odd_a, s.mul(b1, odd_b)),
            s.fma(a2, even_a, s.mul(b2, even_b)),
            s.fma(a3, odd_a, s.fma(b3, odd_b, x[5])),
        ]
    }
}

/// G of m = 3, r = 4.
pub(in crate::conv) enum Gradient6 {}

impl Transform<4, 6> for Gradient6 {
    #[inline(always)]
    fn apply<S: Simd>(s: S, x: [S::V; 4]) -> [S::V; 6] {
        let even_a = s.fma(s.splat(A2 / SLOPE_A), x[2], s.mul(s.splat(1.0 / SLOPE_A), x[0]));
        let even_b = s.fma(s.splat(B2 / SLOPE_B), x[2], s.mul(s.splat(1.0 / SLOPE_B), x[0]));
        let odd_a = s.fma(s.splat(A * A2 / SLOPE_A), x[3], s.mul(s.splat(A / SLOPE_A), x[1]));
        let odd_b = s.fma(s.splat(B * B2 / SLOPE_B), x[3], s.mul(s.splat(B / SLOPE_B), x[1]));
        [
            x[0],
            s.add(even_a, odd_a),
            s.sub(even_a, odd_a),
            s.add(even_b, odd_b),
            s.sub(even_b, odd_b),
            x[3],
        ]
    }
}

/// Aᵀ of m = 3, r = 4.
pub(in crate::conv) enum Weights6 {}

impl Transform<6, 3> for Weights6 {
    #[inline(always)]
    fn apply<S: Simd>(s: S, x: [S::V; 6]) -> [S::V; 3] {
        let (even_a, odd_a) = (s.add(x[1], x[2]), s.sub(x[1], x[2]));
        let (even_b, odd_b) = (s.add(x[3], x[4]), s.sub(x[3], x[4]));
        [
            s.add(x[0], s.add(even_a, even_b)),
            s.fma(s.splat(A), odd_a, s.mul(s.splat(B), odd_b)),
            s.fma(s.splat(A2), even_a, s.fma(s.splat(B2), even_b, x[5])),
        ]
    }
}

/// Bᵀ of α = 4, its first row with the sign turned (as in [`Kernel4`]).
pub(in crate::conv) enum Input4 {}

impl Transform<4, 4> for Input4 {
    #[inline(always)]
    fn apply<S: Simd>(s: S, x: [S::V; 4]) -> [S::V; 4] {
        [s.sub(x[0], x[2]), s.add(x[2], x[1]), s.sub(x[2], x[1]), s.sub(x[3], x[1])]
    }
}

/// G of m = 2, r = 3.
pub(in crate::conv) enum Kernel4 {}

impl Transform<3, 4> for Kernel4 {
    #[inline(always)]
    fn apply<S: Simd>(s: S, x: [S::V; 3]) -> [S::V; 4] {
        let half = s.splat(0.5);
        let even = s.mul(half, s.add(x[0], x[2]));
        [x[0], s.fma(half, x[1], even), s.neg_fma(half, x[1], even), x[2]]
    }
}

/// Aᵀ of m = 2, r = 3.
pub(in crate::conv) enum Output4 {}

impl Transform<4, 2> for Output4 {
    #[inline(always)]
    fn apply<S: Simd>(s: S, x: [S::V; 4]) -> [S::V; 2] {
        [s.add(x[0], s.add(x[1], x[2])), s.add(s.sub(x[1], x[2]), x[3])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Portable;

    /// The matrix of a transform, column by column.
    fn matrix<T: Transform<N, M>, const N: usize, const M: usize>() -> [[f64; N]; M] {
        let s = Portable;
        let mut matrix = [[0.0; N]; M];
        for j in 0..N {
            let mut unit = [s.zero(); N];
            unit[j] = s.splat(1.0);
            let column = T::apply(s, unit);
            for i in 0..M {
                matrix[i][j] = f64::from(s.reduce_max(column[i]));
            }
        }
        matrix
    }

    /// The largest error of Σ over α of Aᵀ[y][α] G[α][g] Bᵀ[α][d] as the indicator of d = y + g.
    fn error<I, G, O, const ALPHA: usize, const TAPS: usize, const OUT: usize>() -> f64
    where
        I: Transform<ALPHA, ALPHA>,
        G: Transform<TAPS, ALPHA>,
        O: Transform<ALPHA, OUT>,
    {
        let (input, kernel, output) =
            (matrix::<I, _, _>(), matrix::<G, _, _>(), matrix::<O, _, _>());
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
        assert_eq!(error::<Input4, Kernel4, Output4, 4, 3, 2>(), 0.0);
    }

    #[test]
    fn the_transforms_of_six_points_correlate_but_for_the_rounding_of_their_constants() {
        let bound = 4.0 * f64::from(f32::EPSILON);
        assert!(error::<Input6, Kernel6, Output6, 6, 3, 4>() < bound);
        assert!(error::<Input6, Gradient6, Weights6, 6, 4, 3>() < bound);
    }
}
