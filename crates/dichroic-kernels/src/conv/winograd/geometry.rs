//! Which places a tile reads and writes.

use std::collections::HashMap;
use std::ops::Range;

use super::super::gather::{Gather, Phase};
use super::tiling::{Side, Tiling};

/// A convolution cut into tiles of destination places.
///
/// The axes along which tiles are transformed are called rows and columns here, or just columns if there
/// is one, and what is left is the depth (and the rows), whatever they are in the tensor.
#[derive(Clone, Debug)]
pub(super) struct Geometry {
    /// Along rows and columns.
    sides: [Side; 2],
    /// Tiles along rows and columns.
    tiles: [usize; 2],
    source: Grid,
    destination: Grid,
    /// The kernel's parts.
    pub slices: Vec<Slice>,
    /// All tiles of the batch.
    pub count: usize,
}

/// Taps of a kernel that are transformed together; the products of all slices are summed before the
/// transform back.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    /// From a destination place to the first tap, along depth, rows and columns.
    first: [isize; 3],
    /// The numbers of the taps in the weights, row by row; none where the kernel has ended.
    pub weights: Vec<Option<usize>>,
}

impl Slice {
    /// The slices of a phase's taps.
    fn cut(phase: &Phase, tiling: &Tiling) -> Vec<Slice> {
        let axes = tiling.axes;
        let taps: HashMap<[isize; 3], usize> =
            phase.taps.iter().map(|tap| (axes.map(|axis| tap.offset[axis]), tap.weight)).collect();
        let [row_taps, column_taps] = tiling.sides.map(|side| side.taps as isize);
        let sizes = [1, row_taps, column_taps];
        // Only an axis of single taps may have gaps between them (a dilated one).
        let firsts = |i: usize| {
            let (low, high) = phase.reach[axes[i]];
            let held = move |at: &isize| {
                sizes[i] > 1 || phase.taps.iter().any(|tap| tap.offset[axes[i]] == *at)
            };
            (low..=high).step_by(sizes[i] as usize).filter(held).collect::<Vec<_>>()
        };
        let (depths, rows, columns) = (firsts(0), firsts(1), firsts(2));
        let mut slices = Vec::with_capacity(depths.len() * rows.len() * columns.len());
        for &depth in &depths {
            for &row in &rows {
                for &column in &columns {
                    let at = |i: isize| [depth, row + i / column_taps, column + i % column_taps];
                    let weights = (0..row_taps * column_taps).map(|i| taps.get(&at(i)).copied());
                    slices.push(Slice { first: [depth, row, column], weights: weights.collect() });
                }
            }
        }
        slices
    }
}

/// A tensor's places by depth, row and column.
#[derive(Clone, Debug)]
struct Grid {
    size: [usize; 3],
    /// From one place to the next along each of them, in places.
    steps: [usize; 3],
    /// Places of one item.
    item: usize,
}

impl Grid {
    fn new(places: [usize; 3], axes: [usize; 3]) -> Self {
        let steps = [places[1] * places[2], places[2], 1];
        Self {
            size: axes.map(|axis| places[axis]),
            steps: axes.map(|axis| steps[axis]),
            item: places.iter().product(),
        }
    }

    /// The rectangle of so many rows and columns that starts at these places along each axis.
    fn window(&self, item: usize, starts: [isize; 3], sides: [usize; 2]) -> Window {
        if starts[0] as usize >= self.size[0] {
            return Window::default();
        }
        let mut place = (item * self.item) as isize;
        for axis in 0..3 {
            place += starts[axis] * self.steps[axis] as isize;
        }
        let inside = |axis: usize| {
            let (start, side) = (starts[axis], sides[axis - 1] as isize);
            let low = (-start).clamp(0, side);
            low as usize..(self.size[axis] as isize - start).clamp(low, side) as usize
        };
        Window { place, rows: inside(1), columns: inside(2) }
    }
}

/// A rectangle of places in a tensor, of which some may lie outside.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    /// The number of the first place, inside or not.
    pub place: isize,
    /// Rows and columns that lie inside.
    pub rows: Range<usize>,
    pub columns: Range<usize>,
}

/// A tile's position: its first destination place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    item: usize,
    /// Along depth, rows and columns.
    starts: [isize; 3],
}

impl Geometry {
    /// Tiles for a gather that they [`suit`](super::suits).
    pub fn new(gather: &Gather, tiling: &Tiling) -> Self {
        let sides = tiling.sides;
        let destination = Grid::new(gather.destination, tiling.axes);
        let tiles = [0, 1].map(|i| destination.size[i + 1].div_ceil(sides[i].outputs));
        Self {
            sides,
            tiles,
            count: gather.batch * destination.size[0] * tiles[0] * tiles[1],
            source: Grid::new(gather.source, tiling.axes),
            destination,
            slices: Slice::cut(&gather.phases[0], tiling),
        }
    }

    /// The tile of this number; tiles are counted over items, depth, rows and columns.
    pub fn tile(&self, index: usize) -> Tile {
        let [rows, columns] = self.tiles;
        let plane = index / (rows * columns);
        let row = index / columns % rows * self.sides[0].outputs;
        let column = index % columns * self.sides[1].outputs;
        Tile {
            item: plane / self.destination.size[0],
            starts: [plane % self.destination.size[0], row, column].map(|start| start as isize),
        }
    }

    /// From one row and one column of the source to the next, in places.
    pub fn source_steps(&self) -> [usize; 2] {
        [self.source.steps[1], self.source.steps[2]]
    }

    /// From one row and one column of the destination to the next, in places.
    pub fn destination_steps(&self) -> [usize; 2] {
        [self.destination.steps[1], self.destination.steps[2]]
    }

    /// What a tile reads for a slice; empty where that lies outside.
    pub fn reads(&self, tile: Tile, slice: &Slice) -> Window {
        let starts = [0, 1, 2].map(|axis| tile.starts[axis] + slice.first[axis]);
        self.source.window(tile.item, starts, self.sides.map(Side::inputs))
    }

    /// What a tile writes.
    pub fn writes(&self, tile: Tile) -> Window {
        let outputs = self.sides.map(|side| side.outputs);
        self.destination.window(tile.item, tile.starts, outputs)
    }
}
