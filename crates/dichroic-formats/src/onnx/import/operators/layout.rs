//! Operators that only say how values lie: Reshape, Flatten, Transpose, Identity, Dropout, Shape, Size.
//!
//! A Transpose is noted in the order of the value and nothing moves. A Reshape moves values only where it joins
//! axes that don't lie side by side; a flattened feature map is left as it lies until somebody needs ONNX's order.

use dichroic::layers::{Flatten, Function, MathFunction, Reshape, ReshapeAll};

use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::regroup::{Regrouping, target};
use crate::onnx::import::{Array, ElementType, Entry, Flattened, Node, Order, Variable, resolve};

pub(super) const OPERATORS: &[Operator] = &[
    ("Dropout", 7..=23, dropout),
    ("Flatten", 1..=23, flatten),
    ("Identity", 1..=23, identity),
    ("Reshape", 5..=23, reshape),
    ("Shape", 1..=23, shape),
    ("Size", 1..=23, size),
    ("Transpose", 1..=23, transpose),
];

fn identity<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    Ok(vec![node.value(0)?.clone()])
}

/// Passes everything: a file is a model that has learned. Its mask is true everywhere.
fn dropout<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    for attribute in ["ratio", "seed"] {
        node.attributes.ignore(attribute);
    }
    if node.known_optional(2)?.is_some_and(|training| training.single() != Some(0.0)) {
        return Err(node.unsupported("Dropout that trains", "export the model for inference"));
    }
    let mut made = identity(node)?;
    if node.outputs > 1 {
        let x = node.variable(0)?;
        // 1 whatever the value is, which may be no number.
        let is_none = node.beside("mask", Function::new(MathFunction::IsNan), &x.symbol)?;
        let one = MathFunction::Affine { scale: 0.0, offset: 1.0 };
        let mask = node.beside("mask", Function::new(one), &is_none)?;
        made.push(Value::Variable(x.with(mask).typed(ElementType::Bool)));
    }
    Ok(made)
}

fn transpose<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = node.variable(0)?;
    let x = node.settled(&x)?;
    let permutation = permutation(node, x.rank())?;
    let order = x.order.transposed(&permutation);
    Ok(vec![Value::Variable(x.ordered(order))])
}

/// The axes in their new order; all of them backwards by default.
pub(in crate::onnx::import) fn permutation(
    node: &Node<'_, '_>,
    rank: usize,
) -> Result<Vec<usize>, Located> {
    let Some(given) = node.attributes.ints("perm")? else { return Ok((0..rank).rev().collect()) };
    let axes = given.iter().map(|&axis| resolve(axis, rank)).collect::<Result<Vec<_>, _>>()?;
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    if sorted.into_iter().eq(0..rank) {
        return Ok(axes);
    }
    let expected = format!("perm with each of the {rank} axes once");
    Err(Problem::malformed(expected, format!("{given:?}")).into())
}

fn shape<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let sizes = node.input_sizes(0)?;
    let rank = sizes.len() as i64;
    // Out of range means to the end, as Python's slices do.
    let bound = |axis: i64| (if axis < 0 { axis + rank } else { axis }).clamp(0, rank) as usize;
    let start = bound(node.attributes.int_or("start", 0)?);
    let end = bound(node.attributes.int_or("end", rank)?);
    let sizes = sizes.get(start..end).unwrap_or_default().to_vec();
    Ok(vec![Value::Known(Array::list(sizes))])
}

fn size<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let count = node.input_sizes(0)?.into_iter().fold(Entry::Known(1), Entry::times);
    Ok(vec![Value::Known(Array::list(vec![count]).reshaped(Vec::new()))])
}

fn flatten<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = node.variable(0)?;
    let rank = x.rank() as i64;
    let axis = node.attributes.int_or("axis", 1)?;
    let axis = if axis < 0 { axis + rank } else { axis };
    if !(0..=rank).contains(&axis) {
        return Err(Problem::malformed(format!("an axis from -{rank} to {rank}"), axis).into());
    }
    let sizes = node.sizes(&x);
    let (rows, columns) = sizes.split_at(axis as usize);
    let product = |sizes: &[Entry]| sizes.iter().copied().fold(Entry::Known(1), Entry::times);
    reshaped(node, &x, vec![product(rows), product(columns)]).map(|y| vec![Value::Variable(y)])
}

fn reshape<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = node.variable(0)?;
    let given = node.known(1)?;
    let given = given.to_entries().ok_or_else(|| Problem::malformed("a shape", "fractions"))?;
    let zero_copies = !node.attributes.flag("allowzero")?;
    let sizes = target(&node.sizes(&x), &given, zero_copies)?;
    reshaped(node, &x, sizes).map(|y| vec![Value::Variable(y)])
}

