//! Which places a tile reads and writes.

use std::ops::Range;

use super::super::gather::{Gather, Phase};
use super::slices::{Slice, Slices};
use super::tiling::{Side, Tiling};

/// A phase of a gather, cut into tiles of destination places.
///
/// The axes along which tiles are transformed are called rows and columns here, or just columns if there
/// is one, and what is left is the depth (and the rows), whatever they are in the tensor.
#[derive(Clone, Debug)]
pub(super) struct Geometry {
    /// Along rows and columns.
    sides: [Side; 2],
    /// Tiles along rows and columns.
    tiles: [usize; 2],
    /// Destination places along depth, rows and columns, and the first one of them.
    counts: [usize; 3],
    first: [usize; 3],
    source: Grid,
    destination: Grid,
    /// The kernel's parts.
    pub slices: Slices,
    /// All tiles of the batch.
    pub count: usize,
}

/// A tensor's places by depth, row and column, of which tiles may hold every second or third.
#[derive(Clone, Debug)]
struct Grid {
    size: [usize; 3],
    /// From one place to the next along each of them, in places.
    steps: [usize; 3],
    /// From one place of a tile to the next, in steps.
    strides: [usize; 3],
    /// Places of one item.
    item: usize,
}

impl Grid {
    fn new(places: [usize; 3], strides: [usize; 3], axes: [usize; 3]) -> Self {
        let steps = [places[1] * places[2], places[2], 1];
        Self {
            size: axes.map(|axis| places[axis]),
            steps: axes.map(|axis| steps[axis]),
            strides: axes.map(|axis| strides[axis]),
            item: places.iter().product(),
        }
    }

    /// From one row and one column of a tile to the next, in places.
    fn tile_steps(&self) -> [usize; 2] {
        [1, 2].map(|axis| self.steps[axis] * self.strides[axis])
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
            let (side, stride) = (sides[axis - 1], self.strides[axis]);
            // Tile places that lie before a place of the tensor.
            let before = |place: usize| {
                let distance = (place as isize - starts[axis]).max(0) as usize;
                distance.div_ceil(stride).min(side)
            };
            before(0)..before(self.size[axis])
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

/// A tile's position: its first destination place, among those of the phase.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    item: usize,
    /// Along depth, rows and columns.
    starts: [usize; 3],
}

impl Geometry {
    /// Tiles of a phase of a gather.
    pub fn new(gather: &Gather, phase: &Phase, tiling: &Tiling) -> Self {
        let Tiling { axes, sides } = *tiling;
        let counts = axes.map(|axis| phase.counts[axis]);
        let tiles = [0, 1].map(|i| counts[i + 1].div_ceil(sides[i].outputs));
        Self {
            sides,
            tiles,
            counts,
            first: axes.map(|axis| phase.destination_start[axis]),
            count: gather.batch * counts[0] * tiles[0] * tiles[1],
            source: Grid::new(gather.source, phase.source_step, axes),
            destination: Grid::new(gather.destination, phase.destination_step, axes),
            slices: Slices::new(phase, tiling),
        }
    }

    /// The tile of this number; tiles are counted over items, depth, rows and columns.
    pub fn tile(&self, index: usize) -> Tile {
        let [rows, columns] = self.tiles;
        let plane = index / (rows * columns);
        let row = index / columns % rows * self.sides[0].outputs;
        let column = index % columns * self.sides[1].outputs;
        Tile { item: plane / self.counts[0], starts: [plane % self.counts[0], row, column] }
    }

    /// From one row and one column of what a tile reads to the next, in places.
    pub fn source_steps(&self) -> [usize; 2] {
        self.source.tile_steps()
    }

    /// From one row and one column of what a tile writes to the next, in places.
    pub fn destination_steps(&self) -> [usize; 2] {
        self.destination.tile_steps()
    }

    /// What a tile reads for a slice; empty where that lies outside.
    pub fn reads(&self, tile: Tile, slice: &Slice) -> Window {
        let place = |axis: usize| (tile.starts[axis] * self.source.strides[axis]) as isize;
        let starts = [0, 1, 2].map(|axis| place(axis) + slice.first[axis]);
        self.source.window(tile.item, starts, self.sides.map(Side::inputs))
    }

    /// What a tile writes.
    pub fn writes(&self, tile: Tile) -> Window {
        let place = |axis: usize| tile.starts[axis] * self.destination.strides[axis];
        let starts = [0, 1, 2].map(|axis| (self.first[axis] + place(axis)) as isize);
        self.destination.window(tile.item, starts, self.sides.map(|side| side.outputs))
    }
}
