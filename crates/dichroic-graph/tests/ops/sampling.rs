//! The cases of ops that look between the places of feature maps.

use dichroic_graph::Shape;
use dichroic_graph::ops::{
    GridSample, GridSampleGradient, GridSampleSlope, RoiAlign, RoiAlignGradient, RoiKind,
    SampleBorder, SampleMode,
};

use crate::cases::{Case, case};
use crate::moves::given;

pub fn cases() -> Vec<Case> {
    let mut all = samples();
    all.extend(regions());
    all
}

/// Coordinates from well outside to well outside, none of them halfway between two places.
fn grid(len: usize) -> Vec<f32> {
    (0..len).map(|i| ((i * 37 % 83) as f32 / 83.0 - 0.5) * 5.3 + 0.013).collect()
}

fn samples() -> Vec<Case> {
    let mut all = Vec::new();
    for mode in [SampleMode::Nearest, SampleMode::Linear, SampleMode::Cubic] {
        for border in [SampleBorder::Zeros, SampleBorder::Edge, SampleBorder::Reflect] {
            for align_corners in [false, true] {
                let op = GridSample { mode, border, align_corners };
                let map = case("samples of maps", op, [&[2, 4, 5, 3], &[2, 3, 7, 2]], &[0]);
                all.push(given(map, 1, &grid(84)));
                let op_gradient = GridSampleGradient { op, shape: Shape::from([2, 4, 5, 3]) };
                let dx =
                    case("gradient of samples", op_gradient, [&[2, 3, 7, 3], &[2, 3, 7, 2]], &[]);
                all.push(given(dx, 1, &grid(84)));
                let inputs = [&[2, 3, 7, 3][..], &[2, 4, 5, 3], &[2, 3, 7, 2]];
                let slope = case("slopes of samples", GridSampleSlope(op), inputs, &[]);
                all.push(given(slope, 2, &grid(84)));
                let line = case("samples of a line", op, [&[1, 6, 2], &[1, 9, 1]], &[]);
                all.push(given(line, 1, &grid(9)));
                let block =
                    case("samples of a block", op, [&[1, 3, 2, 4, 2], &[1, 2, 2, 3, 3]], &[]);
                all.push(given(block, 1, &grid(36)));
            }
        }
    }
    let op =
        GridSample { mode: SampleMode::Linear, border: SampleBorder::Edge, align_corners: false };
    all.push(case("samples of an empty map", op, [&[1, 0, 5, 3], &[1, 2, 2, 2]], &[]));
    all.push(case("no samples", op, [&[1, 4, 5, 3], &[1, 0, 2, 2]], &[]));
    all
}

fn regions() -> Vec<Case> {
    let corners = [
        0.3, 0.7, 6.1, 5.2, 2.2, 1.1, 2.3, 1.3, -3.0, -2.0, 9.0, 11.0, 5.0, 5.0, 4.0, 4.0, 1.0,
        1.0, 3.0, 3.0,
    ];
    let items = [0.0, 1.0, 1.0, 0.0, 1.0];
    let mut all = Vec::new();
    for kind in [RoiKind::Average, RoiKind::Max] {
        for (sampling, half_pixel) in [(0, true), (0, false), (2, true), (3, false)] {
            let op = RoiAlign { kind, cells: [3, 2], sampling, scale: 0.9, half_pixel };
            let of = case("regions", op, [&[2, 6, 7, 3], &[5, 4], &[5]], &[]);
            all.push(given(given(of, 1, &corners), 2, &items));
            let gradient = RoiAlignGradient { op, shape: Shape::from([2, 6, 7, 3]) };
            let dx = case("gradient of regions", gradient, [&[5, 3, 2, 3], &[5, 4], &[5]], &[]);
            all.push(given(given(dx, 1, &corners), 2, &items));
        }
    }
    let op = RoiAlign {
        kind: RoiKind::Average,
        cells: [2, 2],
        sampling: 1,
        scale: 1.0,
        half_pixel: true,
    };
    all.push(case("no regions", op, [&[2, 6, 7, 3], &[0, 4], &[0]], &[]));
    all
}
