//! Filters beside those that are most like them, and filters that are the same twice.

use super::kernels::FilterBank;

/// Cosines beyond this, on either side of zero, are those of the same filter, sign and scale apart.
const SAME: f32 = 0.999;
/// Multiply-adds that comparing all pairs may take; beyond, filters are compared by sketches of fewer numbers.
const MOST_PRODUCTS: usize = 1 << 30;
/// The fewest numbers in a sketch.
const SHORTEST_SKETCH: usize = 64;
/// The most filters that one is compared with: the next ones by norm.
const MOST_COMPARED: usize = 8_192;

/// What comparing filters gave.
pub(super) struct Alike {
    /// All filters compared, each followed by the one most like it of those left.
    pub(super) chain: Vec<usize>,
    /// Filters with the first filter before them that is the same.
    pub(super) twins: Vec<(usize, usize)>,
}

/// Goes from filter to filter, beginning with the first of `order`, each time to the most similar one that is left.
///
/// Every pair is compared once, when the first of both is reached, so that the chain finds the twins on its way. The cost
/// is `filters² / 2` scalar products, of at most [`MOST_PRODUCTS`] multiply-adds together while sketches can be shortened.
pub(super) fn alike(bank: &FilterBank<'_>, order: &[usize]) -> Alike {
    let directions = Directions::of(bank, order);
    let mut left: Vec<usize> = (0..order.len()).collect();
    let mut chain = Vec::with_capacity(order.len());
    let mut first_twin: Vec<Option<usize>> = vec![None; order.len()];
    let mut next = 0;
    while !left.is_empty() {
        let here = left.remove(next);
        chain.push(order[here]);
        let mut nearest = (0, f32::NEG_INFINITY);
        for (place, &other) in left.iter().enumerate().take(MOST_COMPARED) {
            let cosine = dot(directions.row(here), directions.row(other));
            if cosine > nearest.1 {
                nearest = (place, cosine);
            }
            if cosine.abs() > SAME && directions.same(bank, (order[here], order[other])) {
                let (later, earlier) = match order[here] < order[other] {
                    true => (other, order[here]),
                    false => (here, order[other]),
                };
                let twin = first_twin[later].get_or_insert(earlier);
                *twin = earlier.min(*twin);
            }
        }
        next = nearest.0;
    }
    let twins = first_twin.iter().enumerate();
    let twins = twins.filter_map(|(place, twin)| Some((order[place], (*twin)?))).collect();
    Alike { chain, twins }
}

/// Filters scaled to length 1, or sketches of them.
struct Directions {
    values: Vec<f32>,
    len: usize,
    sketched: bool,
}

impl Directions {
    fn of(bank: &FilterBank<'_>, order: &[usize]) -> Self {
        let whole = order.first().map_or(0, |&filter| bank.filter(filter).len());
        let pairs = order.len() * order.len().min(MOST_COMPARED) / 2;
        let affordable = (MOST_PRODUCTS / pairs.max(1)).max(SHORTEST_SKETCH);
        let (len, sketched) = (whole.min(affordable), whole > affordable);
        let mut values = Vec::with_capacity(order.len() * len);
        for &filter in order {
            let weights = bank.filter(filter);
            let mut row = if sketched { sketch(&weights, len) } else { weights };
            let norm = dot(&row, &row).sqrt();
            row.iter_mut().for_each(|value| *value /= norm.max(f32::MIN_POSITIVE));
            values.extend(row);
        }
        Self { values, len, sketched }
    }

    fn row(&self, place: usize) -> &[f32] {
        &self.values[place * self.len..(place + 1) * self.len]
    }

    /// Whether two filters whose cosine says so are the same: sketches can only suggest it.
    fn same(&self, bank: &FilterBank<'_>, (a, b): (usize, usize)) -> bool {
        if !self.sketched {
            return true;
        }
        let (a, b) = (bank.filter(a), bank.filter(b));
        dot(&a, &b).abs() > SAME * (dot(&a, &a) * dot(&b, &b)).sqrt()
    }
}

/// Every weight added to or subtracted from one of `len` sums, which one and which sign by a hash of its place.
///
/// # Source
/// The count sketch of Charikar, Chen and Farach-Colton, "Finding Frequent Items in Data Streams", 2002: scalar products
/// are kept in the mean, with a relative error of `1 / √len`.
fn sketch(weights: &[f32], len: usize) -> Vec<f32> {
    let mut sums = vec![0.0; len];
    for (place, weight) in weights.iter().enumerate() {
        // The multiplier of Knuth's multiplicative hashing, with the high bits folded down.
        let hash = (place as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let hash = hash ^ (hash >> 29);
        let sign = if hash & 1 == 0 { 1.0 } else { -1.0 };
        sums[(hash >> 1) as usize % len] += sign * weight;
    }
    sums
}

/// In sixteen sums, so that the compiler makes vectors of them.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a_chunks.remainder().iter().zip(b_chunks.remainder());
    let rest: f32 = rest.map(|(a, b)| a * b).sum();
    let mut sums = [0.0; LANES];
    for (a, b) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}
