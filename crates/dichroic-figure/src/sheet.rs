//! The sheet that figures are drawn on: it grows with what is put on it.

use std::collections::BTreeMap;

use dichroic::explain::Rgb;
use svg::node::element::{Group, Path, Polygon, Rectangle, Text, Title};
use svg::{Document, Node};

use crate::colour::{INK, PAPER, RULE, Scale, hex};
use crate::format::Figure;

/// Space around everything.
const MARGIN: f64 = 20.0;
/// How far cells reach under their neighbours.
const OVERLAP: f64 = 0.3;
/// The figures' own fonts first, then what a reader of the SVG may have.
const FONTS: &str = "DejaVu Sans, Verdana, Noto Sans SC, Noto Sans CJK SC, sans-serif";

/// What Chinese is set in: the sans-serif fonts of the usual systems.
const CHINESE_FONTS: &str =
    "Noto Sans CJK SC, Noto Sans SC, PingFang SC, Microsoft YaHei, DejaVu Sans, sans-serif";

/// Where a text stands to its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Anchor {
    #[default]
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ink {
    pub(crate) size: f64,
    pub(crate) anchor: Anchor,
    pub(crate) bold: bool,
    pub(crate) colour: &'static str,
}

impl Ink {
    pub(crate) const fn of(size: f64) -> Self {
        Self { size, anchor: Anchor::Start, bold: false, colour: INK }
    }

    pub(crate) const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(crate) const fn middle(self) -> Self {
        Self { anchor: Anchor::Middle, ..self }
    }

    pub(crate) const fn end(self) -> Self {
        Self { anchor: Anchor::End, ..self }
    }

    pub(crate) const fn colour(self, colour: &'static str) -> Self {
        Self { colour, ..self }
    }
}

/// A part of the sheet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Area {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Values in rows, as they are drawn cell by cell.
pub(crate) struct Cells<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) columns: usize,
    pub(crate) scale: Scale,
}

impl Cells<'_> {
    pub(crate) fn rows(&self) -> usize {
        self.values.len() / self.columns.max(1)
    }
}

/// A figure under way.
pub(crate) struct Sheet {
    drawn: Group,
    right: f64,
    bottom: f64,
}

impl Sheet {
    pub(crate) fn new() -> Self {
        Self { drawn: Group::new(), right: 0.0, bottom: 0.0 }
    }

    fn put(&mut self, element: impl Into<Box<dyn Node>>, right: f64, bottom: f64) {
        self.drawn.append(element);
        self.right = self.right.max(right);
        self.bottom = self.bottom.max(bottom);
    }

    /// A text whose baseline begins, is centred or ends at the place.
    pub(crate) fn text(&mut self, (x, y): (f64, f64), text: &str, ink: Ink) {
        let width = text_width(text, ink.size);
        let (anchor, right) = match ink.anchor {
            Anchor::Start => ("start", x + width),
            Anchor::Middle => ("middle", x + width / 2.0),
            Anchor::End => ("end", x),
        };
        let mut element = Text::new(text)
            .set("x", short(x))
            .set("y", short(y))
            .set("font-size", short(ink.size))
            .set("fill", ink.colour);
        if ink.anchor != Anchor::Start {
            element = element.set("text-anchor", anchor);
        }
        if ink.bold {
            element = element.set("font-weight", "bold");
        }
        if text.chars().any(is_wide) {
            element = element.set("font-family", CHINESE_FONTS);
        }
        self.put(element, right, y + ink.size * 0.3);
    }

    /// A frame without a filling.
    pub(crate) fn frame(&mut self, area: Area, stroke: Stroke) {
        let element = stroke.on(rectangle(area).set("fill", "none"));
        self.put(element, area.x + area.width, area.y + area.height);
    }

    /// A filled rectangle.
    pub(crate) fn fill(&mut self, area: Area, colour: &str) {
        let element = rectangle(area).set("fill", colour);
        self.put(element, area.x + area.width, area.y + area.height);
    }

    pub(crate) fn polygon(&mut self, points: &[(f64, f64)], fill: &str, stroke: Stroke) {
        let list: Vec<String> =
            points.iter().map(|(x, y)| format!("{},{}", short(*x), short(*y))).collect();
        let element = stroke.on(Polygon::new().set("points", list.join(" ")).set("fill", fill));
        let right = points.iter().map(|point| point.0).fold(0.0, f64::max);
        let bottom = points.iter().map(|point| point.1).fold(0.0, f64::max);
        self.put(element, right, bottom);
    }

