//! Two values walked together by numpy's broadcasting: what pairwise ops and matrix products share.

use crate::shape::Shape;

/// How two operands are walked in the order of the shape that both are stretched to.
///
/// Neighbouring axes along which each operand moves in one stride count as one. The last of them is the row, in
/// which an operand moves by 1, or by 0 where it is stretched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretched {
    /// The axes before the row: the size, and the stride in each operand.
    outer: Vec<(usize, [usize; 2])>,
    /// The values in a row; at least 1.
    row: usize,
    /// The step of each operand in a row: 0 or 1.
    steps: [usize; 2],
}

impl Stretched {
    /// The walk over `shape`, to which both operands can be stretched.
    pub(super) fn new(shape: &[usize], operands: [&[usize]; 2]) -> Self {
        let strides = operands.map(|operand| strides(operand, shape));
        let mut axes: Vec<(usize, [usize; 2])> = Vec::new();
        for (axis, &size) in shape.iter().enumerate().filter(|&(_, &size)| size != 1) {
            let own = [strides[0][axis], strides[1][axis]];
            match axes.last_mut() {
                Some((outer, done)) if *done == own.map(|stride| stride.saturating_mul(size)) => {
                    *outer = outer.saturating_mul(size);
                    *done = own;
                }
                _ => axes.push((size, own)),
            }
        }
        let (row, steps) = axes.pop().unwrap_or((1, [1, 1]));
        Self { outer: axes, row: row.max(1), steps }
    }

    /// Calls `visit` for each piece of a row among the values `start .. start + block.len()`: with the piece, and with
    /// where each operand stands at its first value.
    pub(super) fn pieces(
        &self,
        start: usize,
        block: &mut [f32],
        mut visit: impl FnMut(&mut [f32], [usize; 2]),
    ) {
        let mut at = start;
        let mut rest = block;
        while !rest.is_empty() {
            let column = at % self.row;
            let len = rest.len().min(self.row - column);
            let (piece, after) = rest.split_at_mut(len);
            visit(piece, self.at(at));
            rest = after;
            at += len;
        }
    }

    /// Where each operand stands at a value.
    pub(super) fn at(&self, value: usize) -> [usize; 2] {
        let mut rest = value / self.row;
        let mut offsets = self.steps.map(|step| value % self.row * step);
        for (size, strides) in self.outer.iter().rev() {
            let index = rest % size;
            rest /= size;
            offsets = [0, 1].map(|side| offsets[side] + index * strides[side]);
        }
        offsets
    }

    /// `piece[i] = f(a[i], b[i])` for a piece that begins where [`Stretched::pieces`] says.
    #[inline]
    pub(super) fn zip(
        &self,
        piece: &mut [f32],
        (a, b): (&[f32], &[f32]),
        f: impl Fn(f32, f32) -> f32,
    ) {
        match self.steps {
            [1, 1] => {
                for ((y, &a), &b) in piece.iter_mut().zip(a).zip(b) {
                    *y = f(a, b);
                }
            }
            [1, _] => {
                let b = b[0];
                piece.iter_mut().zip(a).for_each(|(y, &a)| *y = f(a, b));
            }
            [_, 1] => {
                let a = a[0];
                piece.iter_mut().zip(b).for_each(|(y, &b)| *y = f(a, b));
            }
            _ => piece.fill(f(a[0], b[0])),
        }
    }
}

/// The stride of each axis of `shape` in an operand that is stretched to it; 0 where it is stretched.
fn strides(operand: &[usize], shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![0; shape.len()];
    let added = shape.len() - operand.len();
    let mut stride = 1usize;
    for (axis, &size) in operand.iter().enumerate().rev() {
        if size == shape[added + axis] {
            strides[added + axis] = stride;
        }
        stride = stride.saturating_mul(size);
    }
    strides
}

/// Whether the items of a batch stay apart where values are stretched to each other: axes are matched from the last
/// one on, so that among operands of different rank the batch of one would meet another axis of the other.
pub(super) fn batches_meet(inputs: &[&Shape], batched: &[bool]) -> bool {
    let rank = inputs.iter().map(|shape| shape.len()).max();
    inputs.iter().zip(batched).all(|(shape, &batched)| !batched || Some(shape.len()) == rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(shape: &[usize], a: (&[f32], &[usize]), b: (&[f32], &[usize])) -> Vec<f32> {
        let walk = Stretched::new(shape, [a.1, b.1]);
        let mut y = vec![0.0; shape.iter().product()];
        // Blocks that rows don't divide.
        for (i, block) in y.chunks_mut(5).enumerate() {
            walk.pieces(5 * i, block, |piece, at| {
                walk.zip(piece, (&a.0[at[0]..], &b.0[at[1]..]), |a, b| a + b);
            });
        }
        y
    }

    #[test]
    fn a_column_and_a_row_make_a_table() {
        let y = sums(&[2, 3], (&[10.0, 20.0], &[2, 1]), (&[1.0, 2.0, 3.0], &[3]));
        assert_eq!(y, [11.0, 12.0, 13.0, 21.0, 22.0, 23.0]);
    }

    #[test]
    fn axes_that_both_operands_walk_alike_are_one_row() {
        let walk = Stretched::new(&[2, 3, 4], [&[2, 3, 4], &[2, 3, 4]]);
        assert_eq!((walk.row, walk.outer.len()), (24, 0));
        let inner = Stretched::new(&[2, 3, 4], [&[2, 3, 4], &[3, 4]]);
        assert_eq!((inner.row, inner.outer.len()), (12, 1));
    }

    #[test]
    fn an_axis_stretched_in_the_middle_is_walked_again() {
        let a: Vec<f32> = (0..4).map(|i| i as f32).collect();
        let y = sums(&[2, 3, 2], (&a, &[2, 1, 2]), (&[100.0], &[]));
        assert_eq!(y[..6], [100.0, 101.0, 100.0, 101.0, 100.0, 101.0]);
        assert_eq!(y[6..], [102.0, 103.0, 102.0, 103.0, 102.0, 103.0]);
    }
}
