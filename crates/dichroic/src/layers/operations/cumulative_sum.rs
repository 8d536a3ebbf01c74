//! Sums of all values up to each place: `CumulativeSum`.

use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::layers::arguments::{setters, written};
use crate::layers::axes::resolve;
use crate::layers::stencil::single;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// At each place the sum of the values along an axis up to it.
///
/// # Shapes
/// - input and output any, of one shape
///
/// # Errors
/// When the axis does not exist.
///
/// # Source
/// `keras.ops.cumsum`; ONNX `CumSum`
///
/// ```
/// use dichroic::layers::{CumulativeSum, Layer};
/// use dichroic::Shape;
/// let input = Shape::batched(&[8]);
/// assert_eq!(CumulativeSum::new(1, false, false).output_shape(&[input.clone()])?, input);
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct CumulativeSum {
    /// The axis, counted from the end where negative.
    pub axis: i64,
    /// Whether the place's own value is left out.
    pub exclusive: bool,
    /// Whether it is summed from the end.
    pub reverse: bool,
}

impl CumulativeSum {
    /// Sums along this axis.
    pub fn new(axis: i64, exclusive: bool, reverse: bool) -> Self {
        Self { axis, exclusive, reverse }
    }

    setters! {
        /// Sets whether the place's own value is left out.
        exclusive: bool,
        /// Sets whether it is summed from the end.
        reverse: bool,
    }
}

impl Layer for CumulativeSum {
    fn class_name(&self) -> &'static str {
        "CumulativeSum"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = single(inputs)?;
        resolve(self.axis, input)?;
        Ok(input.clone())
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let axis = resolve(self.axis, &lowering.input_shapes()[0])?;
        let &Self { exclusive, reverse, .. } = self;
        Ok(lowering.add(ops::CumulativeSum { axis, exclusive, reverse }, &[x])?)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
