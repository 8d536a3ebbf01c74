//! Model files: Keras's `.keras` archives.
//!
//! No file is code: nothing in one is executed, sizes are checked before memory is taken, and a bad
//! file gets an error that names the file, the place in it and what was expected there.
#![forbid(unsafe_code)]

mod agreement;
mod archive;
mod error;
mod keras;
mod kind;
pub mod onnx;
mod weights;

pub use agreement::{Agreement, OutputAgreement, Side};
pub use error::{FormatError, Problem};
pub use keras::{
    Contents, SavedModel, SavedTraining, is_keras, read_keras, read_outline, write_keras,
};
pub use kind::FileKind;
