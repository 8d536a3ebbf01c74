//! Writing a model's configuration as Keras 3 does.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::super::handle::{Body, LayerRef};
use super::super::{CallOutput, Kind, Model, ModelCall, Structure, Symbol};
use super::operations::{as_keras, composed};
use super::{built_when_made, written_policy};
use crate::Shape;
use crate::layers::registry;

impl Model {
    /// The configuration in the form of Keras 3's `config.json`.
    ///
    /// # Source
    /// `get_config` in `keras/src/models/functional.py` and `sequential.py`; `keras/src/saving/serialization_lib.py`.
    pub fn to_config(&self) -> Value {
        let mut object = match self.kind {
            Kind::Sequential => self.sequential_object(),
            Kind::Functional => self.functional_object(),
        };
        let compiled = self.compile_config.clone().unwrap_or_else(|| json!({}));
        object.insert("compile_config".to_owned(), compiled);
        Value::Object(object)
    }

    fn sequential_object(&self) -> Map<String, Value> {
        let model = self.built().unwrap_or(self);
        let mut config = Map::new();
        config.insert("name".into(), self.name().into());
        config.insert("trainable".into(), self.trainable().into());
        config.insert("dtype".into(), written_policy(model.policy()));
        let layers: Vec<Value> =
            model.layers.iter().map(|layer| Value::Object(chained_object(layer))).collect();
        config.insert("layers".into(), layers.into());
        let input = model.inputs.first().map(|input| shape_value(input.shape()));
        if let Some(shape) = &input {
            config.insert("build_input_shape".into(), shape.clone());
        }
        let mut object = Map::new();
        object.insert("module".into(), "keras".into());
        object.insert("class_name".into(), "Sequential".into());
        object.insert("config".into(), config.into());
        object.insert("registered_name".into(), Value::Null);
        if let Some(shape) = input {
            object.insert("build_config".into(), json!({"input_shape": shape}));
        }
        object
    }

    fn functional_object(&self) -> Map<String, Value> {
        let numbers = self.call_numbers();
        let layers: Vec<Value> = self
            .layers
            .iter()
            .enumerate()
            .map(|(index, layer)| {
                let calls = self.calls.iter().filter(|call| call.layer == index);
                let calls: Vec<&ModelCall> = calls.filter(|call| !call.inputs.is_empty()).collect();
                let mut nodes: Vec<Value> =
                    calls.iter().map(|call| self.node(call, &numbers)).collect();
                let mut object = operation_object(layer, &calls, &mut nodes)
                    .or_else(|| composed_object(layer, &calls))
                    .unwrap_or_else(|| layer_object(layer));
                object.insert("name".into(), layer.name().into());
                object.insert("inbound_nodes".into(), nodes.into());
                Value::Object(object)
            })
            .collect();
        json!({
            "module": "keras.src.models.functional",
            "class_name": "Functional",
            "config": {
                "name": self.name(),
                "trainable": self.trainable(),
                "layers": layers,
                "input_layers": self.ends(&self.inputs, &self.input_structure, &numbers),
                "output_layers": self.ends(&self.outputs, &self.output_structure, &numbers),
            },
            "registered_name": "Functional",
            "build_config": {"input_shape": null},
        })
        .as_object()
        .cloned()
        .unwrap_or_default()
    }

    /// Whether a layer of this model is written as a functional model of Keras's operations, which do what it does.
    ///
    /// The layer has its weights, if any, in a layer of that model.
    pub fn is_written_as_model(&self, layer: &LayerRef) -> bool {
        if !registry::is_operation(layer.class_name()) {
            return false;
        }
        if self.kind == Kind::Sequential {
            return chained_object(layer)["class_name"] == "Functional";
        }
        let calls = self.calls.iter().filter(|call| self.layers[call.layer] == *layer);
        let calls: Vec<&ModelCall> = calls.collect();
        let single = match (&calls[..], layer.layer()) {
            ([call], Some(kind)) => as_keras(kind, &call.input_shapes()).is_some(),
            _ => false,
        };
        !single && composed_object(layer, &calls).is_some()
    }

