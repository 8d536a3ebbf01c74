//! Operators that ONNX Runtime adds to ONNX's own, in the domain `com.microsoft`: those that its quantizer writes.
//!
//! Each computes with reals between a dequantization and a quantization, as ONNX Runtime's documentation defines it:
//! `y = quantize(operator(dequantize(x)))`.
//!
//! # Source
//! `docs/ContribOperators.md` of ONNX Runtime.

use super::{ImportFn, Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, ElementType, Node};

/// The name of the domain.
pub(super) const DOMAIN: &str = "com.microsoft";

pub(super) const OPERATORS: &[Operator] = &[
    ("Gelu", 1..=23, gelu),
    ("QGemm", 1..=23, gemm),
    ("QLinearAdd", 1..=23, add),
    ("QLinearAveragePool", 1..=23, average_pool),
    ("QLinearConcat", 1..=23, concat),
    ("QLinearGlobalAveragePool", 1..=23, global_average_pool),
    ("QLinearLeakyRelu", 1..=23, leaky_relu),
    ("QLinearMul", 1..=23, multiply),
    ("QLinearSigmoid", 1..=23, sigmoid),
];

/// The names of the operators.
pub(in crate::onnx) fn names() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().map(|(name, ..)| *name)
}

type Inputs<'a> = [Option<Value<'a>>];
type Made<'a> = Result<Vec<Value<'a>>, Located>;

fn add<'a>(node: &mut Node<'_, 'a>) -> Made<'a> {
    of_two(node, "Add")
}

fn multiply<'a>(node: &mut Node<'_, 'a>) -> Made<'a> {
    of_two(node, "Mul")
}

fn sigmoid<'a>(node: &mut Node<'_, 'a>) -> Made<'a> {
    of_one(node, "Sigmoid")
}

fn leaky_relu<'a>(node: &mut Node<'_, 'a>) -> Made<'a> {
    of_one(node, "LeakyRelu")
}

fn gelu<'a>(node: &mut Node<'_, 'a>) -> Made<'a> {
    made_by(node, "Gelu")
}

fn average_pool<'a>(node: &mut Node<'_, 'a>) -> Made<'a> {
    channels_first(node)?;
    of_one(node, "AveragePool")
}

fn global_average_pool<'a>(node: &mut Node<'_, 'a>) -> Made<'a> {
    channels_first(node)?;
    of_one(node, "GlobalAveragePool")
}

/// `x, its scale, its zero point, the scale of y, its zero point`
fn of_one<'a>(node: &mut Node<'_, 'a>, operator: &str) -> Made<'a> {
    let given = node.inputs.clone();
    let x = dequantized(node, &given, 0)?;
    made_quantized(node, operator, vec![x], (&given, 3))
}

/// `a, its scale, its zero point, b, its scale, its zero point, the scale of y, its zero point`
fn of_two<'a>(node: &mut Node<'_, 'a>, operator: &str) -> Made<'a> {
    let given = node.inputs.clone();
    let a = dequantized(node, &given, 0)?;
    let b = dequantized(node, &given, 3)?;
    made_quantized(node, operator, vec![a, b], (&given, 6))
}

/// `the scale of y, its zero point`, and for each part `x, its scale, its zero point`
fn concat<'a>(node: &mut Node<'_, 'a>) -> Made<'a> {
    let given = node.inputs.clone();
    let parts = (2..given.len()).step_by(3).map(|place| dequantized(node, &given, place));
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    made_quantized(node, "Concat", parts, (&given, 0))
}

/// `a, its scale, its zero point, b, its scales, its zero points, c, the scale of y, its zero point`: c counts in the product
/// of both scales, and y is real if it has no scale.
fn gemm<'a>(node: &mut Node<'_, 'a>) -> Made<'a> {
    let given = node.inputs.clone();
    let a_scale = single(&node.known(1)?)?;
    let (weight, scales) = real_weight(node)?;
    let bias = match node.known_optional(6)? {
        Some(bias) => {
            let values = bias.to_floats()?.into_owned();
            let units = values.iter().enumerate();
            let real = units.map(|(unit, value)| value * a_scale * scales[unit % scales.len()]);
            Some(floats(bias.shape(), real.collect()))
        }
        None => None,
    };
    let a = dequantized(node, &given, 0)?;
    node.inputs = vec![Some(a), Some(weight), bias];
    // An Add behind it adds to whole numbers.
    node.next = None;
    let y = made_by(node, "Gemm")?;
    match given.get(7) {
        Some(Some(_)) => quantized(node, y, (&given, 7)),
        _ => Ok(y),
    }
}

