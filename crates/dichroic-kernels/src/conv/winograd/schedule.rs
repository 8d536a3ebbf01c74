//! How the work is cut and what memory it needs, by the shape alone.
//!
//! ```text
//! scratch:  panels of all ranges (unless each task transforms its own)  │ slot 0 │ slot 1 │ …
//! slot:     panels of a range (if each task transforms its own) │ sums of a range and block
//! panel:    place │ (slice, channel block) │ tile │ LANES
//! sums:     place │ tile │ filters of the block
//! ```

use std::ops::Range;

use super::geometry::Geometry;
use super::multiply;
use super::on_the_fly;
use super::tiling::Tiling;
use super::weights::Transformed;
use crate::conv::gather::Gather;
use crate::isa::Isa;

/// Tasks that may run at the same time.
pub(super) const SLOTS: usize = 16;
/// The most values that are skipped so that scratch memory begins with a cache line.
pub(super) const ALIGNMENT: usize = 16;
/// Panels of a task that transforms its own, in values: what a second cache of 1 MiB holds beside the sums. 128 channels at
/// 28 × 28, 8 items, take 2.15 ms so in tiles of 7 × 7, and 2.46 with panels that tasks share.
const FUSED_VALUES: usize = 152 << 10;
/// A source or an output of so many values lies beyond the caches, so that the lines of the next tile are fetched. 64 channels at
/// 56 × 56, 16 items: 14.5 to 12.2 ms on one core by the output, 6.8 to 6.3 on two by the source. A single item took 3 % longer so.
const FETCHED_VALUES: usize = 2 << 20;
/// Panels that are transformed together otherwise, in values: 8 MiB.
const SHARED_VALUES: usize = 2 << 20;
/// Tasks that the products are cut into, where there are so many panels and blocks of filters.
const LEAST_TASKS: usize = 8;
/// Vectors of input that one task transforms.
const CHUNK_VECTORS: usize = 32;
/// About what the transform of a vector of input takes.
const VECTOR_NANOSECONDS: usize = 60;
/// Multiply-adds that one core does in about a nanosecond.
const MACS_PER_NANOSECOND: usize = 64;

/// How a gather's tiles are cut.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    /// Vectors of a block of filters.
    pub vectors: usize,
    pub panel_tiles: usize,
    pub panels: usize,
    /// Values of a panel.
    pub panel_len: usize,
    /// Each task transforms its own input.
    pub fused: bool,
    /// Panels of a task.
    pub range_panels: usize,
    /// Panels whose input is transformed before they are multiplied.
    pub shared_panels: usize,
    /// Channels that are transformed by one task.
    pub chunk_channels: usize,
    pub chunk_nanoseconds: usize,
    pub range_nanoseconds: usize,
    /// What the next tile reads of the source, and will write of the output, is fetched.
    pub fetches_source: bool,
    pub fetches_output: bool,
    slots_start: usize,
    slot_len: usize,
    pub scratch_len: usize,
}