    /// The layers that Keras can't open in what [`Model::to_config`] writes, each with its class.
    pub fn unknown_to_keras(&self) -> Vec<String> {
        let mut unknown = Vec::new();
        gather_unknown(&self.to_config(), &mut unknown);
        unknown
    }

    /// For each call, which of its layer's calls in this model it is.
    fn call_numbers(&self) -> Vec<usize> {
        // The order in which a layer was called is the order in which Keras lists its nodes.
        let mut order: Vec<usize> = (0..self.calls.len()).collect();
        order.sort_by_key(|&call| self.calls[call].node.index);
        let mut counts: HashMap<usize, usize> = HashMap::new();
        let mut numbers = vec![0; self.calls.len()];
        for call in order {
            let count = counts.entry(self.calls[call].layer).or_insert(0);
            numbers[call] = *count;
            *count += 1;
        }
        numbers
    }

    fn node(&self, call: &ModelCall, numbers: &[usize]) -> Value {
        let tensors: Vec<Value> = call
            .inputs
            .iter()
            .zip(call.symbols())
            .map(|(place, symbol)| {
                let maker = &self.layers[self.calls[place.call].layer];
                json!({
                    "class_name": "__keras_tensor__",
                    "config": {
                        "shape": shape_value(symbol.shape()),
                        "dtype": maker.policy().compute_dtype(),
                        "keras_history": [
                            maker.name(),
                            numbers[place.call],
                            place.output,
                        ],
                    },
                })
            })
            .collect();
        let layer = &self.layers[call.layer];
        let several = match layer.model() {
            Some(model) => *model.input_structure() != Structure::Single && tensors.len() > 1,
            None => tensors.len() > 1 || takes_a_list(layer.class_name()),
        };
        let args = if several { json!([tensors]) } else { json!(tensors) };
        let mut kwargs = call.options().kwargs.clone();
        if layer.model().is_some() && kwargs.is_empty() {
            kwargs.insert("mask".into(), Value::Null);
        }
        if let Some(mode) = call.options().mode {
            kwargs.insert("training".into(), (mode == crate::layers::Mode::Training).into());
        }
        json!({"args": args, "kwargs": kwargs})
    }

    fn ends(&self, symbols: &[Symbol], structure: &Structure, numbers: &[usize]) -> Value {
        let end = |symbol: &Symbol| {
            let CallOutput { call, output } = self.place(symbol);
            let layer = &self.layers[self.calls[call].layer];
            // Keras counts a node that a functional model once had of itself.
            let own = match layer.model() {
                Some(model) => model.kind() == Kind::Functional,
                None => self.is_written_as_model(layer),
            };
            json!([layer.name(), numbers[call] + usize::from(own), output])
        };
        match structure {
            Structure::Single if symbols.len() == 1 => end(&symbols[0]),
            Structure::Dict(keys) if keys.len() == symbols.len() => {
                keys.iter().cloned().zip(symbols.iter().map(end)).collect::<Map<_, _>>().into()
            }
            _ => symbols.iter().map(end).collect::<Vec<_>>().into(),
        }
    }
}

/// The object of an operation layer as the operation of Keras that does the same: its only call gets the operation's
/// arguments behind the tensors. `None` where Keras has none.
fn operation_object(
    layer: &LayerRef,
    calls: &[&ModelCall],
    nodes: &mut [Value],
) -> Option<Map<String, Value>> {
    let ([call], [node]) = (calls, nodes) else { return None };
    let operation = as_keras(layer.layer()?, &call.input_shapes())?;
    let arguments = node.get_mut("args")?.as_array_mut()?;
    // Layers may take a list of tensors, operations take them one by one.
    if let [Value::Array(tensors)] = arguments.as_mut_slice() {
        *arguments = std::mem::take(tensors);
    }
    arguments.extend(operation.arguments);
    *node.get_mut("kwargs")? = operation.kwargs.into();
    let mut config = Map::new();
    config.insert("name".into(), layer.name().into());
    config.extend(operation.config);
    let mut object = Map::new();
    object.insert("module".into(), operation.module.into());
    object.insert("class_name".into(), operation.class_name.into());
    object.insert("config".into(), config.into());
    object.insert("registered_name".into(), operation.class_name.into());
    Some(object)
}

