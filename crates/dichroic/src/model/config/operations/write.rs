//! An operation layer as the operation of Keras that does the same.

use serde_json::{Map, Value, json};

use super::{FUNCTIONS, MODULES, PAIRS, REDUCTIONS};
use crate::Shape;
use crate::layers::Layer;

/// An operation of Keras: its class and what it is called with beside its inputs.
#[derive(Debug)]
pub(in crate::model::config) struct KerasOperation {
    /// Its module: `keras.src.ops.numpy`.
    pub module: String,
    /// Its class.
    pub class_name: &'static str,
    /// Its configuration without the name.
    pub config: Map<String, Value>,
    /// Arguments of the call behind the inputs.
    pub arguments: Vec<Value>,
    /// Arguments of the call by name.
    pub kwargs: Map<String, Value>,
}

impl KerasOperation {
    fn new(module: &str, class_name: &'static str, config: Value) -> Self {
        let config = config.as_object().cloned().unwrap_or_default();
        let module = format!("{MODULES}{module}");
        Self { module, class_name, config, arguments: Vec::new(), kwargs: Map::new() }
    }

    fn numpy(class_name: &'static str, config: Value) -> Self {
        Self::new("numpy", class_name, config)
    }
}

/// The operation of Keras that does what a layer does on inputs of these shapes; `None` where there is none.
pub(in crate::model::config) fn as_keras(
    layer: &dyn Layer,
    inputs: &[Shape],
) -> Option<KerasOperation> {
    let config = layer.config();
    let argument = |name: &str| config.get(name).cloned().unwrap_or(Value::Null);
    let numpy = KerasOperation::numpy;
    Some(match layer.class_name() {
        "Transpose" => numpy("Transpose", json!({"axes": argument("axes")})),
        "ExpandDims" => numpy("ExpandDims", json!({"axis": argument("axes")})),
        "Squeeze" => {
            let input = inputs.first()?;
            let axes = config.get("axes")?.as_array()?.iter();
            let size = |axis: &Value| *input.axes().get(counted(axis.as_i64()?, input.rank())?)?;
            // An axis that is open may hold more than one value; and where others are open, Keras may know less than we do.
            let rest_known = input.axes().iter().skip(1).all(Option::is_some);
            let known = rest_known && axes.map(size).all(|size| size == Some(1));
            known.then(|| numpy("Squeeze", json!({"axis": argument("axes")})))?
        }
        "Tile" => numpy("Tile", json!({"repeats": argument("repeats")})),
        "MatMul" => numpy("Matmul", json!({})),
        // Every backend takes a number for a condition.
        "Where" => numpy("Where", json!({})),
        "ReshapeAll" => {
            let sizes = sizes_with_one_open(&layer.output_shape(inputs).ok()?)?;
            numpy("Reshape", json!({"newshape": sizes}))
        }
        "BroadcastTo" => {
            let output = layer.output_shape(inputs).ok()?;
            let sizes = output.axes().iter().copied().collect::<Option<Vec<usize>>>()?;
            numpy("BroadcastTo", json!({"shape": sizes}))
        }
        "Take" => KerasOperation {
            arguments: vec![argument("indices")],
            ..numpy("Take", json!({"axis": argument("axis")}))
        },
        "StridedSlice" => KerasOperation {
            arguments: vec![slices(&config, inputs.first()?.rank())?],
            ..numpy("GetItem", json!({}))
        },
        "PadAxes" => padding(&config)?,
        "Trilu" => match config.get("upper")?.as_bool()? {
            true => numpy("Triu", json!({"k": argument("k")})),
            false => numpy("Tril", json!({"k": argument("k")})),
        },
        "Clip" if !argument("min").is_null() && !argument("max").is_null() => {
            numpy("Clip", json!({"x_min": argument("min"), "x_max": argument("max")}))
        }
        "CumulativeSum" if argument("exclusive") == false && argument("reverse") == false => {
            numpy("Cumsum", json!({"axis": argument("axis"), "dtype": null}))
        }
        "Reduction" => {
            let class_name = class_of(&REDUCTIONS, config.get("kind")?.as_str()?)?;
            let all = config.get("axes")?.as_array()?.is_empty();
            let axis = if all { Value::Null } else { argument("axes") };
            numpy(class_name, json!({"axis": axis, "keepdims": argument("keepdims")}))
        }
        "Arithmetic" => numpy(class_of(&PAIRS, config.get("kind")?.as_str()?)?, json!({})),
        "Function" => {
            let word = config.get("function")?.as_str()?;
            let &(module, class_name, _) = FUNCTIONS.iter().find(|(.., known)| *known == word)?;
            KerasOperation::new(module, class_name, json!({}))
        }
        _ => return None,
    })
}

/// An axis counted from the front.
fn counted(axis: i64, rank: usize) -> Option<usize> {
    let rank = i64::try_from(rank).ok()?;
    usize::try_from(if axis < 0 { axis.checked_add(rank)? } else { axis }).ok()
}

fn class_of(classes: &[(&'static str, &str)], word: &str) -> Option<&'static str> {
    classes.iter().find(|(_, known)| *known == word).map(|&(class_name, _)| class_name)
}

/// The sizes, with -1 for an open one; `None` where several are open.
fn sizes_with_one_open(shape: &Shape) -> Option<Vec<i64>> {
    let open = shape.axes().iter().filter(|size| size.is_none()).count();
    let size = |size: &Option<usize>| size.map_or(Some(-1), |size| i64::try_from(size).ok());
    if open > 1 { None } else { shape.axes().iter().map(size).collect() }
}

/// A slice for each axis, as Keras writes Python's. Ends beyond every size are left open.
fn slices(config: &Map<String, Value>, rank: usize) -> Option<Value> {
    const FAR: u64 = i32::MAX as u64;
    let list = |name: &str| -> Option<Vec<i64>> {
        config.get(name)?.as_array()?.iter().map(Value::as_i64).collect()
    };
    let (axes, starts, stops) = (list("axes")?, list("starts")?, list("stops")?);
    let steps = list("steps")?;
    let slice = |start: Option<i64>, stop: Option<i64>, step: Option<i64>| json!({"class_name": "__slice__", "config": {"start": start, "stop": stop, "step": step}});
    let mut slices = vec![slice(None, None, None); rank];
    for (i, &axis) in axes.iter().enumerate() {
        let place = slices.get_mut(counted(axis, rank)?)?;
        // An end far out on the side that the slice runs from, or runs to, is the value's own end.
        let end = |end: i64, own: i64| match end {
            end if end.unsigned_abs() < FAR => Some(Some(end)),
            end => (end.signum() == own).then_some(None),
        };
        let towards = steps[i].signum();
        *place = slice(end(starts[i], -towards)?, end(stops[i], towards)?, Some(steps[i]));
    }
    Some(Value::Array(slices))
}

/// Borders of one value or mirrored ones, which every backend of Keras has; nothing may be cut off.
fn padding(config: &Map<String, Value>) -> Option<KerasOperation> {
    let (padding, mode) = (config.get("padding")?, config.get("mode")?.as_str()?);
    let pairs = padding.as_array()?.iter().filter_map(Value::as_array).flatten();
    if pairs.into_iter().any(|places| places.as_i64().is_none_or(|places| places < 0)) {
        return None;
    }
    let value = match mode {
        "constant" => config.get("value").filter(|value| value.is_number())?.clone(),
        "reflect" => Value::Null,
        _ => return None,
    };
    let mut operation = KerasOperation::numpy("Pad", json!({"pad_width": padding, "mode": mode}));
    operation.kwargs.insert("constant_values".to_owned(), value);
    Some(operation)
}
