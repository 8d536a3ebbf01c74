//! Reductions as their definitions read.

use super::ReduceKind;
use crate::elementwise::reference::{for_each_index, offset};

/// Reduces `x` over `axes`, in `f64`.
pub fn reduce(kind: ReduceKind, x: &[f32], shape: &[usize], axes: &[usize]) -> Vec<f32> {
    let kept: Vec<usize> = (0..shape.len()).filter(|axis| !axes.contains(axis)).collect();
    let reduced: Vec<usize> = (0..shape.len()).filter(|axis| axes.contains(axis)).collect();
    let sizes = |axes: &[usize]| -> Vec<usize> { axes.iter().map(|&a| shape[a]).collect() };
    let mut out = Vec::new();
    for_each_index(&sizes(&kept), |kept_index| {
        let mut values = Vec::new();
        for_each_index(&sizes(&reduced), |reduced_index| {
            let mut index = vec![0; shape.len()];
            kept.iter().zip(kept_index).for_each(|(&axis, &i)| index[axis] = i);
            reduced.iter().zip(reduced_index).for_each(|(&axis, &i)| index[axis] = i);
            values.push(f64::from(x[offset(&index, shape)]));
        });
        out.push(reduce_values(kind, &values) as f32);
    });
    out
}

fn reduce_values(kind: ReduceKind, values: &[f64]) -> f64 {
    match kind {
        ReduceKind::Sum => values.iter().sum(),
        ReduceKind::Mean => values.iter().sum::<f64>() / values.len() as f64,
        ReduceKind::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        ReduceKind::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
        ReduceKind::ArgMax => {
            let mut best = 0;
            for (i, &value) in values.iter().enumerate() {
                if value > values[best] {
                    best = i;
                }
            }
            best as f64
        }
    }
}
