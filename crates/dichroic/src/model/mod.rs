//! Models: layers and how they are connected.
//!
//! A model is a chain ([`Sequential`]) or a graph of calls ([`Model::new`] on [`Symbol`]s). It owns the
//! values of its weights, draws the first ones from a seed ([`Model::build`]), lowers to a graph of
//! ops ([`Model::lower`]) and answers ([`Model::predict`]). Its configuration is Keras's
//! ([`Model::to_config`], [`Model::from_config`]).

mod config;
mod error;
mod handle;
mod lower;
mod names;
mod pixels;
mod predict;
mod replicate;
mod sequential;
mod symbol;
#[cfg(test)]
mod tests;
mod topology;
mod weights;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use dichroic_graph::Parameters;

use crate::{DtypePolicy, Shape};
pub(crate) use config::built_when_made;
pub use config::{Outline, OutlinedLayer};
pub use error::ModelError;
pub use handle::{Body, LayerRef};
pub use lower::{LoweredCall, LoweredModel};
pub(crate) use names::suggestion;
pub use names::{NamePolicy, Names};
pub use predict::KeptValue;
pub use sequential::Sequential;
pub use symbol::{Call, CallNode, CallOptions, Input, Inputs, Structure, Symbol};
pub use topology::{Call as ModelCall, CallOutput};
pub use weights::Weight;

/// How deep models can lie in each other.
const MOST_NESTED: usize = 64;

/// Which of Keras's two kinds of model it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A chain of layers.
    Sequential,
    /// A graph of calls.
    Functional,
}

/// Layers, how they are connected, and the values of their weights.
#[derive(Debug)]
pub struct Model {
    name: OnceLock<String>,
    kind: Kind,
    layers: Vec<LayerRef>,
    calls: Vec<ModelCall>,
    inputs: Vec<Symbol>,
    outputs: Vec<Symbol>,
    input_structure: Structure,
    output_structure: Structure,
    names: Names,
    trainable: Arc<AtomicBool>,
    nesting: usize,
    weights: Vec<Weight>,
    parameters: Option<Parameters>,
    compile_config: Option<serde_json::Value>,
    /// A sequential model without an input shape gets one when it is first called as a layer.
    built: OnceLock<Box<Model>>,
    plans: predict::Plans,
}

impl Model {
    /// A functional model from what comes in and what goes out.
    ///
    /// Layers without a name get Keras's automatic one, in the order in which they were made. Inputs that are
    /// outputs of other layers make a part of that graph, with the same weights.
    ///
    /// # Errors
    /// When an output depends on something that is not an input, or two layers have the same name.
    pub fn new(inputs: impl Inputs, outputs: impl Inputs) -> Result<Self, ModelError> {
        Self::with_names(None, Names::default(), inputs, outputs)
    }

    /// A functional model with a name of its own.
    ///
    /// # Errors
    /// As [`Model::new`].
    pub fn named(
        name: &str,
        inputs: impl Inputs,
        outputs: impl Inputs,
    ) -> Result<Self, ModelError> {
        Self::with_names(Some(name.to_owned()), Names::default(), inputs, outputs)
    }

    fn with_names(
        name: Option<String>,
        mut names: Names,
        inputs: impl Inputs,
        outputs: impl Inputs,
    ) -> Result<Self, ModelError> {
        let (input_structure, output_structure) = (inputs.structure(), outputs.structure());
        let (inputs, outputs) = replicate::begin_with_inputs(inputs.symbols(), outputs.symbols())?;
        let topology = topology::topology(&inputs, &outputs)?;
        name_layers(&topology.layers, &mut names)?;
        let mut model = Self::empty(name, Kind::Functional);
        model.names = names;
        model.inputs = inputs;
        model.outputs = outputs;
        model.input_structure = input_structure;
        model.output_structure = output_structure;
        model.layers = topology.layers;
        model.calls = topology.calls;
        model.collect_weights()?;
        Ok(model)
    }

