//! What a model costs: multiply-adds and activation memory of each layer, and what its outputs see.

use std::collections::HashMap;

use super::receptive_field::{ReceptiveField, after};
use crate::Shape;
use crate::layers::{Layer, Sharing};
use crate::model::{Body, LayerRef, Model};

/// The most layer calls that are followed; a model beyond it is shown without costs.
const MOST_CALLS: usize = 1_000_000;

/// What one layer costs for one item, over all its calls.
#[derive(Clone, Debug)]
pub struct Cost {
    /// Multiply-adds of convolutions and dense layers; other layers have none. `None` where a size is open.
    pub macs: Option<u64>,
    /// Bytes of the outputs, 4 for each value. `None` where a size is open.
    pub activation_bytes: Option<u64>,
    /// What one output value sees, at the first call.
    pub field: Option<ReceptiveField>,
}

/// The costs of a model's layers, those in nested models included.
#[derive(Clone, Debug, Default)]
pub struct Costs {
    of_layer: HashMap<u64, Cost>,
    left: usize,
}

impl Costs {
    /// Follows the model's calls from its inputs.
    pub fn of(model: &Model) -> Self {
        let shapes: Vec<Shape> = model.inputs().iter().map(|input| input.shape().clone()).collect();
        Self::for_inputs(model, &shapes)
    }

    /// Follows a model's calls on inputs of these shapes, which may say more than the model's own.
    pub fn for_inputs(model: &Model, shapes: &[Shape]) -> Self {
        let mut costs = Self { of_layer: HashMap::new(), left: MOST_CALLS };
        let fields = shapes.iter().map(|shape| Some(ReceptiveField::of_input(shape))).collect();
        if costs.follow(model, shapes, fields).is_none() {
            costs.of_layer.clear();
        }
        costs
    }

    /// The cost of a layer; `None` if the model never calls it.
    pub fn get(&self, layer: &LayerRef) -> Option<&Cost> {
        self.of_layer.get(&layer.serial())
    }

    /// The model's multiply-adds for one item.
    pub fn macs(&self, model: &Model) -> Option<u64> {
        model.layers().iter().map(|layer| self.get(layer)?.macs).sum()
    }

    /// The bytes of all layers' outputs for one item.
    pub fn activation_bytes(&self, model: &Model) -> Option<u64> {
        model.layers().iter().map(|layer| self.get(layer)?.activation_bytes).sum()
    }

    /// Walks through the calls; returns the fields of the outputs, multiply-adds and bytes.
    fn follow(
        &mut self,
        model: &Model,
        inputs: &[Shape],
        fields: Vec<Option<ReceptiveField>>,
    ) -> Option<Followed> {
        let shapes = model.shapes_for(inputs).ok()?;
        let mut seen: Vec<Vec<Option<ReceptiveField>>> = Vec::with_capacity(shapes.len());
        let mut total = Followed { fields: Vec::new(), macs: Some(0), bytes: Some(0) };
        for (call, outputs) in model.calls().iter().zip(&shapes) {
            self.left = self.left.checked_sub(1)?;
            let layer = model.layer_of(call);
            let given: Vec<Shape> =
                call.inputs.iter().map(|place| shapes[place.call][place.output].clone()).collect();
            let given_fields: Vec<_> =
                call.inputs.iter().map(|place| seen[place.call][place.output].clone()).collect();
            let bytes = outputs.iter().map(bytes).sum::<Option<u64>>();
            let made = match layer.body() {
                Body::Input(_) => {
                    let place = model.inputs().iter().position(|input| input.layer() == layer)?;
                    Followed { fields: vec![fields[place].clone()], macs: Some(0), bytes }
                }
                Body::Layer(kind) => Followed {
                    fields: vec![after(kind.as_ref(), &given, &outputs[0], &given_fields)],
                    macs: macs(kind.as_ref(), &given, &outputs[0]),
                    bytes,
                },
                Body::Model(_) => self.follow(layer.built_model()?, &given, given_fields)?,
            };
            total.macs = sum(total.macs, made.macs);
            // What goes into a model has been counted where it was made.
            total.bytes = if layer.is_input() { total.bytes } else { sum(total.bytes, made.bytes) };
            self.add(layer, &made);
            seen.push(made.fields);
        }
        let output = |symbol: &crate::model::Symbol| {
            let place = model.place(symbol);
            seen[place.call][place.output].clone()
        };
        total.fields = model.outputs().iter().map(output).collect();
        Some(total)
    }

    fn add(&mut self, layer: &LayerRef, made: &Followed) {
        let first = || Cost {
            macs: Some(0),
            activation_bytes: Some(0),
            field: made.fields.first().cloned().flatten(),
        };
        let cost = self.of_layer.entry(layer.serial()).or_insert_with(first);
        cost.macs = sum(cost.macs, made.macs);
        cost.activation_bytes = sum(cost.activation_bytes, made.bytes);
    }
}

struct Followed {
    fields: Vec<Option<ReceptiveField>>,
    macs: Option<u64>,
    bytes: Option<u64>,
}

fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    a?.checked_add(b?)
}

/// The bytes of a value for one item.
pub(super) fn bytes(shape: &Shape) -> Option<u64> {
    u64::try_from(shape.elements()?).ok()?.checked_mul(4)
}

/// The multiply-adds of one call for one item: `Π output positions · Π kernel · channels a filter sees · filters`.
///
/// A transposed convolution multiplies at every input position instead; a separable one does both of its stages; with
/// one kernel across the input channels these are summed before they are multiplied. Biases, activations, pools and
/// normalisations add, compare or scale, and count as none. `None` where a size is open.
pub fn macs(layer: &dyn Layer, inputs: &[Shape], output: &Shape) -> Option<u64> {
    let positions = |shape: &Shape| product(shape.spatial().iter().map(|&axis| Some(axis? as u64)));
    let size = |count: usize| Some(count as u64);
    if let Some(convolution) = layer.convolution(inputs) {
        let kernel = product(convolution.window.size.iter().map(|&side| size(side)))?;
        let filters = convolution.filters as u64;
        let in_channels = convolution.in_channels as u64;
        let per_position = match convolution.sharing {
            Sharing::None | Sharing::Grouped => product([
                size(convolution.in_channels / convolution.groups),
                Some(kernel),
                Some(filters),
            ]),
            Sharing::AcrossInputChannels | Sharing::Depthwise => kernel.checked_mul(filters),
            Sharing::Separable => {
                let weights = layer.weights(inputs).ok()?;
                let middle = in_channels.checked_mul(*weights.first()?.shape.last()? as u64)?;
                kernel.checked_add(filters)?.checked_mul(middle)
            }
        }?;
        let at = if convolution.window.transposed { inputs.first()? } else { output };
        return positions(at)?.checked_mul(per_position);
    }
    if layer.class_name() == "Dense" {
        let kernel = &layer.weights(inputs).ok()?.first()?.shape.clone();
        let rows =
            product(output.axes()[1..output.rank() - 1].iter().map(|&axis| Some(axis? as u64)))?;
        return product([Some(rows), size(kernel[0]), size(kernel[1])]);
    }
    Some(0)
}

fn product(factors: impl IntoIterator<Item = Option<u64>>) -> Option<u64> {
    factors.into_iter().try_fold(1u64, |product, factor| product.checked_mul(factor?))
}
