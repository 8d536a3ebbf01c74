//! Matrix products of computed values: MatMul, Gemm.

use dichroic::layers::{Arithmetic, ArithmeticKind, Function, MatMul, MathFunction};
use dichroic::model::Symbol;

use super::Value;
use super::broadcast::{input, with_leading_axes};
use crate::error::{Located, Problem};
use crate::onnx::import::{Node, Variable};

/// The product of two values by numpy's rules for `matmul`.
pub(super) fn matmul<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let (a, b) = (input(node, 0)?, input(node, 1)?);
    let (a, b) = (node.plain(&a)?, node.plain(&b)?);
    product(node, &a, &b).map(|y| vec![Value::Variable(y)])
}

/// The product of two values that lie as ONNX sees them.
pub(super) fn product(
    node: &mut Node<'_, '_>,
    a: &Variable,
    b: &Variable,
) -> Result<Variable, Located> {
    let symbol = node.builder.layer(MatMul::new(), &[a.symbol.clone(), b.symbol.clone()])?;
    // The batch comes from the operand with more axes.
    let like = if a.rank() >= b.rank() { a } else { b };
    Ok(Variable { batch: like.batch, ..Variable::plain(symbol, a.element) })
}

/// `alpha · A B + beta · C`, each of both matrices transposed where the node says so.
pub(super) fn gemm<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let alpha = node.attributes.float_or("alpha", 1.0)?;
    let beta = node.attributes.float_or("beta", 1.0)?;
    // Before version 7 it allowed what is always allowed since.
    node.attributes.ignore("broadcast");
    let a = matrix(node, 0, "transA")?;
    let b = matrix(node, 1, "transB")?;
    let mut y = product(node, &a, &b)?;
    y = y.with(scaled(node, y.symbol.clone(), alpha)?);
    if node.has(2) {
        let c = input(node, 2)?;
        let c = node.plain(&c)?;
        let c = with_leading_axes(node, &c, 2usize.saturating_sub(c.rank()))?;
        let c = scaled(node, c.symbol, beta)?;
        let add = Arithmetic::new(ArithmeticKind::Add);
        y = y.with(node.builder.layer(add, &[y.symbol.clone(), c])?);
    }
    Ok(vec![Value::Variable(y)])
}

/// A matrix, turned where the attribute says so.
fn matrix(node: &mut Node<'_, '_>, place: usize, turned: &str) -> Result<Variable, Located> {
    let x = input(node, place)?;
    if x.rank() != 2 {
        return Err(Problem::malformed("a matrix", format!("{} axes", x.rank())).into());
    }
    let order = x.order.transposed(&[1, 0]);
    let x = if node.attributes.flag(turned)? { x.ordered(order) } else { x };
    node.plain(&x)
}

fn scaled(node: &mut Node<'_, '_>, x: Symbol, scale: f32) -> Result<Symbol, Located> {
    if scale == 1.0 {
        return Ok(x);
    }
    node.layer(Function::new(MathFunction::Affine { scale, offset: 0.0 }), &x)
}
