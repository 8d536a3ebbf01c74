//! A value that no input changes: `Constant`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::initializers::Initializer;
use crate::layers::arguments::written;
use crate::layers::stencil::single;
use crate::layers::{Count, Factor, Layer, LayerError, Lowering, Term, WeightSpec};
use crate::shape::Shape;

/// A stored value. The one input only says where in the model the layer stands; its values are not read.
///
/// # Shapes
/// - input any
/// - output `shape`, whatever the batch
/// - `value`: `shape`, not trained
///
/// # Errors
/// When the value has more elements than memory can hold.
///
/// # Source
/// ONNX `Constant` and initializers.
///
/// ```
/// use dichroic::layers::{Constant, Layer};
/// use dichroic::Shape;
/// let output = Constant::new([4, 2]).output_shape(&[Shape::batched(&[3])])?;
/// assert_eq!(output.to_string(), "(4, 2)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Constant {
    /// All axes of the value.
    pub shape: Vec<usize>,
}

impl Constant {
    /// A value of this shape; a scalar where it is empty.
    pub fn new(shape: impl Into<Vec<usize>>) -> Self {
        Self { shape: shape.into() }
    }
}

impl Layer for Constant {
    fn class_name(&self) -> &'static str {
        "Constant"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        single(inputs)?;
        Ok(Shape::new(self.shape.iter().copied().map(Some).collect::<Vec<_>>()))
    }

    fn weights(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>, LayerError> {
        single(inputs)?;
        let value = WeightSpec::new("value", self.shape.clone(), &Initializer::Zeros);
        Ok(vec![value.fixed().checked()?])
    }

    fn count(&self, inputs: &[Shape]) -> Result<Count, LayerError> {
        single(inputs)?;
        let sizes = if self.shape.is_empty() { vec![1] } else { self.shape.clone() };
        Ok(Count { terms: vec![Term::fixed("value", [Factor { sizes, what: "values" }])] })
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        lowering.input()?;
        Ok(lowering.weights[0])
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_is_one_value() {
        let input = [Shape::batched(&[3])];
        let count = Constant::new([]).count(&input).unwrap();
        assert_eq!(count.to_string(), "1 value = 1");
        assert_eq!(count.trainable(), 0);
        assert_eq!(Constant::new([]).output_shape(&input).unwrap().rank(), 0);
    }

    #[test]
    fn more_than_memory_holds_is_refused() {
        let error = Constant::new([usize::MAX, 2]).weights(&[Shape::batched(&[])]).unwrap_err();
        assert!(error.to_string().contains("more values than memory"), "{error}");
    }
}
