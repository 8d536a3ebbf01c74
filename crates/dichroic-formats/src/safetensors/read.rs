//! Reads a safetensors file.

use std::path::Path;

use dichroic_graph::kernels::mapped::SharedBytes;

use super::header::{Entry, Header};
use super::{LONGEST_HEADER, OURS};
use crate::element::ElementType;
use crate::error::{FormatError, Located, Problem};
use crate::named::{ByteOrder, Convention, NamedArray, NamedArrays, Strided, convention_of_names};

/// Where the header begins.
const PREFIX: usize = 8;

/// Reads the arrays of a safetensors file; their values stay in the mapped file.
///
/// # Errors
/// When the file can't be read, or its header lies: about its own length, about an array's place (outside of the file,
/// overlapping another, leaving a hole, another size than shape and type make), or with a name that stands twice.
pub fn read_safetensors(path: &Path) -> Result<NamedArrays, FormatError> {
    let bytes =
        SharedBytes::open(path).map_err(|error| Located::from(Problem::Io(error)).of(path))?;
    parse(&bytes).map(|arrays| arrays.of_file(path)).map_err(|error| error.of(path))
}

/// Reads the arrays of a safetensors file that is in memory; `path` is its name in messages.
///
/// # Errors
/// As [`read_safetensors`].
pub fn parse_safetensors(path: &Path, bytes: Vec<u8>) -> Result<NamedArrays, FormatError> {
    parse(&bytes.into()).map(|arrays| arrays.of_file(path)).map_err(|error| error.of(path))
}

fn parse(bytes: &SharedBytes) -> Result<NamedArrays, Located> {
    let length = bytes.first_chunk().map(|length| u64::from_le_bytes(*length));
    let length = length.ok_or_else(|| Problem::damaged("it ends before its header"))?;
    let room = (bytes.len() - PREFIX) as u64;
    if length > room.min(LONGEST_HEADER) {
        let (declared, limit) = (length, room.min(LONGEST_HEADER));
        return Err(Problem::TooLarge { declared, limit }.at("header"));
    }
    let values = usize::try_from(length).ok().and_then(|length| PREFIX.checked_add(length));
    let values = values.expect("the header was found to end inside the file");
    let header: Header = serde_json::from_slice(&bytes[PREFIX..values])
        .map_err(|error| Problem::malformed("an object of arrays", error).at("header"))?;
    let data = bytes.slice(values..bytes.len()).expect("the values begin inside the file");
    check_places(&header, data.len())?;
    let convention = match header.metadata.get("format").map(String::as_str) {
        Some(OURS | "tf") => Convention::Keras,
        Some("pt") => Convention::PyTorch,
        _ => convention_of_names(header.arrays.iter().map(|(name, _)| name.as_str())),
    };
    let arrays = header.arrays.into_iter().map(|(name, entry)| array(name, entry, &data));
    Ok(NamedArrays::new(convention, arrays.collect::<Result<_, _>>()?))
}

fn array(name: String, entry: Entry, data: &SharedBytes) -> Result<NamedArray, Located> {
    let place = format!("array {name:?}");
    let make = || {
        let element = element(&entry.dtype)?;
        let (start, end) = entry.data_offsets;
        let piece = data.slice(start..end);
        let piece = piece.ok_or_else(|| {
            let expected = format!("offsets that lie in the {} bytes of values", data.len());
            Problem::malformed(expected, format!("{start} to {end}"))
        })?;
        let count = if entry.shape.contains(&0) {
            Some(0)
        } else {
            entry.shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size))
        };
        let expected = count.and_then(|count| count.checked_mul(element.size()));
        if expected != Some(piece.len()) {
            let expected = format!("the bytes of shape {:?} in {element}", entry.shape);
            return Err(Problem::malformed(expected, format!("{} bytes", piece.len())));
        }
        let layout = Strided::row_major(entry.shape);
        NamedArray::new(name, element, layout, (piece, ByteOrder::Little))
    };
    make().map_err(|problem| problem.at(place))
}

/// Refuses arrays that share bytes, and bytes that belong to no array, in which something could hide.
fn check_places(header: &Header, length: usize) -> Result<(), Located> {
    let mut places: Vec<(usize, usize, &str)> = header
        .arrays
        .iter()
        .map(|(name, entry)| (entry.data_offsets.0, entry.data_offsets.1, name.as_str()))
        .collect();
    places.sort_unstable();
    let mut reached = 0;
    for (start, end, name) in places {
        if start != reached || end < start {
            let expected = format!("values from byte {reached} on, where those before end");
            let got = format!("bytes {start} to {end}");
            return Err(Problem::malformed(expected, got).at(format!("array {name:?}")));
        }
        reached = end;
    }
    if reached != length {
        let expected = format!("{reached} bytes of values, as the header says");
        return Err(Problem::malformed(expected, format!("{length} bytes")).into());
    }
    Ok(())
}

