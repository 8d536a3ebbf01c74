//! Numbers that follow from open sizes, told apart by what they are for some sizes of the inputs.
//!
//! An axis that the file leaves open has no number while the model is made, and two of them look alike. So a shape is
//! computed for a few sizes of the inputs that have nothing in common: what agrees for all of them is taken for the same,
//! and what is one number for all of them is that number. Sizes at which some layer can't be, such as those of an odd
//! picture that is halved and joined, take no part.

use super::Entry;

/// How many sizes are tried.
pub(crate) const COUNT: usize = 6;

/// The batch for each of them.
const BATCHES: [i64; COUNT] = [2, 3, 5, 7, 4, 6];
/// The size of the first open axis for each of them, multiples of 64 and odd numbers, and how much larger the next is.
const SIZES: [(i64, i64); COUNT] =
    [(256, 128), (512, 192), (384, 320), (104, 24), (135, 14), (211, 22)];

/// The size of the open axis of this number among the inputs'; `None` for the batch.
pub(super) fn size(open: Option<usize>, sample: usize) -> usize {
    let size = match open {
        None => BATCHES[sample],
        // A file with a thousand open axes is none that could be told apart.
        Some(open) => SIZES[sample].0 + SIZES[sample].1 * open.min(1000) as i64,
    };
    size.unsigned_abs() as usize
}

/// A number for each of the sizes; `None` where the model can't be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Samples([Option<i64>; COUNT]);

impl Samples {
    /// The numbers that a function gives for each of the sizes.
    pub fn of(number: impl FnMut(usize) -> Option<i64>) -> Self {
        Self(std::array::from_fn(number))
    }

    /// So many times the batch.
    pub fn of_batch(times: i64) -> Self {
        Self::of(|sample| times.checked_mul(BATCHES[sample]))
    }

    /// What a function makes of two numbers, where both are there.
    pub fn with(self, other: Self, function: impl Fn(i64, i64) -> Option<i64>) -> Self {
        Self::of(|sample| function(self.0[sample]?, other.0[sample]?))
    }

    /// The pairs of numbers where both are there.
    pub fn pairs(self, other: Self) -> impl Iterator<Item = (i64, i64)> {
        self.0.into_iter().zip(other.0).filter_map(|(a, b)| Some((a?, b?)))
    }

    /// Whether both are the same number wherever both are there, and that is often enough to tell.
    pub fn agrees(self, other: Self) -> bool {
        self.pairs(other).all(|(a, b)| a == b) && self.pairs(other).count() >= ENOUGH
    }

    /// The number as simply as it can be said.
    pub fn entry(self) -> Entry {
        let there: Vec<(i64, i64)> = self.pairs(Self(BATCHES.map(Some))).collect();
        let Some(&(first, batch)) = there.first().filter(|_| there.len() >= ENOUGH) else {
            return Entry::Unknown;
        };
        if there.iter().all(|&(number, _)| number == first) {
            return Entry::Known(first);
        }
        let times = first / batch;
        if times > 0
            && there.iter().all(|&(number, batch)| times.checked_mul(batch) == Some(number))
        {
            return Entry::Batch(times);
        }
        Entry::Open(self)
    }
}

/// The fewest sizes that tell two numbers apart.
const ENOUGH: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn open(axis: usize) -> Entry {
        Samples::of(|sample| Some(size(Some(axis), sample) as i64)).entry()
    }

    #[test]
    fn arithmetic_with_open_sizes_finds_back_what_it_began_with() {
        let (height, width) = (open(0), open(1));
        let area = height.times(width).times(Entry::Batch(2));
        assert_eq!(area.divided_by(height).unwrap().divided_by(width), Some(Entry::Batch(2)));
        assert_eq!(area.divided_by(Entry::Batch(2)), Some(height.times(width)));
        assert_ne!(height, width);
    }

    #[test]
    fn sizes_at_which_a_division_leaves_a_rest_take_no_part() {
        let half = open(0).divided_by(Entry::Known(2)).unwrap();
        assert!(half.times(Entry::Known(2)).agrees(open(0)));
        assert!(!half.agrees(open(0)));
        assert_eq!(Entry::Known(7).divided_by(Entry::Known(2)), None);
    }
}
