//! Values along an axis made to sum to 1: Softmax, LogSoftmax, Hardmax.
//!
//! Before version 13 the value is seen as a matrix: all axes from `axis` on are one.

use dichroic::layers::{
    Activation, ArgExtreme, Arithmetic, ArithmeticKind, OneHotAxis, ReshapeAll, Softmax,
};

use super::axes::{place, places};
use super::broadcast::input;
use super::reduction::log_of_exponentials;
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Entry, Node, Variable, resolve};

pub(super) const OPERATORS: &[Operator] = &[
    ("Hardmax", 1..=23, hardmax),
    ("LogSoftmax", 1..=23, log_softmax),
    ("Softmax", 1..=23, softmax),
];

/// The axes that sum to 1 together.
fn axes(node: &Node<'_, '_>, x: &Variable) -> Result<Vec<usize>, Located> {
    if node.opset >= 13 {
        return Ok(vec![resolve(node.attributes.int_or("axis", -1)?, x.rank())?]);
    }
    let axis = node.attributes.int_or("axis", 1)?;
    // A matrix may have all its values in one column.
    let first = if axis == x.rank() as i64 { x.rank() } else { resolve(axis, x.rank())? };
    Ok((first..x.rank()).filter(|&axis| x.size(axis) != Entry::Known(1)).collect())
}

fn softmax<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = input(node, 0)?;
    let axes = axes(node, &x)?;
    let last = x.rank() as i64 - 1;
    let layer = match places(&x, &axes)[..] {
        // One value alone is 1.
        [] if x.rank() > 0 => Softmax::new().axis(place(&x, x.rank() - 1)),
        [place] if place == last => Softmax::new(),
        [place] => Softmax::new().axis(place),
        ref places => Softmax::new().axis(places.to_vec()),
    };
    node.elementwise(layer, &x)
}

fn log_softmax<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = input(node, 0)?;
    let axes = axes(node, &x)?;
    if places(&x, &axes) == [x.rank() as i64 - 1] {
        return node.elementwise(Activation::new("log_softmax"), &x);
    }
    let sum = log_of_exponentials(node, &x, &axes)?;
    let subtract = Arithmetic::new(ArithmeticKind::Subtract);
    let symbol = node.builder.layer(subtract, &[x.symbol.clone(), sum])?;
    Ok(vec![Value::Variable(x.with(symbol))])
}

/// 1 at the first of the greatest values, 0 elsewhere.
fn hardmax<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = input(node, 0)?;
    let axes = axes(node, &x)?;
    if let [axis] = axes[..] {
        let symbol = greatest(node, &x, axis)?;
        return Ok(vec![Value::Variable(x.with(symbol))]);
    }
    let x = node.plain(&x)?;
    let first = x.rank() - axes.len();
    let sizes = (0..x.rank()).map(|axis| node.size(&x, axis)).collect::<Result<Vec<_>, _>>()?;
    let shape = |sizes: &[usize]| -> Result<Vec<i64>, Located> {
        let sizes = sizes.iter().map(|&size| i64::try_from(size));
        sizes.collect::<Result<_, _>>().map_err(|e| Problem::malformed("sizes", e).into())
    };
    let row = sizes[first..].iter().product();
    let matrix =
        node.layer(ReshapeAll::new(shape(&[sizes[..first].iter().product(), row])?), &x.symbol)?;
    let matrix = Variable::plain(matrix, x.element);
    let marked = greatest(node, &matrix, 1)?;
    let symbol = node.layer(ReshapeAll::new(shape(&sizes)?), &marked)?;
    Ok(vec![Value::Variable(x.with(symbol))])
}

fn greatest(
    node: &mut Node<'_, '_>,
    x: &Variable,
    axis: usize,
) -> Result<dichroic::model::Symbol, Located> {
    let depth = node.size(x, axis)?;
    let place = place(x, axis);
    let index = node.layer(ArgExtreme::largest(place).keepdims(false), &x.symbol)?;
    node.layer(OneHotAxis::new(depth, place), &index)
}
