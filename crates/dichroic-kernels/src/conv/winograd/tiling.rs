//! The sizes of tiles, and which of them a kernel allows.

use crate::conv::ConvProblem;

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
    pub fn inputs(self) -> usize {
        self.outputs + self.taps - 1
    }
}

/// Tiles in two directions, with the same side in both.
const SQUARE: [Side; 4] = [Side::new(2, 3), Side::new(4, 3), Side::new(2, 5), Side::new(4, 5)];
/// Tiles in one direction.
const SINGLE: [Side; 4] = [Side::new(4, 3), Side::new(6, 3), Side::new(4, 5), Side::new(4, 7)];

/// Calls a method with the sizes of a tile as constants: outputs, taps and inputs of its rows, then of its
/// columns.
macro_rules! with_sizes {
    ($sides:expr, $this:ident.$method:ident::<$simd:ident>($($argument:expr),*)) => {{
        use crate::conv::winograd::tiling::Side;
        let [rows, columns]: [Side; 2] = $sides;
        match (rows.outputs, columns.outputs, columns.taps) {
            (2, 2, 3) => $this.$method::<$simd, 2, 3, 4, 2, 3, 4>($($argument),*),
            (4, 4, 3) => $this.$method::<$simd, 4, 3, 6, 4, 3, 6>($($argument),*),
            (2, 2, 5) => $this.$method::<$simd, 2, 5, 6, 2, 5, 6>($($argument),*),
            (4, 4, 5) => $this.$method::<$simd, 4, 5, 8, 4, 5, 8>($($argument),*),
            (1, 4, 3) => $this.$method::<$simd, 1, 1, 1, 4, 3, 6>($($argument),*),
            (1, 6, 3) => $this.$method::<$simd, 1, 1, 1, 6, 3, 8>($($argument),*),
            (1, 4, 5) => $this.$method::<$simd, 1, 1, 1, 4, 5, 8>($($argument),*),
            (1, 4, 7) => $this.$method::<$simd, 1, 1, 1, 4, 7, 10>($($argument),*),
            _ => unreachable!("no tile of {rows:?} × {columns:?}"),
        }
    }};
}
pub(super) use with_sizes;

/// How a convolution's places are cut into tiles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiling {
    /// The tensor's axes as depth, row and column: plain axes come first.
    pub axes: [usize; 3],
    /// Along rows and columns.
    pub sides: [Side; 2],
}

impl Tiling {
    /// Tiles of so many outputs along each of the tensor's axes; none where the kernel allows no such tiles.
    pub fn new(kernel: [usize; 3], outputs: [usize; 3]) -> Option<Self> {
        let mut axes = [0, 1, 2];
        axes.sort_by_key(|&axis| outputs[axis] > 1);
        let sides = axes.map(|axis| match outputs[axis] {
            1 => Side::PLAIN,
            outputs => Side { outputs, taps: taps(kernel[axis]) },
        });
        let [depth, rows, columns] = sides;
        let compiled = match rows {
            Side::PLAIN => SINGLE.contains(&columns),
            _ => rows == columns && SQUARE.contains(&columns),
        };
        (depth == Side::PLAIN && compiled).then_some(Self { axes, sides: [rows, columns] })
    }

    /// Places of a transformed tile.
    pub fn places(&self) -> usize {
        self.sides.iter().map(|side| side.inputs()).product()
    }

    /// Parts of the kernel that are transformed one by one.
    pub fn slices(&self, kernel: [usize; 3]) -> usize {
        let [_, rows, columns] = self.axes;
        let depth = kernel[self.axes[0]];
        let [rows, columns] = [(rows, 0), (columns, 1)]
            .map(|(axis, side)| kernel[axis].div_ceil(self.sides[side].taps));
        depth * rows * columns
    }
}

/// Taps of a slice of a kernel of this size; a last slice is filled up with zeros.
fn taps(kernel: usize) -> usize {
    match kernel {
        0..=2 => 1,
        3 => 3,
        6 | 7 => 7,
        _ => 5,
    }
}

/// True when such tiles can compute this problem.
pub(in crate::conv) fn suits(problem: &ConvProblem, outputs: [usize; 3]) -> bool {
    let p = problem;
    p.strides == [1; 3]
        && (0..3).all(|axis| outputs[axis] == 1 || p.dilation_rate[axis] == 1)
        && (p.input_len() > 0 && p.output_len() > 0)
        && Tiling::new(p.kernel, outputs).is_some()
}

/// The tiles that can compute this problem, as outputs along each axis.
pub(super) fn candidates(problem: &ConvProblem) -> impl Iterator<Item = [usize; 3]> {
    let square = |outputs| [[1, outputs, outputs], [outputs, 1, outputs], [outputs, outputs, 1]];
    let single = |outputs| [[1, 1, outputs], [1, outputs, 1], [outputs, 1, 1]];
    let all = [4, 2].into_iter().flat_map(square).chain([6, 4].into_iter().flat_map(single));
    all.filter(|&outputs| suits(problem, outputs))
}
