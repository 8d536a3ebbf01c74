//! Axes of size 1 left out: `Squeeze`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open::sizes;
use crate::layers::arguments::written;
use crate::layers::axes::resolve_all;
use crate::layers::stencil::single;
use crate::layers::{Axes, Layer, LayerError, Lowering};
use crate::shape::Shape;

/// Leaves out axes of size 1.
///
/// # Shapes
/// - input any, of size 1 along `axes`
/// - output the input's other axes
///
/// # Errors
/// When an axis does not exist or has another size than 1. An open axis is taken to be 1.
///
/// # Source
/// `keras.ops.squeeze`; ONNX `Squeeze`
///
/// ```
/// use dichroic::layers::{Layer, Squeeze};
/// use dichroic::Shape;
/// let output = Squeeze::new([1, 2]).output_shape(&[Shape::batched(&[1, 1, 64])])?;
/// assert_eq!(output.to_string(), "(None, 64)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Squeeze {
    /// The axes to leave out, counted from the end where negative.
    pub axes: Vec<i64>,
}

impl Squeeze {
    /// Leaves out these axes.
    pub fn new(axes: impl Into<Vec<i64>>) -> Self {
        Self { axes: axes.into() }
    }
}

impl Layer for Squeeze {
    fn class_name(&self) -> &'static str {
        "Squeeze"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = single(inputs)?;
        let left_out = resolve_all(&Axes::Many(self.axes.clone()), input)?;
        if left_out.iter().any(|&axis| input.axes()[axis].is_some_and(|size| size != 1)) {
            return Err(LayerError::InputShape {
                rule: format!("axes={:?} must all have size 1", self.axes),
                got: input.clone(),
                fix: "leave out only axes that hold one value".to_owned(),
            });
        }
        let axes = input.axes().iter().enumerate().filter(|(axis, _)| !left_out.contains(axis));
        Ok(Shape::new(axes.map(|(_, &size)| size).collect::<Vec<_>>()))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let shape = self.output_shape(&lowering.input_shapes())?;
        lowering.reshape(x, sizes(&shape))
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_axes_of_one_value_are_left_out() {
        let input = [Shape::batched(&[1, 5])];
        assert_eq!(Squeeze::new([-2]).output_shape(&input).unwrap(), Shape::batched(&[5]));
        assert_eq!(Squeeze::new([0, 1]).output_shape(&input).unwrap(), Shape::new([Some(5)]));
        let error = Squeeze::new([2]).output_shape(&input).unwrap_err().to_string();
        assert!(error.contains("axes=[2] must all have size 1"), "{error}");
        assert!(Squeeze::new([3]).output_shape(&input).is_err());
    }
}
