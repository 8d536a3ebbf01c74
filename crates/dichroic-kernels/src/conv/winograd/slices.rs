//! A kernel cut into slices, whose products are summed in the transformed domain before one transform back.
//!
//! Along an axis the taps of a stride of 1 are one run, cut where it is longer than a tile's taps. With a stride of s a place's
//! source is s places from its neighbour's, so that every s-th tap is a run, which is a convolution with a
//! stride of 1 over every s-th source place:
//!
//! ```text
//! 7 taps, stride 2:  0 · 2 · 4 · 6      3 taps, stride 2:  0 · 2      9 taps in slices of 5:  0 1 2 3 4
//!                      1 · 3 · 5 ·                           1 ·                              5 6 7 8 ·
//! ```
//!
//! A slice whose last tap is missing has weights of zero at the last place of a tile, that of the point ∞. There nothing is
//! multiplied: 3×3 with strides of 2 takes (5 + 4)² = 81 products for 4 × 4 outputs instead of 100, 7×7 (7 + 6)² = 169 instead of 196.

use std::collections::HashMap;
use std::ops::Range;

use super::super::gather::Phase;
use super::tiling::{Side, Tiling, runs};

/// Taps of a kernel that are transformed together.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    /// From the source place of a destination place to the first tap, along depth, rows and columns.
    pub first: [isize; 3],
    /// The numbers of the taps in the weights, row by row; none where the kernel has ended.
    pub weights: Vec<Option<usize>>,
    /// Whether the last row and the last column have taps.
    full: [bool; 2],
}

impl Slice {
    /// Rows and columns of a transformed tile where the weights are not zero by themselves.
    pub fn extent(&self, tiling: &Tiling) -> [usize; 2] {
        [0, 1].map(|i| tiling.sides[i].inputs() - usize::from(!self.full[i]))
    }

    /// Orders slices such that those with products at a place follow each other: those of the last column,
    /// and those of the last row, overlap in those of both.
    fn rank(&self) -> usize {
        match self.full {
            [false, true] => 0,
            [true, true] => 1,
            [true, false] => 2,
            [false, false] => 3,
        }
    }
}

/// What is multiplied at a place of a transformed tile.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The slices whose weights are not all zero there.
    pub slices: Range<usize>,
    /// The sum of such slices over the places before it.
    pub before: usize,
}

/// The slices of a phase's taps.
#[derive(Clone, Debug)]
pub(super) struct Slices {
    pub list: Vec<Slice>,
    /// The places of a transformed tile, row by row.
    pub places: Vec<Place>,
    /// Slices that are multiplied, over all places.
    pub products: usize,
}

impl Slices {
    /// Cuts a phase's taps.
    pub fn new(phase: &Phase, tiling: &Tiling) -> Self {
        let mut list = cut(phase, tiling);
        list.sort_by_key(Slice::rank);
        let [rows, columns] = tiling.sides.map(Side::inputs);
        let mut products = 0;
        let places = (0..rows * columns).map(|place| {
            let (row, column) = (place / columns, place % columns);
            let multiplied = |slice: &Slice| {
                let [rows, columns] = slice.extent(tiling);
                row < rows && column < columns
            };
            let start = list.iter().position(multiplied).unwrap_or(0);
            let count = list.iter().filter(|slice| multiplied(slice)).count();
            debug_assert!(list[start..start + count].iter().all(multiplied), "ordered by rank");
            products += count;
            Place { slices: start..start + count, before: products - count }
        });
        Self { places: places.collect(), list, products }
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }
}

/// Neighbouring taps of a run.
#[derive(Clone, Copy)]
struct Piece {
    first: isize,
    full: bool,
}

