//! All axes in another order: `Transpose`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::layers::arguments::written;
use crate::layers::axes::resolve;
use crate::layers::stencil::single;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// Puts all axes, the batch included, into another order.
///
/// # Shapes
/// - input any
/// - output axis `i` is input axis `axes[i]`
///
/// # Errors
/// When `axes` does not name every axis once.
///
/// # Source
/// `keras.ops.transpose`; ONNX `Transpose`
///
/// ```
/// use dichroic::layers::{Layer, Transpose};
/// use dichroic::Shape;
/// let output = Transpose::new([0, 3, 1, 2]).output_shape(&[Shape::batched(&[8, 8, 3])])?;
/// assert_eq!(output.to_string(), "(None, 3, 8, 8)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Transpose {
    /// The input's axes in the order of the output, counted from the end where negative.
    pub axes: Vec<i64>,
}

impl Transpose {
    /// A permutation of all axes.
    pub fn new(axes: impl Into<Vec<i64>>) -> Self {
        Self { axes: axes.into() }
    }

    fn order(&self, input: &Shape) -> Result<Vec<usize>, LayerError> {
        let order =
            self.axes.iter().map(|&axis| resolve(axis, input)).collect::<Result<Vec<_>, _>>()?;
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if sorted.into_iter().eq(0..input.rank()) {
            return Ok(order);
        }
        Err(LayerError::InputShape {
            rule: format!("axes={:?} must name each of the input's axes once", self.axes),
            got: input.clone(),
            fix: format!("give the numbers 0 to {} in some order", input.rank().saturating_sub(1)),
        })
    }
}

impl Layer for Transpose {
    fn class_name(&self) -> &'static str {
        "Transpose"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = single(inputs)?;
        let order = self.order(input)?;
        Ok(Shape::new(order.into_iter().map(|axis| input.axes()[axis]).collect::<Vec<_>>()))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let order = self.order(&lowering.input_shapes()[0])?;
        lowering.transpose(x, &order)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_axis_is_named_once() {
        let input = [Shape::batched(&[2, 3])];
        for axes in [&[0, 1][..], &[0, 1, 1], &[0, 1, 3], &[0, 1, -1, 2]] {
            assert!(Transpose::new(axes).output_shape(&input).is_err(), "{axes:?}");
        }
        let turned = Transpose::new([-1, 1, 0]).output_shape(&input).unwrap();
        assert_eq!(turned, Shape::new([Some(3), Some(2), None]));
    }
}
