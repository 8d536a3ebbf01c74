//! Whether tiles pay, and which: a count of what each way of computing costs.

use super::on_the_fly;
use super::slices::{self, Slices};
use super::tiling::{self, Side, Tiling};
use super::weights::Transformed;
use crate::conv::gather::{Gather, Phase};
use crate::conv::{Algorithm, ConvMode};

/// Multiply-adds in the time in which a byte comes from memory: 3.5 on two Zen 4 cores (115 billion a second,
/// 33 GB/s of weights), about 3 on two Zen 5 (256, 80).
const MACS_PER_BYTE: f64 = 4.0;
/// The part of the multipliers' peak that register tiles reach.
const EFFICIENCY: f64 = 0.9;
/// Channels of a vector; fewer cost as many.
const LANES: usize = 16;
/// The most channels × slices that 4 × 4 outputs of 5 × 5 taps may sum: the largest error, 3.5 × 10⁻⁵ of the root mean
/// square of the results there, grows as their root.
const MOST_SUMMED_BY_LARGE_TILES: usize = 256;

/// What tiles must save, in multiply-adds of one vector: about two microseconds of one core. Less is not worth that they
/// round more than a plain sum does.
const LEAST_SAVED: f64 = 8000.0;

/// Products of bfloat16 in the time of one in `f32`, where the CPU has instructions for them. Elsewhere they are as slow as in
/// `f32`, but a choice that depends on that would give every CPU other numbers.
const BF16_SPEED: f64 = 2.0;

/// Vectors of a transformed tile of several slices from which on a panel of them no longer lies in the second cache while weights
/// stream through it, and what one of them then costs each time that it is written or read.
const CACHED_VECTORS: f64 = 170.0;
const CYCLES_PER_VECTOR: f64 = 4.0;
/// How many times as long transforms take with several slices, measured: what a tile reads lies in more lines, each used once.
const SLICED_TRANSFORMS: f64 = 2.0;
/// The least factor by which tiles of several slices must win: in training their many weights are transformed at every step.
const SLICED_GAIN: f64 = 1.1;

/// The most slices of a kernel: with more, panels outgrow the caches.
const MOST_SLICES: usize = 16;

/// Tiles whose products with a vector of weights share what it takes to transform these on the fly, and the cycles that this
/// takes: 185 for four tiles and 155 for two with weights from the cache, 260 for four with weights from memory. With fewer registers
/// panels have two tiles, but a choice that depends on that would give every CPU other numbers.
const PANEL_TILES: usize = 4;
const PANEL_CYCLES: f64 = 200.0;
const TILE_CYCLES: f64 = 14.0;

