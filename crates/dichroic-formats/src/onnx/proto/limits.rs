//! How deep messages may nest and how many there may be, checked before a parser follows them.
//!
//! A parser calls itself for a message in a message and takes memory for each one, so that a small
//! file could use up the stack or the memory. This walk looks at tags and lengths alone.

use crate::error::{Located, Problem};

/// Protobuf's own limit for nesting.
const DEEPEST: usize = 100;
/// The most messages, names and lists. A network of 10,000 nodes has about 150,000.
const MOST_PARTS: u64 = 4_000_000;

/// Field numbers end here; the parser would take a larger one for a small one.
const LARGEST_NUMBER: u64 = (1 << 29) - 1;
/// The largest number of a field that the parser knows.
const LARGEST_KNOWN: u64 = 25;

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const BYTES: u64 = 2;
const FIXED32: u64 = 5;

/// The messages that hold messages of their own.
#[derive(Clone, Copy)]
enum Kind {
    Model,
    Training,
    Function,
    Graph,
    Node,
    Attribute,
    ValueInfo,
    Type,
    /// What a type of sequences, maps or optional values holds: the field that is a type again.
    Element(u64),
    /// A message that nothing deeper lies in.
    Flat,
}

impl Kind {
    /// What a field of this message holds.
    fn field(self, number: u64) -> Self {
        match (self, number) {
            (Self::Model, 7) | (Self::Training, 1 | 2) | (Self::Attribute, 6 | 11) => Self::Graph,
            (Self::Model, 20) => Self::Training,
            (Self::Model, 25) => Self::Function,
            (Self::Graph, 1) | (Self::Function, 7) => Self::Node,
            (Self::Node, 5) | (Self::Function, 11) => Self::Attribute,
            (Self::Graph, 11..=13) | (Self::Function, 12) => Self::ValueInfo,
            (Self::ValueInfo, 2) | (Self::Attribute, 14 | 15) => Self::Type,
            (Self::Type, 4 | 9) => Self::Element(1),
            (Self::Type, 5) => Self::Element(2),
            (Self::Element(field), number) if field == number => Self::Type,
            _ => Self::Flat,
        }
    }

    /// The wire types that a field may have. The parser takes a field that it knows by its number
    /// alone, so one of another type would be read as something else than this walk sees.
    fn wire_types(self, number: u64) -> &'static [u64] {
        match (self, number) {
            (Self::Model, 1 | 5) | (Self::Attribute, 3 | 20) | (Self::Element(2), 1) => &[VARINT],
            (Self::Attribute, 2) => &[FIXED32],
            (Self::Attribute, 7) => &[BYTES, FIXED32],
            (Self::Attribute, 8) => &[BYTES, VARINT],
            // Two numbers of old functions, which the parser doesn't know.
            (Self::Function, 2 | 3) => &[VARINT],
            (_, ..=LARGEST_KNOWN) => &[BYTES],
            _ => &[VARINT, FIXED64, BYTES, FIXED32],
        }
    }

    /// How much memory the parser takes for a field, in messages of the usual size: attributes and sparse
    /// tensors have a place for everything that they could hold, 700 to 1,400 bytes if they are empty.
    fn parts(self, number: u64) -> u64 {
        match (self, number) {
            (Self::Node, 5) | (Self::Function, 11) | (Self::Graph, 15) => 8,
            (Self::Attribute, 22 | 23) => 8,
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) => 2,
            _ => 1,
        }
    }
}

/// Refuses bytes that are no protobuf messages, nest too deep or hold too many parts.
pub(super) fn check(bytes: &[u8]) -> Result<(), Located> {
    let mut parts = 0;
    walk(bytes, Kind::Model, 0, &mut parts)
}

fn walk(mut bytes: &[u8], kind: Kind, depth: usize, parts: &mut u64) -> Result<(), Located> {
    if depth > DEEPEST {
        let got = "a deeper one";
        return Err(Problem::malformed(format!("messages at most {DEEPEST} deep"), got).into());
    }
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let (number, wire_type) = (tag >> 3, tag & 7);
        if number > LARGEST_NUMBER || !kind.wire_types(number).contains(&wire_type) {
            let got = format!("field {number} of wire type {wire_type}");
            return Err(Problem::malformed("an ONNX model (protobuf fields)", got).into());
        }
        match wire_type {
            VARINT => drop(varint(&mut bytes)?),
            FIXED64 => drop(take(&mut bytes, 8)?),
            FIXED32 => drop(take(&mut bytes, 4)?),
            _ => {
                *parts += kind.parts(number);
                if *parts > MOST_PARTS {
                    let expected = format!("at most {MOST_PARTS} messages and names");
                    return Err(Problem::malformed(expected, "more").into());
                }
                let length = varint(&mut bytes)?;
                let inner = take(&mut bytes, length)?;
                match kind.field(number) {
                    Kind::Flat => {}
                    inner_kind => walk(inner, inner_kind, depth + 1, parts)?,
                }
            }
        }
    }
    Ok(())
}

fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8], Located> {
    let split = usize::try_from(length).ok().and_then(|length| bytes.split_at_checked(length));
    let (taken, rest) = split.ok_or_else(|| {
        let expected = format!("a field of {length} bytes");
        Problem::malformed(expected, format!("{} bytes until the end", bytes.len()))
    })?;
    *bytes = rest;
    Ok(taken)
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Located> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let Some((&byte, rest)) = bytes.split_first() else {
            return Err(Problem::malformed("a whole number", "the end of the file").into());
        };
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Problem::malformed("a whole number of at most 10 bytes", "a longer one").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field that holds these bytes.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut length = bytes.len();
        let mut written = vec![number << 3 | 2];
        while length >= 0x80 {
            written.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        written.push(length as u8);
        [written, bytes.to_vec()].concat()
    }

    #[test]
    fn a_graph_in_a_graph_in_a_graph_ends_somewhere() {
        let mut graph = Vec::new();
        for _ in 0..40 {
            graph = field(1, &field(5, &field(6, &graph)));
        }
        let error = check(&field(7, &graph)).unwrap_err();
        assert!(error.problem.to_string().contains("at most 100 deep"), "{}", error.problem);
    }

    #[test]
    fn a_length_beyond_the_end_is_refused_with_both_numbers() {
        let error = check(&[7 << 3 | 2, 9, 1]).unwrap_err();
        assert_eq!(
            error.problem.to_string(),
            "expected a field of 9 bytes, got 1 bytes until the end"
        );
    }

    #[test]
    fn a_graph_that_is_written_as_a_number_is_refused() {
        // The parser would follow the length, whatever the type says; the walk would not.
        for nested in [[7 << 3, 1, 0], [1 << 3, 1, 0]] {
            assert!(check(&field(7, &nested)).is_err(), "{nested:?}");
        }
        let error = check(&[7 << 3, 0]).unwrap_err();
        let text = "expected an ONNX model (protobuf fields), got field 7 of wire type 0";
        assert_eq!(error.problem.to_string(), text);
    }

    #[test]
    fn a_field_number_that_would_be_cut_to_a_small_one_is_refused() {
        let tag = (1u64 << 32 | 7) << 3 | BYTES;
        let mut bytes: Vec<u8> = (0..5).map(|at| (tag >> (7 * at)) as u8 | 0x80).collect();
        bytes.extend([(tag >> 35) as u8, 0]);
        assert!(check(&bytes).is_err());
    }

    #[test]
    fn empty_messages_without_number_are_refused() {
        let nodes = [0x0a, 0].repeat(MOST_PARTS as usize);
        assert!(check(&field(7, &nodes)).is_err());
    }
}
