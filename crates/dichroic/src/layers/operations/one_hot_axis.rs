//! Indices as zeros with a single one along a new axis: `OneHotAxis`.

use dichroic_graph::kernels::elementwise::Binary;
use dichroic_graph::kernels::elementwise::Unary;
use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::number;
use crate::layers::arguments::written;
use crate::layers::axes::resolve;
use crate::layers::stencil::single;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// A new axis of `depth` places, on at the place that the index names and off elsewhere.
///
/// An index below 0 counts from the end; one outside names no place.
///
/// # Shapes
/// - input any, of indices as whole numbers
/// - output the input's axes, with an axis of `depth` at the place `axis` of the output
///
/// # Errors
/// When the output has no such place.
///
/// # Source
/// `keras.ops.one_hot`; ONNX `OneHot`
///
/// ```
/// use dichroic::layers::{Layer, OneHotAxis};
/// use dichroic::Shape;
/// let output = OneHotAxis::new(10, -1).output_shape(&[Shape::batched(&[4])])?;
/// assert_eq!(output.to_string(), "(None, 4, 10)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct OneHotAxis {
    /// The size of the new axis.
    pub depth: usize,
    /// The place of the new axis in the output, counted from the end where negative.
    pub axis: i64,
    /// The value of the other places.
    #[serde(with = "number")]
    pub off_value: f32,
    /// The value of the place that is named.
    #[serde(with = "number")]
    pub on_value: f32,
}

impl OneHotAxis {
    /// Zeros and ones.
    pub fn new(depth: usize, axis: i64) -> Self {
        Self { depth, axis, off_value: 0.0, on_value: 1.0 }
    }

    /// Sets the values of the other places, and of the place that is named.
    #[must_use]
    pub fn values(self, off_value: f32, on_value: f32) -> Self {
        Self { off_value, on_value, ..self }
    }

    /// The place of the new axis in the output.
    fn place(&self, input: &Shape) -> Result<usize, LayerError> {
        resolve(self.axis, &Shape::new(vec![Some(1); input.rank() + 1]))
    }
}

impl Layer for OneHotAxis {
    fn class_name(&self) -> &'static str {
        "OneHotAxis"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = single(inputs)?;
        let mut axes = input.axes().to_vec();
        axes.insert(self.place(input)?, Some(self.depth));
        Ok(Shape::new(axes))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let place = self.place(&lowering.input_shapes()[0])?;
        let rank = lowering.shape(x).len();
        let from_front = lowering.add(ops::OneHot { depth: self.depth }, &[x])?;
        // Of an index and the same index with the depth added, one at most names a place.
        let raised = Unary::Affine { scale: 1.0, offset: self.depth as f32 };
        let raised = lowering.unary(raised, x)?;
        let from_end = lowering.add(ops::OneHot { depth: self.depth }, &[raised])?;
        let mut y = lowering.binary(Binary::Add, from_front, from_end)?;
        if (self.off_value, self.on_value) != (0.0, 1.0) {
            let (on, off) = (lowering.scalar(self.on_value), lowering.scalar(self.off_value));
            y = lowering.add(ops::Select, &[y, on, off])?;
        }
        let order: Vec<usize> = (0..place).chain([rank]).chain(place..rank).collect();
        lowering.transpose(y, &order)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_the_axis_is_that_of_the_output() {
        let input = [Shape::batched(&[4])];
        let shape = |axis| OneHotAxis::new(3, axis).output_shape(&input).map(|s| s.to_string());
        assert_eq!(shape(0).unwrap(), "(3, None, 4)");
        assert_eq!(shape(-2).unwrap(), "(None, 3, 4)");
        assert_eq!(shape(2).unwrap(), "(None, 4, 3)");
        assert!(shape(3).is_err());
    }
}
