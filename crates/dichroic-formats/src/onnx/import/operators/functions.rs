//! Functions of each value alone that are no activation of Keras, or one with other numbers.

use dichroic::layers::{Activation, Clip, Function, MathFunction};

use super::broadcast::input;
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{ElementType, Node};

pub(super) const OPERATORS: &[Operator] = &[
    ("Abs", 1..=23, |node| function(node, MathFunction::Abs)),
    ("Acos", 7..=23, |node| function(node, MathFunction::Acos)),
    ("Acosh", 9..=23, |node| function(node, MathFunction::Acosh)),
    ("Asin", 7..=23, |node| function(node, MathFunction::Asin)),
    ("Asinh", 9..=23, |node| function(node, MathFunction::Asinh)),
    ("Atan", 7..=23, |node| function(node, MathFunction::Atan)),
    ("Atanh", 9..=23, |node| function(node, MathFunction::Atanh)),
    ("BitwiseNot", 18..=23, bitwise_not),
    ("Ceil", 1..=23, |node| function(node, MathFunction::Ceil)),
    ("Celu", 12..=23, celu),
    ("Clip", 1..=23, clip),
    ("Cos", 7..=23, |node| function(node, MathFunction::Cos)),
    ("Cosh", 9..=23, |node| function(node, MathFunction::Cosh)),
    ("Erf", 9..=23, |node| function(node, MathFunction::Erf)),
    ("Exp", 1..=23, |node| function(node, MathFunction::Exp)),
    ("Floor", 1..=23, |node| function(node, MathFunction::Floor)),
    ("Gelu", 20..=23, gelu),
    ("HardSigmoid", 1..=23, hard_sigmoid),
    ("HardSwish", 14..=23, |node| activation(node, "hard_silu")),
    ("IsInf", 10..=23, is_inf),
    ("IsNaN", 9..=23, |node| test(node, MathFunction::IsNan)),
    ("Log", 1..=23, |node| function(node, MathFunction::Log)),
    ("Mish", 18..=23, |node| activation(node, "mish")),
    ("Neg", 1..=23, |node| function(node, MathFunction::Negate)),
    ("Not", 1..=23, |node| test(node, MathFunction::Not)),
    ("Reciprocal", 1..=23, |node| function(node, MathFunction::Reciprocal)),
    ("Round", 11..=23, |node| function(node, MathFunction::Round)),
    ("Selu", 1..=23, selu),
    ("Shrink", 9..=23, shrink),
    ("Sign", 9..=23, |node| function(node, MathFunction::Sign)),
    ("Sin", 7..=23, |node| function(node, MathFunction::Sin)),
    ("Sinh", 9..=23, |node| function(node, MathFunction::Sinh)),
    ("Sqrt", 1..=23, |node| function(node, MathFunction::Sqrt)),
    ("Tan", 7..=23, |node| function(node, MathFunction::Tan)),
    ("ThresholdedRelu", 10..=23, thresholded_relu),
];

/// A function whose results have the type of its values.
fn function<'a>(
    node: &mut Node<'_, 'a>,
    function: MathFunction,
) -> Result<Vec<Value<'a>>, Located> {
    let x = input(node, 0)?;
    node.elementwise(Function::new(function), &x)
}

/// A function that tells true or false.
fn test<'a>(node: &mut Node<'_, 'a>, function: MathFunction) -> Result<Vec<Value<'a>>, Located> {
    let x = input(node, 0)?;
    let symbol = node.layer(Function::new(function), &x.symbol)?;
    Ok(vec![Value::Variable(x.with(symbol).typed(ElementType::Bool))])
}

/// A function that Keras knows under this name.
fn activation<'a>(node: &mut Node<'_, 'a>, name: &str) -> Result<Vec<Value<'a>>, Located> {
    let x = input(node, 0)?;
    node.elementwise(Activation::new(name), &x)
}

/// Turning all bits around is `-1 - x` for signed numbers and `greatest - x` for the others.
fn bitwise_not<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let element = node.element(0)?;
    let (least, greatest) =
        element.range().ok_or_else(|| Problem::malformed("whole numbers", element))?;
    let offset = if least < 0 { -1.0 } else { greatest as f32 };
    function(node, MathFunction::Affine { scale: -1.0, offset })
}

fn celu<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let alpha = node.attributes.float_or("alpha", 1.0)?;
    function(node, MathFunction::Celu { alpha })
}

/// Bounds are attributes before version 11, inputs since.
fn clip<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let bound = |name: &str, input: usize| -> Result<Option<f32>, Located> {
        let Some(array) = node.known_optional(input)? else { return node.attributes.float(name) };
        let number = array.single().ok_or_else(|| Problem::malformed("one number", array.len()))?;
        Ok(Some(number))
    };
    let (min, max) = (bound("min", 1)?, bound("max", 2)?);
    let x = input(node, 0)?;
    // Where the bounds contradict each other, the upper one holds.
    let min = match (min, max) {
        (Some(min), Some(max)) => Some(min.min(max)),
        (min, _) => min,
    };
    match (min, max) {
        (None, None) => Ok(vec![Value::Variable(x)]),
        (Some(0.0), Some(6.0)) => node.elementwise(Activation::new("relu6"), &x),
        (min, max) => node.elementwise(Clip::new(min, max), &x),
    }
}

fn gelu<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    match node.attributes.text_or("approximate", "none")? {
        "none" => activation(node, "gelu"),
        "tanh" => function(node, MathFunction::GeluTanh),
        other => Err(Problem::malformed("approximate none or tanh", format!("{other:?}")).into()),
    }
}

fn hard_sigmoid<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let alpha = node.attributes.float_or("alpha", 0.2)?;
    let beta = node.attributes.float_or("beta", 0.5)?;
    // PyTorch's and Keras's own function, whose slope exporters write with more or fewer digits.
    if (alpha - 1.0 / 6.0).abs() < 1e-6 && beta == 0.5 {
        return activation(node, "hard_sigmoid");
    }
    function(node, MathFunction::HardSigmoid { alpha, beta })
}

fn is_inf<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let negative = node.attributes.int_or("detect_negative", 1)? != 0;
    let positive = node.attributes.int_or("detect_positive", 1)? != 0;
    match (negative, positive) {
        (true, true) => test(node, MathFunction::IsInfinite),
        (true, false) => test(node, MathFunction::IsNegativeInfinite),
        (false, true) => test(node, MathFunction::IsPositiveInfinite),
        (false, false) => {
            let what = "IsInf that looks for neither sign";
            Err(node.unsupported(what, "export the model without it"))
        }
    }
}

fn selu<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let alpha = node.attributes.float_or("alpha", 1.673_263_2)?;
    let gamma = node.attributes.float_or("gamma", 1.050_701)?;
    function(node, MathFunction::Selu { alpha, gamma })
}

fn shrink<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let threshold = node.attributes.float_or("lambd", 0.5)?;
    let bias = node.attributes.float_or("bias", 0.0)?;
    function(node, MathFunction::Shrink { threshold, bias })
}

fn thresholded_relu<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let alpha = node.attributes.float_or("alpha", 1.0)?;
    function(node, MathFunction::ThresholdedRelu { alpha })
}
