//! Model files: Keras's `.keras` archives and HDF5 files, ONNX, and weights by name in safetensors, PyTorch's and NumPy's files.
//!
//! No file is code: nothing in one is executed, sizes are checked before memory is taken, and a bad
//! file gets an error that names the file, the place in it and what was expected there.
//!
//! ```no_run
//! use dichroic_formats::onnx::OnnxExport;
//! use dichroic_formats::{
//!     Contents, OpenOptions, WeightsOptions, load_weights, open_model, save_model,
//! };
//!
//! let opened = open_model("network.onnx".as_ref(), &OpenOptions::default())?;
//! let mut model = opened.into_saved().model;
//! for note in load_weights(&mut model, "tuned.safetensors".as_ref(), &WeightsOptions::default())? {
//!     println!("{note}");
//! }
//! save_model("network.keras".as_ref(), &Contents::of(&model), &OnnxExport::default())?;
//! # Ok::<(), dichroic_formats::FormatError>(())
//! ```
#![forbid(unsafe_code)]

mod agreement;
mod archive;
mod element;
mod error;
mod hdf5;
mod keras;
mod kind;
mod named;
mod npz;
pub mod onnx;
mod open;
mod pytorch;
mod safetensors;
mod save;
mod size;
mod weight_files;
mod weights;

pub use agreement::{Agreement, OutputAgreement, Side};
pub use element::ElementType;
pub use error::{FormatError, Problem, Unmatched};
pub use hdf5::{
    Matched, Matching, is_hdf5, read_hdf5, read_hdf5_bytes, read_hdf5_outline, read_hdf5_weights,
    read_hdf5_weights_bytes, write_hdf5, write_hdf5_weights,
};
pub use keras::{
    Contents, SavedModel, SavedTraining, is_keras, read_keras, read_outline, write_keras,
};
pub use kind::FileKind;
pub use named::{Convention, Loaded, NameMap, NamedArray, NamedArrays, Target, load_arrays};
pub use npz::{parse_npz, read_npz, write_npz};
pub use open::{OpenOptions, Opened, open_model, open_outline};
pub use pytorch::{UnknownClasses, parse_pytorch, read_pytorch};
pub use safetensors::{parse_safetensors, read_safetensors, write_safetensors};
pub use save::{Destination, save_model};
pub use weight_files::{WeightsOptions, load_weights};
