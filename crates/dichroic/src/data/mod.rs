//! Data sets: what they are and where they come from.
//!
//! [`open`] reads whatever a user names: a set that ships inside the library, a folder of pictures by
//! class, IDX files or a `.npz` file. Every reader checks sizes before it takes memory; a file
//! that is damaged, cut or of another kind is a [`DataError`] that says where and what was expected.

use std::path::Path;

mod array;
mod atomic;
mod dataset;
mod embedded;
mod error;
pub mod folder;
mod hold_out;
pub mod idx;
mod jpeg;
mod limits;
pub mod npy;
pub mod npz;
pub mod picture;

pub use array::{Array, PixelRange, Values};
pub use atomic::write_beside;
pub use dataset::{Dataset, Split};
pub use embedded::{NAMES, named, photographs};
pub use error::DataError;
pub use limits::{Limits, available_memory};
pub use npz::Names;
pub use picture::PictureShape;

/// What a reader has to know about the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The size of the model's picture; folders of pictures can't be read without.
    pub picture: Option<PictureShape>,
    /// The names of inputs and outputs, by which `.npz` files of models with several are read.
    pub names: Names,
    /// How much memory the data may take.
    pub limits: Limits,
}

/// Why one array is no data set, and how to make one.
const SINGLE_ARRAY: &str = "is a .npy file, which holds one array only; save the samples and their targets \
     together, with np.savez(\"data.npz\", x=x, y=y), and give the .npz file";

/// Reads the data that `source` names: a [`named`] set, a folder of pictures or IDX files, or a `.npz` file.
///
/// A file or folder of that name comes before a named set only if it is written with a `/`.
///
/// # Errors
/// When nothing has that name, or its reader finds something wrong.
pub fn open(source: &str, options: &ReadOptions) -> Result<Split, DataError> {
    if NAMES.contains(&source) {
        return named(source);
    }
    let path = Path::new(source);
    if path.is_dir() {
        if let Some(pairs) = idx::find_pairs(path)? {
            return pairs.read(&options.limits);
        }
        let shape =
            options.picture.ok_or_else(|| DataError::PictureShape { path: path.to_path_buf() })?;
        return folder::read_folder(path, shape, &options.limits);
    }
    if !path.exists() {
        return Err(DataError::UnknownName { name: source.to_owned(), known: NAMES.join(", ") });
    }
    if path.extension().is_some_and(|extension| extension == "npz") {
        return npz::read_dataset(path, &options.names, &options.limits);
    }
    if path.extension().is_some_and(|extension| extension == "npy") {
        return Err(DataError::content(path, SINGLE_ARRAY));
    }
    let expected = "a folder of pictures by class, a folder of IDX files, or a .npz file";
    Err(DataError::format(path, "data", expected, "a file of another kind"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_array_is_told_how_to_become_a_data_set() {
        let path = std::env::temp_dir().join(format!("dichroic-single-{}.npy", std::process::id()));
        std::fs::write(&path, b"\x93NUMPY").unwrap();
        let error = open(path.to_str().unwrap(), &ReadOptions::default()).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(error.contains(".npy is a .npy file, which holds one array only"), "{error}");
        assert!(error.contains("np.savez(\"data.npz\", x=x, y=y)"), "{error}");
    }
}
