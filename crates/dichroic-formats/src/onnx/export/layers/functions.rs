//! Functions of one value, as ONNX's operators.

use dichroic_graph::kernels::elementwise::Unary;

use super::super::graph::Attribute;
use super::super::scope::Scope;
use super::super::value::Value;
use crate::error::Problem;

/// SELU's constants as Keras has them; ONNX's defaults differ in the last digits.
const SELU_ALPHA: f32 = 1.673_263_2;
const SELU_SCALE: f32 = 1.050_701;

/// Applies a function to each element: one operator, or several where ONNX has none or only in a later opset.
pub(super) fn function(
    scope: &mut Scope<'_>,
    function: Unary,
    x: &Value,
) -> Result<Value, Problem> {
    let alpha = |value: f32| vec![("alpha", Attribute::Float(value))];
    Ok(match function {
        Unary::Relu => scope.apply("Relu", x),
        Unary::Relu6 => clip(scope, x, Some(0.0), Some(6.0)),
        Unary::LeakyRelu { negative_slope } => {
            scope.apply_with("LeakyRelu", x, alpha(negative_slope))
        }
        Unary::ReluGeneral { max_value, negative_slope, threshold } => {
            general_relu(scope, x, max_value, (negative_slope, threshold))
        }
        Unary::Elu { alpha: bend } => scope.apply_with("Elu", x, alpha(bend)),
        Unary::Selu => {
            let scale = ("gamma", Attribute::Float(SELU_SCALE));
            scope.apply_with("Selu", x, [alpha(SELU_ALPHA), vec![scale]].concat())
        }
        Unary::Celu { alpha: bend } => scope.apply_with("Celu", x, alpha(bend)),
        Unary::Gelu => gelu(scope, x),
        Unary::GeluTanh => gelu_tanh(scope, x),
        Unary::Silu => {
            let gate = scope.apply("Sigmoid", x);
            scope.combine("Mul", x, &gate)
        }
        Unary::Mish if scope.options.opset >= 18 => scope.apply("Mish", x),
        Unary::Mish => {
            let softplus = scope.apply("Softplus", x);
            let gate = scope.apply("Tanh", &softplus);
            scope.combine("Mul", x, &gate)
        }
        Unary::Softplus => scope.apply("Softplus", x),
        Unary::Softsign => scope.apply("Softsign", x),
        Unary::Sigmoid => scope.apply("Sigmoid", x),
        Unary::Tanh => scope.apply("Tanh", x),
        Unary::HardSigmoid => {
            let beta = ("beta", Attribute::Float(0.5));
            scope.apply_with("HardSigmoid", x, [alpha(1.0 / 6.0), vec![beta]].concat())
        }
        Unary::HardSilu => scope.apply("HardSwish", x),
        Unary::HardTanh => clip(scope, x, Some(-1.0), Some(1.0)),
        Unary::HardShrink { threshold } => shrink(scope, x, threshold, 0.0),
        Unary::SoftShrink { threshold } => shrink(scope, x, threshold, threshold),
        Unary::TanhShrink => {
            let tanh = scope.apply("Tanh", x);
            scope.combine("Sub", x, &tanh)
        }
        Unary::Threshold { threshold, value } => {
            let above = scope.apply_scalar("Greater", x, threshold.into());
            let value = scope.scalar(value.into());
            let name = scope.emit("Where", &[&above.name, &x.name, &value], Vec::new());
            x.renamed(name)
        }
        Unary::Exponential => scope.apply("Exp", x),
        Unary::LogSigmoid => {
            let turned = scope.apply("Neg", x);
            let softplus = scope.apply("Softplus", &turned);
            scope.apply("Neg", &softplus)
        }
        Unary::Squareplus { b } => {
            let square = scope.combine("Mul", x, x);
            let raised = scope.apply_scalar("Add", &square, b.into());
            let root = scope.apply("Sqrt", &raised);
            let sum = scope.combine("Add", x, &root);
            scope.apply_scalar("Mul", &sum, 0.5)
        }
        Unary::SparsePlus => sparse_plus(scope, x),
        Unary::SparseSigmoid => {
            let raised = scope.apply_scalar("Add", x, 1.0);
            let half = scope.apply_scalar("Mul", &raised, 0.5);
            clip(scope, &half, Some(0.0), Some(1.0))
        }
        Unary::Negate => scope.apply("Neg", x),
        Unary::Square => scope.combine("Mul", x, x),
        Unary::Sqrt => scope.apply("Sqrt", x),
        Unary::Rsqrt => {
            let root = scope.apply("Sqrt", x);
            scope.apply("Reciprocal", &root)
        }
        Unary::Reciprocal => scope.apply("Reciprocal", x),
        Unary::Log => scope.apply("Log", x),
        Unary::Abs => scope.apply("Abs", x),
        Unary::Sign => scope.apply("Sign", x),
        Unary::Clip { min, max } => clip(scope, x, finite(min), finite(max)),
        Unary::Affine { scale, offset } => affine(scope, x, scale, offset),
    })
}

