//! Stretching axes of size 1, by numpy's rules.

use crate::elementwise::map::{self, BLOCK};
use crate::error::{KernelError, count};

/// The shape that both shapes are stretched to.
///
/// Axes are compared from the last one on; they must be equal, or one of them 1.
///
/// # Errors
/// [`KernelError::Broadcast`] when an axis fits neither way.
///
/// ```
/// use dichroic_kernels::broadcast::broadcast_shape;
/// assert_eq!(broadcast_shape("add", &[2, 1, 3], &[4, 1])?, [2, 4, 3]);
/// # Ok::<(), dichroic_kernels::error::KernelError>(())
/// ```
pub fn broadcast_shape(
    kernel: &'static str,
    a: &[usize],
    b: &[usize],
) -> Result<Vec<usize>, KernelError> {
    let rank = a.len().max(b.len());
    let size = |shape: &[usize], axis: usize| {
        (axis + shape.len()).checked_sub(rank).map_or(1, |own_axis| shape[own_axis])
    };
    (0..rank)
        .map(|axis| match (size(a, axis), size(b, axis)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            _ => Err(KernelError::Broadcast { kernel, a: a.to_vec(), b: b.to_vec() }),
        })
        .collect()
}

/// How several stretched operands are walked together.
///
/// Neighbouring axes that all operands walk in the same manner count as one. The last axis that is
/// left is the row; each operand steps through it by 1, or by 0 where it is stretched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The sizes of the axes before the row.
    outer: Vec<usize>,
    /// The values in a row.
    pub(crate) row: usize,
    /// The values in all.
    pub(crate) len: usize,
    pub(crate) operands: Vec<Operand>,
}

/// One operand of a [`Layout`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operand {
    pub(crate) len: usize,
    pub(crate) kind: OperandKind,
    /// The stride of each axis before the row.
    strides: Vec<usize>,
    /// The step in a row: 0 or 1.
    step: usize,
}

/// The cases in which an operand needs no look at single rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperandKind {
    /// It has all values.
    Full,
    /// It has one value.
    Scalar,
    /// It has one row, the same for all.
    OneRow,
    /// Anything else.
    Rows,
}

impl Layout {
    /// The walk over `shape`, to which each operand can be stretched.
    pub(crate) fn new(
        kernel: &'static str,
        shape: &[usize],
        operands: &[&[usize]],
    ) -> Result<Self, KernelError> {
        let len = count(kernel, shape)?;
        let strides: Vec<Vec<usize>> =
            operands.iter().map(|operand| stretched_strides(operand, shape)).collect();
        let mut sizes: Vec<usize> = Vec::new();
        let mut merged: Vec<Vec<usize>> = vec![Vec::new(); operands.len()];
        for (axis, &size) in shape.iter().enumerate().filter(|&(_, &size)| size != 1) {
            let joins = !sizes.is_empty()
                && strides.iter().zip(&merged).all(|(own, done)| {
                    done.last().is_some_and(|&outer| outer == own[axis].saturating_mul(size))
                });
            if joins {
                *sizes.last_mut().expect("an axis to join exists") *= size;
            } else {
                sizes.push(size);
            }
            for (own, done) in strides.iter().zip(&mut merged) {
                if joins {
                    done.pop();
                }
                done.push(own[axis]);
            }
        }
        let row = sizes.pop().unwrap_or(1);
        let operands = operands
            .iter()
            .zip(merged)
            .map(|(operand, mut strides)| {
                let step = strides.pop().unwrap_or(1);
                let operand_len = count(kernel, operand)?;
                let kind = if operand_len == len {
                    OperandKind::Full
                } else if operand_len == 1 {
                    OperandKind::Scalar
                } else if step == 1 && strides.iter().all(|&stride| stride == 0) {
                    OperandKind::OneRow
                } else {
                    OperandKind::Rows
                };
                Ok(Operand { len: operand_len, kind, strides, step })
            })
            .collect::<Result<_, KernelError>>()?;
        Ok(Self { outer: sizes, row, len, operands })
    }

    /// True when no operand needs a look at rows, so that blocks may be cut anywhere.
    pub(crate) fn is_flat(&self) -> bool {
        let flat =
            |operand: &Operand| matches!(operand.kind, OperandKind::Full | OperandKind::Scalar);
        self.operands.iter().all(flat)
    }

    /// The length of a block: whole rows, unless the layout is flat.
    pub(crate) fn block_len(&self) -> usize {
        if self.is_flat() || self.row == 0 { BLOCK } else { (BLOCK / self.row).max(1) * self.row }
    }

