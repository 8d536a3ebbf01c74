//! Shapes in JSON: a list of sizes with null for an open one, or a list of such lists.

use serde::Serialize;

use crate::Shape;

/// One shape, or one for each of several values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Axes {
    /// The axes of one value, batch first; `None` is an open one.
    One(Vec<Option<usize>>),
    /// The axes of several values.
    Many(Vec<Vec<Option<usize>>>),
}

/// The axes of the shapes; `None` if there are none.
pub(super) fn axes(shapes: &[Shape]) -> Option<Axes> {
    match shapes {
        [] => None,
        [shape] => Some(Axes::One(shape.axes().to_vec())),
        shapes => Some(Axes::Many(shapes.iter().map(|shape| shape.axes().to_vec()).collect())),
    }
}

impl Axes {
    /// The shapes.
    pub fn shapes(&self) -> Vec<Shape> {
        match self {
            Self::One(axes) => vec![Shape::new(axes.clone())],
            Self::Many(several) => several.iter().map(|axes| Shape::new(axes.clone())).collect(),
        }
    }

    /// Keras's text: a tuple, or a list of tuples.
    pub fn text(&self) -> String {
        match self {
            Self::One(axes) => Shape::new(axes.clone()).to_string(),
            Self::Many(_) => {
                let shapes: Vec<String> = self.shapes().iter().map(Shape::to_string).collect();
                format!("[{}]", shapes.join(", "))
            }
        }
    }
}
