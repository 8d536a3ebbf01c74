//! Operators that make constants: they fold, and are refused where what they need is computed.

use super::{Operator, Value};
use crate::error::Located;
use crate::onnx::import::Node;

pub(super) const OPERATORS: &[Operator] = &[
    ("Constant", 1..=23, refuse),
    ("ConstantOfShape", 9..=23, refuse),
    ("Range", 11..=23, refuse),
];

fn refuse<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let what = format!("{} of numbers that the model computes", node.op);
    Err(node.unsupported(&what, "export the model with fixed sizes, or give them with --input"))
}
