//! The calls in a functional model's configuration, in the forms of Keras 3 and Keras 2.

use serde_json::{Map, Value};

use super::super::{CallOptions, ModelError};
use super::wrong;
use crate::layers::Mode;

/// A value named by a configuration: output `output` of call `call` of layer `layer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct History {
    pub layer: String,
    pub call: usize,
    pub output: usize,
}

/// One call as it is written.
#[derive(Debug)]
pub(super) struct WrittenCall {
    pub inputs: Vec<History>,
    pub options: CallOptions,
    /// Written by Keras 2, which counts one call more of models in models.
    pub legacy: bool,
}

/// Reads one entry of `inbound_nodes`.
pub(super) fn read_call(node: &Value, place: &str) -> Result<WrittenCall, ModelError> {
    match node {
        Value::Object(node) => {
            let mut inputs = Vec::new();
            gather(node.get("args").unwrap_or(&Value::Null), place, &mut inputs)?;
            let kwargs = node.get("kwargs").and_then(Value::as_object).cloned().unwrap_or_default();
            Ok(WrittenCall { inputs, options: options(kwargs, place)?, legacy: false })
        }
        Value::Array(list) => {
            let mut inputs = Vec::new();
            let mut kwargs = Map::new();
            // A single input may stand without a list around it.
            let single = list.first().is_some_and(Value::is_string);
            let entries = if single { std::slice::from_ref(node) } else { list.as_slice() };
            for entry in entries {
                inputs.push(history(entry, place)?);
                if let Some(Value::Object(own)) = entry.get(3) {
                    kwargs.extend(own.clone());
                }
            }
            Ok(WrittenCall { inputs, options: options(kwargs, place)?, legacy: true })
        }
        other => Err(wrong(place, "a call: an object with args and kwargs, or a list", other)),
    }
}

/// Reads `[layer, call, output]`, which may be followed by keyword arguments.
pub(super) fn history(value: &Value, place: &str) -> Result<History, ModelError> {
    let number = |index: usize| {
        value.get(index).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok())
    };
    match (value.get(0).and_then(Value::as_str), number(1), number(2)) {
        (Some(layer), Some(call), Some(output)) => {
            Ok(History { layer: layer.to_owned(), call, output })
        }
        _ => Err(wrong(place, "[layer name, call, output]", value)),
    }
}

/// Finds the tensors among positional arguments, however they are nested.
fn gather(value: &Value, place: &str, inputs: &mut Vec<History>) -> Result<(), ModelError> {
    match value {
        Value::Null => Ok(()),
        Value::Array(values) => values.iter().try_for_each(|value| gather(value, place, inputs)),
        Value::Object(object) => match object.get("class_name").and_then(Value::as_str) {
            Some("__keras_tensor__") => {
                let at = value.pointer("/config/keras_history").unwrap_or(&Value::Null);
                inputs.push(history(at, place)?);
                Ok(())
            }
            Some(name) => Err(ModelError::Unsupported {
                place: place.to_owned(),
                what: "argument of class",
                name: name.to_owned(),
                suggestion: String::new(),
            }),
            None => object.values().try_for_each(|value| gather(value, place, inputs)),
        },
        other => Err(wrong(place, "tensors as positional arguments", other)),
    }
}

fn options(mut kwargs: Map<String, Value>, place: &str) -> Result<CallOptions, ModelError> {
    let mode = match kwargs.get("training") {
        None => None,
        Some(Value::Null) => None,
        Some(Value::Bool(true)) => Some(Mode::Training),
        Some(Value::Bool(false)) => Some(Mode::Inference),
        Some(other) => {
            return Err(wrong(&format!("{place}.kwargs.training"), "true, false or null", other));
        }
    };
    if mode.is_some() {
        kwargs.remove("training");
    }
    // `mask` and `training` may stand there unset; any other argument would change the result.
    let foreign = kwargs
        .iter()
        .find(|(name, value)| !value.is_null() || !matches!(name.as_str(), "mask" | "training"));
    match foreign {
        None => Ok(CallOptions { mode, kwargs }),
        Some((name, _)) => Err(ModelError::Unsupported {
            place: place.to_owned(),
            what: "keyword argument",
            name: name.clone(),
            suggestion: String::new(),
        }),
    }
}