/// The object of an operation layer as a model of Keras's operations, if all its calls are on inputs of the same shapes.
fn composed_object(layer: &LayerRef, calls: &[&ModelCall]) -> Option<Map<String, Value>> {
    let shapes = calls.first()?.input_shapes();
    let alike = calls.iter().all(|call| call.input_shapes() == shapes);
    composed(&layer.name(), layer.layer().filter(|_| alike)?, &shapes)
}

/// A layer's object in a sequential model, which takes layers and models but no operations.
fn chained_object(layer: &LayerRef) -> Map<String, Value> {
    let operation = layer.layer().zip(layer.built_for());
    operation
        .and_then(|(kind, inputs)| composed(&layer.name(), kind, inputs))
        .unwrap_or_else(|| layer_object(layer))
}

/// A layer's object.
fn layer_object(layer: &LayerRef) -> Map<String, Value> {
    let kind = match layer.body() {
        Body::Input(shape) => return input_object(layer, shape),
        Body::Model(model) => {
            // A model inside another is written under the name that it has there.
            let mut object = match model.kind {
                Kind::Sequential => model.sequential_object(),
                Kind::Functional => model.functional_object(),
            };
            if let Some(Value::Object(config)) = object.get_mut("config") {
                config.insert("name".into(), layer.name().into());
            }
            object.insert("compile_config".into(), json!({}));
            return object;
        }
        Body::Layer(kind) => kind,
    };
    let class_name = kind.class_name();
    let mut config = Map::new();
    config.insert("name".into(), layer.name().into());
    config.insert("trainable".into(), layer.trainable().into());
    config.insert("dtype".into(), written_policy(layer.policy()));
    config.extend(kind.config());
    // Keras has no class of this name: it is registered as ours.
    let ours = class_name.starts_with("Shared") || registry::is_operation(class_name);
    let mut object = Map::new();
    object.insert("module".into(), if ours { "dichroic.layers" } else { "keras.layers" }.into());
    object.insert("class_name".into(), class_name.into());
    object.insert("config".into(), config.into());
    let registered = ours.then(|| format!("dichroic>{class_name}"));
    object.insert("registered_name".into(), registered.into());
    if let (Some(inputs), false) = (layer.built_for(), built_when_made(class_name)) {
        let shapes: Vec<Value> = inputs.iter().map(shape_value).collect();
        let shape = match shapes.as_slice() {
            [shape] if !takes_a_list(class_name) => shape.clone(),
            _ => shapes.into(),
        };
        object.insert("build_config".into(), json!({"input_shape": shape}));
    }
    object
}

fn input_object(layer: &LayerRef, shape: &Shape) -> Map<String, Value> {
    json!({
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {
            "batch_shape": shape_value(shape),
            "dtype": "float32",
            "sparse": false,
            "ragged": false,
            "name": layer.name(),
            "optional": false,
        },
        "registered_name": null,
    })
    .as_object()
    .cloned()
    .unwrap_or_default()
}

/// Looks for layers registered as ours, in models inside of models too.
fn gather_unknown(object: &Value, unknown: &mut Vec<String>) {
    let layers = object.pointer("/config/layers").and_then(Value::as_array);
    for layer in layers.into_iter().flatten() {
        let registered = layer.get("registered_name").and_then(Value::as_str);
        match registered.and_then(|name| name.strip_prefix("dichroic>")) {
            Some(class_name) => {
                let name = layer.pointer("/config/name").and_then(Value::as_str);
                unknown.push(format!("{} ({class_name})", name.unwrap_or_default()));
            }
            None => gather_unknown(layer, unknown),
        }
    }
}

/// Merges take their inputs as one list, even if there is one only.
fn takes_a_list(class_name: &str) -> bool {
    ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"]
        .contains(&class_name)
}

fn shape_value(shape: &Shape) -> Value {
    shape.axes().iter().map(|axis| Value::from(*axis)).collect::<Vec<_>>().into()
}
