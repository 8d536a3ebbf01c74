//! Through all calls from the inputs on, into nested models too.

use std::collections::HashMap;

use super::level::{Item, Level, Member};
use super::{Edge, Node, NodeConvolution};
use crate::Shape;
use crate::explain::ExplainError;
use crate::explain::cost::{bytes, macs};
use crate::explain::layer::describe;
use crate::explain::message::{Message, formula};
use crate::explain::receptive_field::{ReceptiveField, after};
use crate::explain::summary::Strides;
use crate::layers::Layer;
use crate::model::{Body, LayerRef, Model, ModelError};

/// The most calls that are drawn.
const MOST_CALLS: usize = 100_000;

/// What the walk found.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
    /// The model itself first, then every call of a nested model, outer ones before those inside.
    pub(super) levels: Vec<Level>,
    /// The layer of each node.
    pub(super) layers: Vec<LayerRef>,
}

/// A value on its way: the node that made it, and what it sees.
#[derive(Clone, Debug)]
struct Value {
    node: usize,
    shape: Shape,
    field: Option<ReceptiveField>,
}

/// What holds where a model lies in others.
struct Place {
    level: usize,
    prefix: String,
    trainable: bool,
}

pub(super) fn walk(model: &Model) -> Result<Walked, ExplainError> {
    if !model.is_built() {
        return Err(ModelError::NotBuilt { model: model.name().to_owned() }.into());
    }
    let mut counts: HashMap<u64, u64> = HashMap::new();
    for weight in model.weights() {
        *counts.entry(weight.layer.serial()).or_default() += weight.len() as u64;
    }
    let mut walker = Walker { found: Walked::default(), counts };
    walker.found.levels.push(Level { name: model.name().to_owned(), items: Vec::new() });
    let place = Place { level: 0, prefix: String::new(), trainable: true };
    let shapes: Vec<Shape> = model.inputs().iter().map(|input| input.shape().clone()).collect();
    walker.model(model, &shapes, None, &place)?;
    Ok(walker.found)
}

struct Walker {
    found: Walked,
    /// Parameters by layer.
    counts: HashMap<u64, u64>,
}

impl Walker {
    /// Walks through a model that is called on `given`, or on inputs of its own; returns its outputs.
    fn model(
        &mut self,
        model: &Model,
        shapes: &[Shape],
        given: Option<&[Value]>,
        place: &Place,
    ) -> Result<Vec<Value>, ExplainError> {
        let made_shapes = model.shapes_for(shapes)?;
        let trainable = place.trainable && model.trainable();
        let places: Vec<_> = model.outputs().iter().map(|output| model.place(output)).collect();
        let mut values: Vec<Vec<Value>> = Vec::with_capacity(made_shapes.len());
        for (number, (call, outputs)) in model.calls().iter().zip(&made_shapes).enumerate() {
            let layer = model.layer_of(call);
            let read: Vec<Value> =
                call.inputs.iter().map(|from| values[from.call][from.output].clone()).collect();
            let path = format!("{}{}", place.prefix, layer.name());
            let own = Place { level: place.level, prefix: path, trainable };
            let (member, made) = match (layer.body(), given) {
                (Body::Input(_), Some(given)) => {
                    let input = model.inputs().iter().position(|input| input.layer() == layer);
                    let value = input.and_then(|input| given.get(input)).cloned();
                    (Member::Outside, value.into_iter().collect())
                }
                (Body::Model(_), _) => self.nested(layer, &read, own)?,
                _ => {
                    let value = self.node(layer, &read, &outputs[0], &own)?;
                    (Member::Node(value.node), vec![value])
                }
            };
            self.found.levels[place.level].push(Item {
                name: layer.name(),
                class_name: layer.class_name(),
                member,
                inputs: call.inputs.iter().map(|from| from.call).collect(),
                consumers: Vec::new(),
                is_output: places.iter().any(|place| place.call == number),
            });
            values.push(made);
        }
        Ok(places.iter().map(|place| values[place.call][place.output].clone()).collect())
    }

    fn nested(
        &mut self,
        layer: &LayerRef,
        read: &[Value],
        mut place: Place,
    ) -> Result<(Member, Vec<Value>), ExplainError> {
        let nested =
            layer.built_model().ok_or_else(|| ModelError::NotBuilt { model: layer.name() })?;
        place.level = self.found.levels.len();
        place.prefix.push('/');
        self.found.levels.push(Level { name: layer.name(), items: Vec::new() });
        let shapes: Vec<Shape> = read.iter().map(|value| value.shape.clone()).collect();
        let made = self.model(nested, &shapes, Some(read), &place)?;
        Ok((Member::Level(place.level), made))
    }

    /// Adds a node for a call of a layer or an input of the whole model.
    fn node(
        &mut self,
        layer: &LayerRef,
        read: &[Value],
        output: &Shape,
        place: &Place,
    ) -> Result<Value, ExplainError> {
        let index = self.found.nodes.len();
        if index >= MOST_CALLS {
            return Err(ModelError::TooLarge { what: "layer calls", limit: MOST_CALLS }.into());
        }
        let shapes: Vec<Shape> = read.iter().map(|value| value.shape.clone()).collect();
        let fields: Vec<_> = read.iter().map(|value| value.field.clone()).collect();
        let kind = layer.layer();
        let field = match kind {
            None => Some(ReceptiveField::of_input(output)),
            Some(kind) => after(kind, &shapes, output, &fields),
        };
        let parameters = self.counts.get(&layer.serial()).copied().unwrap_or(0);
        self.found.edges.extend(read.iter().map(|value| Edge { from: value.node, to: index }));
        self.found.layers.push(layer.clone());
        self.found.nodes.push(Node {
            index,
            layer: place.prefix.clone(),
            name: layer.name(),
            class_name: layer.class_name().to_owned(),
            input_shape: shapes.first().map(item_shape),
            output_shape: Some(item_shape(output)),
            parameters,
            formula: kind
                .map_or_else(|| Message::verbatim("0"), |kind| count_formula(kind, &shapes)),
            macs: kind.map_or(Some(0), |kind| macs(kind, &shapes, output)),
            activation_bytes: bytes(output),
            receptive_field: field.as_ref().and_then(ReceptiveField::sizes),
            output_stride: field.as_ref().map(|field| Strides(field.strides().to_vec())),
            trainable: (parameters > 0).then(|| place.trainable && layer.trainable()),
            convolution: kind.and_then(|kind| convolution(kind, &shapes)),
            group: None,
        });
        Ok(Value { node: index, shape: output.clone(), field })
    }
}

fn item_shape(shape: &Shape) -> Vec<Option<usize>> {
    shape.axes().iter().skip(1).copied().collect()
}

fn count_formula(kind: &dyn Layer, inputs: &[Shape]) -> Message {
    kind.count(inputs).map_or_else(|_| Message::verbatim("?"), |count| formula(&count))
}

fn convolution(kind: &dyn Layer, inputs: &[Shape]) -> Option<NodeConvolution> {
    let convolution = kind.convolution(inputs)?;
    let (filters, bias) = (convolution.filters, convolution.bias);
    Some(NodeConvolution { how: describe(&convolution), filters, bias })
}
