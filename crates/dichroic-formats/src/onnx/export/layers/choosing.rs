//! Operation layers that take parts of values: slices, borders, gathers, scatters, extremes, sums.

use serde_json::Value as Json;

use super::super::graph::{Attribute, whole};
use super::super::scope::{Kept, Scope};
use super::super::value::Value;
use super::activations::resolved;
use super::arithmetic::{indices, number};
use crate::error::Problem;

/// `StridedSlice` is `Slice`, in the order of the input's axes.
pub(super) fn strided_slice(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let written: Vec<i64> = scope.argument("axes")?;
    let mut axes = Vec::with_capacity(written.len());
    for axis in written {
        axes.push(x.position(resolved(&[axis], x.rank())?[0]));
    }
    let list = |scope: &mut Scope<'_>, name: &str| -> Result<String, Problem> {
        let numbers: Vec<i64> = scope.argument(name)?;
        Ok(scope.ints(name, &numbers))
    };
    let (starts, stops) = (list(scope, "starts")?, list(scope, "stops")?);
    let (axes, steps) = (scope.axes(&axes), list(scope, "steps")?);
    let shape = scope.output_shape()?;
    let name = scope.emit("Slice", &[&x.name, &starts, &stops, &axes, &steps], Vec::new());
    Ok(x.renamed(name).reshaped(shape))
}

/// `PadAxes`: what is cut off first, then the border.
pub(super) fn pad_axes(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let padding: Vec<[i64; 2]> = scope.argument("padding")?;
    let mode = match scope.argument::<String>("mode")?.as_str() {
        "constant" => "constant",
        "reflect" => "reflect",
        "edge" => "edge",
        "wrap" if scope.options.opset >= 19 => "wrap",
        mode => return Err(scope.unsupported(format!("mode {mode:?}"), "use opset 19")),
    };
    let shape = scope.output_shape()?;
    let cut: Vec<usize> =
        (0..x.rank()).filter(|&axis| padding[axis].iter().any(|&places| places < 0)).collect();
    let mut y = x;
    if !cut.is_empty() {
        let starts: Vec<i64> = cut.iter().map(|&axis| (-padding[axis][0]).max(0)).collect();
        let end = |&axis: &usize| match padding[axis][1] {
            places if places < 0 => places,
            _ => i64::MAX,
        };
        let ends: Vec<i64> = cut.iter().map(end).collect();
        let (starts, ends) = (scope.ints("starts", &starts), scope.ints("ends", &ends));
        let axes = scope.axes(&y.positions(&cut));
        let name = scope.emit("Slice", &[&y.name, &starts, &ends, &axes], Vec::new());
        y = y.renamed(name);
    }
    let padding = &padding;
    let border = |end: usize| y.order.iter().map(move |&axis| padding[axis][end].max(0));
    let pads: Vec<i64> = border(0).chain(border(1)).collect();
    if pads.iter().all(|&places| places == 0) {
        return Ok(y.reshaped(shape));
    }
    let pads = scope.ints("pads", &pads);
    let value = scope.number("value")?;
    let value = scope.scalar(value.into());
    let mode = vec![("mode", Attribute::Text(mode))];
    let name = scope.emit("Pad", &[&y.name, &pads, &value], mode);
    Ok(y.renamed(name).reshaped(shape))
}

/// `Take`: `Gather` at constant places.
pub(super) fn take(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let places: Vec<i64> = scope.argument("indices")?;
    let places = scope.ints("indices", &places);
    let axis = scope.axis(&x)?;
    let shape = scope.output_shape()?;
    let axis = vec![("axis", Attribute::size(x.position(axis)))];
    let name = scope.emit("Gather", &[&x.name, &places], axis);
    Ok(x.renamed(name).reshaped(shape))
}

pub(super) fn gather(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let axis: i64 = scope.argument("axis")?;
    indexed(scope, "Gather", ("axis", axis), None)
}

pub(super) fn gather_elements(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let axis: i64 = scope.argument("axis")?;
    indexed(scope, "GatherElements", ("axis", axis), None)
}

pub(super) fn gather_nd(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let batch_dims: i64 = scope.argument("batch_dims")?;
    indexed(scope, "GatherND", ("batch_dims", batch_dims), None)
}

pub(super) fn scatter_elements(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let axis: i64 = scope.argument("axis")?;
    let reduction = reduction_of_scatter(scope)?;
    indexed(scope, "ScatterElements", ("axis", axis), Some(reduction))
}

