//! Which places a tile reads and writes.

use std::ops::Range;

use super::super::gather::Gather;

/// The axes as depth, row and column, in the order of preference.
const ORDERS: [[usize; 3]; 3] = [[0, 1, 2], [1, 0, 2], [2, 0, 1]];

/// The first order in which rows and columns are such axes.
pub(super) fn order(planar: impl Fn(usize) -> bool) -> Option<[usize; 3]> {
    ORDERS.into_iter().find(|&[_, row, column]| planar(row) && planar(column))
}

/// A convolution cut into square tiles of destination places.
///
/// The two axes on which the kernel has three taps are called rows and columns here, and what is left
/// is the depth, whatever they are in the tensor.
#[derive(Clone, Debug)]
pub(super) struct Geometry {
    /// Destination places of a tile along rows and columns.
    size: usize,
    /// Tiles along rows and columns.
    tiles: [usize; 2],
    source: Grid,
    destination: Grid,
    /// From a destination place to its first tap, along rows and columns.
    first: [isize; 2],
    /// Steps in the source for one step of the destination along the depth.
    depth_step: usize,
    /// The offsets of the taps along the depth.
    pub depth: Vec<isize>,
    /// For each tap along the depth, the numbers of the taps in the weights, row by row.
    pub weights: Vec<[usize; 9]>,
    /// All tiles of the batch.
    pub count: usize,
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

impl Window {
    fn new(place: isize, starts: [isize; 2], sizes: [usize; 2], side: usize) -> Self {
        let inside = |axis: usize| {
            let low = (-starts[axis]).clamp(0, side as isize);
            let high = (sizes[axis] as isize - starts[axis]).clamp(low, side as isize);
            low as usize..high as usize
        };
        Self { place, rows: inside(0), columns: inside(1) }
    }
}

/// A tile's position.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    item: usize,
    depth: usize,
    row: usize,
    column: usize,
}

impl Geometry {
    /// Tiles of `size` × `size` places, for a gather that [`suits`](super::suits).
    pub fn new(gather: &Gather, size: usize) -> Self {
        let phase = &gather.phases[0];
        let neighbours = |axis: usize| {
            let (low, high) = phase.reach[axis];
            let middle = phase.taps.iter().any(|tap| tap.offset[axis] == low + 1);
            high - low == 2 && middle && phase.source_step[axis] == 1
        };
        let axes = order(neighbours).expect("the caller has asked whether the kernel suits");
        let destination = Grid::new(gather.destination, axes);
        let tiles = [1, 2].map(|i| destination.size[i].div_ceil(size));
        let [depth_axis, row_axis, column_axis] = axes;
        let first = [phase.reach[row_axis].0, phase.reach[column_axis].0];
        let mut depth: Vec<isize> = phase.taps.iter().map(|tap| tap.offset[depth_axis]).collect();
        depth.sort_unstable();
        depth.dedup();
        let mut weights = vec![[0; 9]; depth.len()];
        for tap in &phase.taps {
            let row = (tap.offset[row_axis] - first[0]) as usize;
            let column = (tap.offset[column_axis] - first[1]) as usize;
            let slice = depth.iter().position(|&offset| offset == tap.offset[depth_axis]);
            weights[slice.expect("collected from these taps")][row * 3 + column] = tap.weight;
        }
        Self {
            size,
            tiles,
            count: gather.batch * destination.size[0] * tiles[0] * tiles[1],
            source: Grid::new(gather.source, axes),
            destination,
            first,
            depth_step: phase.source_step[depth_axis],
            depth,
            weights,
        }
    }

    /// The tile of this number; tiles are counted over items, depth, rows and columns.
    pub fn tile(&self, index: usize) -> Tile {
        let [rows, columns] = self.tiles;
        let plane = index / (rows * columns);
        Tile {
            item: plane / self.destination.size[0],
            depth: plane % self.destination.size[0],
            row: index / columns % rows * self.size,
            column: index % columns * self.size,
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

    /// What a tile reads for a tap along the depth; empty where that lies outside.
    pub fn reads(&self, tile: Tile, depth: isize) -> Window {
        let grid = &self.source;
        let depth = (tile.depth * self.depth_step) as isize + depth;
        if depth as usize >= grid.size[0] {
            return Window::default();
        }
        let starts = [tile.row as isize + self.first[0], tile.column as isize + self.first[1]];
        let place = (tile.item * grid.item) as isize
            + depth * grid.steps[0] as isize
            + starts[0] * grid.steps[1] as isize
            + starts[1] * grid.steps[2] as isize;
        Window::new(place, starts, [grid.size[1], grid.size[2]], self.size + 2)
    }

    /// What a tile writes.
    pub fn writes(&self, tile: Tile) -> Window {
        let grid = &self.destination;
        let place = tile.item * grid.item
            + tile.depth * grid.steps[0]
            + tile.row * grid.steps[1]
            + tile.column * grid.steps[2];
        let starts = [tile.row as isize, tile.column as isize];
        Window::new(place as isize, starts, [grid.size[1], grid.size[2]], self.size)
    }
}
