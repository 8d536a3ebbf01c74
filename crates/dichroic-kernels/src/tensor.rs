//! A dense array of `f32` with its shape.

use thiserror::Error;

/// A dense row-major array of `f32`: a shape and as many values as the shape has places.
///
/// # Shapes
/// Any rank, rank 0 (one value) included. An axis of size 0 makes the tensor empty.
///
/// ```
/// use dichroic_kernels::tensor::Tensor;
/// let x = Tensor::new(vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// assert_eq!((x.rank(), x.len()), (2, 6));
/// # Ok::<(), dichroic_kernels::tensor::TensorError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Vec<f32>,
}

/// What can be wrong with a shape.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TensorError {
    /// The shape has another number of places than there are values.
    #[error("shape {shape:?} has {expected} places, but {received} values were given")]
    Length {
        /// The shape asked for.
        shape: Vec<usize>,
        /// Its number of places.
        expected: usize,
        /// The number of values given.
        received: usize,
    },
    /// The number of places or of bytes is more than the machine can address.
    #[error("shape {shape:?} has more places than this machine can address")]
    TooLarge {
        /// The shape asked for.
        shape: Vec<usize>,
    },
}

/// The number of places in a shape.
///
/// # Errors
/// [`TensorError::TooLarge`] where the number of bytes would overflow `isize`.
pub fn element_count(shape: &[usize]) -> Result<usize, TensorError> {
    let too_large = || TensorError::TooLarge { shape: shape.to_vec() };
    // An axis of size 0 makes the tensor empty, however large the others are.
    if shape.contains(&0) {
        return Ok(0);
    }
    let count = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    let count = count.ok_or_else(too_large)?;
    match count.checked_mul(size_of::<f32>()) {
        Some(bytes) if isize::try_from(bytes).is_ok() => Ok(count),
        _ => Err(too_large()),
    }
}

impl Tensor {
    /// A tensor of this shape that holds these values, in row-major order.
    ///
    /// # Errors
    /// [`TensorError::Length`] when the numbers differ, [`TensorError::TooLarge`] for a shape beyond
    /// the address space.
    pub fn new(shape: impl Into<Vec<usize>>, data: Vec<f32>) -> Result<Self, TensorError> {
        let shape = shape.into();
        let expected = element_count(&shape)?;
        if expected != data.len() {
            return Err(TensorError::Length { shape, expected, received: data.len() });
        }
        Ok(Self { shape, data })
    }

    /// A tensor of zeros.
    ///
    /// # Errors
    /// [`TensorError::TooLarge`] for a shape beyond the address space.
    pub fn zeros(shape: impl Into<Vec<usize>>) -> Result<Self, TensorError> {
        Self::full(shape, 0.0)
    }

    /// A tensor with the same value everywhere.
    ///
    /// # Errors
    /// [`TensorError::TooLarge`] for a shape beyond the address space.
    pub fn full(shape: impl Into<Vec<usize>>, value: f32) -> Result<Self, TensorError> {
        let shape = shape.into();
        let count = element_count(&shape)?;
        Ok(Self { data: vec![value; count], shape })
    }

    /// A tensor of rank 0: one value.
    pub fn scalar(value: f32) -> Self {
        Self { shape: Vec::new(), data: vec![value] }
    }

    /// The size of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values in row-major order.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// The values in row-major order, to be changed.
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// The values alone.
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// True when an axis has size 0.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The same values under another shape.
    ///
    /// # Errors
    /// [`TensorError::Length`] when the new shape has another number of places.
    pub fn reshape(self, shape: impl Into<Vec<usize>>) -> Result<Self, TensorError> {
        Self::new(shape, self.data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_number_of_values_is_refused_with_both_numbers() {
        let error = Tensor::new([2, 3], vec![0.0; 5]).unwrap_err();
        assert_eq!(error.to_string(), "shape [2, 3] has 6 places, but 5 values were given");
    }

    #[test]
    fn a_shape_beyond_the_address_space_is_refused_before_memory_is_taken() {
        let shape = vec![usize::MAX, 2];
        assert_eq!(Tensor::zeros(shape.clone()), Err(TensorError::TooLarge { shape }));
        let shape = vec![usize::MAX / 4];
        assert_eq!(Tensor::zeros(shape.clone()), Err(TensorError::TooLarge { shape }));
    }

    #[test]
    fn an_axis_of_size_zero_makes_an_empty_tensor() {
        assert!(Tensor::zeros([3, 0, usize::MAX]).unwrap().is_empty());
    }

    #[test]
    fn rank_zero_holds_one_value() {
        let x = Tensor::new([], vec![7.0]).unwrap();
        assert_eq!((x.rank(), x.len()), (0, 1));
        assert_eq!(x, Tensor::scalar(7.0));
    }

    #[test]
    fn reshape_keeps_the_values_and_refuses_another_length() {
        let x = Tensor::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        let flat = x.clone().reshape([4]).unwrap();
        assert_eq!(flat.data(), x.data());
        assert!(x.reshape([3]).is_err());
    }
}
