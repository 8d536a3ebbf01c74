//! Normalisations: by the batch's moving statistics, by sample, by group, by length.

use dichroic::layers::Axes;

use super::super::graph::{Attribute, whole};
use super::super::scope::{Kept, Scope, permuted};
use super::super::value::{Value, axis_second};
use super::activations::resolved;
use crate::error::Problem;

/// `BatchNormalization` by the moving statistics, on ONNX's second axis.
pub(super) fn batch(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    super::super::refuse_training(scope)?;
    let (x, _) = input_with_axis_second(scope)?;
    let channels = scope.weight_values(0)?.shape()[0];
    let (gamma, beta, next) = scale_and_shift(scope, channels)?;
    let (mean, variance) = (scope.weight(next)?, scope.weight(next + 1)?);
    let epsilon: f64 = scope.argument("epsilon")?;
    let epsilon = vec![("epsilon", Attribute::Float(epsilon as f32))];
    let name =
        scope.emit("BatchNormalization", &[&x.name, &gamma, &beta, &mean, &variance], epsilon);
    Ok(x.renamed(name))
}

/// The input with the layer's axis second; it stays as it is where the axis lies there already.
fn input_with_axis_second(scope: &mut Scope<'_>) -> Result<(Value, usize), Problem> {
    let x = scope.input()?;
    let axis: i64 = scope.argument("axis")?;
    let axis = resolved(&[axis], x.rank())?[0];
    if x.position(axis) == 1 && x.position(0) == 0 {
        return Ok((x, axis));
    }
    let order = axis_second(x.rank(), axis);
    Ok((scope.in_order(&x, &order)?, axis))
}

/// Gamma and beta, or what stands for them, and the number of the weight behind them.
fn scale_and_shift(
    scope: &mut Scope<'_>,
    channels: usize,
) -> Result<(String, String, usize), Problem> {
    let (scale, center): (bool, bool) = (scope.argument("scale")?, scope.argument("center")?);
    let place = usize::from(scale);
    let gamma = match scale {
        true => scope.weight(0)?,
        false => scope.floats("gamma", &[channels], &vec![1.0; channels]),
    };
    let beta = match center {
        true => scope.weight(place)?,
        false => scope.floats("beta", &[channels], &vec![0.0; channels]),
    };
    Ok((gamma, beta, place + usize::from(center)))
}

/// `LayerNormalization` where the axes are the model's last ones; else its formula.
pub(super) fn layer(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let axes: Axes = scope.argument("axis")?;
    let axes = resolved(axes.as_slice(), x.rank())?;
    let epsilon: f64 = scope.argument("epsilon")?;
    let first = x.rank() - axes.len();
    if axes.iter().copied().eq(first..x.rank()) {
        return layer_of_last_axes(scope, &x, (first, epsilon));
    }
    let mean = scope.reduce("ReduceMean", &x, &axes, Kept::AsOne);
    let centered = scope.combine("Sub", &x, &mean);
    let squares = scope.combine("Mul", &centered, &centered);
    let variance = scope.reduce("ReduceMean", &squares, &axes, Kept::AsOne);
    let steadied = scope.apply_scalar("Add", &variance, epsilon);
    let deviation = scope.apply("Sqrt", &steadied);
    let mut y = scope.combine("Div", &centered, &deviation);
    let (scale, center): (bool, bool) = (scope.argument("scale")?, scope.argument("center")?);
    if scale {
        let gamma = scope.weight_values(0)?;
        let gamma = spread(scope, "gamma", (&y, &axes), (gamma.data(), gamma.shape()));
        y = scope.apply_to("Mul", &y, &gamma);
    }
    if center {
        let beta = scope.weight_values(usize::from(scale))?;
        let beta = spread(scope, "beta", (&y, &axes), (beta.data(), beta.shape()));
        y = scope.apply_to("Add", &y, &beta);
    }
    Ok(y)
}

fn layer_of_last_axes(
    scope: &mut Scope<'_>,
    x: &Value,
    (first, epsilon): (usize, f64),
) -> Result<Value, Problem> {
    let x = scope.plain(x);
    let (scale, center): (bool, bool) = (scope.argument("scale")?, scope.argument("center")?);
    let gamma = match scale {
        true => scope.weight(0)?,
        false => {
            let sizes = x.shape.axes()[first..].iter().copied().collect::<Option<Vec<_>>>();
            let sizes = sizes.ok_or_else(|| Problem::malformed("known sizes", &x.shape))?;
            scope.floats("gamma", &sizes, &vec![1.0; sizes.iter().product()])
        }
    };
    let mut inputs = vec![x.name.clone(), gamma];
    if center {
        inputs.push(scope.weight(usize::from(scale))?);
    }
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let attributes =
        vec![("axis", Attribute::size(first)), ("epsilon", Attribute::Float(epsilon as f32))];
    let name = scope.emit("LayerNormalization", &inputs, attributes);
    Ok(x.renamed(name))
}

