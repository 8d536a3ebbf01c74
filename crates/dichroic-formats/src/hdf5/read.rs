//! Reads whole models and weights from HDF5 files.

use std::path::Path;

use dichroic::model::{Model, Outline};
use dichroic_graph::ParameterId;
use dichroic_graph::kernels::mapped::SharedBytes;
use dichroic_graph::kernels::tensor::Tensor;
use serde_json::Value;

use super::saved::SavedWeights;
use super::{Hdf5File, Matched, Matching, matching, training};
use crate::error::{FormatError, Located, Problem};
use crate::keras::{SavedModel, saved_layers};
use crate::kind::FileKind;
use crate::size::check_size;
use crate::weights::WeightsReader;

pub(super) const CONFIG: &str = "model_config";
/// Where this crate keeps what Keras has no place for.
pub(super) const OURS: &str = "dichroic";

/// Whether a file is HDF5 by its content, whatever its name is.
pub fn is_hdf5(path: &Path) -> bool {
    matches!(FileKind::of(path), Ok(Some(FileKind::Hdf5)))
}

/// Reads a whole model as Keras 1, 2 and 3 save it under the name `.h5`.
///
/// # Errors
/// When the file can't be read, is damaged, holds weights alone, names a layer or an argument that is not known, or holds
/// arrays of other shapes than the model needs. Nothing larger than the file justifies is taken into memory.
pub fn read_hdf5(path: &Path) -> Result<SavedModel, FormatError> {
    open(path).and_then(read_model).map_err(|error| error.of(path))
}

/// [`read_hdf5`] from memory, for programs that get their files otherwise, and for tests that invent them.
///
/// # Errors
/// As [`read_hdf5`].
pub fn read_hdf5_bytes(bytes: Vec<u8>) -> Result<SavedModel, FormatError> {
    read_model(bytes.into()).map_err(|error| error.of(Path::new("the bytes")))
}

/// Reads what a file says about its layers, those that can't be used included; no weights.
///
/// # Errors
/// When the file can't be read, is damaged, or holds no list of layers.
pub fn read_hdf5_outline(path: &Path) -> Result<Outline, FormatError> {
    let read = || {
        let config = config(&Hdf5File::new(open(path)?)?)?;
        Outline::from_config(&config).map_err(|error| Problem::from(error).at(CONFIG))
    };
    read().map_err(|error: Located| error.of(path))
}

/// Reads weights into a model that is there, from a whole model or from weights alone, in the form of any Keras.
///
/// # Errors
/// When the file can't be read or is damaged; when layers, by topology, or the weights of a layer differ in number or
/// shape; when the model has no values yet and the file not all of them. The model is then as it was.
pub fn read_hdf5_weights(
    path: &Path,
    model: &mut Model,
    matching: Matching,
) -> Result<Matched, FormatError> {
    let read = open(path).and_then(|bytes| read_weights(bytes, model, matching));
    read.map_err(|error| error.of(path))
}

/// [`read_hdf5_weights`] from memory.
///
/// # Errors
/// As [`read_hdf5_weights`].
pub fn read_hdf5_weights_bytes(
    bytes: Vec<u8>,
    model: &mut Model,
    matching: Matching,
) -> Result<Matched, FormatError> {
    let read = read_weights(bytes.into(), model, matching);
    read.map_err(|error| error.of(Path::new("the bytes")))
}

fn open(path: &Path) -> Result<SharedBytes, Located> {
    Ok(SharedBytes::open(path).map_err(Problem::Io)?)
}

fn read_model(bytes: SharedBytes) -> Result<SavedModel, Located> {
    let length = bytes.len() as u64;
    let file = Hdf5File::new(bytes)?;
    let config = config(&file)?;
    let mut model = Model::from_config(&config).map_err(|error| Problem::from(error).at(CONFIG))?;
    check_size(&model, length).map_err(|problem| problem.at(CONFIG))?;
    let saved = saved(&file)?.ok_or_else(|| no_weights().at(""))?;
    // The names in both parts come from one model, while layers may be listed in another order than ours. Chains of
    // Keras 1 and early Keras 2 don't name the models inside them.
    let named = model.layers().iter().map(|layer| layer.name()).collect::<Vec<_>>();
    let by_name = saved.layers.iter().all(|layer| named.contains(&layer.name));
    let matching = if by_name { Matching::ByName } else { Matching::ByTopology };
    let (tensors, matched) = matching::read(&model, &saved, matching)?;
    let tensors: Option<Vec<Tensor>> = tensors.into_iter().collect();
    let tensors = tensors.ok_or_else(|| missing(&matched.kept).at(saved.path()))?;
    if !tensors.is_empty() {
        model.set_parameters(tensors).map_err(Problem::from)?;
    }
    let ours = ours(&file)?;
    let training = training::read(&file, &mut model, &ours)?;
    Ok(SavedModel { model, class_names: class_names(&ours)?, training })
}

fn read_weights(
    bytes: SharedBytes,
    model: &mut Model,
    matching: Matching,
) -> Result<Matched, Located> {
    let file = Hdf5File::new(bytes)?;
    let (tensors, matched) = match saved(&file)? {
        Some(saved) => matching::read(model, &saved, matching)?,
        None => {
            let reader = WeightsReader::of(file);
            saved_layers::read(model, &reader, matching)?.ok_or_else(|| no_weights().at(""))?
        }
    };
    let missing = || missing(&matched.kept).at("");
    let kept = |index| model.parameters().ok().and_then(|values| values.get(ParameterId(index)));
    let tensors = tensors.into_iter().enumerate();
    let whole: Option<Vec<Tensor>> =
        tensors.map(|(index, tensor)| tensor.or_else(|| kept(index).cloned())).collect();
    let whole = whole.ok_or_else(missing)?;
    if !whole.is_empty() {
        model.set_parameters(whole).map_err(Problem::from)?;
    }
    Ok(matched)
}

fn saved(file: &Hdf5File) -> Result<Option<SavedWeights<'_>>, Located> {
    SavedWeights::of(file)
}

fn config(file: &Hdf5File) -> Result<Value, Located> {
    let attributes = file.root().attributes()?;
    let text = attributes.text(CONFIG)?.ok_or_else(|| Problem::Missing {
        what: format!("attribute {CONFIG:?}"),
        fix: "the file holds weights alone: give the model too, as a script or another model file"
            .into(),
    })?;
    serde_json::from_str(text).map_err(|error| Problem::malformed("JSON", error).at(CONFIG))
}

/// What this crate has written beside the model.
fn ours(file: &Hdf5File) -> Result<Value, Located> {
    let attributes = file.root().attributes()?;
    let Some(text) = attributes.text(OURS)? else { return Ok(Value::Null) };
    serde_json::from_str(text).map_err(|error| Problem::malformed("JSON", error).at(OURS))
}

fn class_names(ours: &Value) -> Result<Vec<String>, Located> {
    let wrong = |error| Problem::malformed("a list of names", error).at("class_names").inside(OURS);
    match ours.get("class_names") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(names) => serde_json::from_value(names.clone()).map_err(wrong),
    }
}

fn no_weights() -> Problem {
    Problem::Missing {
        what: "attribute \"layer_names\"".into(),
        fix: "an HDF5 file of Keras lists its layers there, or holds a group named layers; save the model again".into(),
    }
}

fn missing(layers: &[String]) -> Problem {
    Problem::Missing {
        what: format!("the weights of {}", layers.join(", ")),
        fix: "give a file that holds them, or a model whose weights have values to keep".into(),
    }
}
