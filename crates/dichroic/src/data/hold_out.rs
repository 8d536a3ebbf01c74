//! Which samples are held out: of each class its share, so that the order of the data doesn't matter.

use super::{DataError, Dataset};

impl Dataset {
    /// How many samples are held out for a share of them, from 0 to 1.
    pub fn share(&self, share: f64) -> usize {
        // 0.29 × 100 is a hair below 29.
        (self.len() as f64 * share + 1e-9) as usize
    }

    /// The samples to train on and `count` held-out ones, both in the order of the data.
    ///
    /// The samples are sorted by class, and within a class by the seed; every n-th of them is held out. The same
    /// count and seed hold out the same samples.
    ///
    /// # Errors
    /// When one of the two parts would be empty.
    pub fn hold_out(&self, count: usize, seed: u64) -> Result<(Self, Self), DataError> {
        let samples = self.len();
        if count == 0 || count >= samples {
            return Err(DataError::HoldOut { samples, count });
        }
        let mut order: Vec<usize> = (0..samples).collect();
        order.sort_by_cached_key(|&row| (class(self, row), mixed(seed, row as u64)));
        let quota = |place: usize| place as u128 * count as u128 / samples as u128;
        let is_held = |place: usize| quota(place + 1) > quota(place);
        let part = |held: bool| {
            let places = order.iter().enumerate().filter(|&(place, _)| is_held(place) == held);
            let mut rows: Vec<usize> = places.map(|(_, &row)| row).collect();
            rows.sort_unstable();
            self.rows(&rows)
        };
        Ok((part(false), part(true)))
    }
}

/// A number by which samples of one class lie together: the class, the place of the one in a row, or the value.
fn class(data: &Dataset, row: usize) -> u64 {
    let Some(target) = data.targets().first() else { return 0 };
    let target = target.sample(row);
    match target[..] {
        // The bits of positive numbers are in the order of the numbers.
        [value] => u64::from(value.to_bits()),
        _ => target.iter().position(|&value| value == 1.0).unwrap_or(target.len()) as u64,
    }
}

/// The finalizer of SplitMix64: neighbouring rows get unrelated numbers.
fn mixed(seed: u64, row: u64) -> u64 {
    let mut z = seed.wrapping_add(row.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use crate::data::{Array, Dataset, Values};

    fn ordered() -> Dataset {
        let x = Array::new("x", [40, 1], Values::F32((0..40u8).map(f32::from).collect())).unwrap();
        let y = Array::column("y", (0..40u8).map(|row| f32::from(row / 10)).collect());
        Dataset::new(vec![x], vec![y]).unwrap()
    }

    #[test]
    fn each_class_gives_its_share_even_where_the_classes_follow_each_other() {
        let (train, held) = ordered().hold_out(8, 3).unwrap();
        assert_eq!((train.len(), held.len()), (32, 8));
        let classes: Vec<f32> = held.targets()[0].to_tensor().into_data();
        assert_eq!(classes, [0., 0., 1., 1., 2., 2., 3., 3.]);
        let mut all = [train, held].map(|part| part.inputs()[0].to_tensor().into_data()).concat();
        all.sort_by(f32::total_cmp);
        assert_eq!(all, ordered().inputs()[0].to_tensor().into_data());
    }

    #[test]
    fn the_seed_decides_which_samples_are_held_out() {
        let held = |seed| ordered().hold_out(8, seed).unwrap().1;
        assert_eq!(held(1), held(1));
        assert_ne!(held(1), held(2));
    }

    #[test]
    fn a_part_without_samples_is_refused() {
        assert!(ordered().hold_out(0, 0).is_err());
        assert!(ordered().hold_out(40, 0).is_err());
        let hundred = Dataset::new(vec![Array::column("x", vec![0.0; 100])], Vec::new()).unwrap();
        assert_eq!(hundred.share(0.29), 29);
    }
}
