//! Resizing as one product with a matrix for each axis.

use serde_json::{Value, json};

use super::moving::numbers;
use super::parts::{Parts, Term, literal};
use crate::Shape;
use crate::layers::{CoordinateTransformation, NearestRounding, Resize, ResizeMode, Row};

/// Axes whose sizes are known, by a matrix or by taking places; an open one only where each place is repeated.
pub(super) fn resize(
    parts: &mut Parts,
    layer: &Resize,
    (x, input): (&Term, &Shape),
) -> Option<Term> {
    let mut y = x.clone();
    for (number, &axis) in layer.axes.iter().enumerate() {
        let axis = super::counted(axis, input)?;
        y = match input.axes()[axis] {
            None => {
                let times = json!({"repeats": repeats(layer, number)?, "axis": axis});
                parts.numpy("Repeat", times, [y.argument()])
            }
            Some(size) => {
                resampled(parts, &layer.rows(number, size)?, (&y, axis), (size, input.rank()))?
            }
        };
    }
    // With nothing to resize the model would have no part.
    if layer.axes.is_empty() { Some(parts.plain("Copy", [y.argument()])) } else { Some(y) }
}

/// How often each place stands in the output, if it stands there again and again, whatever the size.
fn repeats(layer: &Resize, number: usize) -> Option<usize> {
    use CoordinateTransformation as T;
    let scale = *layer.scales.as_ref()?.get(number)?;
    let whole = layer.sizes.is_none() && scale >= 1.0 && scale.fract() == 0.0;
    let rounds =
        layer.rounding != NearestRounding::Ceil && layer.rounding != NearestRounding::Floor;
    let evenly = match layer.coordinate_transformation {
        T::HalfPixel | T::PytorchHalfPixel | T::HalfPixelSymmetric => rounds,
        T::Asymmetric | T::TfHalfPixelForNn => layer.rounding == NearestRounding::Floor,
        _ => false,
    };
    (whole && evenly && layer.mode == ResizeMode::Nearest).then_some(scale as usize)
}

fn resampled(
    parts: &mut Parts,
    rows: &[Row],
    (x, axis): (&Term, usize),
    (size, rank): (usize, usize),
) -> Option<Term> {
    let copies = rows.iter().map(|(offset, taps)| match taps[..] {
        [(place, 1.0)] if *offset == 0.0 => Some(place),
        _ => None,
    });
    if let Some(places) = copies.collect::<Option<Vec<usize>>>() {
        return Some(parts.numpy("Take", json!({"axis": axis}), [x.argument(), json!(places)]));
    }
    let mut matrix = vec![0.0f32; size.checked_mul(rows.len())?];
    for (output, (_, taps)) in rows.iter().enumerate() {
        for &(place, weight) in taps {
            matrix[place * rows.len() + output] += weight;
        }
    }
    let matrix = literal(&[size, rows.len()], "float32", numbers(matrix));
    let product = json!({"subscripts": subscripts(axis, rank)?});
    let y = parts.numpy("Einsum", product, [x.argument(), matrix]);
    if rows.iter().all(|(offset, _)| *offset == 0.0) {
        return Some(y);
    }
    let mut sizes = vec![1; rank - axis];
    sizes[0] = rows.len();
    let offsets: Vec<Value> = numbers(rows.iter().map(|(offset, _)| *offset));
    Some(parts.plain("Add", [y.argument(), literal(&sizes, "float32", offsets)]))
}

/// Einstein's notation of a product along one axis: `abcd,bz->azcd`.
fn subscripts(axis: usize, rank: usize) -> Option<String> {
    let letters: String = ('a'..='z').take(rank).collect();
    let old = letters.chars().nth(axis)?;
    let new: String =
        letters.chars().map(|letter| if letter == old { 'z' } else { letter }).collect();
    (letters.len() == rank).then(|| format!("{letters},{old}z->{new}"))
}
