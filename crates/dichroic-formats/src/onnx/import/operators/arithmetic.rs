//! Add, Sub, Mul, Div where Keras has a layer for it: branches that meet, and constants for each channel.

use dichroic::layers::{Add, Multiply, PerChannel, Rescaling, Subtract};
use dichroic::model::LayerRef;

use super::{Operator, Value, pairs};
use crate::error::Located;
use crate::onnx::import::{Array, Entry, Node, Variable};

pub(super) const OPERATORS: &[Operator] = &[
    ("Add", 1..=23, |node| combine(node, Kind::Add)),
    ("Div", 1..=23, |node| combine(node, Kind::Divide)),
    ("Mul", 1..=23, |node| combine(node, Kind::Multiply)),
    ("Sub", 1..=23, |node| combine(node, Kind::Subtract)),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Add,
    Subtract,
    Multiply,
    Divide,
}

fn combine<'a>(node: &mut Node<'_, 'a>, kind: Kind) -> Result<Vec<Value<'a>>, Located> {
    let whole = !node.element(0)?.is_float();
    if kind == Kind::Divide && whole {
        return pairs::divide(node);
    }
    let made = match (node.value(0)?.clone(), node.value(1)?.clone()) {
        (Value::Variable(a), Value::Variable(b)) => meet(node, kind, &a, &b)?,
        (Value::Variable(x), Value::Known(by)) => {
            rescale(node, &x, factors(kind, &by, Side::Right)?)?
        }
        (Value::Known(by), Value::Variable(x)) => {
            rescale(node, &x, factors(kind, &by, Side::Left)?)?
        }
        (Value::Known(_), Value::Known(_)) => None,
    };
    match made {
        Some(y) => Ok(vec![Value::Variable(y)]),
        None => match kind {
            Kind::Add => pairs::add(node),
            Kind::Subtract => pairs::subtract(node),
            Kind::Multiply => pairs::multiply(node),
            Kind::Divide => pairs::divide(node),
        },
    }
}

/// Two branches of the same rank, which Keras's merging layers take.
fn meet(
    node: &mut Node<'_, '_>,
    kind: Kind,
    a: &Variable,
    b: &Variable,
) -> Result<Option<Variable>, Located> {
    let layer: LayerRef = match kind {
        Kind::Add => Add::new().into(),
        Kind::Multiply => Multiply::new().into(),
        Kind::Subtract => Subtract::new().into(),
        Kind::Divide => return Ok(None),
    };
    if a.rank() != b.rank() || a.rank() == 0 {
        return Ok(None);
    }
    // The larger one keeps its place in memory; a map for each item is larger than one number for each channel.
    let long = |x: &Variable| x.sizes().iter().filter(|&&size| size != Entry::Known(1)).count();
    let (a, b) = match long(b) > long(a) {
        true => (node.in_order(a, &b.order)?, node.settled(b)?),
        false => (node.settled(a)?, node.in_order(b, &a.order)?),
    };
    let symbol = node.builder.layer(layer, &[a.symbol.clone(), b.symbol])?;
    Ok(Some(a.with(symbol)))
}

/// On which side of the operator the constant stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// `scale · x + offset`, one number for all or an array that stretches over `x`.
struct Factors<'a> {
    array: Array<'a>,
    scale: OfConstant,
    offset: OfConstant,
}

/// What becomes of each value of a constant.
type OfConstant = fn(f32) -> f32;

/// What a constant does to `x`; `None` for a constant divided by `x`.
fn factors<'a>(kind: Kind, by: &Array<'a>, side: Side) -> Result<Option<Factors<'a>>, Located> {
    let (scale, offset): (OfConstant, OfConstant) = match (kind, side) {
        (Kind::Add, _) => (|_| 1.0, |c| c),
        (Kind::Subtract, Side::Right) => (|_| 1.0, |c| -c),
        (Kind::Subtract, Side::Left) => (|_| -1.0, |c| c),
        (Kind::Multiply, _) => (|c| c, |_| 0.0),
        (Kind::Divide, Side::Right) => (|c| 1.0 / c, |_| 0.0),
        (Kind::Divide, Side::Left) => return Ok(None),
    };
    Ok(Some(Factors { array: by.clone(), scale, offset }))
}

/// `Rescaling`, where the constant is one number or one for each channel at the last place of memory.
fn rescale(
    node: &mut Node<'_, '_>,
    x: &Variable,
    factors: Option<Factors<'_>>,
) -> Result<Option<Variable>, Located> {
    let Some(Factors { array, scale, offset }) = factors else { return Ok(None) };
    let single = array.len() == 1;
    if array.is_open() || x.rank() == 0 || array.rank() > x.rank() {
        return Ok(None);
    }
    if !single {
        let missing = x.rank() - array.rank();
        let mut long = (0..array.rank()).filter(|&axis| array.shape()[axis] != 1);
        let (Some(axis), None) = (long.next(), long.next()) else { return Ok(None) };
        let lies_last = x.order.place_of(axis + missing) + 1 == x.rank();
        let suits = x.size(axis + missing) == Entry::Known(array.len() as i64);
        if !lies_last || !suits {
            return Ok(None);
        }
    }
    let x = if single { x.clone() } else { node.settled(x)? };
    let values = array.to_floats()?;
    let per_channel = |function: fn(f32) -> f32| {
        let values: Vec<f64> = values.iter().map(|&value| function(value).into()).collect();
        match values.iter().all(|value| *value == values[0]) {
            true => PerChannel::All(values[0]),
            false => PerChannel::Each(values),
        }
    };
    // A configuration holds no infinities.
    let finite = values.iter().all(|&c| scale(c).is_finite() && offset(c).is_finite());
    if !finite {
        return Ok(None);
    }
    let layer = Rescaling::new(per_channel(scale)).offset(per_channel(offset));
    let symbol = node.layer(layer, &x.symbol)?;
    Ok(Some(x.with(symbol)))
}
