//! What is known while the file is read is computed at once: shapes, indices, folded constants.
//!
//! Whole numbers, comparisons and moves of values are computed here; what else has only known inputs goes
//! through the layers that its operator makes, in a model of its own that is run and thrown away.

mod arithmetic;
mod cast;
mod create;
mod moves;
mod scratch;
mod slice;

use super::{Node, Value};
use crate::error::{Located, Problem};
use crate::onnx::proto::value_count;

pub(crate) use scratch::run as through_layers;

/// Computes a node of known inputs; `None` leaves it to the layers.
pub(crate) type FoldFn = for<'a> fn(&mut Node<'_, 'a>) -> Result<Option<Vec<Value<'a>>>, Located>;

/// What is computed without layers, by operator.
const FOLDS: [&[(&str, FoldFn)]; 5] =
    [arithmetic::FOLDS, cast::FOLDS, create::FOLDS, moves::FOLDS, slice::FOLDS];

/// What computes an operator of known inputs without layers.
pub(crate) fn find(name: &str) -> Option<FoldFn> {
    FOLDS.into_iter().flatten().find(|(known, _)| *known == name).map(|(_, fold)| *fold)
}

/// The operators that are computed without layers.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FOLDS.iter().copied().flatten().map(|(name, _)| *name)
}

/// One known output.
fn known<'a>(array: super::Array<'a>) -> Result<Option<Vec<Value<'a>>>, Located> {
    Ok(Some(vec![Value::Known(array)]))
}

/// The most values that a constant may get that the file doesn't hold.
const MOST_VALUES: usize = 1 << 24;

/// The number of values of a shape that a few numbers in the file ask for.
fn checked_len(shape: &[usize]) -> Result<usize, Located> {
    let len = value_count(shape)?;
    if len <= MOST_VALUES {
        return Ok(len);
    }
    let expected = format!("a constant of at most {MOST_VALUES} values");
    Err(Problem::malformed(expected, format!("the shape {shape:?}")).into())
}

/// Steps between neighbours along each axis of an array that lies in ONNX's order.
fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// For each value of `shape` in order, the place in an array whose place `base` comes first and whose steps are these.
fn places(
    shape: &[usize],
    base: usize,
    steps: Vec<isize>,
) -> impl Iterator<Item = usize> + use<'_> {
    let len = shape.iter().product::<usize>();
    let mut index = vec![0; shape.len()];
    let mut place = base;
    (0..len).map(move |_| {
        let now = place;
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            place = place.wrapping_add_signed(steps[axis]);
            if index[axis] < shape[axis] {
                break;
            }
            place = place.wrapping_add_signed(-(steps[axis] * shape[axis] as isize));
            index[axis] = 0;
        }
        now
    })
}
