//! Copies of models: parts of a graph, models of their own, variants with a layer replaced.

use std::collections::HashMap;
use std::sync::Arc;

use super::handle::{Body, LayerRef};
use super::symbol::CallNode;
use super::topology::walk;
use super::{Call, Input, Model, ModelError, Symbol};
use crate::layers::Layer;

type Made = HashMap<*const CallNode, Vec<Symbol>>;

/// Inputs and outputs of a model that begins where it was told to: inputs that other layers make are
/// replaced by inputs of the same shape, and the calls behind them repeated, with the same weights.
pub(super) fn begin_with_inputs(
    inputs: Vec<Symbol>,
    outputs: Vec<Symbol>,
) -> Result<(Vec<Symbol>, Vec<Symbol>), ModelError> {
    if inputs.iter().all(|input| input.layer().is_input()) {
        return Ok((inputs, outputs));
    }
    let fresh: Vec<Symbol> = inputs
        .iter()
        .map(|input| match input.layer().is_input() {
            true => input.clone(),
            false => Input::with(None, input.shape().clone()),
        })
        .collect();
    let replaced = |symbol: &Symbol, made: &Made| match inputs.iter().position(|i| i == symbol) {
        Some(place) => fresh[place].clone(),
        None => match made.get(&Arc::as_ptr(symbol.node())) {
            Some(outputs) => outputs[symbol.output_index()].clone(),
            None => symbol.clone(),
        },
    };
    // Only calls that lie behind a replaced value are made again; whatever lies before it is left out.
    let mut made = Made::new();
    for node in walk(&outputs).0 {
        let given: Vec<Symbol> = node.inputs.iter().map(|input| replaced(input, &made)).collect();
        if given != node.inputs {
            let outputs = node.layer.call_with(given, node.options.clone())?;
            made.insert(Arc::as_ptr(&node), outputs);
        }
    }
    let outputs = outputs.iter().map(|output| replaced(output, &made)).collect();
    Ok((fresh, outputs))
}

/// Gives copies of layers, the same one for the same layer, however often and deep it is used.
struct Copier<'a> {
    copies: HashMap<u64, LayerRef>,
    replace: &'a dyn Fn(&LayerRef) -> Option<Box<dyn Layer>>,
}

impl Copier<'_> {
    fn layer(&mut self, layer: &LayerRef) -> Result<LayerRef, ModelError> {
        if let Some(copy) = self.copies.get(&layer.serial()) {
            return Ok(copy.clone());
        }
        let body = match ((self.replace)(layer), layer.body()) {
            (Some(replacement), _) => Body::Layer(replacement),
            (None, Body::Input(shape)) => Body::Input(shape.clone()),
            (None, Body::Layer(kind)) => Body::Layer(kind.clone()),
            (None, Body::Model(model)) => Body::Model(Box::new(self.model(model)?)),
        };
        let copy = LayerRef::new(Some(layer.name()), body);
        if !matches!(copy.body(), Body::Model(_)) {
            copy.set_trainable(layer.trainable());
            copy.set_policy(layer.policy());
        }
        self.copies.insert(layer.serial(), copy.clone());
        Ok(copy)
    }

    fn model(&mut self, model: &Model) -> Result<Model, ModelError> {
        let mut copy = Model::empty(model.name.get().cloned(), model.kind);
        copy.names = model.names.clone();
        copy.input_structure = model.input_structure.clone();
        copy.output_structure = model.output_structure.clone();
        copy.compile_config = model.compile_config.clone();
        for layer in &model.layers {
            copy.layers.push(self.layer(layer)?);
        }
        // The flag alone: each layer has its own already.
        copy.trainable.store(model.trainable(), std::sync::atomic::Ordering::Relaxed);
        if !model.is_built() {
            return Ok(copy);
        }
        let mut made: Vec<Vec<Symbol>> = Vec::with_capacity(model.calls.len());
        for call in &model.calls {
            let layer = &copy.layers[call.layer];
            let outputs = match layer.body() {
                Body::Input(shape) => vec![Symbol::of_input(layer, shape.clone())],
                _ => {
                    let given =
                        call.inputs.iter().map(|place| made[place.call][place.output].clone());
                    layer.call_with(given.collect::<Vec<_>>(), call.options().clone())?
                }
            };
            let mut call = call.clone();
            call.node = outputs[0].node().clone();
            copy.calls.push(call);
            made.push(outputs);
        }
        let moved = |symbol: &Symbol| {
            let place = model.place(symbol);
            made[place.call][place.output].clone()
        };
        copy.inputs = model.inputs.iter().map(moved).collect();
        copy.outputs = model.outputs.iter().map(moved).collect();
        copy.collect_weights()?;
        Ok(copy)
    }
}

impl Model {
    /// The same model with a layer, found by name as in [`Model::get_layer`], replaced by another one under the same name.
    ///
    /// If every weight keeps its path and shape it keeps its value; else none has one until [`Model::build`].
    ///
    /// # Errors
    /// When there is no such layer, or the layers after it can't take its output.
    pub fn with_layer(&self, name: &str, replacement: Box<dyn Layer>) -> Result<Model, ModelError> {
        let serial = self.get_layer(name)?.serial();
        self.copied(&|layer| (layer.serial() == serial).then(|| replacement.clone()))
    }

    fn copied(
        &self,
        replace: &dyn Fn(&LayerRef) -> Option<Box<dyn Layer>>,
    ) -> Result<Model, ModelError> {
        let mut copy = Copier { copies: HashMap::new(), replace }.model(self)?;
        let same = self.weights.len() == copy.weights.len()
            && self
                .weights
                .iter()
                .zip(&copy.weights)
                .all(|(a, b)| a.path == b.path && a.spec.shape == b.spec.shape);
        if same {
            copy.parameters = self.parameters.clone();
        }
        Ok(copy)
    }
}

impl Clone for Model {
    /// A model of its own: layers, flags and values are copied, nothing is shared.
    fn clone(&self) -> Self {
        self.copied(&|_| None).expect("the same layers take the same shapes again")
    }
}