    fn empty(name: Option<String>, kind: Kind) -> Self {
        Self {
            name: name.map(OnceLock::from).unwrap_or_default(),
            kind,
            layers: Vec::new(),
            calls: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            input_structure: Structure::Single,
            output_structure: Structure::Single,
            names: Names::default(),
            trainable: Arc::new(AtomicBool::new(true)),
            nesting: 1,
            weights: Vec::new(),
            parameters: None,
            compile_config: None,
            built: OnceLock::new(),
            plans: predict::Plans::default(),
        }
    }

    /// The name: given, or `sequential` or `functional`.
    pub fn name(&self) -> &str {
        self.name.get().map_or(
            match self.kind {
                Kind::Sequential => "sequential",
                Kind::Functional => "functional",
            },
            String::as_str,
        )
    }

    /// Whether the user or a model around it gave it a name.
    pub fn has_name(&self) -> bool {
        self.name.get().is_some()
    }

    /// Takes the name that the model around it gave, if it has none.
    fn take_name(&self, name: &str) {
        let _ = self.name.set(name.to_owned());
    }

    /// Gives the model another name.
    pub fn rename(&mut self, name: impl Into<String>) {
        self.name = OnceLock::from(name.into());
    }

    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Keras's class name: `Sequential` or `Functional`.
    pub fn class_name(&self) -> &'static str {
        match self.kind {
            Kind::Sequential => "Sequential",
            Kind::Functional => "Functional",
        }
    }

    /// All layers in Keras's order, input layers included.
    pub fn all_layers(&self) -> &[LayerRef] {
        &self.layers
    }

    /// Keras's `model.layers`: all of a functional model, all but the input layer of a sequential one.
    pub fn layers(&self) -> &[LayerRef] {
        match (self.kind, self.layers.first()) {
            (Kind::Sequential, Some(first)) if first.is_input() => &self.layers[1..],
            _ => &self.layers,
        }
    }

    /// The calls in an order in which they can be run; empty while the model has no input shape.
    pub fn calls(&self) -> &[ModelCall] {
        &self.calls
    }

    /// The layer of a call.
    pub fn layer_of(&self, call: &ModelCall) -> &LayerRef {
        &self.layers[call.layer]
    }

    /// The values that come in, in order.
    pub fn inputs(&self) -> &[Symbol] {
        &self.inputs
    }

    /// The values that go out, in order.
    pub fn outputs(&self) -> &[Symbol] {
        &self.outputs
    }

    /// How the inputs were given.
    pub fn input_structure(&self) -> &Structure {
        &self.input_structure
    }

    /// How the outputs were given.
    pub fn output_structure(&self) -> &Structure {
        &self.output_structure
    }

    /// The names of the input layers, in order.
    pub fn input_names(&self) -> Vec<String> {
        self.inputs.iter().map(|input| input.layer().name()).collect()
    }

    /// The names of the outputs: those of the layers that make them.
    pub fn output_names(&self) -> Vec<String> {
        self.outputs.iter().map(|output| output.layer().name()).collect()
    }

    /// Whether the shapes are known, and with them the weights.
    pub fn is_built(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// A layer by name; in nested models by the names joined with `/`.
    ///
    /// # Errors
    /// [`ModelError::NoSuchLayer`], with the nearest name.
    pub fn get_layer(&self, name: &str) -> Result<&LayerRef, ModelError> {
        if let Some(layer) = self.layers.iter().find(|layer| layer.name() == name) {
            return Ok(layer);
        }
        if let Some((outer, rest)) = name.split_once('/')
            && let Some(nested) = self.layers.iter().find(|layer| layer.name() == outer)
            && let Some(model) = nested.model()
        {
            return model.get_layer(rest);
        }
        let known: Vec<String> = self.layers.iter().map(LayerRef::name).collect();
        let suggestion = match suggestion(name, known.iter().map(String::as_str)) {
            near if near.is_empty() => listed(&known),
            near => near,
        };
        let (model, layer) = (self.name().to_owned(), name.to_owned());
        Err(ModelError::NoSuchLayer { model, layer, suggestion })
    }

    /// The path of a layer as [`Model::get_layer`] takes it, also from the name alone of a layer in a nested model.
    ///
    /// # Errors
    /// [`ModelError::NoSuchLayer`], also when several nested models have a layer of this name.
    pub fn path_of(&self, name: &str) -> Result<String, ModelError> {
        let missing = match self.get_layer(name) {
            Ok(_) => return Ok(name.to_owned()),
            Err(missing) => missing,
        };
        let mut paths = self.inner_paths(name);
        match (paths.pop(), paths.is_empty()) {
            (None, _) => Err(missing),
            (Some(only), true) => Ok(only),
            (Some(last), false) => {
                paths.push(last);
                Err(ModelError::NoSuchLayer {
                    model: self.name().to_owned(),
                    layer: name.to_owned(),
                    suggestion: format!(" of its own; inside it are {}", paths.join(", ")),
                })
            }
        }
    }

    fn inner_paths(&self, name: &str) -> Vec<String> {
        let mut paths = Vec::new();
        for layer in &self.layers {
            let Some(nested) = layer.model() else { continue };
            let outer = layer.name();
            if nested.get_layer(name).is_ok() {
                paths.push(format!("{outer}/{name}"));
            }
            paths.extend(nested.inner_paths(name).iter().map(|inner| format!("{outer}/{inner}")));
        }
        paths
    }

    /// The first call of a layer in this model; `None` for layers of nested or other models.
    pub fn first_call(&self, layer: &LayerRef) -> Option<&ModelCall> {
        self.calls.iter().find(|call| self.layers[call.layer] == *layer)
    }

    /// Whether the weights are trained.
    pub fn trainable(&self) -> bool {
        self.trainable.load(Ordering::Relaxed)
    }

    /// Freezes or frees all layers, those of nested models too.
    pub fn set_trainable(&self, trainable: bool) {
        self.trainable.store(trainable, Ordering::Relaxed);
        for layer in &self.layers {
            layer.set_trainable(trainable);
        }
    }

    /// The type in which the layers compute: `mixed_bfloat16` if any of them does so.
    pub fn policy(&self) -> DtypePolicy {
        let mixed = |layer: &LayerRef| layer.policy() == DtypePolicy::MixedBfloat16;
        match self.layers.iter().any(mixed) {
            true => DtypePolicy::MixedBfloat16,
            false => DtypePolicy::Float32,
        }
    }

    /// Sets the type in which all layers compute, those of nested models too.
    pub fn set_policy(&self, policy: DtypePolicy) {
        for layer in &self.layers {
            layer.set_policy(policy);
        }
        self.plans.forget();
    }

    /// Sets the model's own flag and leaves those of its layers, as a configuration does.
    fn freeze_itself(&self) {
        self.trainable.store(false, Ordering::Relaxed);
    }

    /// What `compile` was told, as Keras writes it; kept through reading and writing.
    pub fn compile_config(&self) -> Option<&serde_json::Value> {
        self.compile_config.as_ref()
    }

    /// Sets what `compile` was told.
    pub fn set_compile_config(&mut self, config: Option<serde_json::Value>) {
        self.compile_config = config;
    }

    /// The output shapes for other input shapes than those of the inputs.
    ///
    /// # Errors
    /// When the number of inputs differs, an axis contradicts the model's Input, or a layer refuses the shape.
    pub fn output_shapes_for(&self, inputs: &[Shape]) -> Result<Vec<Shape>, ModelError> {
        let shapes = self.shapes_for(inputs)?;
        Ok(self
            .output_places()
            .into_iter()
            .map(|place| shapes[place.call][place.output].clone())
            .collect())
    }

    /// The output shapes of every call for other input shapes.
    pub(crate) fn shapes_for(&self, inputs: &[Shape]) -> Result<Vec<Vec<Shape>>, ModelError> {
        let suits = inputs.len() == self.inputs.len()
            && inputs.iter().zip(&self.inputs).all(|(got, input)| compatible(got, input.shape()));
        if !suits {
            let expected: Vec<Shape> =
                self.inputs.iter().map(|input| input.shape().clone()).collect();
            return Err(ModelError::ModelInputs {
                model: self.name().to_owned(),
                expected: symbol::joined(&expected),
                got: symbol::joined(inputs),
            });
        }
        let mut shapes: Vec<Vec<Shape>> = Vec::with_capacity(self.calls.len());
        for call in &self.calls {
            let layer = &self.layers[call.layer];
            if let Some(place) = self.inputs.iter().position(|input| input.layer() == layer) {
                shapes.push(vec![inputs[place].clone()]);
                continue;
            }
            let given: Vec<Shape> =
                call.inputs.iter().map(|place| shapes[place.call][place.output].clone()).collect();
            let made = symbol::output_shapes(layer, &given).map_err(|error| match error {
                ModelError::Layer { layer: inner, class_name, source } if inner.is_empty() => {
                    let layer = format!("{}/{}", self.name(), layer.name());
                    ModelError::Layer { layer, class_name, source }
                }
                error => error,
            })?;
            shapes.push(made);
        }
        Ok(shapes)
    }

    /// Where among the calls the outputs are made.
    fn output_places(&self) -> Vec<CallOutput> {
        self.outputs.iter().map(|output| self.place(output)).collect()
    }

    /// Where among the calls a symbol of this model is made.
    pub(crate) fn place(&self, symbol: &Symbol) -> CallOutput {
        let call = self
            .calls
            .iter()
            .position(|call| Arc::ptr_eq(&call.node, symbol.node()))
            .expect("a model's own symbols are made by its own calls");
        CallOutput { call, output: symbol.output_index() }
    }
}

