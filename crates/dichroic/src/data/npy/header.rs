//! The header of an array file: a Python dictionary with three known keys.

use std::io::Read;
use std::path::Path;

use super::Place;
use crate::data::DataError;

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Headers longer than this are refused; NumPy itself stops at 10,000 bytes.
const MAX_HEADER: usize = 10_000;

/// More axes than NumPy allows.
const MAX_RANK: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    F32,
    F64,
    U8,
    I32,
    I64,
    Bool,
}

impl Element {
    pub fn size(self) -> usize {
        match self {
            Self::U8 | Self::Bool => 1,
            Self::F32 | Self::I32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }

    fn descr(self) -> &'static str {
        match self {
            Self::F32 => "<f4",
            Self::F64 => "<f8",
            Self::U8 => "|u1",
            Self::I32 => "<i4",
            Self::I64 => "<i8",
            Self::Bool => "|b1",
        }
    }
}

/// What the header of an array file says, before it is asked whether the type is one that can be used.
///
/// # Source
/// `numpy.lib.format`, versions 1.0 to 3.0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpyHeader {
    /// The type in NumPy's words: the order of the bytes, the kind and the size, as in `<f4`.
    pub descr: String,
    /// Whether the first axis varies fastest.
    pub fortran_order: bool,
    /// The size of each axis; nothing is promised about their product.
    pub shape: Vec<usize>,
}

impl NpyHeader {
    /// Reads the header of the array `name` in the file `path`; also the number of bytes that it took.
    ///
    /// # Errors
    /// When the reader fails, or what it gives is no header of NumPy's.
    pub fn read(reader: &mut impl Read, path: &Path, name: &str) -> Result<(Self, u64), DataError> {
        read_dictionary(reader, Place { path, name }).map(|(header, _, bytes)| (header, bytes))
    }
}

#[derive(Debug, PartialEq)]
pub struct Header {
    pub element: Element,
    pub big_endian: bool,
    pub fortran_order: bool,
    pub shape: Vec<usize>,
}

/// Reads a header; also its text, and the number of bytes that it took.
fn read_dictionary(
    reader: &mut impl Read,
    at: Place<'_>,
) -> Result<(NpyHeader, String, u64), DataError> {
    let place = format!("header of {}", at.name);
    let wrong = |expected: &str, got: String| DataError::format(at.path, &place, expected, got);
    let read = |reader: &mut dyn Read, buffer: &mut [u8]| {
        reader
            .read_exact(buffer)
            .map_err(|error| DataError::reading(at.path, &place, "a NumPy array", error))
    };
    let mut start = [0; 8];
    read(reader, &mut start)?;
    if &start[..6] != MAGIC {
        let got = format!("{:?}", start[..6].escape_ascii().to_string());
        return Err(wrong("the bytes \\x93NUMPY", got));
    }
    let (length, length_bytes) = match start[6] {
        1 => {
            let mut bytes = [0; 2];
            read(reader, &mut bytes)?;
            (usize::from(u16::from_le_bytes(bytes)), 2)
        }
        2 | 3 => {
            let mut bytes = [0; 4];
            read(reader, &mut bytes)?;
            (usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX), 4)
        }
        version => return Err(wrong("version 1, 2 or 3", version.to_string())),
    };
    if length > MAX_HEADER {
        return Err(wrong(&format!("at most {MAX_HEADER} bytes"), length.to_string()));
    }
    let mut text = vec![0; length];
    read(reader, &mut text)?;
    let header = Parser { text: &text, at: 0 }.header();
    let text = String::from_utf8_lossy(&text).trim_end().to_owned();
    let header = header.map_err(|expected| wrong(&expected, text.clone()))?;
    Ok((header, text, 8 + length_bytes + length as u64))
}

impl Header {
    /// Reads the header; also the number of bytes that it took.
    pub fn read(reader: &mut impl Read, at: Place<'_>) -> Result<(Self, u64), DataError> {
        let (header, text, bytes) = read_dictionary(reader, at)?;
        let NpyHeader { descr, fortran_order, shape } = header;
        let (element, big_endian) = parse_descr(&descr).map_err(|expected| {
            DataError::format(at.path, format!("header of {}", at.name), expected, text)
        })?;
        Ok((Self { element, big_endian, fortran_order, shape }, bytes))
    }

    /// The bytes of a header in version 1.0, padded as NumPy pads it.
    pub fn bytes(element: Element, shape: &[usize]) -> Vec<u8> {
        let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
        let comma = if shape.len() == 1 { "," } else { "" };
        let mut text = format!(
            "{{'descr': '{}', 'fortran_order': False, 'shape': ({}{comma}), }}",
            element.descr(),
            sizes.join(", ")
        );
        let length = (10 + text.len() + 1).next_multiple_of(64) - 10;
        text.extend(std::iter::repeat_n(' ', length - text.len() - 1));
        text.push('\n');
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        // A rank that makes the header longer than 64 KiB is beyond what an address space can hold.
        bytes.extend(u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes());
        bytes.extend(text.bytes());
        bytes
    }

