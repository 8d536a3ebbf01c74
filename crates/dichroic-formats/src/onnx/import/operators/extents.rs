//! Axes that come, go or grow while values stay as they are: Squeeze, Unsqueeze, Expand, Tile.

use dichroic::layers::{BroadcastTo, ExpandDims, Squeeze, Tile};

use super::axes::{named, places, resolved};
use super::broadcast::{input, with_leading_axes};
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Entry, Node, Order, Variable};

pub(super) const OPERATORS: &[Operator] = &[
    ("Expand", 8..=23, expand),
    ("Squeeze", 1..=23, squeeze),
    ("Tile", 6..=23, tile),
    ("Unsqueeze", 1..=23, unsqueeze),
];

fn squeeze<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = input(node, 0)?;
    let axes = match named(node, 1)? {
        Some(axes) => resolved(&axes, x.rank())?,
        None => (0..x.rank()).filter(|&axis| x.size(axis) == Entry::Known(1)).collect(),
    };
    squeezed(node, &x, &axes).map(|y| vec![Value::Variable(y)])
}

/// The value without these axes, all of size 1.
pub(super) fn squeezed(
    node: &mut Node<'_, '_>,
    x: &Variable,
    axes: &[usize],
) -> Result<Variable, Located> {
    if axes.is_empty() {
        return Ok(x.clone());
    }
    let symbol = node.layer(Squeeze::new(places(x, axes)), &x.symbol)?;
    Ok(x.with(symbol).ordered(x.order.without(axes)))
}

fn unsqueeze<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = input(node, 0)?;
    let axes = named(node, 1)?.ok_or_else(|| Problem::malformed("axes", "none"))?;
    let axes = resolved(&axes, x.rank() + axes.len())?;
    unsqueezed(node, &x, &axes).map(|y| vec![Value::Variable(y)])
}

/// The value with new axes of size 1, which are these of the result, in rising order.
pub(super) fn unsqueezed(
    node: &mut Node<'_, '_>,
    x: &Variable,
    axes: &[usize],
) -> Result<Variable, Located> {
    let order = with_new_axes(&x.order, axes);
    let places: Vec<i64> = axes.iter().map(|&axis| order.place_of(axis) as i64).collect();
    let symbol = node.layer(ExpandDims::new(places), &x.symbol)?;
    Ok(x.with(symbol).ordered(order))
}

/// The order with new axes, each right before the axis that follows it in ONNX's order, so that channels stay last.
fn with_new_axes(order: &Order, axes: &[usize]) -> Order {
    let rank = order.rank() + axes.len();
    let kept: Vec<usize> = (0..rank).filter(|axis| !axes.contains(axis)).collect();
    let mut places: Vec<usize> = order.places().iter().map(|&axis| kept[axis]).collect();
    for &axis in axes.iter().rev() {
        let follower = places.iter().position(|&other| other == axis + 1);
        let leader = places.iter().position(|&other| axis > 0 && other == axis - 1);
        let place = match (follower, leader) {
            (Some(place), _) => place,
            // The last axis of ONNX comes behind the one before it.
            (None, Some(place)) => place + 1,
            (None, None) => places.len(),
        };
        places.insert(place, axis);
    }
    Order::new(places)
}

/// Repeats axes of size 1 until the value has the shape, by numpy's rules in both directions.
fn expand<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let target = node.known(1)?;
    let target = target.to_entries().ok_or_else(|| Problem::malformed("a shape", "fractions"))?;
    let x = input(node, 0)?;
    let x = with_leading_axes(node, &x, target.len().saturating_sub(x.rank()))?;
    let missing = x.rank() - target.len();
    let own = node.sizes(&x);
    let mut sizes = Vec::with_capacity(x.rank());
    for &axis in x.order.places() {
        let wanted = axis.checked_sub(missing).map_or(Entry::Known(1), |axis| target[axis]);
        sizes.push(match (wanted, own[axis]) {
            (Entry::Known(1), _) => -1,
            (Entry::Known(size), _) => size,
            (wanted, size) if wanted.agrees(size) => -1,
            (wanted, size) => {
                let what = format!("stretching an axis of size {size} to {wanted}");
                return Err(
                    node.unsupported(&what, "give the sizes of the model's inputs with --input")
                );
            }
        });
    }
    if sizes.iter().all(|&size| size == -1) {
        return Ok(vec![Value::Variable(x)]);
    }
    let symbol = node.layer(BroadcastTo::new(sizes), &x.symbol)?;
    Ok(vec![Value::Variable(x.with(symbol))])
}

fn tile<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let repeats = node.known_whole(1)?;
    let x = input(node, 0)?;
    if repeats.len() != x.rank() {
        return Err(Problem::malformed(format!("{} repeats", x.rank()), repeats.len()).into());
    }
    let of_place = x.order.places().iter().map(|&axis| usize::try_from(repeats[axis]));
    let of_place: Vec<usize> = of_place
        .collect::<Result<_, _>>()
        .map_err(|_| Problem::malformed("repeats of at least 0", format!("{repeats:?}")))?;
    let symbol = node.layer(Tile::new(of_place), &x.symbol)?;
    Ok(vec![Value::Variable(x.with(symbol))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_axis_of_space_leaves_channels_last() {
        let order = Order::channels_last(4);
        assert_eq!(with_new_axes(&order, &[2]), Order::channels_last(5));
        assert_eq!(with_new_axes(&order, &[4]), Order::channels_last(5));
        assert!(with_new_axes(&Order::plain(2), &[0, 3]).is_plain());
        assert!(with_new_axes(&Order::plain(0), &[0, 1]).is_plain());
    }
}
