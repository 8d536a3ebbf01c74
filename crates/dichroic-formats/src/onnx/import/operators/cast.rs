//! Values of another type: Cast, CastLike.
//!
//! All values are `f32` inside, so that a cast does what the type asks for: fractions are cut off, truth becomes 0 and 1,
//! whole numbers that don't fit a narrower type wrap around, and the 16-bit types round.

use dichroic::layers::{Function, MathFunction};

use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{ElementType, Node, Variable};

pub(super) const OPERATORS: &[Operator] =
    &[("Cast", 6..=23, cast), ("CastLike", 15..=23, cast_like)];

fn cast<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let to = node.attributes.int("to")?;
    let to = to.ok_or_else(|| Problem::malformed("attribute to", "none"))?;
    to_element(node, ElementType::from_number(to)?)
}

fn cast_like<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let to = node.element(1)?;
    to_element(node, to)
}

fn to_element<'a>(node: &mut Node<'_, 'a>, to: ElementType) -> Result<Vec<Value<'a>>, Located> {
    // It only tells what becomes of numbers too large for 8-bit floats.
    node.attributes.ignore("saturate");
    let x = node.variable(0)?;
    converted(node, &x, to).map(|y| vec![Value::Variable(y)])
}

/// The value as one of another type.
pub(super) fn converted(
    node: &mut Node<'_, '_>,
    x: &Variable,
    to: ElementType,
) -> Result<Variable, Located> {
    let from = x.element;
    let functions: &[MathFunction] = match to {
        _ if from == to => &[],
        // Twice not is 1 for whatever is not 0.
        ElementType::Bool => &[MathFunction::Not, MathFunction::Not],
        ElementType::Float16 => &[MathFunction::Float16],
        ElementType::BFloat16 => &[MathFunction::Bfloat16],
        ElementType::Float32 | ElementType::Float64 => &[],
        _ if from.is_float() => &[MathFunction::Trunc],
        _ => &[],
    };
    let mut y = x.clone();
    for &function in functions {
        let symbol = node.layer(Function::new(function), &y.symbol)?;
        y = y.with(symbol);
    }
    let y = y.typed(to);
    if from.is_float() || holds(to, from) { Ok(y) } else { wrapped(node, &y) }
}

/// Whether every whole number of one type is one of another.
fn holds(to: ElementType, from: ElementType) -> bool {
    match (to.range(), from.range()) {
        (Some(to), Some(from)) => to.0 <= from.0 && from.1 <= to.1,
        _ => true,
    }
}

/// Whole numbers beyond the range of their type counted on from its other end; types of 32 bits and more, which
/// `f32` can't count through, are left alone.
pub(super) fn wrapped(node: &mut Node<'_, '_>, x: &Variable) -> Result<Variable, Located> {
    let Some((least, greatest)) = x.element.range() else { return Ok(x.clone()) };
    if greatest >= 1 << 24 {
        return Ok(x.clone());
    }
    let (least, count) = (least as f32, (greatest - least + 1) as f32);
    // x - count · ⌊(x - least) / count⌋; exact, since count is a power of two.
    let turns = MathFunction::Affine { scale: 1.0 / count, offset: -least / count };
    let turns = node.layer(Function::new(turns), &x.symbol)?;
    let turns = node.layer(Function::new(MathFunction::Floor), &turns)?;
    let too_much = MathFunction::Affine { scale: -count, offset: 0.0 };
    let too_much = node.layer(Function::new(too_much), &turns)?;
    let add = dichroic::layers::Arithmetic::new(dichroic::layers::ArithmeticKind::Add);
    let symbol = node.builder.layer(add, &[x.symbol.clone(), too_much])?;
    Ok(x.with(symbol))
}