/// The known weights of a product as reals, and their scales: one for all, or one for each unit.
fn real_weight<'a>(node: &Node<'_, 'a>) -> Result<(Value<'a>, Vec<f32>), Located> {
    let (weight, scales) = (node.known(3)?, node.known(4)?.to_floats()?.into_owned());
    let zeros = match node.known_optional(5)? {
        Some(zeros) => zeros.to_floats()?.into_owned(),
        None => vec![0.0],
    };
    let &[rows, columns] = weight.shape() else {
        return Err(Problem::malformed("weights of two axes", weight.rank()).into());
    };
    let per_row = node.attributes.flag("transB")?;
    let units = if per_row { rows } else { columns };
    for parameters in [&scales, &zeros] {
        if parameters.is_empty() || (parameters.len() != 1 && parameters.len() != units) {
            let expected = format!("one scale and zero point for all, or {units}");
            return Err(Problem::malformed(expected, parameters.len()).into());
        }
    }
    let values = weight.to_floats()?;
    let real = values.iter().enumerate().map(|(place, value)| {
        let unit = if per_row { place / columns } else { place % columns };
        (value - zeros[unit % zeros.len()]) * scales[unit % scales.len()]
    });
    let real = floats(weight.shape(), real.collect());
    Ok((real, scales))
}

fn floats<'a>(shape: &[usize], values: Vec<f32>) -> Value<'a> {
    Value::Known(Array::floats(shape.to_vec(), ElementType::Float32, values))
}

/// What an operator of ONNX makes of reals, as whole numbers in the scale that stands at a place.
fn made_quantized<'a>(
    node: &mut Node<'_, 'a>,
    operator: &str,
    reals: Vec<Value<'a>>,
    scale: (&Inputs<'a>, usize),
) -> Made<'a> {
    node.inputs = reals.into_iter().map(Some).collect();
    let y = made_by(node, operator)?;
    quantized(node, y, scale)
}

/// The reals that the whole numbers at a place stand for; scale and zero point come behind them.
fn dequantized<'a>(
    node: &mut Node<'_, 'a>,
    given: &Inputs<'a>,
    place: usize,
) -> Result<Value<'a>, Located> {
    node.inputs = given.get(place..).unwrap_or_default().iter().take(3).cloned().collect();
    // All values have one scale, and the operator's own axis is another one.
    for parameter in 1..node.inputs.len() {
        let Some(array) = node.known_optional(parameter)? else { continue };
        single(&array)?;
        node.inputs[parameter] = Some(Value::Known(array.reshaped(Vec::new())));
    }
    first(made_by(node, "DequantizeLinear")?)
}

fn quantized<'a>(
    node: &mut Node<'_, 'a>,
    y: Vec<Value<'a>>,
    (given, place): (&Inputs<'a>, usize),
) -> Made<'a> {
    let parameters = given.get(place..).unwrap_or_default().iter().take(2).cloned();
    node.inputs = std::iter::once(Some(first(y)?)).chain(parameters).collect();
    made_by(node, "QuantizeLinear")
}

fn made_by<'a>(node: &mut Node<'_, 'a>, operator: &str) -> Made<'a> {
    let import: ImportFn = match super::find(operator) {
        Some((_, _, import)) => *import,
        None => return Err(node.unsupported(operator, "export the model with other operators")),
    };
    import(node)
}

fn first(made: Vec<Value<'_>>) -> Result<Value<'_>, Located> {
    made.into_iter().next().ok_or_else(|| Problem::malformed("an output", "none").into())
}

fn single(array: &Array<'_>) -> Result<f32, Located> {
    let value = array.single();
    value.ok_or_else(|| Problem::malformed("one number for all values", array.len()).into())
}

/// Refuses the attribute by which channels lie last, in which the quantizer never writes.
fn channels_first(node: &Node<'_, '_>) -> Result<(), Located> {
    match node.attributes.flag("channels_last")? {
        false => Ok(()),
        true => Err(node.unsupported("channels_last", "export the model with channels first")),
    }
}