impl Schedule {
    pub fn new(
        gather: &Gather,
        geometry: &Geometry,
        tiling: &Tiling,
        transformed: Transformed,
        isa: Isa,
    ) -> Self {
        let (lanes, places) = (isa.lanes(), tiling.places());
        let channels = gather.group_sources();
        let (tiles, filters) = (geometry.count, gather.group_destinations());
        let narrow = filters.div_ceil(lanes).clamp(1, 2);
        // So few tiles fit one panel, and wider blocks give each weight as many products to hide behind.
        let wide = isa == Isa::Avx512 && tiles <= multiply::most_tiles(isa, 4);
        let on_the_fly = transformed == Transformed::WhenUsed;
        let vectors = match transformed {
            Transformed::WhenUsed => 1,
            Transformed::WhenPacked if wide && filters > 2 * lanes => 4,
            Transformed::WhenPacked => narrow,
        };
        let blocks = filters.div_ceil(vectors * lanes).max(1);
        let most = match transformed {
            Transformed::WhenUsed => on_the_fly::most_tiles(isa),
            Transformed::WhenPacked => multiply::most_tiles(isa, vectors),
        };
        let few = tiles.div_ceil(most).max(1);
        // Two threads take as many panels each where there is nothing else to share, as far as the tiles can be divided so.
        let shared_evenly = blocks == 1 && few > 1 && !on_the_fly;
        let even = if shared_evenly { few.next_multiple_of(2) } else { few };
        let panel_tiles = tiles.div_ceil(even).max(1);
        let panels = tiles.div_ceil(panel_tiles);
        let slice_blocks = geometry.slices.len() * channels.div_ceil(lanes);
        let panel_len = places * ((slice_blocks * panel_tiles) | 1) * lanes;
        // Where a slice has no products nothing is written.
        let products = geometry.slices.products;
        let written = products * channels.div_ceil(lanes) * panel_tiles * lanes;
        let fused_panels = FUSED_VALUES / written.max(1);
        let enough = panels >= LEAST_TASKS || (blocks == 1 && panels > 1);
        let fused = fused_panels >= 1 && enough && !on_the_fly;
        let (range_panels, shared_panels) = if fused {
            // Two panels in a task, of half as many tiles or as large, were 4 % slower.
            (1, panels)
        } else {
            let shared = (SHARED_VALUES / panel_len.max(1)).max(1).min(panels);
            // Weights that are read for the sake of all panels are read once.
            let range = if on_the_fly {
                shared
            } else {
                shared.div_ceil(LEAST_TASKS.div_ceil(blocks)).min(8)
            };
            (range, shared)
        };
        let tiles_in_range = range_panels * panel_tiles;
        let chunk_blocks = (CHUNK_VECTORS / panel_tiles).max(1);
        let macs = tiles_in_range * products * channels;
        let task_filters = if fused { filters } else { vectors * lanes };
        let sums_len = places * ((tiles_in_range * vectors) | 1) * lanes;
        let own_panels = if fused { range_panels * panel_len } else { 0 };
        let slots_start = if fused { 0 } else { shared_panels * panel_len };
        let slot_len = (own_panels + sums_len).next_multiple_of(ALIGNMENT);
        let tasks = panels.div_ceil(range_panels.max(1)) * if fused { 1 } else { blocks };
        Self {
            vectors,
            panel_tiles,
            panels,
            panel_len,
            fused,
            range_panels,
            shared_panels,
            chunk_channels: chunk_blocks * lanes,
            chunk_nanoseconds: panel_tiles * chunk_blocks * VECTOR_NANOSECONDS,
            range_nanoseconds: macs.saturating_mul(task_filters) / MACS_PER_NANOSECOND,
            fetches_source: gather.source_len() >= FETCHED_VALUES,
            fetches_output: gather.destination_len() >= FETCHED_VALUES,
            slots_start,
            slot_len,
            scratch_len: slots_start + slot_len * tasks.min(SLOTS) + ALIGNMENT,
        }
    }

    /// The tiles of a panel.
    pub fn tiles(&self, panel: usize, count: usize) -> Range<usize> {
        panel * self.panel_tiles..count.min((panel + 1) * self.panel_tiles)
    }

    /// Values from one place of a panel's tiles to the next: an odd number of vectors, since at
    /// a power of two all places would fall into the same few sets of the cache.
    pub fn place_step(&self, slice_blocks: usize, tiles: usize, lanes: usize) -> usize {
        ((slice_blocks * tiles) | 1) * lanes
    }

    /// The same for the sums of a range.
    pub fn sums_step(&self, vectors: usize, lanes: usize) -> usize {
        ((self.range_panels * self.panel_tiles * vectors) | 1) * lanes
    }

    /// Where a slot starts.
    pub fn slot(&self, slot: usize) -> usize {
        self.slots_start + slot * self.slot_len
    }
}
