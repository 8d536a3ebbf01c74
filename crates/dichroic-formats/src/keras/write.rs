//! Writes a `.keras` file.

use std::path::Path;

use dichroic::data::write_beside;
use dichroic::model::Model;
use dichroic_graph::ParameterId;
use serde_json::{Value, json};

use super::layout::Layout;
use super::{CONFIG, Contents, KERAS_VERSION, METADATA, OURS, WEIGHTS, date, training};
use crate::archive::write_archive;
use crate::error::{FormatError, Located, Problem};
use crate::weights::{Variable, WeightsWriter};

/// Writes a model so that Keras opens it, whole or not at all.
///
/// # Errors
/// When the model's weights have no values, or the file can't be written.
pub fn write_keras(path: &Path, contents: &Contents<'_>) -> Result<(), FormatError> {
    let weights = weights(contents).map_err(|error| error.inside(WEIGHTS).of(path))?;
    let metadata = json!({ "keras_version": KERAS_VERSION, "date_saved": date::now() }).to_string();
    let config = contents.model.to_config().to_string();
    let ours = ours(contents).to_string();
    let entries: [(&str, &[u8]); 4] = [
        (METADATA, metadata.as_bytes()),
        (CONFIG, config.as_bytes()),
        (WEIGHTS, &weights),
        (OURS, ours.as_bytes()),
    ];
    write_beside(path, |file| write_archive(file, &entries))
        .map_err(|error| Located::from(Problem::Io(error)).of(path))
}

/// The bytes of `model.weights.h5` without an optimizer.
pub(crate) fn weights_alone(model: &Model) -> Result<Vec<u8>, Located> {
    weights(&Contents::of(model))
}

fn weights(contents: &Contents<'_>) -> Result<Vec<u8>, Located> {
    let model = contents.model;
    let refused = |error| Located::from(Problem::Model(Box::new(error)));
    // A model without weights has no values and needs none.
    let values =
        if model.weights().is_empty() { None } else { Some(model.parameters().map_err(refused)?) };
    let mut writer = WeightsWriter::default();
    writer.put("", model.name(), Vec::new());
    for place in Layout::of(model).places {
        let tensors = place.weights.iter().filter_map(|&index| values?.get(ParameterId(index)));
        let variables =
            tensors.map(|tensor| Variable::Floats { shape: tensor.shape(), values: tensor.data() });
        writer.put(&place.path, &place.name, variables.collect());
    }
    training::write(contents, &mut writer)?;
    writer.finish().map_err(Located::from)
}

/// What Keras has no place for: names of classes, and where training stands.
pub(crate) fn ours(contents: &Contents<'_>) -> Value {
    let training =
        contents.optimizer.map(|optimizer| training::to_json(optimizer, contents.progress));
    json!({ "class_names": contents.class_names, "training": training })
}
