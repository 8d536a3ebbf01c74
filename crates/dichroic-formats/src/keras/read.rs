//! Reads a `.keras` file.

use std::path::Path;

use dichroic::model::{Model, Outline};
use serde_json::Value;

use super::{CONFIG, METADATA, OURS, SavedModel, SavedTraining, WEIGHTS, saved_layers, training};
use crate::archive::Archive;
use crate::error::{FormatError, Located, Problem};
use crate::hdf5::{Matching, modern_compile};
use crate::size::check_size;
use crate::weights::WeightsReader;

/// Archives of this version keep the optimizer's variables in another order.
const KERAS_2: &str = "2.";

/// Whether a file is a model archive of Keras by its content, whatever its name is.
pub fn is_keras(path: &Path) -> bool {
    Archive::open(path).is_ok_and(|archive| archive.contains(CONFIG))
}

/// Reads a model with its weights, the optimizer's state and what dichroic keeps beside them.
///
/// # Errors
/// When the file can't be read, is damaged, names a layer or an argument that is not known, or holds
/// arrays of other shapes than the model needs. Nothing larger than the file justifies is taken into memory.
pub fn read_keras(path: &Path) -> Result<SavedModel, FormatError> {
    let read = || {
        let mut archive = Archive::open(path)?;
        let config = config(&mut archive)?;
        let mut model = Model::from_config(&config).map_err(|error| refused(error, CONFIG))?;
        let bytes = archive.bytes(WEIGHTS)?.ok_or_else(|| missing(WEIGHTS))?;
        // The entry may have been inflated itself; what the file holds is what its own bytes can hold.
        check_size(&model, archive.len()).map_err(|problem| problem.at(CONFIG))?;
        let weights = WeightsReader::new(bytes).map_err(|error| error.inside(WEIGHTS))?;
        read_weights(&mut model, &weights).map_err(|error| error.inside(WEIGHTS))?;
        let ours = match archive.read(OURS)? {
            Some(bytes) => json(&bytes, OURS)?,
            None => Value::Null,
        };
        let training = match version(&mut archive)? {
            Some(version) if version.starts_with(KERAS_2) => {
                settings_of_keras_2(&mut model, &version)
            }
            _ => training::read(&model, &weights.variables(training::OPTIMIZER)?, &ours)?,
        };
        let class_names = class_names(&ours)?;
        Ok(SavedModel { model, class_names, training })
    };
    read().map_err(|error: Located| error.of(path))
}

/// Reads what a file says about its layers, those that can't be used included; no weights.
///
/// # Errors
/// When the file can't be read, is damaged, or holds no list of layers.
pub fn read_outline(path: &Path) -> Result<Outline, FormatError> {
    let read = || {
        let config = config(&mut Archive::open(path)?)?;
        Outline::from_config(&config).map_err(|error| refused(error, CONFIG))
    };
    read().map_err(|error: Located| error.of(path))
}

fn config(archive: &mut Archive) -> Result<Value, Located> {
    let bytes = archive.read(CONFIG)?.ok_or_else(|| missing(CONFIG))?;
    json(&bytes, CONFIG)
}

fn json(bytes: &[u8], name: &str) -> Result<Value, Located> {
    serde_json::from_slice(bytes).map_err(|error| Problem::malformed("JSON", error).at(name))
}

fn missing(name: &str) -> Located {
    Problem::Missing {
        what: format!("entry {name}"),
        fix: "a .keras file of Keras 3 has config.json and model.weights.h5; save the model again"
            .into(),
    }
    .into()
}

fn refused(error: dichroic::model::ModelError, place: &str) -> Located {
    Problem::Model(Box::new(error)).at(place)
}

/// Brings what `compile` was told into today's form; the optimizer's variables are passed over.
fn settings_of_keras_2(model: &mut Model, version: &str) -> SavedTraining {
    let Some(compile) = model.compile_config().cloned() else { return SavedTraining::None };
    let (compile, why) = match modern_compile(compile) {
        Ok(compile) => (
            Some(compile),
            format!(
                "what the optimizer keeps is not taken from files of Keras {version}; training begins anew with the same settings"
            ),
        ),
        Err(error) => (None, error.to_string()),
    };
    model.set_compile_config(compile);
    SavedTraining::Unusable(why)
}

/// The Keras that wrote the archive.
fn version(archive: &mut Archive) -> Result<Option<String>, Located> {
    let Some(bytes) = archive.read(METADATA)? else { return Ok(None) };
    let metadata = json(&bytes, METADATA)?;
    Ok(metadata.get("keras_version").and_then(Value::as_str).map(str::to_owned))
}

fn read_weights(model: &mut Model, weights: &WeightsReader) -> Result<(), Located> {
    let tensors = match saved_layers::read(model, weights, Matching::ByTopology)? {
        Some((tensors, _)) => tensors.into_iter().collect::<Option<Vec<_>>>(),
        // A model without layers has no group for them.
        None if model.weights().is_empty() => Some(Vec::new()),
        None => return Err(missing("layers")),
    };
    let tensors = tensors.expect("every weight belongs to a layer, and every layer has its place");
    model.set_parameters(tensors).map_err(|error| refused(error, ""))
}

fn class_names(ours: &Value) -> Result<Vec<String>, Located> {
    match ours.get("class_names") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(names) => serde_json::from_value(names.clone()).map_err(|error| {
            Problem::malformed("a list of names", error).at("class_names").inside(OURS)
        }),
    }
}
