//! Functions made of several operations of Keras.

use serde_json::{Value, json};

use super::parts::{Parts, Term};
use crate::layers::{Arithmetic, ArithmeticKind, Clip, Function, MathFunction};

/// Operators that Keras has under other rules: comparisons give truth values, bits need whole numbers.
pub(super) fn arithmetic(parts: &mut Parts, layer: &Arithmetic, terms: &[Term]) -> Option<Term> {
    use ArithmeticKind as K;
    let [a, b] = terms else { return None };
    let both = [a.argument(), b.argument()];
    let truth = |parts: &mut Parts, class_name: &str| {
        let truth = parts.plain(class_name, [a.argument(), b.argument()]);
        parts.cast(&truth, "float32")
    };
    let bits = |parts: &mut Parts, class_name: &str| {
        let [a, b] = [a, b].map(|term| parts.cast(term, "int32"));
        let bits = parts.plain(class_name, [a.argument(), b.argument()]);
        parts.cast(&bits, "float32")
    };
    Some(match layer.kind {
        K::Equal => truth(parts, "Equal"),
        K::NotEqual => truth(parts, "NotEqual"),
        K::Less => truth(parts, "Less"),
        K::LessOrEqual => truth(parts, "LessEqual"),
        K::Greater => truth(parts, "Greater"),
        K::GreaterOrEqual => truth(parts, "GreaterEqual"),
        K::And => truth(parts, "LogicalAnd"),
        K::Or => truth(parts, "LogicalOr"),
        K::Xor => truth(parts, "LogicalXor"),
        K::BitwiseAnd => bits(parts, "BitwiseAnd"),
        K::BitwiseOr => bits(parts, "BitwiseOr"),
        K::BitwiseXor => bits(parts, "BitwiseXor"),
        K::ShiftLeft => bits(parts, "LeftShift"),
        K::ShiftRight => bits(parts, "RightShift"),
        K::Remainder => {
            let [a_size, b_size] = [a, b].map(|term| parts.plain("Absolute", [term.argument()]));
            let rest = parts.plain("Mod", [a_size.argument(), b_size.argument()]);
            let sign = parts.plain("Sign", [a.argument()]);
            parts.plain("Multiply", [sign.argument(), rest.argument()])
        }
        K::IntegerDivide => {
            let quotient = parts.plain("Divide", both);
            parts.plain("Trunc", [quotient.argument()])
        }
        K::ParametricRelu => {
            let sloped = parts.plain("Multiply", both);
            let keeps = parts.plain("GreaterEqual", [a.argument(), json!(0.0)]);
            parts.plain("Where", [keeps.argument(), a.argument(), sloped.argument()])
        }
        _ => return None,
    })
}

/// `scale · x + offset`
fn affine(parts: &mut Parts, x: &Term, scale: f32, offset: f32) -> Term {
    let scaled = parts.plain("Multiply", [x.argument(), json!(scale)]);
    parts.plain("Add", [scaled.argument(), json!(offset)])
}

/// Functions that Keras has among others, or not at all.
pub(super) fn function(parts: &mut Parts, layer: &Function, x: &Term) -> Option<Term> {
    use MathFunction as F;
    let truth = |parts: &mut Parts, class_name: &str| {
        let truth = parts.plain(class_name, [x.argument()]);
        parts.cast(&truth, "float32")
    };
    let rounded = |parts: &mut Parts, dtype: &str| {
        let narrow = parts.cast(x, dtype);
        parts.cast(&narrow, "float32")
    };
    let nn = |parts: &mut Parts, class_name: &str, config: Value| {
        parts.op(("nn", class_name), config, [x.argument()])
    };
    if !serde_json::to_value(layer.function).is_ok_and(|function| is_finite(&function)) {
        return None;
    }
    Some(match layer.function {
        F::Not => truth(parts, "LogicalNot"),
        F::IsNan => truth(parts, "Isnan"),
        F::IsInfinite => truth(parts, "Isinf"),
        F::IsPositiveInfinite => infinite(parts, x, "Greater"),
        F::IsNegativeInfinite => infinite(parts, x, "Less"),
        F::Float16 => rounded(parts, "float16"),
        F::Bfloat16 => rounded(parts, "bfloat16"),
        F::Mish => {
            let growth = nn(parts, "Softplus", json!({}));
            let gate = parts.plain("Tanh", [growth.argument()]);
            parts.plain("Multiply", [x.argument(), gate.argument()])
        }
        F::Gelu => nn(parts, "Gelu", json!({"approximate": false})),
        F::GeluTanh => nn(parts, "Gelu", json!({"approximate": true})),
        F::LeakyRelu { negative_slope } => {
            nn(parts, "LeakyRelu", json!({"negative_slope": negative_slope}))
        }
        F::Elu { alpha } => nn(parts, "Elu", json!({"alpha": alpha})),
        F::Selu { alpha, gamma } => {
            let elu = nn(parts, "Elu", json!({"alpha": alpha}));
            parts.plain("Multiply", [elu.argument(), json!(gamma)])
        }
        F::Celu { alpha } => nn(parts, "Celu", json!({"alpha": alpha})),
        F::HardSigmoid { alpha, beta } => {
            let line = affine(parts, x, alpha, beta);
            parts.numpy("Clip", json!({"x_min": 0.0, "x_max": 1.0}), [line.argument()])
        }
        F::Swish { alpha } => {
            let steep = parts.plain("Multiply", [x.argument(), json!(alpha)]);
            let gate = parts.op(("nn", "Sigmoid"), json!({}), [steep.argument()]);
            parts.plain("Multiply", [x.argument(), gate.argument()])
        }
        F::ThresholdedRelu { alpha } => {
            let above = parts.plain("Greater", [x.argument(), json!(alpha)]);
            parts.plain("Where", [above.argument(), x.argument(), json!(0.0)])
        }
        F::Shrink { threshold, bias } => {
            let above = parts.plain("Greater", [x.argument(), json!(threshold)]);
            let below = parts.plain("Less", [x.argument(), json!(-threshold)]);
            let lowered = parts.plain("Subtract", [x.argument(), json!(bias)]);
            let raised = parts.plain("Add", [x.argument(), json!(bias)]);
            let low = parts.plain("Where", [below.argument(), raised.argument(), json!(0.0)]);
            parts.plain("Where", [above.argument(), lowered.argument(), low.argument()])
        }
        F::Affine { scale, offset } => affine(parts, x, scale, offset),
        _ => return None,
    })
}

/// Whether all numbers of a function are such as JSON has a word for.
fn is_finite(function: &Value) -> bool {
    match function {
        Value::Null => false,
        Value::Object(members) => members.values().all(is_finite),
        _ => true,
    }
}

fn infinite(parts: &mut Parts, x: &Term, sign: &str) -> Term {
    let infinite = parts.plain("Isinf", [x.argument()]);
    let signed = parts.plain(sign, [x.argument(), json!(0.0)]);
    let both = parts.plain("LogicalAnd", [infinite.argument(), signed.argument()]);
    parts.cast(&both, "float32")
}

/// A bound on one side only.
pub(super) fn clip(parts: &mut Parts, layer: &Clip, x: &Term) -> Option<Term> {
    Some(match (layer.min, layer.max) {
        (Some(min), None) => parts.plain("Maximum", [x.argument(), json!(min)]),
        (None, Some(max)) => parts.plain("Minimum", [x.argument(), json!(max)]),
        (None, None) => parts.plain("Copy", [x.argument()]),
        (Some(_), Some(_)) => return None,
    })
}