    /// The part of an operand that belongs to the row which starts at value `start`.
    #[inline(always)]
    pub(crate) fn row_of<'a>(&self, operand: &Operand, data: &'a [f32], start: usize) -> &'a [f32] {
        let mut rest = start / self.row;
        let mut offset = 0;
        for (&size, &stride) in self.outer.iter().zip(&operand.strides).rev() {
            offset += rest % size * stride;
            rest /= size;
        }
        &data[offset..offset + if operand.step == 1 { self.row } else { 1 }]
    }

    /// Writes the values of an operand that belong to the block which starts at value `start`.
    #[inline(always)]
    pub(crate) fn expand(&self, operand: &Operand, data: &[f32], start: usize, block: &mut [f32]) {
        match operand.kind {
            OperandKind::Full => block.copy_from_slice(&data[start..start + block.len()]),
            OperandKind::Scalar => block.fill(data[0]),
            OperandKind::OneRow => {
                block.chunks_mut(self.row).for_each(|row| row.copy_from_slice(data))
            }
            OperandKind::Rows => {
                for (i, row) in block.chunks_mut(self.row).enumerate() {
                    match self.row_of(operand, data, start + i * self.row) {
                        [value] => row.fill(*value),
                        values => row.copy_from_slice(values),
                    }
                }
            }
        }
    }
}

/// The stride of each axis of `shape` in an operand that is stretched to it; 0 where it is stretched.
fn stretched_strides(operand: &[usize], shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![0; shape.len()];
    let mut stride = 1usize;
    for (axis, &size) in operand.iter().enumerate().rev() {
        let axis = shape.len() - operand.len() + axis;
        if size == shape[axis] {
            strides[axis] = stride;
        }
        stride = stride.saturating_mul(size);
    }
    strides
}

/// Stretches an array to a shape: `y[…] = x[…]`, with the axes of size 1 repeated.
///
/// Its gradient is the sum over the stretched axes ([`crate::reduce`]).
///
/// # Shapes
/// `x`: any that numpy's rules stretch to the shape of `y`.
///
/// # Source
/// numpy's `broadcast_to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroadcastPlan {
    layout: Layout,
}

impl BroadcastPlan {
    /// Plans for one pair of shapes.
    ///
    /// # Errors
    /// [`KernelError::Broadcast`] when `from` can't be stretched to `to`.
    pub fn new(from: &[usize], to: &[usize]) -> Result<Self, KernelError> {
        const KERNEL: &str = "broadcast";
        if broadcast_shape(KERNEL, from, to)? != to {
            return Err(KernelError::Broadcast {
                kernel: KERNEL,
                a: from.to_vec(),
                b: to.to_vec(),
            });
        }
        Ok(Self { layout: Layout::new(KERNEL, to, &[from])? })
    }

    /// The number of scratch values that a run needs: none.
    pub fn scratch_len(&self) -> usize {
        0
    }

    /// Writes the stretched array.
    ///
    /// # Panics
    /// When a length is not that of the plan's shapes.
    pub fn run(&self, x: &[f32], y: &mut [f32]) {
        let (layout, operand) = (&self.layout, &self.layout.operands[0]);
        assert_eq!(x.len(), operand.len, "the input's length must be that of the plan");
        assert_eq!(y.len(), layout.len, "the output's length must be that of the plan");
        map::blocks_of(y, layout.block_len(), |start, block| {
            layout.expand(operand, x, start, block);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elementwise::reference;

    #[test]
    fn every_axis_can_be_stretched() {
        for (from, to) in [
            (vec![], vec![2, 3]),
            (vec![1, 3], vec![2, 3]),
            (vec![2, 1], vec![2, 3]),
            (vec![2, 1, 4, 1], vec![2, 3, 4, 5]),
            (vec![1, 3, 1, 5], vec![2, 3, 4, 5]),
            (vec![3, 1], vec![0, 3, 2]),
            (vec![700, 1], vec![700, 9]),
        ] {
            let x: Vec<f32> = (0..from.iter().product()).map(|i: usize| i as f32).collect();
            let mut expected = Vec::new();
            reference::for_each_index(&to, |index| {
                expected.push(x[reference::broadcast_offset(index, &from)]);
            });
            let plan = BroadcastPlan::new(&from, &to).unwrap();
            let mut y = vec![f32::NAN; expected.len()];
            plan.run(&x, &mut y);
            assert_eq!(y, expected, "{from:?} to {to:?}");
        }
    }

    #[test]
    fn a_shape_that_would_have_to_shrink_is_refused() {
        assert!(BroadcastPlan::new(&[2, 3], &[1, 3]).is_err());
        assert!(BroadcastPlan::new(&[2], &[3]).is_err());
        let error = broadcast_shape("add", &[2, 3], &[4, 3]).unwrap_err().to_string();
        assert!(error.contains("[2, 3] and [4, 3]"), "{error}");
    }
}
