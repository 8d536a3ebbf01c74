//! Operators between two or more values, which numpy's rules bring to one shape.

use dichroic::layers::{Arithmetic, ArithmeticKind, Function, MathFunction, PReLU};

use super::broadcast::{aligned, input};
use super::cast::wrapped;
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, ElementType, Node, Order, Variable};

pub(super) const OPERATORS: &[Operator] = &[
    ("And", 1..=23, |node| compare(node, ArithmeticKind::And)),
    ("BitShift", 11..=23, bit_shift),
    ("BitwiseAnd", 18..=23, |node| pair(node, ArithmeticKind::BitwiseAnd)),
    ("BitwiseOr", 18..=23, |node| pair(node, ArithmeticKind::BitwiseOr)),
    ("BitwiseXor", 18..=23, |node| pair(node, ArithmeticKind::BitwiseXor)),
    ("Equal", 1..=23, |node| compare(node, ArithmeticKind::Equal)),
    ("Greater", 1..=23, |node| compare(node, ArithmeticKind::Greater)),
    ("GreaterOrEqual", 12..=23, |node| compare(node, ArithmeticKind::GreaterOrEqual)),
    ("Less", 1..=23, |node| compare(node, ArithmeticKind::Less)),
    ("LessOrEqual", 12..=23, |node| compare(node, ArithmeticKind::LessOrEqual)),
    ("Max", 6..=23, |node| all(node, ArithmeticKind::Maximum)),
    ("Mean", 6..=23, mean),
    ("Min", 6..=23, |node| all(node, ArithmeticKind::Minimum)),
    ("Mod", 10..=23, modulo),
    ("Or", 1..=23, |node| compare(node, ArithmeticKind::Or)),
    ("PRelu", 6..=23, parametric_relu),
    ("Pow", 1..=23, power),
    ("Sum", 6..=23, |node| all(node, ArithmeticKind::Add)),
    ("Xor", 1..=23, |node| compare(node, ArithmeticKind::Xor)),
];

/// The sum of two values.
pub(super) fn add<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    pair(node, ArithmeticKind::Add)
}

/// The first value less the second.
pub(super) fn subtract<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    pair(node, ArithmeticKind::Subtract)
}

/// The product of two values.
pub(super) fn multiply<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    pair(node, ArithmeticKind::Multiply)
}

/// The first value by the second; whole numbers lose their fraction.
pub(super) fn divide<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    match node.element(0)?.is_float() {
        true => pair(node, ArithmeticKind::Divide),
        false => pair(node, ArithmeticKind::IntegerDivide),
    }
}

/// An operator between two values whose result has their type.
fn pair<'a>(node: &mut Node<'_, 'a>, kind: ArithmeticKind) -> Result<Vec<Value<'a>>, Located> {
    let element = node.element(0)?;
    let y = aligned(node, &[0, 1])?.layer(node, Arithmetic::new(kind))?;
    Ok(vec![Value::Variable(y.typed(element))])
}

/// An operator that tells true or false.
fn compare<'a>(node: &mut Node<'_, 'a>, kind: ArithmeticKind) -> Result<Vec<Value<'a>>, Located> {
    let y = aligned(node, &[0, 1])?.layer(node, Arithmetic::new(kind))?;
    Ok(vec![Value::Variable(y.typed(ElementType::Bool))])
}

fn modulo<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    match node.attributes.flag("fmod")? {
        true => pair(node, ArithmeticKind::Remainder),
        false => pair(node, ArithmeticKind::Modulo),
    }
}

fn bit_shift<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    match node.attributes.text("direction")? {
        Some("RIGHT") => pair(node, ArithmeticKind::ShiftRight),
        Some("LEFT") => {
            let element = node.element(0)?;
            let layer = Arithmetic::new(ArithmeticKind::ShiftLeft);
            let y = aligned(node, &[0, 1])?.layer(node, layer)?;
            // What is shifted out of a narrow type is gone.
            wrapped(node, &y.typed(element)).map(|y| vec![Value::Variable(y)])
        }
        other => Err(Problem::malformed("direction LEFT or RIGHT", format!("{other:?}")).into()),
    }
}

