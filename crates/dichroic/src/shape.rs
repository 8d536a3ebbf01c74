//! Shapes as a model knows them: sizes that may be open until data arrive.

use std::fmt;

/// A shape whose axes may be unknown, printed as Keras prints it: `(None, 28, 28, 32)`.
///
/// Axis 0 is the batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape(Box<[Option<usize>]>);

impl Shape {
    /// A shape from all its axes, batch first.
    pub fn new(axes: impl Into<Vec<Option<usize>>>) -> Self {
        Self(axes.into().into_boxed_slice())
    }

    /// A shape with an open batch axis before the given axes.
    pub fn batched(axes: &[usize]) -> Self {
        Self(std::iter::once(None).chain(axes.iter().copied().map(Some)).collect())
    }

    /// The axes of one sample, written like a shape but without the batch: `(28, 28, 3)`.
    pub(crate) fn sample(&self) -> Self {
        Self::new(&self.0[1.min(self.0.len())..])
    }

    /// All axes, batch first.
    pub fn axes(&self) -> &[Option<usize>] {
        &self.0
    }

    /// The number of axes, the batch included.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The last axis; `None` if it is open or the shape has no axes.
    pub fn channels(&self) -> Option<usize> {
        self.0.last().copied().flatten()
    }

    /// The axes between batch and channels; empty for rank 2 and below.
    pub fn spatial(&self) -> &[Option<usize>] {
        if self.0.len() < 3 { &[] } else { &self.0[1..self.0.len() - 1] }
    }

    /// The product of all axes but the batch; `None` if one is open or the product overflows.
    pub fn elements(&self) -> Option<usize> {
        self.0.iter().skip(1).try_fold(1usize, |product, axis| product.checked_mul((*axis)?))
    }

    /// The shape with this batch size; `None` if another axis is open.
    pub fn with_batch(&self, batch: usize) -> Option<Vec<usize>> {
        let mut axes = vec![batch];
        for axis in self.0.iter().skip(1) {
            axes.push((*axis)?);
        }
        Some(axes)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (i, axis) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            match axis {
                Some(size) => write!(f, "{size}")?,
                None => f.write_str("None")?,
            }
        }
        f.write_str(if self.0.len() == 1 { ",)" } else { ")" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_prints_as_a_python_tuple() {
        assert_eq!(Shape::batched(&[28, 28, 3]).to_string(), "(None, 28, 28, 3)");
        assert_eq!(Shape::new([None]).to_string(), "(None,)");
    }

    #[test]
    fn elements_leave_out_the_batch_and_need_every_axis() {
        assert_eq!(Shape::batched(&[4, 5]).elements(), Some(20));
        assert_eq!(Shape::new([None, None, Some(3)]).elements(), None);
    }
}
