//! PyTorch's files of weights, `.pt`, `.pth` and `.bin`.
//!
//! ```text
//! since 1.6, a zip archive            before
//! NAME/data.pkl    the pickled object   pickles: magic number, protocol, system, the object, keys of storages
//! NAME/data/0, 1…  its storages         for each key: number of values (8 bytes), values
//! NAME/byteorder   little or big
//! ```
//!
//! A pickle is a program; ours can only build data ([`pickle`]). State dicts are read, alone or inside of a checkpoint, and
//! the weights of scripted modules, whose code is left where it is. An object of any other class, as
//! `torch.save(model)` makes it, needs Python code that no file should bring along. It is refused by its name, or on
//! request ([`UnknownClasses::KeepAsNames`]) taken apart: its parameters and buffers are read, its class stays a name.
//!
//! # Source
//! PyTorch, `torch/serialization.py`.

mod collect;
mod legacy;
mod pickle;
mod storages;
mod zipped;

#[cfg(test)]
mod tests;

use std::path::Path;

use dichroic_graph::kernels::mapped::SharedBytes;

use crate::error::{FormatError, Located, Problem};
use crate::named::{Convention, NamedArrays};
use pickle::Rules;

/// What becomes of an object whose class is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownClasses {
    /// The file is refused, with the name of the class.
    #[default]
    Refuse,
    /// The class stays a name that nobody looks up; the weights among the object's attributes are read. Functions are refused all the same.
    KeepAsNames,
}

/// Reads the arrays of a PyTorch file; their values stay in the mapped file. Nothing in it is run.
///
/// A checkpoint's state dict is found under its usual names (`state_dict`, `model`, …), and a beginning that all names
/// share (`module.`) is left out; [`NamedArrays::notes`] says so.
///
/// # Errors
/// When the file can't be read, is damaged, names code, or holds no tensors.
pub fn read_pytorch(path: &Path, unknown: UnknownClasses) -> Result<NamedArrays, FormatError> {
    let read = || parse(&SharedBytes::open(path).map_err(Problem::Io)?, unknown);
    read().map(|arrays| arrays.of_file(path)).map_err(|error: Located| error.of(path))
}

/// Reads the arrays of a PyTorch file that is in memory; `path` is its name in messages.
///
/// # Errors
/// As [`read_pytorch`].
pub fn parse_pytorch(
    path: &Path,
    bytes: Vec<u8>,
    unknown: UnknownClasses,
) -> Result<NamedArrays, FormatError> {
    parse(&bytes.into(), unknown).map(|arrays| arrays.of_file(path)).map_err(|error| error.of(path))
}

fn parse(bytes: &SharedBytes, unknown: UnknownClasses) -> Result<NamedArrays, Located> {
    let rules = match unknown {
        UnknownClasses::Refuse => Rules::RefuseClasses,
        UnknownClasses::KeepAsNames => Rules::KeepClasses,
    };
    let read = if bytes.starts_with(b"PK") { zipped::read } else { legacy::read };
    let (arrays, notes) = read(bytes, rules)?;
    if arrays.is_empty() {
        return Err(Problem::Missing {
            what: "any tensor".into(),
            fix: "a file of weights holds a state dict; save it with torch.save(model.state_dict(), path)".into(),
        }
        .into());
    }
    Ok(NamedArrays::new(Convention::PyTorch, arrays).noting(notes))
}
