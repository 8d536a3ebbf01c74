//! Softmax and cross-entropy as their definitions read, in `f64`.

use super::SoftmaxKind;

/// Softmax of one row.
pub fn softmax(kind: SoftmaxKind, x: &[f32]) -> Vec<f64> {
    let largest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shifted = x.iter().map(|&x| f64::from(x) - f64::from(largest));
    let sum: f64 = shifted.clone().map(f64::exp).sum();
    match kind {
        SoftmaxKind::Softmax => shifted.map(|x| x.exp() / sum).collect(),
        SoftmaxKind::LogSoftmax => shifted.map(|x| x - sum.ln()).collect(),
    }
}

/// The input's gradient of one row: the Jacobian times the output's gradient.
pub fn gradient(kind: SoftmaxKind, x: &[f32], dy: &[f32]) -> Vec<f64> {
    let p = softmax(SoftmaxKind::Softmax, x);
    let slope = |i: usize, j: usize| {
        let same = if i == j { 1.0 } else { 0.0 };
        match kind {
            SoftmaxKind::Softmax => p[i] * (same - p[j]),
            SoftmaxKind::LogSoftmax => same - p[j],
        }
    };
    (0..x.len()).map(|j| (0..x.len()).map(|i| f64::from(dy[i]) * slope(i, j)).sum()).collect()
}

/// Cross-entropy of the softmax of one row against a probability for each class.
pub fn cross_entropy(logits: &[f32], targets: &[f32]) -> f64 {
    let log_p = softmax(SoftmaxKind::LogSoftmax, logits);
    -log_p.iter().zip(targets).map(|(log_p, &target)| log_p * f64::from(target)).sum::<f64>()
}
