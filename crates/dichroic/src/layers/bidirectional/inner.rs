//! The recurrent layer inside `Bidirectional`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use crate::layers::{Layer, registry};

/// The layers that go along a sequence.
const RECURRENT: [&str; 3] = ["SimpleRNN", "GRU", "LSTM"];

/// A layer with the Keras object that it was read from, which is written again as it was.
#[derive(Clone, Debug)]
pub(super) struct Inner {
    layer: Box<dyn Layer>,
    written: Value,
}

impl Inner {
    pub(super) fn new(layer: &dyn Layer) -> Self {
        let written = json!({
            "module": "keras.layers",
            "class_name": layer.class_name(),
            "config": layer.config(),
            "registered_name": null,
        });
        Self { layer: layer.boxed(), written }
    }

    pub(super) fn layer(&self) -> &dyn Layer {
        self.layer.as_ref()
    }

    /// The Keras object.
    pub(super) fn written(&self) -> &Value {
        &self.written
    }

    pub(super) fn goes_backwards(&self) -> bool {
        self.layer.config().get("go_backwards") == Some(&Value::Bool(true))
    }

    /// The same layer, going the other way.
    pub(super) fn turned(&self) -> Self {
        let mut config = self.layer.config();
        config.insert("go_backwards".to_owned(), Value::Bool(!self.goes_backwards()));
        match registry::from_config(self.layer.class_name(), &config) {
            Ok(layer) => Self::new(layer.as_ref()),
            // A layer that takes no direction is refused by the check.
            Err(_) => self.clone(),
        }
    }
}

impl Serialize for Inner {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Inner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Value::deserialize(deserializer)?;
        let class_name = written.get("class_name").and_then(Value::as_str);
        let config = written.get("config").and_then(Value::as_object);
        match (class_name, config) {
            (Some(class_name), Some(config)) if RECURRENT.contains(&class_name) => {
                let layer = registry::from_config(class_name, config).map_err(D::Error::custom)?;
                Ok(Self { layer, written })
            }
            _ => Err(D::Error::custom("must be a SimpleRNN, GRU or LSTM layer")),
        }
    }
}
