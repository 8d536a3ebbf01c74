//! A map on a layer's positions, stretched over the picture.

use dichroic_graph::kernels::tensor::{Tensor, TensorError};

/// Bilinear, pixels taken as areas: the middle of the map stays the middle of the picture, and its edges are held.
pub(super) fn stretched(map: &Tensor, [height, width]: [usize; 2]) -> Result<Tensor, TensorError> {
    let (rows, columns) = (map.shape()[0], map.shape()[1]);
    let down: Vec<Between> = (0..height).map(|row| Between::of(row, height, rows)).collect();
    let across: Vec<Between> = (0..width).map(|x| Between::of(x, width, columns)).collect();
    let at = |row: usize, column: usize| map.data()[row * columns + column];
    let mut values = Vec::with_capacity(height * width);
    for y in &down {
        for x in &across {
            let above = at(y.low, x.low) * (1.0 - x.part) + at(y.low, x.high) * x.part;
            let below = at(y.high, x.low) * (1.0 - x.part) + at(y.high, x.high) * x.part;
            values.push(above * (1.0 - y.part) + below * y.part);
        }
    }
    Tensor::new([height, width], values)
}

/// Two neighbours and how far a place lies towards the second.
struct Between {
    low: usize,
    high: usize,
    part: f32,
}

impl Between {
    fn of(place: usize, long: usize, short: usize) -> Self {
        let middle = (place as f32 + 0.5) * short as f32 / long as f32 - 0.5;
        let middle = middle.clamp(0.0, short as f32 - 1.0);
        let low = middle as usize;
        Self { low, high: (low + 1).min(short - 1), part: middle - low as f32 }
    }
}
