//! Weights for a model that is there already, from a file of any format.

use std::path::Path;

use dichroic::Tensor;
use dichroic::model::Model;
use dichroic_graph::ParameterId;

use crate::error::{FormatError, Problem};
use crate::hdf5::{Matched, Matching, read_hdf5_weights};
use crate::keras::read_keras;
use crate::kind::FileKind;
use crate::named::{NameMap, NamedArrays, load_arrays};
use crate::npz::read_npz;
use crate::pytorch::{UnknownClasses, read_pytorch};
use crate::safetensors::read_safetensors;

/// How the weights of a file find their places.
#[derive(Clone, Debug)]
pub struct WeightsOptions {
    /// Which name of the file is which of the model, for files of named arrays.
    pub names: NameMap,
    /// How the layers of an HDF5 file find theirs; by topology if not said, as in Keras.
    pub layers: Matching,
    /// What becomes of classes in a PyTorch file that are not known.
    pub unknown: UnknownClasses,
}

impl Default for WeightsOptions {
    fn default() -> Self {
        Self {
            names: NameMap::default(),
            layers: Matching::ByTopology,
            unknown: UnknownClasses::default(),
        }
    }
}

/// Fills the weights of a model from a file whose format its content tells: `.safetensors`, `.pt`, `.npz`, `.h5` or `.keras`.
///
/// Returns what a reader should know of how the file was taken.
///
/// # Errors
/// When the file can't be read, is of another format, or its weights don't suit the model. The model is not changed then.
pub fn load_weights(
    model: &mut Model,
    path: &Path,
    options: &WeightsOptions,
) -> Result<Vec<String>, FormatError> {
    let refused = |problem: Problem| problem.at("").of(path);
    match FileKind::of(path)? {
        Some(FileKind::Safetensors) => from_arrays(model, &read_safetensors(path)?, options),
        Some(FileKind::Npz) => from_arrays(model, &read_npz(path)?, options),
        Some(FileKind::PyTorch) => {
            from_arrays(model, &read_pytorch(path, options.unknown)?, options)
        }
        Some(FileKind::Hdf5) => {
            read_hdf5_weights(path, model, options.layers).map(|matched| notes_of(&matched))
        }
        Some(FileKind::Keras) => {
            let saved = read_keras(path)?.model;
            let tensors = by_path(model, &saved).map_err(refused)?;
            let set = model.set_parameters(tensors);
            set.map_err(|error| refused(Problem::Model(Box::new(error))))?;
            Ok(Vec::new())
        }
        Some(FileKind::Onnx) => Err(refused(Problem::Unsupported {
            what: "taking weights alone from an ONNX file".into(),
            fix: "give the file itself as the model".into(),
        })),
        None => Err(refused(Problem::malformed("a file of weights", "something else"))),
    }
}

fn from_arrays(
    model: &mut Model,
    arrays: &NamedArrays,
    options: &WeightsOptions,
) -> Result<Vec<String>, FormatError> {
    load_arrays(model, arrays, &options.names)?;
    Ok(arrays.notes().to_vec())
}

fn notes_of(matched: &Matched) -> Vec<String> {
    let note = |what: &str, layers: &[String]| {
        (!layers.is_empty()).then(|| format!("{what} {}", layers.join(", ")))
    };
    let kept = note("no weights for the layers", &matched.kept);
    let unused = note("no place in the model for the layers", &matched.unused);
    kept.into_iter().chain(unused).collect()
}

/// The values of another model's weights in the order of this model's, by their paths.
fn by_path(model: &Model, saved: &Model) -> Result<Vec<Tensor>, Problem> {
    let values = match saved.weights().is_empty() {
        true => None,
        false => Some(saved.parameters().map_err(|error| Problem::Model(Box::new(error)))?),
    };
    let tensor_of = |path: &str| {
        let index = saved.weights().iter().position(|weight| weight.path == path)?;
        values?.get(ParameterId(index)).cloned()
    };
    let tensors = model.weights().iter().map(|weight| {
        tensor_of(&weight.path).ok_or_else(|| Problem::Missing {
            what: format!("the weight {}", weight.path),
            fix: "the file is of another model".into(),
        })
    });
    tensors.collect()
}
