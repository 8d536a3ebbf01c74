//! Products of whole numbers: ConvInteger, QLinearConv, MatMulInteger, QLinearMatMul.
//!
//! A quantized model is run as it is written: its whole numbers are `f32` values. A product of two numbers of 8 bits is
//! below 2¹⁶, so that a sum of up to 256 of them is exact in any order, whatever they are: f32 counts in ones up to 2²⁴.
//! Longer sums are exact as long as they stay below that, which those of trained networks nearly always do.

use dichroic::layers::{Arithmetic, ArithmeticKind, Function, MathFunction};

use super::broadcast::{aligned, input};
use super::convolution::conv;
use super::products::product;
use super::quantization::saturated;
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, ElementType, Node, Variable};

pub(super) const OPERATORS: &[Operator] = &[
    ("ConvInteger", 10..=23, conv_integer),
    ("MatMulInteger", 10..=23, matmul_integer),
    ("QLinearConv", 10..=23, quantized_conv),
    ("QLinearMatMul", 10..=23, quantized_matmul),
];

fn conv_integer<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = without_zero(node, (0, 2), 0)?;
    let kernel = kernel_without_zero(node, (1, 3))?;
    node.inputs = vec![Some(Value::Variable(x)), Some(Value::Known(kernel))];
    let made = conv(node)?.into_iter().map(|value| typed(value, ElementType::Int32));
    Ok(made.collect())
}

fn quantized_conv<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let (x_scale, kernel_scale, y_scale) = (node.known(1)?, node.known(4)?, node.known(6)?);
    let zero = node.known(7)?;
    let bias = node.known_optional(8)?;
    let x = without_zero(node, (0, 2), 0)?;
    let kernel = kernel_without_zero(node, (3, 5))?;
    let spatial = kernel.rank().saturating_sub(2);
    let bias = match bias {
        Some(bias) => {
            let values = bias.to_floats()?.into_owned();
            Some(Value::Known(Array::floats(bias.shape().to_vec(), ElementType::Float32, values)))
        }
        None => None,
    };
    node.inputs = vec![Some(Value::Variable(x)), Some(Value::Known(kernel)), bias];
    let sums = match conv(node)?.into_iter().next() {
        Some(Value::Variable(sums)) => sums,
        _ => return Err(Problem::malformed("a convolution of computed values", "none").into()),
    };
    let factors = factors(&x_scale, &kernel_scale, &y_scale)?;
    // One factor for all filters, or one for each.
    let shape = [vec![1, factors.len()], vec![1; spatial]].concat();
    requantized(node, sums, (factors.reshaped(shape), zero))
}

fn matmul_integer<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let a = without_zero(node, (0, 2), 1)?;
    let b = without_zero(node, (1, 3), 0)?;
    let (a, b) = (node.plain(&a)?, node.plain(&b)?);
    let y = product(node, &a, &b)?;
    Ok(vec![Value::Variable(y.typed(ElementType::Int32))])
}

fn quantized_matmul<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let (a_scale, b_scale, y_scale) = (node.known(1)?, node.known(4)?, node.known(6)?);
    let zero = node.known(7)?;
    let a = without_zero(node, (0, 2), 1)?;
    let b = without_zero(node, (3, 5), 0)?;
    let (a, b) = (node.plain(&a)?, node.plain(&b)?);
    let sums = product(node, &a, &b)?;
    let factors = factors(&a_scale, &b_scale, &y_scale)?;
    requantized(node, sums, (factors, zero))
}

fn typed<'a>(value: Value<'a>, element: ElementType) -> Value<'a> {
    match value {
        Value::Variable(variable) => Value::Variable(variable.typed(element)),
        Value::Known(array) => Value::Known(array.typed(element)),
    }
}

/// An input less its zero point: one for all values, or one for each index of the axis before the last
/// `behind` axes.
fn without_zero(
    node: &mut Node<'_, '_>,
    (place, zero): (usize, usize),
    behind: usize,
) -> Result<Variable, Located> {
    if !node.has(zero) {
        return input(node, place);
    }
    if let Some(Value::Known(array)) = node.optional(zero).cloned() {
        let shape = match array.len() {
            1 => Vec::new(),
            len => [vec![len], vec![1; behind]].concat(),
        };
        node.inputs[zero] = Some(Value::Known(array.reshaped(shape)));
    }
    aligned(node, &[place, zero])?.layer(node, Arithmetic::new(ArithmeticKind::Subtract))
}

/// Known kernels less their zero point: one for all, or one for each filter (axis 0).
fn kernel_without_zero<'a>(
    node: &Node<'_, 'a>,
    (place, zero): (usize, usize),
) -> Result<Array<'a>, Located> {
    let kernel = node.known(place)?;
    let zeros = match node.known_optional(zero)? {
        Some(zero) => zero.to_floats()?.into_owned(),
        None => vec![0.0],
    };
    let filters = kernel.shape().first().copied().unwrap_or(0);
    if zeros.len() != 1 && zeros.len() != filters {
        return Err(Problem::malformed(format!("{filters} zero points"), zeros.len()).into());
    }
    let of_filter = (kernel.len() / filters.max(1)).max(1);
    let values = kernel.to_floats()?;
    let centred =
        values.iter().enumerate().map(|(at, value)| value - zeros[at / of_filter % zeros.len()]);
    Ok(Array::floats(kernel.shape().to_vec(), ElementType::Float32, centred.collect()))
}

/// What a sum of products is multiplied by: a row for each scale of the first operand, a column for each of the second.
fn factors<'a>(a: &Array<'_>, b: &Array<'_>, y: &Array<'_>) -> Result<Array<'a>, Located> {
    let y = y.single().ok_or_else(|| Problem::malformed("one scale of the output", y.len()))?;
    let (a, b) = (a.to_floats()?, b.to_floats()?);
    let factors = a.iter().flat_map(|a| b.iter().map(move |b| a * b / y));
    Ok(Array::floats(vec![a.len(), b.len()], ElementType::Float32, factors.collect()))
}

/// Sums in the scale of the output, as whole numbers of its type.
fn requantized<'a>(
    node: &mut Node<'_, 'a>,
    sums: Variable,
    (factors, zero): (Array<'a>, Array<'a>),
) -> Result<Vec<Value<'a>>, Located> {
    let element = zero.element();
    let zero = zero.single().ok_or_else(|| Problem::malformed("one zero point", zero.len()))?;
    node.inputs = vec![Some(Value::Variable(sums)), Some(Value::Known(factors))];
    let y = aligned(node, &[0, 1])?.layer(node, Arithmetic::new(ArithmeticKind::Multiply))?;
    let mut symbol = node.layer(Function::new(MathFunction::Round), &y.symbol)?;
    if zero != 0.0 {
        let shift = MathFunction::Affine { scale: 1.0, offset: zero };
        symbol = node.layer(Function::new(shift), &symbol)?;
    }
    saturated(node, &y.with(symbol), element).map(|y| vec![Value::Variable(y)])
}
