//! Arrays whose values are known while the file is read: weights, indices, shapes.

use std::borrow::Cow;
use std::sync::Arc;

use dichroic::Tensor;

use super::{ElementType, Entry, Order};
use crate::error::{Located, Problem};

/// An array of known values, axes in ONNX's order.
///
/// Copies are cheap: values are shared, and those of the file stay in it until a layer takes them.
#[derive(Clone, Debug)]
pub(crate) struct Array<'a> {
    shape: Vec<usize>,
    element: ElementType,
    data: Data<'a>,
}

#[derive(Clone, Debug)]
enum Data<'a> {
    /// `f32` values as they lie in the file: little-endian, at any address.
    Stored(&'a [u8]),
    Borrowed(&'a [f32]),
    Floats(Arc<Vec<f32>>),
    /// Whole numbers, and booleans as 0 and 1.
    Whole(Arc<Vec<i64>>),
    /// Whole numbers some of which follow from the batch or from an open size.
    Entries(Arc<Vec<Entry>>),
}

impl<'a> Array<'a> {
    /// Little-endian `f32` values of a file.
    pub fn stored(shape: Vec<usize>, bytes: &'a [u8]) -> Self {
        Self { shape, element: ElementType::Float32, data: Data::Stored(bytes) }
    }

    /// Values that lie elsewhere.
    pub fn borrowed(shape: Vec<usize>, values: &'a [f32]) -> Self {
        Self { shape, element: ElementType::Float32, data: Data::Borrowed(values) }
    }

    /// Values of a type with fractions.
    pub fn floats(shape: Vec<usize>, element: ElementType, values: Vec<f32>) -> Self {
        Self { shape, element, data: Data::Floats(Arc::new(values)) }
    }

    /// Values of a type without fractions.
    pub fn whole(shape: Vec<usize>, element: ElementType, values: Vec<i64>) -> Self {
        Self { shape, element, data: Data::Whole(Arc::new(values)) }
    }

    /// Whole numbers that may follow from the batch.
    pub fn entries(shape: Vec<usize>, element: ElementType, entries: Vec<Entry>) -> Self {
        match entries.iter().map(Entry::known).collect() {
            Some(known) => Self::whole(shape, element, known),
            None => Self { shape, element, data: Data::Entries(Arc::new(entries)) },
        }
    }

    /// A list of whole numbers, such as a shape.
    pub fn list(entries: Vec<Entry>) -> Self {
        Self::entries(vec![entries.len()], ElementType::Int64, entries)
    }

    /// The sizes, in ONNX's order.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        match &self.data {
            Data::Stored(bytes) => bytes.len() / 4,
            Data::Borrowed(values) => values.len(),
            Data::Floats(values) => values.len(),
            Data::Whole(values) => values.len(),
            Data::Entries(entries) => entries.len(),
        }
    }

    /// The bytes that the values take when they are in memory.
    pub fn memory(&self) -> usize {
        let width = match &self.data {
            Data::Whole(_) => size_of::<i64>(),
            Data::Entries(_) => size_of::<Entry>(),
            _ => size_of::<f32>(),
        };
        self.len().saturating_mul(width)
    }

    /// The type of the values in the file.
    pub fn element(&self) -> ElementType {
        self.element
    }

    /// The same values under another shape of as many.
    pub fn reshaped(&self, shape: Vec<usize>) -> Self {
        Self { shape, ..self.clone() }
    }

    /// The same values under another type that holds them in the same way.
    pub fn typed(&self, element: ElementType) -> Self {
        Self { element, ..self.clone() }
    }

    /// The values at these places, under a shape of as many.
    pub fn picked(&self, shape: Vec<usize>, places: impl Iterator<Item = usize>) -> Self {
        let data = match &self.data {
            Data::Stored(bytes) => {
                let words = bytes.as_chunks::<4>().0;
                Data::Floats(Arc::new(places.map(|p| f32::from_le_bytes(words[p])).collect()))
            }
            Data::Borrowed(values) => Data::Floats(Arc::new(places.map(|p| values[p]).collect())),
            Data::Floats(values) => Data::Floats(Arc::new(places.map(|p| values[p]).collect())),
            Data::Whole(values) => Data::Whole(Arc::new(places.map(|p| values[p]).collect())),
            Data::Entries(entries) => {
                let picked = places.map(|place| entries[place]).collect();
                return Self::entries(shape, self.element, picked);
            }
        };
        Self { shape, element: self.element, data }
    }

    /// The values as `f32`, whatever their type.
    ///
    /// # Errors
    /// When one follows from the batch or an open size.
    pub fn to_floats(&self) -> Result<Cow<'_, [f32]>, Located> {
        Ok(match &self.data {
            Data::Stored(bytes) => Cow::Owned(
                bytes.as_chunks::<4>().0.iter().map(|&word| f32::from_le_bytes(word)).collect(),
            ),
            Data::Borrowed(values) => Cow::Borrowed(values),
            Data::Floats(values) => Cow::Borrowed(values),
            Data::Whole(values) => Cow::Owned(values.iter().map(|&value| value as f32).collect()),
            Data::Entries(_) => return Err(open_size()),
        })
    }

    /// The values as whole numbers.
    ///
    /// # Errors
    /// When the type has fractions, or a value follows from the batch or an open size.
    pub fn to_whole(&self) -> Result<Cow<'_, [i64]>, Located> {
        match &self.data {
            Data::Whole(values) => Ok(Cow::Borrowed(values)),
            Data::Entries(_) => Err(open_size()),
            _ => Err(Problem::malformed("whole numbers", self.element).into()),
        }
    }

    /// The values as whole numbers that may follow from the batch; `None` for types with fractions.
    pub fn to_entries(&self) -> Option<Cow<'_, [Entry]>> {
        match &self.data {
            Data::Whole(values) => {
                Some(Cow::Owned(values.iter().map(|&value| Entry::Known(value)).collect()))
            }
            Data::Entries(entries) => Some(Cow::Borrowed(entries)),
            _ => None,
        }
    }

    /// [`Array::to_entries`] of any type; a number with a fraction is none of them.
    pub fn rounded_entries(&self) -> Vec<Entry> {
        let entry = |&value: &f32| match value {
            value if value.fract() == 0.0 && value.abs() < 1e9 => Entry::Known(value as i64),
            _ => Entry::Unknown,
        };
        match self.to_entries() {
            Some(entries) => entries.into_owned(),
            None => self.to_floats().unwrap_or_default().iter().map(entry).collect(),
        }
    }

    /// Whether a value follows from the batch or an open size.
    pub fn is_open(&self) -> bool {
        matches!(self.data, Data::Entries(_))
    }

    /// The only value as `f32`; `None` if there are several, or it is open.
    pub fn single(&self) -> Option<f32> {
        if self.len() != 1 {
            return None;
        }
        self.to_floats().ok()?.first().copied()
    }

    /// The values as a tensor with the axes in the order given; the one copy that a weight needs.
    ///
    /// # Errors
    /// As [`Array::to_floats`].
    pub fn to_tensor(&self, order: &Order) -> Result<Tensor, Located> {
        self.to_tensor_as(order, order.places().iter().map(|&axis| self.shape[axis]).collect())
    }

    /// [`Array::to_tensor`] under a shape of as many values.
    ///
    /// # Errors
    /// As [`Array::to_floats`].
    pub fn to_tensor_as(&self, order: &Order, shape: Vec<usize>) -> Result<Tensor, Located> {
        let values = match &self.data {
            Data::Stored(bytes) => {
                let words = bytes.as_chunks::<4>().0;
                order.gather(&self.shape, |place| f32::from_le_bytes(words[place]))
            }
            _ => {
                let values = self.to_floats()?;
                order.gather(&self.shape, |place| values[place])
            }
        };
        let declared = format!("{shape:?}");
        Tensor::new(shape, values).map_err(|error| {
            Problem::malformed(format!("values of shape {declared}"), error).into()
        })
    }
}

/// The error about a number that follows from a size which is open.
pub(crate) fn open_size() -> Located {
    Problem::Unsupported {
        what: "a value that follows from a size which is open".to_owned(),
        fix: "give the sizes of the model's inputs with --input".to_owned(),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_read_from_the_bytes_of_the_file_in_another_order() {
        let bytes = [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0].map(f32::to_le_bytes).concat();
        let array = Array::stored(vec![2, 3], &bytes[..]);
        let tensor = array.to_tensor(&Order::new(vec![1, 0])).unwrap();
        assert_eq!(tensor.shape(), [3, 2]);
        assert_eq!(tensor.data(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }

    #[test]
    fn an_array_without_open_entries_is_whole() {
        let known = Array::list(vec![Entry::Known(2), Entry::Known(-1)]);
        assert_eq!(known.to_whole().unwrap()[..], [2, -1]);
        let open = Array::list(vec![Entry::Batch(1), Entry::Known(-1)]);
        assert!(open.to_whole().is_err() && open.is_open());
    }
}
