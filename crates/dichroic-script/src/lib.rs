//! Keras code run without Python: hermetic and bounded.
#![forbid(unsafe_code)]

mod arguments;
mod builtins;
mod error;
mod evaluate;
mod heap;
mod host;
mod limits;
mod machine;
#[cfg(test)]
mod python_tests;
mod run;
mod source;
mod value;

pub use error::{CallSite, ErrorKind, Place, ScriptError};
pub use limits::Limits;