    /// The number of values; `None` where it overflows.
    pub fn count(&self) -> Option<usize> {
        let mut sizes = self.shape.iter().filter(|&&size| size > 0);
        // The product without the empty axes must fit too, as their strides are computed from it.
        let product =
            sizes.try_fold(self.element.size(), |product, &size| product.checked_mul(size))?;
        let product = isize::try_from(product).ok()?.cast_unsigned() / self.element.size();
        Some(if self.shape.contains(&0) { 0 } else { product })
    }

    /// The values in row-major order, from the order of the file.
    pub fn row_major<T: Copy>(&self, values: Vec<T>) -> Vec<T> {
        if !self.fortran_order || self.shape.len() < 2 || values.is_empty() {
            return values;
        }
        let mut strides = Vec::with_capacity(self.shape.len());
        let mut stride = 1;
        for &size in &self.shape {
            strides.push(stride);
            stride *= size;
        }
        let mut index = vec![0; self.shape.len()];
        let mut offset = 0;
        let mut out = Vec::with_capacity(values.len());
        for _ in 0..values.len() {
            out.push(values[offset]);
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                offset += strides[axis];
                if index[axis] < self.shape[axis] {
                    break;
                }
                offset -= strides[axis] * self.shape[axis];
                index[axis] = 0;
            }
        }
        out
    }
}

/// Reads the dictionary; an error says what was expected.
struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn header(mut self) -> Result<NpyHeader, String> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        self.expect(b'{')?;
        while self.peek() != Some(b'}') {
            let key = self.string()?;
            self.expect(b':')?;
            match key.as_str() {
                "descr" => descr = Some(self.string()?),
                "fortran_order" => fortran_order = Some(self.truth()?),
                "shape" => shape = Some(self.tuple()?),
                _ => return Err("no keys but descr, fortran_order and shape".to_owned()),
            }
            if self.peek() == Some(b',') {
                self.at += 1;
            } else if self.peek() != Some(b'}') {
                return Err("a comma or a closing brace".to_owned());
            }
        }
        let descr = descr.ok_or("the key descr")?;
        let fortran_order = fortran_order.ok_or("the key fortran_order")?;
        Ok(NpyHeader { descr, fortran_order, shape: shape.ok_or("the key shape")? })
    }

    /// The next byte that is no blank.
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.peek() != Some(byte) {
            return Err(format!("{:?} at byte {}", char::from(byte), self.at));
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, belongs: impl Fn(u8) -> bool) -> String {
        let rest = &self.text[self.at..];
        let length = rest.iter().take_while(|&&byte| belongs(byte)).count();
        self.at += length;
        rest[..length].iter().copied().map(char::from).collect()
    }

    fn string(&mut self) -> Result<String, String> {
        let quote =
            self.peek().filter(|byte| matches!(byte, b'\'' | b'"')).ok_or("a quoted word")?;
        self.at += 1;
        let word = self.word(|byte| byte != quote);
        self.expect(quote)?;
        Ok(word)
    }

    fn truth(&mut self) -> Result<bool, String> {
        self.peek();
        match self.word(|byte| byte.is_ascii_alphabetic()).as_str() {
            "True" => Ok(true),
            "False" => Ok(false),
            _ => Err("True or False for fortran_order".to_owned()),
        }
    }

    fn tuple(&mut self) -> Result<Vec<usize>, String> {
        let mut sizes = Vec::new();
        self.expect(b'(')?;
        while self.peek() != Some(b')') {
            let digits = self.word(|byte| byte.is_ascii_digit());
            sizes.push(digits.parse().map_err(|_| "a shape of whole numbers".to_owned())?);
            if sizes.len() > MAX_RANK {
                return Err(format!("at most {MAX_RANK} axes"));
            }
            if self.peek() == Some(b',') {
                self.at += 1;
            } else if self.peek() != Some(b')') {
                return Err("a comma or a closing parenthesis".to_owned());
            }
        }
        self.at += 1;
        Ok(sizes)
    }
}

/// The element type, and whether its bytes are in big-endian order.
fn parse_descr(descr: &str) -> Result<(Element, bool), String> {
    let unknown = || "values of type float32, float64, uint8, int32, int64 or bool".to_owned();
    let (order, name) = descr.split_at_checked(1).ok_or_else(unknown)?;
    let element = match name {
        "f4" => Element::F32,
        "f8" => Element::F64,
        "u1" => Element::U8,
        "i4" => Element::I32,
        "i8" => Element::I64,
        "b1" => Element::Bool,
        _ => return Err(unknown()),
    };
    match order {
        "<" | "=" | "|" => Ok((element, false)),
        ">" => Ok((element, true)),
        _ => Err(unknown()),
    }
}
