//! Whether the wanted class is among the best.

/// 1 where fewer than `k` predictions are larger than that of the class, as Keras's `in_top_k`.
pub(super) fn contains(class: f32, prediction: &[f32], k: usize) -> f64 {
    let Some(&own) = prediction.get(class as usize).filter(|_| class >= 0.0) else { return 0.0 };
    let own = if own.is_nan() { f32::NEG_INFINITY } else { own };
    let larger = prediction.iter().filter(|&&other| other > own).count();
    f64::from(u8::from(larger < k))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_counts_while_fewer_than_k_are_larger() {
        let prediction = [0.1, 0.4, 0.3, 0.2];
        assert_eq!([1, 2, 3].map(|k| contains(3.0, &prediction, k)), [0.0, 0.0, 1.0]);
        assert_eq!(contains(0.0, &[0.5, 0.5], 1), 1.0);
        assert_eq!(contains(9.0, &prediction, 4), 0.0);
    }
}
