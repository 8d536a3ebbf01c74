//! Reads a `.npz` file.

use std::path::Path;

use dichroic::data::DataError;
use dichroic::data::npy::NpyHeader;
use dichroic_graph::kernels::mapped::SharedBytes;

use super::ENDING;
use crate::archive::Archive;
use crate::element::ElementType;
use crate::error::{FormatError, Located, Problem};
use crate::named::{ByteOrder, NamedArray, NamedArrays, Strided, convention_of_names};

/// Reads the arrays of a `.npz` file. Those that are not compressed stay in the mapped file.
///
/// Whose axes they have is told from their names; [`NamedArrays::with_convention`] says otherwise.
///
/// # Errors
/// When the file can't be read, is damaged, or holds something else than arrays of numbers.
pub fn read_npz(path: &Path) -> Result<NamedArrays, FormatError> {
    let read = || parse(path, SharedBytes::open(path).map_err(Problem::Io)?);
    read().map_err(|error: Located| error.of(path))
}

/// Reads the arrays of a `.npz` file that is in memory; `path` is its name in messages.
///
/// # Errors
/// As [`read_npz`].
pub fn parse_npz(path: &Path, bytes: Vec<u8>) -> Result<NamedArrays, FormatError> {
    parse(path, bytes.into()).map_err(|error| error.of(path))
}

fn parse(path: &Path, bytes: SharedBytes) -> Result<NamedArrays, Located> {
    let mut archive = Archive::new(bytes)?;
    let mut arrays = Vec::new();
    let names: Vec<String> = archive.names().map(str::to_owned).collect();
    for entry in names {
        let Some(name) = entry.strip_suffix(ENDING) else {
            let expected = format!("entries that end in {ENDING}");
            return Err(Problem::malformed(expected, format!("{entry:?}")).into());
        };
        let Some(bytes) = archive.bytes(&entry)? else {
            return Err(Problem::damaged("its directory names it in two ways").at(entry));
        };
        let array = array(path, name, &bytes).map_err(|problem| problem.at(entry.as_str()))?;
        arrays.push(array);
    }
    let convention = convention_of_names(arrays.iter().map(NamedArray::name));
    Ok(NamedArrays::new(convention, arrays).of_file(path))
}

fn array(path: &Path, name: &str, bytes: &SharedBytes) -> Result<NamedArray, Problem> {
    let (header, start) = NpyHeader::read(&mut &bytes[..], path, "array").map_err(unreadable)?;
    let (element, order) = element(&header.descr)?;
    let start = usize::try_from(start).ok();
    let values = start.and_then(|start| bytes.slice(start..bytes.len()));
    let values = values.expect("the header was read from the beginning of the same bytes");
    let empty = header.shape.contains(&0);
    let count = header.shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    let count = if empty { Some(0) } else { count };
    if count.and_then(|count| count.checked_mul(element.size())) != Some(values.len()) {
        let expected = format!("the bytes of shape {:?} in {element}", header.shape);
        return Err(Problem::malformed(expected, format!("{} bytes", values.len())));
    }
    let layout = match header.fortran_order {
        true => Strided::column_major(header.shape),
        false => Strided::row_major(header.shape),
    };
    NamedArray::new(name.to_owned(), element, layout, (values, order))
}

fn unreadable(error: DataError) -> Problem {
    match error {
        DataError::Io { source, .. } => Problem::Io(source),
        DataError::Format { expected, got, .. } => Problem::malformed(expected, got),
        other => Problem::malformed("a NumPy array", other),
    }
}

/// The type behind NumPy's letters: `<f4` is a little-endian float of four bytes.
fn element(descr: &str) -> Result<(ElementType, ByteOrder), Problem> {
    let order = match descr.as_bytes().first() {
        Some(b'>') => ByteOrder::Big,
        _ => ByteOrder::Little,
    };
    let element = match descr.trim_start_matches(['<', '>', '=', '|']) {
        "f2" => ElementType::Float16,
        "f4" => ElementType::Float32,
        "f8" => ElementType::Float64,
        "i1" => ElementType::Int8,
        "i2" => ElementType::Int16,
        "i4" => ElementType::Int32,
        "i8" => ElementType::Int64,
        "u1" => ElementType::UInt8,
        "u2" => ElementType::UInt16,
        "u4" => ElementType::UInt32,
        "u8" => ElementType::UInt64,
        "b1" => ElementType::Bool,
        _ => {
            return Err(Problem::Unsupported {
                what: format!("the type {descr:?}"),
                fix: "save plain numbers, such as array.astype(\"float32\")".into(),
            });
        }
    };
    Ok((element, order))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;
    use crate::archive::write_archive;

    fn npy(descr: &str, fortran: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        let length = u16::try_from(header.len()).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), values].concat()
    }

    fn npz(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        write_archive(&mut bytes, entries).unwrap();
        bytes.into_inner()
    }

    fn one(array: &[u8]) -> Result<NamedArrays, FormatError> {
        parse_npz(Path::new("a.npz"), npz(&[("x.npy", array)]))
    }

    #[test]
    fn types_orders_of_bytes_and_fortran_order_are_read() {
        let read = |array: &[u8]| one(array).unwrap().get("x").unwrap().values();
        assert_eq!(read(&npy("<f2", "False", "(2,)", &[0, 0x3c, 0, 0xc0])), [1.0, -2.0]);
        assert_eq!(read(&npy(">u2", "False", "()", &[1, 0])), [256.0]);
        assert_eq!(read(&npy("|i1", "True", "(2, 2)", &[1, 2, 3, 4])), [1.0, 3.0, 2.0, 4.0]);
    }

    #[test]
    fn a_type_that_is_no_number_and_an_entry_that_is_no_array_are_named() {
        let text = one(&npy("|O", "False", "(1,)", &[0; 8])).unwrap_err().to_string();
        assert!(text.starts_with("a.npz, x.npy: the type \"|O\" is not supported"), "{text}");
        let error = parse_npz(Path::new("a.npz"), npz(&[("../x", b"")])).unwrap_err();
        assert!(error.to_string().contains("got \"../x\""), "{error}");
    }

    #[test]
    fn a_shape_that_lies_is_refused_before_memory_is_taken() {
        for shape in ["(3,)", "(4294967296, 4294967296)", "(18446744073709551615,)"] {
            let text = one(&npy("<f4", "False", shape, &[0; 8])).unwrap_err().to_string();
            assert!(text.contains("got 8 bytes"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn changed_or_cut_files_never_panic(
            changes in proptest::collection::vec((0usize..4096, any::<u8>()), 0..5),
            cut in 0usize..4096,
        ) {
            let array = npy("<f4", "True", "(2, 1)", &[0; 8]);
            let mut bytes = npz(&[("x.npy", &array), ("y.npy", &array)]);
            let length = bytes.len();
            for (place, byte) in changes {
                bytes[place % length] = byte;
            }
            bytes.truncate(length - if cut < 2048 { 0 } else { cut % length });
            if let Ok(arrays) = parse_npz(Path::new("a.npz"), bytes) {
                for array in arrays.arrays() {
                    prop_assert_eq!(array.values().len(), array.len());
                }
            }
        }
    }
}
