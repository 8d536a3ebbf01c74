//! Operation layers that give values another shape: `Constant`, `Transpose`, `ReshapeAll`, `ExpandDims`, `Squeeze`,
//! `BroadcastTo`, `Tile`, `DepthToSpace`, `SpaceToDepth`.

use super::super::graph::{Attribute, whole};
use super::super::scope::Scope;
use super::super::value::Value;
use super::activations::resolved;
use super::shapes::permuted_axes;
use crate::error::Problem;

/// A weight that the input does not change.
pub(super) fn constant(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let shape = scope.output_shape()?;
    Ok(Value::plain(scope.weight(0)?, shape))
}

/// `Transpose` only says where the axes lie, as `Permute` does.
pub(super) fn transpose(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let written: Vec<i64> = scope.argument("axes")?;
    let mut axes = Vec::with_capacity(written.len());
    for axis in written {
        axes.extend(resolved(&[axis], x.rank())?);
    }
    let shape = scope.output_shape()?;
    Ok(permuted_axes(&x, &axes, shape))
}

/// `ReshapeAll`: 0 and -1 mean the same in ONNX.
pub(super) fn reshape_all(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    with_numbers(scope, "Reshape", "shape")
}

pub(super) fn expand_dims(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    with_numbers(scope, "Unsqueeze", "axes")
}

pub(super) fn squeeze(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    with_numbers(scope, "Squeeze", "axes")
}

pub(super) fn tile(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    with_numbers(scope, "Tile", "repeats")
}

/// An operator that takes a list of the layer's as its second input.
fn with_numbers(scope: &mut Scope<'_>, op: &'static str, argument: &str) -> Result<Value, Problem> {
    let x = scope.plain_input()?;
    let numbers: Vec<i64> = scope.argument(argument)?;
    let numbers = scope.ints(argument, &numbers);
    let shape = scope.output_shape()?;
    let name = scope.emit(op, &[&x.name, &numbers], Vec::new());
    Ok(Value::plain(name, shape))
}

/// `BroadcastTo`: a size of 1 spreads in neither direction, so it keeps the input's size as -1 does.
pub(super) fn broadcast_to(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.plain_input()?;
    let sizes: Vec<i64> = scope.argument("shape")?;
    let sizes: Vec<i64> = sizes.into_iter().map(|size| if size < 0 { 1 } else { size }).collect();
    let sizes = scope.ints("shape", &sizes);
    let shape = scope.output_shape()?;
    let name = scope.emit("Expand", &[&x.name, &sizes], Vec::new());
    Ok(Value::plain(name, shape))
}

pub(super) fn depth_to_space(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = pictures(scope)?;
    let block: i64 = scope.argument("block_size")?;
    let mode = match scope.argument::<String>("mode")?.as_str() {
        "CRD" => "CRD",
        _ => "DCR",
    };
    let shape = scope.output_shape()?;
    let attributes = vec![("blocksize", Attribute::Int(block)), ("mode", Attribute::Text(mode))];
    Ok(scope.apply_with("DepthToSpace", &x, attributes).reshaped(shape))
}

/// ONNX knows one order of the new channels, places slowest; the other one is picked from it.
pub(super) fn space_to_depth(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = pictures(scope)?;
    let block: usize = scope.argument("block_size")?;
    let shape = scope.output_shape()?;
    let attributes = vec![("blocksize", Attribute::size(block))];
    let y = scope.apply_with("SpaceToDepth", &x, attributes).reshaped(shape);
    if scope.argument::<String>("mode")? != "CRD" {
        return Ok(y);
    }
    let places = block * block;
    let channels = x.shape.channels();
    let channels = channels.ok_or_else(|| scope.unsupported("open channels", "fix them"))?;
    let picked: Vec<i64> = (0..channels)
        .flat_map(|channel| (0..places).map(move |place| whole(place * channels + channel)))
        .collect();
    let picked = scope.ints("channels", &picked);
    let axis = vec![("axis", Attribute::size(y.position(y.rank() - 1)))];
    let name = scope.emit("Gather", &[&y.name, &picked], axis);
    Ok(y.renamed(name))
}

/// The only input, a batch of pictures with their channels first.
fn pictures(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.channels_first_input()?;
    if x.rank() != 4 {
        return Err(scope.unsupported(format!("input {}", x.shape), "use height and width"));
    }
    Ok(x)
}
