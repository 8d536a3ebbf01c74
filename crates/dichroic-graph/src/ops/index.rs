//! Indices that come as values.

use crate::shape::Shape;

/// The place on an axis of this size that an index names, counted from the end where it is negative; `None` where
/// there is no such place, or the index is no number. A fraction is cut off.
///
/// Indices are `f32` as all values are, so that places above 2²⁴ can't all be named.
pub(super) fn place(index: f32, size: usize) -> Option<usize> {
    let index = f64::from(index).trunc();
    let size = size as f64;
    let from_front = if index < 0.0 { index + size } else { index };
    (from_front >= 0.0 && from_front < size).then_some(from_front as usize)
}

/// Where indices point that have a place of their own for every value: each replaces its own place on one axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Elements {
    /// Each axis of the indices, with its stride in the value; 0 for the one that is indexed.
    axes: Vec<(usize, usize)>,
    /// The size and the stride of the axis that is indexed.
    indexed: (usize, usize),
}

impl Elements {
    /// Whether indices of this shape point into a value of that shape.
    pub(super) fn fit(axis: usize, x: &[usize], indices: &[usize]) -> bool {
        let within = |other: usize| other == axis || indices[other] <= x[other];
        axis < x.len() && indices.len() == x.len() && (0..x.len()).all(within)
    }

    /// For shapes that fit.
    pub(super) fn new(axis: usize, x: &[usize], indices: &[usize]) -> Self {
        let strides = strides(x);
        let indexed = (x[axis], strides[axis]);
        let stride = |other: usize| if other == axis { 0 } else { strides[other] };
        let axes = (0..x.len()).map(|other| (indices[other], stride(other))).collect();
        Self { axes, indexed }
    }

    /// The place in the value of the index that is the `at`-th of its own.
    pub(super) fn place(&self, at: usize, index: f32) -> Option<usize> {
        let (mut rest, mut offset) = (at, 0);
        for &(size, stride) in self.axes.iter().rev() {
            offset += rest % size * stride;
            rest /= size;
        }
        let (size, stride) = self.indexed;
        place(index, size).map(|place| offset + place * stride)
    }
}

/// The slices of a value that tuples of indices name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slices {
    /// Tuples that belong to one batch, and the values of one batch.
    batch: (usize, usize),
    /// Size and stride of each axis that is indexed.
    indexed: Vec<(usize, usize)>,
    /// The values in a slice.
    pub(super) len: usize,
}

impl Slices {
    /// The shape of the slices that tuples (the last axis of the indices) name, the first `batch_dims` axes
    /// being shared by both; `None` where the shapes don't suit.
    pub(super) fn shape(batch_dims: usize, x: &[usize], indices: &[usize]) -> Option<Shape> {
        let (&tuple, before) = indices.split_last()?;
        let behind = x.get(batch_dims.checked_add(tuple)?..)?;
        let shared = before.get(..batch_dims)? == &x[..batch_dims];
        shared.then(|| before.iter().chain(behind).copied().collect())
    }

    /// For shapes that suit.
    pub(super) fn new(batch_dims: usize, x: &[usize], indices: &[usize]) -> Self {
        let product = |axes: &[usize]| Shape::new(axes).elements();
        let (&tuple, before) = indices.split_last().expect("the shapes were checked");
        let strides = strides(x);
        let axes = batch_dims..batch_dims + tuple;
        Self {
            batch: (product(&before[batch_dims..]), product(&x[batch_dims..])),
            indexed: axes.map(|axis| (x[axis], strides[axis])).collect(),
            len: product(&x[batch_dims + tuple..]),
        }
    }

    /// Where the slice of the `at`-th tuple begins.
    pub(super) fn start(&self, at: usize, indices: &[f32]) -> Option<usize> {
        let tuple = &indices[at * self.indexed.len()..][..self.indexed.len()];
        let first = at / self.batch.0 * self.batch.1;
        tuple.iter().zip(&self.indexed).try_fold(first, |start, (&index, &(size, stride))| {
            Some(start + place(index, size)? * stride)
        })
    }
}

fn strides(shape: &[usize]) -> Vec<usize> {
    (0..shape.len()).map(|axis| Shape::new(&shape[axis + 1..]).elements()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_index_counts_from_the_end() {
        assert_eq!([0.0, 2.0, -1.0, -3.0].map(|index| place(index, 3)), [0, 2, 2, 0].map(Some));
        assert_eq!(place(-0.5, 3), Some(0));
    }

    #[test]
    fn an_index_outside_names_no_place() {
        for index in [3.0, -4.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(place(index, 3), None, "{index}");
        }
        assert_eq!(place(0.0, 0), None);
    }
}
