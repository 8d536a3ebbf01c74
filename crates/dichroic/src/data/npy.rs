//! NumPy's array files, `.npy`: read and written.
//!
//! ```text
//! \x93NUMPY  major minor  header length      header, padded with spaces to 64 bytes   values
//! 6 bytes    2 bytes      2 or 4 bytes (LE)  {'descr': '<f4', 'fortran_order': …}\n
//! ```

use std::io::{Read, Write};
use std::path::Path;

use dichroic_graph::kernels::tensor::Tensor;

use super::{DataError, Limits};

mod header;

pub use header::NpyHeader;
use header::{Element, Header};

/// The values of a NumPy array, of one of the types that dichroic reads.
#[derive(Clone, Debug, PartialEq)]
pub enum NpyValues {
    /// `float32`.
    F32(Vec<f32>),
    /// `float64`.
    F64(Vec<f64>),
    /// `uint8`.
    U8(Vec<u8>),
    /// `int32`.
    I32(Vec<i32>),
    /// `int64`.
    I64(Vec<i64>),
    /// `bool`.
    Bool(Vec<bool>),
}

/// A NumPy array.
///
/// # Shapes
/// Any rank; the values are in row-major order, whatever the file's order was.
///
/// # Source
/// `numpy.lib.format`, versions 1.0 to 3.0.
#[derive(Clone, Debug, PartialEq)]
pub struct NpyArray {
    /// The size of each axis.
    pub shape: Vec<usize>,
    /// The values, row-major.
    pub values: NpyValues,
}

impl NpyValues {
    /// The number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::U8(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::Bool(values) => values.len(),
        }
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values as `f32`, rounded to the nearest.
    pub fn into_f32(self) -> Vec<f32> {
        match self {
            Self::F32(values) => values,
            Self::F64(values) => values.into_iter().map(|x| x as f32).collect(),
            Self::U8(values) => values.into_iter().map(f32::from).collect(),
            Self::I32(values) => values.into_iter().map(|x| x as f32).collect(),
            Self::I64(values) => values.into_iter().map(|x| x as f32).collect(),
            Self::Bool(values) => values.into_iter().map(|x| f32::from(u8::from(x))).collect(),
        }
    }

    fn element(&self) -> Element {
        match self {
            Self::F32(_) => Element::F32,
            Self::F64(_) => Element::F64,
            Self::U8(_) => Element::U8,
            Self::I32(_) => Element::I32,
            Self::I64(_) => Element::I64,
            Self::Bool(_) => Element::Bool,
        }
    }
}

impl From<&Tensor> for NpyArray {
    fn from(tensor: &Tensor) -> Self {
        Self { shape: tensor.shape().to_vec(), values: NpyValues::F32(tensor.data().to_vec()) }
    }
}

impl NpyArray {
    /// The array as a tensor of `f32`.
    ///
    /// # Errors
    /// When the shape doesn't hold the values.
    pub fn into_tensor(self) -> Result<Tensor, DataError> {
        let (shape, values) = (self.shape, self.values.into_f32());
        Tensor::new(shape, values).map_err(|error| DataError::Arrays {
            rule: "an array needs as many values as its shape has places".to_owned(),
            got: error.to_string(),
        })
    }
}

/// Reads a `.npy` file.
///
/// # Errors
/// When the file can't be read, is no array of a type in [`NpyValues`], is shorter or longer than
/// its header says, or needs more memory than the limits allow.
pub fn read_npy(path: &Path, limits: &Limits) -> Result<NpyArray, DataError> {
    let file = std::fs::File::open(path).map_err(|error| DataError::io(path, error))?;
    let length = file.metadata().map_err(|error| DataError::io(path, error))?.len();
    let at = Place { path, name: "array" };
    decode(std::io::BufReader::new(file), length, at, limits)
}

/// Where an array lies, for messages.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub path: &'a Path,
    pub name: &'a str,
}

