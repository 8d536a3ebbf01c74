//! How the values of a weight or its gradient are spread.

use serde::Serialize;

use crate::model::{Model, ModelError, Weight};

/// The bars of a histogram: enough for the shape of a bell, few enough to be drawn for every layer of a large model.
pub const BARS: usize = 48;

/// Values counted in bars of equal width from the smallest to the largest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Histogram {
    /// The smallest value.
    pub minimum: f32,
    /// The largest value.
    pub maximum: f32,
    /// Σx / n
    pub mean: f64,
    /// √(Σ(x − mean)² / n)
    pub deviation: f64,
    /// The values in each of [`BARS`] bars; a single value, and many equal ones, lie in the middle one.
    pub counts: Vec<u64>,
}

/// The values of one weight, and what its gradient looks like.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WeightHistogram {
    /// The path of the layer: `conv2d`, `backbone/conv2d`.
    pub layer: String,
    /// The weight: `kernel`, `bias`.
    pub weight: String,
    /// The values.
    pub values: Histogram,
    /// The gradient of the loss; `None` where it was not taken, and for weights that don't learn.
    pub gradient: Option<Histogram>,
}

impl Histogram {
    /// The histogram of these values; those that are not finite are left out.
    pub fn of(values: &[f32]) -> Self {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let (mut minimum, mut maximum) = (f32::INFINITY, f32::NEG_INFINITY);
        let (mut sum, mut count) = (0.0f64, 0u64);
        for value in finite() {
            minimum = minimum.min(value);
            maximum = maximum.max(value);
            sum += f64::from(value);
            count += 1;
        }
        let mut counts = vec![0; BARS];
        if count == 0 {
            return Self { minimum: 0.0, maximum: 0.0, mean: 0.0, deviation: 0.0, counts };
        }
        let mean = sum / count as f64;
        let (low, width) = (f64::from(minimum), f64::from(maximum) - f64::from(minimum));
        let mut squares = 0.0;
        for value in finite().map(f64::from) {
            squares += (value - mean) * (value - mean);
            let place = if width > 0.0 { (value - low) / width } else { 0.5 };
            // The largest value closes the last bar.
            counts[((place * BARS as f64) as usize).min(BARS - 1)] += 1;
        }
        let deviation = (squares / count as f64).sqrt();
        Self { minimum, maximum, mean, deviation, counts }
    }
}

impl WeightHistogram {
    /// The histograms of all weights of a model, in the model's order, without gradients.
    ///
    /// # Errors
    /// When the weights have no values.
    pub fn of_model(model: &Model) -> Result<Vec<Self>, ModelError> {
        let parameters = model.parameters()?;
        let one = |(weight, values): (&Weight, &crate::Tensor)| {
            let name = weight.spec.name;
            let layer = weight.path.strip_suffix(name).and_then(|path| path.strip_suffix('/'));
            Self {
                layer: layer.unwrap_or(&weight.path).to_owned(),
                weight: name.to_owned(),
                values: Histogram::of(values.data()),
                gradient: None,
            }
        };
        Ok(model.weights().iter().zip(parameters.tensors()).map(one).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_value_lies_in_one_bar_and_the_largest_in_the_last() {
        let values: Vec<f32> = (0..=96u8).map(f32::from).chain([f32::NAN, f32::INFINITY]).collect();
        let histogram = Histogram::of(&values);
        assert_eq!((histogram.minimum, histogram.maximum), (0.0, 96.0));
        assert_eq!(histogram.counts.iter().sum::<u64>(), 97);
        assert_eq!((histogram.counts[0], histogram.counts[BARS - 1]), (2, 3));
        assert!((histogram.mean - 48.0).abs() < 1e-12);
        assert!((histogram.deviation - 28.0).abs() < 1e-9, "{}", histogram.deviation);
    }

    #[test]
    fn equal_values_lie_in_the_middle_and_no_values_nowhere() {
        let equal = Histogram::of(&[3.0; 5]);
        assert_eq!((equal.counts[BARS / 2], equal.deviation), (5, 0.0));
        assert_eq!(Histogram::of(&[f32::NAN]).counts.iter().sum::<u64>(), 0);
    }
}
