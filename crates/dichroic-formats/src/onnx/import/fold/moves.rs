//! Known values in other shapes and places.

use super::{FoldFn, checked_len, known, places, strides};
use crate::error::{Located, Problem};
use crate::onnx::import::operators::layout::permutation;
use crate::onnx::import::regroup::target;
use crate::onnx::import::{Array, Entry, Node, Order, Value, open_size, resolve};
use crate::onnx::proto::value_count;

pub(super) const FOLDS: &[(&str, FoldFn)] = &[
    ("Concat", concat),
    ("Expand", expand),
    ("Flatten", flatten),
    ("Gather", gather),
    ("Identity", identity),
    ("Reshape", reshape),
    ("Squeeze", squeeze),
    ("Transpose", transpose),
    ("Unsqueeze", unsqueeze),
];

type Folded<'a> = Result<Option<Vec<Value<'a>>>, Located>;

fn identity<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    known(node.known(0)?)
}

fn transpose<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let x = node.known(0)?;
    let order = Order::new(permutation(node, x.rank())?);
    let shape = order.places().iter().map(|&axis| x.shape()[axis]).collect();
    let places = order.gather(x.shape(), |place| place);
    known(x.picked(shape, places.into_iter()))
}

fn reshape<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let (x, given) = (node.known(0)?, node.known(1)?);
    let given = given.to_entries().ok_or_else(|| Problem::malformed("a shape", "fractions"))?;
    let given = of_one_item(&given);
    let zero_copies = !node.attributes.flag("allowzero")?;
    let sizes: Vec<Entry> = x.shape().iter().map(|&size| Entry::Known(size as i64)).collect();
    let shape = sized(&target(&sizes, &given, zero_copies)?)?;
    // Sizes whose product can't be counted pass for open ones until here.
    if value_count(&shape)? != x.len() {
        let expected = format!("a shape for {} values", x.len());
        return Err(Problem::malformed(expected, format!("{shape:?}")).into());
    }
    known(x.reshaped(shape))
}

fn flatten<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let x = node.known(0)?;
    let axis = node.attributes.int_or("axis", 1)?;
    let axis = if axis == x.rank() as i64 { x.rank() } else { resolve(axis, x.rank())? };
    let (rows, columns) = x.shape().split_at(axis);
    known(x.reshaped(vec![rows.iter().product(), columns.iter().product()]))
}

/// A shape for one item of the batch, for constants that whatever reads them stretches to all.
pub(super) fn of_one_item(shape: &[Entry]) -> Vec<Entry> {
    let single = |&entry: &Entry| match entry {
        Entry::Batch(times) => Entry::Known(times),
        entry => entry,
    };
    shape.iter().map(single).collect()
}

/// Sizes as an array has them.
pub(super) fn sized(entries: &[Entry]) -> Result<Vec<usize>, Located> {
    let size = |entry: &Entry| match entry.known() {
        Some(size) => usize::try_from(size)
            .map_err(|_| Problem::malformed("a size of at least 0", size).into()),
        None => Err(open_size()),
    };
    entries.iter().map(size).collect()
}

/// The axes of Squeeze and Unsqueeze, an attribute up to version 12 and an input since.
fn named_axes(node: &Node<'_, '_>) -> Result<Option<Vec<i64>>, Located> {
    match node.has(1) {
        true => node.known_whole(1).map(Some),
        false => Ok(node.attributes.ints("axes")?.map(<[i64]>::to_vec)),
    }
}

fn resolved(axes: &[i64], rank: usize) -> Result<Vec<usize>, Located> {
    axes.iter().map(|&axis| resolve(axis, rank)).collect()
}

fn squeeze<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let x = node.known(0)?;
    let gone = match named_axes(node)? {
        Some(axes) => resolved(&axes, x.rank())?,
        None => (0..x.rank()).filter(|&axis| x.shape()[axis] == 1).collect(),
    };
    if let Some(&axis) = gone.iter().find(|&&axis| x.shape()[axis] != 1) {
        let got = format!("axis {axis} of size {}", x.shape()[axis]);
        return Err(Problem::malformed("axes of size 1", got).into());
    }
    let kept = (0..x.rank()).filter(|axis| !gone.contains(axis)).map(|axis| x.shape()[axis]);
    known(x.reshaped(kept.collect()))
}

fn unsqueeze<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let x = node.known(0)?;
    let axes = named_axes(node)?.ok_or_else(|| Problem::malformed("axes", "none"))?;
    let rank = x.rank() + axes.len();
    let axes = resolved(&axes, rank)?;
    let mut sizes = x.shape().iter();
    let shape = (0..rank).map(|axis| match axes.contains(&axis) {
        true => 1,
        false => sizes.next().copied().unwrap_or(1),
    });
    known(x.reshaped(shape.collect()))
}

