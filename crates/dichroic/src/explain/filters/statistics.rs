//! A filter in numbers.

use super::FilterStatistics;
use super::kernels::FilterBank;

/// The part of the layer's largest weight below which a weight is nearly zero.
const NEARLY_ZERO: f32 = 0.01;

/// The range of a layer's weights; those that are no numbers are left out.
pub(super) struct Scale {
    pub(super) minimum: f32,
    pub(super) maximum: f32,
    pub(super) largest_absolute: f32,
}

impl Scale {
    pub(super) fn of(weights: &[f32]) -> Self {
        let finite = weights.iter().copied().filter(|weight| weight.is_finite());
        let (minimum, maximum) = finite
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), weight| {
                (low.min(weight), high.max(weight))
            });
        // Without a single number the scale is that of zeros.
        let (minimum, maximum) = if minimum > maximum { (0.0, 0.0) } else { (minimum, maximum) };
        Self { minimum, maximum, largest_absolute: maximum.max(-minimum) }
    }

    fn is_nearly_zero(&self, weight: f32) -> bool {
        weight == 0.0 || weight.abs() < NEARLY_ZERO * self.largest_absolute
    }
}

pub(super) fn statistics(bank: &FilterBank<'_>, filter: usize, scale: &Scale) -> FilterStatistics {
    let weights = bank.filter(filter);
    let count = weights.len().max(1) as f64;
    let range = Scale::of(&weights);
    let zeros = weights.iter().filter(|&&weight| scale.is_nearly_zero(weight)).count();
    FilterStatistics {
        filter,
        bias: bank.bias(filter),
        norm: weights.iter().map(|&weight| f64::from(weight).powi(2)).sum::<f64>().sqrt(),
        mean: weights.iter().map(|&weight| f64::from(weight)).sum::<f64>() / count,
        minimum: range.minimum,
        maximum: range.maximum,
        sparsity: zeros as f64 / count,
        dead: zeros == weights.len(),
        duplicate_of: None,
    }
}
