//! One of two values at each place: `Where`.

use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open::{broadcast_shape, sizes};
use crate::layers::arguments::written;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// Takes `a` where the condition is not 0, and `b` where it is.
///
/// # Shapes
/// - inputs condition, `a` and `b`, stretched to each other by numpy's rules
/// - output the shape they are stretched to
///
/// # Errors
/// When sizes differ and none is 1.
///
/// # Source
/// `keras.ops.where`; ONNX `Where`
///
/// ```
/// use dichroic::layers::{Layer, Where};
/// use dichroic::Shape;
/// let mask = Shape::new([Some(1), Some(5), Some(1)]);
/// let maps = Shape::batched(&[5, 3]);
/// let output = Where::new().output_shape(&[mask, maps, Shape::new([])])?;
/// assert_eq!(output.to_string(), "(None, 5, 3)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Where {}

impl Where {
    /// A choice between two values.
    pub fn new() -> Self {
        Self {}
    }
}

impl Layer for Where {
    fn class_name(&self) -> &'static str {
        "Where"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        match inputs.len() {
            3 => broadcast_shape(inputs),
            got => Err(LayerError::InputCount { expected: "a condition and two values", got }),
        }
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let shape = sizes(&self.output_shape(&lowering.input_shapes())?);
        let mut inputs = Vec::with_capacity(lowering.inputs.len());
        for &input in lowering.inputs {
            let own = lowering.shape(input);
            inputs.push(match own.elements() {
                _ if own[..] == shape[..] => input,
                1 => lowering.reshape(input, Vec::new())?,
                _ => lowering.broadcast(input, shape.clone())?,
            });
        }
        let chosen = lowering.add(ops::Select, &inputs)?;
        // Where every input is one value, the op sees scalars alone.
        lowering.reshape(chosen, shape)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_are_stretched() {
        let shapes = [Shape::new([Some(4)]), Shape::new([Some(3), Some(1)]), Shape::new([])];
        assert_eq!(Where::new().output_shape(&shapes).unwrap(), Shape::new([Some(3), Some(4)]));
        assert!(Where::new().output_shape(&shapes[..2]).is_err());
    }
}