fn concat<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let first = node.known(0)?;
    let axis = resolve(node.attributes.int_or("axis", 1)?, first.rank())?;
    let parts =
        (0..node.inputs.len()).map(|input| node.known(input)).collect::<Result<Vec<_>, _>>()?;
    let mut shape = first.shape().to_vec();
    shape[axis] = 0;
    for part in &parts {
        let suits = part.rank() == shape.len()
            && (0..shape.len()).all(|a| a == axis || part.shape()[a] == shape[a]);
        if !suits {
            let expected = format!("sizes like {:?} beside axis {axis}", first.shape());
            return Err(Problem::malformed(expected, format!("{:?}", part.shape())).into());
        }
        shape[axis] += part.shape()[axis];
    }
    let outer: usize = shape[..axis].iter().product();
    let block = |part: &Array<'_>| part.shape()[axis..].iter().product::<usize>();
    if parts.iter().all(|part| !part.element().is_float()) {
        let mut entries = Vec::with_capacity(shape.iter().product());
        for row in 0..outer {
            for part in &parts {
                let length = block(part);
                entries.extend_from_slice(&part.rounded_entries()[row * length..][..length]);
            }
        }
        return known(Array::entries(shape, first.element(), entries));
    }
    let floats = parts.iter().map(Array::to_floats).collect::<Result<Vec<_>, _>>()?;
    let mut values = Vec::with_capacity(shape.iter().product());
    for row in 0..outer {
        for (part, floats) in parts.iter().zip(&floats) {
            let length = block(part);
            values.extend_from_slice(&floats[row * length..][..length]);
        }
    }
    known(Array::floats(shape, first.element(), values))
}

/// Picks along an axis; other numbers of indices than one are new axes.
fn gather<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let (x, indices) = (node.known(0)?, node.known(1)?);
    let axis = resolve(node.attributes.int_or("axis", 0)?, x.rank())?;
    let size = x.shape()[axis];
    let chosen = indices.to_whole()?;
    let index = |&index: &i64| {
        let from_front = if index < 0 { index.saturating_add(size as i64) } else { index };
        let found = usize::try_from(from_front).ok().filter(|&index| index < size);
        found.ok_or_else(|| {
            Located::from(Problem::malformed(format!("an index below {size}"), index))
        })
    };
    let chosen = chosen.iter().map(index).collect::<Result<Vec<_>, _>>()?;
    let (outer, inner) = (&x.shape()[..axis], &x.shape()[axis + 1..]);
    let shape = [outer, indices.shape(), inner].concat();
    checked_len(&shape)?;
    let (rows, block) = (outer.iter().product::<usize>(), inner.iter().product::<usize>());
    let picked = (0..rows).flat_map(|row| {
        chosen.iter().flat_map(move |index| {
            let start = (row * size + index) * block;
            start..start + block
        })
    });
    known(x.picked(shape, picked))
}

/// Repeats axes of size 1. Where the target follows from the batch the axis stays as it is: whatever reads it
/// stretches it again.
fn expand<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let (x, target) = (node.known(0)?, node.known(1)?);
    let target = target.to_entries().ok_or_else(|| Problem::malformed("a shape", "fractions"))?;
    let rank = x.rank().max(target.len());
    let aligned = |axis: usize, len: usize| axis.checked_sub(rank - len);
    let mut shape = Vec::with_capacity(rank);
    for axis in 0..rank {
        let own = aligned(axis, x.rank()).map_or(1, |axis| x.shape()[axis]);
        let wanted = aligned(axis, target.len()).map_or(Entry::Known(1), |axis| target[axis]);
        shape.push(match wanted {
            Entry::Known(wanted) if own == 1 => sized(&[Entry::Known(wanted)])?[0],
            _ => own,
        });
    }
    checked_len(&shape)?;
    known(broadcast(&x, &shape))
}

/// The array stretched to a shape that it suits.
pub(super) fn broadcast<'a>(x: &Array<'a>, shape: &[usize]) -> Array<'a> {
    if x.shape() == shape {
        return x.clone();
    }
    let own = strides(x.shape());
    let missing = shape.len() - x.rank();
    let step = |axis: usize| match axis.checked_sub(missing) {
        Some(axis) if x.shape()[axis] != 1 => own[axis] as isize,
        _ => 0,
    };
    let steps = (0..shape.len()).map(step).collect();
    x.picked(shape.to_vec(), places(shape, 0, steps))
}
