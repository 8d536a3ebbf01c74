//! Values along an axis, each by an index of its own: `GatherElements`.

use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open::within;
use crate::layers::arguments::written;
use crate::layers::axes::resolve;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// `y[i, j, k] = x[i, indices[i, j, k], k]`, here with axis 1.
///
/// A negative index counts from the end; one outside gives NaN.
///
/// # Shapes
/// - inputs `x` and whole-number indices of the same rank, no larger than `x` on all axes but the one
/// - output the shape of the indices
///
/// # Errors
/// When the axis does not exist, or the indices go beyond `x`.
///
/// # Source
/// `keras.ops.take_along_axis`; ONNX `GatherElements`
///
/// ```
/// use dichroic::layers::{GatherElements, Layer};
/// use dichroic::Shape;
/// let shapes = [Shape::batched(&[8, 3]), Shape::batched(&[2, 3])];
/// assert_eq!(GatherElements::new(1).output_shape(&shapes)?.to_string(), "(None, 2, 3)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct GatherElements {
    /// The axis, counted from the end where negative.
    pub axis: i64,
}

impl GatherElements {
    /// Takes values along this axis.
    pub fn new(axis: i64) -> Self {
        Self { axis }
    }
}

impl Layer for GatherElements {
    fn class_name(&self) -> &'static str {
        "GatherElements"
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
        within(resolve(self.axis, x)?, x, indices, inputs)?;
        Ok(indices.clone())
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let shapes = lowering.input_shapes();
        self.output_shape(&shapes)?;
        let axis = resolve(self.axis, &shapes[0])?;
        Ok(lowering.add(ops::GatherElements { axis }, lowering.inputs)?)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_stay_within_the_value() {
        let x = Shape::batched(&[8, 3]);
        let shape = |axis, indices: &[usize]| {
            GatherElements::new(axis).output_shape(&[x.clone(), Shape::batched(indices)]).is_ok()
        };
        assert!(shape(1, &[9, 2]));
        assert!(!shape(1, &[9, 4]));
        assert!(!shape(1, &[9]));
        assert!(!shape(3, &[8, 3]));
    }
}
