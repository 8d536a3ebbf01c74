//! One array of a file.

use dichroic_graph::kernels::mapped::SharedBytes;
use dichroic_graph::kernels::tensor::Tensor;

use super::ByteOrder;
use crate::element::ElementType;
use crate::error::Problem;

/// More axes than any array of weights has.
const MOST_AXES: usize = 64;
/// An array whose values repeat (strides of 0) may hold this many beyond those that its bytes hold.
const FREE_REPEATS: usize = 1 << 20;

/// An array with its name, shape and type; its values are read when they are asked for.
#[derive(Clone, Debug)]
pub struct NamedArray {
    name: String,
    element: ElementType,
    shape: Vec<usize>,
    len: usize,
    bytes: SharedBytes,
    order: ByteOrder,
    /// The place of the first value, and the step along each axis; both in values.
    offset: usize,
    strides: Vec<usize>,
}

/// How an array's values lie in bytes; both in values. Nothing is promised before [`NamedArray::new`] has seen it.
#[derive(Clone, Debug)]
pub(crate) struct Strided {
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
    pub offset: usize,
}

impl Strided {
    /// One value after the other, the last axis fastest.
    pub fn row_major(shape: Vec<usize>) -> Self {
        let strides = steps(shape.iter().rev());
        Self { strides: strides.into_iter().rev().collect(), shape, offset: 0 }
    }

    /// One value after the other, the first axis fastest, as Fortran and MATLAB keep them.
    pub fn column_major(shape: Vec<usize>) -> Self {
        Self { strides: steps(shape.iter()), shape, offset: 0 }
    }
}

/// The step along each axis when the first one given is the fastest; where it overflows, the shape will be refused.
fn steps<'a>(sizes: impl Iterator<Item = &'a usize>) -> Vec<usize> {
    let next = |step: &mut usize, &size: &usize| {
        let own = *step;
        *step = step.saturating_mul(size.max(1));
        Some(own)
    };
    sizes.scan(1, next).collect()
}

