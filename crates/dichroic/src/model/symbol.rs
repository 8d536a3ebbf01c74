//! Symbolic values: what a model will compute, before there are data.

use std::fmt;
use std::mem;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::handle::{Body, LayerRef};
use super::{Model, ModelError};
use crate::Shape;
use crate::layers::{Layer, LayerError, Mode};

/// A value that a model will compute: one output of one call of a layer, with its shape.
#[derive(Clone)]
pub struct Symbol {
    node: Arc<CallNode>,
    output: usize,
}

/// One call of a layer: which layer, on what, and what comes out.
pub struct CallNode {
    pub(super) layer: LayerRef,
    /// The place of this call among the calls of its layer.
    pub(super) index: usize,
    pub(super) inputs: Vec<Symbol>,
    pub(super) output_shapes: Vec<Shape>,
    pub(super) options: CallOptions,
}

/// How a layer is called, beside its inputs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallOptions {
    /// Keras's `training=` of the call; `None` follows the model's mode.
    pub mode: Option<Mode>,
    /// The call's other keyword arguments, kept as they stood in a configuration.
    pub kwargs: Map<String, Value>,
}

/// Makes the values that come into a model, as `keras.Input`.
#[derive(Debug)]
pub struct Input;

impl Input {
    /// An input of this shape, the batch left out.
    ///
    /// ```
    /// use dichroic::model::Input;
    /// assert_eq!(Input::new(&[28, 28, 3]).shape().to_string(), "(None, 28, 28, 3)");
    /// ```
    // As `keras.Input`, it returns the value that layers are called on, not the layer behind it.
    #[allow(clippy::new_ret_no_self)]
    pub fn new(shape: &[usize]) -> Symbol {
        Self::with(None, Shape::batched(shape))
    }

    /// An input with a name of its own.
    pub fn named(name: &str, shape: &[usize]) -> Symbol {
        Self::with(Some(name.to_owned()), Shape::batched(shape))
    }

    /// An input of any shape, batch included, open axes allowed.
    pub fn with(name: Option<String>, shape: Shape) -> Symbol {
        let layer = LayerRef::new(name, Body::Input(shape.clone()));
        Symbol::of_input(&layer, shape)
    }
}

impl Symbol {
    pub(super) fn new(node: Arc<CallNode>, output: usize) -> Self {
        Self { node, output }
    }

    pub(super) fn of_input(layer: &LayerRef, shape: Shape) -> Self {
        let node = layer.record(|index| CallNode {
            layer: layer.clone(),
            index,
            inputs: Vec::new(),
            output_shapes: vec![shape],
            options: CallOptions::default(),
        });
        Self::new(node, 0)
    }

    /// The shape, batch included.
    pub fn shape(&self) -> &Shape {
        &self.node.output_shapes[self.output]
    }

    /// The layer whose call makes this value.
    pub fn layer(&self) -> &LayerRef {
        &self.node.layer
    }

    /// The place of that call among the calls of its layer.
    pub fn call_index(&self) -> usize {
        self.node.index
    }

    /// Which output of the call it is.
    pub fn output_index(&self) -> usize {
        self.output
    }

    /// What the layer was called on; empty for an input.
    pub fn call_inputs(&self) -> &[Symbol] {
        &self.node.inputs
    }

    pub(super) fn node(&self) -> &Arc<CallNode> {
        &self.node
    }
}

impl PartialEq for Symbol {
    /// Whether both are the same value, not merely one of the same shape.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.node, &other.node) && self.output == other.output
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, shape) = (self.node.layer.name(), self.shape());
        write!(f, "{name}[{}][{}] {shape}", self.node.index, self.output)
    }
}

impl fmt::Debug for CallNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}[{}] on {:?}", self.layer, self.index, self.inputs)
    }
}

/// A chain of calls is as long as its model is deep, so it is taken apart in a loop: a recursive
/// drop would need stack for every call.
impl Drop for CallNode {
    fn drop(&mut self) {
        let mut left = mem::take(&mut self.inputs);
        while let Some(symbol) = left.pop() {
            if let Some(mut node) = Arc::into_inner(symbol.node) {
                left.append(&mut node.inputs);
            }
        }
    }
}

/// How the inputs or outputs of a model were given, which is how its configuration writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Structure {
    /// One value.
    Single,
    /// A list of values.
    List,
    /// Values under keys, in this order.
    Dict(Vec<String>),
}

/// Values to call a layer on or to make a model of: one symbol or several.
pub trait Inputs {
    /// The symbols in order.
    fn symbols(&self) -> Vec<Symbol>;

    /// How they were given.
    fn structure(&self) -> Structure {
        Structure::List
    }
}

impl Inputs for &Symbol {
    fn symbols(&self) -> Vec<Symbol> {
        vec![(*self).clone()]
    }

    fn structure(&self) -> Structure {
        Structure::Single
    }
}

impl Inputs for Symbol {
    fn symbols(&self) -> Vec<Symbol> {
        vec![self.clone()]
    }

    fn structure(&self) -> Structure {
        Structure::Single
    }
}

impl<const N: usize> Inputs for [&Symbol; N] {
    fn symbols(&self) -> Vec<Symbol> {
        self.iter().map(|symbol| (*symbol).clone()).collect()
    }
}

impl<const N: usize> Inputs for [Symbol; N] {
    fn symbols(&self) -> Vec<Symbol> {
        self.to_vec()
    }
}

impl Inputs for &[Symbol] {
    fn symbols(&self) -> Vec<Symbol> {
        self.to_vec()
    }
}