/// The tiles that are expected to be fastest; none where the plain sum is.
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
/// Other kernels on one core, their weights in the cache:
///
/// | same padding, batch 1 · 16 | plain sum | tiles | of |
/// |---|---|---|---|
/// | 5×5, 48 → 64 @ 28 | 1.04 · 17.1 | **0.22** · **4.2** | 4×4 |
/// | 5×5, 48 → 64 @ 28 | | 0.45 · 8.7 | 2×2 |
/// | 5×5, 256 → 256 @ 7 | 1.22 · 21.7 | 0.56 · **6.2** | 4×4 |
/// | 5×5, 256 → 256 @ 7 | | **0.69** · 14.0 | 1×4 |
/// | 5×5 without padding, 6 → 16 @ 14 | 0.005 · 0.078 | **0.005** · **0.058** | 4×4 |
/// | 5×5, 1 → 6 @ 28 | **0.011** · **0.16** | 0.018 · 0.27 | 4×4 |
/// | 2×2, 64 → 64 @ 28 | 0.23 · 3.8 | **0.12** · **2.0** | 5×5 |
/// | gradient of 4×4 by 2, 128 → 64 @ 28 | 1.80 · 34 | **0.93** · **20** | 5×5 |
/// | gradient of 4×4 by 2, 64 → 3 @ 32 | **0.10** · **1.6** | 0.20 · 3.3 | 5×5 |
/// | gradient of 5×5 by 2, 128 → 64 @ 14 | 0.69 · 12.5 | **0.40** · **7.9** | 4×4 |
/// | 1×7, 160 → 192 @ 17 | 1.11 · 18.6 | **0.51** · **9.3** | 1×4 |
/// | 1×7, 16 → 16 @ 17 | 0.011 · 0.17 | **0.009** · **0.14** | 1×4 |
/// | 1×3, 384 → 384 @ 8 | 0.51 · 8.5 | **0.26** · **4.8** | 1×4 |
/// | 3, 64 → 64 @ 4096 | 0.95 · 17.5 | **0.51** · **13.5** | 1×6 |
/// | 9, 64 → 128 @ 4096 | 5.7 · 91 | **3.1** · **51** | 1×4 |
/// | 9×9, 64 → 64 @ 28 | 4.4 · 71 | **1.1** · **21** | 4×4 |
///
/// With strides of 2, same padding, on two cores, batch 1 · 16:
///
/// | | plain sum | tiles | of |
/// |---|---|---|---|
/// | 3×3, 128 → 128 @ 56 | 1.03 · 16.9 | **0.92** · **13.2** | 4×4 |
/// | 3×3, 64 → 128 @ 16 | **0.042** · 0.66 | 0.036 · **0.49** | 4×4 |
/// | 3×3, 128 → 256 @ 8 | **0.043** · **0.60** | 0.19 · 0.57 | 4×4 |
/// | 3×3, 96 → 96 @ 35 | **0.24** · 3.9 | 0.20 · **3.4** | 3×3 |
/// | 3×3, 192 → 192 @ 17 | **0.23** · 3.6 | 0.22 · **2.9** | 3×3 |
/// | 3×3, 3 → 32 @ 224 | **0.16** · **3.5** | 0.29 · 6.0 | 4×4 |
/// | 5×5, 32 → 64 @ 56 | 0.35 · 6.0 | **0.16** · **2.9** | 4×4 |
/// | 7×7, 3 → 64 @ 224 | 1.12 · 18.0 | **0.81** · **13.5** | 4×4 |
///
/// In a network weights come from memory, so that is what counts where the two differ. With weights that are transformed on the
/// fly 512 → 512 @ 7 at batch 1 takes 0.49 · **0.57**, 256 → 256 @ 14 0.49 · 0.52, where stored ones now take 0.34 · **0.41**.
///
/// In ResNet-50 at batch 1, in ms, with bfloat16 as the plain sum: 64 @ 56 0.53 · **0.34**, 128 @ 28 0.53 · **0.33**,
/// 256 @ 14 0.54 · **0.45**, 512 @ 7 **0.62** · 0.60 to 0.70 on the fly. At batch 16, tiles of 4×4 and of 7×7, which round too much for `f32`: 64 @ 56
/// 5.6 · **4.9**, 128 @ 28 4.9 · **4.1**, 256 @ 14 6.5 · **4.7**, 512 @ 7 6.5 · **4.8**. Their weights are transformed in 3.2 ms
/// instead of 0.9 at 256 @ 14, so that a training step of 8 items, which does it twice, would lose by them.
pub(in crate::conv) fn choose(gather: &Gather, mode: ConvMode) -> Option<Algorithm> {
    // Groups of few channels have kernels of their own, which leave no lanes empty.
    if gather.groups > 1 && gather.group_sources().min(gather.group_destinations()) < LANES {
        return None;
    }
    let mut best = (None, plain(gather, mode) - LEAST_SAVED);
    for outputs in tiling::candidates(gather) {
        let tiling = Tiling::new(gather, outputs).expect("candidates suit");
        let allowed = mode == ConvMode::Bf16Prepared || !tiling.is_coarse();
        let cost = tiled(gather, &tiling, Transformed::WhenPacked);
        if allowed && cost < best.1 {
            best = (Some(Algorithm::Winograd(outputs)), cost);
        }
        if on_the_fly::suits(&tiling) {
            let cost = tiled(gather, &tiling, Transformed::WhenUsed);
            if cost < best.1 {
                best = (Some(Algorithm::WinogradOnTheFly(outputs)), cost);
            }
        }
    }
    best.0
}

fn vectors(channels: usize) -> f64 {
    channels.div_ceil(LANES) as f64
}

/// The plain sum's cost in multiply-adds of one vector.
fn plain(gather: &Gather, mode: ConvMode) -> f64 {
    let products = |phase: &Phase| gather.places(phase) as f64 * phase.taps.len() as f64;
    let products = gather.phases.iter().map(products).sum::<f64>() * gather.source_channels as f64;
    let taps: usize = gather.phases.iter().map(|phase| phase.taps.len()).sum();
    // The last few filters are summed in a half or a quarter of a vector.
    let filters = gather.group_destinations();
    let rest = match filters % LANES {
        0 => 0.0,
        1..=4 => 0.35,
        5..=8 => 0.55,
        _ => 1.0,
    };
    let vectors = (filters / LANES) as f64 + rest;
    let speed = match mode {
        ConvMode::Exact | ConvMode::Fast => 1.0,
        ConvMode::Bf16 | ConvMode::Bf16Prepared => BF16_SPEED,
    };
    let weights = taps * gather.group_sources() * gather.destination_channels;
    (products * vectors / EFFICIENCY / speed).max(values(gather) + from_memory(weights))
}