/// The value under another shape, in ONNX's order of values.
pub(in crate::onnx::import) fn reshaped(
    node: &mut Node<'_, '_>,
    x: &Variable,
    sizes: Vec<Entry>,
) -> Result<Variable, Located> {
    let before = node.sizes(x);
    if before == sizes {
        return Ok(x.clone());
    }
    if let Some(origin) = x.before.as_deref()
        && agree(&node.sizes(origin), &sizes)
    {
        return Ok(origin.clone());
    }
    let origin = x.before.clone().unwrap_or_else(|| Box::new(x.clone()));
    let x = node.settled(x)?;
    let groups = Regrouping::new(&before, &sizes)?;
    let (needed, order) = groups.orders(&x.order);
    let lies = in_sequence(&x, &needed);
    let flattened = match () {
        () if lies => None,
        () => flattening(&x, &sizes),
    };
    let x = match lies || flattened.is_some() {
        true => x,
        false => node.in_order(&x, &needed)?,
    };
    // One number for each channel lies the same in every order: the one that convolutions want is free.
    let channels = sizes.len() > 2 && sizes[2..].iter().all(|&size| size == Entry::Known(1));
    let order =
        if channels && order.is_plain() { Order::channels_last(sizes.len()) } else { order };
    let places: Vec<Entry> = order.places().iter().map(|&axis| sizes[axis]).collect();
    let batch = match places.first() {
        Some(Entry::Batch(times)) => *times,
        _ => 1,
    };
    let before = node.sizes(&x);
    let before: Vec<Entry> = x.order.places().iter().map(|&axis| before[axis]).collect();
    let symbol = match layer(&before, &places)? {
        None => x.symbol.clone(),
        Some(Shaping::Flatten) => node.layer(Flatten::new(), &x.symbol)?,
        Some(Shaping::Items(sizes)) => node.layer(Reshape::new(sizes), &x.symbol)?,
        Some(Shaping::All(sizes)) => node.layer(ReshapeAll::new(sizes), &x.symbol)?,
    };
    Ok(Variable { symbol, order, element: x.element, batch, flattened, before: Some(origin) })
}

fn agree(a: &[Entry], b: &[Entry]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.agrees(*b))
}

/// Whether memory already holds the axes in this sequence; those of size 1 lie everywhere.
fn in_sequence(x: &Variable, needed: &Order) -> bool {
    let long = |order: &Order| -> Vec<usize> {
        let axes = order.places().iter().copied();
        axes.filter(|&axis| x.size(axis) != Entry::Known(1)).collect()
    };
    long(&x.order) == long(needed)
}

/// A feature map that becomes one row for each item is left as it lies.
fn flattening(x: &Variable, sizes: &[Entry]) -> Option<Flattened> {
    let items = x.order.place_of(0) == 0 && sizes.len() == 2 && sizes[0] == x.size(0);
    let shape = (1..x.rank()).map(|axis| x.size(axis).known()?.try_into().ok());
    let shape: Option<Vec<usize>> = shape.collect();
    let order = x.order.without(&[0]);
    items.then_some(shape).flatten().map(|shape| Flattened { shape, order })
}

/// Whether the open axis at a place is the one that was there before. Where that can't be told: as many are open as
/// before, and as many of them in front of it.
fn stays(before: &[Entry], after: &[Entry], place: usize) -> bool {
    if after[place] != Entry::Unknown {
        return before.get(place).is_some_and(|size| size.agrees(after[place]));
    }
    let open = |sizes: &[Entry]| sizes.iter().filter(|&&size| size == Entry::Unknown).count();
    let front = before.get(..place).map(open) == Some(open(&after[..place]));
    front && open(before) == open(after) && before.get(place) == Some(&after[place])
}

enum Shaping {
    Flatten,
    /// Sizes after the batch.
    Items(Vec<i64>),
    /// Sizes of all axes.
    All(Vec<i64>),
}

/// The layer that gives memory these sizes; `None` if it has them.
fn layer(before: &[Entry], places: &[Entry]) -> Result<Option<Shaping>, Located> {
    if before == places {
        return Ok(None);
    }
    let open = places.iter().filter(|entry| entry.known().is_none()).count();
    let keeps_items = !places.is_empty() && before.first() == places.first();
    if keeps_items && places.len() == 2 && places[1].known().is_some() {
        return Ok(Some(Shaping::Flatten));
    }
    let sized = |entry: &Entry| entry.known().unwrap_or(-1);
    let others = open - usize::from(places.first().is_some_and(|first| first.known().is_none()));
    if keeps_items && others <= 1 && places[1..].iter().all(|entry| *entry != Entry::Known(0)) {
        return Ok(Some(Shaping::Items(places[1..].iter().map(sized).collect())));
    }
    if open <= 1 {
        return Ok(Some(Shaping::All(places.iter().map(sized).collect())));
    }
    // Axes that stay at their places are copied, one of the others may follow from the rest.
    let mut sizes = Vec::with_capacity(places.len());
    for (place, entry) in places.iter().enumerate() {
        sizes.push(match entry.known() {
            Some(size) => size,
            None if stays(before, places, place) => 0,
            None => -1,
        });
    }
    if sizes.iter().filter(|&&size| size == -1).count() <= 1 {
        return Ok(Some(Shaping::All(sizes)));
    }
    Err(Problem::Unsupported {
        what: "a Reshape with several open sizes".to_owned(),
        fix: "give the sizes of the model's inputs with --input".to_owned(),
    }
    .into())
}