impl NamedArray {
    /// An array of these bytes; refused unless every value lies inside them.
    pub(crate) fn new(
        name: String,
        element: ElementType,
        layout: Strided,
        (bytes, order): (SharedBytes, ByteOrder),
    ) -> Result<Self, Problem> {
        let Strided { shape, strides, offset } = layout;
        let available = bytes.len() / element.size();
        if shape.len() > MOST_AXES || strides.len() != shape.len() {
            let expected = format!("at most {MOST_AXES} axes with a stride each");
            let got = format!("{} axes and {} strides", shape.len(), strides.len());
            return Err(Problem::malformed(expected, got));
        }
        let len = if shape.contains(&0) {
            Some(0)
        } else {
            shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size))
        };
        let most = available.saturating_add(FREE_REPEATS);
        let len = len.filter(|&len| len <= most).ok_or_else(|| {
            let declared = len.unwrap_or(usize::MAX) as u64;
            let width = element.size() as u64;
            Problem::TooLarge {
                declared: declared.saturating_mul(width),
                limit: (most as u64).saturating_mul(width),
            }
        })?;
        if len > 0 {
            let mut steps = shape.iter().zip(&strides);
            let last = steps.try_fold(offset, |last, (&size, &stride)| {
                last.checked_add((size - 1).checked_mul(stride)?)
            });
            if last.is_none_or(|last| last >= available) {
                let expected = format!("values inside of {} bytes", bytes.len());
                let got = format!(
                    "shape {shape:?} with strides {strides:?} from value {offset} on ({element})"
                );
                return Err(Problem::malformed(expected, got));
            }
        }
        Ok(Self { name, element, shape, len, bytes, order, offset, strides })
    }

    /// Its name in the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of its values in the file.
    pub fn element_type(&self) -> ElementType {
        self.element
    }

    /// The size of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of its values.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether an axis has size 0.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The values in row-major order, rounded to `f32`.
    pub fn values(&self) -> Vec<f32> {
        self.walk(&self.axes())
    }

    /// The size of each axis and the step along it.
    pub(super) fn axes(&self) -> Vec<(usize, usize)> {
        self.shape.iter().copied().zip(self.strides.iter().copied()).collect()
    }

    /// The array as a tensor; it shares the bytes of the file where they are aligned little-endian floats in order.
    pub fn tensor(&self) -> Tensor {
        let shared =
            self.plain_bytes().and_then(|bytes| Tensor::from_bytes(self.shape.clone(), bytes).ok());
        shared.unwrap_or_else(|| {
            Tensor::new(self.shape.clone(), self.values())
                .expect("as many values were read as the shape has places")
        })
    }

    /// The bytes of the array, if they are little-endian floats one after the other.
    fn plain_bytes(&self) -> Option<SharedBytes> {
        if self.element != ElementType::Float32
            || self.order != ByteOrder::Little
            || !self.is_plain()
        {
            return None;
        }
        let start = self.offset.checked_mul(size_of::<f32>())?;
        self.bytes.slice(start..start.checked_add(self.len.checked_mul(size_of::<f32>())?)?)
    }

    /// Whether the values lie one after the other in row-major order. Strides of axes of size 1 don't matter.
    fn is_plain(&self) -> bool {
        let plain = Strided::row_major(self.shape.clone()).strides;
        let mut axes = self.shape.iter().zip(self.strides.iter().zip(plain));
        self.len == 0 || axes.all(|(&size, (&own, plain))| size == 1 || own == plain)
    }

    /// Reads the values along axes of these sizes and steps, the last one fastest: those of [`NamedArray::axes`] in any
    /// order, also cut into several.
    pub(super) fn walk(&self, axes: &[(usize, usize)]) -> Vec<f32> {
        let width = self.element.size();
        let (rows, row) = match axes {
            [rows @ .., row] => (rows, *row),
            [] => (&[][..], (1, 0)),
        };
        if self.len == 0 {
            return Vec::new();
        }
        let mut starts = Vec::with_capacity(self.len / row.0);
        let mut index = vec![0; rows.len()];
        let mut start = self.offset;
        loop {
            starts.push(start);
            let Some(axis) = (0..rows.len()).rev().find(|&axis| index[axis] + 1 < rows[axis].0)
            else {
                break;
            };
            for (index, (size, step)) in index[axis + 1..].iter_mut().zip(&rows[axis + 1..]) {
                *index = 0;
                start -= (size - 1) * step;
            }
            index[axis] += 1;
            start += rows[axis].1;
        }
        let offsets = starts
            .into_iter()
            .flat_map(|start| (0..row.0).map(move |i| (start + i * row.1) * width));
        self.element.decode(&self.bytes, self.order, offsets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(values: &[f32]) -> (SharedBytes, ByteOrder) {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        (bytes.into(), ByteOrder::Little)
    }

    fn array(layout: Strided, values: &[f32]) -> Result<NamedArray, Problem> {
        NamedArray::new("x".into(), ElementType::Float32, layout, bytes(values))
    }

    const SIX: [f32; 6] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];

    #[test]
    fn both_orders_of_axes_give_row_major_values() {
        let rows = array(Strided::row_major(vec![2, 3]), &SIX).unwrap();
        assert_eq!(rows.values(), SIX);
        let columns = array(Strided::column_major(vec![2, 3]), &SIX).unwrap();
        assert_eq!(columns.values(), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
        assert_eq!(rows.walk(&[(3, 1), (2, 3)]), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(rows.tensor().data(), SIX);
    }

    #[test]
    fn views_start_anywhere_and_may_repeat_values() {
        let view = Strided { shape: vec![2, 2], strides: vec![3, 2], offset: 1 };
        let view = array(view, &SIX);
        assert!(view.is_err(), "the last value would be the seventh");
        let view = Strided { shape: vec![2, 2], strides: vec![3, 1], offset: 1 };
        assert_eq!(array(view, &SIX).unwrap().values(), [1.0, 2.0, 4.0, 5.0]);
        let repeated = Strided { shape: vec![2, 2], strides: vec![0, 1], offset: 4 };
        assert_eq!(array(repeated, &SIX).unwrap().values(), [4.0, 5.0, 4.0, 5.0]);
    }

    #[test]
    fn one_value_and_no_value_are_arrays_too() {
        let one = array(Strided::row_major(vec![]), &[7.0]).unwrap();
        assert_eq!((one.len(), one.values()), (1, vec![7.0]));
        let none = array(Strided::row_major(vec![3, 0, usize::MAX]), &[]).unwrap();
        assert_eq!((none.len(), none.values()), (0, vec![]));
        assert!(none.tensor().is_empty());
    }

    #[test]
    fn shapes_that_lie_are_refused_before_memory_is_taken() {
        let lies = [
            Strided::row_major(vec![7]),
            Strided::row_major(vec![usize::MAX, 2]),
            Strided::row_major(vec![1 << 40]),
            Strided { shape: vec![1 << 40], strides: vec![0], offset: 0 },
            Strided { shape: vec![2], strides: vec![usize::MAX], offset: 1 },
            Strided { shape: vec![1], strides: vec![1], offset: usize::MAX },
            Strided { shape: vec![1], strides: vec![], offset: 0 },
            Strided::row_major(vec![1; 65]),
        ];
        for lie in lies {
            assert!(array(lie.clone(), &SIX).is_err(), "{lie:?}");
        }
    }
}
