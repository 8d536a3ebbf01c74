//! The sizes and kinds of the tiles of direct convolution.

use crate::isa::Isa;

/// The tallest tile, in places.
pub(super) const MOST_PLACES: usize = 14;

/// What the vectors of a tile hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A channel in each lane.
    Wide,
    /// The same in one vector of half the width: two of them take the time of a whole one on CPUs that
    /// compute wide vectors in halves (13 to 7 channels in 3×3: 21 µs instead of 32), and no longer than it
    /// elsewhere.
    Half,
    /// Each vector belongs to one channel, and its lanes to source values that follow each other; they
    /// are added up at the end. So a few channels leave no lane without work.
    Dots,
}

/// The size and kind of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub kind: Kind,
    /// Vectors side by side.
    pub vectors: usize,
}

impl Shape {
    /// The most places of a tile: as many as leave registers for the weights and one source value.
    pub fn most_places(self, isa: Isa) -> usize {
        let most: &[usize] = match (isa, self.kind) {
            (_, Kind::Half) => &[12],
            (Isa::Avx512 | Isa::Neon, Kind::Wide) => &[14, 14, 9, 6],
            (Isa::Avx2 | Isa::Portable, Kind::Wide) => &[12, 6, 4, 3],
            (Isa::Avx512, Kind::Dots) => &[14, 14, 8, 6, 5, 4, 3, 3],
            (Isa::Avx2, Kind::Dots) => &[8, 4, 3, 2],
            (Isa::Neon | Isa::Portable, Kind::Dots) => &[8, 4],
        };
        most[self.vectors - 1]
    }

    /// The places of the tile that computes `count` places; some are then computed twice. Tiles of dot
    /// products are compiled in few sizes only, so that they don't double the program.
    pub fn padded_places(self, isa: Isa, count: usize) -> usize {
        let sizes: &[usize] = match self.vectors {
            _ if self.kind != Kind::Dots => return count,
            1 | 2 => &[1, 4, 8],
            3 => &[1, 3, 7],
            4 => &[1, 2, 4],
            _ => &[1],
        };
        let most = self.most_places(isa);
        sizes.iter().copied().find(|&size| size >= count && size <= most).unwrap_or(most)
    }

    /// Source values that one step takes.
    pub fn step(self, lanes: usize) -> usize {
        if self.kind == Kind::Dots { lanes } else { 1 }
    }

    /// Weights that one step takes.
    pub fn width(self, lanes: usize) -> usize {
        if self.kind == Kind::Half { lanes / 2 } else { self.vectors * lanes }
    }
}

/// The widest tile that isn't one of dot products, in vectors.
pub(super) fn most_vectors(isa: Isa) -> usize {
    match isa {
        Isa::Avx512 | Isa::Neon => 4,
        Isa::Avx2 | Isa::Portable => 2,
    }
}
