//! Operators that make constants: they fold, and are refused where what they need is computed.

use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, ElementType, Entry, Node};

pub(super) const OPERATORS: &[Operator] = &[
    ("Constant", 1..=23, refuse),
    ("ConstantOfShape", 9..=23, refuse),
    ("EyeLike", 9..=23, eye_like),
    ("Range", 11..=23, refuse),
];

fn refuse<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let what = format!("{} of numbers that the model computes", node.op);
    Err(node.unsupported(&what, "export the model with fixed sizes, or give them with --input"))
}

/// The most values of a matrix that a shape asks for.
const MOST: i64 = 1 << 24;

/// A matrix of the input's shape with ones on a diagonal.
fn eye_like<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let element = match node.attributes.int("dtype")? {
        Some(number) => ElementType::from_number(number)?,
        None => node.element(0)?,
    };
    let diagonal = node.attributes.int_or("k", 0)?;
    let (rows, columns) = match node.input_sizes(0)?[..] {
        [Entry::Known(rows), Entry::Known(columns)] => (rows, columns),
        [_, _] => {
            let fix = "give the sizes of the model's inputs with --input";
            return Err(node.unsupported("EyeLike of an open size", fix));
        }
        ref sizes => {
            return Err(Problem::malformed("a matrix", format!("{} axes", sizes.len())).into());
        }
    };
    if rows.checked_mul(columns).is_none_or(|values| values > MOST) {
        let expected = format!("a matrix of at most {MOST} values");
        return Err(Problem::malformed(expected, format!("{rows} x {columns}")).into());
    }
    let shape = vec![rows as usize, columns as usize];
    let places = (0..rows).flat_map(|row| (0..columns).map(move |column| column - row));
    Ok(vec![Value::Known(match element.is_float() {
        true => {
            let values = places.map(|place| f32::from(u8::from(place == diagonal))).collect();
            Array::floats(shape, element, values)
        }
        false => {
            Array::whole(shape, element, places.map(|place| i64::from(place == diagonal)).collect())
        }
    })])
}