impl Inputs for Vec<Symbol> {
    fn symbols(&self) -> Vec<Symbol> {
        self.clone()
    }
}

/// Values under keys, as Keras takes them in a dict.
impl Inputs for Vec<(String, Symbol)> {
    fn symbols(&self) -> Vec<Symbol> {
        self.iter().map(|(_, symbol)| symbol.clone()).collect()
    }

    fn structure(&self) -> Structure {
        Structure::Dict(self.iter().map(|(key, _)| key.clone()).collect())
    }
}

/// Calling a layer on symbols: the functional way to define a model.
///
/// A layer is used up by its call; a [`LayerRef`] can be called again and shares its weights.
///
/// ```
/// use dichroic::layers::{Add, Conv2D, Padding};
/// use dichroic::model::{Call, Input, Model};
/// let x = Input::new(&[28, 28, 1]);
/// let y = Conv2D::new(8, 3).padding(Padding::Same).call(&x)?;
/// let z = Add::new().call([&x, &y])?;
/// let model = Model::new(&x, &z)?;
/// assert_eq!(model.count_params(), 80);
/// # Ok::<(), dichroic::model::ModelError>(())
/// ```
pub trait Call: Sized {
    /// The layer to call.
    fn into_layer(self) -> LayerRef;

    /// The layer's output on these inputs; the first, if a nested model has several.
    ///
    /// # Errors
    /// When the layer can't take the inputs: the error names the layer, the shape that came, the shape needed and the likely fix.
    fn call(self, inputs: impl Inputs) -> Result<Symbol, ModelError> {
        Ok(self.call_with(inputs, CallOptions::default())?.swap_remove(0))
    }

    /// All outputs of a call with options.
    ///
    /// # Errors
    /// As [`Call::call`].
    fn call_with(
        self,
        inputs: impl Inputs,
        options: CallOptions,
    ) -> Result<Vec<Symbol>, ModelError> {
        call(&self.into_layer(), inputs.symbols(), options)
    }
}

impl<L: Layer + 'static> Call for L {
    fn into_layer(self) -> LayerRef {
        self.into()
    }
}

impl Call for Box<dyn Layer> {
    fn into_layer(self) -> LayerRef {
        self.into()
    }
}

impl Call for &LayerRef {
    fn into_layer(self) -> LayerRef {
        self.clone()
    }
}

impl Call for Model {
    fn into_layer(self) -> LayerRef {
        self.into()
    }
}

fn call(
    layer: &LayerRef,
    inputs: Vec<Symbol>,
    options: CallOptions,
) -> Result<Vec<Symbol>, ModelError> {
    let shapes: Vec<Shape> = inputs.iter().map(|input| input.shape().clone()).collect();
    let output_shapes = output_shapes(layer, &shapes).map_err(|error| match error {
        ModelError::Layer { layer: inner, class_name, source } if inner.is_empty() => {
            ModelError::Layer { layer: likely_name(layer, &inputs), class_name, source }
        }
        error => error,
    })?;
    layer.set_built(&shapes);
    let outputs = output_shapes.len();
    let node = layer.record(|index| CallNode {
        layer: layer.clone(),
        index,
        inputs,
        output_shapes,
        options,
    });
    Ok((0..outputs).map(|output| Symbol::new(node.clone(), output)).collect())
}

/// The output shapes of a call; an error of the layer itself leaves the layer's name empty.
pub(super) fn output_shapes(layer: &LayerRef, inputs: &[Shape]) -> Result<Vec<Shape>, ModelError> {
    let refused = |source| ModelError::Layer {
        layer: String::new(),
        class_name: layer.class_name().to_owned(),
        source: Box::new(source),
    };
    match layer.body() {
        Body::Input(_) => {
            Err(refused(LayerError::InputCount { expected: "no inputs", got: inputs.len() }))
        }
        Body::Layer(kind) => {
            let output = kind.output_shape(inputs).map_err(refused)?;
            let weights = kind.weights(inputs).map_err(refused)?;
            if let Some(built) = layer.built_for() {
                let same = built == inputs || kind.weights(built).map_err(refused)? == weights;
                if !same {
                    return Err(ModelError::SharedShape {
                        layer: layer.name(),
                        built: joined(built),
                        got: joined(inputs),
                    });
                }
            }
            Ok(vec![output])
        }
        Body::Model(nested) => nested.built_for(inputs)?.output_shapes_for(inputs),
    }
}

/// Shapes in words: `(None, 4) and (None, 5)`.
pub(super) fn joined(shapes: &[Shape]) -> String {
    shapes.iter().map(Shape::to_string).collect::<Vec<_>>().join(" and ")
}

/// The name that a layer without a name will get if the model is made of what is there: its class
/// and the number of unnamed layers of that class before it.
fn likely_name(layer: &LayerRef, inputs: &[Symbol]) -> String {
    if layer.has_name() {
        return layer.name();
    }
    let mut seen = Vec::new();
    let mut left: Vec<Symbol> = inputs.to_vec();
    while let Some(symbol) = left.pop() {
        if !seen.contains(symbol.layer()) {
            seen.push(symbol.layer().clone());
            left.extend(symbol.call_inputs().iter().cloned());
        }
    }
    let class_name = layer.class_name();
    let before = seen.iter().filter(|other| other.class_name() == class_name && !other.has_name());
    match before.count() {
        0 => layer.name(),
        count => format!("{}_{count}", layer.name()),
    }
}
