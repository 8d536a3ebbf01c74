//! Pooling as its definition reads.

use super::{PoolKind, PoolProblem};
use crate::elementwise::reference::{for_each_index, offset};

/// The input offsets of the cells under each output value, padding left out, in row-major order.
fn windows(p: &PoolProblem) -> Vec<Vec<usize>> {
    let [od, oh, ow] = p.output();
    let input = [p.batch, p.input[0], p.input[1], p.input[2], p.channels];
    let mut windows = Vec::new();
    for_each_index(&[p.batch, od, oh, ow, p.channels], |output| {
        let mut window = Vec::new();
        for_each_index(&p.window, |k| {
            let cell: Vec<Option<usize>> = (0..3)
                .map(|axis| {
                    (output[axis + 1] * p.strides[axis] + k[axis])
                        .checked_sub(p.pad_before[axis])
                        .filter(|&i| i < p.input[axis])
                })
                .collect();
            if let [Some(d), Some(h), Some(w)] = cell[..] {
                window.push(offset(&[output[0], d, h, w, output[4]], &input));
            }
        });
        windows.push(window);
    });
    windows
}

/// The place of the first largest value of a window.
fn largest(x: &[f32], window: &[usize]) -> usize {
    let mut best = window[0];
    for &i in window {
        if x[i] > x[best] {
            best = i;
        }
    }
    best
}

/// Pools.
pub fn forward(kind: PoolKind, p: &PoolProblem, x: &[f32]) -> Vec<f32> {
    let value = |window: &Vec<usize>| match kind {
        PoolKind::Max => x[largest(x, window)],
        PoolKind::Average => {
            let sum: f64 = window.iter().map(|&i| f64::from(x[i])).sum();
            (sum / window.len() as f64) as f32
        }
    };
    windows(p).iter().map(value).collect()
}

/// The input's gradient.
pub fn gradient(kind: PoolKind, p: &PoolProblem, x: &[f32], dy: &[f32]) -> Vec<f32> {
    let mut dx = vec![0.0f64; p.input_len()];
    for (window, &dy) in windows(p).iter().zip(dy) {
        match kind {
            PoolKind::Max => dx[largest(x, window)] += f64::from(dy),
            PoolKind::Average => {
                for &i in window {
                    dx[i] += f64::from(dy) / window.len() as f64;
                }
            }
        }
    }
    dx.iter().map(|&value| value as f32).collect()
}
