//! Names made from content, so that the same thing is found at the same address again.

use std::fmt;

/// FNV-1a over several byte strings, 128 bits wide. Nobody gains from two things with one name: only the user's own
/// page makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash(u128);

impl Hash {
    /// The hash of these parts; where one ends and the next begins counts.
    pub fn of(parts: &[&[u8]]) -> Self {
        let start = Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        parts.iter().fold(start, |hash, part| hash.and(&part.len().to_le_bytes()).and(part))
    }

    /// The hash of what came so far with more bytes behind it.
    pub fn and(self, bytes: &[u8]) -> Self {
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
        let add = |hash: u128, byte: &u8| (hash ^ u128::from(*byte)).wrapping_mul(PRIME);
        Self(bytes.iter().fold(self.0, add))
    }
}

impl fmt::Display for Hash {
    /// Both halves folded into 64 bits: long enough for the few things that a page knows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", (self.0 >> 64) as u64 ^ self.0 as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let text = |parts: &[&[u8]]| Hash::of(parts).to_string();
        assert_eq!(text(&[b"ab", b"c"]), text(&[b"ab", b"c"]));
        assert_ne!(text(&[b"ab", b"c"]), text(&[b"a", b"bc"]));
        assert_eq!(text(&[]).len(), 16);
    }
}
