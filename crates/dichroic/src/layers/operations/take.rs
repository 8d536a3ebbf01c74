//! Places of an axis in a fixed order: `Take`.

use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::layers::arguments::{setters, written};
use crate::layers::axes::resolve;
use crate::layers::stencil::single;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// Takes the places of an axis that fixed indices name, in their order; a place may come often or never.
///
/// # Shapes
/// - input any
/// - output as the input, but along the axis the number of indices
///
/// # Errors
/// When an index lies outside the axis, or is larger than 2²⁴.
///
/// # Source
/// `keras.ops.take`; ONNX `Gather` with constant indices
///
/// ```
/// use dichroic::layers::{Layer, Take};
/// use dichroic::Shape;
/// let output = Take::new([2, 1, 0, -1], -1).output_shape(&[Shape::batched(&[8, 3])])?;
/// assert_eq!(output.to_string(), "(None, 8, 4)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Take {
    /// The places, counted from the end where negative.
    pub indices: Vec<i64>,
    /// The axis.
    pub axis: i64,
}

/// Whole numbers up to here are exact as `f32`.
const EXACT: u64 = 1 << 24;

impl Take {
    /// Takes these places of an axis.
    pub fn new(indices: impl Into<Vec<i64>>, axis: i64) -> Self {
        Self { indices: indices.into(), axis }
    }

    setters! {
        /// Sets the axis.
        axis: i64,
    }

    fn wrong(&self, rule: String, index: i64) -> LayerError {
        let got = index.to_string();
        LayerError::Argument { class_name: None, argument: "indices".to_owned(), rule, got }
    }
}

impl Layer for Take {
    fn class_name(&self) -> &'static str {
        "Take"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        match self.indices.iter().find(|index| index.unsigned_abs() > EXACT) {
            Some(&index) => {
                Err(self.wrong(format!("must lie between -{EXACT} and {EXACT}"), index))
            }
            None => Ok(()),
        }
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        let input = single(inputs)?;
        let axis = resolve(self.axis, input)?;
        let mut axes = input.axes().to_vec();
        if let Some(size) = axes[axis].replace(self.indices.len()) {
            let len = i64::try_from(size).unwrap_or(i64::MAX);
            if let Some(&index) = self.indices.iter().find(|&&index| index < -len || index >= len) {
                let rule = format!("axis {} of input {input} has {size} places", self.axis);
                return Err(self.wrong(rule, index));
            }
        }
        Ok(Shape::new(axes))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let shapes = lowering.input_shapes();
        self.output_shape(&shapes)?;
        let axis = resolve(self.axis, &shapes[0])?;
        let indices = lowering.vector(self.indices.iter().map(|&index| index as f32).collect());
        Ok(lowering.add(ops::Gather { axis }, &[x, indices])?)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_outside_is_refused_where_the_size_is_known() {
        let input = [Shape::batched(&[3])];
        let text = Take::new([0, 3], 1).output_shape(&input).unwrap_err().to_string();
        assert!(text.contains("axis 1 of input (None, 3) has 3 places, got 3"), "{text}");
        assert!(Take::new([-4], 1).output_shape(&input).is_err());
        assert_eq!(Take::new([9], 0).output_shape(&input).unwrap(), Shape::new([Some(1), Some(3)]));
        assert_eq!(Take::new([], 1).output_shape(&input).unwrap(), Shape::batched(&[0]));
        assert!(Take::new([i64::MIN], 0).check().is_err());
    }
}
