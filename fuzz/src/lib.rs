//! What every fuzz target owes: a file with the given bytes, and a bound on the memory that reading it takes.

mod allocation;
mod entries;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use dichroic_formats::{FormatError, NamedArrays};
pub use entries::mutate_entries;

/// A folder for this process alone: readers look for further files beside the one they read.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("dichroic-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    folder
});

/// Reads a file of these bytes; fails if that takes more memory than a fixed multiple of them and half a gigabyte.
pub fn read_file<T>(bytes: &[u8], read: impl FnOnce(&Path) -> Result<T, FormatError>) {
    read_file_within(bytes, allocation::FREE, read);
}

/// [`read_file`] with another constant.
pub fn read_file_within<T>(
    bytes: &[u8],
    free: usize,
    read: impl FnOnce(&Path) -> Result<T, FormatError>,
) {
    let path = FOLDER.join("input");
    fs::write(&path, bytes).expect("the folder for temporary files can be written");
    allocation::bounded(bytes.len(), free, || match read(&path) {
        Ok(_) => {}
        Err(error) => message(error),
    });
}

/// Reads arrays from bytes, and each value of each; fails as [`read_file`] does.
pub fn read_arrays(bytes: &[u8], read: impl FnOnce(Vec<u8>) -> Result<NamedArrays, FormatError>) {
    allocation::bounded(bytes.len(), allocation::FREE, || match read(bytes.to_vec()) {
        Ok(arrays) => {
            for array in arrays.arrays() {
                assert_eq!(array.values().len(), array.len());
            }
        }
        Err(error) => message(error),
    });
}

/// A message has to be made too.
fn message(error: FormatError) {
    assert!(!error.to_string().is_empty());
}
