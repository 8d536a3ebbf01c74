//! What a configuration says of its layers, those that can't be used included.

use std::collections::HashMap;

use serde_json::Value;

use super::super::ModelError;
use super::super::handle::Body;
use super::layer::{layer_list, layer_name, read_layer, read_shape, text};
use super::nodes::read_call;
use crate::Shape;
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
    /// The shape of its output, where it follows from what is known.
    pub output_shape: Option<Shape>,
    /// The number of its parameters, where it follows from what is known.
    pub params: Option<u64>,
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
        let mut shapes = KnownShapes::default();
        let outlined = |(index, object): (usize, &Value)| {
            let place = format!("config.layers[{index}]");
            let class_name = text(object, "class_name", &place).unwrap_or("?").to_owned();
            let name = layer_name(object).unwrap_or("?").to_owned();
            let read = read_layer(object, &place, 0);
            let problem = read.as_ref().err().map(ToString::to_string);
            let inputs = shapes.inputs_of(object);
            let (mut layer, mut output_shape, mut params) = (None, None, None);
            match read.as_ref().map(|read| read.body()) {
                Ok(Body::Input(shape)) => (output_shape, params) = (Some(shape.clone()), Some(0)),
                Ok(Body::Layer(kind)) => {
                    if let Some(inputs) = inputs {
                        output_shape = kind.output_shape(&inputs).ok();
                        params = kind.count(&inputs).ok().map(|count| count.total());
                    }
                    layer = Some(kind.clone());
                }
                Ok(Body::Model(_)) | Err(_) => {}
            }
            shapes.add(&name, output_shape.clone());
            OutlinedLayer { name, class_name, layer, problem, output_shape, params }
        };
        Ok(Self {
            name: inner.get("name").and_then(Value::as_str).unwrap_or(class_name).to_owned(),
            class_name: class_name.to_owned(),
            layers: layer_list(inner, "config")?.iter().enumerate().map(outlined).collect(),
        })
    }
}

/// The shapes of the outputs met so far.
#[derive(Default)]
struct KnownShapes {
    by_layer: HashMap<String, Option<Shape>>,
    last: Option<Shape>,
}

impl KnownShapes {
    fn add(&mut self, name: &str, shape: Option<Shape>) {
        self.by_layer.insert(name.to_owned(), shape.clone());
        self.last = shape;
    }

    /// The shapes of what goes into a layer: from its first call, else from what the file says the layer was built for, else from
    /// the layer before it in a chain.
    fn inputs_of(&self, object: &Value) -> Option<Vec<Shape>> {
        let calls = object.get("inbound_nodes").and_then(Value::as_array);
        let called = calls.and_then(|calls| {
            let call = read_call(calls.first()?, "").ok()?;
            let shape = |layer: &String| self.by_layer.get(layer).cloned().flatten();
            call.inputs.iter().map(|input| shape(&input.layer)).collect::<Option<Vec<_>>>()
        });
        let built = || {
            let shape = object.pointer("/build_config/input_shape")?;
            Some(vec![read_shape(shape, "").ok()?])
        };
        let chained = || match calls {
            Some(_) => None,
            None => self.last.clone().map(|shape| vec![shape]),
        };
        called.or_else(built).or_else(chained)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn shapes_and_counts_go_on_behind_a_layer_that_is_not_known() {
        let config = json!({"class_name": "Sequential", "config": {"name": "m", "layers": [
            {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [null, 9, 9, 5]}},
            {"class_name": "Conv2D", "config": {"name": "a", "filters": 56, "kernel_size": [4, 4]}},
            {"class_name": "Lambda", "config": {"name": "b", "function": "…"}},
            {"class_name": "Flatten", "config": {"name": "c"}},
            {"class_name": "Dense", "config": {"name": "d", "units": 2},
             "build_config": {"input_shape": [null, 10]}},
        ]}});
        let outline = Outline::from_config(&config).unwrap();
        let known: Vec<_> = outline
            .layers
            .iter()
            .map(|layer| (layer.output_shape.as_ref().map(ToString::to_string), layer.params))
            .collect();
        let shape = |text: &str| Some(text.to_owned());
        assert_eq!(
            known,
            [
                (shape("(None, 9, 9, 5)"), Some(0)),
                (shape("(None, 6, 6, 56)"), Some(4536)),
                (None, None),
                (None, None),
                (shape("(None, 2)"), Some(22)),
            ]
        );
        assert!(outline.layers[2].problem.as_ref().unwrap().contains("Lambda"));
    }
}
