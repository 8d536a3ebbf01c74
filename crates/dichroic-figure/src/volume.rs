//! A feature volume as a box: height × width × channels on a scale that keeps large and small ones apart.

use crate::sheet::{Sheet, Stroke};

/// How far the depth axis runs to the right and up, for each unit.
const DEPTH: (f64, f64) = (0.5, 0.36);

/// The drawn sizes of a volume.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Volume {
    /// Along the channels, to the right.
    pub(crate) channels: f64,
    pub(crate) height: f64,
    /// Along the width, backwards.
    pub(crate) width: f64,
}

impl Volume {
    /// Sides as the square root of sizes: area by area, a layer of four times the positions looks twice as large.
    pub(crate) fn of(shape: &[Option<usize>]) -> Self {
        let side = |size: usize| 3.0 + (size as f64).sqrt() * 6.4;
        let thin = |size: usize| 3.0 + (size as f64).sqrt() * 2.1;
        let known: Vec<usize> = shape.iter().map(|axis| axis.unwrap_or(1)).collect();
        match known[..] {
            [] => Self { channels: 4.0, height: 4.0, width: 4.0 },
            [units] => Self { channels: 5.0, height: side(units).min(130.0), width: 4.0 },
            [length, channels] => {
                Self { channels: thin(channels), height: 6.0, width: side(length) }
            }
            [.., height, width, channels] => {
                Self { channels: thin(channels), height: side(height), width: side(width) }
            }
        }
    }

    /// The width and height of its picture.
    pub(crate) fn extent(&self) -> (f64, f64) {
        (self.channels + self.width * DEPTH.0, self.height + self.width * DEPTH.1)
    }

    /// Draws it into the box whose lower left corner is given.
    pub(crate) fn draw(&self, sheet: &mut Sheet, (x, y): (f64, f64), faces: Faces) {
        let (dx, dy) = (self.width * DEPTH.0, -self.width * DEPTH.1);
        let (right, top) = (x + self.channels, y - self.height);
        let edge = Stroke::of(faces.edge, 0.8);
        sheet.polygon(&[(x, y), (right, y), (right, top), (x, top)], faces.front, edge);
        sheet.polygon(
            &[(x, top), (right, top), (right + dx, top + dy), (x + dx, top + dy)],
            faces.top,
            edge,
        );
        sheet.polygon(
            &[(right, y), (right + dx, y + dy), (right + dx, top + dy), (right, top)],
            faces.side,
            edge,
        );
    }
}

/// The colours of a box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Faces {
    pub(crate) front: &'static str,
    pub(crate) top: &'static str,
    pub(crate) side: &'static str,
    pub(crate) edge: &'static str,
}

const fn faces(
    front: &'static str,
    top: &'static str,
    side: &'static str,
    edge: &'static str,
) -> Faces {
    Faces { front, top, side, edge }
}

/// What kind of layer made the volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Input,
    Convolution,
    Pooling,
    Dense,
    Join,
    Group,
    Other,
}

impl Kind {
    pub(crate) fn of(class_name: &str) -> Self {
        match class_name {
            "InputLayer" => Self::Input,
            "Dense" => Self::Dense,
            "Add" | "Concatenate" | "Multiply" | "Average" | "Maximum" | "Minimum" | "Subtract" => {
                Self::Join
            }
            name if name.contains("Conv") => Self::Convolution,
            name if name.contains("Pool") => Self::Pooling,
            _ => Self::Other,
        }
    }

    pub(crate) fn faces(self) -> Faces {
        match self {
            Self::Input => faces("#e9edf1", "#f5f7f9", "#d5dbe2", "#6b7682"),
            Self::Convolution => faces("#f4b183", "#f9d3b8", "#e08f55", "#8f4d1c"),
            Self::Pooling => faces("#8fc1e3", "#bcdcf1", "#649fc7", "#22567b"),
            Self::Dense => faces("#a9d18e", "#cde5bd", "#82b361", "#3f6b24"),
            Self::Join => faces("#cdb4e4", "#e3d5f0", "#a988c9", "#573a75"),
            Self::Group => faces("#f2c6a4", "#f8e0cd", "#dba676", "#8f4d1c"),
            Self::Other => faces("#cfd6dd", "#e3e8ec", "#b2bcc6", "#55606b"),
        }
    }
}
