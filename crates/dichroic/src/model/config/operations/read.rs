//! An operation of Keras as the operation layer that does the same.

use serde_json::{Map, Value, json};

use super::super::super::ModelError;
use super::super::super::handle::{Body, LayerRef};
use super::{FUNCTIONS, MODULES, PAIRS, REDUCTIONS};
use crate::layers::registry;

/// Reads an operation; `None` for an object that is something else.
pub(in crate::model::config) fn read_operation(
    object: &Value,
    place: &str,
) -> Result<Option<LayerRef>, ModelError> {
    let module = object.get("module").and_then(Value::as_str).unwrap_or_default();
    let Some(module) = module.strip_prefix(MODULES) else { return Ok(None) };
    let class_name = object.get("class_name").and_then(Value::as_str).unwrap_or_default();
    let unknown = || ModelError::Unsupported {
        place: place.to_owned(),
        what: "operation",
        name: format!("{module}.{class_name}"),
        suggestion: String::new(),
    };
    let (ours, config) = as_layer(module, class_name, object).ok_or_else(unknown)?;
    let config = config.as_object().cloned().unwrap_or_default();
    let name = object.pointer("/config/name").or_else(|| object.get("name"));
    let name = name.and_then(Value::as_str).map(str::to_owned);
    let layer = registry::from_config(ours, &config).map_err(|source| ModelError::Layer {
        layer: name.clone().unwrap_or_else(|| place.to_owned()),
        class_name: ours.to_owned(),
        source: Box::new(source),
    })?;
    Ok(Some(LayerRef::new(name, Body::Layer(layer))))
}

/// The class and configuration of the layer that does what an operation does.
fn as_layer(module: &str, class_name: &str, object: &Value) -> Option<(&'static str, Value)> {
    let argument = |name: &str| object.pointer(&format!("/config/{name}")).cloned();
    let behind = constants(object);
    let known = FUNCTIONS.iter().find(|(owner, known, _)| (*owner, *known) == (module, class_name));
    if let Some((.., word)) = known {
        let decimals = argument("decimals").unwrap_or(json!(0));
        return (decimals == 0).then(|| ("Function", json!({"function": word})));
    }
    if module != "numpy" {
        return of_other_module(module, class_name, &argument);
    }
    if let (Some((_, kind)), []) =
        (COMPARISONS.iter().find(|(known, _)| *known == class_name), behind.as_slice())
    {
        return Some(("Arithmetic", json!({"kind": kind})));
    }
    if let Some((_, kind)) = PAIRS.iter().find(|(known, _)| *known == class_name) {
        return match behind.as_slice() {
            [] => Some(("Arithmetic", json!({"kind": kind}))),
            [number] => with_number(kind, number.as_f64()?, object),
            _ => None,
        };
    }
    if let Some((_, kind)) = REDUCTIONS.iter().find(|(known, _)| *known == class_name) {
        let axes = match argument("axis")? {
            Value::Null => json!([]),
            axes => listed(axes),
        };
        let keepdims = argument("keepdims")?;
        return Some(("Reduction", json!({"kind": kind, "axes": axes, "keepdims": keepdims})));
    }
    Some(match class_name {
        "Transpose" => ("Transpose", json!({"axes": argument("axes").filter(Value::is_array)?})),
        "Reshape" => ("ReshapeAll", json!({"shape": argument("newshape")?})),
        "ExpandDims" => ("ExpandDims", json!({"axes": listed(argument("axis")?)})),
        "Squeeze" => {
            let axis = argument("axis").filter(|axis| !axis.is_null())?;
            ("Squeeze", json!({"axes": listed(axis)}))
        }
        "BroadcastTo" => ("BroadcastTo", json!({"shape": argument("shape")?})),
        "Tile" => ("Tile", json!({"repeats": listed(argument("repeats")?)})),
        "Matmul" => ("MatMul", json!({})),
        "Where" if behind.is_empty() => ("Where", json!({})),
        "Take" => {
            let indices = behind.first().filter(|indices| indices.is_array())?;
            ("Take", json!({"axis": argument("axis")?, "indices": indices}))
        }
        "GetItem" => ("StridedSlice", of_slices(behind.first()?)?),
        "Pad" => ("PadAxes", padding(object)?),
        "Tril" => ("Trilu", json!({"k": argument("k")?, "upper": false})),
        "Triu" => ("Trilu", json!({"k": argument("k")?, "upper": true})),
        "Clip" => ("Clip", json!({"min": argument("x_min")?, "max": argument("x_max")?})),
        "Cumsum" => {
            let axis = argument("axis").filter(|axis| !axis.is_null())?;
            ("CumulativeSum", json!({"axis": axis, "exclusive": false, "reverse": false}))
        }
        _ => return None,
    })
}

/// What gives truth values in Keras, and 0 or 1 here: class and our word for it.
const COMPARISONS: [(&str, &str); 9] = [
    ("Equal", "equal"),
    ("NotEqual", "not_equal"),
    ("Less", "less"),
    ("LessEqual", "less_or_equal"),
    ("Greater", "greater"),
    ("GreaterEqual", "greater_or_equal"),
    ("LogicalAnd", "and"),
    ("LogicalOr", "or"),
    ("LogicalXor", "xor"),
];

