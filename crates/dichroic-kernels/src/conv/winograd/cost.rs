//! Whether tiles pay, and which: a count of what each way of computing costs.

use super::TileSize;
use crate::conv::ConvProblem;

/// Multiply-adds in the time in which a byte comes from memory: 3.5 on two Zen 4 cores (115 billion a second,
/// 33 GB/s of weights), about 3 on two Zen 5 (256, 80).
const MACS_PER_BYTE: f64 = 4.0;
/// The part of the multipliers' peak that register tiles reach.
const EFFICIENCY: f64 = 0.9;
/// Channels of a vector; fewer cost as many.
const LANES: usize = 16;

/// The tile size that is expected to be fastest; none where the plain sum is.
///
/// The estimate is of multiply-adds, of what the transforms cost in their place, and of memory. Measured
/// on two Zen 4 cores in ms, the choice marked:
///
/// | 3×3, same padding | plain sum | 4×4 | 2×2 |
/// |---|---|---|---|
/// | 64 → 64 @ 56, batch 1 · 16 | 1.07 · 18.2 | **0.35** · **6.0** | 0.58 · 11.1 |
/// | 128 → 128 @ 28, batch 1 · 16 | 1.08 · 17.5 | **0.33** · **5.7** | 0.55 · 9.5 |
/// | 256 → 256 @ 14, batch 1 · 16 | 1.03 · 16.6 | **0.37** · **6.1** | 0.50 · 7.8 |
/// | 512 → 512 @ 7, batch 8 · 16 | 8.4 · 16.6 | **3.0** · **6.2** | 5.0 · 9.9 |
/// | 512 → 512 @ 7, batch 1: weights cached · from memory | 1.07 · 1.24 | 0.46 · 1.13 | **0.62** · **0.70** |
/// | 512 → 512 @ 14, batch 1: weights cached · from memory | 4.15 · 4.29 | **1.50** · **1.58** | 1.93 · 1.95 |
/// | 512 → 512 @ 28, batch 1 | 16.6 | **4.8** | 7.7 |
/// | 64 → 64 @ 224, batch 1 | 17.4 | **6.2** | 10.1 |
/// | 3 → 64 @ 224, batch 1 | 1.21 | **1.02** | 1.44 |
/// | 32 → 32 @ 28, batch 1 | 0.072 | **0.046** | 0.039 |
/// | 8 → 8 @ 28, batch 1 | 0.023 | 0.012 | **0.010** |
///
/// In a network weights come from memory, so that is what counts where the two differ.
pub(in crate::conv) fn choose(problem: &ConvProblem) -> Option<TileSize> {
    let axes = super::axes(problem)?;
    // Groups of few channels have kernels of their own, which leave no lanes empty.
    if problem.groups > 1 && problem.group_channels().min(problem.group_filters()) < LANES {
        return None;
    }
    let plain = plain(problem);
    let tiled = [TileSize::Four, TileSize::Two].map(|size| (size, tiled(problem, axes, size)));
    let (size, best) = if tiled[0].1 <= tiled[1].1 { tiled[0] } else { tiled[1] };
    (best < plain).then_some(size)
}

fn vectors(channels: usize) -> f64 {
    channels.div_ceil(LANES) as f64
}

/// The plain sum's cost in multiply-adds of one vector.
fn plain(p: &ConvProblem) -> f64 {
    let places = (p.batch * p.output_places()) as f64;
    let products = places * (p.taps() * p.group_channels()) as f64;
    let multiply = p.groups as f64 * products * vectors(p.group_filters()) / EFFICIENCY;
    multiply.max(memory(p, p.weights_len()))
}

fn tiled(p: &ConvProblem, [_, rows, columns]: [usize; 3], size: TileSize) -> f64 {
    // Cycles for a vector of a tile, measured: in and out.
    let (into, out) = match size {
        TileSize::Two => (70.0, 50.0),
        TileSize::Four => (180.0, 130.0),
    };
    let (output, side) = (p.output(), size.outputs());
    let plane = output.iter().product::<usize>() / (output[rows] * output[columns]).max(1);
    let in_plane = output[rows].div_ceil(side) * output[columns].div_ceil(side);
    let tiles = (p.batch * plane * in_plane) as f64;
    let depth = p.taps() / 9;
    let products = (size.places() * depth * p.group_channels()) as f64;
    let multiply = products * vectors(p.group_filters()) / EFFICIENCY;
    let transforms =
        into * depth as f64 * vectors(p.group_channels()) + out * vectors(p.group_filters());
    let weights = p.weights_len() / 9 * size.places();
    (tiles * p.groups as f64 * (multiply + transforms)).max(memory(p, weights))
}

/// The cost of reading and writing every value once.
fn memory(p: &ConvProblem, weights: usize) -> f64 {
    let values = p.input_len() + p.output_len() + weights;
    4.0 * values as f64 * MACS_PER_BYTE / LANES as f64
}
