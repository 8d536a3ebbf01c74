//! Reading a model's configuration, as Keras 3 and Keras 2 write it.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use super::super::handle::{Body, LayerRef};
use super::super::{Call, Input, Kind, Model, ModelError, Names, Structure, Symbol};
use super::expansion::Expansion;
use super::layer::{layer_list, read_layer, read_shape, text};
use super::nodes::{History, WrittenCall, history, read_call};
use super::operations::{OURS, only_tensors};
use super::wrong;

impl Model {
    /// The model that a configuration describes, without values for its weights.
    ///
    /// # Errors
    /// For a layer class, an argument or a type that is not known, by name and place, and for a configuration that
    /// does not describe a model.
    pub fn from_config(config: &Value) -> Result<Model, ModelError> {
        read_model(config, "config", 0)
    }
}

pub(super) fn read_model(object: &Value, place: &str, nesting: usize) -> Result<Model, ModelError> {
    let config = object
        .get("config")
        .ok_or_else(|| wrong(place, "an object with class_name and config", object))?;
    let inner = format!("{place}.config");
    let mut model = match text(object, "class_name", place)? {
        "Sequential" => read_sequential(config, &inner, nesting)?,
        "Functional" | "Model" => read_functional(config, &inner, nesting)?,
        other => {
            return Err(ModelError::Unsupported {
                place: place.to_owned(),
                what: "model class",
                name: other.to_owned(),
                suggestion: "; known are Sequential and Functional".to_owned(),
            });
        }
    };
    if config.get("trainable") == Some(&Value::Bool(false)) {
        model.freeze_itself();
    }
    if let Some(compiled) = object.get("compile_config").and_then(Value::as_object)
        && !compiled.is_empty()
    {
        model.compile_config = Some(Value::Object(compiled.clone()));
    }
    Ok(model)
}

fn read_sequential(config: &Value, place: &str, nesting: usize) -> Result<Model, ModelError> {
    let name = config.get("name").and_then(Value::as_str).map(str::to_owned);
    let mut model = Model::sequential(name);
    let mut expansion = Expansion::default();
    for (index, object) in layer_list(config, place)?.iter().enumerate() {
        let place = format!("{place}.layers[{index}]");
        let layer = read_layer(object, &place, nesting)?;
        expansion.add(&layer, 1)?;
        // Before there were input layers, the first layer carried the shape.
        let legacy = object.pointer("/config/batch_input_shape").filter(|shape| !shape.is_null());
        if let (0, false, Some(shape)) = (index, layer.is_input(), legacy) {
            let shape = read_shape(shape, &format!("{place}.config.batch_input_shape"))?;
            model.push(Input::with(Some(format!("{}_input", layer.name())), shape))?;
        }
        model.push(layer)?;
    }
    if let (false, Some(shape)) = (model.is_built(), config.get("build_input_shape"))
        && shape.is_array()
        && !model.all_layers().is_empty()
        && !model.all_layers()[0].is_input()
    {
        let shape = read_shape(shape, &format!("{place}.build_input_shape"))?;
        model.set_input(Input::with(None, shape))?;
    }
    Ok(model)
}

/// One call waiting for its inputs.
struct Waiting {
    layer: usize,
    written: WrittenCall,
    /// The calls that have to come before: those that make the inputs, and the layer's call before this.
    left: usize,
}

fn read_functional(config: &Value, place: &str, nesting: usize) -> Result<Model, ModelError> {
    let objects = layer_list(config, place)?;
    let mut layers: Vec<LayerRef> = Vec::with_capacity(objects.len());
    let mut by_name: HashMap<String, usize> = HashMap::new();
    let mut first_call: Vec<usize> = Vec::with_capacity(objects.len() + 1);
    let mut waiting: Vec<Waiting> = Vec::new();
    let mut expansion = Expansion::default();
    let mut functional = Vec::with_capacity(objects.len());
    for (index, object) in objects.iter().enumerate() {
        let place = format!("{place}.layers[{index}]");
        let layer = read_layer(object, &place, nesting)?;
        let model = layer.model().is_some_and(|model| model.kind() == Kind::Functional);
        functional.push(model || object.get(OURS).is_some());
        if by_name.insert(layer.name(), index).is_some() {
            return Err(ModelError::DuplicateName { name: layer.name() });
        }
        first_call.push(waiting.len());
        let nodes = object.get("inbound_nodes").and_then(Value::as_array);
        let place = format!("{place}.inbound_nodes");
        for node in nodes.into_iter().flatten() {
            let written = read_call(&only_tensors(object, node), &place)?;
            waiting.push(Waiting { layer: index, written, left: 0 });
        }
        if layer.is_input() && first_call[index] == waiting.len() {
            let written =
                WrittenCall { inputs: Vec::new(), options: Default::default(), legacy: false };
            waiting.push(Waiting { layer: index, written, left: 0 });
        }
        expansion.add(&layer, waiting.len() - first_call[index])?;
        layers.push(layer);
    }
    first_call.push(waiting.len());

    let legacy = waiting.iter().any(|call| call.written.legacy);
    let graph = Written { layers, by_name, functional, first_call, legacy, place };
    let made = graph.call_all(waiting)?;
    let (inputs, input_structure) = graph.ends(config, "input_layers", &made)?;
    let (outputs, output_structure) = graph.ends(config, "output_layers", &made)?;
    let name = config.get("name").and_then(Value::as_str).map(str::to_owned);
    let mut model = Model::with_names(name, Names::default(), inputs, outputs)?;
    model.input_structure = input_structure;
    model.output_structure = output_structure;
    Ok(model)
}

