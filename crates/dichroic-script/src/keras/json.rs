//! Values of a script as Keras's JSON, and back.

use serde_json::{Map, Number, Value as Json};

use super::activations::ActivationFunction;
use super::configured::{ConfigClass, ConfigObject};
use super::layer_classes::LayerClass;
use super::layer_json;
use super::layers::LayerObject;
use crate::error::{Eval, Fault};
use crate::evaluate::comparisons::too_deep;
use crate::heap::Dict;
use crate::limits::VALUE_DEPTH;
use crate::machine::Machine;
use crate::value::{Key, Value};

/// The form in which Keras writes an object with a configuration.
pub(super) fn object(module: &str, class_name: &str, config: Map<String, Json>) -> Json {
    let mut object = Map::new();
    object.insert("module".to_owned(), module.into());
    object.insert("class_name".to_owned(), class_name.into());
    object.insert("config".to_owned(), Json::Object(config));
    object.insert("registered_name".to_owned(), Json::Null);
    Json::Object(object)
}

/// What a value stands for in a configuration.
pub(super) fn from_value(machine: &mut Machine<'_>, value: &Value) -> Eval<Json> {
    convert(machine, value, VALUE_DEPTH)
}

fn convert(machine: &mut Machine<'_>, value: &Value, depth: usize) -> Eval<Json> {
    machine.meter.allocate(64)?;
    machine.meter.step()?;
    if depth == 0 {
        return Err(too_deep());
    }
    Ok(match value {
        Value::None => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => Json::from(*value),
        Value::Float(value) => match Number::from_f64(*value) {
            Some(number) => Json::Number(number),
            None => return Err(Fault::value_error(format!("{value} is not a number for a layer"))),
        },
        Value::Text(text) => {
            machine.meter.allocate_text(text.len())?;
            Json::String(text.to_string())
        }
        Value::List(_) | Value::Tuple(_) | Value::Range(_) => {
            let items = machine.items_of(value)?;
            let items = items.iter().map(|item| convert(machine, item, depth - 1));
            Json::Array(items.collect::<Eval<_>>()?)
        }
        Value::Dict(id) => {
            let entries = machine.heap.dict(*id).clone();
            machine.meter.allocate_items(4 * entries.len())?;
            let mut object = Map::new();
            for (key, (_, value)) in entries {
                let Key::Text(name) = key else {
                    return Err(Fault::type_error("the keys of this dict must be strings"));
                };
                object.insert(name.to_string(), convert(machine, &value, depth - 1)?);
            }
            Json::Object(object)
        }
        other => match of_object(other) {
            Some(json) => json,
            None => {
                return Err(Fault::type_error(format!(
                    "{} cannot be an argument here",
                    other.type_name()
                )));
            }
        },
    })
}

fn of_object(value: &Value) -> Option<Json> {
    if let Some(object) = value.host::<ConfigObject>() {
        return Some(object.json());
    }
    if let Some(class) = value.host::<ConfigClass>() {
        return Some(class.given_name().into());
    }
    if let Some(function) = value.host::<ActivationFunction>() {
        return Some(function.name().into());
    }
    if let Some(class) = value.host::<LayerClass>() {
        return Some(class.class_name().into());
    }
    value.host::<LayerObject>().and_then(|layer| layer_json(layer.layer()))
}

/// A configuration as values of the script: lists become tuples where Keras has tuples of numbers.
pub(super) fn to_value(machine: &mut Machine<'_>, json: &Json) -> Eval<Value> {
    machine.meter.step()?;
    Ok(match json {
        Json::Null => Value::None,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(value) => Value::Int(value),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => machine.text(text.clone())?,
        Json::Array(items) => {
            let mut values = Vec::with_capacity(items.len());
            for item in items {
                values.push(to_value(machine, item)?);
            }
            match items.iter().all(Json::is_number) {
                true => machine.tuple(values)?,
                false => machine.list(values)?,
            }
        }
        Json::Object(entries) => {
            let mut dict = Dict::new();
            for (name, item) in entries {
                let value = to_value(machine, item)?;
                dict.insert(Key::Text(name.as_str().into()), (Value::text(name.as_str()), value));
            }
            machine.dict(dict)?
        }
    })
}
