//! Destination places one after the other: where each gathers from, and where it goes.

use super::gather::{Gather, Phase};
use super::zones::Zone;

/// One destination place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// `q × source_step`, along each axis.
    pub position: [isize; 3],
    /// The same as a row-major number over the whole source, in places.
    pub source: isize,
    /// The row-major number of the destination place.
    pub destination: usize,
}

impl Place {
    /// True when the tap lies inside the source.
    #[inline(always)]
    pub fn holds(&self, offset: [isize; 3], source: [usize; 3]) -> bool {
        // A negative place becomes a huge number, so that one comparison sees both ends.
        ((self.position[2] + offset[2]) as usize) < source[2]
            && ((self.position[1] + offset[1]) as usize) < source[1]
            && ((self.position[0] + offset[0]) as usize) < source[0]
    }
}

/// Places that lie evenly apart, in the source and in the destination.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spaced {
    /// The first one: see [`Place`].
    pub source: isize,
    pub destination: usize,
    /// From place to place in the source and in the destination.
    pub steps: [usize; 2],
    pub count: usize,
}

impl Spaced {
    /// The first one; steps to the next.
    #[inline(always)]
    pub fn next(&mut self) -> Place {
        let place =
            Place { source: self.source, destination: self.destination, ..Place::default() };
        self.skip(1);
        place
    }

    /// Steps over so many.
    #[inline(always)]
    pub fn skip(&mut self, count: usize) {
        self.source += (count * self.steps[0]) as isize;
        self.destination += count * self.steps[1];
        self.count -= count;
    }
}

/// Walks over the destination places of a zone without dividing, row by row and item by item.
pub(super) struct Cursor<'a> {
    gather: &'a Gather,
    phase: &'a Phase,
    zone: Zone,
    item: usize,
    q: [usize; 3],
    /// What the places of this row have in common: its place of width 0.
    row: Place,
}

impl<'a> Cursor<'a> {
    /// Starts at a row of the zone, counted over batch, depth and height.
    pub fn new(gather: &'a Gather, phase: &'a Phase, zone: Zone, row: usize) -> Self {
        let [depth, height, _] = zone.counts;
        let [d, h, w] = zone.start;
        let q = [d + row / height % depth, h + row % height, w];
        let item = row / height / depth;
        let mut cursor = Self { gather, phase, zone, item, q, row: Place::default() };
        cursor.enter_row();
        cursor
    }

    /// This place; steps to the next one.
    #[inline(always)]
    pub fn next(&mut self) -> Place {
        let column = self.q[2];
        let position = (column * self.phase.source_step[2]) as isize;
        let mut place = self.row;
        place.position[2] = position;
        place.source += position;
        place.destination += column * self.phase.destination_step[2];
        self.q[2] += 1;
        if self.q[2] == self.zone.start[2] + self.zone.counts[2] {
            self.next_row();
        }
        place
    }

    /// The places of this row; steps to the next one.
    #[inline(always)]
    pub fn next_line(&mut self) -> Spaced {
        let (column, Place { source, destination, .. }) = (self.zone.start[2], self.row);
        let steps = [self.phase.source_step[2], self.phase.destination_step[2]];
        self.next_row();
        Spaced {
            source: source + (column * steps[0]) as isize,
            destination: destination + column * steps[1],
            steps,
            count: self.zone.counts[2],
        }
    }

    /// Once for each row: kept out of the loop over places.
    #[inline(never)]
    fn next_row(&mut self) {
        self.q[2] = self.zone.start[2];
        for axis in [1, 0] {
            self.q[axis] += 1;
            if self.q[axis] < self.zone.start[axis] + self.zone.counts[axis] {
                return self.enter_row();
            }
            self.q[axis] = self.zone.start[axis];
        }
        self.item += 1;
        self.enter_row();
    }

    fn enter_row(&mut self) {
        let (g, phase) = (self.gather, self.phase);
        let mut row = Place { source: self.item as isize, destination: self.item, ..self.row };
        for a in 0..3 {
            let q = if a == 2 { 0 } else { self.q[a] };
            row.position[a] = (q * phase.source_step[a]) as isize;
            row.source = row.source * g.source[a] as isize + row.position[a];
            let place = phase.destination_start[a] + q * phase.destination_step[a];
            row.destination = row.destination * g.destination[a] + place;
        }
        self.row = row;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::ConvProblem;

    #[test]
    fn a_cursor_walks_over_rows_and_items() {
        let problem = ConvProblem::new(2, [2, 2, 3], 1, 1).kernel_2d([1, 2]);
        let gather = Gather::forward(&problem);
        let phase = &gather.phases[0];
        let zone = Zone::all(&gather, phase)[0];
        let mut cursor = Cursor::new(&gather, phase, zone, 1);
        let line = cursor.next_line();
        assert_eq!((line.source, line.destination, line.count), (3, 2, 2));
        let sources: Vec<isize> = (0..12).map(|_| cursor.next().source).collect();
        assert_eq!(sources, [6, 7, 9, 10, 12, 13, 15, 16, 18, 19, 21, 22]);
        assert_eq!(gather.places(phase), 16);
    }

    #[test]
    fn a_cursor_keeps_to_its_zone() {
        let problem = ConvProblem::new_2d(2, [3, 4], 1, 1).kernel_2d([3, 3]).same_padding();
        let gather = Gather::forward(&problem);
        let phase = &gather.phases[0];
        let right = Zone::all(&gather, phase)[5];
        let mut cursor = Cursor::new(&gather, phase, right, 0);
        let places = [cursor.next(), cursor.next()];
        assert_eq!(places.map(|place| place.destination), [7, 19]);
        assert_eq!(places[1].position, [0, 1, 3]);
    }
}
