//! Cross-entropy over classes.

use dichroic_graph::kernels::elementwise::{Binary as BinaryKind, Unary as Function};
use dichroic_graph::kernels::softmax::{SoftmaxKind, Targets};
use dichroic_graph::ops::{OneHot, Reduce, SoftmaxCrossEntropy};
use dichroic_graph::{GraphError, Op, ValueId};

use super::super::emit::Emit;
use super::{EPSILON, RowLosses};

/// Targets as probabilities: `−Σ target · ln prediction` over the last axis.
pub(super) fn emit_categorical(
    emit: &mut Emit<'_>,
    (prediction, target): (ValueId, ValueId),
    from_logits: bool,
    label_smoothing: f64,
) -> Result<ValueId, GraphError> {
    let classes = emit.classes(prediction);
    let target = if label_smoothing == 0.0 {
        target
    } else {
        emit.affine(target, 1.0 - label_smoothing, label_smoothing / classes as f64)?
    };
    match logits(emit, prediction, from_logits) {
        Some(logits) => {
            emit.add(SoftmaxCrossEntropy { targets: Targets::Probabilities }, &[logits, target])
        }
        None => from_probabilities(emit, prediction, target),
    }
}

/// Targets as class numbers.
pub(super) fn emit_sparse(
    emit: &mut Emit<'_>,
    (prediction, target): (ValueId, ValueId),
    from_logits: bool,
) -> Result<ValueId, GraphError> {
    match logits(emit, prediction, from_logits) {
        Some(logits) => {
            emit.add(SoftmaxCrossEntropy { targets: Targets::Classes }, &[logits, target])
        }
        None => {
            let depth = emit.classes(prediction);
            let wanted = emit.add(OneHot { depth }, &[target])?;
            from_probabilities(emit, prediction, wanted)
        }
    }
}

/// Targets as class numbers, of which one marks the rows that are left out.
pub(super) fn emit_sparse_without(
    emit: &mut Emit<'_>,
    (prediction, target): (ValueId, ValueId),
    from_logits: bool,
    class: i64,
) -> Result<RowLosses, GraphError> {
    let class = emit.0.scalar(class as f32);
    let ignored = emit.binary(BinaryKind::Equal, target, class)?;
    let mask = emit.affine(ignored, -1.0, 1.0)?;
    // The class that marks them need not be one of the prediction's: 0 always is.
    let target = emit.binary(BinaryKind::Multiply, target, mask)?;
    let values = emit_sparse(emit, (prediction, target), from_logits)?;
    let values = emit.binary(BinaryKind::Multiply, values, mask)?;
    Ok(RowLosses { values, mask: Some(mask) })
}

fn logits(emit: &Emit<'_>, prediction: ValueId, from_logits: bool) -> Option<ValueId> {
    if from_logits {
        return Some(prediction);
    }
    emit.input_of(
        prediction,
        |op| matches!(op, Op::Softmax(softmax) if softmax.kind == SoftmaxKind::Softmax),
    )
}

/// As Keras computes it from probabilities: scaled to the sum 1, kept from 0 and 1, then the logarithm.
fn from_probabilities(
    emit: &mut Emit<'_>,
    prediction: ValueId,
    target: ValueId,
) -> Result<ValueId, GraphError> {
    let axis = emit.0.shape(prediction).len().saturating_sub(1);
    let sum = emit.add(Reduce::sum(vec![axis]).keep_axes(), &[prediction])?;
    let share = emit.binary(BinaryKind::Divide, prediction, sum)?;
    let clipped = emit.clip(share, EPSILON, 1.0 - EPSILON)?;
    let logarithm = emit.unary(Function::Log, clipped)?;
    let product = emit.binary(BinaryKind::Multiply, logarithm, target)?;
    let sum = emit.sum_last(product)?;
    emit.unary(Function::Negate, sum)
}

pub(super) fn one_hot(class: f32, classes: usize) -> Vec<f64> {
    (0..classes).map(|k| f64::from(u8::from(k as f32 == class))).collect()
}

pub(super) fn smoothed(target: &[f32], label_smoothing: f64) -> Vec<f64> {
    let share = label_smoothing / target.len() as f64;
    target.iter().map(|&t| f64::from(t) * (1.0 - label_smoothing) + share).collect()
}

/// The loss of one row.
pub(super) fn value(target: &[f64], prediction: &[f32], from_logits: bool) -> f64 {
    let prediction = prediction.iter().map(|&p| f64::from(p));
    let logarithms: Vec<f64> = if from_logits {
        let largest = prediction.clone().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = prediction.clone().map(|x| (x - largest).exp()).sum();
        prediction.map(|x| x - largest - sum.ln()).collect()
    } else {
        let sum: f64 = prediction.clone().sum();
        prediction.map(|p| (p / sum).clamp(EPSILON, 1.0 - EPSILON).ln()).collect()
    };
    -target.iter().zip(logarithms).map(|(t, logarithm)| t * logarithm).sum::<f64>()
}
