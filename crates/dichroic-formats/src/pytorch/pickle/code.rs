//! The bytes of a pickle, from one instruction to the next.

use crate::error::Problem;

/// Names are short; a line that goes on is no name.
const LONGEST_LINE: usize = 4096;
/// The longest whole number that is read, in bytes; the longest in PyTorch's files, its magic number, has ten.
const LONGEST_INTEGER: usize = 16;

/// Where the machine stands.
pub(super) struct Code<'a> {
    bytes: &'a [u8],
    pub at: usize,
}

impl<'a> Code<'a> {
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Problem> {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let taken = rest.get(..count).ok_or_else(|| {
            Problem::malformed(format!("{count} more bytes"), format!("{} bytes", rest.len()))
        })?;
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub fn byte(&mut self) -> Result<u8, Problem> {
        self.array().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Result<u16, Problem> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, Problem> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn i32(&mut self) -> Result<i32, Problem> {
        self.array().map(i32::from_le_bytes)
    }

    /// A number of bytes in eight bytes.
    pub fn length(&mut self) -> Result<usize, Problem> {
        let length = self.array().map(u64::from_le_bytes)?;
        Ok(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// A number of bytes in four bytes.
    pub fn short_length(&mut self) -> Result<usize, Problem> {
        Ok(usize::try_from(self.u32()?).unwrap_or(usize::MAX))
    }

    /// A whole number of `count` bytes in two's complement.
    pub fn integer(&mut self, count: usize) -> Result<i128, Problem> {
        if count > LONGEST_INTEGER {
            let expected = format!("a whole number of at most {LONGEST_INTEGER} bytes");
            return Err(Problem::malformed(expected, format!("{count} bytes")));
        }
        let bytes = self.take(count)?;
        let sign = if bytes.last().is_some_and(|last| last & 0x80 != 0) { 0xff } else { 0 };
        let mut whole = [sign; LONGEST_INTEGER];
        whole[..count].copy_from_slice(bytes);
        Ok(i128::from_le_bytes(whole))
    }

    /// Text of `count` bytes.
    pub fn text(&mut self, count: usize) -> Result<String, Problem> {
        let bytes = self.take(count)?;
        let text = str::from_utf8(bytes);
        text.map(str::to_owned).map_err(|error| Problem::malformed("text in UTF-8", error))
    }

    /// A string of Python 2, whose bytes need not be text; those that are none become `\x` and their number.
    pub fn old_text(&mut self, count: usize) -> Result<String, Problem> {
        let bytes = self.take(count)?;
        let text = str::from_utf8(bytes).map(str::to_owned);
        Ok(text.unwrap_or_else(|_| bytes.escape_ascii().to_string()))
    }

    /// Text up to the end of the line.
    pub fn line(&mut self) -> Result<&'a str, Problem> {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let rest = &rest[..rest.len().min(LONGEST_LINE)];
        let end = rest.iter().position(|&byte| byte == b'\n');
        let end = end.ok_or_else(|| Problem::malformed("a line with a name", "no end of it"))?;
        self.at += end + 1;
        str::from_utf8(&rest[..end]).map_err(|error| Problem::malformed("a name in UTF-8", error))
    }
}
