//! How a task of direct convolution runs: part by part, zone by zone, tile by tile.

use std::ops::Range;

use super::tiles::{PartAt, Sum, Values, View};
use super::{DirectPlan, Task, Work, even_cuts};
use crate::conv::places::{Cursor, Place, Spaced};
use crate::conv::shape::MOST_PLACES;
use crate::conv::stage::{Band, Line, StageMemory};
use crate::conv::zones::Reach;
use crate::simd::{Simd, WithSimd};

/// Places of a zone from which on they have tiles of their own. Fewer would wait for their weights, and share tiles
/// with those of other zones.
const LEAST_PLACES: usize = 3;

/// A task with the token that it is given.
pub(super) struct TaskOp<'a> {
    pub plan: &'a DirectPlan,
    pub task: &'a Task,
    pub values: &'a Values<'a>,
}

impl WithSimd for TaskOp<'_> {
    type Output = ();

    #[inline(always)]
    fn with<S: Simd>(self, s: S) {
        let Self { plan, task, values } = self;
        match &task.work {
            Work::Rows { block, columns, .. } if plan.gather.flat => {
                plan.run_line(s, &plan.sum(task, *block, values), columns);
            }
            Work::Rows { block, rows, columns } => {
                plan.run_rows(s, &plan.sum(task, *block, values), (rows, columns));
            }
            Work::Band(band) => plan.run_band(s, task, band, values),
        }
        if values.ends.streams() {
            s.fence();
        }
    }
}

impl DirectPlan {
    /// Runs the tiles of one block at places of a flat gather that follow each other.
    #[inline(always)]
    fn run_line<S: Simd>(&self, s: S, sum: &Sum<'_>, range: &Range<usize>) {
        let view = self.source_view(sum, Some(Reach::ALL));
        let (source, destination) = (range.start as isize, range.start);
        for part in self.parts(sum, S::LANES) {
            let places = Spaced { source, destination, steps: [1, 1], count: range.len() };
            self.run_spaced(s, sum, part, places, view);
        }
    }

    /// Runs the tiles of one block at some columns of some rows, zone by zone.
    #[inline(always)]
    fn run_rows<S: Simd>(
        &self,
        s: S,
        sum: &Sum<'_>,
        (rows, columns): (&Range<usize>, &Range<usize>),
    ) {
        let g = &self.gather;
        let (phase, plan) = (&g.phases[sum.task.phase], &self.phases[sum.task.phase]);
        let tile = sum.block.shape.most_places(self.isa);
        let mixed = self.source_view(sum, None);
        for part in self.parts(sum, S::LANES) {
            // Those of zones that are too small.
            let (mut rest, mut waiting) = ([Place::default(); MOST_PLACES], 0);
            for zone in plan.zones.iter().filter_map(|zone| zone.within(columns)) {
                let first = zone.rows_among(rows.start, phase);
                let rows = zone.rows_among(rows.end, phase) - first;
                let mut cursor = Cursor::new(g, phase, zone, first);
                if rows * zone.counts[2] >= LEAST_PLACES {
                    let view = View { reach: Some(zone.reach), ..mixed };
                    self.run_zone(s, sum, part, (cursor, [rows, zone.counts[2]]), view);
                    continue;
                }
                for _ in 0..rows * zone.counts[2] {
                    rest[waiting] = cursor.next();
                    waiting += 1;
                    if waiting == tile {
                        self.run_tile(s, sum, part, (&mut rest, tile), mixed);
                        waiting = 0;
                    }
                }
            }
            if waiting > 0 {
                self.run_tile(s, sum, part, (&mut rest, waiting), mixed);
            }
        }
    }

    /// Sums one part at so many rows and columns of a zone.
    #[inline(always)]
    fn run_zone<S: Simd>(
        &self,
        s: S,
        sum: &Sum<'_>,
        part: PartAt,
        (mut cursor, [rows, columns]): (Cursor<'_>, [usize; 2]),
        view: View,
    ) {
        let tile = sum.block.shape.most_places(self.isa);
        if 2 * columns >= tile {
            for _ in 0..rows {
                self.run_spaced(s, sum, part, cursor.next_line(), view);
            }
            return;
        }
        let mut places = [Place::default(); MOST_PLACES];
        for count in even_cuts(rows * columns, tile) {
            for place in &mut places[..count] {
                *place = cursor.next();
            }
            self.run_tile(s, sum, part, (&mut places, count), view);
        }
    }

    /// Stages a band, and runs the tiles of all blocks at its places.
    #[inline(always)]
    fn run_band<S: Simd>(&self, s: S, task: &Task, band: &Band, values: &Values<'_>) {
        let g = &self.gather;
        let (phase, plan) = (&g.phases[task.phase], &self.phases[task.phase]);
        let Some(stage) = &plan.stage else { return };
        let mut memory = StageMemory::new();
        let source = memory.pointer();
        // SAFETY: `run` has checked the source's length; the memory is as large as stages may be.
        unsafe { stage.fill(s, (g, phase), (task.group, band), values.source, source) };
        let line = Line::new(g, phase, (stage, band));
        let view = View {
            source: source.cast_const(),
            stride: g.group_sources(),
            reach: Some(Reach::ALL),
            fetch: false,
        };
        let mut places = [Place::default(); MOST_PLACES];
        for block in 0..self.blocks.len() {
            let sum = self.sum(task, block, values);
            let tile = sum.block.shape.most_places(self.isa);
            for part in self.parts(&sum, S::LANES) {
                // Tiles within a row lie evenly apart, and can leave out rows of the kernel that lie outside.
                if 2 * band.columns >= tile {
                    for row in 0..band.rows {
                        let view = View { reach: Some(line.reach(row)), ..view };
                        self.run_spaced(s, &sum, part, line.row(row, band.columns), view);
                    }
                    continue;
                }
                let (mut row, mut column) = (0, 0);
                for count in even_cuts(band.rows * band.columns, tile) {
                    for place in &mut places[..count] {
                        (place.source, place.destination) = line.place(row, column);
                        column += 1;
                        if column == band.columns {
                            (row, column) = (row + 1, 0);
                        }
                    }
                    self.run_tile(s, &sum, part, (&mut places, count), view);
                }
            }
        }
    }
}
