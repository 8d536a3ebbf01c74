//! Which maps a class activation map weighs.

use dichroic_graph::ValueId;

use super::AttributionError;
use crate::model::{LoweredCall, LoweredModel, Model};

/// The layer asked for, or the last maps of the model; the value that it makes. The picture counts as maps, other inputs
/// don't.
pub(super) fn maps(
    model: &Model,
    (lowered, picture): (&LoweredModel, ValueId),
    asked: Option<&str>,
) -> Result<(String, ValueId), AttributionError> {
    let Some(asked) = asked else { return last_maps(model, lowered) };
    let path = model.path_of(asked)?;
    let value = lowered.call(&path).map(|call| call.outputs[0]);
    let known = |&value: &ValueId| value == picture || !lowered.inputs.contains(&value);
    match value.filter(known).filter(|&value| has_positions(lowered, value)) {
        Some(value) => Ok((path, value)),
        None => {
            let shape = value.map_or(Vec::new(), |value| lowered.graph.shape(value)[1..].to_vec());
            Err(AttributionError::NoPositions { layer: path, shape })
        }
    }
}

/// The last convolution with height and width, and what follows it alone on the same positions: normalisation, addition or
/// concatenation, activation. Of a residual network that is the last block's output.
fn last_maps(model: &Model, lowered: &LoweredModel) -> Result<(String, ValueId), AttributionError> {
    let is_convolution = |call: &&LoweredCall| {
        let inputs = call.layer.built_for().unwrap_or_default();
        call.layer.layer().is_some_and(|kind| kind.convolution(inputs).is_some())
            && has_positions(lowered, call.outputs[0])
    };
    let last = lowered.calls.iter().rev().find(is_convolution);
    let mut call =
        last.ok_or_else(|| AttributionError::NoSpatialLayer { model: model.name().to_owned() })?;
    loop {
        let value = call.outputs[0];
        // Calls of nested models and their inputs only pass values on.
        let mut readers = lowered.calls.iter().filter(|reader| {
            reader.layer.layer().is_some()
                && reader.inputs.contains(&value)
                && reader.outputs[0] != value
        });
        let (Some(next), None) = (readers.next(), readers.next()) else { break };
        let (before, after) = (lowered.graph.shape(value), lowered.graph.shape(next.outputs[0]));
        if !follows_on_same_positions(next) || before[..3] != after[..after.len().min(3)] {
            break;
        }
        call = next;
    }
    Ok((call.path.clone(), call.outputs[0]))
}

fn follows_on_same_positions(call: &LoweredCall) -> bool {
    matches!(
        call.layer.class_name(),
        "BatchNormalization"
            | "GroupNormalization"
            | "LayerNormalization"
            | "Activation"
            | "ReLU"
            | "LeakyReLU"
            | "PReLU"
            | "ELU"
            | "Add"
            | "Concatenate"
    )
}

/// Whether a value is `(1, height, width, channels)`.
fn has_positions(lowered: &LoweredModel, value: ValueId) -> bool {
    let shape = lowered.graph.shape(value);
    shape.len() == 4 && shape.elements() > 0
}