/// The pieces of an axis's runs.
fn pieces(phase: &Phase, axis: usize, side: Side) -> Vec<Piece> {
    let step = phase.source_step[axis] as isize;
    let mut pieces = Vec::new();
    for run in runs(phase, axis) {
        for tap in (0..run.taps).step_by(side.taps) {
            let first = run.first + tap as isize * step;
            pieces.push(Piece { first, full: run.taps - tap >= side.taps });
        }
    }
    if pieces.is_empty() {
        // Without taps results are sums too, of a slice of zeros.
        pieces.push(Piece { first: 0, full: true });
    }
    pieces
}

/// The number of slices, known before they are cut: a kernel of 1000 × 1000 taps has 40 000.
pub(super) fn count(phase: &Phase, tiling: &Tiling) -> usize {
    let sides = [Side::PLAIN, tiling.sides[0], tiling.sides[1]];
    (0..3).map(|i| pieces(phase, tiling.axes[i], sides[i]).len()).product()
}

fn cut(phase: &Phase, tiling: &Tiling) -> Vec<Slice> {
    let axes = tiling.axes;
    let taps: HashMap<[isize; 3], usize> =
        phase.taps.iter().map(|tap| (axes.map(|axis| tap.offset[axis]), tap.weight)).collect();
    let [row_side, column_side] = tiling.sides;
    let [_, row_step, column_step] = axes.map(|axis| phase.source_step[axis] as isize);
    let rows = pieces(phase, axes[1], row_side);
    let columns = pieces(phase, axes[2], column_side);
    let mut slices = Vec::new();
    for depth in pieces(phase, axes[0], Side::PLAIN) {
        for row in &rows {
            for column in &columns {
                let first = [depth.first, row.first, column.first];
                let tap = |i: usize| {
                    let (row, column) = (i / column_side.taps, i % column_side.taps);
                    let offset = [row as isize * row_step, column as isize * column_step];
                    [first[0], first[1] + offset[0], first[2] + offset[1]]
                };
                let count = row_side.taps * column_side.taps;
                let weights = (0..count).map(|i| taps.get(&tap(i)).copied()).collect();
                slices.push(Slice { first, weights, full: [row.full, column.full] });
            }
        }
    }
    slices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::ConvProblem;
    use crate::conv::gather::Gather;

    fn slices(problem: ConvProblem, outputs: usize) -> Slices {
        let gather = Gather::forward(&problem);
        let tiling = Tiling::new(&gather, [1, outputs, outputs]).expect("tiles of this size");
        Slices::new(&gather.phases[0], &tiling)
    }

    fn strided(kernel: usize, stride: usize) -> ConvProblem {
        let problem = ConvProblem::new_2d(1, [24, 24], 1, 1).kernel_2d([kernel; 2]);
        ConvProblem { strides: [1, stride, stride], ..problem }.same_padding()
    }

    #[test]
    fn a_place_multiplies_only_slices_with_weights_there() {
        let products = |kernel, stride, outputs| slices(strided(kernel, stride), outputs).products;
        assert_eq!(products(3, 1, 4), 6 * 6);
        assert_eq!(products(9, 1, 4), (8 + 7) * (8 + 7));
        assert_eq!(products(3, 2, 4), (5 + 4) * (5 + 4));
        assert_eq!(products(5, 2, 4), (6 + 5) * (6 + 5));
        assert_eq!(products(7, 2, 4), (7 + 6) * (7 + 6));
        assert_eq!(products(7, 3, 4), (6 + 5 + 5) * (6 + 5 + 5));
    }

    #[test]
    fn every_tap_lies_in_one_slice() {
        for (kernel, stride) in [(3, 2), (4, 2), (7, 2), (5, 3), (9, 1), (11, 4)] {
            let problem = strided(kernel, stride);
            let slices = slices(problem, 4);
            let mut taps: Vec<usize> = slices
                .list
                .iter()
                .flat_map(|slice| slice.weights.iter().flatten().copied())
                .collect();
            taps.sort_unstable();
            assert!(taps.into_iter().eq(0..problem.taps()), "{kernel} by {stride}");
        }
    }
}
