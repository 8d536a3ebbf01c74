//! Files that are read: they have an end, and nothing is written over them.

use std::fs;
use std::path::Path;

use crate::failure::Failure;

/// Refuses pipes and devices, which have no end or can be read only once; folders are told apart by who reads.
///
/// # Errors
/// When there is no such file, or it is none of the kind that has a size.
pub fn regular(path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    let metadata =
        fs::metadata(path).map_err(|error| Failure::refused(format!("{shown}: {error}")))?;
    if metadata.is_file() || metadata.is_dir() {
        return Ok(());
    }
    Err(Failure::refused(format!("{shown}: is a pipe or a device, and files are read whole"))
        .help("write it to a file first, and name that"))
}

/// Refuses to write a file over one that is read.
///
/// # Errors
/// When both names are of the same file.
pub fn refuse_overwriting(written: &Path, read: &Path, what: &str) -> Result<(), Failure> {
    match (fs::canonicalize(written), fs::canonicalize(read)) {
        (Ok(to), Ok(from)) if to == from => {
            Err(Failure::refused(format!("{}: {what}", written.display()))
                .help("name another file; what is read stays as it is"))
        }
        _ => Ok(()),
    }
}
