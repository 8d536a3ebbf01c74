//! The sizes of tiles, and which of them a gather allows.

use crate::conv::gather::{Gather, Phase};

/// A tile along one axis: F(m, r), m outputs of a kernel's r taps from m + r − 1 inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Side {
    pub outputs: usize,
    pub taps: usize,
}

impl Side {
    /// An axis along which each output is a tile of its own, and each tap a slice.
    pub const PLAIN: Side = Side { outputs: 1, taps: 1 };

    const fn new(outputs: usize, taps: usize) -> Self {
        Self { outputs, taps }
    }

    /// α.
    pub const fn inputs(self) -> usize {
        self.outputs + self.taps - 1
    }
}

/// Divides the maps of 56, 28, 14 and 7 places that networks have: 1.65 products for an output, where 4 × 4 tiles have 2.25 to 2.94.
const COARSE: Side = Side::new(7, 3);
/// Tiles in two directions, with the same side in both.
const SQUARE: [Side; 9] = [
    Side::new(3, 2),
    Side::new(4, 2),
    Side::new(5, 2),
    Side::new(2, 3),
    Side::new(4, 3),
    COARSE,
    Side::new(4, 4),
    Side::new(2, 5),
    Side::new(4, 5),
];
/// Tiles in one direction.
const SINGLE: [Side; 5] =
    [Side::new(5, 2), Side::new(4, 3), Side::new(6, 3), Side::new(4, 5), Side::new(4, 7)];

/// Calls a method with the sizes of a tile as constants: outputs, taps and inputs of its rows, then of its
/// columns.
macro_rules! with_sizes {
    ($sides:expr, $this:ident.$method:ident::<$simd:ident>($($argument:expr),*)) => {{
        use crate::conv::winograd::tiling::Side;
        let [rows, columns]: [Side; 2] = $sides;
        match (rows.outputs, columns.outputs, columns.taps) {
            (3, 3, 2) => $this.$method::<$simd, 3, 2, 4, 3, 2, 4>($($argument),*),
            (4, 4, 2) => $this.$method::<$simd, 4, 2, 5, 4, 2, 5>($($argument),*),
            (5, 5, 2) => $this.$method::<$simd, 5, 2, 6, 5, 2, 6>($($argument),*),
            (2, 2, 3) => $this.$method::<$simd, 2, 3, 4, 2, 3, 4>($($argument),*),
            (4, 4, 3) => $this.$method::<$simd, 4, 3, 6, 4, 3, 6>($($argument),*),
            (7, 7, 3) => $this.$method::<$simd, 7, 3, 9, 7, 3, 9>($($argument),*),
            (4, 4, 4) => $this.$method::<$simd, 4, 4, 7, 4, 4, 7>($($argument),*),
            (2, 2, 5) => $this.$method::<$simd, 2, 5, 6, 2, 5, 6>($($argument),*),
            (4, 4, 5) => $this.$method::<$simd, 4, 5, 8, 4, 5, 8>($($argument),*),
            (1, 5, 2) => $this.$method::<$simd, 1, 1, 1, 5, 2, 6>($($argument),*),
            (1, 4, 3) => $this.$method::<$simd, 1, 1, 1, 4, 3, 6>($($argument),*),
            (1, 6, 3) => $this.$method::<$simd, 1, 1, 1, 6, 3, 8>($($argument),*),
            (1, 4, 5) => $this.$method::<$simd, 1, 1, 1, 4, 5, 8>($($argument),*),
            (1, 4, 7) => $this.$method::<$simd, 1, 1, 1, 4, 7, 10>($($argument),*),
            _ => unreachable!("no tile of {rows:?} × {columns:?}"),
        }
    }};
}
pub(super) use with_sizes;

/// How a gather's places are cut into tiles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiling {
    /// The tensor's axes as depth, row and column: plain axes come first.
    pub axes: [usize; 3],
    /// Along rows and columns.
    pub sides: [Side; 2],
}

impl Tiling {
    /// Tiles of so many outputs along each of the tensor's axes; none where the gather allows no such tiles.
    pub fn new(gather: &Gather, outputs: [usize; 3]) -> Option<Self> {
        let mut axes = [0, 1, 2];
        axes.sort_by_key(|&axis| outputs[axis] > 1);
        let square = outputs.iter().filter(|&&outputs| outputs > 1).count() == 2;
        let sides = axes.map(|axis| match outputs[axis] {
            1 => Side::PLAIN,
            outputs => Side { outputs, taps: taps(longest_run(gather, axis), square) },
        });
        let [depth, rows, columns] = sides;
        let compiled = match rows {
            Side::PLAIN => SINGLE.contains(&columns),
            _ => rows == columns && SQUARE.contains(&columns),
        };
        (depth == Side::PLAIN && compiled).then_some(Self { axes, sides: [rows, columns] })
    }

    /// Whether results are rounded more than `f32` may be: see the accuracy of [`super::transform`].
    pub fn is_coarse(&self) -> bool {
        self.sides.contains(&COARSE)
    }

    /// Taps of a slice.
    pub fn taps(&self) -> usize {
        self.sides.iter().map(|side| side.taps).product()
    }

    /// Places of a transformed tile.
    pub fn places(&self) -> usize {
        self.sides.iter().map(|side| side.inputs()).product()
    }
}

/// Taps along an axis that lie a source step apart: neighbours for a tile, whose inputs lie as far apart.
pub(super) struct Run {
    pub first: isize,
    pub taps: usize,
}

/// The longest runs that a phase's taps form along an axis.
pub(super) fn runs(phase: &Phase, axis: usize) -> Vec<Run> {
    let step = phase.source_step[axis] as isize;
    let mut offsets: Vec<isize> = phase.taps.iter().map(|tap| tap.offset[axis]).collect();
    offsets.sort_unstable();
    offsets.dedup();
    let mut runs: Vec<Run> = Vec::new();
    for offset in offsets {
        match runs.iter_mut().find(|run| run.first + run.taps as isize * step == offset) {
            Some(run) => run.taps += 1,
            None => runs.push(Run { first: offset, taps: 1 }),
        }
    }
    runs
}

/// The most neighbouring taps of any phase along an axis.
fn longest_run(gather: &Gather, axis: usize) -> usize {
    let runs = gather.phases.iter().flat_map(|phase| runs(phase, axis));
    runs.map(|run| run.taps).max().unwrap_or(0)
}

/// Taps of a slice, where the longest run has so many, in tiles in one direction or two.
fn taps(run: usize, square: bool) -> usize {
    match run {
        0 | 1 => 1,
        2 => 2,
        3 => 3,
        4 | 6..=8 if square => 4,
        6 | 7 => 7,
        _ => 5,
    }
}

/// True when such tiles can compute this gather.
pub(super) fn suits(gather: &Gather, outputs: [usize; 3]) -> bool {
    gather.source_len() > 0
        && gather.destination_size().0 > 0
        && gather.destination_channels > 0
        && Tiling::new(gather, outputs).is_some()
}

/// The tiles that can compute this gather, as outputs along each axis.
pub(super) fn candidates(gather: &Gather) -> impl Iterator<Item = [usize; 3]> {
    let square = |outputs| [[1, outputs, outputs], [outputs, 1, outputs], [outputs, outputs, 1]];
    let single = |outputs| [[1, 1, outputs], [1, outputs, 1], [outputs, 1, 1]];
    let squares = [7, 5, 4, 3, 2].into_iter().flat_map(square);
    let all = squares.chain([6, 5, 4].into_iter().flat_map(single));
    all.filter(|&outputs| suits(gather, outputs))
}
