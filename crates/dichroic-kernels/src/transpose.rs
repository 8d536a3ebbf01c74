//! Changing the order of axes.

use crate::elementwise::map::compiled_for;
use crate::error::{KernelError, count};
use crate::isa::Isa;
use crate::parallel;

/// `y[i₀, i₁, …] = x[…]` with the axes in another order: axis `k` of `y` is axis `permutation[k]`
/// of `x`.
///
/// The gradient is the transposition by the inverse order ([`TransposePlan::inverse`]).
///
/// # Shapes
/// `x`: the plan's shape; `y`: its sizes in the new order.
///
/// # Source
/// numpy's `transpose`, `keras.layers.Permute`.
///
/// ```
/// use dichroic_kernels::isa::Isa;
/// use dichroic_kernels::transpose::TransposePlan;
/// let plan = TransposePlan::new(&[2, 3], &[1, 0], Isa::detect())?;
/// let mut y = [0.0; 6];
/// plan.run(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &mut y);
/// assert_eq!(y, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
/// # Ok::<(), dichroic_kernels::error::KernelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransposePlan {
    isa: Isa,
    permutation: Vec<usize>,
    output_shape: Vec<usize>,
    len: usize,
    /// Sizes of the output's axes and their strides in the input, where neighbours that stay
    /// neighbours count as one axis.
    axes: Vec<(usize, usize)>,
}

/// Rows of the output that are written together, so that a cache line of the input that is read
/// across them is used whole.
const TILE: usize = 16;

impl TransposePlan {
    /// Plans for one shape and order.
    ///
    /// # Errors
    /// [`KernelError::Axes`] when `permutation` doesn't name each axis once.
    pub fn new(shape: &[usize], permutation: &[usize], isa: Isa) -> Result<Self, KernelError> {
        const KERNEL: &str = "transpose";
        let len = count(KERNEL, shape)?;
        let mut named = vec![false; shape.len()];
        let each_once = permutation.len() == shape.len()
            && permutation.iter().all(|&axis| {
                named.get_mut(axis).is_some_and(|named| !std::mem::replace(named, true))
            });
        if !each_once {
            let (rank, received) = (shape.len(), permutation.to_vec());
            return Err(KernelError::Axes { kernel: KERNEL, rank, received });
        }
        let strides: Vec<usize> = (0..shape.len())
            .map(|axis| shape[axis + 1..].iter().fold(1usize, |a, &b| a.saturating_mul(b)))
            .collect();
        let mut axes: Vec<(usize, usize)> = Vec::new();
        for &axis in permutation.iter().filter(|&&axis| shape[axis] != 1) {
            let (size, stride) = (shape[axis], strides[axis]);
            match axes.last_mut() {
                Some(last) if last.1 == stride.saturating_mul(size) => {
                    *last = (last.0 * size, stride)
                }
                _ => axes.push((size, stride)),
            }
        }
        let output_shape = permutation.iter().map(|&axis| shape[axis]).collect();
        Ok(Self { isa, permutation: permutation.to_vec(), output_shape, len, axes })
    }

    /// The shape of the output.
    pub fn output_shape(&self) -> &[usize] {
        &self.output_shape
    }

    /// The order that leads back: the permutation of the gradient.
    pub fn inverse(&self) -> Vec<usize> {
        let mut inverse = vec![0; self.permutation.len()];
        for (to, &from) in self.permutation.iter().enumerate() {
            inverse[from] = to;
        }
        inverse
    }

    /// The number of scratch values that a run needs: none.
    pub fn scratch_len(&self) -> usize {
        0
    }

