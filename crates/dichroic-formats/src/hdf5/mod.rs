//! Keras's HDF5 files, `.h5`: whole models of Keras 1, 2 and 3, and weights alone.
//!
//! ```text
//! /                   model_config (JSON), training_config (JSON), keras_version, backend
//! ├── model_weights   layer_names; a group for each layer: see [`saved`]
//! └── optimizer_weights   weight_names; what the optimizer keeps
//! ```
//!
//! A file of weights alone has the layers of `model_weights` at its root, or, since Keras 3, the layout of
//! `model.weights.h5` in a `.keras` archive.
//!
//! # Limits
//! What an optimizer of Keras 1 or 2 kept is passed over, and the reader says so: its order followed from the version and the
//! optimizer, and no file says which.

mod array;
mod convert;
mod file;
mod matching;
mod order;
mod read;
mod saved;
mod training;
mod tree;
mod write;

pub(crate) use array::Array;
pub(crate) use file::{Folder, Hdf5File};
pub use matching::{Matched, Matching};
pub use read::{
    is_hdf5, read_hdf5, read_hdf5_bytes, read_hdf5_outline, read_hdf5_weights,
    read_hdf5_weights_bytes,
};
pub(crate) use training::modern_compile;
pub use write::{write_hdf5, write_hdf5_weights};
