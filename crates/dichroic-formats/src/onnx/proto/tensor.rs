//! Arrays as messages: all element types that become numbers, from raw bytes, typed fields or other files.

use std::borrow::Cow;

use onnx_rs::ast::{DataLocation, TensorProto};

use super::External;
use crate::element::{ElementType, bfloat_to_f32, half_to_f32};
use crate::error::{Located, Problem};
use crate::onnx::import::Array;

/// More values than any memory holds.
const MOST_VALUES: usize = 1 << 40;
/// Every layer looks at all axes of its inputs, so that more would cost their square.
const MOST_AXES: usize = 64;

/// The array that a message holds; `f32` values stay where they lie in the file.
///
/// # Errors
/// When the number of values is not that of the shape, or the element type is none of numbers.
pub(crate) fn read_tensor<'a>(
    tensor: &'a TensorProto<'a>,
    external: &'a External,
) -> Result<Array<'a>, Located> {
    let inside = |error: Located| error.inside(&format!("array {:?}", tensor.name()));
    read(tensor, external).map_err(inside)
}

fn read<'a>(tensor: &'a TensorProto<'a>, external: &'a External) -> Result<Array<'a>, Located> {
    let shape = shape(tensor)?;
    let element = ElementType::of(tensor.data_type())?;
    if tensor.segment().is_some() {
        return Err(Problem::Unsupported {
            what: "an array in segments".to_owned(),
            fix: "write the model anew with whole arrays".to_owned(),
        }
        .into());
    }
    let len = value_count(&shape)?;
    let raw = match tensor.data_location() {
        DataLocation::External => Some(external.bytes(tensor)?),
        DataLocation::Default => tensor.as_raw(),
    };
    match raw {
        Some(bytes) => from_raw(bytes, shape, element, len),
        None => from_fields(tensor, shape, element, len),
    }
}

/// The number of values of a shape, whose sizes other than 0 are not beyond counting.
///
/// # Errors
/// When there are more axes or values than any array has.
pub(crate) fn value_count(shape: &[usize]) -> Result<usize, Located> {
    let filled = shape.iter().filter(|&&size| size != 0);
    let product = filled.clone().try_fold(1usize, |product, &size| product.checked_mul(size));
    match product {
        Some(product) if product <= MOST_VALUES && shape.len() <= MOST_AXES => {
            Ok(if filled.count() == shape.len() { product } else { 0 })
        }
        _ => {
            let got = format!("{} axes, the first {:?}", shape.len(), &shape[..shape.len().min(8)]);
            Err(Problem::malformed("the shape of an array", got).into())
        }
    }
}

fn shape(tensor: &TensorProto<'_>) -> Result<Vec<usize>, Located> {
    let size = |&size: &i64| {
        usize::try_from(size).map_err(|_| Problem::malformed("sizes of at least 0", size).into())
    };
    tensor.dims().iter().map(size).collect()
}

fn count(expected: usize, got: usize, of: &str) -> Result<(), Located> {
    if expected == got {
        return Ok(());
    }
    Err(Problem::malformed(format!("{expected} {of}"), format!("{got}")).into())
}

fn from_raw(
    bytes: &[u8],
    shape: Vec<usize>,
    element: ElementType,
    len: usize,
) -> Result<Array<'_>, Located> {
    let width = element.size();
    let expected = len.checked_mul(width);
    count(expected.unwrap_or(usize::MAX), bytes.len(), "bytes")?;
    Ok(match element {
        ElementType::Float32 => Array::stored(shape, bytes),
        ElementType::Float64 => {
            floats(shape, element, words(bytes, |w| f64::from_le_bytes(w) as f32))
        }
        ElementType::Float16 => {
            floats(shape, element, words(bytes, |w| half_to_f32(u16::from_le_bytes(w))))
        }
        ElementType::BFloat16 => {
            floats(shape, element, words(bytes, |w| bfloat_to_f32(u16::from_le_bytes(w))))
        }
        ElementType::Int8 => whole(shape, element, words(bytes, |w| i8::from_le_bytes(w).into())),
        ElementType::UInt8 | ElementType::Bool => {
            whole(shape, element, words(bytes, |w| u8::from_le_bytes(w).into()))
        }
        ElementType::Int16 => whole(shape, element, words(bytes, |w| i16::from_le_bytes(w).into())),
        ElementType::UInt16 => {
            whole(shape, element, words(bytes, |w| u16::from_le_bytes(w).into()))
        }
        ElementType::Int32 => whole(shape, element, words(bytes, |w| i32::from_le_bytes(w).into())),
        ElementType::UInt32 => {
            whole(shape, element, words(bytes, |w| u32::from_le_bytes(w).into()))
        }
        ElementType::Int64 => whole(shape, element, words(bytes, i64::from_le_bytes)),
        ElementType::UInt64 => {
            whole(shape, element, words(bytes, |w| saturated(u64::from_le_bytes(w))))
        }
    })
}

