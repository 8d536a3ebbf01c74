//! Random numbers by counting: the same number for the same place, in any order of evaluation.
//!
//! The generator is Philox4x32-10. It keeps no state: it scrambles a 128-bit counter under a 64-bit
//! key. The key is the seed; the counter holds the step, the operation and the place, so that every
//! value of every operation in every step has its own number, and a resumed training draws what an
//! uninterrupted one would have.
//!
//! # Source
//! Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011); the constants and the known
//! answers are those of the authors' Random123.

use crate::elementwise::math::{erfinv_of_two_sigma, log, sin_cos_of_turns};

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// The golden ratio and √3 - 1, by which the key moves from round to round.
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// Philox4x32-10: four random words for a counter under a key.
#[inline(always)]
pub fn philox(key: [u32; 2], counter: [u32; 4]) -> [u32; 4] {
    let (mut k, mut c) = (key, counter);
    for _ in 0..ROUNDS {
        let a = u64::from(MULTIPLIERS[0]) * u64::from(c[0]);
        let b = u64::from(MULTIPLIERS[1]) * u64::from(c[2]);
        c = [(b >> 32) as u32 ^ c[1] ^ k[0], b as u32, (a >> 32) as u32 ^ c[3] ^ k[1], a as u32];
        k = [k[0].wrapping_add(WEYL[0]), k[1].wrapping_add(WEYL[1])];
    }
    c
}

/// Counters scrambled side by side.
const LANES: usize = 64;
/// The words that they give.
const GROUP: usize = 4 * LANES;
/// One value for each of those words.
pub(crate) type Group<T> = [[T; LANES]; 4];

/// The random numbers of one operation in one step.
///
/// ```
/// use dichroic_kernels::rng::Stream;
/// let stream = Stream { seed: 42, step: 0, op: 3 };
/// let (mut all, mut end) = ([0.0; 8], [0.0; 4]);
/// stream.fill_uniform(0, &mut all);
/// stream.fill_uniform(4, &mut end);
/// assert_eq!(all[4..], end);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stream {
    /// The user's seed.
    pub seed: u64,
    /// The training step, or any other number that must change the values.
    pub step: u64,
    /// The operation, so that two in one step draw different values.
    pub op: u32,
}

impl Stream {
    /// The `group`-th [`GROUP`] random words: word `w` of counter `LANES · group + i` is at `[w][i]`.
    ///
    /// The counters lie side by side, so that their rounds become vector code.
    #[inline(always)]
    fn group(&self, group: u32) -> Group<u32> {
        let (key, [low, high]) = (words(self.seed), words(self.step));
        let first = group.wrapping_mul(LANES as u32);
        let [mut a, mut b, mut c, mut d] = [[0; LANES]; 4];
        for i in 0..LANES {
            let counter = [first.wrapping_add(i as u32), self.op, low, high];
            [a[i], b[i], c[i], d[i]] = philox(key, counter);
        }
        [a, b, c, d]
    }

    /// Random words, from the `first`-th one of the stream on.
    ///
    /// # Panics
    /// When a place is beyond 2³⁴, where the words would repeat.
    pub fn fill_u32(&self, first: usize, out: &mut [u32]) {
        self.fill(first, out, (|word| word, |_| ()));
    }

    /// Numbers spread evenly over `[0, 1)`, in steps of 2⁻²⁴.
    ///
    /// # Panics
    /// As [`Stream::fill_u32`].
    pub fn fill_uniform(&self, first: usize, out: &mut [f32]) {
        self.fill(first, out, (uniform, |_| ()));
    }

    /// Numbers of the normal distribution with mean 0 and deviation 1.
    ///
    /// # Source
    /// Box and Muller (1958): `√(-2 ln u) · (cos 2πv, sin 2πv)`.
    ///
    /// # Panics
    /// As [`Stream::fill_u32`].
    pub fn fill_normal(&self, first: usize, out: &mut [f32]) {
        self.fill(first, out, (uniform, make_normal));
    }

