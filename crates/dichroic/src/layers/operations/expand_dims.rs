//! New axes of size 1: `ExpandDims`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open::sizes;
use crate::layers::arguments::written;
use crate::layers::axes::resolve;
use crate::layers::stencil::single;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// Adds axes of size 1.
///
/// # Shapes
/// - input any
/// - output the input's axes in their order, with an axis of size 1 at each place that `axes` names
///
/// # Errors
/// When an axis is named twice, or the output has no such place.
///
/// # Source
/// `keras.ops.expand_dims`; ONNX `Unsqueeze`
///
/// ```
/// use dichroic::layers::{ExpandDims, Layer};
/// use dichroic::Shape;
/// let output = ExpandDims::new([1, -1]).output_shape(&[Shape::batched(&[8])])?;
/// assert_eq!(output.to_string(), "(None, 1, 8, 1)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExpandDims {
    /// The places of the new axes in the output, counted from its end where negative.
    pub axes: Vec<i64>,
}

impl ExpandDims {
    /// Axes of size 1 at these places of the output.
    pub fn new(axes: impl Into<Vec<i64>>) -> Self {
        Self { axes: axes.into() }
    }
}

impl Layer for ExpandDims {
    fn class_name(&self) -> &'static str {
        "ExpandDims"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = single(inputs)?;
        let blank = Shape::new(vec![Some(1); input.rank() + self.axes.len()]);
        let mut is_new = vec![false; blank.rank()];
        for &axis in &self.axes {
            if std::mem::replace(&mut is_new[resolve(axis, &blank)?], true) {
                return Err(LayerError::Argument {
                    class_name: None,
                    argument: "axes".to_owned(),
                    rule: "must name each new axis once".to_owned(),
                    got: format!("{:?}", self.axes),
                });
            }
        }
        let mut old = input.axes().iter().copied();
        let size = |is_new| if is_new { Some(1) } else { old.next().flatten() };
        Ok(Shape::new(is_new.into_iter().map(size).collect::<Vec<_>>()))
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
    fn places_are_those_of_the_output() {
        let input = [Shape::batched(&[5])];
        let shape =
            |axes: &[i64]| ExpandDims::new(axes).output_shape(&input).map(|s| s.to_string());
        assert_eq!(shape(&[0]).unwrap(), "(1, None, 5)");
        assert_eq!(shape(&[3, 0]).unwrap(), "(1, None, 5, 1)");
        assert_eq!(shape(&[-4, 2]).unwrap(), "(1, None, 1, 5)");
        assert!(shape(&[3]).is_err());
        assert!(shape(&[0, -4]).unwrap_err().to_string().contains("once"));
    }
}
