//! Reading one layer of a configuration.

use serde_json::{Map, Value};

use super::super::handle::{Body, LayerRef};
use super::super::{MOST_NESTED, ModelError};
use super::legacy::modernize;
use super::operations::{OURS, read_operation};
use super::read::read_model;
use super::wrong;
use crate::layers::{LayerError, registry};
use crate::policy::PolicyError;
use crate::{DtypePolicy, Shape};

/// Modules that Keras and this crate write for layers and models. A class of another module, such as
/// `keras.src.ops.numpy`, may have a layer's name and mean something else.
const MODULES: [&str; 11] = [
    "keras",
    "keras.layers",
    "keras.models",
    "keras.engine.functional",
    "keras.engine.sequential",
    "keras.src.engine.functional",
    "keras.src.engine.sequential",
    "keras.src.models.functional",
    "keras.src.models.sequential",
    "dichroic.layers",
    "builtins",
];

/// Reads a layer, an input or a model used as a layer.
pub(super) fn read_layer(
    object: &Value,
    place: &str,
    nesting: usize,
) -> Result<LayerRef, ModelError> {
    if let Some(operation) = read_operation(object, place)? {
        return Ok(operation);
    }
    let class_name = text(object, "class_name", place)?;
    check_origin(object, class_name, place)?;
    let empty = Map::new();
    let config = object.get("config").and_then(Value::as_object).unwrap_or(&empty);
    let name = layer_name(object).map(str::to_owned);
    match class_name {
        "InputLayer" => {
            let shape = config.get("batch_shape").or_else(|| config.get("batch_input_shape"));
            let shape =
                read_shape(shape.unwrap_or(&Value::Null), &format!("{place}.config.batch_shape"))?;
            // A chain that begins with a layer of `mixed_bfloat16` has an input of the type that it computes in, and
            // pictures may come as bytes. Here all of them are numbers of the one type.
            let dtype = config.get("dtype");
            let number = |name: &str| {
                name == "bfloat16" || name.starts_with("int") || name.starts_with("uint")
            };
            if !dtype.and_then(Value::as_str).is_some_and(number) {
                read_policy(dtype, place)?;
            }
            Ok(LayerRef::new(name, Body::Input(shape)))
        }
        "Sequential" | "Functional" | "Model" => {
            if let Some(ours) = object.get(OURS) {
                return read_layer_of_model(ours, config, name, place);
            }
            if nesting >= MOST_NESTED {
                let what = "models inside each other";
                return Err(ModelError::TooLarge { what, limit: MOST_NESTED });
            }
            let model = read_model(object, place, nesting + 1)?;
            Ok(LayerRef::new(name, Body::Model(Box::new(model))))
        }
        _ => {
            let mut config = config.clone();
            let class_name = modernize(object, class_name, &mut config, place)?;
            let policy = read_policy(config.get("dtype"), place)?;
            let layer = registry::from_config(&class_name, &config)
                .map_err(|source| refused(source, &class_name, name.as_deref(), place))?;
            let layer = LayerRef::new(name, Body::Layer(layer));
            layer.set_policy(policy);
            if config.get("trainable") == Some(&Value::Bool(false)) {
                layer.set_trainable(false);
            }
            Ok(layer)
        }
    }
}

/// Reads the operation layer that a model was written for.
fn read_layer_of_model(
    ours: &Value,
    model: &Map<String, Value>,
    name: Option<String>,
    place: &str,
) -> Result<LayerRef, ModelError> {
    let place = format!("{place}.{OURS}");
    let class_name = text(ours, "class_name", &place)?;
    if !registry::is_operation(class_name) {
        return Err(wrong(&format!("{place}.class_name"), "the name of an operation layer", ours));
    }
    let config = ours.get("config").and_then(Value::as_object).cloned().unwrap_or_default();
    let layer = registry::from_config(class_name, &config)
        .map_err(|source| refused(source, class_name, name.as_deref(), &place))?;
    let layer = LayerRef::new(name, Body::Layer(layer));
    if model.get("trainable") == Some(&Value::Bool(false)) {
        layer.set_trainable(false);
    }
    Ok(layer)
}

