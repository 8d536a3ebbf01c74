//! How much memory reading may take, and how much there is.

use std::path::Path;

pub use dichroic_graph::available_memory;

use super::DataError;

/// Deflate can't grow a byte to more than this many (zlib's documentation, "maximum compression factor").
pub(crate) const DEFLATE_RATIO: u64 = 1032;

/// The memory assumed where the system doesn't tell: 4 GiB.
const ASSUMED_MEMORY: u64 = 4 << 30;

/// Limits of one read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory that the arrays of one read may take.
    pub bytes: u64,
}

impl Default for Limits {
    /// Three quarters of the memory that is available now; of 4 GiB where the system doesn't tell.
    fn default() -> Self {
        Self { bytes: available_memory().unwrap_or(ASSUMED_MEMORY) / 4 * 3 }
    }
}

impl Limits {
    /// Refuses `place` when it needs more than the limit.
    ///
    /// # Errors
    /// [`DataError::TooLarge`] with both figures.
    pub fn check(&self, path: &Path, place: &str, needed: u64) -> Result<(), DataError> {
        if needed > self.bytes {
            return Err(DataError::TooLarge {
                path: path.to_path_buf(),
                place: place.to_owned(),
                needed,
                limit: self.bytes,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_limit_is_refused_with_both_figures() {
        let limits = Limits { bytes: 10 };
        assert!(limits.check(Path::new("a"), "array", 10).is_ok());
        let error = limits.check(Path::new("a"), "array", 11).unwrap_err().to_string();
        assert!(error.contains("11 bytes") && error.contains("limit is 10"), "{error}");
    }
}