pub(super) fn scatter_nd(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let reduction = reduction_of_scatter(scope)?;
    let inputs = scope.plain_inputs();
    scatter(scope, "ScatterND", &inputs, vec![("reduction", Attribute::Text(reduction))])
}

/// An operator on a value and indices, behind which updates may come.
fn indexed(
    scope: &mut Scope<'_>,
    op: &'static str,
    (name, number): (&'static str, i64),
    reduction: Option<&'static str>,
) -> Result<Value, Problem> {
    let inputs = scope.plain_inputs();
    let reduction = reduction.map(|reduction| ("reduction", Attribute::Text(reduction)));
    let attributes = std::iter::once((name, Attribute::Int(number))).chain(reduction).collect();
    scatter(scope, op, &inputs, attributes)
}

fn scatter(
    scope: &mut Scope<'_>,
    op: &'static str,
    inputs: &[Value],
    attributes: Vec<(&'static str, Attribute)>,
) -> Result<Value, Problem> {
    let [x, places, updates @ ..] = inputs else {
        return Err(Problem::malformed("a value and indices", inputs.len()));
    };
    let places = indices(scope, places);
    let names: Vec<&str> =
        [x, &places].into_iter().chain(updates).map(|v| v.name.as_str()).collect();
    let shape = scope.output_shape()?;
    let name = scope.emit(op, &names, attributes);
    Ok(Value::plain(name, shape))
}

fn reduction_of_scatter(scope: &Scope<'_>) -> Result<&'static str, Problem> {
    Ok(match scope.argument::<String>("reduction")?.as_str() {
        "none" => "none",
        "add" => "add",
        "mul" => "mul",
        "max" if scope.options.opset >= 18 => "max",
        "min" if scope.options.opset >= 18 => "min",
        other => return Err(scope.unsupported(format!("reduction {other:?}"), "use opset 18")),
    })
}

pub(super) fn top_k(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let k: i64 = scope.argument("k")?;
    let largest: bool = scope.argument("largest")?;
    let places = scope.argument::<String>("output")? == "indices";
    let axis = scope.axis(&x)?;
    let k = scope.ints("k", &[k]);
    let shape = scope.output_shape()?;
    let attributes = vec![
        ("axis", Attribute::size(x.position(axis))),
        ("largest", Attribute::Int(largest.into())),
        ("sorted", Attribute::Int(1)),
    ];
    let outputs = scope.emit_several("TopK", &[&x.name, &k], (2, attributes));
    let [values, found] = [0, 1].map(|output| x.renamed(&outputs[output]).reshaped(shape.clone()));
    Ok(if places { number(scope, &found) } else { values })
}

pub(super) fn arg_extreme(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.plain_input()?;
    let largest: bool = scope.argument("largest")?;
    let (keepdims, last): (bool, bool) = (scope.argument("keepdims")?, scope.argument("last")?);
    let axis = scope.axis(&x)?;
    let attributes = vec![
        ("axis", Attribute::size(axis)),
        ("keepdims", Attribute::Int(keepdims.into())),
        ("select_last_index", Attribute::Int(last.into())),
    ];
    let shape = scope.output_shape()?;
    let op = if largest { "ArgMax" } else { "ArgMin" };
    let found = Value::plain(scope.emit(op, &[&x.name], attributes), shape);
    Ok(number(scope, &found))
}

pub(super) fn cumulative_sum(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let axis = scope.axis(&x)?;
    let (exclusive, reverse): (bool, bool) =
        (scope.argument("exclusive")?, scope.argument("reverse")?);
    let axis = scope.whole_scalar("axis", whole(x.position(axis)));
    let attributes = vec![
        ("exclusive", Attribute::Int(exclusive.into())),
        ("reverse", Attribute::Int(reverse.into())),
    ];
    let name = scope.emit("CumSum", &[&x.name, &axis], attributes);
    Ok(x.renamed(name))
}

pub(super) fn one_hot(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.plain_input()?;
    let places = indices(scope, &x);
    let depth: i64 = scope.argument("depth")?;
    let depth = scope.ints("depth", &[depth]);
    let (off, on) = (scope.number("off_value")?, scope.number("on_value")?);
    let values = scope.floats("values", &[2], &[off, on]);
    let axis = vec![("axis", Attribute::Int(scope.argument("axis")?))];
    let shape = scope.output_shape()?;
    let name = scope.emit("OneHot", &[&places.name, &depth, &values], axis);
    Ok(Value::plain(name, shape))
}

pub(super) fn triangle(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.plain_input()?;
    let (k, upper): (i64, bool) = (scope.argument("k")?, scope.argument("upper")?);
    let k = scope.whole_scalar("k", k);
    let upper = vec![("upper", Attribute::Int(upper.into()))];
    let name = scope.emit("Trilu", &[&x.name, &k], upper);
    Ok(x.renamed(name))
}

/// `Reduction` of one of its kinds over some axes or all.
pub(super) fn reduction(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let op = match scope.argument::<Json>("kind")?.as_str().unwrap_or_default() {
        "sum" => "ReduceSum",
        "mean" => "ReduceMean",
        "max" => "ReduceMax",
        "min" => "ReduceMin",
        "product" => "ReduceProd",
        kind => return Err(scope.unsupported(format!("kind {kind:?}"), "use another one")),
    };
    let axes: Vec<i64> = scope.argument("axes")?;
    let axes = match axes.is_empty() {
        true => (0..x.rank()).collect(),
        false => resolved(&axes, x.rank())?,
    };
    let kept = if scope.argument("keepdims")? { Kept::AsOne } else { Kept::Not };
    if axes.is_empty() {
        return Ok(x);
    }
    Ok(scope.reduce(op, &x, &axes, kept))
}

/// `NonMaxSuppression`, its rows filled up with -1 to the number that can come at most.
pub(super) fn non_max_suppression(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let shape = scope.output_shape()?;
    let inputs = scope.plain_inputs();
    let [boxes, scores] = inputs.as_slice() else {
        return Err(Problem::malformed("boxes and scores", inputs.len()));
    };
    let most: i64 = scope.argument("max_output_boxes_per_class")?;
    let centred: bool = scope.argument("center_point_box")?;
    let (overlap, score) = (scope.number("iou_threshold")?, scope.number("score_threshold")?);
    let limit = scope.ints("max_output_boxes_per_class", &[most]);
    let overlap = scope.floats("iou_threshold", &[1], &[overlap]);
    let mut names = vec![boxes.name.clone(), scores.name.clone(), limit, overlap];
    // Without a threshold no box is passed over.
    if score > f32::NEG_INFINITY {
        names.push(scope.floats("score_threshold", &[1], &[score]));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let centred = vec![("center_point_box", Attribute::Int(centred.into()))];
    let found = scope.emit("NonMaxSuppression", &names, centred);
    let found = number(scope, &Value::plain(found, shape));
    let rows = most_rows(scope, boxes, scores, most)?;
    filled_up(scope, &found, &rows)
}

/// The most rows that can come: boxes of a class, times classes, times items.
fn most_rows(
    scope: &mut Scope<'_>,
    boxes: &Value,
    scores: &Value,
    most: i64,
) -> Result<String, Problem> {
    let known = [boxes.shape.axes()[1].or(scores.shape.axes()[2]), scores.shape.axes()[1]];
    let [Some(count), Some(classes)] = known.map(|size| size.map(whole)) else {
        return Err(scope.unsupported("an open number of boxes", "give the input a fixed size"));
    };
    let of_an_item = count.min(most).saturating_mul(classes);
    let of_an_item = scope.ints("rows", &[of_an_item]);
    let items = scope.emit("Shape", &[&boxes.name], vec![("end", Attribute::Int(1))]);
    Ok(scope.emit("Mul", &[&items, &of_an_item], Vec::new()))
}

/// The value with rows of -1 behind it, up to this number.
fn filled_up(scope: &mut Scope<'_>, found: &Value, rows: &str) -> Result<Value, Problem> {
    let own = scope.emit("Shape", &[&found.name], vec![("end", Attribute::Int(1))]);
    let missing = scope.emit("Sub", &[rows, &own], Vec::new());
    let (before, behind) = (scope.ints("before", &[0, 0]), scope.ints("behind", &[0]));
    let axis = vec![("axis", Attribute::Int(0))];
    let pads = scope.emit("Concat", &[&before, &missing, &behind], axis);
    let empty = scope.scalar(-1.0);
    let name = scope.emit("Pad", &[&found.name, &pads, &empty], Vec::new());
    Ok(found.renamed(name))
}
