//! Parts of known values: Slice and Split.

use super::{FoldFn, known, places, strides};
use crate::error::{Located, Problem};
use crate::onnx::import::{Node, Value, resolve};

pub(super) const FOLDS: &[(&str, FoldFn)] = &[("Slice", slice), ("Split", split)];

type Folded<'a> = Result<Option<Vec<Value<'a>>>, Located>;

/// Starts, stops and steps along some axes: attributes up to version 9, inputs since.
struct Bounds {
    starts: Vec<i64>,
    stops: Vec<i64>,
    axes: Vec<i64>,
    steps: Vec<i64>,
}

impl Bounds {
    fn of(node: &Node<'_, '_>) -> Result<Self, Located> {
        let list = |input: usize, name: &str| -> Result<Option<Vec<i64>>, Located> {
            match node.has(input) {
                true => node.known_whole(input).map(Some),
                false => Ok(node.attributes.ints(name)?.map(<[i64]>::to_vec)),
            }
        };
        let missing = |name: &str| Problem::malformed(name, "none");
        let starts = list(1, "starts")?.ok_or_else(|| missing("starts"))?;
        let stops = list(2, "ends")?.ok_or_else(|| missing("ends"))?;
        let count = starts.len() as i64;
        let axes = list(3, "axes")?.unwrap_or_else(|| (0..count).collect());
        let steps = list(4, "")?.unwrap_or_else(|| vec![1; starts.len()]);
        if [&stops, &axes, &steps].iter().all(|list| list.len() == starts.len()) {
            return Ok(Self { starts, stops, axes, steps });
        }
        Err(Problem::malformed("as many ends, axes and steps as starts", stops.len()).into())
    }
}

fn slice<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let x = node.known(0)?;
    let bounds = Bounds::of(node)?;
    let own = strides(x.shape());
    let mut shape = x.shape().to_vec();
    let mut base = 0;
    let mut steps: Vec<isize> = own.iter().map(|&stride| stride as isize).collect();
    for (i, &axis) in bounds.axes.iter().enumerate() {
        let axis = resolve(axis, x.rank())?;
        let (start, count, step) = range(x.shape()[axis], &bounds, i)?;
        shape[axis] = count;
        base += if count > 0 { start * own[axis] } else { 0 };
        steps[axis] = own[axis] as isize * step;
    }
    let parts = places(&shape, base, steps).collect::<Vec<_>>();
    known(x.picked(shape, parts.into_iter()))
}

/// First index, number of indices and step along an axis, bounds clamped as ONNX says.
fn range(size: usize, bounds: &Bounds, i: usize) -> Result<(usize, usize, isize), Located> {
    let step = bounds.steps[i];
    if step == 0 {
        return Err(Problem::malformed("steps other than 0", 0).into());
    }
    let len = size as i64;
    let from_front = |bound: i64| if bound < 0 { bound.saturating_add(len) } else { bound };
    let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let start = from_front(bounds.starts[i]).clamp(low.max(0), high.max(0));
    let stop = from_front(bounds.stops[i]).clamp(low, high);
    let reach = if step > 0 { stop - start } else { start - stop };
    let count = if reach <= 0 { 0 } else { (reach - 1) / step.saturating_abs() + 1 };
    // A step beyond the axis is taken at most once, so that its size does not matter.
    Ok((start as usize, count as usize, step.clamp(-len - 1, len + 1) as isize))
}

fn split<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let x = node.known(0)?;
    let axis = resolve(node.attributes.int_or("axis", 0)?, x.rank())?;
    let size = x.shape()[axis];
    let parts = match (node.has(1), node.attributes.ints("split")?) {
        (true, _) => Some(node.known_whole(1)?),
        (false, given) => given.map(<[i64]>::to_vec),
    };
    let count = node.attributes.int("num_outputs")?;
    let count = count.and_then(|count| usize::try_from(count).ok()).unwrap_or(node.outputs).max(1);
    let parts = match parts {
        Some(parts) => {
            parts.iter().map(|&part| usize::try_from(part).unwrap_or(usize::MAX)).collect()
        }
        None => {
            let part = size.div_ceil(count);
            let rest = size - part * (count - 1).min(size / part.max(1));
            [vec![part; count - 1], vec![rest]].concat()
        }
    };
    if parts.iter().try_fold(0usize, |sum, &part| sum.checked_add(part)) != Some(size) {
        return Err(Problem::malformed(format!("parts of {size}"), format!("{parts:?}")).into());
    }
    let own = strides(x.shape());
    let steps: Vec<isize> = own.iter().map(|&stride| stride as isize).collect();
    let mut first = 0;
    let mut made = Vec::with_capacity(parts.len());
    for part in parts {
        let mut shape = x.shape().to_vec();
        shape[axis] = part;
        let places: Vec<usize> = places(&shape, first * own[axis], steps.clone()).collect();
        made.push(Value::Known(x.picked(shape, places.into_iter())));
        first += part;
    }
    Ok(Some(made))
}
