//! Places of an axis that another input names: `Gather`.

use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::layers::arguments::written;
use crate::layers::axes::resolve;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// Takes the places of an axis that the second input names.
///
/// A negative index counts from the end; one outside gives NaN.
///
/// # Shapes
/// - inputs `x` and whole-number indices of any shape
/// - output the shape of `x`, with the shape of the indices in place of the axis
///
/// # Errors
/// When the axis does not exist.
///
/// # Source
/// `keras.ops.take`; ONNX `Gather`
///
/// ```
/// use dichroic::layers::{Gather, Layer};
/// use dichroic::Shape;
/// let table = Shape::new([Some(1000), Some(64)]);
/// let output = Gather::new(0).output_shape(&[table, Shape::batched(&[12])])?;
/// assert_eq!(output.to_string(), "(None, 12, 64)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Gather {
    /// The axis, counted from the end where negative.
    pub axis: i64,
}

impl Gather {
    /// Takes places of this axis.
    pub fn new(axis: i64) -> Self {
        Self { axis }
    }
}

impl Layer for Gather {
    fn class_name(&self) -> &'static str {
        "Gather"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let [x, indices] = inputs else {
            return Err(LayerError::InputCount {
                expected: "a value and indices",
                got: inputs.len(),
            });
        };
        let axis = resolve(self.axis, x)?;
        let (before, behind) = (&x.axes()[..axis], &x.axes()[axis + 1..]);
        Ok(Shape::new([before, indices.axes(), behind].concat()))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let shapes = lowering.input_shapes();
        self.output_shape(&shapes)?;
        let axis = resolve(self.axis, &shapes[0])?;
        Ok(lowering.add(ops::Gather { axis }, lowering.inputs)?)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_indices_take_the_place_of_the_axis() {
        let shape = |axis, indices| {
            Gather::new(axis).output_shape(&[Shape::batched(&[5, 3]), indices]).unwrap().to_string()
        };
        assert_eq!(shape(-1, Shape::new([Some(2), Some(4)])), "(None, 5, 2, 4)");
        assert_eq!(shape(1, Shape::new([])), "(None, 3)");
        assert!(Gather::new(0).output_shape(&[Shape::batched(&[5])]).is_err());
    }
}
