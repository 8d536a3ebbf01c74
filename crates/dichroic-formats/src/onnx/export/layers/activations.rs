//! Activations: those of layers by name, and the layers that are activations.

use dichroic::Shape;
use dichroic::activations::Activation;
use dichroic::layers::Axes;
use dichroic_graph::kernels::elementwise::Unary;

use super::super::graph::{Attribute, whole};
use super::super::scope::{Kept, Scope, permuted};
use super::super::value::Value;
use super::functions::function;
use crate::error::Problem;

/// The layer `Activation`.
pub(super) fn activation(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let activation: Activation = scope.argument("activation")?;
    activate(scope, &x, &activation)
}

pub(super) fn relu(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let max_value: Option<f64> = scope.argument("max_value")?;
    let negative_slope: f64 = scope.argument("negative_slope")?;
    let threshold: f64 = scope.argument("threshold")?;
    let general = Unary::ReluGeneral {
        max_value: max_value.map(|value| value as f32),
        negative_slope: negative_slope as f32,
        threshold: threshold as f32,
    };
    let known = match (max_value, negative_slope, threshold) {
        (None, 0.0, 0.0) => Unary::Relu,
        (Some(max), 0.0, 0.0) => Unary::Clip { min: 0.0, max: max as f32 },
        (None, slope, 0.0) => Unary::LeakyRelu { negative_slope: slope as f32 },
        _ => general,
    };
    function(scope, known, &x)
}

pub(super) fn leaky_relu(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let slope: f64 = scope.argument("negative_slope")?;
    function(scope, Unary::LeakyRelu { negative_slope: slope as f32 }, &x)
}

pub(super) fn elu(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let alpha: f64 = scope.argument("alpha")?;
    function(scope, Unary::Elu { alpha: alpha as f32 }, &x)
}

/// `PRelu`, its slopes in the order of the input's axes.
pub(super) fn prelu(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let alpha = scope.weight_values(0)?;
    let sizes = [&[1], alpha.shape()].concat();
    let slopes = permuted(alpha.data(), &sizes, &x.order);
    let sizes: Vec<usize> = x.order.iter().map(|&axis| sizes[axis]).collect();
    let slopes = scope.floats("alpha", &sizes, &slopes);
    Ok(scope.apply_to("PRelu", &x, &slopes))
}

pub(super) fn softmax(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let axes: Axes = scope.argument("axis")?;
    let axes = resolved(axes.as_slice(), x.rank())?;
    match axes.as_slice() {
        [axis] => Ok(along_axis(scope, "Softmax", &x, *axis)),
        axes => {
            let largest = scope.reduce("ReduceMax", &x, axes, Kept::AsOne);
            let shifted = scope.combine("Sub", &x, &largest);
            let powers = scope.apply("Exp", &shifted);
            let sum = scope.reduce("ReduceSum", &powers, axes, Kept::AsOne);
            Ok(scope.combine("Div", &powers, &sum))
        }
    }
}

/// Axes counted from the front, in rising order, each once.
pub(super) fn resolved(axes: &[i64], rank: usize) -> Result<Vec<usize>, Problem> {
    let resolve = |&axis: &i64| {
        let from_front = if axis < 0 { axis.saturating_add(whole(rank)) } else { axis };
        let found = usize::try_from(from_front).ok().filter(|&axis| axis < rank);
        found.ok_or_else(|| Problem::malformed(format!("an axis of {rank}"), axis))
    };
    let mut resolved = axes.iter().map(resolve).collect::<Result<Vec<_>, _>>()?;
    resolved.sort_unstable();
    resolved.dedup();
    Ok(resolved)
}

/// What follows the sum of a layer.
pub(super) fn activate(
    scope: &mut Scope<'_>,
    x: &Value,
    activation: &Activation,
) -> Result<Value, Problem> {
    let last = x.rank() - 1;
    match activation {
        Activation::Linear => Ok(x.clone()),
        Activation::Elementwise { function: known, .. } => function(scope, *known, x),
        Activation::Softmax => Ok(along_axis(scope, "Softmax", x, last)),
        Activation::LogSoftmax => Ok(along_axis(scope, "LogSoftmax", x, last)),
        Activation::Glu => glu(scope, x),
        Activation::Sparsemax => sparsemax(scope, x),
        Activation::Layer { layer, .. } => super::export(&mut Scope {
            graph: scope.graph,
            options: scope.options,
            path: scope.path,
            layer: layer.as_ref(),
            config: layer.config(),
            inputs: std::slice::from_ref(x),
            weights: &[],
            mode: scope.mode,
        }),
        other => {
            Err(scope.unsupported(format!("activation {:?}", other.name()), "use another one"))
        }
    }
}

fn along_axis(scope: &mut Scope<'_>, op: &'static str, x: &Value, axis: usize) -> Value {
    let axis = Attribute::size(x.position(axis));
    scope.apply_with(op, x, vec![("axis", axis)])
}

/// One half of the channels times the sigmoid of the other.
fn glu(scope: &mut Scope<'_>, x: &Value) -> Result<Value, Problem> {
    let last = x.rank() - 1;
    let channels = x.shape.channels();
    let half = channels.ok_or_else(|| scope.unsupported("glu on open channels", "fix them"))? / 2;
    let halves = scope.ints("halves", &[whole(half), whole(half)]);
    let axis = vec![("axis", Attribute::size(x.position(last)))];
    let parts = scope.emit_several("Split", &[&x.name, &halves], (2, axis));
    let mut axes = x.shape.axes().to_vec();
    axes[last] = Some(half);
    let shape = Shape::new(axes);
    let [value, gate] = [0, 1].map(|part| x.renamed(&parts[part]).reshaped(shape.clone()));
    let gate = scope.apply("Sigmoid", &gate);
    Ok(scope.combine("Mul", &value, &gate))
}

/// The nearest point with sum 1 and nothing negative, without sorting: a channel has support if
/// `1 > Σ max(x_j - x_i, 0)`; the threshold is the excess of the supported ones over 1, shared out among them.
///
/// # Source
/// Martins and Astudillo 2016, proposition 1: `1 + k·z_(k) > Σ_{j ≤ k} z_(j)` says the same of the sorted channels.
fn sparsemax(scope: &mut Scope<'_>, x: &Value) -> Result<Value, Problem> {
    let x = scope.plain(x);
    let last = x.rank() - 1;
    let (column_axis, row_axis) = (scope.axes(&[last + 1]), scope.axes(&[last]));
    let column = scope.emit("Unsqueeze", &[&x.name, &column_axis], Vec::new());
    let row = scope.emit("Unsqueeze", &[&x.name, &row_axis], Vec::new());
    let above = scope.emit("Sub", &[&row, &column], Vec::new());
    let wide = [x.shape.axes(), &[x.shape.channels()]].concat();
    let above = Value::plain(above, Shape::new(wide));
    let above = scope.apply("Relu", &above);
    let above = scope.reduce("ReduceSum", &above, &[last + 1], Kept::Not);
    let supported = scope.apply_scalar("Less", &above, 1.0);
    let support = scope.apply_with("Cast", &supported, vec![("to", Attribute::Int(1))]);
    let size = scope.reduce("ReduceSum", &support, &[last], Kept::AsOne);
    let inside = scope.combine("Mul", &support, &x);
    let sum = scope.reduce("ReduceSum", &inside, &[last], Kept::AsOne);
    let excess = scope.apply_scalar("Sub", &sum, 1.0);
    let threshold = scope.combine("Div", &excess, &size);
    let shifted = scope.combine("Sub", &x, &threshold);
    Ok(scope.apply("Relu", &shifted))
}