/// Reads one array of at most `most` bytes, header included, and nothing after it.
pub(super) fn decode(
    mut reader: impl Read,
    most: u64,
    at: Place<'_>,
    limits: &Limits,
) -> Result<NpyArray, DataError> {
    let (header, header_bytes) = Header::read(&mut reader, at)?;
    let count = header.count().ok_or_else(|| {
        DataError::format(
            at.path,
            at.name,
            "a shape that this machine can address",
            format!("{:?}", header.shape),
        )
    })?;
    let bytes = (count as u64).saturating_mul(header.element.size() as u64);
    limits.check(at.path, at.name, bytes)?;
    let room = most.saturating_sub(header_bytes);
    if bytes > room {
        let expected = format!("{bytes} bytes of values for shape {:?}", header.shape);
        return Err(DataError::format(at.path, at.name, expected, format!("at most {room} bytes")));
    }
    let values = read_values(&mut reader, &header, count)
        .map_err(|error| DataError::reading(at.path, at.name, &format!("{count} values"), error))?;
    // Reading on to the end also lets the archive check its checksum.
    match reader.read(&mut [0]) {
        Ok(0) => Ok(NpyArray { shape: header.shape, values }),
        Ok(_) => Err(DataError::format(
            at.path,
            at.name,
            format!("nothing after {bytes} bytes of values"),
            "more bytes",
        )),
        Err(error) => Err(DataError::reading(at.path, at.name, "the end of the array", error)),
    }
}

fn read_values(
    reader: &mut impl Read,
    header: &Header,
    count: usize,
) -> std::io::Result<NpyValues> {
    macro_rules! numbers {
        ($variant:ident, $type:ty) => {{
            let from =
                if header.big_endian { <$type>::from_be_bytes } else { <$type>::from_le_bytes };
            NpyValues::$variant(header.row_major(read_elements(reader, count, from)?))
        }};
    }
    Ok(match header.element {
        Element::F32 => numbers!(F32, f32),
        Element::F64 => numbers!(F64, f64),
        Element::U8 => numbers!(U8, u8),
        Element::I32 => numbers!(I32, i32),
        Element::I64 => numbers!(I64, i64),
        Element::Bool => {
            NpyValues::Bool(
                header.row_major(read_elements(reader, count, |[byte]: [u8; 1]| byte != 0)?),
            )
        }
    })
}

/// Reads `count` values piece by piece, so that memory grows with what is really there.
pub(super) fn read_elements<T, const SIZE: usize>(
    reader: &mut impl Read,
    count: usize,
    from: impl Fn([u8; SIZE]) -> T,
) -> std::io::Result<Vec<T>> {
    const PIECE: usize = 8192;
    let mut values = Vec::new();
    let mut buffer = vec![0; PIECE * SIZE];
    while values.len() < count {
        let piece = PIECE.min(count - values.len()) * SIZE;
        reader.read_exact(&mut buffer[..piece])?;
        let (elements, _) = buffer[..piece].as_chunks::<SIZE>();
        values.extend(elements.iter().map(|&element| from(element)));
    }
    Ok(values)
}