/// A power of whole numbers is a whole number again.
fn power<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let element = node.element(0)?;
    if let Some(function) = function_of_power(node)? {
        let x = input(node, 0)?;
        return node.elementwise(Function::new(function), &x);
    }
    let y = aligned(node, &[0, 1])?.layer(node, Arithmetic::new(ArithmeticKind::Power))?;
    if element.is_float() {
        return Ok(vec![Value::Variable(y.typed(element))]);
    }
    let symbol = node.layer(Function::new(MathFunction::Trunc), &y.symbol)?;
    Ok(vec![Value::Variable(y.with(symbol).typed(element))])
}

/// The function that is the power with a known exponent.
fn function_of_power(node: &Node<'_, '_>) -> Result<Option<MathFunction>, Located> {
    let (Value::Variable(x), Value::Known(exponent)) = (node.value(0)?, node.value(1)?) else {
        return Ok(None);
    };
    if exponent.rank() > x.rank() || !x.element.is_float() {
        return Ok(None);
    }
    Ok(match exponent.single() {
        Some(2.0) => Some(MathFunction::Square),
        Some(-1.0) => Some(MathFunction::Reciprocal),
        _ => None,
    })
}

/// All inputs, however many, by one operator.
fn all<'a>(node: &mut Node<'_, 'a>, kind: ArithmeticKind) -> Result<Vec<Value<'a>>, Located> {
    joined(node, kind).map(|y| vec![Value::Variable(y)])
}

fn joined(node: &mut Node<'_, '_>, kind: ArithmeticKind) -> Result<Variable, Located> {
    let element = node.element(0)?;
    let places: Vec<usize> = (0..node.inputs.len()).collect();
    let operands = aligned(node, &places)?;
    let mut left = operands.symbols.iter().cloned();
    let mut y = left.next().ok_or_else(|| Problem::malformed("at least one input", "none"))?;
    for operand in left {
        y = node.builder.layer(Arithmetic::new(kind), &[y, operand])?;
    }
    Ok(operands.result(y).typed(element))
}

fn mean<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let sum = joined(node, ArithmeticKind::Add)?;
    let scale = 1.0 / node.inputs.len() as f32;
    node.elementwise(Function::new(MathFunction::Affine { scale, offset: 0.0 }), &sum)
}

/// A slope for each channel is Keras's layer; every other one is a second operand.
fn parametric_relu<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = input(node, 0)?;
    let Value::Known(slope) = node.value(1)?.clone() else {
        return pair(node, ArithmeticKind::ParametricRelu);
    };
    let slope = match (node.opset, slope.rank()) {
        // The first versions give a vector of channels.
        (..=6, 1) if x.rank() > 2 && slope.len() > 1 => {
            slope.reshaped([vec![slope.len()], vec![1; x.rank() - 2]].concat())
        }
        _ => slope,
    };
    if !of_channels(node, &x, &slope) {
        node.inputs[1] = Some(Value::Known(slope));
        return pair(node, ArithmeticKind::ParametricRelu);
    }
    let x = node.channels_last(&x)?;
    let shared: Vec<i64> = (1..x.rank() as i64 - 1).collect();
    let layer = if shared.is_empty() { PReLU::new() } else { PReLU::new().shared_axes(shared) };
    let alpha = slope.reshaped(vec![slope.len()]);
    let shape = [vec![1; x.rank() - 2], vec![slope.len()]].concat();
    let alpha = alpha.to_tensor_as(&Order::plain(1), shape)?;
    let symbol = node.weighted(layer, &x.symbol, vec![alpha])?;
    Ok(vec![Value::Variable(x.with(symbol))])
}

/// Whether there is one slope for each channel (axis 1) of a batch.
fn of_channels(node: &Node<'_, '_>, x: &Variable, slope: &Array<'_>) -> bool {
    let rank = x.rank();
    if rank < 2 || slope.rank() > rank || slope.rank() + 1 < rank || x.order.place_of(0) != 0 {
        return false;
    }
    let shape = [vec![1; rank - slope.rank()], slope.shape().to_vec()].concat();
    let others = (0..rank).all(|axis| axis == 1 || shape[axis] == 1);
    others && shape[1] > 1 && node.size(x, 1).is_ok_and(|channels| channels == shape[1])
}