    /// An arrow along a path of places.
    pub(crate) fn arrow(&mut self, places: &[(f64, f64)]) {
        let steps: Vec<String> = places
            .iter()
            .enumerate()
            .map(|(i, (x, y))| {
                format!("{}{} {}", if i == 0 { "M" } else { "L" }, short(*x), short(*y))
            })
            .collect();
        let element = Path::new()
            .set("d", steps.join(""))
            .set("fill", "none")
            .set("stroke", "#7b8794")
            .set("stroke-width", 1.2)
            .set("stroke-linejoin", "round");
        self.put(element, 0.0, 0.0);
        if let [.., (fx, fy), (x, y)] = places {
            let (dx, dy) = (x - fx, y - fy);
            let length = dx.hypot(dy).max(1e-9);
            let (dx, dy) = (dx / length * 6.0, dy / length * 6.0);
            let wings = [
                (*x, *y),
                (x - dx - dy * 0.5, y - dy + dx * 0.5),
                (x - dx + dy * 0.5, y - dy - dx * 0.5),
            ];
            self.polygon(&wings, "#7b8794", Stroke::NONE);
        }
    }

    /// Values as coloured cells; all cells of one colour are one path, so that a file stays small.
    pub(crate) fn cells(&mut self, (x, y): (f64, f64), cell: f64, cells: &Cells<'_>) -> Area {
        let mut paths: BTreeMap<Rgb, String> = BTreeMap::new();
        let columns = cells.columns.max(1);
        for (row, values) in cells.values.chunks(columns).enumerate() {
            let mut column = 0;
            while column < values.len() {
                let colour = cells.scale.colour(values[column]);
                let same = values[column..]
                    .iter()
                    .take_while(|value| cells.scale.colour(**value) == colour)
                    .count();
                let (left, top) = (x + column as f64 * cell, y + row as f64 * cell);
                // A little wider than they are: no gap shows where edges fall between pixels.
                let (wide, high) = (short(same as f64 * cell + OVERLAP), short(cell + OVERLAP));
                paths.entry(colour).or_default().push_str(&format!(
                    "M{} {}h{wide}v{high}h-{wide}z",
                    short(left),
                    short(top)
                ));
                column += same;
            }
        }
        let area = Area { x, y, width: columns as f64 * cell, height: cells.rows() as f64 * cell };
        for (colour, d) in paths {
            let path = Path::new()
                .set("d", d)
                .set("fill", hex(colour))
                .set("shape-rendering", "crispEdges");
            self.put(path, area.x + area.width, area.y + area.height);
        }
        area
    }

    /// The figure, with a title for those who can't see it.
    pub(crate) fn finish(self, title: &str) -> Figure {
        let (width, height) = (self.right + 2.0 * MARGIN, self.bottom + 2.0 * MARGIN);
        let whole = Area { x: 0.0, y: 0.0, width, height };
        let moved = self.drawn.set("transform", format!("translate({MARGIN} {MARGIN})"));
        let document = Document::new()
            .set("width", short(width))
            .set("height", short(height))
            .set("viewBox", format!("0 0 {} {}", short(width), short(height)))
            .set("font-family", FONTS)
            .set("role", "img")
            .add(Title::new(title))
            .add(rectangle(whole).set("fill", PAPER))
            .add(moved);
        Figure::new(document.to_string())
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stroke {
    pub(crate) colour: &'static str,
    pub(crate) width: f64,
    pub(crate) dashed: bool,
}

impl Stroke {
    pub(crate) const NONE: Self = Self { colour: "none", width: 0.0, dashed: false };
    pub(crate) const RULE: Self = Self::of(RULE, 1.0);

    pub(crate) const fn of(colour: &'static str, width: f64) -> Self {
        Self { colour, width, dashed: false }
    }

    pub(crate) const fn dashed(self) -> Self {
        Self { dashed: true, ..self }
    }

    fn on<T: Node>(self, mut element: T) -> T {
        element.assign("stroke", self.colour);
        if self.width > 0.0 {
            element.assign("stroke-width", short(self.width));
        }
        if self.dashed {
            element.assign("stroke-dasharray", "4 3");
        }
        element
    }
}

fn rectangle(area: Area) -> Rectangle {
    Rectangle::new()
        .set("x", short(area.x))
        .set("y", short(area.y))
        .set("width", short(area.width))
        .set("height", short(area.height))
}

/// A length with two places at most.
fn short(length: f64) -> String {
    let text = format!("{length:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Sizes with × between them.
pub(crate) fn times<T: ToString>(sizes: &[T]) -> String {
    sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ")
}

/// About how wide a text is: exact widths would need the reader's font.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    let width = |c: char| if is_wide(c) { 1.0 } else { 0.6 };
    text.chars().map(width).sum::<f64>() * size
}

/// Whether it is a sign of Chinese, which the figures' own fonts don't have.
pub(crate) fn is_wide(c: char) -> bool {
    u32::from(c) >= 0x2e80
}
