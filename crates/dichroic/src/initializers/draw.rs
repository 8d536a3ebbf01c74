//! The distributions that values are drawn from.

use dichroic_graph::kernels::rng::Stream;

/// The standard deviation of a standard normal distribution cut at ±2, as Keras has it.
pub(super) const TRUNCATED_STDDEV: f64 = 0.879_625_661_034_239_8;

pub(super) fn normal(random: &Stream, len: usize, (mean, stddev): (f64, f64)) -> Vec<f32> {
    let mut values = vec![0.0; len];
    random.fill_normal(0, &mut values);
    scale(values, mean, stddev)
}

pub(super) fn truncated(random: &Stream, len: usize, (mean, stddev): (f64, f64)) -> Vec<f32> {
    let mut values = vec![0.0; len];
    random.fill_truncated_normal(0, &mut values);
    scale(values, mean, stddev)
}

pub(super) fn uniform(random: &Stream, len: usize, (low, high): (f64, f64)) -> Vec<f32> {
    let mut values = vec![0.0; len];
    random.fill_uniform(0, &mut values);
    scale(values, low, high - low)
}

fn scale(mut values: Vec<f32>, offset: f64, factor: f64) -> Vec<f32> {
    values.iter_mut().for_each(|value| *value = (offset + factor * f64::from(*value)) as f32);
    values
}

/// Gram–Schmidt on a normal matrix, each column projected twice because once loses digits where
/// columns are close (Kahan's "twice is enough"); the lengths that it divides by are positive, so
/// that the result is evenly distributed without a correction of signs.
pub(super) fn orthogonal(random: &Stream, shape: &[usize], gain: f64) -> Vec<f32> {
    let columns = shape[shape.len() - 1];
    let rows: usize = shape[..shape.len() - 1].iter().product();
    let (long, short) = (rows.max(columns), rows.min(columns));
    let drawn = normal(random, rows * columns, (0.0, 1.0));
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(short);
    for vector in drawn.chunks_exact(long.max(1)) {
        let mut next: Vec<f64> = vector.iter().map(|&value| f64::from(value)).collect();
        for earlier in basis.iter().chain(basis.iter()) {
            let along: f64 = earlier.iter().zip(&next).map(|(a, b)| a * b).sum();
            next.iter_mut().zip(earlier).for_each(|(value, a)| *value -= along * a);
        }
        let length = next.iter().map(|value| value * value).sum::<f64>().sqrt();
        next.iter_mut().for_each(|value| *value /= length);
        basis.push(next);
    }
    let at = |row: usize, column: usize| {
        if rows >= columns { basis[column][row] } else { basis[row][column] }
    };
    let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    places.map(|(row, column)| (gain * at(row, column)) as f32).collect()
}
