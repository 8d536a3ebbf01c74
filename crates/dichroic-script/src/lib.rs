//! Keras code run without Python: hermetic and bounded.
//!
//! [`Script::run`] runs a script as it stands in tutorials, [`Script::inline`] one expression such as `Conv2D(56, 4)`;
//! both give the models that were made. The grammar is Python's own, the evaluator ours: no file and no network can be
//! reached, and steps, depth, memory, layers and output are bounded by [`Limits`], so every script ends.
//!
//! ```
//! use dichroic_script::{Options, Script};
//! let text = "
//! from keras import Sequential, layers
//! model = Sequential([layers.Input((28, 28, 3)), layers.Conv2D(32, 5)])
//! print(model.count_params())
//! ";
//! let mut printed = Vec::new();
//! let outcome = Script::run(text, "model.py", &Options::default(), &mut printed)?;
//! assert_eq!(printed, b"2432\n");
//! assert_eq!(outcome.model(None)?.count_params(), 2_432);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod arguments;
mod builtins;
mod error;
mod evaluate;
mod heap;
mod host;
mod keras;
mod limits;
mod machine;
#[cfg(test)]
mod python_tests;
mod run;
mod script;
mod source;
mod value;

pub use error::{CallSite, ErrorKind, Place, ScriptError};
pub use limits::Limits;
pub use script::{MadeModel, Options, Outcome, OutcomeError, Script};
