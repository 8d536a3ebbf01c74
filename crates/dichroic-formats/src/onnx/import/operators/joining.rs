//! `Concat`: values side by side along an axis.

use dichroic::Tensor;
use dichroic::layers::{Add, Concatenate, Constant, PadAxes, PadMode};

use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, Entry, Node, Order, Variable, resolve};

pub(super) const OPERATORS: &[Operator] = &[("Concat", 4..=23, concat)];

fn concat<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let parts =
        (0..node.inputs.len()).map(|i| node.value(i).cloned()).collect::<Result<Vec<_>, _>>()?;
    let first = parts.iter().find_map(|part| match part {
        Value::Variable(variable) => Some(variable.clone()),
        Value::Known(_) => None,
    });
    let first = match first {
        Some(first) => node.settled(&first)?,
        None => node.variable(0)?,
    };
    let axis = resolve(node.attributes.int_or("axis", 1)?, first.rank())?;
    if let [_] = parts[..] {
        return Ok(vec![Value::Variable(first)]);
    }
    let open = matches!(first.size(0), Entry::Batch(_)) && axis != 0;
    if open && parts.iter().any(|part| matches!(part, Value::Known(_))) {
        return beside_constants(node, &first, &parts, axis).map(|y| vec![Value::Variable(y)]);
    }
    let mut symbols = Vec::with_capacity(parts.len());
    for part in &parts {
        let part = match part {
            Value::Known(array) => node.constant(array, &first.order)?,
            Value::Variable(variable) => node.in_order(variable, &first.order)?,
        };
        symbols.push(part.symbol);
    }
    let place = first.order.place_of(axis);
    let layer = match place + 1 == first.rank() {
        true => Concatenate::new(),
        false => Concatenate::new().axis(place as i64),
    };
    let symbol = node.builder.layer(layer, &symbols)?;
    Ok(vec![Value::Variable(first.with(symbol))])
}

/// Constants beside values of every item: zeros make room for them, and they are added.
fn beside_constants<'a>(
    node: &mut Node<'_, 'a>,
    first: &Variable,
    parts: &[Value<'a>],
    axis: usize,
) -> Result<Variable, Located> {
    let size = |part: &Value<'_>| match part.sizes().get(axis) {
        Some(Entry::Known(size)) => Ok(*size),
        _ => Err(node.unsupported("an open axis beside constants", "give its size with --input")),
    };
    let sizes = parts.iter().map(size).collect::<Result<Vec<i64>, _>>()?;
    let total: i64 = sizes.iter().sum();
    let place = first.order.place_of(axis);
    let mut before = 0;
    let mut sum: Option<Variable> = None;
    for (part, &size) in parts.iter().zip(&sizes) {
        let room = [before, total - before - size];
        before += size;
        let widened = match part {
            Value::Variable(variable) => {
                let x = node.in_order(variable, &first.order)?;
                let mut padding = vec![[0, 0]; x.rank()];
                padding[place] = room;
                let symbol =
                    node.beside("room", PadAxes::new(padding, PadMode::Constant), &x.symbol)?;
                x.with(symbol)
            }
            Value::Known(array) => constant(node, array, &first.order, (place, room))?,
        };
        sum = Some(match sum {
            None => widened,
            Some(sum) => {
                let symbol = node.builder.layer(Add::new(), &[sum.symbol, widened.symbol])?;
                first.with(symbol)
            }
        });
    }
    sum.ok_or_else(|| Problem::malformed("inputs", "none").into())
}

/// A constant with zeros before and after it along a place of memory.
fn constant<'a>(
    node: &mut Node<'_, 'a>,
    array: &Array<'a>,
    order: &Order,
    (place, [before, after]): (usize, [i64; 2]),
) -> Result<Variable, Located> {
    let value = array.to_tensor(order)?;
    let mut shape = value.shape().to_vec();
    let block: usize = shape[place..].iter().product();
    let step: usize = shape[place + 1..].iter().product();
    shape[place] += (before + after) as usize;
    let mut data = Vec::new();
    for row in value.data().chunks(block.max(1)) {
        data.resize(data.len() + before as usize * step, 0.0);
        data.extend_from_slice(row);
        data.resize(data.len() + after as usize * step, 0.0);
    }
    let value = Tensor::new(shape.clone(), data)
        .map_err(|error| Problem::malformed("a constant of the others' sizes", error))?;
    let anchor = node.builder.anchor();
    let symbol = node.builder.weighted(Constant::new(shape), &[anchor], vec![value])?;
    Ok(Variable::plain(symbol, array.element()).ordered(order.clone()))
}