    /// Numbers of the normal distribution given that they lie within two deviations.
    ///
    /// By the inverse of the distribution, `√2 erfinv(u)` with even `u` in `±erf(√2)`; drawing until
    /// a number fits gives the same distribution, but ties no number to its place.
    ///
    /// # Source
    /// Keras's `truncated_normal`, before it scales to the deviation asked for.
    ///
    /// # Panics
    /// As [`Stream::fill_u32`].
    pub fn fill_truncated_normal(&self, first: usize, out: &mut [f32]) {
        self.fill(
            first,
            out,
            (uniform, |values: &mut Group<f32>| {
                for u in values.as_flattened_mut() {
                    // The middle of the step, so that the numbers lie evenly about 0.
                    let even = TWO_SIGMA * (2.0 * (*u + 0.5 * STEP) - 1.0);
                    *u = std::f32::consts::SQRT_2 * erfinv_of_two_sigma(even);
                }
            }),
        );
    }

    /// Puts the items in a random order, each as likely as any other.
    ///
    /// # Source
    /// Fisher and Yates, in the form of Durstenfeld (1964).
    pub fn shuffle<T>(&self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            // 64 bits scaled to the range: its bias is below range / 2⁶⁴.
            let place = [last as u32, (last as u64 >> 32) as u32 ^ self.op];
            let [low, high] = words(self.step);
            let [a, b, ..] = philox(words(self.seed), [place[0], place[1], low, high]);
            let random = u64::from(a) << 32 | u64::from(b);
            let pick = (u128::from(random) * (last as u128 + 1)) >> 64;
            items.swap(last, pick as usize);
        }
    }

    /// Fills `out` with what `convert` makes of each word, and `finish` of the group of them.
    #[inline(always)]
    pub(crate) fn fill<T: Copy>(
        &self,
        first: usize,
        out: &mut [T],
        (convert, finish): (impl Fn(u32) -> T, impl Fn(&mut Group<T>)),
    ) {
        let end = first.checked_add(out.len()).is_some_and(|end| end as u128 <= u128::from(MOST));
        assert!(end, "a stream has 2^34 numbers; give each tensor its own `op`");
        let mut place = first;
        let mut out = out;
        while !out.is_empty() {
            let mut values = self.group((place / GROUP) as u32).map(|words| words.map(&convert));
            finish(&mut values);
            let values = values.as_flattened();
            let values = &values[place % GROUP..];
            let len = values.len().min(out.len());
            let (head, tail) = out.split_at_mut(len);
            head.copy_from_slice(&values[..len]);
            out = tail;
            place += len;
        }
    }
}

/// The numbers in a stream: four for each counter of 32 bits.
pub(crate) const MOST: u64 = 1 << 34;
/// 2⁻²⁴: from here on all steps are equal, so that no number is likelier than another.
const STEP: f32 = 1.0 / 16_777_216.0;
/// erf(√2): the share of the normal distribution within two deviations.
const TWO_SIGMA: f32 = 0.954_499_7;

fn words(x: u64) -> [u32; 2] {
    [x as u32, (x >> 32) as u32]
}

/// The upper 24 bits as a number in `[0, 1)`.
#[inline(always)]
pub(crate) fn uniform(word: u32) -> f32 {
    (word >> 8) as f32 * STEP
}

/// Makes uniform numbers normal, by pairs.
#[inline(always)]
pub(crate) fn make_normal([a, b, c, d]: &mut Group<f32>) {
    // A length that the compiler can't see: it would write the whole loop out, value by value,
    // before it thinks of vectors.
    let len = std::hint::black_box(LANES).min(LANES);
    box_muller(&mut a[..len], &mut b[..len]);
    box_muller(&mut c[..len], &mut d[..len]);
}

