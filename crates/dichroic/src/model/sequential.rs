//! Chains of layers.

use super::handle::LayerRef;
use super::{Call, Input, Kind, Model, ModelError, Symbol};
use crate::Shape;

/// Collects a chain of layers; the first error waits until [`Sequential::finish`].
///
/// ```
/// use dichroic::layers::{Conv2D, Dense, Flatten, Padding};
/// use dichroic::model::{Input, Sequential};
/// let model = Sequential::new()
///     .add(Input::new(&[28, 28, 3]))
///     .add(Conv2D::new(32, 5).padding(Padding::Same).use_bias(false))
///     .add(Flatten::new())
///     .add(Dense::new(10))
///     .finish()?;
/// assert_eq!(model.get_layer("conv2d")?.class_name(), "Conv2D");
/// # Ok::<(), dichroic::model::ModelError>(())
/// ```
#[derive(Debug)]
pub struct Sequential {
    model: Result<Model, ModelError>,
}

impl Default for Sequential {
    fn default() -> Self {
        Self::new()
    }
}

impl Sequential {
    /// An empty chain.
    pub fn new() -> Self {
        Self { model: Ok(Model::sequential(None)) }
    }

    /// An empty chain with a name of its own.
    pub fn named(name: &str) -> Self {
        Self { model: Ok(Model::sequential(Some(name.to_owned()))) }
    }

    /// Adds a layer at the end: a layer, a [`LayerRef`], a model, or an [`Input`] at the beginning.
    #[allow(clippy::should_implement_trait)] // Keras's name; a chain of layers is no sum.
    pub fn add(self, layer: impl Into<LayerRef>) -> Self {
        Self {
            model: self.model.and_then(|mut model| {
                model.push(layer)?;
                Ok(model)
            }),
        }
    }

    /// The model.
    ///
    /// # Errors
    /// The first error among the layers added.
    pub fn finish(self) -> Result<Model, ModelError> {
        self.model
    }
}

impl Model {
    /// An empty sequential model, to be filled with [`Model::push`].
    pub fn sequential(name: Option<String>) -> Self {
        Self::empty(name, Kind::Sequential)
    }

    /// Adds a layer at the end of a sequential model, as Keras's `add`.
    ///
    /// The model has shapes and weights as soon as it begins with an input or with a model that has one.
    /// New weights have no values until [`Model::build`].
    ///
    /// # Errors
    /// When the layer can't take what comes before it, has the name of another, or is an input in the middle.
    pub fn push(&mut self, layer: impl Into<LayerRef>) -> Result<(), ModelError> {
        let layer = layer.into();
        let refused = |rule| ModelError::Sequence {
            model: self.name().to_owned(),
            layer: layer.name(),
            rule,
        };
        if self.kind != Kind::Sequential {
            return Err(refused("only a sequential model grows; call layers and make a new model"));
        }
        if layer.is_input() && !self.layers.is_empty() {
            return Err(refused("an input can only come first, and only once"));
        }
        if layer.has_name() {
            let name = layer.name();
            if self.layers.iter().any(|other| *other != layer && other.name() == name) {
                return Err(ModelError::DuplicateName { name });
            }
        } else {
            let layers = &self.layers;
            let taken = |name: &str| layers.iter().any(|other| other.name() == name);
            layer.set_name(self.names.auto_beside(layer.class_name(), &taken));
        }

        if self.is_built() {
            self.append(&layer)?;
            self.layers.push(layer);
            return Ok(());
        }
        self.layers.push(layer);
        if self.layers.len() < 2 {
            return Ok(());
        }
        let first = &self.layers[0];
        let shape = match (first.is_input(), first.model()) {
            (true, _) => None,
            (false, Some(nested)) if nested.inputs.len() == 1 => {
                Some(nested.inputs[0].shape().clone())
            }
            (false, _) => return Ok(()),
        };
        let built = match shape {
            None => self.chain(),
            Some(shape) => self.set_input(Input::with(None, shape)),
        };
        if built.is_err() {
            self.layers.pop();
        }
        built
    }