/// Values of these sizes along these axes of the model, with sizes of 1 elsewhere, in the order of `x`.
pub(super) fn spread(
    scope: &mut Scope<'_>,
    what: &str,
    (x, axes): (&Value, &[usize]),
    (values, sizes): (&[f32], &[usize]),
) -> String {
    let mut all = vec![1; x.rank()];
    for (&axis, &size) in axes.iter().zip(sizes) {
        all[axis] = size;
    }
    let values = permuted(values, &all, &x.order);
    let sizes: Vec<usize> = x.order.iter().map(|&axis| all[axis]).collect();
    scope.floats(what, &sizes, &values)
}

/// Groups as instances: `(batch, groups, rest)` normalised, then scaled by channel.
///
/// ONNX's own `GroupNormalization` scales by group before opset 21, which is another function.
pub(super) fn group(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let (x, axis) = input_with_axis_second(scope)?;
    let channels = x.shape.axes()[axis];
    let channels = channels.ok_or_else(|| Problem::malformed("known channels", &x.shape))?;
    let groups: i64 = scope.argument("groups")?;
    let groups = usize::try_from(groups).unwrap_or(channels);
    let epsilon: f64 = scope.argument("epsilon")?;
    let epsilon = vec![("epsilon", Attribute::Float(epsilon as f32))];
    let sizes = scope.ints("groups", &[0, whole(groups), -1]);
    let grouped = scope.emit("Reshape", &[&x.name, &sizes], Vec::new());
    let ones = scope.floats("ones", &[groups], &vec![1.0; groups]);
    let zeros = scope.floats("zeros", &[groups], &vec![0.0; groups]);
    let normal = scope.emit("InstanceNormalization", &[&grouped, &ones, &zeros], epsilon);
    let sizes = sizes_of(scope, &x);
    let name = scope.emit("Reshape", &[&normal, &sizes], Vec::new());
    let mut y = x.renamed(name);
    let (scale, center): (bool, bool) = (scope.argument("scale")?, scope.argument("center")?);
    if scale {
        let gamma = scope.weight_values(0)?;
        let gamma = scope.along("gamma", gamma.data(), &y, axis);
        y = scope.apply_to("Mul", &y, &gamma);
    }
    if center {
        let beta = scope.weight_values(usize::from(scale))?;
        let beta = scope.along("beta", beta.data(), &y, axis);
        y = scope.apply_to("Add", &y, &beta);
    }
    Ok(y)
}

/// The sizes of a value as a value: constant where at most one is open, behind the batch.
fn sizes_of(scope: &mut Scope<'_>, x: &Value) -> String {
    let sizes = x.sizes();
    if sizes.iter().skip(1).filter(|size| size.is_none()).count() > 1 {
        return scope.emit("Shape", &[&x.name], Vec::new());
    }
    let behind = sizes.iter().skip(1).map(|size| size.map_or(-1, whole));
    // 0 copies the size from the value that is reshaped, whose batch is the same.
    let sizes: Vec<i64> = std::iter::once(0).chain(behind).collect();
    scope.ints("sizes", &sizes)
}

/// Vectors divided by their length, which is taken to be at least 1e-12.
pub(super) fn unit(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let axes: Axes = scope.argument("axis")?;
    let axes = resolved(axes.as_slice(), x.rank())?;
    let squares = scope.combine("Mul", &x, &x);
    let sum = scope.reduce("ReduceSum", &squares, &axes, Kept::AsOne);
    let length = scope.apply("Sqrt", &sum);
    let inverse = scope.apply("Reciprocal", &length);
    // Keras's bound for the inverse, which keeps zeros from becoming NaN.
    let inverse = scope.apply_scalar("Min", &inverse, 1e12);
    Ok(scope.combine("Mul", &x, &inverse))
}

/// `LRN` over the channels.
pub(super) fn local_response(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.channels_first_input()?;
    let mut attributes = vec![("size", Attribute::Int(scope.argument("size")?))];
    for name in ["alpha", "beta", "bias"] {
        attributes.push((name, Attribute::Float(scope.argument(name)?)));
    }
    Ok(scope.apply_with("LRN", &x, attributes))
}
