//! From a model to a graph of ops.

use std::collections::HashMap;

use dichroic_graph::{Graph, ParameterId, Precision, Shape as GraphShape, ValueId};

use super::handle::{Body, LayerRef};
use super::{Model, ModelError};
use crate::Shape;
use crate::layers::{Lowering, Mode};

/// The most layer calls in one graph, those in nested models counted each time.
const MOST_CALLS: usize = 1_000_000;

/// A model as a graph, with the way back from the graph's values to its layers.
#[derive(Debug)]
pub struct LoweredModel {
    /// The ops.
    pub graph: Graph,
    /// The values that come in, in the order of the model's inputs.
    pub inputs: Vec<ValueId>,
    /// The values that go out, in the order of the model's outputs.
    pub outputs: Vec<ValueId>,
    /// The weights' values, in the order of [`Model::weights`]; parameter `i` is weight `i`.
    pub parameters: Vec<ValueId>,
    /// Every call of every layer, those in nested models included, in the order of running.
    pub calls: Vec<LoweredCall>,
}

/// What one call of a layer became.
#[derive(Clone, Debug)]
pub struct LoweredCall {
    /// The layer's name, with the names of the models around it: `backbone/conv2d`.
    pub path: String,
    /// The layer.
    pub layer: LayerRef,
    /// The values that it reads.
    pub inputs: Vec<ValueId>,
    /// The values that it makes, after its activation.
    pub outputs: Vec<ValueId>,
}

impl LoweredModel {
    /// The first call of the layer with this path.
    pub fn call(&self, path: &str) -> Option<&LoweredCall> {
        self.calls.iter().find(|call| call.path == path)
    }
}

impl Model {
    /// The graph that computes the model for `batch` items.
    ///
    /// In training, a batch normalisation that is frozen uses its moving statistics, as in Keras.
    ///
    /// # Errors
    /// When the model has no input shape, an axis other than the batch is open, or a layer refuses its inputs.
    pub fn lower(&self, batch: usize, mode: Mode) -> Result<LoweredModel, ModelError> {
        let mut shapes = Vec::with_capacity(self.inputs.len());
        for input in &self.inputs {
            let open = || ModelError::OpenShape {
                input: input.layer().name(),
                shape: input.shape().clone(),
            };
            shapes.push(input.shape().with_batch(batch).ok_or_else(open)?);
        }
        self.lower_for(&shapes, mode)
    }

    /// The graph for inputs of these shapes, batch included: the way to run a model whose inputs are open.
    ///
    /// # Errors
    /// When the model has no input shape, or a shape does not suit.
    pub fn lower_for(&self, shapes: &[Vec<usize>], mode: Mode) -> Result<LoweredModel, ModelError> {
        if !self.is_built() {
            return Err(ModelError::NotBuilt { model: self.name().to_owned() });
        }
        let given: Vec<Shape> = shapes
            .iter()
            .map(|axes| Shape::new(axes.iter().copied().map(Some).collect::<Vec<_>>()))
            .collect();
        self.shapes_for(&given)?;
        let mut graph = Graph::new();
        let mut inputs = Vec::with_capacity(self.inputs.len());
        for (input, axes) in self.inputs.iter().zip(shapes) {
            inputs.push(graph.input(&input.layer().name(), GraphShape::from(axes.as_slice())));
        }
        let mut parameters = Vec::with_capacity(self.weights.len());
        let mut of_layer: HashMap<u64, Vec<ValueId>> = HashMap::new();
        for (index, weight) in self.weights.iter().enumerate() {
            let shape = GraphShape::from(weight.spec.shape.as_slice());
            let value = graph.parameter(ParameterId(index), shape);
            of_layer.entry(weight.layer.serial()).or_default().push(value);
            parameters.push(value);
        }
        let mut emitter = Emitter { graph, of_layer, calls: Vec::new() };
        let place = Place { prefix: String::new(), trainable: self.trainable(), mode };
        let outputs = emitter.model(self, &inputs, &place)?;
        emitter.graph.scope("");
        emitter.graph.precision(Precision::Full);
        Ok(LoweredModel { graph: emitter.graph, inputs, outputs, parameters, calls: emitter.calls })
    }
}

struct Emitter {
    graph: Graph,
    of_layer: HashMap<u64, Vec<ValueId>>,
    calls: Vec<LoweredCall>,
}

/// Where a model lies in others, and what holds there.
struct Place {
    prefix: String,
    trainable: bool,
    mode: Mode,
}

impl Emitter {
    fn model(
        &mut self,
        model: &Model,
        inputs: &[ValueId],
        place: &Place,
    ) -> Result<Vec<ValueId>, ModelError> {
        let mut values: Vec<Vec<ValueId>> = Vec::with_capacity(model.calls.len());
        for call in &model.calls {
            let layer = &model.layers[call.layer];
            if self.calls.len() >= MOST_CALLS {
                return Err(ModelError::TooLarge { what: "layer calls", limit: MOST_CALLS });
            }
            let given: Vec<ValueId> =
                call.inputs.iter().map(|source| values[source.call][source.output]).collect();
            let path = format!("{}{}", place.prefix, layer.name());
            let follows = layer.layer().is_some_and(|kind| kind.follows_the_run());
            let mode = call.options().mode.filter(|_| !follows).unwrap_or(place.mode);
            let trainable = place.trainable && layer.trainable();
            let outputs = match layer.body() {
                Body::Input(_) => {
                    let position = model.inputs.iter().position(|input| input.layer() == layer);
                    vec![
                        inputs[position.expect("each input call belongs to an input of the model")],
                    ]
                }
                Body::Layer(_) => {
                    let inner = Place { prefix: path.clone(), trainable, mode };
                    vec![self.layer(layer, &given, &inner)?]
                }
                Body::Model(nested) => {
                    let shapes = call.input_shapes();
                    let inner = Place { prefix: format!("{path}/"), trainable, mode };
                    self.model(nested.built_for(&shapes)?, &given, &inner)?
                }
            };
            self.calls.push(LoweredCall {
                path,
                layer: layer.clone(),
                inputs: given,
                outputs: outputs.clone(),
            });
            values.push(outputs);
        }
        Ok(model
            .output_places()
            .into_iter()
            .map(|output| values[output.call][output.output])
            .collect())
    }

    fn layer(
        &mut self,
        layer: &LayerRef,
        inputs: &[ValueId],
        place: &Place,
    ) -> Result<ValueId, ModelError> {
        let Body::Layer(kind) = layer.body() else {
            unreachable!("inputs and models are lowered where they are called")
        };
        // Keras freezes the statistics with the weights, in this layer only.
        let frozen = !place.trainable && kind.class_name() == "BatchNormalization";
        let mode = if frozen { Mode::Inference } else { place.mode };
        let none = Vec::new();
        let weights = self.of_layer.get(&layer.serial()).unwrap_or(&none);
        self.graph.scope(&place.prefix);
        self.graph.precision(layer.policy().precision());
        let mut lowering = Lowering { graph: &mut self.graph, inputs, weights, mode };
        kind.lower(&mut lowering).map_err(|source| ModelError::Layer {
            layer: place.prefix.clone(),
            class_name: layer.class_name().to_owned(),
            source: Box::new(source),
        })
    }
}
