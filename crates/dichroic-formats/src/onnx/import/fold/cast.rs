//! Known values of another type.

use super::{FoldFn, known};
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, ElementType, Node, Value};

pub(super) const FOLDS: &[(&str, FoldFn)] = &[("Cast", cast), ("CastLike", cast_like)];

type Folded<'a> = Result<Option<Vec<Value<'a>>>, Located>;

fn cast<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let to = node.attributes.int("to")?;
    let to = to.ok_or_else(|| Problem::malformed("attribute to", "none"))?;
    converted(node, ElementType::from_number(to)?)
}

fn cast_like<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let to = node.element(1)?;
    converted(node, to)
}

/// Values between 16-bit types round, which the layers of Cast do.
fn converted<'a>(node: &mut Node<'_, 'a>, to: ElementType) -> Folded<'a> {
    // It only tells what becomes of numbers too large for 8-bit floats.
    node.attributes.ignore("saturate");
    let x = node.known(0)?;
    let from = x.element();
    if from == to {
        return known(x);
    }
    if x.is_open() {
        // Sizes are whole numbers under any type but truth.
        return if to == ElementType::Bool { Ok(None) } else { known(x.typed(to)) };
    }
    let shape = x.shape().to_vec();
    match (from.is_float(), to) {
        (_, ElementType::Float16 | ElementType::BFloat16) => Ok(None),
        (true, to) if to.is_float() => known(x.typed(to)),
        (false, to) if to.is_float() => {
            known(Array::floats(shape, to, x.to_floats()?.into_owned()))
        }
        (_, ElementType::Bool) => {
            let values = x.to_floats()?.iter().map(|&value| i64::from(value != 0.0)).collect();
            known(Array::whole(shape, to, values))
        }
        (true, to) => {
            let values = x.to_floats()?.iter().map(|&value| value as i64).collect();
            known(Array::whole(shape, to, values))
        }
        (false, to) => {
            let range = to.range().unwrap_or((i64::MIN, i64::MAX));
            let fits = x.to_whole()?.iter().all(|value| (range.0..=range.1).contains(value));
            if fits { known(x.typed(to)) } else { Ok(None) }
        }
    }
}
