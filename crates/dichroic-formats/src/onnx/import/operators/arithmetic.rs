//! Arithmetic between two values, with broadcasting.

use dichroic::layers::Add;

use super::{Operator, Value};
use crate::error::Located;
use crate::onnx::import::Node;

pub(super) const OPERATORS: &[Operator] = &[("Add", 7..=23, add)];

fn add<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let (a, b) = (node.variable(0)?, node.variable(1)?);
    let b = node.in_order(&b, &a.order)?;
    let symbol = node.builder.layer(Add::new(), &[a.symbol.clone(), b.symbol])?;
    Ok(vec![Value::Variable(a.with(symbol))])
}