/// Writes an array in version 1.0 of the format.
///
/// # Errors
/// When the writer fails.
pub fn write_npy(writer: &mut impl Write, array: &NpyArray) -> std::io::Result<()> {
    writer.write_all(&Header::bytes(array.values.element(), &array.shape))?;
    fn put<T: Copy, const SIZE: usize>(
        writer: &mut impl Write,
        values: &[T],
        to: impl Fn(T) -> [u8; SIZE],
    ) -> std::io::Result<()> {
        let mut buffer = Vec::with_capacity(values.len().min(8192) * SIZE);
        for piece in values.chunks(8192) {
            buffer.clear();
            buffer.extend(piece.iter().flat_map(|&value| to(value)));
            writer.write_all(&buffer)?;
        }
        Ok(())
    }
    match &array.values {
        NpyValues::F32(values) => put(writer, values, f32::to_le_bytes),
        NpyValues::F64(values) => put(writer, values, f64::to_le_bytes),
        NpyValues::U8(values) => put(writer, values, u8::to_le_bytes),
        NpyValues::I32(values) => put(writer, values, i32::to_le_bytes),
        NpyValues::I64(values) => put(writer, values, i64::to_le_bytes),
        NpyValues::Bool(values) => put(writer, values, |value| [u8::from(value)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WIDE: Limits = Limits { bytes: 1 << 20 };

    fn read(bytes: &[u8]) -> Result<NpyArray, DataError> {
        let at = Place { path: Path::new("a.npy"), name: "array" };
        decode(bytes, bytes.len() as u64, at, &WIDE)
    }

    fn file(descr: &str, fortran: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        let length = u16::try_from(header.len()).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), values].concat()
    }

    fn written(array: &NpyArray) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_npy(&mut bytes, array).unwrap();
        bytes
    }

    #[test]
    fn every_type_survives_writing_and_reading() {
        let all = [
            NpyValues::F32(vec![1.5, -2.0, 0.0, f32::MAX, 5.0, 6.0]),
            NpyValues::F64(vec![1.5, -2.0, 1e300, 0.0, 5.0, 6.0]),
            NpyValues::U8(vec![0, 1, 2, 253, 254, 255]),
            NpyValues::I32(vec![i32::MIN, -1, 0, 1, 2, i32::MAX]),
            NpyValues::I64(vec![i64::MIN, -1, 0, 1, 2, i64::MAX]),
            NpyValues::Bool(vec![true, false, true, true, false, false]),
        ];
        for values in all {
            let array = NpyArray { shape: vec![3, 2], values };
            assert_eq!(read(&written(&array)).unwrap(), array);
        }
    }

    #[test]
    fn values_begin_at_a_multiple_of_64_as_numpy_writes_them() {
        let array = NpyArray { shape: vec![], values: NpyValues::U8(vec![7]) };
        assert_eq!((written(&array).len() - 1) % 64, 0);
        assert_eq!(read(&written(&array)).unwrap(), array);
    }

    #[test]
    fn fortran_order_is_turned_into_row_major() {
        // Columns (1, 2), (3, 4), (5, 6) of a 2 by 3 array.
        let array = read(&file("|u1", "True", "(2, 3)", &[1, 2, 3, 4, 5, 6])).unwrap();
        assert_eq!(array.values, NpyValues::U8(vec![1, 3, 5, 2, 4, 6]));
    }

    #[test]
    fn big_endian_values_are_read() {
        let array = read(&file(">i4", "False", "(1,)", &[0, 0, 1, 2])).unwrap();
        assert_eq!(array.values, NpyValues::I32(vec![258]));
    }

    #[test]
    fn a_type_that_is_not_read_is_named() {
        let error = read(&file("<c8", "False", "(1,)", &[0; 8])).unwrap_err().to_string();
        assert!(error.contains("<c8") && error.contains("a.npy"), "{error}");
    }

    #[test]
    fn a_shape_that_is_no_list_of_sizes_is_shown_with_what_should_stand_there() {
        let error = read(&file("|u1", "False", "(,)", &[0; 8])).unwrap_err().to_string();
        assert!(error.contains("expected a shape of whole numbers, got {'descr'"), "{error}");
    }

    #[test]
    fn a_header_that_promises_too_much_is_refused_before_memory_is_taken() {
        for shape in [
            "(18446744073709551615, 2)",
            "(4294967296, 4294967296)",
            "(1000000,)",
            "(4611686018427387904,)",
        ] {
            assert!(read(&file("<f8", "False", shape, &[0; 8])).is_err(), "{shape}");
        }
    }

    #[test]
    fn an_array_cut_at_any_byte_is_an_error() {
        let bytes = written(&NpyArray { shape: vec![2, 2], values: NpyValues::F32(vec![1.0; 4]) });
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "cut at {length}");
        }
        assert!(read(&[&bytes[..], &[0]].concat()).is_err());
    }

    proptest! {
        #[test]
        fn changed_bytes_never_panic(place in 0usize..144, byte: u8, second in 0usize..144, other: u8) {
            let array = NpyArray { shape: vec![2, 2], values: NpyValues::F32(vec![1.0; 4]) };
            let mut bytes = written(&array);
            let length = bytes.len();
            bytes[place % length] = byte;
            bytes[second % length] = other;
            if let Ok(array) = read(&bytes) {
                prop_assert_eq!(array.shape.iter().product::<usize>(), array.values.len());
            }
        }
    }
}
