//! Values chosen by several operations of Keras.

use serde_json::json;

use super::counted;
use super::moving::numbers;
use super::parts::{Parts, Term, literal};
use crate::Shape;
use crate::layers::{ArgExtreme, OneHotAxis, TopK, TopKOutput};

/// Keras looks for the largest along the last axis only.
pub(super) fn top_k(parts: &mut Parts, layer: &TopK, x: &Term) -> Term {
    let moved = |parts: &mut Parts, x: &Term, from: i64, to: i64| match layer.axis {
        -1 => x.clone(),
        _ => parts.numpy("Moveaxis", json!({"source": from, "destination": to}), [x.argument()]),
    };
    let turned = |parts: &mut Parts, x: &Term| match layer.largest {
        true => x.clone(),
        false => parts.plain("Negative", [x.argument()]),
    };
    let y = moved(parts, x, layer.axis, -1);
    let y = turned(parts, &y);
    let found = parts.op(("math", "TopK"), json!({"k": layer.k, "sorted": true}), [y.argument()]);
    let y = match layer.output {
        TopKOutput::Values => turned(parts, &found),
        TopKOutput::Indices => parts.cast(&found.output(1), "float32"),
    };
    moved(parts, &y, -1, layer.axis)
}

/// The last of equal values is the first from the end.
pub(super) fn arg_extreme(
    parts: &mut Parts,
    layer: &ArgExtreme,
    (x, input): (&Term, &Shape),
) -> Option<Term> {
    let axis = counted(layer.axis, input)?;
    let class_name = if layer.largest { "Argmax" } else { "Argmin" };
    let config = json!({"axis": axis, "keepdims": layer.keepdims});
    if !layer.last {
        let place = parts.numpy(class_name, config, [x.argument()]);
        return Some(parts.cast(&place, "float32"));
    }
    let last = input.axes()[axis]?.checked_sub(1)?;
    let turned = parts.numpy("Flip", json!({"axis": axis}), [x.argument()]);
    let place = parts.numpy(class_name, config, [turned.argument()]);
    let place = parts.cast(&place, "float32");
    Some(parts.plain("Subtract", [json!(last as f64), place.argument()]))
}

/// Whether an index, or the index with the depth added, is the place on the new axis.
pub(super) fn one_hot(
    parts: &mut Parts,
    layer: &OneHotAxis,
    (x, input): (&Term, &Shape),
) -> Option<Term> {
    let place = counted(layer.axis, &Shape::new(vec![Some(1); input.rank() + 1]))?;
    if !layer.on_value.is_finite() || !layer.off_value.is_finite() {
        return None;
    }
    let mut sizes = vec![1; input.rank() + 1 - place];
    sizes[0] = layer.depth;
    let places = || literal(&sizes, "float32", numbers((0..layer.depth).map(|i| i as f64)));
    let index = parts.numpy("ExpandDims", json!({"axis": place}), [x.argument()]);
    let from_front = parts.plain("Equal", [index.argument(), places()]);
    let raised = parts.plain("Add", [index.argument(), json!(layer.depth as f64)]);
    let from_end = parts.plain("Equal", [raised.argument(), places()]);
    let named = parts.plain("LogicalOr", [from_front.argument(), from_end.argument()]);
    let (on, off) = (json!(layer.on_value), json!(layer.off_value));
    Some(parts.plain("Where", [named.argument(), on, off]))
}
