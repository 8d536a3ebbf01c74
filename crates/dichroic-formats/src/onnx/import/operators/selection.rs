//! Values and places chosen by value: Where, ArgMax, ArgMin, TopK, CumSum, OneHot, Trilu, NonMaxSuppression.

use dichroic::layers::{
    ArgExtreme, CumulativeSum, NonMaxSuppression, OneHotAxis, TopK, Trilu, Where,
};

use super::axes::place;
use super::broadcast::{aligned, input};
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, ElementType, Node, Variable, resolve};

pub(super) const OPERATORS: &[Operator] = &[
    ("ArgMax", 1..=23, arg_max),
    ("ArgMin", 1..=23, arg_min),
    ("CumSum", 11..=23, cumulative_sum),
    ("NonMaxSuppression", 10..=23, non_max_suppression),
    ("OneHot", 9..=23, one_hot),
    ("TopK", 1..=23, top_k),
    ("Trilu", 14..=23, trilu),
    ("Where", 9..=23, choose),
];

fn choose<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let element = node.element(1)?;
    let operands = aligned(node, &[0, 1, 2])?;
    let y = operands.layer(node, Where::new())?;
    Ok(vec![Value::Variable(y.typed(element))])
}

fn arg_max<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    arg(node, ArgExtreme::largest)
}

fn arg_min<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    arg(node, ArgExtreme::smallest)
}

fn arg<'a>(
    node: &mut Node<'_, 'a>,
    layer: fn(i64) -> ArgExtreme,
) -> Result<Vec<Value<'a>>, Located> {
    let keep = node.attributes.int_or("keepdims", 1)? != 0;
    let last = node.attributes.flag("select_last_index")?;
    let axis = node.attributes.int_or("axis", 0)?;
    let x = input(node, 0)?;
    let axis = resolve(axis, x.rank())?;
    let layer = layer(place(&x, axis)).keepdims(keep).last(last);
    let symbol = node.layer(layer, &x.symbol)?;
    let order = if keep { x.order.clone() } else { x.order.without(&[axis]) };
    Ok(vec![Value::Variable(x.with(symbol).ordered(order).typed(ElementType::Int64))])
}

fn top_k<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let largest = node.attributes.int_or("largest", 1)? != 0;
    // Any order will do where the file asks for none; ours is sorted.
    node.attributes.ignore("sorted");
    let axis = node.attributes.int_or("axis", -1)?;
    let k = match node.attributes.int("k")? {
        Some(k) => k,
        None => one_of(&node.known(1)?)?,
    };
    let k = usize::try_from(k).map_err(|_| Problem::malformed("k of at least 0", k))?;
    let x = input(node, 0)?;
    let place = place(&x, resolve(axis, x.rank())?);
    let values = node.layer(TopK::values(k, place, largest), &x.symbol)?;
    let values = Value::Variable(x.with(values));
    if node.outputs < 2 {
        return Ok(vec![values]);
    }
    let indices = node.layer(TopK::indices(k, place, largest), &x.symbol)?;
    Ok(vec![values, Value::Variable(x.with(indices).typed(ElementType::Int64))])
}

fn cumulative_sum<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let (exclusive, reverse) =
        (node.attributes.flag("exclusive")?, node.attributes.flag("reverse")?);
    let axis = one_of(&node.known(1)?)?;
    let x = input(node, 0)?;
    let place = place(&x, resolve(axis, x.rank())?);
    let symbol = node.layer(CumulativeSum::new(place, exclusive, reverse), &x.symbol)?;
    Ok(vec![Value::Variable(x.with(symbol))])
}

fn one_hot<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let axis = node.attributes.int_or("axis", -1)?;
    let depth = node.known(1)?;
    let depth = depth.single().ok_or_else(|| Problem::malformed("one depth", depth.len()))?;
    let values = node.known(2)?;
    let [off, on] = values.to_floats()?[..] else {
        return Err(Problem::malformed("two values", values.len()).into());
    };
    let indices = input(node, 0)?;
    let indices = node.plain(&indices)?;
    let axis = resolve(axis, indices.rank() + 1)?;
    // A depth is a whole number whatever its type; `as` saturates.
    let layer = OneHotAxis::new(depth.max(0.0) as usize, axis as i64).values(off, on);
    let symbol = node.layer(layer, &indices.symbol)?;
    Ok(vec![Value::Variable(Variable::plain(symbol, values.element()))])
}

fn trilu<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let upper = node.attributes.int_or("upper", 1)? != 0;
    let k = node.known_optional(1)?.map_or(Ok(0), |k| one_of(&k))?;
    let x = input(node, 0)?;
    let x = node.plain(&x)?;
    let layer = if upper { Trilu::upper_part(k) } else { Trilu::lower_part(k) };
    let symbol = node.layer(layer, &x.symbol)?;
    Ok(vec![Value::Variable(x.with(symbol))])
}

/// Rows of batch, class and box. There are as many as can come: those that no box fills are -1.
fn non_max_suppression<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let center_point_box = node.attributes.flag("center_point_box")?;
    let most = node.known_optional(2)?.map_or(Ok(0), |most| one_of(&most))?;
    let number = |input| -> Result<Option<f32>, Located> {
        Ok(node.known_optional(input)?.and_then(|array| array.single()))
    };
    let (iou, score) = (number(3)?, number(4)?);
    let mut layer = NonMaxSuppression::new(usize::try_from(most).unwrap_or(0))
        .center_point_box(center_point_box)
        .iou_threshold(iou.unwrap_or(0.0));
    if let Some(score) = score {
        layer = layer.score_threshold(score);
    }
    let (boxes, scores) = (input(node, 0)?, input(node, 1)?);
    let (boxes, scores) = (node.plain(&boxes)?, node.plain(&scores)?);
    let symbol = node.builder.layer(layer, &[boxes.symbol, scores.symbol])?;
    Ok(vec![Value::Variable(Variable::plain(symbol, ElementType::Int64))])
}

/// The only whole number of an array.
fn one_of(array: &Array<'_>) -> Result<i64, Located> {
    match array.to_whole()?[..] {
        [number] => Ok(number),
        _ => Err(Problem::malformed("one number", array.len()).into()),
    }
}
