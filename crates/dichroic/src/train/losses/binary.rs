//! Cross-entropy of yes and no.

use dichroic_graph::kernels::elementwise::{Binary as BinaryKind, Unary as Function};
use dichroic_graph::ops::Unary;
use dichroic_graph::{GraphError, Op, ValueId};

use super::super::emit::Emit;
use super::EPSILON;

/// The mean of `−t · ln p − (1 − t) · ln (1 − p)` over the last axis.
pub(super) fn emit(
    emit: &mut Emit<'_>,
    (prediction, target): (ValueId, ValueId),
    from_logits: bool,
    label_smoothing: f64,
) -> Result<ValueId, GraphError> {
    let target = if label_smoothing == 0.0 {
        target
    } else {
        emit.affine(target, 1.0 - label_smoothing, 0.5 * label_smoothing)?
    };
    let is_sigmoid = |op: &Op| matches!(op, Op::Unary(Unary(Function::Sigmoid)));
    let logits = if from_logits { Some(prediction) } else { emit.input_of(prediction, is_sigmoid) };
    let (yes, no) = match logits {
        Some(x) => {
            let negated = emit.unary(Function::Negate, x)?;
            (emit.unary(Function::LogSigmoid, x)?, emit.unary(Function::LogSigmoid, negated)?)
        }
        None => {
            let p = emit.clip(prediction, EPSILON, 1.0 - EPSILON)?;
            let rest = emit.affine(p, -1.0, 1.0)?;
            (emit.unary(Function::Log, p)?, emit.unary(Function::Log, rest)?)
        }
    };
    let yes = emit.binary(BinaryKind::Multiply, yes, target)?;
    let other = emit.affine(target, -1.0, 1.0)?;
    let no = emit.binary(BinaryKind::Multiply, no, other)?;
    let sum = emit.binary(BinaryKind::Add, yes, no)?;
    let mean = emit.mean_last(sum)?;
    emit.unary(Function::Negate, mean)
}

/// The loss of one row.
pub(super) fn value(
    target: &[f32],
    prediction: &[f32],
    from_logits: bool,
    label_smoothing: f64,
) -> f64 {
    let sum: f64 = target
        .iter()
        .zip(prediction)
        .map(|(&t, &p)| {
            let t = f64::from(t) * (1.0 - label_smoothing) + 0.5 * label_smoothing;
            let p = f64::from(p);
            if from_logits {
                // Stable for logits of any size: the exponential is never above 1.
                p.max(0.0) - p * t + (-p.abs()).exp().ln_1p()
            } else {
                let p = p.clamp(EPSILON, 1.0 - EPSILON);
                -t * p.ln() - (1.0 - t) * (1.0 - p).ln()
            }
        })
        .sum();
    sum / prediction.len() as f64
}
