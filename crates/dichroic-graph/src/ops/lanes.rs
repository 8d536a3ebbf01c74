//! The lines of values along one axis.

use crate::shape::Shape;

/// A value seen along one axis: `outer · inner` lanes of `size` values, `inner` apart.
///
/// ```text
///          ┌──────── size ────────┐
/// outer 0  │ inner │ inner │ inner │
/// outer 1  │ inner │ inner │ inner │      a lane takes the same place of each `inner`
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lanes {
    /// The product of the axes before.
    pub(super) outer: usize,
    /// The size of the axis.
    pub(super) size: usize,
    /// The product of the axes behind.
    pub(super) inner: usize,
}

impl Lanes {
    /// The lanes along an axis that exists.
    pub(super) fn along(axis: usize, shape: &[usize]) -> Self {
        let product = |axes: &[usize]| Shape::new(axes).elements();
        Self {
            outer: product(&shape[..axis]),
            size: shape[axis],
            inner: product(&shape[axis + 1..]),
        }
    }

    /// Where lane `i` begins; its values are `inner` apart.
    pub(super) fn start(self, i: usize) -> usize {
        i / self.inner * self.size * self.inner + i % self.inner
    }

    /// Where each lane begins.
    pub(super) fn starts(self) -> impl Iterator<Item = usize> {
        (0..self.outer * self.inner).map(move |i| self.start(i))
    }

    /// Where the values of the lane that begins at `start` lie.
    pub(super) fn places(self, start: usize) -> impl DoubleEndedIterator<Item = usize> {
        (0..self.size).map(move |k| start + k * self.inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_cover_every_value_once() {
        for axis in 0..3 {
            let lanes = Lanes::along(axis, &[2, 3, 4]);
            let mut places: Vec<usize> =
                lanes.starts().flat_map(|start| lanes.places(start)).collect();
            places.sort_unstable();
            assert!(places.into_iter().eq(0..24), "axis {axis}");
        }
        assert_eq!(Lanes::along(1, &[2, 0, 4]).starts().count(), 8);
    }
}
