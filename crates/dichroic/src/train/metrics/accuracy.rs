//! How often predictions are right.

/// The share of values in a row that lie on the target's side of the threshold.
pub(super) fn binary(target: &[f32], prediction: &[f32], threshold: f32) -> f64 {
    let right =
        target.iter().zip(prediction).filter(|(t, p)| **t == f32::from(u8::from(**p > threshold)));
    right.count() as f64 / prediction.len() as f64
}

/// The place of the largest value; of several the first.
pub(super) fn largest(values: &[f32]) -> usize {
    let mut place = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[place] {
            place = index;
        }
    }
    place
}

/// 1 where the largest prediction stands at `place`.
pub(super) fn is_largest(place: usize, prediction: &[f32]) -> f64 {
    f64::from(u8::from(largest(prediction) == place))
}

/// 1 where the largest prediction is that of the class.
pub(super) fn is_class(class: f32, prediction: &[f32]) -> f64 {
    f64::from(u8::from(largest(prediction) as f32 == class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_predictions_counts() {
        assert_eq!(largest(&[1.0, 3.0, 3.0]), 1);
        assert_eq!(is_class(1.0, &[1.0, 3.0, 3.0]), 1.0);
        assert_eq!(is_largest(2, &[1.0, 3.0, 3.0]), 0.0);
    }

    #[test]
    fn a_prediction_at_the_threshold_means_no() {
        assert_eq!(binary(&[0.0, 1.0, 1.0, 0.0], &[0.5, 0.5, 0.6, 0.1], 0.5), 0.75);
    }
}
