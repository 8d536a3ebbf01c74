//! Operation layers as small models of Keras's operations.
//!
//! Where no single operation of Keras does what a layer does, several in a row often do. The layer is then written as a
//! functional model inside of the model, under the layer's name, and Keras needs nothing of ours to open it. Beside the
//! model stands what layer it is; Keras passes over that, and we read it instead of the model:
//!
//! ```json
//! {"class_name": "Functional", "config": {"name": "less", "layers": [...]},
//!  "dichroic": {"class_name": "Arithmetic", "config": {"kind": "less"}}}
//! ```

mod choosing;
mod computing;
mod indexing;
mod moving;
mod parts;
mod resizing;
mod windows;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use self::parts::{Parts, Term};
use super::as_keras;
use crate::Shape;
use crate::layers::{Layer, registry};

/// Where the layer stands that a model stands for.
pub(in crate::model::config) const OURS: &str = "dichroic";

/// The object of a functional model that does what a layer does on inputs of these shapes; `None` where Keras's
/// operations can't, or where the layer is one of Keras's own.
pub(in crate::model::config) fn composed(
    name: &str,
    layer: &dyn Layer,
    inputs: &[Shape],
) -> Option<Map<String, Value>> {
    if !registry::is_operation(layer.class_name()) {
        return None;
    }
    let mut parts = Parts::default();
    let terms: Vec<Term> = inputs.iter().map(|shape| parts.input(shape)).collect();
    let output = single(&mut parts, layer, inputs, &terms)
        .or_else(|| several(&mut parts, layer, inputs, &terms))?;
    let mut object = parts.finish(name, &terms, &output);
    let ours = json!({"class_name": layer.class_name(), "config": layer.config()});
    object.insert(OURS.to_owned(), ours);
    Some(object)
}

/// The one operation that does it.
fn single(parts: &mut Parts, layer: &dyn Layer, inputs: &[Shape], terms: &[Term]) -> Option<Term> {
    let operation = as_keras(layer, inputs)?;
    let arguments = terms.iter().map(Term::argument).chain(operation.arguments).collect();
    let place = (operation.module.as_str(), operation.class_name);
    Some(parts.call(place, operation.config.into(), arguments, operation.kwargs))
}

/// Several operations, one after the other.
fn several(parts: &mut Parts, layer: &dyn Layer, inputs: &[Shape], terms: &[Term]) -> Option<Term> {
    let first = inputs.first()?;
    let x = terms.first()?;
    match layer.class_name() {
        "Constant" => Some(moving::constant(parts, &typed(layer)?, x)),
        "BroadcastTo" => moving::broadcast_to(parts, (x, first), &layer.output_shape(inputs).ok()?),
        "Squeeze" => Some(moving::squeeze(parts, &typed(layer)?, x)),
        "PadAxes" => moving::pad_axes(parts, &typed(layer)?, (x, first)),
        "CumulativeSum" => moving::cumulative_sum(parts, &typed(layer)?, (x, first)),
        "DepthToSpace" => moving::depth_to_space(parts, &typed(layer)?, (x, first)),
        "SpaceToDepth" => moving::space_to_depth(parts, &typed(layer)?, (x, first)),
        "TopK" => Some(choosing::top_k(parts, &typed(layer)?, x)),
        "ArgExtreme" => choosing::arg_extreme(parts, &typed(layer)?, (x, first)),
        "OneHotAxis" => choosing::one_hot(parts, &typed(layer)?, (x, first)),
        "Gather" => Some(indexing::gather(parts, &typed(layer)?, terms)),
        "GatherElements" => indexing::gather_elements(parts, &typed(layer)?, (terms, inputs)),
        "GatherND" => {
            let output = layer.output_shape(inputs).ok()?;
            indexing::gather_nd(parts, &typed(layer)?, (terms, inputs), &output)
        }
        "ScatterElements" => indexing::scatter_elements(parts, &typed(layer)?, (terms, inputs)),
        "ScatterND" => indexing::scatter_nd(parts, &typed(layer)?, (terms, inputs)),
        "Arithmetic" => computing::arithmetic(parts, &typed(layer)?, terms),
        "Function" => computing::function(parts, &typed(layer)?, x),
        "Clip" => computing::clip(parts, &typed(layer)?, x),
        "WindowPooling" => windows::pooling(parts, &typed(layer)?, (x, first)),
        "LocalResponseNormalization" => windows::normalization(parts, &typed(layer)?, (x, first)),
        "Resize" => resizing::resize(parts, &typed(layer)?, (x, first)),
        _ => None,
    }
}

/// A layer as the type that its class names.
fn typed<L: DeserializeOwned>(layer: &dyn Layer) -> Option<L> {
    serde_json::from_value(Value::Object(layer.config())).ok()
}

/// An axis counted from the front.
fn counted(axis: i64, shape: &Shape) -> Option<usize> {
    let rank = i64::try_from(shape.rank()).ok()?;
    let axis = if axis < 0 { axis.checked_add(rank)? } else { axis };
    usize::try_from(axis).ok().filter(|&axis| axis < shape.rank())
}
