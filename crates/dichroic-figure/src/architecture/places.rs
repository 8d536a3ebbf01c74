//! Where boxes stand: columns by the longest way from the input, branches below each other, long models in several rows.

use super::items::Item;
use crate::sheet::text_width;

/// The widest row of boxes.
const WIDEST: f64 = 1180.0;
const GAP: f64 = 30.0;
/// Room for the lines below a box.
const LABEL: f64 = 84.0;
const TOP: f64 = 60.0;

/// The middle of a box and the line that it stands on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Place {
    pub(super) middle: f64,
    pub(super) base: f64,
    /// The right end of its column.
    right: f64,
    /// The upper end of the row of columns that it stands in.
    top: f64,
}

pub(super) struct Layout {
    pub(super) places: Vec<Place>,
    /// Arrows, each through its places.
    pub(super) edges: Vec<Vec<(f64, f64)>>,
}

/// Boxes with the same distance from the input.
struct Column {
    items: Vec<usize>,
    width: f64,
}

pub(super) fn layout(items: &[Item]) -> Layout {
    let columns = columns(items);
    let mut places = vec![Place::default(); items.len()];
    let mut top = TOP;
    for columns in rows(&columns) {
        let reach = |side: fn(&Reach) -> f64| {
            columns.iter().map(|column| side(&Reach::of(items, column))).fold(0.0, f64::max)
        };
        let (above, below) = (reach(|reach| reach.above), reach(|reach| reach.below));
        let mut x = 0.0;
        for column in columns {
            let place = Place { right: x + column.width, top, ..Place::default() };
            stand(items, column, (place, top + above), &mut places);
            x += column.width + GAP;
        }
        top += above + below;
    }
    let edges = items
        .iter()
        .enumerate()
        .flat_map(|(to, item)| item.from.iter().map(move |from| (*from, to)))
        .map(|(from, to)| arrow(items, &places, from, to))
        .collect();
    Layout { places, edges }
}

/// As many columns in a row as fit.
fn rows(columns: &[Column]) -> Vec<&[Column]> {
    let mut rows = Vec::new();
    let (mut first, mut x) = (0, 0.0);
    for (i, column) in columns.iter().enumerate() {
        if x > 0.0 && x + column.width > WIDEST {
            rows.push(&columns[first..i]);
            (first, x) = (i, 0.0);
        }
        x += column.width + GAP;
    }
    rows.push(&columns[first..]);
    rows
}

/// How far a column reaches from the line on which arrows run straight on.
struct Reach {
    above: f64,
    below: f64,
}

impl Reach {
    fn of(items: &[Item], column: &Column) -> Self {
        match column.items[..] {
            [one] => {
                let volume = &items[one].volume;
                let half = volume.height * 0.5;
                Self { above: volume.extent().1 - half, below: half + LABEL }
            }
            _ => {
                let own: f64 = column.items.iter().map(|item| box_height(&items[*item])).sum();
                Self { above: own / 2.0, below: own / 2.0 }
            }
        }
    }
}

/// Puts a box on the line, or several below each other around it.
fn stand(items: &[Item], column: &Column, (place, line): (Place, f64), places: &mut [Place]) {
    let mut y = line - Reach::of(items, column).above;
    for &item in &column.items {
        y += box_height(&items[item]);
        let middle = place.right - column.width / 2.0;
        places[item] = Place { middle, base: y - LABEL, ..place };
    }
}

fn columns(items: &[Item]) -> Vec<Column> {
    let mut distance = vec![0; items.len()];
    for (i, item) in items.iter().enumerate() {
        let before = item.from.iter().filter(|from| **from < i).map(|from| distance[*from] + 1);
        distance[i] = before.max().unwrap_or(0);
    }
    let count = distance.iter().max().map_or(0, |last| last + 1);
    (0..count)
        .map(|place| {
            let items_here: Vec<usize> =
                (0..items.len()).filter(|i| distance[*i] == place).collect();
            let width = items_here.iter().map(|i| box_width(&items[*i])).fold(0.0, f64::max);
            Column { items: items_here, width }
        })
        .collect()
}

fn box_width(item: &Item) -> f64 {
    let lines = item.lines.iter().map(|line| text_width(line, 9.5));
    let inside = text_width(&item.inside, 9.5);
    let text = lines.fold(text_width(&item.name, 10.5), f64::max).max(inside);
    item.volume.extent().0.max(text)
}

fn box_height(item: &Item) -> f64 {
    item.volume.extent().1 + LABEL
}

/// From the right of one box to the left of another; to the next row around the margin.
fn arrow(items: &[Item], places: &[Place], from: usize, to: usize) -> Vec<(f64, f64)> {
    let half = |item: usize| items[item].volume.extent().0 / 2.0;
    let level = |item: usize| places[item].base - items[item].volume.height * 0.5;
    let start = (places[from].middle + half(from) + 2.0, level(from));
    let end = (places[to].middle - half(to) - 3.0, level(to));
    if places[from].top != places[to].top {
        // Between the rows, and past the words below the box.
        let (lane, out) = (places[to].top - 8.0, places[from].right + 8.0);
        let into = end.0 - 12.0;
        return vec![start, (out, start.1), (out, lane), (into, lane), (into, end.1), end];
    }
    if (start.1 - end.1).abs() < 2.0 {
        return vec![start, end];
    }
    let turn = end.0 - 12.0;
    vec![start, (turn, start.1), (turn, end.1), end]
}