#[inline(always)]
fn box_muller(a: &mut [f32], b: &mut [f32]) {
    for (a, b) in a.iter_mut().zip(b) {
        // 1 - u lies in (0, 1], whose logarithm is finite.
        let radius = (-2.0 * log(1.0 - *a)).sqrt();
        let (sin, cos) = sin_cos_of_turns(*b);
        (*a, *b) = (radius * cos, radius * sin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: Stream = Stream { seed: 7, step: 3, op: 1 };

    #[test]
    fn the_words_are_those_of_random123() {
        assert_eq!(philox([0; 2], [0; 4]), [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]);
        assert_eq!(
            philox([u32::MAX; 2], [u32::MAX; 4]),
            [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]
        );
        assert_eq!(
            philox(
                [0xA409_3822, 0x299F_31D0],
                [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344]
            ),
            [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1]
        );
    }

    #[test]
    fn a_group_is_its_counters_side_by_side() {
        let group = STREAM.group(3);
        for i in 0..LANES as u32 {
            let words = philox([7, 0], [3 * LANES as u32 + i, 1, 3, 0]);
            assert_eq!(words, group.map(|words| words[i as usize]));
        }
    }

    #[test]
    fn a_number_depends_on_its_place_only() {
        let mut all = [0u32; 600];
        STREAM.fill_u32(0, &mut all);
        for (first, len) in [(0, 5), (1, 1), (3, 0), (5, 13), (62, 2), (250, 340)] {
            let mut part = vec![0; len];
            STREAM.fill_u32(first, &mut part);
            assert_eq!(part, all[first..first + len]);
        }
    }

    #[test]
    fn seed_step_and_op_each_change_the_numbers() {
        for other in
            [Stream { seed: 8, ..STREAM }, Stream { step: 4, ..STREAM }, Stream { op: 2, ..STREAM }]
        {
            assert_ne!(other.group(0), STREAM.group(0));
        }
    }

    /// Mean, variance, and the mean of the fourth powers of the deviations.
    fn moments(values: &[f32]) -> [f64; 3] {
        let n = values.len() as f64;
        let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let power = |k| values.iter().map(|&x| (f64::from(x) - mean).powi(k)).sum::<f64>() / n;
        [mean, power(2), power(4)]
    }

    fn assert_moments(values: &[f32], expected: [f64; 3]) {
        for (got, expected) in moments(values).into_iter().zip(expected) {
            assert!((got - expected).abs() < 0.01, "{:?}, not {expected}", moments(values));
        }
    }

    #[test]
    fn uniform_numbers_fill_their_range_evenly() {
        let mut values = vec![0.0; 200_000];
        STREAM.fill_uniform(0, &mut values);
        assert!(values.iter().all(|x| (0.0..1.0).contains(x)));
        assert_moments(&values, [0.5, 1.0 / 12.0, 1.0 / 80.0]);
    }

    #[test]
    fn normal_numbers_have_the_moments_of_the_distribution() {
        let mut values = vec![0.0; 1_000_000];
        STREAM.fill_normal(0, &mut values);
        assert_moments(&values, [0.0, 1.0, 3.0]);
    }

    #[test]
    fn truncated_normal_numbers_stay_within_two_deviations() {
        let mut values = vec![0.0; 500_000];
        STREAM.fill_truncated_normal(0, &mut values);
        assert!(values.iter().all(|x| x.abs() <= 2.0));
        // The variance is 1 - 4φ(2)/erf(√2), the fourth moment 3 - (3·2 + 2³)·2φ(2)/erf(√2).
        assert_moments(&values, [0.0, 0.773_741, 1.416_22]);
    }

    #[test]
    fn a_shuffle_keeps_every_item_and_reaches_every_order() {
        let mut seen = std::collections::HashMap::new();
        for step in 0..6000 {
            let mut items = [0, 1, 2];
            Stream { step, ..STREAM }.shuffle(&mut items);
            *seen.entry(items).or_insert(0) += 1;
        }
        assert_eq!(seen.len(), 6);
        assert!(seen.values().all(|&count| (850..1150).contains(&count)), "{seen:?}");
    }
}