fn tiled(gather: &Gather, tiling: &Tiling, transformed: Transformed) -> f64 {
    let (mut cost, mut weights, mut sliced) = (0.0, 0, false);
    for phase in &gather.phases {
        let large = tiling.sides == [Side { outputs: 4, taps: 5 }; 2];
        let count = slices::count(phase, tiling);
        let summed = count * gather.group_sources();
        if count > MOST_SLICES || (large && summed > MOST_SUMMED_BY_LARGE_TILES) {
            return f64::INFINITY;
        }
        let slices = Slices::new(phase, tiling);
        let [depth, rows, columns] = tiling.axes.map(|axis| phase.counts[axis]);
        let tiles = gather.batch
            * depth
            * rows.div_ceil(tiling.sides[0].outputs)
            * columns.div_ceil(tiling.sides[1].outputs);
        let (products, per_channel) = match transformed {
            Transformed::WhenPacked => {
                ((tiles * slices.products) as f64 / EFFICIENCY, slices.products)
            }
            Transformed::WhenUsed => {
                (on_the_fly(tiles) * slices.len() as f64, slices.len() * tiling.taps())
            }
        };
        let filters = vectors(gather.group_destinations());
        let channels = vectors(gather.group_sources());
        let mut transforms = into(tiling) * slices.len() as f64 * channels + out(tiling) * filters;
        if slices.len() > 1 {
            transforms *= SLICED_TRANSFORMS;
        }
        let moved = moved(&slices, channels, filters);
        cost += products * gather.group_sources() as f64 * filters;
        cost += tiles as f64 * (transforms + moved);
        weights += per_channel;
        sliced |= slices.len() > 1;
    }
    cost *= gather.groups as f64;
    let weights = weights * gather.group_sources() * gather.destination_channels;
    // Panels of several slices and weights take turns in the second cache, so that neither hides behind the other.
    let cost = if sliced { SLICED_GAIN * (cost + from_memory(weights)) } else { cost };
    cost.max(values(gather) + from_memory(weights))
}

/// What moving a tile's transformed input between the caches costs.
fn moved(slices: &Slices, channels: f64, filters: f64) -> f64 {
    let vectors = slices.products as f64 * channels;
    if slices.len() == 1 || vectors <= CACHED_VECTORS {
        return 0.0;
    }
    // Written once, and read for each block of two vectors of filters.
    vectors * (1.0 + (filters / 2.0).ceil()) * CYCLES_PER_VECTOR
}

/// Cycles of a vector of weights that is transformed on the fly, and multiplied with so many tiles.
fn on_the_fly(tiles: usize) -> f64 {
    tiles.div_ceil(PANEL_TILES) as f64 * PANEL_CYCLES + tiles as f64 * TILE_CYCLES
}

/// Cycles in which a tile of one vector of channels is transformed: 70 for 4 × 4 places and 180 for 6 × 6, measured.
fn into(tiling: &Tiling) -> f64 {
    let [rows, columns] = tiling.sides.map(Side::inputs);
    let operations = |inputs: usize| inputs / 2 * inputs.saturating_sub(2);
    let both = columns * operations(rows) + rows * operations(columns);
    0.3 * both as f64 + 3.8 * tiling.places() as f64
}

/// The same for the way back, of one vector of filters: 50 and 130, measured.
fn out(tiling: &Tiling) -> f64 {
    let [rows, columns] = tiling.sides;
    let operations = |side: Side| (side.outputs + 2) * (side.inputs().saturating_sub(2) / 2);
    let both = columns.inputs() * operations(rows) + rows.outputs * operations(columns);
    0.3 * both as f64 + 2.5 * tiling.places() as f64
}

/// The cost of reading every value of the source and writing every one of the destination once.
fn values(gather: &Gather) -> f64 {
    from_memory(gather.source_len() + gather.destination_len())
}

/// The cost of so many values from memory.
fn from_memory(values: usize) -> f64 {
    4.0 * values as f64 * MACS_PER_BYTE / LANES as f64
}
