//! What a file says about training, in today's form.
//!
//! Files of Keras 1 and 2 say it in other words: `lr` for the learning rate, a wrapping around metrics, `auto` for the sum of
//! losses. What can't be said today leaves the model without settings for training, and says why.

use dichroic::model::Model;
use dichroic::train::{Compile, TrainError};
use serde_json::{Map, Value};

use super::Hdf5File;
use crate::error::{Located, Problem};
use crate::keras::{SavedTraining, read_training};
use crate::weights::Variables;

const SETTINGS: &str = "training_config";
/// The group of the optimizer's arrays.
pub(super) const OPTIMIZER: &str = "optimizer_weights";
/// Settings that mean the same in every Keras.
const SHARED: [&str; 4] = ["loss", "loss_weights", "metrics", "weighted_metrics"];
/// What optimizers of Keras 2 wrote beside their arguments; none of them changes a step.
const OPTIMIZER_EXTRAS: [&str; 3] = ["is_legacy_optimizer", "jit_compile", "schedule_decay"];

/// Takes the settings for training into the model, and what its optimizer keeps.
///
/// Keras 3 lists the optimizer's arrays in the order of its `.keras` files. Keras 1 and 2 had several orders, which their files don't
/// tell apart.
pub(super) fn read(
    file: &Hdf5File,
    model: &mut Model,
    ours: &Value,
) -> Result<SavedTraining, Located> {
    let root = file.root();
    let attributes = root.attributes()?;
    let Some(text) = attributes.text(SETTINGS)? else { return Ok(SavedTraining::None) };
    let settings: Value = serde_json::from_str(text)
        .map_err(|error| Problem::malformed("JSON", error).at(format!("attribute {SETTINGS:?}")))?;
    let mut compile = Map::new();
    for name in SHARED {
        compile.insert(name.to_owned(), settings.get(name).cloned().unwrap_or_default());
    }
    let optimizer = settings.get("optimizer_config").cloned().unwrap_or_default();
    compile.insert("optimizer".to_owned(), optimizer);
    match modern_compile(Value::Object(compile)) {
        Ok(compile) => model.set_compile_config(Some(compile)),
        Err(error) => return Ok(SavedTraining::Unusable(error.to_string())),
    }
    let Some(group) = root.group(OPTIMIZER)? else { return Ok(SavedTraining::None) };
    let version = attributes.text("keras_version")?.unwrap_or("1");
    if !version.starts_with("3.") {
        return Ok(SavedTraining::Unusable(format!(
            "what the optimizer keeps is not taken from HDF5 files of Keras {version}; training begins anew with the same settings"
        )));
    }
    let names = group.attributes()?.texts("weight_names")?.unwrap_or_default();
    read_training(model, &Variables::named(group, names), ours)
}

/// What `compile` was told, in the words of Keras 3.
///
/// # Errors
/// When an optimizer, a loss or a metric is not known, or is used as nobody does today.
pub(crate) fn modern_compile(mut compile: Value) -> Result<Value, TrainError> {
    if let Some(optimizer) = compile.get_mut("optimizer") {
        modern_optimizer(optimizer);
    }
    for name in SHARED {
        if let Some(value) = compile.get_mut(name) {
            modern_objects(value);
        }
    }
    Compile::from_config(&compile).map(|compile| compile.to_config())
}

fn modern_optimizer(optimizer: &mut Value) {
    // Keras 2.11 to 2.15 registered their own optimizers as they register those of users.
    if let Some(Value::String(class_name)) = optimizer.get_mut("class_name")
        && let Some(own) = class_name.strip_prefix("Custom>")
    {
        *class_name = own.to_owned();
    }
    let Some(config) = optimizer.get_mut("config").and_then(Value::as_object_mut) else { return };
    if let Some(rate) = config.remove("lr")
        && !config.contains_key("learning_rate")
    {
        config.insert("learning_rate".to_owned(), rate);
    }
    // Without decay the rate stays as it is. A decay above 0 stays and is refused by its name.
    if config.get("decay").and_then(Value::as_f64) == Some(0.0) {
        config.remove("decay");
    }
    for name in ["epsilon", "exclude_from_weight_decay"] {
        if config.get(name).is_some_and(Value::is_null) {
            config.remove(name);
        }
    }
    config.retain(|name, _| !OPTIMIZER_EXTRAS.contains(&name.as_str()));
}

/// Losses and metrics, wherever they lie in lists and tables.
fn modern_objects(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(modern_objects),
        Value::Object(object) if object.get("class_name").is_some_and(Value::is_string) => {
            if let Some(name) = wrapped(object) {
                *value = name;
                return;
            }
            if let Some(config) = object.get_mut("config").and_then(Value::as_object_mut) {
                config.remove("fn");
                config.remove("axis");
                if config.get("reduction").is_some_and(|reduction| reduction == "auto") {
                    config.remove("reduction");
                }
            }
        }
        Value::Object(table) => table.values_mut().for_each(modern_objects),
        _ => {}
    }
}

/// The metric that TensorFlow's Keras wrote as a function in a wrapping: its name, if it is the one that the user wrote.
fn wrapped(object: &Map<String, Value>) -> Option<Value> {
    if object.get("class_name")? != "MeanMetricWrapper" {
        return None;
    }
    let config = object.get("config")?;
    let name = config.get("name")?.as_str()?;
    match name {
        "accuracy" | "acc" => Some(name.into()),
        _ => config.get("fn").filter(|function| function.is_string()).cloned(),
    }
}

#[cfg(test)]
mod tests {
    use dichroic::train::PerOutput;
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_of_keras_2_are_those_of_today() {
        let old = json!({
            "optimizer": {"class_name": "Custom>Adam", "config": {"name": "Adam", "lr": 0.01, "decay": 0.0, "beta_1": 0.9,
                "beta_2": 0.999, "epsilon": null, "amsgrad": false, "jit_compile": true, "is_legacy_optimizer": false}},
            "loss": {"class_name": "CategoricalCrossentropy", "config": {"reduction": "auto", "from_logits": true,
                "fn": "categorical_crossentropy", "label_smoothing": 0.0, "axis": -1}},
            "metrics": [[{"class_name": "MeanMetricWrapper", "config": {"name": "accuracy", "dtype": "float32",
                "fn": "categorical_accuracy"}}]],
            "weighted_metrics": null, "loss_weights": null,
        });
        let compile = Compile::from_config(&modern_compile(old).unwrap()).unwrap();
        assert_eq!(compile.optimizer.class_name(), "Adam");
        assert_eq!(compile.metrics, PerOutput::Each(vec![vec!["accuracy".parse().unwrap()]]));
    }

    #[test]
    fn a_decay_of_the_learning_rate_is_refused_by_its_name() {
        let old = json!({"optimizer": {"class_name": "SGD", "config": {"lr": 0.1, "decay": 1e-6}}, "loss": "mse"});
        let text = modern_compile(old).unwrap_err().to_string();
        assert!(text.contains("decay"), "{text}");
    }
}
