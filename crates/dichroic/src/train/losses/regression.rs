//! Distances between numbers: squared, absolute, and Huber's mixture.

use dichroic_graph::kernels::elementwise::{Binary as BinaryKind, Unary as Function};
use dichroic_graph::{GraphError, ValueId};

use super::super::emit::Emit;

pub(super) fn emit_squared(
    emit: &mut Emit<'_>,
    prediction: ValueId,
    target: ValueId,
) -> Result<ValueId, GraphError> {
    let error = emit.binary(BinaryKind::Subtract, prediction, target)?;
    let square = emit.unary(Function::Square, error)?;
    emit.mean_last(square)
}

pub(super) fn emit_absolute(
    emit: &mut Emit<'_>,
    prediction: ValueId,
    target: ValueId,
) -> Result<ValueId, GraphError> {
    let error = emit.binary(BinaryKind::Subtract, prediction, target)?;
    let size = emit.unary(Function::Abs, error)?;
    emit.mean_last(size)
}

/// With `q = min(|e|, delta)`, both cases are `½ q² + delta · (|e| − q)`.
pub(super) fn emit_huber(
    emit: &mut Emit<'_>,
    (prediction, target): (ValueId, ValueId),
    delta: f64,
) -> Result<ValueId, GraphError> {
    let error = emit.binary(BinaryKind::Subtract, prediction, target)?;
    let size = emit.unary(Function::Abs, error)?;
    let limit = emit.0.scalar(delta as f32);
    let near = emit.binary(BinaryKind::Minimum, size, limit)?;
    let far = emit.binary(BinaryKind::Subtract, size, near)?;
    let square = emit.unary(Function::Square, near)?;
    let half = emit.affine(square, 0.5, 0.0)?;
    let line = emit.affine(far, delta, 0.0)?;
    let sum = emit.binary(BinaryKind::Add, half, line)?;
    emit.mean_last(sum)
}

pub(super) fn huber_value(error: f64, delta: f64) -> f64 {
    let size = error.abs();
    if size <= delta { 0.5 * error * error } else { delta * size - 0.5 * delta * delta }
}

/// The mean of a function of the errors of one row.
pub(super) fn mean(target: &[f32], prediction: &[f32], of: impl Fn(f64) -> f64) -> f64 {
    let errors = target.iter().zip(prediction).map(|(&t, &p)| of(f64::from(p) - f64::from(t)));
    errors.sum::<f64>() / prediction.len() as f64
}
