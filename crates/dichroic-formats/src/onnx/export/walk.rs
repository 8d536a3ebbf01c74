//! From a model's calls to nodes.

use dichroic::Shape;
use dichroic::layers::Mode;
use dichroic::model::{Body, LayerRef, Model, ModelError};
use dichroic_graph::ParameterId;

use super::graph::{Axis, OnnxGraph, Port};
use super::layers::export;
use super::scope::{NamedWeight, Scope};
use super::value::{Value, channels_first};
use super::{Images, OnnxExport};
use crate::error::{Located, Problem};

/// The graph of a model.
pub(super) fn graph_of(model: &Model, options: &OnnxExport) -> Result<OnnxGraph, Located> {
    let refused = |error: ModelError| Located::from(Problem::Model(Box::new(error)));
    if !model.is_built() {
        return Err(refused(ModelError::NotBuilt { model: model.name().to_owned() }));
    }
    let mut weights = Vec::with_capacity(model.weights().len());
    if !model.weights().is_empty() {
        let parameters = model.parameters().map_err(refused)?;
        for (index, weight) in model.weights().iter().enumerate() {
            let values = parameters
                .get(ParameterId(index))
                .ok_or(Problem::Variables { expected: model.weights().len(), got: index })?;
            weights.push((&weight.layer, NamedWeight { path: &weight.path, values }));
        }
    }
    let mut walk = Walk { graph: OnnxGraph::default(), weights, options };
    let inputs = walk.inputs(model);
    let names: Vec<String> =
        model.output_names().iter().map(|name| walk.graph.value_name(name)).collect();
    let place = Place { prefix: "", mode: Mode::Inference };
    let outputs = walk.model(model, &inputs, &place)?;
    // Names change last: until then values are known by the names that their nodes gave them.
    let mut made_by = Vec::with_capacity(names.len());
    for (name, output) in names.iter().zip(&outputs) {
        made_by.push(walk.output(name, output, &made_by));
    }
    for (made, name) in made_by.iter().zip(&names) {
        walk.graph.rename(made, name);
    }
    Ok(walk.graph)
}

struct Walk<'a> {
    graph: OnnxGraph,
    weights: Vec<(&'a LayerRef, NamedWeight<'a>)>,
    options: &'a OnnxExport,
}

/// Where a model lies in others, and how it runs there.
struct Place<'a> {
    prefix: &'a str,
    mode: Mode,
}

impl<'a> Walk<'a> {
    fn inputs(&mut self, model: &Model) -> Vec<Value> {
        let several = model.inputs().len() > 1;
        let mut values = Vec::new();
        for (input, wanted) in model.inputs().iter().zip(model.input_names()) {
            let name = self.graph.value_name(&wanted);
            let mut value = Value::plain(&name, input.shape().clone());
            value.order = self.order_outside(value.rank());
            let prefix = if several { format!("{name}_") } else { String::new() };
            let axes = open_axes(input.shape(), &prefix);
            let axes = value.order.iter().map(|&axis| axes[axis].clone()).collect();
            self.graph.inputs.push(Port { name, axes });
            values.push(value);
        }
        values
    }

    /// How data lie that come in or go out.
    fn order_outside(&self, rank: usize) -> Vec<usize> {
        match self.options.images {
            Images::ChannelsLast => (0..rank).collect(),
            Images::ChannelsFirst => channels_first(rank),
        }
    }

