//! The largest or smallest values along an axis: `TopK`.

use dichroic_graph::ops::Extreme;
use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::words::words;
use crate::layers::arguments::{setters, written};
use crate::layers::axes::resolve;
use crate::layers::stencil::single;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

words! {
    /// What a [`TopK`] gives.
    pub enum TopKOutput {
        /// The values.
        Values = "values",
        /// Their places on the axis.
        Indices = "indices",
    }
}

/// The `k` largest or smallest values along an axis, best first, or their places; of equals the one with the lower place
/// comes first.
///
/// # Shapes
/// - input any
/// - output as the input, but `k` along the axis
///
/// # Errors
/// When the axis does not exist or has fewer than `k` places.
///
/// # Source
/// `keras.ops.top_k`; ONNX `TopK`
///
/// ```
/// use dichroic::layers::{Layer, TopK};
/// use dichroic::Shape;
/// let output = TopK::values(5, -1, true).output_shape(&[Shape::batched(&[1000])])?;
/// assert_eq!(output.to_string(), "(None, 5)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct TopK {
    /// How many.
    pub k: usize,
    /// The axis, counted from the end where negative.
    pub axis: i64,
    /// Whether the largest are meant, or the smallest.
    pub largest: bool,
    /// The values or their places.
    pub output: TopKOutput,
}

impl TopK {
    /// The values.
    pub fn values(k: usize, axis: i64, largest: bool) -> Self {
        Self { k, axis, largest, output: TopKOutput::Values }
    }

    /// The places of the values.
    pub fn indices(k: usize, axis: i64, largest: bool) -> Self {
        Self { output: TopKOutput::Indices, ..Self::values(k, axis, largest) }
    }

    setters! {
        /// Sets the axis.
        axis: i64,
        /// Sets whether the largest are meant, or the smallest.
        largest: bool,
    }
}

impl Layer for TopK {
    fn class_name(&self) -> &'static str {
        "TopK"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = single(inputs)?;
        let axis = resolve(self.axis, input)?;
        let mut axes = input.axes().to_vec();
        match axes[axis].replace(self.k) {
            Some(size) if size < self.k => Err(LayerError::InputShape {
                rule: format!("k={} is more than the {size} values on axis {}", self.k, self.axis),
                got: input.clone(),
                fix: format!("use a k of at most {size}"),
            }),
            _ => Ok(Shape::new(axes)),
        }
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let shapes = lowering.input_shapes();
        self.output_shape(&shapes)?;
        let extreme = if self.largest { Extreme::Largest } else { Extreme::Smallest };
        let op = ops::TopK { k: self.k, axis: resolve(self.axis, &shapes[0])?, extreme };
        let outputs = lowering.graph.add_multi(op, &[x])?;
        Ok(outputs[match self.output {
            TopKOutput::Values => 0,
            TopKOutput::Indices => 1,
        }])
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_taken_than_there_are() {
        let input = [Shape::batched(&[4])];
        assert!(TopK::values(4, 1, true).output_shape(&input).is_ok());
        let text = TopK::values(5, 1, true).output_shape(&input).unwrap_err().to_string();
        assert!(text.contains("k=5 is more than the 4 values on axis 1"), "{text}");
        assert_eq!(
            TopK::indices(2, 0, false).output_shape(&input).unwrap(),
            Shape::new([Some(2), Some(4)])
        );
    }
}
