//! A value repeated along its axes: `Tile`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open::sizes;
use crate::layers::arguments::written;
use crate::layers::stencil::single;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// Repeats the whole value along each axis, the batch included.
///
/// # Shapes
/// - input any
/// - output each size times its number of `repeats`
///
/// # Errors
/// When `repeats` has not one number for each axis.
///
/// # Source
/// `keras.ops.tile`; ONNX `Tile`
///
/// ```
/// use dichroic::layers::{Layer, Tile};
/// use dichroic::Shape;
/// let output = Tile::new([1, 2, 3]).output_shape(&[Shape::batched(&[4, 5])])?;
/// assert_eq!(output.to_string(), "(None, 8, 15)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tile {
    /// How often the value comes along each axis.
    pub repeats: Vec<usize>,
}

impl Tile {
    /// Repeats the value so often along each axis.
    pub fn new(repeats: impl Into<Vec<usize>>) -> Self {
        Self { repeats: repeats.into() }
    }
}

impl Layer for Tile {
    fn class_name(&self) -> &'static str {
        "Tile"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = single(inputs)?;
        let wrong = |rule: String, fix: &str| LayerError::InputShape {
            rule,
            got: input.clone(),
            fix: fix.to_owned(),
        };
        if input.rank() != self.repeats.len() {
            let rule = format!("repeats={:?} needs one number for each axis", self.repeats);
            return Err(wrong(rule, "give 1 for an axis that is not repeated"));
        }
        let size = |(&size, &times): (&Option<usize>, &usize)| match (size, times) {
            (_, 0) => Some(Some(0)),
            (None, _) => Some(None),
            (Some(size), times) => size.checked_mul(times).map(Some),
        };
        let axes: Option<Vec<_>> = input.axes().iter().zip(&self.repeats).map(size).collect();
        axes.map(Shape::new).ok_or_else(|| {
            let rule = format!("repeats={:?} makes more values than memory holds", self.repeats);
            wrong(rule, "repeat less often")
        })
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let tiled = self.output_shape(&lowering.input_shapes())?;
        // Each axis gets one of size 1 before it, which is stretched: (a, b) → (1, a, 1, b) → (r, a, s, b) → (ra, sb).
        let shape = lowering.shape(x).to_vec();
        let split = shape.iter().flat_map(|&size| [1, size]).collect();
        let stretched =
            shape.iter().zip(&self.repeats).flat_map(|(&size, &times)| [times, size]).collect();
        let split = lowering.reshape(x, split)?;
        let stretched = lowering.broadcast(split, stretched)?;
        lowering.reshape(stretched, sizes(&tiled))
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_repeated_never_is_empty() {
        let input = [Shape::batched(&[4])];
        assert_eq!(Tile::new([0, 2]).output_shape(&input).unwrap(), Shape::new([Some(0), Some(8)]));
        assert_eq!(Tile::new([3, 1]).output_shape(&input).unwrap(), input[0]);
        assert!(Tile::new([2]).output_shape(&input).is_err());
        assert!(Tile::new([1, usize::MAX]).output_shape(&input).is_err());
    }
}
