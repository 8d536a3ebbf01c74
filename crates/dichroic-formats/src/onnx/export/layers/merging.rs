//! Several inputs made one: merges and `Concatenate`.

use super::super::graph::Attribute;
use super::super::scope::Scope;
use super::super::value::Value;
use crate::error::Problem;

pub(super) fn add(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    match scope.inputs.len() {
        2 => merge(scope, "Add"),
        _ => merge(scope, "Sum"),
    }
}

pub(super) fn subtract(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    merge(scope, "Sub")
}

/// ONNX multiplies two values at a time.
pub(super) fn multiply(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let inputs = aligned(scope, NewAxes::AfterBatch)?;
    let shape = scope.output_shape()?;
    let mut product = inputs[0].clone();
    for factor in &inputs[1..] {
        product = scope.combine("Mul", &product, factor);
    }
    Ok(product.reshaped(shape))
}

pub(super) fn average(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    merge(scope, "Mean")
}

pub(super) fn maximum(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    merge(scope, "Max")
}

pub(super) fn minimum(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    merge(scope, "Min")
}

fn merge(scope: &mut Scope<'_>, op: &'static str) -> Result<Value, Problem> {
    let inputs = aligned(scope, NewAxes::AfterBatch)?;
    let shape = scope.output_shape()?;
    let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    let name = scope.emit(op, &names, Vec::new());
    Ok(inputs[0].renamed(name).reshaped(shape))
}

/// Where a value gets the axes that others have more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NewAxes {
    /// Behind the batch, as Keras's merges do.
    AfterBatch,
    /// In front of all, as numpy does.
    InFront,
}

/// The inputs in the order of one that has most axes, all with as many.
pub(super) fn aligned(scope: &mut Scope<'_>, new: NewAxes) -> Result<Vec<Value>, Problem> {
    let inputs = scope.all_inputs();
    let order = order_of_most_axes(&inputs)?;
    inputs.iter().map(|input| with_axes(scope, input, (&order, new))).collect()
}

fn order_of_most_axes(inputs: &[Value]) -> Result<Vec<usize>, Problem> {
    let rank = inputs.iter().map(Value::rank).max().unwrap_or(0);
    let full = inputs.iter().filter(|input| input.rank() == rank);
    // An order other than the model's is worth keeping: it spares a transposition later.
    let first = full.clone().find(|input| !input.is_plain()).or_else(|| full.clone().next());
    let first = first.ok_or_else(|| Problem::malformed("inputs to merge", "none"))?;
    Ok(first.order.clone())
}

/// The value in this order, with axes of size 1 where it has too few.
fn with_axes(
    scope: &mut Scope<'_>,
    value: &Value,
    (order, new): (&[usize], NewAxes),
) -> Result<Value, Problem> {
    let missing = order.len() - value.rank();
    if missing == 0 {
        return scope.in_order(value, order);
    }
    let first = match new {
        NewAxes::AfterBatch => 1.min(value.rank()),
        NewAxes::InFront => 0,
    };
    let is_new = |axis: usize| (first..first + missing).contains(&axis);
    let own: Vec<usize> = order
        .iter()
        .filter(|&&axis| !is_new(axis))
        .map(|&axis| if axis < first { axis } else { axis - missing })
        .collect();
    let value = scope.in_order(value, &own)?;
    let places: Vec<usize> = (0..order.len()).filter(|&place| is_new(order[place])).collect();
    let places = scope.axes(&places);
    let name = scope.emit("Unsqueeze", &[&value.name, &places], Vec::new());
    let (before, behind) = value.shape.axes().split_at(first);
    let axes = [before, &vec![Some(1); missing], behind].concat();
    Ok(Value { name, shape: dichroic::Shape::new(axes), order: order.to_vec(), maps: None })
}

pub(super) fn concatenate(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let inputs = scope.all_inputs();
    let order = order_of_most_axes(&inputs)?;
    let axis: i64 = scope.argument("axis")?;
    let rank = order.len();
    let axis = usize::try_from(if axis < 0 { axis + rank as i64 } else { axis });
    let axis = axis.ok().filter(|&axis| axis < rank);
    let axis = axis.ok_or_else(|| Problem::malformed("an axis of the inputs", "another"))?;
    let shape = scope.output_shape()?;
    let inputs = inputs.iter().map(|input| scope.in_order(input, &order));
    let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
    if let [only] = inputs.as_slice() {
        return Ok(only.clone());
    }
    let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    let place = inputs[0].position(axis);
    let name = scope.emit("Concat", &names, vec![("axis", Attribute::size(place))]);
    Ok(inputs[0].renamed(name).reshaped(shape))
}
