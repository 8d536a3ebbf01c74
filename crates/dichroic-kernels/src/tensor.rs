//! A dense array of `f32` with its shape.

use std::fmt;

use thiserror::Error;

use crate::mapped::SharedBytes;

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
#[derive(Clone)]
pub struct Tensor {
    shape: Vec<usize>,
    values: Values,
}

/// Where the values lie.
#[derive(Clone)]
enum Values {
    Owned(Vec<f32>),
    /// Bytes that [`SharedBytes::floats`] gives as floats, usually of a mapped file; copied when they are to be changed.
    Shared(SharedBytes),
}

impl Values {
    fn as_slice(&self) -> &[f32] {
        match self {
            Self::Owned(values) => values,
            Self::Shared(bytes) => bytes.floats().expect("checked when the tensor was made"),
        }
    }
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
        Ok(Self { shape, values: Values::Owned(data) })
    }

    /// A tensor of this shape whose values are little-endian floats, in row-major order.
    ///
    /// The bytes are shared where they are aligned, and copied otherwise.
    ///
    /// # Errors
    /// As [`Tensor::new`]; bytes after the last value count as one value more.
    pub fn from_bytes(
        shape: impl Into<Vec<usize>>,
        bytes: SharedBytes,
    ) -> Result<Self, TensorError> {
        let shape = shape.into();
        let expected = element_count(&shape)?;
        if expected.checked_mul(size_of::<f32>()) != Some(bytes.len()) {
            let whole = bytes.len() / size_of::<f32>();
            let received = if whole == expected { whole + 1 } else { whole };
            return Err(TensorError::Length { shape, expected, received });
        }
        let values = match bytes.floats() {
            Some(_) => Values::Shared(bytes),
            None => {
                let (values, _) = bytes.as_chunks();
                Values::Owned(values.iter().map(|&value| f32::from_le_bytes(value)).collect())
            }
        };
        Ok(Self { shape, values })
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
        Ok(Self { values: Values::Owned(vec![value; count]), shape })
    }

    /// A tensor of rank 0: one value.
    pub fn scalar(value: f32) -> Self {
        Self { shape: Vec::new(), values: Values::Owned(vec![value]) }
    }

    /// The size of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values in row-major order.
    pub fn data(&self) -> &[f32] {
        self.values.as_slice()
    }

    /// The values in row-major order, to be changed; values that are shared are copied first.
    pub fn data_mut(&mut self) -> &mut [f32] {
        self.detach();
        match &mut self.values {
            Values::Owned(values) => values,
            Values::Shared(_) => unreachable!("a detached tensor owns its values"),
        }
    }

    /// The values alone; values that are shared are copied.
    pub fn into_data(self) -> Vec<f32> {
        match self.values {
            Values::Owned(values) => values,
            shared @ Values::Shared(_) => shared.as_slice().to_vec(),
        }
    }

    /// Whether the values lie in bytes that the tensor shares with others, such as a mapped file.
    pub fn is_shared(&self) -> bool {
        matches!(self.values, Values::Shared(_))
    }

    /// Copies values that are shared, so that whatever happens to the file they came from no longer matters.
    pub fn detach(&mut self) {
        if let Values::Shared(_) = self.values {
            self.values = Values::Owned(self.values.as_slice().to_vec());
        }
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.data().len()
    }

    /// True when an axis has size 0.
    pub fn is_empty(&self) -> bool {
        self.data().is_empty()
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
        let (shape, received) = (shape.into(), self.len());
        let expected = element_count(&shape)?;
        if expected != received {
            return Err(TensorError::Length { shape, expected, received });
        }
        Ok(Self { shape, values: self.values })
    }
}

impl PartialEq for Tensor {
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape && self.data() == other.data()
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tensor").field("shape", &self.shape).field("data", &self.data()).finish()
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

    fn shared(values: &[f32], offset: usize) -> SharedBytes {
        let bytes =
            vec![0u8; offset].into_iter().chain(values.iter().flat_map(|x| x.to_le_bytes()));
        let bytes = SharedBytes::from(bytes.collect::<Vec<u8>>());
        bytes.slice(offset..bytes.len()).unwrap()
    }

    #[test]
    fn shared_bytes_make_an_equal_tensor_wherever_they_lie() {
        let own = Tensor::new([2, 2], vec![1.0, -2.0, 3.5, f32::MIN_POSITIVE]).unwrap();
        for offset in 0..8 {
            let tensor = Tensor::from_bytes([2, 2], shared(own.data(), offset)).unwrap();
            assert_eq!(tensor, own);
            assert_eq!(format!("{tensor:?}"), format!("{own:?}"));
            assert_eq!(tensor.clone().reshape([4]).unwrap().into_data(), own.data());
        }
        // At least one of four neighbouring places is aligned.
        let is_shared =
            |offset| Tensor::from_bytes([4], shared(own.data(), offset)).unwrap().is_shared();
        assert_eq!((0..4).any(is_shared), cfg!(target_endian = "little"));
    }

    #[test]
    fn a_change_is_made_in_a_copy_of_shared_values() {
        let whole = shared(&[1.0, 2.0], 0);
        let mut first = Tensor::from_bytes([2], whole.clone()).unwrap();
        let second = first.clone();
        first.data_mut()[0] = 5.0;
        assert_eq!((first.data(), second.data()), (&[5.0, 2.0][..], &[1.0, 2.0][..]));
        assert!(!first.is_shared());
        let mut third = Tensor::from_bytes([2], whole).unwrap();
        third.detach();
        assert!(!third.is_shared());
        assert_eq!(third, second);
    }

    #[test]
    fn bytes_of_another_length_than_the_shape_are_refused() {
        let error = Tensor::from_bytes([3], shared(&[1.0, 2.0], 0)).unwrap_err();
        assert_eq!(error.to_string(), "shape [3] has 3 places, but 2 values were given");
        let cut = shared(&[1.0, 2.0], 0).slice(0..7).unwrap();
        assert!(
            Tensor::from_bytes([1], cut.clone()).is_err() && Tensor::from_bytes([2], cut).is_err()
        );
        assert!(Tensor::from_bytes([usize::MAX], shared(&[], 0)).is_err());
        assert!(Tensor::from_bytes([0, 7], shared(&[], 0)).unwrap().is_empty());
    }
}
