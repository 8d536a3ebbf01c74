//! Pools over windows and over all positions.

use dichroic::layers::Padding;

use super::super::graph::Attribute;
use super::super::scope::{Kept, Scope};
use super::super::value::{Value, channels_first};
use super::convolution::pads;
use crate::error::Problem;

/// `MaxPooling1D`–`3D`.
pub(super) fn largest(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    pool(scope, "MaxPool")
}

/// `AveragePooling1D`–`3D`; padding does not count.
pub(super) fn mean(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    pool(scope, "AveragePool")
}

fn pool(scope: &mut Scope<'_>, op: &'static str) -> Result<Value, Problem> {
    let x = scope.channels_first_input()?;
    let padding: Padding = scope.argument("padding")?;
    let window = scope.layer.window(&scope.input_shapes());
    let window = window.ok_or_else(|| Problem::malformed("an input to pool", &x.shape))?;
    let attributes = vec![
        ("kernel_shape", Attribute::sizes(&window.size)),
        ("strides", Attribute::sizes(&window.strides)),
        pads(&window, &x.shape, padding),
    ];
    let shape = scope.output_shape()?;
    Ok(scope.apply_with(op, &x, attributes).reshaped(shape))
}

/// `GlobalMaxPooling1D`–`3D`.
pub(super) fn largest_of_all(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    pool_all(scope, "GlobalMaxPool", "ReduceMax")
}

/// `GlobalAveragePooling1D`–`3D`.
pub(super) fn mean_of_all(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    pool_all(scope, "GlobalAveragePool", "ReduceMean")
}

/// ONNX's pool where the channels are second already; a reduction of the positions where they are not.
fn pool_all(
    scope: &mut Scope<'_>,
    pool: &'static str,
    reduction: &'static str,
) -> Result<Value, Problem> {
    let x = scope.input()?;
    let keepdims: bool = scope.argument("keepdims")?;
    if x.order != channels_first(x.rank()) {
        let positions: Vec<usize> = (1..x.rank() - 1).collect();
        let kept = if keepdims { Kept::AsOne } else { Kept::Not };
        return Ok(scope.reduce(reduction, &x, &positions, kept));
    }
    let shape = scope.output_shape()?;
    let pooled = scope.apply(pool, &x);
    if keepdims {
        return Ok(pooled.reshaped(shape));
    }
    let flat = scope.emit("Flatten", &[&pooled.name], vec![("axis", Attribute::Int(1))]);
    Ok(Value::plain(flat, shape))
}

/// `WindowPooling`, whose arguments are those of ONNX's pools.
pub(super) fn window(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.channels_first_input()?;
    let sizes = |name: &str| scope.argument::<Vec<usize>>(name);
    let (size, strides, dilation) =
        (sizes("pool_size")?, sizes("strides")?, sizes("dilation_rate")?);
    let padding: Vec<[usize; 2]> = scope.argument("padding")?;
    let pads = padding.iter().map(|ends| &ends[0]).chain(padding.iter().map(|ends| &ends[1]));
    let ceil_mode: bool = scope.argument("ceil_mode")?;
    let mut attributes = vec![
        ("kernel_shape", Attribute::sizes(&size)),
        ("strides", Attribute::sizes(&strides)),
        ("pads", Attribute::sizes(pads)),
    ];
    let (op, since) = match scope.argument::<String>("kind")?.as_str() {
        "max" => ("MaxPool", 17),
        "average" => {
            let counted: bool = scope.argument("count_include_pad")?;
            attributes.push(("count_include_pad", Attribute::Int(counted.into())));
            ("AveragePool", 19)
        }
        "lp" => {
            attributes.push(("p", Attribute::Int(scope.argument("p")?)));
            ("LpPool", 18)
        }
        kind => return Err(scope.unsupported(format!("kind {kind:?}"), "use another one")),
    };
    // Operators learned dilation, and LpPool to round up, in these versions.
    let dilated = dilation.iter().any(|&rate| rate != 1);
    if scope.options.opset < since && (dilated || (op == "LpPool" && ceil_mode)) {
        return Err(scope.unsupported(format!("{op} so"), &format!("use opset {since}")));
    }
    if dilated {
        attributes.push(("dilations", Attribute::sizes(&dilation)));
    }
    if ceil_mode {
        attributes.push(("ceil_mode", Attribute::Int(1)));
    }
    let shape = scope.output_shape()?;
    Ok(scope.apply_with(op, &x, attributes).reshaped(shape))
}