fn element(dtype: &str) -> Result<ElementType, Problem> {
    Ok(match dtype {
        "F32" => ElementType::Float32,
        "F16" => ElementType::Float16,
        "BF16" => ElementType::BFloat16,
        "F64" => ElementType::Float64,
        "I8" => ElementType::Int8,
        "I16" => ElementType::Int16,
        "I32" => ElementType::Int32,
        "I64" => ElementType::Int64,
        "U8" => ElementType::UInt8,
        "U16" => ElementType::UInt16,
        "U32" => ElementType::UInt32,
        "U64" => ElementType::UInt64,
        "BOOL" => ElementType::Bool,
        other => {
            return Err(Problem::Unsupported {
                what: format!("the type {other:?}"),
                fix: "save the arrays as float32, float16 or bfloat16".into(),
            });
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(header: &str, values: usize) -> Vec<u8> {
        let length = (header.len() as u64).to_le_bytes();
        [&length, header.as_bytes(), &vec![0; values]].concat()
    }

    fn read(bytes: Vec<u8>) -> Result<NamedArrays, FormatError> {
        parse_safetensors(Path::new("a.safetensors"), bytes)
    }

    fn refusal(header: &str, values: usize) -> String {
        read(file(header, values)).unwrap_err().to_string()
    }

    const TWO: &str = r#"{"__metadata__":{"format":"pt"},
        "b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
        "a":{"dtype":"I8","shape":[2,1],"data_offsets":[8,10]}}   "#;

    #[test]
    fn arrays_come_in_the_order_of_the_header() {
        let arrays = read(file(TWO, 10)).unwrap();
        let names: Vec<&str> = arrays.arrays().iter().map(NamedArray::name).collect();
        assert_eq!((names, arrays.convention()), (vec!["b", "a"], Convention::PyTorch));
        assert_eq!(arrays.get("a").unwrap().shape(), [2, 1]);
    }

    #[test]
    fn a_header_of_two_to_the_63_bytes_is_refused() {
        let mut bytes = file(TWO, 10);
        bytes[..8].copy_from_slice(&(1u64 << 63).to_le_bytes());
        let text = read(bytes).unwrap_err().to_string();
        let limit = TWO.len() + 10;
        let expected = format!(
            "a.safetensors, header declares 9223372036854775808 bytes, more than the {limit} that such a file may hold"
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn overlapping_offsets_holes_and_surplus_bytes_are_refused() {
        let overlapping = TWO.replace("[8,10]", "[6,8]");
        assert!(
            refusal(&overlapping, 8).contains("from byte 8 on"),
            "{}",
            refusal(&overlapping, 8)
        );
        assert!(refusal(&TWO.replace("[8,10]", "[9,11]"), 11).contains("bytes 9 to 11"));
        assert!(refusal(TWO, 11).contains("expected 10 bytes of values"));
        assert!(refusal(TWO, 9).contains("expected 10 bytes of values"));
    }

    #[test]
    fn offsets_out_of_the_file_or_reversed_are_refused() {
        assert!(
            refusal(&TWO.replace("[8,10]", "[8,18446744073709551615]"), 10).contains("expected")
        );
        assert!(refusal(&TWO.replace("[8,10]", "[8,6]"), 10).contains("bytes 8 to 6"));
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        let text = refusal(&TWO.replace("\"a\"", "\"b\""), 10);
        assert!(text.contains("the name \"b\" twice"), "{text}");
    }

    #[test]
    fn a_shape_that_other_bytes_would_hold_is_refused() {
        assert!(refusal(&TWO.replace("[2,1]", "[3,1]"), 10).contains("got 2 bytes"));
        let huge = TWO.replace("[2,1]", "[4294967296,4294967296]");
        assert!(refusal(&huge, 10).contains("got 2 bytes"));
        assert!(
            refusal(&TWO.replace("I8", "F8_E4M3"), 10).contains("\"F8_E4M3\" is not supported")
        );
    }

    proptest! {
        #[test]
        fn changed_or_cut_files_never_panic(
            changes in proptest::collection::vec((0usize..4096, any::<u8>()), 0..5),
            cut in 0usize..4096,
        ) {
            let mut bytes = file(TWO, 10);
            let length = bytes.len();
            for (place, byte) in changes {
                bytes[place % length] = byte;
            }
            bytes.truncate(length - if cut < 2048 { 0 } else { cut % length });
            if let Ok(arrays) = read(bytes) {
                for array in arrays.arrays() {
                    prop_assert_eq!(array.values().len(), array.len());
                }
            }
        }
    }
}
