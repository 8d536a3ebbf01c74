//! Products with known weights: Gemm and MatMul become Dense.

use dichroic::Tensor;
use dichroic::layers::{Add, Dense};

use super::{Operator, Value, products};
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, Entry, Node, Order, Variable, open_size};

pub(super) const OPERATORS: &[Operator] = &[("Gemm", 1..=23, gemm), ("MatMul", 1..=23, matmul)];

/// `alpha · A · B + beta · C`
fn gemm<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let (Value::Variable(x), Value::Known(weight)) =
        (node.value(0)?.clone(), node.value(1)?.clone())
    else {
        return products::gemm(node);
    };
    if node.attributes.flag("transA")? {
        return products::gemm(node);
    }
    let x = last_in_memory(node, &x)?;
    let alpha = node.attributes.float_or("alpha", 1.0)?;
    let beta = node.attributes.float_or("beta", 1.0)?;
    let kernel = kernel(&x, &weight, node.attributes.flag("transB")?)?;
    let kernel = scaled(kernel, alpha)?;
    // What the attributes make of the weights is another layer than what they are elsewhere.
    node.builder.weights_from(None);
    let units = kernel.shape()[1];
    node.attributes.ignore("broadcast");
    let added = node.optional(2).cloned();
    let bias = match &added {
        Some(Value::Known(array)) => bias_of(array, units)?,
        None => following_bias(node, units)?,
        Some(Value::Variable(_)) => None,
    };
    let bias =
        bias.map(|bias| scaled(bias, if added.is_some() { beta } else { 1.0 })).transpose()?;
    let has_bias = bias.is_some();
    let y = dense(node, &x, kernel, bias)?;
    match added {
        Some(_) if !has_bias => {
            let c = node.variable(2)?;
            if beta != 1.0 {
                return Err(
                    node.unsupported("beta of a computed C", "export the model with beta 1")
                );
            }
            let symbol = node.builder.layer(Add::new(), &[y.symbol.clone(), c.symbol])?;
            Ok(vec![Value::Variable(y.with(symbol))])
        }
        _ => Ok(vec![Value::Variable(y)]),
    }
}

fn matmul<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    match (node.value(0)?.clone(), node.value(1)?.clone()) {
        (Value::Variable(x), Value::Known(weight)) if weight.rank() == 2 && x.rank() >= 2 => {
            let x = last_in_memory(node, &x)?;
            let kernel = kernel(&x, &weight, false)?;
            let bias = following_bias(node, kernel.shape()[1])?;
            dense(node, &x, kernel, bias).map(|y| vec![Value::Variable(y)])
        }
        _ => products::matmul(node),
    }
}

/// The value with ONNX's last axis at the last place of memory, the others as they lie.
fn last_in_memory(node: &mut Node<'_, '_>, x: &Variable) -> Result<Variable, Located> {
    let last = x.rank() - 1;
    if x.order.place_of(last) == last {
        return Ok(x.clone());
    }
    let others = x.order.places().iter().copied().filter(|&axis| axis != last);
    let order = Order::new(others.chain([last]).collect());
    node.in_order(x, &order)
}

/// The weights `(inputs, units)`; the rows of a flattened feature map in the order in which it lies.
fn kernel(x: &Variable, weight: &Array<'_>, transposed: bool) -> Result<Tensor, Located> {
    let (rows, units) = match (weight.shape(), transposed) {
        (&[rows, units], false) | (&[units, rows], true) => (rows, units),
        (shape, _) => {
            return Err(Problem::malformed("weights of two axes", format!("{shape:?}")).into());
        }
    };
    let inputs = x.size(x.rank() - 1);
    if inputs == Entry::Unknown {
        return Err(open_size());
    }
    if inputs.known() != Some(rows as i64) {
        return Err(Problem::malformed(format!("{inputs} rows of weights"), rows).into());
    }
    let (parts, order) = match &x.flattened {
        Some(flattened) => (flattened.shape.clone(), flattened.order.places().to_vec()),
        None => (vec![rows], vec![0]),
    };
    let (shape, order) = match transposed {
        false => ([&parts[..], &[units]].concat(), [&order[..], &[parts.len()]].concat()),
        true => (
            [&[units], &parts[..]].concat(),
            order.iter().map(|axis| axis + 1).chain([0]).collect(),
        ),
    };
    weight.reshaped(shape).to_tensor_as(&Order::new(order), vec![rows, units])
}

/// A bias that is one number for each unit; `None` if it is something else.
fn bias_of(array: &Array<'_>, units: usize) -> Result<Option<Tensor>, Located> {
    let row = array.shape().iter().rev().skip(1).all(|&size| size == 1);
    let values = array.to_floats()?;
    let values = match values.len() {
        1 => vec![values[0]; units],
        len if len == units && row => values.into_owned(),
        _ => return Ok(None),
    };
    tensor(vec![units], values).map(Some)
}

/// The bias that an Add behind this node gives, which then is done here.
fn following_bias(node: &mut Node<'_, '_>, units: usize) -> Result<Option<Tensor>, Located> {
    let Some(next) = node.next_add() else { return Ok(None) };
    let bias = if next.rank() <= 2 { bias_of(&next, units)? } else { None };
    if bias.is_some() {
        node.absorb_next();
    }
    Ok(bias)
}

fn scaled(weights: Tensor, factor: f32) -> Result<Tensor, Located> {
    if factor == 1.0 {
        return Ok(weights);
    }
    let values = weights.data().iter().map(|value| value * factor).collect();
    tensor(weights.shape().to_vec(), values)
}

fn tensor(shape: Vec<usize>, values: Vec<f32>) -> Result<Tensor, Located> {
    Tensor::new(shape, values).map_err(|error| Problem::malformed("weights", error).into())
}

fn dense(
    node: &mut Node<'_, '_>,
    x: &Variable,
    kernel: Tensor,
    bias: Option<Tensor>,
) -> Result<Variable, Located> {
    if x.flattened.is_some() {
        node.builder.weights_from(None);
    }
    let layer = Dense::new(kernel.shape()[1]).use_bias(bias.is_some());
    let weights = std::iter::once(kernel).chain(bias).collect();
    let symbol = node.tied(layer, &x.symbol, weights)?;
    Ok(Variable { flattened: None, ..x.with(symbol) })
}