impl ModelCall {
    /// The output shapes.
    pub fn output_shapes(&self) -> &[Shape] {
        &self.node.output_shapes
    }

    /// The input shapes.
    pub fn input_shapes(&self) -> Vec<Shape> {
        self.node.inputs.iter().map(|input| input.shape().clone()).collect()
    }

    /// What the layer was called on.
    pub fn symbols(&self) -> &[Symbol] {
        &self.node.inputs
    }

    /// The place of this call among all calls of its layer, those in other models included.
    pub fn call_index(&self) -> usize {
        self.node.index
    }

    /// The options of the call.
    pub fn options(&self) -> &CallOptions {
        &self.node.options
    }
}

/// The names of a model's layers, for a message.
fn listed(names: &[String]) -> String {
    const MOST: usize = 12;
    match names.len() {
        0 => "; it has none".to_owned(),
        1..=MOST => format!("; its layers are {}", names.join(", ")),
        count => format!("; its {count} layers begin with {}", names[..MOST].join(", ")),
    }
}

/// Whether a shape can come where another is declared: equal where both are known.
fn compatible(got: &Shape, declared: &Shape) -> bool {
    got.rank() == declared.rank()
        && got.axes().iter().zip(declared.axes()).all(|axes| match axes {
            (Some(got), Some(declared)) => got == declared,
            _ => true,
        })
}

/// Gives a name to each layer that has none, and refuses a name that is given twice.
fn name_layers(layers: &[LayerRef], names: &mut Names) -> Result<(), ModelError> {
    let mut taken: HashSet<String> = HashSet::new();
    for layer in layers.iter().filter(|layer| layer.has_name()) {
        if !taken.insert(layer.name()) {
            return Err(ModelError::DuplicateName { name: layer.name() });
        }
    }
    let mut unnamed: Vec<&LayerRef> = layers.iter().filter(|layer| !layer.has_name()).collect();
    unnamed.sort_by_key(|layer| layer.serial());
    for layer in unnamed {
        let name = names.auto_beside(layer.class_name(), &|name| taken.contains(name));
        taken.insert(name.clone());
        layer.set_name(name);
    }
    Ok(())
}