/// The layers of a functional model with the ranges of their calls.
struct Written<'a> {
    layers: Vec<LayerRef>,
    by_name: HashMap<String, usize>,
    /// Whether each of them was written as a functional model.
    functional: Vec<bool>,
    /// Where the calls of each layer begin in the list of all calls; one more at the end.
    first_call: Vec<usize>,
    /// Whether calls are written as Keras 2 wrote them.
    legacy: bool,
    place: &'a str,
}

impl Written<'_> {
    /// Calls every layer as often as written, each call after those whose outputs it reads.
    fn call_all(&self, mut waiting: Vec<Waiting>) -> Result<Vec<Vec<Symbol>>, ModelError> {
        let mut sources: Vec<Vec<(usize, usize)>> = Vec::with_capacity(waiting.len());
        let mut readers: Vec<Vec<usize>> = vec![Vec::new(); waiting.len()];
        for index in 0..waiting.len() {
            let call = &waiting[index];
            let given =
                call.written.inputs.iter().map(|input| self.source(input, call.written.legacy));
            let given = given.collect::<Result<Vec<_>, _>>()?;
            let mut before: Vec<usize> = given.iter().map(|(source, _)| *source).collect();
            if index > self.first_call[call.layer] {
                before.push(index - 1);
            }
            for source in before {
                readers[source].push(index);
                waiting[index].left += 1;
            }
            sources.push(given);
        }
        let mut made: Vec<Vec<Symbol>> = vec![Vec::new(); waiting.len()];
        let mut ready: VecDeque<usize> =
            (0..waiting.len()).filter(|&index| waiting[index].left == 0).collect();
        let mut done = 0;
        while let Some(index) = ready.pop_front() {
            let layer = &self.layers[waiting[index].layer];
            made[index] = match layer.body() {
                Body::Input(shape) => vec![Symbol::of_input(layer, shape.clone())],
                _ => {
                    let given = sources[index].iter().map(|&(call, output)| {
                        made[call].get(output).cloned().ok_or_else(|| self.missing(call, output))
                    });
                    let given = given.collect::<Result<Vec<_>, _>>()?;
                    layer.call_with(given, waiting[index].written.options.clone())?
                }
            };
            done += 1;
            for &reader in &readers[index] {
                waiting[reader].left -= 1;
                if waiting[reader].left == 0 {
                    ready.push_back(reader);
                }
            }
        }
        match waiting.iter().find(|call| done < made.len() && call.left > 0) {
            None => Ok(made),
            Some(call) => Err(ModelError::Config {
                place: self.place.to_owned(),
                expected: "calls that don't wait for each other".to_owned(),
                got: format!("a circle through layer {:?}", self.layers[call.layer].name()),
            }),
        }
    }

    /// The call that a history names, as an index into all calls, and its output.
    fn source(&self, history: &History, legacy: bool) -> Result<(usize, usize), ModelError> {
        let layer = *self.by_name.get(&history.layer).ok_or_else(|| ModelError::NoSuchLayer {
            model: self.place.to_owned(),
            layer: history.layer.clone(),
            suggestion: String::new(),
        })?;
        let (first, end) = (self.first_call[layer], self.first_call[layer + 1]);
        let own = usize::from(self.counts_itself(layer, legacy));
        let call = history.call.saturating_sub(own);
        match call.checked_add(first).filter(|call| *call < end) {
            Some(call) => Ok((call, history.output)),
            None => Err(ModelError::Config {
                place: self.place.to_owned(),
                expected: format!("one of the {} calls of layer {:?}", end - first, history.layer),
                got: format!("call {}", history.call),
            }),
        }
    }

    /// Whether a model counts a node of its own before its calls: it had one in Keras 2 if it begins with an input, and a
    /// model that stands for one of our layers does.
    fn counts_itself(&self, layer: usize, legacy: bool) -> bool {
        let begins = |model: &Model| model.all_layers().iter().any(LayerRef::is_input);
        legacy && self.layers[layer].model().map_or(self.functional[layer], begins)
    }

    fn missing(&self, call: usize, output: usize) -> ModelError {
        let layer = self.first_call.partition_point(|&first| first <= call) - 1;
        ModelError::Config {
            place: self.place.to_owned(),
            expected: format!("an output of layer {:?}", self.layers[layer].name()),
            got: format!("output {output}"),
        }
    }

    /// The model's inputs or outputs and how they are given.
    fn ends(
        &self,
        config: &Value,
        key: &str,
        made: &[Vec<Symbol>],
    ) -> Result<(Vec<Symbol>, Structure), ModelError> {
        let place = format!("{}.{key}", self.place);
        let value = config.get(key).ok_or_else(|| wrong(&place, "a list", &Value::Null))?;
        let symbol = |value: &Value| {
            let named = history(value, &place)?;
            // Keras 3 still counts so for functional models, but only where a model's ends are written.
            let layer = self.by_name.get(&named.layer).copied();
            let functional = layer.is_some_and(|layer| self.functional[layer]);
            let (call, output) = self.source(&named, functional || self.legacy)?;
            made[call].get(output).cloned().ok_or_else(|| self.missing(call, output))
        };
        match value {
            Value::Array(list) if list.first().is_some_and(Value::is_string) => {
                Ok((vec![symbol(value)?], Structure::Single))
            }
            Value::Array(list) => {
                Ok((list.iter().map(symbol).collect::<Result<_, _>>()?, Structure::List))
            }
            Value::Object(dict) => {
                let symbols = dict.values().map(symbol).collect::<Result<_, _>>()?;
                Ok((symbols, Structure::Dict(dict.keys().cloned().collect())))
            }
            other => Err(wrong(&place, "a list or a dict of outputs of layers", other)),
        }
    }
}
