//! Values put at places given by their index: ScatterElements, ScatterND.

use dichroic::layers::{ScatterElements, ScatterND, ScatterReduction};

use super::axes::place;
use super::broadcast::input;
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Node, resolve};

pub(super) const OPERATORS: &[Operator] = &[
    ("Scatter", 9..=10, scatter_elements),
    ("ScatterElements", 11..=23, scatter_elements),
    ("ScatterND", 11..=23, scatter_nd),
];

fn scatter_elements<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let axis = node.attributes.int_or("axis", 0)?;
    let reduction = reduction(node)?;
    let x = input(node, 0)?;
    let layer = ScatterElements::new(place(&x, resolve(axis, x.rank())?)).reduction(reduction);
    let (indices, updates) = (input(node, 1)?, input(node, 2)?);
    let indices = node.in_order(&indices, &x.order)?;
    let updates = node.in_order(&updates, &x.order)?;
    let inputs = [x.symbol.clone(), indices.symbol, updates.symbol];
    let symbol = node.builder.layer(layer, &inputs)?;
    Ok(vec![Value::Variable(x.with(symbol))])
}

fn scatter_nd<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let layer = ScatterND::new().reduction(reduction(node)?);
    let mut inputs = Vec::with_capacity(3);
    for place in 0..3 {
        let operand = input(node, place)?;
        inputs.push(node.plain(&operand)?);
    }
    let symbols: Vec<_> = inputs.iter().map(|operand| operand.symbol.clone()).collect();
    let symbol = node.builder.layer(layer, &symbols)?;
    Ok(vec![Value::Variable(inputs[0].with(symbol))])
}

/// What becomes of a value that is hit.
fn reduction(node: &Node<'_, '_>) -> Result<ScatterReduction, Located> {
    Ok(match node.attributes.text_or("reduction", "none")? {
        "none" => ScatterReduction::None,
        "add" => ScatterReduction::Add,
        "mul" => ScatterReduction::Mul,
        "max" => ScatterReduction::Max,
        "min" => ScatterReduction::Min,
        other => return Err(Problem::malformed("a reduction", format!("{other:?}")).into()),
    })
}
