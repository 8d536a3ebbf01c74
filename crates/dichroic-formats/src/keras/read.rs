//! Reads a `.keras` file.

use std::path::Path;

use dichroic::model::{Model, Outline};
use dichroic_graph::kernels::tensor::Tensor;
use serde_json::Value;

use super::layout::Layout;
use super::{CONFIG, OURS, SavedModel, WEIGHTS, training};
use crate::archive::Archive;
use crate::error::{FormatError, Located, Problem};
use crate::weights::WeightsReader;

/// What compression can make of a byte at most, rounded: deflate's limit is 1,032.
const MOST_EXPANSION: u64 = 1_000;
/// A model of this size may be held whatever its file says.
const FREE_BYTES: u64 = 64 << 20;
/// Containers as Keras 2.13 named them.
const OLD_CONTAINER: &str = "_layer_checkpoint_dependencies";

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
        check_size(&model, bytes.len() as u64)?;
        let weights = WeightsReader::new(bytes).map_err(|error| error.inside(WEIGHTS))?;
        read_weights(&mut model, &weights).map_err(|error| error.inside(WEIGHTS))?;
        let ours = match archive.read(OURS)? {
            Some(bytes) => json(&bytes, OURS)?,
            None => Value::Null,
        };
        let training = training::read(&model, &weights, &ours)?;
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

/// Refuses a configuration whose weights could not come out of the weight file, before they are made.
fn check_size(model: &Model, file: u64) -> Result<(), Located> {
    let declared = model.count_params().saturating_mul(size_of::<f32>() as u64);
    let limit = file.saturating_mul(MOST_EXPANSION).max(FREE_BYTES);
    if declared > limit {
        return Err(Problem::TooLarge { declared, limit }.at(CONFIG));
    }
    Ok(())
}

fn read_weights(model: &mut Model, weights: &WeightsReader) -> Result<(), Located> {
    let layout = Layout::of(model);
    let old =
        weights.children("layers")?.is_empty() && !weights.children(OLD_CONTAINER)?.is_empty();
    let in_file =
        |path: &str| if old { path.replace("layers", OLD_CONTAINER) } else { path.into() };
    for container in &layout.containers {
        let path = in_file(&container.path);
        for child in weights.children(&path)? {
            if !container.names.contains(&child) {
                return Err(Problem::Unexpected { what: format!("group {child:?}") }.at(path));
            }
        }
    }
    let mut tensors: Vec<Option<Tensor>> = vec![None; model.weights().len()];
    for place in &layout.places {
        let variables = weights.variables(&in_file(&place.path))?;
        variables.expect(place.weights.len())?;
        for (position, &index) in place.weights.iter().enumerate() {
            let shape = &model.weights()[index].spec.shape;
            tensors[index] = Some(variables.tensor(position, shape)?);
        }
    }
    let tensors = tensors.into_iter().collect::<Option<Vec<_>>>();
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
