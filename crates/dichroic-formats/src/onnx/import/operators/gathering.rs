//! Values picked by their index: Gather, GatherElements, GatherND.

use dichroic::layers::{Gather, GatherElements, GatherND, Take};

use super::axes::place;
use super::broadcast::input;
use super::extents::squeezed;
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, Node, Order, Variable, resolve};

pub(super) const OPERATORS: &[Operator] = &[
    ("Gather", 1..=23, gather),
    ("GatherElements", 11..=23, gather_elements),
    ("GatherND", 11..=23, gather_nd),
];

fn gather<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let axis = node.attributes.int_or("axis", 0)?;
    let x = input(node, 0)?;
    let axis = resolve(axis, x.rank())?;
    let made = match node.value(1)?.clone() {
        Value::Known(indices) if indices.rank() < 2 => taken(node, &x, axis, &indices)?,
        _ => {
            let indices = input(node, 1)?;
            let indices = node.plain(&indices)?;
            let layer = Gather::new(place(&x, axis));
            let inputs = [x.symbol.clone(), indices.symbol];
            let symbol = node.builder.layer(layer, &inputs)?;
            x.with(symbol).ordered(with_axes_of_indices(&x.order, axis, indices.order.rank()))
        }
    };
    Ok(vec![Value::Variable(made)])
}

/// What lies at known indices along an axis.
fn taken(
    node: &mut Node<'_, '_>,
    x: &Variable,
    axis: usize,
    indices: &Array<'_>,
) -> Result<Variable, Located> {
    let layer = Take::new(indices.to_whole()?.into_owned(), place(x, axis));
    let symbol = node.layer(layer, &x.symbol)?;
    let made = x.with(symbol);
    if indices.rank() == 0 { squeezed(node, &made, &[axis]) } else { Ok(made) }
}

/// The order of a value whose axis has given place to the axes of its indices.
fn with_axes_of_indices(order: &Order, axis: usize, rank: usize) -> Order {
    let mut places = Vec::with_capacity(order.rank() + rank);
    for &other in order.places() {
        match other {
            other if other < axis => places.push(other),
            other if other > axis => places.push(other + rank - 1),
            _ => places.extend(axis..axis + rank),
        }
    }
    Order::new(places)
}

fn gather_elements<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let axis = node.attributes.int_or("axis", 0)?;
    let (x, indices) = (input(node, 0)?, input(node, 1)?);
    let indices = node.in_order(&indices, &x.order)?;
    let layer = GatherElements::new(place(&x, resolve(axis, x.rank())?));
    let symbol = node.builder.layer(layer, &[x.symbol.clone(), indices.symbol])?;
    Ok(vec![Value::Variable(x.with(symbol))])
}

fn gather_nd<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let batch_dims = node.attributes.int_or("batch_dims", 0)?;
    let (x, indices) = (input(node, 0)?, input(node, 1)?);
    let (x, indices) = (node.plain(&x)?, node.plain(&indices)?);
    let batch_dims = usize::try_from(batch_dims)
        .map_err(|_| Problem::malformed("batch_dims of at least 0", batch_dims))?;
    let layer = GatherND::new(batch_dims);
    let symbol = node.builder.layer(layer, &[x.symbol.clone(), indices.symbol])?;
    Ok(vec![Value::Variable(Variable::plain(symbol, x.element))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axes_of_the_indices_stand_where_the_axis_was() {
        let order = Order::channels_last(4);
        assert_eq!(with_axes_of_indices(&order, 2, 2), Order::new(vec![0, 2, 3, 4, 1]));
        assert_eq!(with_axes_of_indices(&order, 2, 1), order);
        assert_eq!(with_axes_of_indices(&order, 1, 0), Order::plain(3));
    }
}
