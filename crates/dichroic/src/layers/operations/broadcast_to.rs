//! A value stretched to a shape: `BroadcastTo`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open::{broadcast_shape, sizes};
use crate::layers::arguments::written;
use crate::layers::stencil::single;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// Repeats the input along axes of size 1, and along new axes in front, by numpy's rules.
///
/// # Shapes
/// - input any
/// - output what input and `shape` are stretched to: an axis of `shape` that is 1 or -1 keeps the input's size
///
/// # Errors
/// When sizes differ and none is 1.
///
/// # Source
/// `keras.ops.broadcast_to`; ONNX `Expand`, in which the shape is stretched too
///
/// ```
/// use dichroic::layers::{BroadcastTo, Layer};
/// use dichroic::Shape;
/// let output = BroadcastTo::new([-1, 6, 1]).output_shape(&[Shape::batched(&[1, 4])])?;
/// assert_eq!(output.to_string(), "(None, 6, 4)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BroadcastTo {
    /// The sizes to reach, matched from the last axis on; 1 and -1 keep.
    pub shape: Vec<i64>,
}

impl BroadcastTo {
    /// Stretches the input to this shape.
    pub fn new(shape: impl Into<Vec<i64>>) -> Self {
        Self { shape: shape.into() }
    }
}

impl Layer for BroadcastTo {
    fn class_name(&self) -> &'static str {
        "BroadcastTo"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        if self.shape.iter().all(|&size| size >= -1) {
            return Ok(());
        }
        Err(LayerError::Argument {
            class_name: None,
            argument: "shape".to_owned(),
            rule: "needs sizes of at least 0, or -1 to keep the input's".to_owned(),
            got: format!("{:?}", self.shape),
        })
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        let input = single(inputs)?;
        let asked = self.shape.iter().map(|&size| Some(usize::try_from(size).unwrap_or(1)));
        broadcast_shape(&[input.clone(), Shape::new(asked.collect::<Vec<_>>())])
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let shape = sizes(&self.output_shape(&lowering.input_shapes())?);
        if lowering.shape(x)[..] == shape[..] {
            return Ok(x);
        }
        lowering.broadcast(x, shape)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_are_stretched() {
        let shape = |asked: &[i64], input: Shape| {
            BroadcastTo::new(asked).output_shape(&[input]).map(|shape| shape.to_string())
        };
        assert_eq!(shape(&[2, 1, 6], Shape::new([Some(3), Some(1)])).unwrap(), "(2, 3, 6)");
        assert_eq!(shape(&[1], Shape::batched(&[4])).unwrap(), "(None, 4)");
        assert_eq!(shape(&[7, 4], Shape::batched(&[4])).unwrap(), "(7, 4)");
        assert_eq!(shape(&[0, 4], Shape::new([Some(1), Some(4)])).unwrap(), "(0, 4)");
        assert!(shape(&[3], Shape::batched(&[4])).is_err());
        assert!(BroadcastTo::new([-2]).check().is_err());
    }
}
