//! Parts of a value: Slice, Split.

use dichroic::layers::StridedSlice;

use super::axes::{place, places};
use super::broadcast::input;
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Entry, Node, Variable, resolve};

pub(super) const OPERATORS: &[Operator] = &[("Slice", 1..=23, slice), ("Split", 2..=23, split)];

/// Where slices begin, end, along which axes and in what steps, as the file gives them.
struct Bounds {
    starts: Vec<Entry>,
    stops: Vec<Entry>,
    axes: Vec<i64>,
    steps: Vec<i64>,
}

fn slice<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = input(node, 0)?;
    let bounds =
        if node.opset < 10 { bounds_of_attributes(node)? } else { bounds_of_inputs(node)? };
    let count = bounds.axes.len();
    if [bounds.starts.len(), bounds.stops.len(), bounds.steps.len()] != [count; 3] {
        let expected = format!("a start, an end and a step for each of {count} axes");
        return Err(Problem::malformed(expected, bounds.starts.len()).into());
    }
    let sizes = node.sizes(&x);
    let (mut axes, mut starts, mut stops, mut steps) = (vec![], vec![], vec![], vec![]);
    for i in 0..count {
        let axis = resolve(bounds.axes[i], x.rank())?;
        let stop = match bounds.stops[i].known() {
            Some(stop) => stop,
            None => match from_end(bounds.stops[i], sizes[axis]) {
                // To the end of an axis whose size is open.
                Some(0..) if bounds.steps[i] > 0 => i64::MAX,
                Some(stop @ ..0) => stop,
                _ => known(node, bounds.stops[i])?,
            },
        };
        let start = match bounds.starts[i].known() {
            Some(start) => start,
            None => match from_end(bounds.starts[i], sizes[axis]) {
                Some(start @ ..0) => start,
                _ => known(node, bounds.starts[i])?,
            },
        };
        axes.push(place(&x, axis));
        starts.push(start);
        stops.push(stop);
        steps.push(bounds.steps[i]);
    }
    let symbol = node.layer(StridedSlice::new(axes, starts, stops, steps), &x.symbol)?;
    Ok(vec![Value::Variable(x.with(symbol))])
}

/// How far a place lies behind the end of an axis, if that is one number.
fn from_end(place: Entry, size: Entry) -> Option<i64> {
    place.with(size, i64::checked_sub).known()
}

fn bounds_of_attributes(node: &Node<'_, '_>) -> Result<Bounds, Located> {
    let required = |name: &str| -> Result<Vec<Entry>, Located> {
        let numbers = node.attributes.ints(name)?;
        let numbers =
            numbers.ok_or_else(|| Problem::malformed(format!("attribute {name}"), "none"))?;
        Ok(numbers.iter().map(|&number| Entry::Known(number)).collect())
    };
    let (starts, stops) = (required("starts")?, required("ends")?);
    let all = (0..starts.len() as i64).collect();
    let axes = node.attributes.ints("axes")?.map_or(all, <[i64]>::to_vec);
    let steps = vec![1; starts.len()];
    Ok(Bounds { starts, stops, axes, steps })
}

fn bounds_of_inputs(node: &Node<'_, '_>) -> Result<Bounds, Located> {
    let entries = |input| -> Result<Vec<Entry>, Located> {
        let array = node.known(input)?;
        let entries = array.to_entries().map(|entries| entries.into_owned());
        entries.ok_or_else(|| Problem::malformed("whole numbers", array.element()).into())
    };
    let (starts, stops) = (entries(1)?, entries(2)?);
    let all = (0..starts.len() as i64).collect();
    let axes = if node.has(3) { node.known_whole(3)? } else { all };
    let steps = if node.has(4) { node.known_whole(4)? } else { vec![1; starts.len()] };
    Ok(Bounds { starts, stops, axes, steps })
}

fn known(node: &Node<'_, '_>, entry: Entry) -> Result<i64, Located> {
    entry.known().ok_or_else(|| {
        let what = format!("a slice whose bound is {entry}");
        node.unsupported(&what, "give the sizes of the model's inputs with --input")
    })
}

fn split<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = input(node, 0)?;
    let axis = resolve(node.attributes.int_or("axis", 0)?, x.rank())?;
    let sizes = match node.attributes.ints("split")? {
        Some(sizes) => sizes.to_vec(),
        None if node.has(1) => node.known_whole(1)?,
        None => equal_parts(node, &x, axis)?,
    };
    let mut parts = Vec::with_capacity(sizes.len());
    let mut start = 0i64;
    for &size in &sizes {
        let stop = start.checked_add(size).filter(|&stop| stop >= start);
        let stop = stop.ok_or_else(|| Problem::malformed("sizes of at least 0", size))?;
        let layer = StridedSlice::new(places(&x, &[axis]), [start], [stop], [1]);
        let symbol = node.layer(layer, &x.symbol)?;
        parts.push(Value::Variable(x.with(symbol)));
        start = stop;
    }
    match x.size(axis) {
        Entry::Known(size) if size != start => {
            Err(Problem::malformed(format!("parts that sum to {size}"), format!("{sizes:?}"))
                .into())
        }
        _ => Ok(parts),
    }
}

/// The sizes of parts that differ by no more than the last one's lack.
fn equal_parts(node: &Node<'_, '_>, x: &Variable, axis: usize) -> Result<Vec<i64>, Located> {
    let outputs = i64::try_from(node.outputs).unwrap_or(i64::MAX);
    let count = node.attributes.int_or("num_outputs", outputs)?;
    if count < 1 || count > outputs {
        return Err(Problem::malformed(format!("{outputs} parts"), count).into());
    }
    let size = node.size(x, axis)? as i64;
    let part = (size + count - 1) / count;
    Ok((0..count).map(|number| part.min(size - (number * part).min(size))).collect())
}
