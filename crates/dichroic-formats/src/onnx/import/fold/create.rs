//! Known values out of few numbers: Range, ConstantOfShape, Constant.

use super::moves::{of_one_item, sized};
use super::{FoldFn, checked_len, known};
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, ElementType, Node, Value};
use crate::onnx::proto::value_count;

pub(super) const FOLDS: &[(&str, FoldFn)] =
    &[("Constant", constant), ("ConstantOfShape", constant_of_shape), ("Range", range)];

type Folded<'a> = Result<Option<Vec<Value<'a>>>, Located>;

fn constant<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let attributes = &node.attributes;
    let list = |len| vec![len];
    if let Some(tensor) = attributes.tensor("value")? {
        return known(node.tensor(tensor)?);
    }
    if let Some(value) = attributes.float("value_float")? {
        return known(Array::floats(Vec::new(), ElementType::Float32, vec![value]));
    }
    if let Some(values) = attributes.floats("value_floats")? {
        return known(Array::floats(list(values.len()), ElementType::Float32, values.to_vec()));
    }
    if let Some(value) = attributes.int("value_int")? {
        return known(Array::whole(Vec::new(), ElementType::Int64, vec![value]));
    }
    if let Some(values) = attributes.ints("value_ints")? {
        return known(Array::whole(list(values.len()), ElementType::Int64, values.to_vec()));
    }
    Err(node.unsupported("a Constant of words or sparse values", "use an array of numbers"))
}

/// The most values of one array with fractions: the first dense layer of VGG-19 has 2^26.6 weights, which the files of
/// the onnx package make in this way.
const MOST_WEIGHTS: usize = 1 << 27;

/// A shape that follows from the batch gets one item there: whatever reads the constant stretches it.
fn constant_of_shape<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let shape = node.known(0)?;
    let shape = shape.to_entries().ok_or_else(|| Problem::malformed("a shape", "fractions"))?;
    let shape = sized(&of_one_item(&shape))?;
    let value = match node.attributes.tensor("value")? {
        Some(tensor) => node.tensor(tensor)?,
        None => Array::floats(vec![1], ElementType::Float32, vec![0.0]),
    };
    if value.len() != 1 {
        return Err(Problem::malformed("one value", value.len()).into());
    }
    let len = match value.element().is_float() && value_count(&shape)? <= MOST_WEIGHTS {
        true => value_count(&shape)?,
        false => checked_len(&shape)?,
    };
    known(value.picked(shape, std::iter::repeat_n(0, len)))
}

fn range<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let bounds = [node.known(0)?, node.known(1)?, node.known(2)?];
    let element = bounds[0].element();
    if element.is_float() {
        let [start, stop, step] = [0, 1, 2].map(|i| bounds[i].single().unwrap_or(f32::NAN));
        let count = ((stop - start) / step).ceil().max(0.0);
        if !count.is_finite() {
            let got = format!("{start}, {stop}, {step}");
            return Err(Problem::malformed("a start, a limit and a step", got).into());
        }
        let len = checked_len(&[count as usize])?;
        let values = (0..len).map(|i| start + i as f32 * step).collect();
        return known(Array::floats(vec![len], element, values));
    }
    let single = |array: &Array<'_>| {
        let whole = array.to_whole()?;
        whole.first().copied().ok_or_else(|| Located::from(Problem::malformed("a number", "none")))
    };
    let (start, stop, step) = (single(&bounds[0])?, single(&bounds[1])?, single(&bounds[2])?);
    let reach = if step < 0 { start.checked_sub(stop) } else { stop.checked_sub(start) };
    let count = match (reach, step) {
        (Some(reach), step) if step != 0 => {
            reach.max(0).unsigned_abs().div_ceil(step.unsigned_abs())
        }
        _ => {
            let got = format!("{start}, {stop}, {step}");
            return Err(Problem::malformed("a start, a limit and a step", got).into());
        }
    };
    let len = checked_len(&[usize::try_from(count).unwrap_or(usize::MAX)])?;
    let values = (0..len as i64).map(|i| start + i * step).collect();
    known(Array::whole(vec![len], element, values))
}