    /// Transposes.
    ///
    /// # Panics
    /// When a length is not that of the plan.
    pub fn run(&self, x: &[f32], y: &mut [f32]) {
        assert_eq!(x.len(), self.len, "the input's length must be that of the plan");
        assert_eq!(y.len(), self.len, "the output's length must be that of the plan");
        let (&(row, step), outer) = match self.axes.split_last() {
            Some(split) => split,
            None => return y.copy_from_slice(x),
        };
        let rows = if step == 1 { (4096 / row.max(1)).max(1) } else { TILE };
        parallel::for_each_chunk(y, rows * row, rows * row / 2, |i, y| {
            let start = |j: usize| {
                let (mut rest, mut offset) = (i * rows + j, 0);
                for &(size, stride) in outer.iter().rev() {
                    offset += rest % size * stride;
                    rest /= size;
                }
                offset
            };
            if step == 1 {
                for (j, y) in y.chunks_exact_mut(row).enumerate() {
                    y.copy_from_slice(&x[start(j)..][..row]);
                }
                return;
            }
            let mut starts = [0; TILE];
            let used = y.len() / row;
            starts[..used].iter_mut().enumerate().for_each(|(j, s)| *s = start(j));
            compiled_for(
                self.isa,
                #[inline(always)]
                || gather(x, &starts[..used], (row, step), y),
            );
        });
    }
}

/// `y[j, k] = x[starts[j] + k · step]`, in tiles along `k`.
#[inline(always)]
fn gather(x: &[f32], starts: &[usize], (row, step): (usize, usize), y: &mut [f32]) {
    for first in (0..row).step_by(TILE) {
        for (y, &start) in y.chunks_exact_mut(row).zip(starts) {
            let end = row.min(first + TILE);
            for (k, y) in y[first..end].iter_mut().enumerate() {
                *y = x[start + (first + k) * step];
            }
        }
    }
}

pub mod reference {
    //! Transposition as its definition reads.

    use crate::elementwise::reference::{for_each_index, offset};

    /// Puts the axes in another order.
    pub fn transpose(x: &[f32], shape: &[usize], permutation: &[usize]) -> Vec<f32> {
        let output: Vec<usize> = permutation.iter().map(|&axis| shape[axis]).collect();
        let mut y = Vec::new();
        for_each_index(&output, |index| {
            let mut from = vec![0; shape.len()];
            permutation.iter().zip(index).for_each(|(&axis, &i)| from[axis] = i);
            y.push(x[offset(&from, shape)]);
        });
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(shape: &[usize], permutation: &[usize]) {
        let x: Vec<f32> = (0..shape.iter().product()).map(|i: usize| i as f32).collect();
        for isa in Isa::available() {
            let plan = TransposePlan::new(shape, permutation, isa).unwrap();
            let mut y = vec![f32::NAN; x.len()];
            plan.run(&x, &mut y);
            assert_eq!(
                y,
                reference::transpose(&x, shape, permutation),
                "{shape:?} {permutation:?}"
            );
            let back = TransposePlan::new(plan.output_shape(), &plan.inverse(), isa).unwrap();
            let mut again = vec![f32::NAN; x.len()];
            back.run(&y, &mut again);
            assert_eq!(again, x);
        }
    }

    #[test]
    fn every_order_of_the_axes_is_right_and_leads_back() {
        let orders = [
            [0, 1, 2, 3],
            [0, 3, 1, 2],
            [0, 2, 3, 1],
            [3, 2, 1, 0],
            [1, 0, 2, 3],
            [2, 3, 0, 1],
            [0, 2, 1, 3],
        ];
        for order in orders {
            for shape in [[2, 3, 4, 5], [1, 17, 1, 33], [3, 0, 2, 2], [2, 40, 7, 19]] {
                check(&shape, &order);
            }
        }
        check(&[], &[]);
        check(&[300, 70], &[1, 0]);
    }

    #[test]
    fn an_order_that_names_an_axis_twice_is_refused() {
        for order in [&[0, 0][..], &[0], &[0, 2], &[0, 1, 2]] {
            assert!(TransposePlan::new(&[2, 3], order, Isa::Portable).is_err(), "{order:?}");
        }
    }
}
