//! Operands of different shapes and orders, brought together as numpy does.

use dichroic::layers::ExpandDims;
use dichroic::model::{LayerRef, Symbol};

use super::extents::unsqueezed;
use crate::error::{Located, Problem};
use crate::onnx::import::{Entry, Node, Order, Value, Variable, resolve};

/// Operands whose axes lie in one order, so that layers can match them from the last place of memory on.
pub(super) struct Aligned {
    /// The operands.
    pub symbols: Vec<Symbol>,
    /// The operand whose axes the others follow.
    like: Variable,
}

impl Aligned {
    /// The result of a layer on the operands.
    pub fn result(&self, symbol: Symbol) -> Variable {
        let order = match symbol.shape().rank() {
            rank if rank == self.like.rank() => self.like.order.clone(),
            rank => widened(&self.like.order, rank - self.like.rank()),
        };
        Variable { order, flattened: None, ..self.like.with(symbol) }
    }

    /// Calls a layer on all operands at once.
    ///
    /// # Errors
    /// When it refuses them.
    pub fn layer(
        &self,
        node: &mut Node<'_, '_>,
        layer: impl Into<LayerRef>,
    ) -> Result<Variable, Located> {
        let symbol = node.builder.layer(layer, &self.symbols)?;
        Ok(self.result(symbol))
    }
}

/// The inputs at these places, axes in the order of the one with the most axes.
///
/// Known ones become constants in that order, so that nothing moves at run time.
///
/// # Errors
/// When an input is left out, or its axes can't be moved.
pub(super) fn aligned(node: &mut Node<'_, '_>, inputs: &[usize]) -> Result<Aligned, Located> {
    let rank = inputs.iter().map(|&input| node.value(input).map(Value::rank));
    let rank = rank.collect::<Result<Vec<_>, _>>()?.into_iter().max().unwrap_or(0);
    let like = widest(node, inputs)?;
    let target = widened(&like.order, rank.saturating_sub(like.rank()));
    let mut symbols = Vec::with_capacity(inputs.len());
    for &input in inputs {
        let operand = match node.value(input)?.clone() {
            Value::Known(array) => {
                let missing = rank - array.rank();
                let shape = [vec![1; missing], array.shape().to_vec()].concat();
                node.constant(&array.reshaped(shape), &target)?
            }
            Value::Variable(x) if target.is_plain() && x.order.is_plain() => settled(node, &x)?,
            Value::Variable(x) => {
                let x = settled(node, &x)?;
                let x = with_leading_axes(node, &x, rank - x.rank())?;
                node.in_order(&x, &target)?
            }
        };
        symbols.push(operand.symbol);
    }
    Ok(Aligned { symbols, like: Variable { flattened: None, ..like } })
}

/// Operators whose second operand an attribute `broadcast` stretched before version 7.
const STRETCHED: [&str; 11] =
    ["Add", "And", "Div", "Equal", "Greater", "Less", "Mul", "Or", "Pow", "Sub", "Xor"];

/// Before version 7 an attribute may say at which axis of the first operand those of the second begin; since then they end
/// with the last. The second operand gets the axes of size 1 that make both the same.
///
/// # Errors
/// When it has not so many axes.
pub(in crate::onnx::import) fn aligned_by_attribute(
    node: &mut Node<'_, '_>,
) -> Result<(), Located> {
    if node.opset >= 7 || !STRETCHED.contains(&node.op) {
        return Ok(());
    }
    let stretched = node.attributes.flag("broadcast")?;
    let (Some(axis), true) = (node.attributes.int("axis")?, stretched) else { return Ok(()) };
    let (rank, own) = (node.value(0)?.rank(), node.value(1)?.rank());
    let missing = rank.checked_sub(resolve(axis, rank)?).and_then(|left| left.checked_sub(own));
    let missing = missing.ok_or_else(|| {
        Problem::malformed(format!("an operand that fits behind axis {axis}"), own)
    })?;
    let second = match node.value(1)?.clone() {
        Value::Known(array) => {
            Value::Known(array.reshaped([array.shape().to_vec(), vec![1; missing]].concat()))
        }
        Value::Variable(x) => {
            let behind: Vec<usize> = (own..own + missing).collect();
            let x = settled(node, &x)?;
            Value::Variable(if missing == 0 { x } else { unsqueezed(node, &x, &behind)? })
        }
    };
    node.inputs[1] = Some(second);
    Ok(())
}

/// The value, its last axis as ONNX sees it if it was flattened from another order.
pub(super) fn settled(node: &mut Node<'_, '_>, x: &Variable) -> Result<Variable, Located> {
    node.in_order(x, &x.order.clone())
}

/// An input as a value that layers compute, axes in whatever order.
pub(super) fn input(node: &mut Node<'_, '_>, place: usize) -> Result<Variable, Located> {
    let x = node.variable(place)?;
    settled(node, &x)
}

/// The value with this many axes of size 1 in front.
pub(super) fn with_leading_axes(
    node: &mut Node<'_, '_>,
    x: &Variable,
    count: usize,
) -> Result<Variable, Located> {
    if count == 0 {
        return Ok(x.clone());
    }
    let axes: Vec<i64> = (0..count as i64).collect();
    let symbol = node.layer(ExpandDims::new(axes), &x.symbol)?;
    Ok(x.with(symbol).ordered(widened(&x.order, count)))
}

/// The order with this many axes in front.
fn widened(order: &Order, count: usize) -> Order {
    Order::new((0..count).chain(order.places().iter().map(|axis| axis + count)).collect())
}

/// The operand whose axes the others follow: a computed one with most axes, and among those one whose batch is open.
fn widest(node: &mut Node<'_, '_>, inputs: &[usize]) -> Result<Variable, Located> {
    let mut best: Option<((usize, bool), Variable)> = None;
    for &input in inputs {
        if let Value::Variable(x) = node.value(input)? {
            let open = x.sizes().iter().any(|size| matches!(size, Entry::Batch(_)));
            let key = (x.rank(), open);
            if best.as_ref().is_none_or(|(best, _)| key > *best) {
                best = Some((key, x.clone()));
            }
        }
    }
    match best {
        Some((_, x)) => Ok(x),
        None => node.variable(inputs[0]),
    }
}
