//! NumPy's archives of arrays, as files of weights.

mod read;
mod write;

pub use read::{parse_npz, read_npz};
pub use write::write_npz;

/// How the entry of an array ends.
const ENDING: &str = ".npy";
