//! Read-only bytes that several owners share, of a file that is mapped rather than read.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Arc;

/// A piece of read-only bytes; clones and slices share the same memory.
///
/// [`SharedBytes::open`] maps a file: its pages come from the disk when they are first looked at and belong to the
/// system's cache, so that opening costs the same for a kilobyte and for a gigabyte.
///
/// # Limits
/// The bytes of a mapped file are those that the file holds *now*. Programs that save by renaming a finished file, as this
/// one does, leave them alone. One that writes into the same file changes them, and one that cuts the file short
/// makes the system end the process (`SIGBUS`) when a missing page is looked at. Whoever keeps the bytes for long
/// copies them: [`Tensor::detach`](crate::tensor::Tensor::detach).
///
/// ```
/// use dichroic_kernels::mapped::SharedBytes;
/// let whole = SharedBytes::from(b"header, values".to_vec());
/// let values = whole.slice(8..14).expect("the piece lies inside");
/// assert_eq!(&values[..], b"values");
/// assert!(whole.slice(8..15).is_none());
/// ```
#[derive(Clone)]
pub struct SharedBytes {
    memory: Arc<Memory>,
    range: Range<usize>,
}

enum Memory {
    #[cfg(unix)]
    Mapped(memmap2::Mmap),
    Owned(Vec<u8>),
}

impl SharedBytes {
    /// The bytes of a file: mapped where the system can do so, read otherwise (pipes, empty files, and on Windows, where
    /// a mapped file could not be replaced by a new version of itself).
    ///
    /// # Errors
    /// When the file can't be opened or read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        #[cfg(unix)]
        if let Some(mapped) = map(&file) {
            let range = 0..mapped.len();
            return Ok(Self { memory: Arc::new(Memory::Mapped(mapped)), range });
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Self::from(bytes))
    }

    /// A piece of these bytes; `None` where it doesn't lie inside.
    pub fn slice(&self, range: Range<usize>) -> Option<Self> {
        let start = self.range.start.checked_add(range.start)?;
        let end = self.range.start.checked_add(range.end)?;
        let inside = start <= end && end <= self.range.end;
        inside.then(|| Self { memory: Arc::clone(&self.memory), range: start..end })
    }

    /// Whether the bytes are those of a mapped file.
    pub fn is_mapped(&self) -> bool {
        !matches!(*self.memory, Memory::Owned(_))
    }

    /// The bytes as little-endian floats, where they can be taken as such without a copy.
    pub(crate) fn floats(&self) -> Option<&[f32]> {
        if cfg!(target_endian = "big") {
            return None;
        }
        // SAFETY: any four bytes are a value of `f32`, and `align_to` puts only whole, aligned ones in the middle.
        let (before, floats, after) = unsafe { self.align_to::<f32>() };
        (before.is_empty() && after.is_empty()).then_some(floats)
    }
}

/// Maps a regular file; `None` where that is not possible.
#[cfg(unix)]
fn map(file: &File) -> Option<memmap2::Mmap> {
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.len() == 0 {
        return None;
    }
    // SAFETY: the mapping is read-only and lives as long as what borrows from it. That nobody else changes the file can't
    // be promised by any program. If somebody does, the bytes change under us or a read ends the process with SIGBUS; the
    // documentation of `SharedBytes` says so. Whoever reads a size or an offset from the bytes copies it first and checks
    // the copy; weights are plain numbers, of which every pattern of bits is one. So changed bytes give wrong numbers,
    // never an access outside of the mapping.
    unsafe { memmap2::Mmap::map(file) }.ok()
}

impl Deref for SharedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let whole: &[u8] = match &*self.memory {
            #[cfg(unix)]
            Memory::Mapped(mapped) => mapped,
            Memory::Owned(bytes) => bytes,
        };
        &whole[self.range.clone()]
    }
}

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<Vec<u8>> for SharedBytes {
    fn from(bytes: Vec<u8>) -> Self {
        let range = 0..bytes.len();
        Self { memory: Arc::new(Memory::Owned(bytes)), range }
    }
}

impl fmt::Debug for SharedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_mapped() { "mapped" } else { "owned" };
        write!(f, "SharedBytes({} {kind} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, bytes: &[u8]) -> std::path::PathBuf {
        let path =
            std::env::temp_dir().join(format!("dichroic-mapped-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        path
    }

    #[test]
    #[cfg_attr(miri, ignore = "miri knows no mapped files")]
    fn a_file_is_mapped_and_an_empty_one_is_read() {
        let path = file("whole", b"eight bytes");
        let bytes = SharedBytes::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(&bytes[..], b"eight bytes");
        assert_eq!(bytes.is_mapped(), cfg!(unix));
        let path = file("empty", b"");
        let bytes = SharedBytes::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(bytes.is_empty() && !bytes.is_mapped());
    }

    #[test]
    #[cfg(target_os = "linux")]
    #[cfg_attr(miri, ignore = "miri knows no mapped files")]
    fn what_is_no_regular_file_is_read() {
        assert!(SharedBytes::open(Path::new("/dev/null")).unwrap().is_empty());
    }

    #[test]
    fn slices_of_slices_stay_inside() {
        let bytes = SharedBytes::from((0..10).collect::<Vec<u8>>());
        let middle = bytes.slice(2..8).unwrap();
        assert_eq!(&middle.slice(1..3).unwrap()[..], [3, 4]);
        assert!(middle.slice(0..6).is_some() && middle.slice(6..6).is_some());
        for outside in [0..7, 7..7, usize::MAX..usize::MAX, 1..usize::MAX] {
            assert!(middle.slice(outside).is_none());
        }
        #[expect(clippy::reversed_empty_ranges, reason = "a lying header may give one")]
        let reversed = 3..2;
        assert!(middle.slice(reversed).is_none());
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn floats_are_given_only_where_they_are_aligned_and_whole() {
        let bytes = SharedBytes::from(vec![0u8; 16]);
        let start = bytes.as_ptr().align_offset(align_of::<f32>());
        assert_eq!(bytes.slice(start..start + 8).unwrap().floats(), Some(&[0.0, 0.0][..]));
        assert_eq!(bytes.slice(start + 1..start + 9).unwrap().floats(), None);
        assert_eq!(bytes.slice(start..start + 7).unwrap().floats(), None);
    }
}