/// Activations as operations, and casts to the one type that values have here.
fn of_other_module(
    module: &str,
    class_name: &str,
    argument: &dyn Fn(&str) -> Option<Value>,
) -> Option<(&'static str, Value)> {
    let activation = |name: &str| Some(("Activation", json!({"activation": name})));
    let function = |function: Value| Some(("Function", json!({"function": function})));
    match (module, class_name) {
        ("core", "Cast") if argument("dtype")? == "float32" => activation("linear"),
        ("nn", "Relu") => activation("relu"),
        ("nn", "Relu6") => activation("relu6"),
        ("nn", "Silu") => activation("silu"),
        ("nn", "Selu") => activation("selu"),
        ("nn", "HardSigmoid") => activation("hard_sigmoid"),
        ("nn", "LogSigmoid") => activation("log_sigmoid"),
        ("nn", "Softmax") => Some(("Softmax", json!({"axis": argument("axis")?}))),
        ("nn", "Gelu") => {
            let approximate = argument("approximate").is_none_or(|approximate| approximate == true);
            function(if approximate { json!("gelu_tanh") } else { json!("gelu") })
        }
        ("nn", "LeakyRelu") => {
            function(json!({"leaky_relu": {"negative_slope": argument("negative_slope")?}}))
        }
        ("nn", "Elu") => function(json!({"elu": {"alpha": argument("alpha")?}})),
        ("nn", "Celu") => function(json!({"celu": {"alpha": argument("alpha")?}})),
        _ => None,
    }
}

/// An operation on a value and a number, which may stand on either side.
fn with_number(kind: &str, number: f64, object: &Value) -> Option<(&'static str, Value)> {
    let tensor_first = object.pointer("/inbound_nodes/0/args/0").is_some_and(is_tensor);
    let affine = |scale: f64, offset: f64| {
        Some(("Function", json!({"function": {"affine": {"scale": scale, "offset": offset}}})))
    };
    match (kind, tensor_first) {
        ("add", _) => affine(1.0, number),
        ("multiply", _) => affine(number, 0.0),
        ("subtract", true) => affine(1.0, -number),
        ("subtract", false) => affine(-1.0, number),
        ("divide", true) if number != 0.0 => affine(1.0 / number, 0.0),
        ("maximum", _) => Some(("Clip", json!({"min": number, "max": null}))),
        ("minimum", _) => Some(("Clip", json!({"min": null, "max": number}))),
        ("power", true) if number == 2.0 => Some(("Function", json!({"function": "square"}))),
        _ => None,
    }
}

/// Python's slices, one for each axis from the first on.
fn of_slices(slices: &Value) -> Option<Value> {
    let slices = match slices {
        Value::Array(slices) => slices.clone(),
        one => vec![one.clone()],
    };
    let mut lists: [Vec<i64>; 4] = Default::default();
    for (axis, slice) in slices.iter().enumerate() {
        if slice.get("class_name").and_then(Value::as_str) != Some("__slice__") {
            return None;
        }
        let end = |name: &str| slice.pointer(&format!("/config/{name}")).and_then(Value::as_i64);
        let (start, stop, step) = (end("start"), end("stop"), end("step").unwrap_or(1));
        if (start, stop, step) == (None, None, 1) {
            continue;
        }
        let (first, last) = if step < 0 { (i64::MAX, i64::MIN) } else { (0, i64::MAX) };
        lists[0].push(i64::try_from(axis).ok()?);
        lists[1].push(start.unwrap_or(first));
        lists[2].push(stop.unwrap_or(last));
        lists[3].push(step);
    }
    let [axes, starts, stops, steps] = lists;
    Some(json!({"axes": axes, "starts": starts, "stops": stops, "steps": steps}))
}

fn padding(object: &Value) -> Option<Value> {
    let (width, mode) = (object.pointer("/config/pad_width")?, object.pointer("/config/mode")?);
    let value = object.pointer("/inbound_nodes/0/kwargs/constant_values");
    let value = value.filter(|value| value.is_number()).cloned().unwrap_or(json!(0.0));
    Some(json!({"padding": width, "mode": mode, "value": value}))
}

/// One axis as a list of one.
fn listed(axes: Value) -> Value {
    if axes.is_array() { axes } else { json!([axes]) }
}

fn is_tensor(argument: &Value) -> bool {
    argument.get("class_name").and_then(Value::as_str) == Some("__keras_tensor__")
}

/// The arguments of an operation's only call that are no tensors.
fn constants(object: &Value) -> Vec<Value> {
    let arguments = object.pointer("/inbound_nodes/0/args").and_then(Value::as_array);
    let arguments = arguments.into_iter().flatten();
    arguments.filter(|argument| !is_tensor(argument)).cloned().collect()
}

/// The call of an operation without what its layer has taken from it: a list of tensors.
pub(in crate::model::config) fn only_tensors(object: &Value, node: &Value) -> Value {
    let module = object.get("module").and_then(Value::as_str).unwrap_or_default();
    if !module.starts_with(MODULES) {
        return node.clone();
    }
    let arguments = node.get("args").and_then(Value::as_array);
    let arguments = arguments.into_iter().flatten();
    let tensors: Vec<Value> = arguments.filter(|argument| is_tensor(argument)).cloned().collect();
    json!({"args": tensors, "kwargs": Map::new()})
}
