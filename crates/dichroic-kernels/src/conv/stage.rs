//! A band's source values in memory of their own, with zeros around, so that no place is at a border.
//!
//! ```text
//! source row:            0 1 2 3 4 5 …        (all channels at each place)
//! staged, padding 1:   · 0 1 2 3 4 5 … ·      (one group's channels at each place; · is zero)
//! ```
//!
//! With few channels most of the time at a border goes into asking which taps lie inside. Here a row
//! of the kernel is one run of values at every place. Copying a value costs about an eighth of a cycle.
//! The first layer of a small network, 5×5 from 3 to 32 channels at 28×28, takes 41 µs instead of 72.

use std::mem::MaybeUninit;

use super::gather::{Gather, Phase};
use super::places::Spaced;
use super::zones::Reach;
use crate::simd::Simd;

/// Values of the staged memory: 64 KiB, on the stack of the thread that uses it.
const STAGE_VALUES: usize = 16 * 1024;
/// The most channels that are staged: with more, a run is long enough to pay for its start.
const MOST_CHANNELS: usize = 32;

/// Memory for a band.
#[repr(align(64))]
pub(super) struct StageMemory([MaybeUninit<f32>; STAGE_VALUES]);

impl StageMemory {
    #[inline(always)]
    pub fn new() -> Self {
        Self([MaybeUninit::uninit(); STAGE_VALUES])
    }

    #[inline(always)]
    pub fn pointer(&mut self) -> *mut f32 {
        self.0.as_mut_ptr().cast()
    }
}

/// The bands of a phase: places along the height and width that are staged together.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    /// Destination places of a band; the last ones of an axis may have fewer.
    pub rows: usize,
    pub columns: usize,
    /// Places from one staged row to the next, and rows from one staged plane to the next.
    size: [usize; 2],
}

/// One band: `rows × columns` places of a phase from `q` on.
#[derive(Clone, Debug)]
pub(super) struct Band {
    pub item: usize,
    pub q: [usize; 3],
    pub rows: usize,
    pub columns: usize,
}

impl Stage {
    /// Bands of about `wanted` places, `tile` at least; none where staging doesn't pay or does not fit.
    pub fn new(gather: &Gather, phase: &Phase, wanted: usize, tile: usize) -> Option<Self> {
        let channels = gather.group_sources();
        let [_, height, width] = phase.counts;
        let suits = phase.taps.len() > 1 && (1..=MOST_CHANNELS).contains(&channels);
        if !suits || gather.flat || height * width == 0 {
            return None;
        }
        let (mut rows, mut columns) = (wanted.div_ceil(width).min(height), width);
        if wanted < width {
            (rows, columns) = (1, wanted.next_multiple_of(tile).min(width));
        }
        rows = height.div_ceil(height.div_ceil(rows));
        loop {
            let size = staged_size(phase, rows, columns);
            let values = size.into_iter().try_fold(channels, usize::checked_mul);
            if values.is_some_and(|values| values <= STAGE_VALUES) {
                return Some(Self { rows, columns, size: [size[1], size[2]] });
            }
            if rows > 1 {
                rows = rows.div_ceil(2);
            } else if columns > tile {
                columns = columns.div_ceil(2).next_multiple_of(tile).min(columns - 1);
            } else {
                return None;
            }
        }
    }

    /// Where each tap reads in the staged memory, in values from its place's first channel.
    pub fn offsets(&self, gather: &Gather, phase: &Phase) -> Vec<isize> {
        let low = phase.reach.map(|(low, _)| low);
        let [rows, columns] = self.size.map(|size| size as isize);
        let place = |offset: [isize; 3]| {
            ((offset[0] - low[0]) * rows + offset[1] - low[1]) * columns + offset[2] - low[2]
        };
        let channels = gather.group_sources() as isize;
        phase.taps.iter().map(|tap| place(tap.offset) * channels).collect()
    }

    /// Staged places from the one of a destination place to those of the next row and column.
    pub fn steps(&self, phase: &Phase) -> [usize; 2] {
        [phase.source_step[1] * self.size[1], phase.source_step[2]]
    }

    /// The bands of all items.
    pub fn bands(&self, gather: &Gather, phase: &Phase) -> Vec<Band> {
        let [depth, height, width] = phase.counts;
        let mut bands = Vec::new();
        for item in 0..gather.batch {
            for d in 0..depth {
                for row in (0..height).step_by(self.rows) {
                    for column in (0..width).step_by(self.columns) {
                        let rows = self.rows.min(height - row);
                        let columns = self.columns.min(width - column);
                        bands.push(Band { item, q: [d, row, column], rows, columns });
                    }
                }
            }
        }
        bands
    }