    /// Takes the last layer off a sequential model and returns it, as Keras's `pop`.
    ///
    /// # Errors
    /// When the remaining chain can't be built.
    pub fn pop(&mut self) -> Result<Option<LayerRef>, ModelError> {
        if self.kind != Kind::Sequential || self.layers().is_empty() {
            return Ok(None);
        }
        let last = self.layers.pop();
        if self.is_built() {
            self.chain()?;
        }
        Ok(last)
    }

    /// Gives a sequential model the input that it begins with, and with it shapes and weights.
    ///
    /// # Errors
    /// When the model has an input already or a layer can't take what comes before it.
    pub fn set_input(&mut self, input: Symbol) -> Result<(), ModelError> {
        if self.layers.first().is_some_and(LayerRef::is_input) {
            return Err(ModelError::Sequence {
                model: self.name().to_owned(),
                layer: input.layer().name(),
                rule: "an input can only come first, and only once",
            });
        }
        let layer = input.layer().clone();
        if !layer.has_name() {
            let layers = &self.layers;
            let taken = |name: &str| layers.iter().any(|other| other.name() == name);
            layer.set_name(self.names.auto_beside("InputLayer", &taken));
        }
        self.layers.insert(0, layer);
        let built = self.chain();
        if built.is_err() {
            self.layers.remove(0);
        }
        built
    }

    /// Calls all layers in turn on the input that stands first.
    fn chain(&mut self) -> Result<(), ModelError> {
        self.calls.clear();
        self.outputs.clear();
        self.weights.clear();
        self.parameters = None;
        self.plans.clear();
        let input = self.layers[0].clone();
        let symbol = input.output(0).unwrap_or_else(|| match input.body() {
            super::Body::Input(shape) => Symbol::of_input(&input, shape.clone()),
            _ => unreachable!("a chain begins with its input"),
        });
        self.inputs = vec![symbol.clone()];
        self.calls.push(super::ModelCall {
            layer: 0,
            inputs: Vec::new(),
            depth: 0,
            node: symbol.node().clone(),
        });
        self.outputs = vec![symbol];
        let layers = self.layers.clone();
        for layer in &layers[1..] {
            if let Err(error) = self.append(layer) {
                (self.calls, self.inputs, self.outputs) = (Vec::new(), Vec::new(), Vec::new());
                return Err(error);
            }
        }
        Ok(())
    }

    /// Calls a layer on the present output, which it replaces.
    fn append(&mut self, layer: &LayerRef) -> Result<(), ModelError> {
        let last = self.outputs[0].clone();
        let output = layer.call(&last)?;
        let place = self.layers.iter().position(|known| known == layer);
        self.calls.push(super::ModelCall {
            layer: place.unwrap_or(self.layers.len()),
            inputs: vec![super::CallOutput {
                call: self.calls.len() - 1,
                output: last.output_index(),
            }],
            depth: 0,
            node: output.node().clone(),
        });
        self.add_weights(layer)?;
        self.outputs = vec![output];
        Ok(())
    }

    /// This model if it has shapes, or the one that was made of it at its first call.
    pub(super) fn built(&self) -> Option<&Model> {
        if self.is_built() { Some(self) } else { self.built.get().map(Box::as_ref) }
    }

    /// This model, or for a chain without an input the same layers on inputs of these shapes.
    pub(super) fn built_for(&self, inputs: &[Shape]) -> Result<&Model, ModelError> {
        if let Some(built) = self.built() {
            return Ok(built);
        }
        let ([input], false) = (inputs, self.layers.is_empty()) else {
            return Err(ModelError::NotBuilt { model: self.name().to_owned() });
        };
        let mut built = Model::sequential(Some(self.name().to_owned()));
        built.trainable = self.trainable.clone();
        built.names = self.names.clone();
        built.layers = self.layers.clone();
        built.set_input(Input::with(None, input.clone()))?;
        Ok(self.built.get_or_init(|| Box::new(built)))
    }
}
