//! Arrays with names: what files of weights are, whoever wrote them.

mod array;
mod element;
mod load;

use std::path::{Path, PathBuf};

use dichroic::model::Model;
use dichroic_graph::kernels::tensor::Tensor;

pub use array::NamedArray;
pub(crate) use array::Strided;
pub(crate) use element::ByteOrder;
pub use load::{Loaded, NameMap, Target, load_arrays};

use crate::error::{Located, Problem};

/// Whose axes a file's arrays have.
///
/// A square matrix looks the same turned over, so what is turned is decided by this, never by the sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// Keras's and ours: kernels `(kernel…, in, out)`, matrices `(in, out)`, feature maps flattened channels last.
    Keras,
    /// PyTorch's: kernels `(out, in, kernel…)`, matrices `(out, in)`, feature maps flattened channels first.
    PyTorch,
}

/// The arrays of a file, in its order.
///
/// Their values stay where they are, usually in a mapped file, until they are asked for.
#[derive(Clone, Debug)]
pub struct NamedArrays {
    path: PathBuf,
    convention: Convention,
    arrays: Vec<NamedArray>,
    notes: Vec<String>,
}

impl NamedArrays {
    pub(crate) fn new(convention: Convention, arrays: Vec<NamedArray>) -> Self {
        Self { path: PathBuf::new(), convention, arrays, notes: Vec::new() }
    }

    pub(crate) fn of_file(self, path: &Path) -> Self {
        Self { path: path.into(), ..self }
    }

    pub(crate) fn noting(mut self, notes: Vec<String>) -> Self {
        self.notes.extend(notes);
        self
    }

    /// The file that they are from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose axes the arrays have, as the format or the file says.
    pub fn convention(&self) -> Convention {
        self.convention
    }

    /// The same arrays under another convention, for a file that doesn't say whose it is.
    #[must_use]
    pub fn with_convention(self, convention: Convention) -> Self {
        Self { convention, ..self }
    }

    /// All arrays in the order of the file.
    pub fn arrays(&self) -> &[NamedArray] {
        &self.arrays
    }

    /// The array of a name.
    pub fn get(&self, name: &str) -> Option<&NamedArray> {
        self.arrays.iter().find(|array| array.name() == name)
    }

    /// The number of arrays.
    pub fn len(&self) -> usize {
        self.arrays.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.arrays.is_empty()
    }

    /// What a reader should know of how the file was taken: parts passed over, a common beginning of all names left out.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// The convention of a file that says nothing: that of its names. PyTorch's modules call their arrays
/// `weight` and `running_mean`, Keras's layers `kernel` and `moving_mean`.
pub(crate) fn convention_of_names<'a>(names: impl Iterator<Item = &'a str>) -> Convention {
    for name in names {
        match load::split(name).1 {
            "weight" | "running_mean" | "running_var" | "num_batches_tracked" => {
                return Convention::PyTorch;
            }
            own if load::is_recurrent(own) => return Convention::PyTorch,
            "kernel" | "depthwise_kernel" | "gamma" | "moving_mean" => return Convention::Keras,
            _ => {}
        }
    }
    Convention::Keras
}

/// The values of a model's weights, under the names that our own files give them.
pub(crate) fn weights_by_path(model: &Model) -> Result<Vec<(&str, &Tensor)>, Located> {
    if model.weights().is_empty() {
        return Ok(Vec::new());
    }
    let values = model.parameters().map_err(|error| Problem::Model(Box::new(error)))?;
    let paths = model.weights().iter().map(|weight| weight.path.as_str());
    Ok(paths.zip(values.tensors()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_whose_axes_an_unsigned_file_has() {
        let of = |names: &[&str]| convention_of_names(names.iter().copied());
        assert_eq!(of(&["fc.bias", "fc.weight"]), Convention::PyTorch);
        assert_eq!(of(&["dense/bias", "dense/kernel"]), Convention::Keras);
        assert_eq!(of(&["a", "b"]), Convention::Keras);
    }
}