    /// Copies a band's source values of one group to `to`, with zeros for places outside the source.
    ///
    /// # Safety
    /// `source` holds the gather's source, and `to` is valid for [`STAGE_VALUES`] values.
    #[inline(always)]
    pub unsafe fn fill<S: Simd>(
        &self,
        s: S,
        (gather, phase): (&Gather, &Phase),
        (group, band): (usize, &Band),
        source: &[f32],
        to: *mut f32,
    ) {
        let channels = gather.group_sources();
        let [planes, rows, columns] = staged_size(phase, band.rows, band.columns);
        let origin: [isize; 3] = std::array::from_fn(|axis| {
            (band.q[axis] * phase.source_step[axis]) as isize + phase.reach[axis].0
        });
        let [depth, height, width] = gather.source;
        // Columns inside the source: first .. end.
        let first = (-origin[2]).clamp(0, columns as isize) as usize;
        let end = (width as isize - origin[2]).clamp(first as isize, columns as isize) as usize;
        for plane in 0..planes {
            for row in 0..rows {
                let d = (origin[0] + plane as isize) as usize;
                let h = (origin[1] + row as isize) as usize;
                let inside = d < depth && h < height;
                let (first, end) = if inside { (first, end) } else { (columns, columns) };
                let line = to.wrapping_add((plane * self.size[0] + row) * self.size[1] * channels);
                // SAFETY: the row has `columns` places, which fit (`Stage::new`); those from `first` to
                // `end` lie inside the source, which holds the group's channels of each.
                unsafe {
                    zero(s, line, first * channels);
                    if first < end {
                        let w = (origin[2] + first as isize) as usize;
                        let place = ((band.item * depth + d) * height + h) * width + w;
                        let from = place * gather.source_channels + group * channels;
                        let from = source.as_ptr().wrapping_add(from);
                        let line = line.wrapping_add(first * channels);
                        if gather.groups == 1 {
                            copy(s, from, line, (end - first) * channels);
                        } else {
                            for i in 0..end - first {
                                let from = from.wrapping_add(i * gather.source_channels);
                                copy(s, from, line.wrapping_add(i * channels), channels);
                            }
                        }
                    }
                    zero(s, line.wrapping_add(end * channels), (columns - end) * channels);
                }
            }
        }
    }
}

/// Where the rows of a band lie.
pub(super) struct Line {
    /// Steps between staged places, from row to row and from column to column.
    staged: [usize; 2],
    /// The band's first place in the destination, and the steps to the next row and column.
    destination: [usize; 3],
    /// Depth and height of the first row in the source, and the step to the next row.
    position: [isize; 3],
    /// Depth and height of the source.
    source: [isize; 2],
}

impl Line {
    pub fn new(gather: &Gather, phase: &Phase, (stage, band): (&Stage, &Band)) -> Self {
        let mut destination = band.item;
        for axis in 0..3 {
            let place = phase.destination_start[axis] + band.q[axis] * phase.destination_step[axis];
            destination = destination * gather.destination[axis] + place;
        }
        let [_, step, column] = phase.destination_step;
        let position = |axis: usize| (band.q[axis] * phase.source_step[axis]) as isize;
        Self {
            staged: stage.steps(phase),
            destination: [destination, step * gather.destination[2], column],
            position: [position(0), position(1), phase.source_step[1] as isize],
            source: [gather.source[0] as isize, gather.source[1] as isize],
        }
    }

    /// The places of a row.
    #[inline(always)]
    pub fn row(&self, row: usize, count: usize) -> Spaced {
        let (source, destination) = self.place(row, 0);
        Spaced { source, destination, steps: [self.staged[1], self.destination[2]], count }
    }

    /// The staged place from which a place of the band gathers, and the place of the destination.
    #[inline(always)]
    pub fn place(&self, row: usize, column: usize) -> (isize, usize) {
        let source = row * self.staged[0] + column * self.staged[1];
        let destination =
            self.destination[0] + row * self.destination[1] + column * self.destination[2];
        (source as isize, destination)
    }

    /// The taps of a row that don't lie in staged zeros above or below the source.
    #[inline(always)]
    pub fn reach(&self, row: usize) -> Reach {
        let [depth, height] =
            [self.position[0], self.position[1] + row as isize * self.position[2]];
        let inside = |position: isize, size: isize| (-position, size - 1 - position);
        let Reach([_, _, columns]) = Reach::ALL;
        Reach([inside(depth, self.source[0]), inside(height, self.source[1]), columns])
    }
}

/// Depth, height and width of what is staged for so many places.
fn staged_size(phase: &Phase, rows: usize, columns: usize) -> [usize; 3] {
    let size = |axis: usize, places: usize| {
        let (low, high) = phase.reach[axis];
        (places - 1) * phase.source_step[axis] + (high - low) as usize + 1
    };
    [size(0, 1), size(1, rows), size(2, columns)]
}

/// # Safety
/// `to` is valid for `len` values.
#[inline(always)]
unsafe fn zero<S: Simd>(s: S, to: *mut f32, len: usize) {
    for i in (0..len).step_by(S::LANES) {
        // SAFETY: the mask keeps to the `len` values.
        unsafe { s.store_masked(s.zero(), to.add(i), s.first(len - i)) };
    }
}

/// # Safety
/// `from` and `to` are valid for `len` values and don't overlap.
#[inline(always)]
unsafe fn copy<S: Simd>(s: S, from: *const f32, to: *mut f32, len: usize) {
    let mut i = 0;
    // SAFETY: whole vectors while they last, then a mask for the rest.
    unsafe {
        while i + S::LANES <= len {
            s.store_ptr(s.load_ptr(from.add(i)), to.add(i));
            i += S::LANES;
        }
        if i < len {
            let mask = s.first(len - i);
            s.store_masked(s.load_masked(from.add(i), mask), to.add(i), mask);
        }
    }
}
