//! Values picked by their index: Gather, GatherElements, GatherND.

use dichroic::layers::{Gather, GatherElements, GatherND, Take};

use super::axes::place;
use super::broadcast::input;
use super::extents::squeezed;
use super::layout::reshaped;
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, Entry, Node, Order, Variable, resolve};

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
    let x = input(node, 0)?;
    if let (Value::Known(indices), 0) = (node.value(1)?.clone(), batch_dims)
        && let Some(made) = taken_at(node, &x, &indices)?
    {
        return Ok(vec![Value::Variable(made)]);
    }
    let indices = input(node, 1)?;
    let (x, indices) = (node.plain(&x)?, node.plain(&indices)?);
    let batch_dims = usize::try_from(batch_dims)
        .map_err(|_| Problem::malformed("batch_dims of at least 0", batch_dims))?;
    let layer = GatherND::new(batch_dims);
    let symbol = node.builder.layer(layer, &[x.symbol.clone(), indices.symbol])?;
    Ok(vec![Value::Variable(Variable::plain(symbol, x.element))])
}

/// What lies at known places of the first axes, which are joined for it: other axes, the batch too, stay where they are in
/// memory. `None` if a size among the first axes is open.
///
/// PyTorch's newer exporter writes adaptive pools in this way.
fn taken_at(
    node: &mut Node<'_, '_>,
    x: &Variable,
    indices: &Array<'_>,
) -> Result<Option<Variable>, Located> {
    let Some((&depth, outer)) = indices.shape().split_last() else { return Ok(None) };
    let sizes = x.sizes();
    let (Some(first), Some(others)) = (sizes.get(..depth), sizes.get(depth..)) else {
        let expected = format!("places of at most {} numbers", x.rank());
        return Err(Problem::malformed(expected, depth).into());
    };
    let Some(first) = first.iter().map(Entry::known).collect::<Option<Vec<i64>>>() else {
        return Ok(None);
    };
    if depth == 0 {
        return Ok(None);
    }
    let joined = first.iter().try_fold(1, |product: i64, &size| product.checked_mul(size));
    let joined = joined.ok_or_else(|| Problem::malformed("sizes that can be counted", "more"))?;
    let flat = flat_indices(&indices.to_whole()?, &first)?;
    let x = reshaped(node, x, [&[Entry::Known(joined)], others].concat())?;
    let symbol = node.layer(Take::new(flat, place(&x, 0)), &x.symbol)?;
    let outer = outer.iter().map(|&size| Entry::Known(size as i64));
    let sizes = outer.chain(others.iter().copied()).collect();
    reshaped(node, &x.with(symbol), sizes).map(Some)
}

/// Places along axes of these sizes as places along all of them joined; negative ones count from the end.
fn flat_indices(indices: &[i64], sizes: &[i64]) -> Result<Vec<i64>, Located> {
    let flat = |index: &[i64]| {
        index.iter().zip(sizes).try_fold(0, |flat: i64, (&index, &size)| {
            let from_front = if index < 0 { index.saturating_add(size) } else { index };
            let suits = (0..size).contains(&from_front);
            suits.then(|| flat * size + from_front).ok_or_else(|| {
                Located::from(Problem::malformed(format!("an index below {size}"), index))
            })
        })
    };
    indices.chunks(sizes.len()).map(flat).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_along_several_axes_become_places_along_one() {
        assert_eq!(flat_indices(&[0, 0, 1, 2, -1, -1], &[2, 3]).unwrap(), [0, 5, 5]);
        assert!(flat_indices(&[2, 0], &[2, 3]).is_err());
        assert!(flat_indices(&[0, -4], &[2, 3]).is_err());
    }

    #[test]
    fn the_axes_of_the_indices_stand_where_the_axis_was() {
        let order = Order::channels_last(4);
        assert_eq!(with_axes_of_indices(&order, 2, 2), Order::new(vec![0, 2, 3, 4, 1]));
        assert_eq!(with_axes_of_indices(&order, 2, 1), order);
        assert_eq!(with_axes_of_indices(&order, 1, 0), Order::plain(3));
    }
}
