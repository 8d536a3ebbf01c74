//! What a configuration says of its layers, those that can't be used included.

use serde_json::Value;

use super::super::ModelError;
use super::super::handle::Body;
use super::layer::{layer_list, layer_name, read_layer, text};
use crate::layers::Layer;

/// A layer as far as a configuration could be read.
#[derive(Clone, Debug)]
pub struct OutlinedLayer {
    /// Its name.
    pub name: String,
    /// Its class.
    pub class_name: String,
    /// The layer, if its class and arguments are known; `None` for inputs, models and unknown layers.
    pub layer: Option<Box<dyn Layer>>,
    /// Why it could not be read.
    pub problem: Option<String>,
}

/// What is known of a model of which not every layer is known.
#[derive(Clone, Debug)]
pub struct Outline {
    /// The model's name.
    pub name: String,
    /// `Sequential` or `Functional`.
    pub class_name: String,
    /// Its layers in the order written.
    pub layers: Vec<OutlinedLayer>,
}

impl Outline {
    /// Reads what can be read of a configuration, and says of each layer why it can't.
    ///
    /// # Errors
    /// When there is no list of layers.
    pub fn from_config(config: &Value) -> Result<Self, ModelError> {
        let class_name = text(config, "class_name", "config")?;
        let inner = config.get("config").unwrap_or(&Value::Null);
        let outlined = |(index, object): (usize, &Value)| {
            let place = format!("config.layers[{index}]");
            let class_name = text(object, "class_name", &place).unwrap_or("?").to_owned();
            let name = layer_name(object).unwrap_or("?").to_owned();
            let read = read_layer(object, &place, 0);
            let problem = read.as_ref().err().map(ToString::to_string);
            let layer = read.ok().and_then(|layer| match layer.body() {
                Body::Layer(kind) => Some(kind.clone()),
                _ => None,
            });
            OutlinedLayer { name, class_name, layer, problem }
        };
        Ok(Self {
            name: inner.get("name").and_then(Value::as_str).unwrap_or(class_name).to_owned(),
            class_name: class_name.to_owned(),
            layers: layer_list(inner, "config")?.iter().enumerate().map(outlined).collect(),
        })
    }
}
