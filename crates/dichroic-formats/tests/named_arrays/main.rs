//! Files of named arrays as PyTorch, safetensors and NumPy write them, and their way into models.
//! `golden.py` makes the files and says what is in them.

mod cut_short;
mod files;
mod networks;
mod written;

use std::path::PathBuf;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/named_arrays/files").join(name)
}