/// Refuses a class that is not Keras's or ours, whatever its name is: Keras would import its module.
fn check_origin(object: &Value, class_name: &str, place: &str) -> Result<(), ModelError> {
    let module = object.get("module").and_then(Value::as_str).unwrap_or("keras");
    let known = MODULES.contains(&module) || module.starts_with("keras.src.layers");
    let registered = object.get("registered_name").and_then(Value::as_str);
    let own = |name: &str| name == class_name || name.starts_with("dichroic>");
    let name = match registered.filter(|name| !own(name)) {
        Some(name) => name.to_owned(),
        None if known => return Ok(()),
        None => format!("{module}>{class_name}"),
    };
    Err(ModelError::Unsupported {
        place: place.to_owned(),
        what: "class",
        name,
        suggestion: "; no file is run as code, and only Keras's own layers are known".to_owned(),
    })
}

fn refused(source: LayerError, class_name: &str, name: Option<&str>, place: &str) -> ModelError {
    match source {
        LayerError::UnknownClass { class_name, suggestion } => ModelError::Unsupported {
            place: place.to_owned(),
            what: "layer class",
            name: class_name,
            suggestion,
        },
        source => ModelError::Layer {
            layer: name.unwrap_or(place).to_owned(),
            class_name: class_name.to_owned(),
            source: Box::new(source),
        },
    }
}

/// The policy that a layer is written with. Float16 and float64 are computed as `f32`, which holds the weights of the one and differs
/// from the other by rounding alone.
fn read_policy(dtype: Option<&Value>, place: &str) -> Result<DtypePolicy, ModelError> {
    let name = match dtype {
        None | Some(Value::Null) => return Ok(DtypePolicy::Float32),
        Some(Value::String(name)) => name.as_str(),
        Some(policy) => {
            let name = policy.pointer("/config/name").or_else(|| policy.get("class_name"));
            name.and_then(Value::as_str).unwrap_or("?")
        }
    };
    if matches!(name, "mixed_float16" | "float16" | "float64") {
        return Ok(DtypePolicy::Float32);
    }
    name.parse().map_err(|error: PolicyError| ModelError::Unsupported {
        place: place.to_owned(),
        what: "dtype",
        name: name.to_owned(),
        suggestion: format!("; {}", error.advice()),
    })
}

pub(super) fn read_shape(value: &Value, place: &str) -> Result<Shape, ModelError> {
    let expected = "a list of sizes, null where one is open";
    let axes = value.as_array().ok_or_else(|| wrong(place, expected, value))?;
    let axis = |axis: &Value| match axis {
        Value::Null => Ok(None),
        size => size
            .as_u64()
            .and_then(|size| usize::try_from(size).ok())
            .map(Some)
            .ok_or_else(|| wrong(place, expected, value)),
    };
    Ok(Shape::new(axes.iter().map(axis).collect::<Result<Vec<_>, _>>()?))
}

pub(super) fn layer_list<'a>(config: &'a Value, place: &str) -> Result<&'a [Value], ModelError> {
    // The oldest sequential models are the bare list.
    let list = config.get("layers").unwrap_or(config);
    list.as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| wrong(&format!("{place}.layers"), "a list of layers", list))
}

pub(super) fn layer_name(object: &Value) -> Option<&str> {
    object.get("name").or_else(|| object.pointer("/config/name")).and_then(Value::as_str)
}

pub(super) fn text<'a>(object: &'a Value, key: &str, place: &str) -> Result<&'a str, ModelError> {
    object.get(key).and_then(Value::as_str).ok_or_else(|| {
        wrong(&format!("{place}.{key}"), "a name", object.get(key).unwrap_or(object))
    })
}
