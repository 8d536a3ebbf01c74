//! Batch normalisation as its definition reads, in `f64`, one channel at a time.

/// Mean, variance (divided by the number of values) of a channel.
pub fn moments(x: &[f64]) -> (f64, f64) {
    let rows = x.len() as f64;
    let mean = x.iter().sum::<f64>() / rows;
    (mean, x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / rows)
}

/// `(x - mean) / √(variance + epsilon) · gamma + beta` for one channel.
pub fn forward(x: &[f64], epsilon: f64, gamma: f64, beta: f64) -> Vec<f64> {
    let (mean, variance) = moments(x);
    x.iter().map(|x| (x - mean) / (variance + epsilon).sqrt() * gamma + beta).collect()
}

/// `(dx, dgamma, dbeta)` of one channel, each `dx` as the sum over all outputs that `x` reaches.
pub fn gradient(x: &[f64], dy: &[f64], epsilon: f64, gamma: f64) -> (Vec<f64>, f64, f64) {
    let rows = x.len() as f64;
    let normalised = forward(x, epsilon, 1.0, 0.0);
    let scale = gamma / (moments(x).1 + epsilon).sqrt();
    let dx = (0..x.len())
        .map(|j| {
            (0..x.len())
                .map(|i| {
                    let same = if i == j { 1.0 } else { 0.0 };
                    dy[i] * scale * (same - 1.0 / rows - normalised[i] * normalised[j] / rows)
                })
                .sum()
        })
        .collect();
    let dgamma = dy.iter().zip(&normalised).map(|(dy, x)| dy * x).sum();
    (dx, dgamma, dy.iter().sum())
}