fn from_fields<'a>(
    tensor: &'a TensorProto<'a>,
    shape: Vec<usize>,
    element: ElementType,
    len: usize,
) -> Result<Array<'a>, Located> {
    let array = match element {
        ElementType::Float32 => {
            let values = tensor.as_f32().unwrap_or_default();
            count(len, values.len(), "values")?;
            return Ok(match values {
                Cow::Borrowed(values) => Array::borrowed(shape, values),
                Cow::Owned(values) => Array::floats(shape, element, values),
            });
        }
        ElementType::Float64 => {
            let values = tensor.as_f64().unwrap_or_default();
            floats(shape, element, values.iter().map(|&value| value as f32).collect())
        }
        // The 16 bits stand in the lower half of each int32.
        ElementType::Float16 => {
            let bits = tensor.as_i32().unwrap_or_default();
            floats(shape, element, bits.iter().map(|&bits| half_to_f32(bits as u16)).collect())
        }
        ElementType::BFloat16 => {
            let bits = tensor.as_i32().unwrap_or_default();
            floats(shape, element, bits.iter().map(|&bits| bfloat_to_f32(bits as u16)).collect())
        }
        ElementType::Int64 => {
            whole(shape, element, tensor.as_i64().unwrap_or_default().into_owned())
        }
        ElementType::UInt32 | ElementType::UInt64 => {
            let values = tensor.as_u64().unwrap_or_default();
            whole(shape, element, values.iter().map(|&value| saturated(value)).collect())
        }
        _ => {
            let values = tensor.as_i32().unwrap_or_default();
            whole(shape, element, values.iter().map(|&value| value.into()).collect())
        }
    };
    count(len, array.len(), "values")?;
    Ok(array)
}

fn floats(shape: Vec<usize>, element: ElementType, values: Vec<f32>) -> Array<'static> {
    Array::floats(shape, element, values)
}

fn whole(shape: Vec<usize>, element: ElementType, values: Vec<i64>) -> Array<'static> {
    Array::whole(shape, element, values)
}

fn words<const N: usize, T>(bytes: &[u8], value: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|&word| value(word)).collect()
}

/// What a model writes as "to the end" needs no more than the largest `i64`.
fn saturated(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use onnx_rs::ast::DataType;

    use super::*;

    #[test]
    fn a_bfloat16_is_the_upper_half_of_a_float() {
        assert_eq!(bfloat_to_f32(0x3f80), 1.0);
        assert_eq!(bfloat_to_f32(0xc049), -3.140_625);
    }

    #[test]
    fn raw_bytes_and_typed_fields_give_the_same_values() {
        let external = External::default();
        let raw = [1.5f32, -2.0].map(f32::to_le_bytes).concat();
        let a = TensorProto::from_raw("a", vec![2], DataType::Float, &raw);
        let b = TensorProto::from_f32("b", vec![2], vec![1.5, -2.0]);
        let read = |tensor| read_tensor(tensor, &external).unwrap().to_floats().unwrap().to_vec();
        assert_eq!(read(&a), [1.5, -2.0]);
        assert_eq!(read(&b), [1.5, -2.0]);
    }

    #[test]
    fn a_shape_that_the_bytes_dont_fill_is_refused() {
        let external = External::default();
        let raw = [0u8; 8];
        for dims in [vec![3], vec![-1], vec![i64::MAX, i64::MAX]] {
            let tensor = TensorProto::from_raw("w", dims, DataType::Float, &raw);
            let error = read_tensor(&tensor, &external).unwrap_err();
            assert_eq!(error.place, "array \"w\"");
        }
    }
}
