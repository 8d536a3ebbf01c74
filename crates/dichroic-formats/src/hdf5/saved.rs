//! The weights in a file as Keras lists them: layers in order, each with the names of its arrays.
//!
//! ```text
//! model_weights            layer_names = [conv2d, dense], keras_version, backend
//! ├── conv2d               weight_names = [conv2d/kernel:0, conv2d/bias:0]
//! │   └── conv2d
//! │       ├── kernel:0
//! │       └── bias:0
//! └── dense …
//! ```
//!
//! # Source
//! `keras/src/legacy/saving/legacy_h5_format.py` of Keras 3, `keras/engine/topology.py` of Keras 1 and 2.

use super::array::Array;
use super::file::{Folder, Hdf5File};
use crate::error::{Located, Problem};

/// Where a file with a whole model keeps its weights.
const WHOLE: &str = "model_weights";
const LAYERS: &str = "layer_names";

/// Which Keras wrote the arrays, as far as it matters for their order and signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// Keras 1, whose kernels may have other axes.
    pub keras1: bool,
    /// On Theano, which mirrors kernels.
    pub mirrors: Mirrors,
}

/// Whether kernels are mirrored along their sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mirrors {
    /// By a backend that sums as everybody does today.
    No,
    /// By Theano.
    Yes,
    /// The file names no backend: mirrored if its kernels have Theano's order of axes.
    ByOrder,
}

/// The layers with weights in a file.
pub(super) struct SavedWeights<'f> {
    pub origin: Origin,
    pub layers: Vec<SavedLayer<'f>>,
    folder: Folder<'f>,
}

/// One layer with weights in a file.
pub(super) struct SavedLayer<'f> {
    pub name: String,
    /// The names of its arrays, in their order.
    pub arrays: Vec<String>,
    folder: Folder<'f>,
}

impl<'f> SavedWeights<'f> {
    /// The lists of a file, whole model or weights alone; `None` if it has none.
    pub fn of(file: &'f Hdf5File) -> Result<Option<Self>, Located> {
        let root = file.root();
        if root.attributes()?.texts(LAYERS)?.is_some() {
            return Self::read(root, None).map(Some);
        }
        match root.group(WHOLE)? {
            Some(folder) => {
                let version = root.attributes()?.text("keras_version")?.map(str::to_owned);
                Self::read(folder, version).map(Some)
            }
            None => Ok(None),
        }
    }

    fn read(folder: Folder<'f>, version: Option<String>) -> Result<Self, Located> {
        let attributes = folder.attributes()?;
        let version = attributes.text("keras_version")?.map(str::to_owned).or(version);
        let keras1 = version.is_none_or(|version| version.starts_with("1."));
        let mirrors = match attributes.text("backend")? {
            Some("theano") => Mirrors::Yes,
            Some(_) => Mirrors::No,
            None if keras1 => Mirrors::ByOrder,
            None => Mirrors::No,
        };
        let names = attributes.texts(LAYERS)?.ok_or_else(|| {
            let what = format!("attribute {LAYERS:?}");
            let fix =
                "the file was not written by Keras 1.0 or later, or was cut; save the model again";
            Problem::Missing { what, fix: fix.into() }.at(folder.path())
        })?;
        let mut layers = Vec::new();
        for name in names {
            let inner = folder.needed_group(&name)?;
            let arrays = inner.attributes()?.texts("weight_names")?.unwrap_or_default();
            if !arrays.is_empty() {
                layers.push(SavedLayer { name, arrays, folder: inner });
            }
        }
        Ok(Self { origin: Origin { keras1, mirrors }, layers, folder })
    }

    /// Where the layers lie.
    pub fn path(&self) -> &str {
        self.folder.path()
    }
}

impl<'f> SavedLayer<'f> {
    /// Where its arrays lie.
    pub fn path(&self) -> &str {
        self.folder.path()
    }

    /// Array `index`.
    pub fn array(&self, index: usize) -> Result<Array<'f>, Located> {
        self.folder.array(&self.arrays[index])
    }
}