    fn model(
        &mut self,
        model: &Model,
        inputs: &[Value],
        place: &Place<'_>,
    ) -> Result<Vec<Value>, Located> {
        let mut values: Vec<Vec<Value>> = Vec::with_capacity(model.calls().len());
        for call in model.calls() {
            let layer = model.layer_of(call);
            let given: Vec<Value> =
                call.inputs.iter().map(|from| values[from.call][from.output].clone()).collect();
            let path = format!("{}{}", place.prefix, layer.name());
            let mode = call.options().mode.unwrap_or(place.mode);
            let made = match layer.body() {
                Body::Input(_) => {
                    let position = model.inputs().iter().position(|input| input.layer() == layer);
                    let position = position.and_then(|position| inputs.get(position));
                    let missing = || Problem::malformed("a value for each input", &path);
                    vec![position.ok_or_else(missing)?.clone()]
                }
                Body::Layer(kind) => {
                    let weights = self.weights_of(layer);
                    let path = self.free_path(&path);
                    let mut scope = Scope {
                        graph: &mut self.graph,
                        options: self.options,
                        path: &path,
                        layer: kind.as_ref(),
                        config: kind.config(),
                        inputs: &given,
                        weights: &weights,
                        mode,
                    };
                    vec![export(&mut scope).map_err(|problem| problem.at(&path))?]
                }
                Body::Model(nested) => {
                    let nested = nested.is_built().then_some(nested.as_ref());
                    let nested = nested.or_else(|| layer.built_model());
                    let unbuilt = || Problem::malformed("a model with an input shape", &path);
                    let nested = nested.ok_or_else(unbuilt)?;
                    self.model(nested, &given, &Place { prefix: &format!("{path}/"), mode })?
                }
            };
            values.push(made);
        }
        let outputs = model.outputs().iter().map(|output| {
            let mut calls = model.calls().iter();
            let made_by = |call: &dichroic::model::ModelCall| {
                model.layer_of(call) == output.layer() && call.call_index() == output.call_index()
            };
            calls.position(made_by).map(|call| values[call][output.output_index()].clone())
        });
        let outputs: Option<Vec<Value>> = outputs.collect();
        outputs.ok_or_else(|| Problem::malformed("outputs that the model makes", "others").into())
    }

    fn weights_of(&self, layer: &LayerRef) -> Vec<NamedWeight<'a>> {
        let own = self.weights.iter().filter(|(owner, _)| *owner == layer);
        own.map(|(_, weight)| *weight).collect()
    }

    /// The path of a layer; a second call of it gets a number.
    fn free_path(&self, path: &str) -> String {
        let mut free = path.to_owned();
        let mut number = 0;
        while self.graph.has_node(&free) {
            number += 1;
            free = format!("{path}_{number}");
        }
        free
    }

    /// Lets a value go out under this name; returns the name that it has now, which no other output has.
    fn output(&mut self, name: &str, value: &Value, others: &[String]) -> String {
        let order = self.order_outside(value.rank());
        // Flattened maps that nothing has read, and axes in another order, are brought into order by nodes of no layer.
        let value = self.flattened(value);
        let perm = value.positions(&order);
        let made = self.graph.transpose(&value.name, &perm, &format!("{name}/transpose"));
        let axes = value.shape.axes();
        let known = |axis: usize| match axes[axis] {
            Some(size) => Axis::Known(size),
            None if axis == 0 => Axis::Named("batch".to_owned()),
            None => Axis::Named(String::new()),
        };
        let axes = order.into_iter().map(known).collect();
        self.graph.outputs.push(Port { name: name.to_owned(), axes });
        match self.graph.is_made(&made) && !others.contains(&made) {
            true => made,
            false => self.graph.node(("Identity", name), vec![made], 1, Vec::new()).remove(0),
        }
    }

    fn flattened(&mut self, value: &Value) -> Value {
        let Some(maps) = &value.maps else { return value.clone() };
        let perm = maps.positions(&(0..maps.rank()).collect::<Vec<_>>());
        let plain = self.graph.transpose(&maps.name, &perm, "flatten/transpose");
        let axis = vec![("axis", super::graph::Attribute::Int(1))];
        let flat = self.graph.node(("Flatten", "flatten"), vec![plain], 1, axis).remove(0);
        Value::plain(flat, value.shape.clone())
    }
}

/// Names for open axes: `batch`, `height`, `width`.
fn open_axes(shape: &Shape, prefix: &str) -> Vec<Axis> {
    let rank = shape.rank();
    let spatial: &[&str] = match rank {
        3 => &["width"],
        4 => &["height", "width"],
        5 => &["depth", "height", "width"],
        _ => &[],
    };
    let name = |axis: usize| match axis {
        0 => "batch".to_owned(),
        axis => match spatial.get(axis - 1) {
            Some(name) => format!("{prefix}{name}"),
            None => format!("{prefix}axis{axis}"),
        },
    };
    let axes = shape.axes().iter().enumerate();
    axes.map(|(axis, size)| size.map_or_else(|| Axis::Named(name(axis)), Axis::Known)).collect()
}
