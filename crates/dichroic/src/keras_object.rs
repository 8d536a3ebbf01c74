//! Keras's way to write a small object into a configuration:
//! `{"module": …, "class_name": …, "config": {…}, "registered_name": null}`, or its bare name.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// A named object with its arguments.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct KerasObject {
    module: String,
    pub(crate) class_name: String,
    pub(crate) config: Value,
    registered_name: Option<String>,
}

impl KerasObject {
    /// The form in which Keras writes it.
    pub(crate) fn written(module: &str, class_name: &str, config: Value) -> Self {
        Self {
            module: module.to_owned(),
            class_name: class_name.to_owned(),
            config,
            registered_name: None,
        }
    }

    fn argument(&self, name: &str) -> Option<&Value> {
        self.config.get(name).filter(|value| !value.is_null())
    }

    /// A number among the arguments, or its default.
    pub(crate) fn number(&self, name: &str, default: f64) -> Result<f64, String> {
        match self.argument(name) {
            None => Ok(default),
            Some(value) => value.as_f64().ok_or_else(|| self.wrong(name, "a number", value)),
        }
    }

    /// A string among the arguments, or its default.
    pub(crate) fn text<'a>(&'a self, name: &str, default: &'a str) -> Result<&'a str, String> {
        match self.argument(name) {
            None => Ok(default),
            Some(value) => value.as_str().ok_or_else(|| self.wrong(name, "a string", value)),
        }
    }

    /// A whole number among the arguments.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, String> {
        self.argument(name)
            .map(|value| value.as_i64().ok_or_else(|| self.wrong(name, "a whole number", value)))
            .transpose()
    }

    /// A list of whole numbers among the arguments.
    pub(crate) fn integers(&self, name: &str) -> Result<Option<Vec<i64>>, String> {
        self.argument(name)
            .map(|value| {
                Vec::deserialize(value)
                    .map_err(|_| self.wrong(name, "a list of whole numbers", value))
            })
            .transpose()
    }

    /// Refuses an argument that is not among the names.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), String> {
        let known = |key: &&String| names.contains(&key.as_str());
        match self.config.as_object().and_then(|map| map.keys().find(|key| !known(key))) {
            None => Ok(()),
            Some(key) => Err(format!(
                "{} has no argument {key:?}; it takes {}",
                self.class_name,
                if names.is_empty() { "none".to_owned() } else { names.join(", ") }
            )),
        }
    }

    fn wrong(&self, name: &str, expected: &str, got: &Value) -> String {
        format!("argument {name} of {} must be {expected}, got {got}", self.class_name)
    }
}

impl<'de> Deserialize<'de> for KerasObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let (class_name, config) = match &value {
            Value::String(name) => (name.clone(), Value::Object(Map::new())),
            Value::Object(map) => {
                let name = map.get("class_name").and_then(Value::as_str).ok_or_else(|| {
                    D::Error::custom("needs a name, or an object with class_name and config")
                })?;
                let config =
                    map.get("config").cloned().unwrap_or_else(|| Value::Object(Map::new()));
                (name.to_owned(), config)
            }
            _ => {
                return Err(D::Error::custom(
                    "needs a name, or an object with class_name and config",
                ));
            }
        };
        let module = value.get("module").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self { module, class_name, config, registered_name: None })
    }
}
