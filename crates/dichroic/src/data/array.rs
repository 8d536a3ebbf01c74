//! One array of samples: the first axis counts them.

use std::ops::Range;

use dichroic_graph::kernels::tensor::Tensor;

use super::DataError;

/// How bytes become numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelRange {
    /// As they are, 0 to 255: for models that begin with a `Rescaling` layer.
    Bytes,
    /// Divided by 255, 0 to 1.
    Unit,
}

/// The values of an array.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Numbers.
    F32(Vec<f32>),
    /// Pixels, kept as bytes until a batch is made: a quarter of the memory.
    U8(Vec<u8>, PixelRange),
}

impl Values {
    /// The number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::U8(bytes, _) => bytes.len(),
        }
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Samples of one input or one target.
///
/// # Shapes
/// `(samples, …)`: the batch axis first, then the axes of one sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    name: String,
    shape: Vec<usize>,
    values: Values,
}

impl Array {
    /// An array of this shape.
    ///
    /// # Errors
    /// When the shape has no axis, or another number of places than there are values.
    pub fn new(
        name: impl Into<String>,
        shape: impl Into<Vec<usize>>,
        values: Values,
    ) -> Result<Self, DataError> {
        let (name, shape) = (name.into(), shape.into());
        let places = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
        if shape.is_empty() || places != Some(values.len()) {
            return Err(DataError::Arrays {
                rule: format!(
                    "array {name:?} needs as many values as its shape has places, samples first"
                ),
                got: format!("shape {shape:?} and {} values", values.len()),
            });
        }
        Ok(Self { name, shape, values })
    }

    /// An array of class numbers or other single numbers, one for each sample.
    pub fn column(name: impl Into<String>, values: Vec<f32>) -> Self {
        Self { name: name.into(), shape: vec![values.len()], values: Values::F32(values) }
    }

    /// The values of a tensor whose first axis counts samples.
    ///
    /// # Errors
    /// When the tensor has no axis.
    pub fn from_tensor(name: impl Into<String>, tensor: Tensor) -> Result<Self, DataError> {
        let shape = tensor.shape().to_vec();
        Self::new(name, shape, Values::F32(tensor.into_data()))
    }

    /// The array's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All axes, samples first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of samples.
    pub fn samples(&self) -> usize {
        self.shape[0]
    }

    /// The axes of one sample.
    pub fn sample_shape(&self) -> &[usize] {
        &self.shape[1..]
    }

    /// The number of values of one sample.
    pub fn sample_len(&self) -> usize {
        self.sample_shape().iter().product()
    }

    /// The values as they are stored.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Writes the samples `rows`, in that order, to `out`.
    ///
    /// # Panics
    /// When a row is out of range or `out` has another length than the rows.
    pub fn copy_samples(&self, rows: &[usize], out: &mut [f32]) {
        let len = self.sample_len();
        assert_eq!(out.len(), rows.len() * len, "the buffer holds exactly the rows");
        if len == 0 {
            return;
        }
        for (out, &row) in out.chunks_exact_mut(len).zip(rows) {
            let range = row * len..(row + 1) * len;
            match &self.values {
                Values::F32(values) => out.copy_from_slice(&values[range]),
                Values::U8(bytes, PixelRange::Bytes) => {
                    out.iter_mut().zip(&bytes[range]).for_each(|(x, &byte)| *x = f32::from(byte));
                }
                Values::U8(bytes, PixelRange::Unit) => {
                    out.iter_mut()
                        .zip(&bytes[range])
                        .for_each(|(x, &byte)| *x = f32::from(byte) / 255.0);
                }
            }
        }
    }

    /// One sample as numbers.
    ///
    /// # Panics
    /// When the row is out of range.
    pub fn sample(&self, row: usize) -> Vec<f32> {
        let mut out = vec![0.0; self.sample_len()];
        self.copy_samples(&[row], &mut out);
        out
    }

    /// All samples as a tensor.
    pub fn to_tensor(&self) -> Tensor {
        let mut data = vec![0.0; self.values.len()];
        let rows: Vec<usize> = (0..self.samples()).collect();
        self.copy_samples(&rows, &mut data);
        Tensor::new(self.shape.clone(), data).expect("the array's own shape and values")
    }

    /// The samples in a range.
    ///
    /// # Panics
    /// When the range goes past the last sample.
    pub fn range(&self, rows: Range<usize>) -> Self {
        let len = self.sample_len();
        let cut = rows.start * len..rows.end * len;
        let values = match &self.values {
            Values::F32(values) => Values::F32(values[cut].to_vec()),
            Values::U8(bytes, range) => Values::U8(bytes[cut].to_vec(), *range),
        };
        let mut shape = self.shape.clone();
        shape[0] = rows.len();
        Self { name: self.name.clone(), shape, values }
    }

    /// The samples `rows`, in that order.
    ///
    /// # Panics
    /// When a row is out of range.
    pub fn rows(&self, rows: &[usize]) -> Self {
        let len = self.sample_len();
        let values = match &self.values {
            Values::F32(values) => Values::F32(gathered(values, len, rows)),
            Values::U8(bytes, range) => Values::U8(gathered(bytes, len, rows), *range),
        };
        let mut shape = self.shape.clone();
        shape[0] = rows.len();
        Self { name: self.name.clone(), shape, values }
    }

    /// The same pixels in another range; numbers that never were pixels stay as they are.
    pub fn with_range(mut self, range: PixelRange) -> Self {
        if let Values::U8(_, own) = &mut self.values {
            *own = range;
        }
        self
    }

    /// The same values under another shape.
    ///
    /// # Errors
    /// As [`Array::new`].
    pub fn reshape(self, shape: impl Into<Vec<usize>>) -> Result<Self, DataError> {
        Self::new(self.name, shape, self.values)
    }

    /// The array under another name.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

fn gathered<T: Copy>(values: &[T], len: usize, rows: &[usize]) -> Vec<T> {
    rows.iter().flat_map(|&row| values[row * len..(row + 1) * len].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_copied_in_the_order_asked_for() {
        let x = Array::new("x", [3, 2], Values::F32(vec![0., 1., 2., 3., 4., 5.])).unwrap();
        let mut out = [0.0; 4];
        x.copy_samples(&[2, 0], &mut out);
        assert_eq!(out, [4., 5., 0., 1.]);
        assert_eq!(x.range(1..3).sample(0), [2., 3.]);
    }

    #[test]
    fn pixels_become_numbers_when_they_are_copied() {
        let x = Array::new("x", [1, 2], Values::U8(vec![0, 255], PixelRange::Bytes)).unwrap();
        assert_eq!(x.sample(0), [0.0, 255.0]);
        assert_eq!(x.with_range(PixelRange::Unit).to_tensor().data(), [0.0, 1.0]);
    }

    #[test]
    fn a_shape_that_does_not_hold_the_values_is_refused() {
        assert!(Array::new("x", [2, 2], Values::F32(vec![0.0; 3])).is_err());
        assert!(Array::new("x", [usize::MAX, 2], Values::F32(vec![])).is_err());
        assert!(Array::new("x", [], Values::F32(vec![0.0])).is_err());
    }
}