/// `x` kept between two bounds.
pub(super) fn clip(scope: &mut Scope<'_>, x: &Value, min: Option<f32>, max: Option<f32>) -> Value {
    // An input that is left out has an empty name.
    let mut bound =
        |bound: Option<f32>| bound.map(|value| scope.scalar(value.into())).unwrap_or_default();
    let (min, max) = (bound(min), bound(max));
    let inputs = [x.name.as_str(), &min, &max];
    let given = if max.is_empty() { 2 } else { 3 };
    let name = scope.emit("Clip", &inputs[..given], Vec::new());
    x.renamed(name)
}

/// `scale · x + offset`
pub(super) fn affine(scope: &mut Scope<'_>, x: &Value, scale: f32, offset: f32) -> Value {
    let scaled = match scale {
        1.0 => x.clone(),
        scale => scope.apply_scalar("Mul", x, scale.into()),
    };
    match offset {
        0.0 => scaled,
        offset => scope.apply_scalar("Add", &scaled, offset.into()),
    }
}

fn finite(bound: f32) -> Option<f32> {
    bound.is_finite().then_some(bound)
}

/// `min(max(x if x > threshold else 0, 0), max_value) - slope · max(threshold - x, 0)`
fn general_relu(
    scope: &mut Scope<'_>,
    x: &Value,
    max_value: Option<f32>,
    (slope, threshold): (f32, f32),
) -> Value {
    let above = match threshold {
        0.0 => scope.apply("Relu", x),
        threshold => {
            let alpha = vec![("alpha", Attribute::Float(threshold))];
            scope.apply_with("ThresholdedRelu", x, alpha)
        }
    };
    let clipped = match max_value {
        None => above,
        Some(max_value) => clip(scope, &above, None, Some(max_value)),
    };
    if slope == 0.0 {
        return clipped;
    }
    let turned = scope.apply("Neg", x);
    let below = affine(scope, &turned, 1.0, threshold);
    let below = scope.apply("Relu", &below);
    let below = scope.apply_scalar("Mul", &below, slope.into());
    scope.combine("Sub", &clipped, &below)
}

/// `x · Φ(x)`; an operator of its own from opset 20 on.
fn gelu(scope: &mut Scope<'_>, x: &Value) -> Value {
    if scope.options.opset >= 20 {
        return scope.apply("Gelu", x);
    }
    let scaled = scope.apply_scalar("Mul", x, std::f64::consts::FRAC_1_SQRT_2);
    let erf = scope.apply("Erf", &scaled);
    let raised = scope.apply_scalar("Add", &erf, 1.0);
    let half = scope.apply_scalar("Mul", &raised, 0.5);
    scope.combine("Mul", x, &half)
}

/// `½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))`
fn gelu_tanh(scope: &mut Scope<'_>, x: &Value) -> Value {
    if scope.options.opset >= 20 {
        return scope.apply_with("Gelu", x, vec![("approximate", Attribute::Text("tanh"))]);
    }
    let square = scope.combine("Mul", x, x);
    let cube = scope.combine("Mul", &square, x);
    let cube = scope.apply_scalar("Mul", &cube, 0.044715);
    let sum = scope.combine("Add", x, &cube);
    let argument = scope.apply_scalar("Mul", &sum, (2.0 / std::f64::consts::PI).sqrt());
    let tanh = scope.apply("Tanh", &argument);
    let raised = scope.apply_scalar("Add", &tanh, 1.0);
    let half = scope.apply_scalar("Mul", &raised, 0.5);
    scope.combine("Mul", x, &half)
}

fn shrink(scope: &mut Scope<'_>, x: &Value, threshold: f32, bias: f32) -> Value {
    let attributes = vec![("lambd", Attribute::Float(threshold)), ("bias", Attribute::Float(bias))];
    scope.apply_with("Shrink", x, attributes)
}

/// `0`, `(x + 1)² / 4` and `x`, below -1, between and above 1: `(clip(x) + 1)² / 4 + max(x - 1, 0)`.
fn sparse_plus(scope: &mut Scope<'_>, x: &Value) -> Value {
    let between = clip(scope, x, Some(-1.0), Some(1.0));
    let raised = scope.apply_scalar("Add", &between, 1.0);
    let square = scope.combine("Mul", &raised, &raised);
    let quarter = scope.apply_scalar("Mul", &square, 0.25);
    let lowered = scope.apply_scalar("Sub", x, 1.0);
    let above = scope.apply("Relu", &lowered);
    scope.combine("Add", &quarter, &above)
}
