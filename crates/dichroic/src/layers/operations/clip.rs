//! Values kept within bounds: `Clip`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::elementwise::Unary;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::layers::arguments::written;
use crate::layers::stencil::single;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// `min(max(x, min), max)`: the upper bound wins where the bounds cross. NaN stays NaN.
///
/// # Shapes
/// - input and output any
///
/// # Source
/// ONNX `Clip`; `keras.ops.clip`
///
/// ```
/// use dichroic::layers::{Clip, Layer};
/// assert_eq!(Clip::new(Some(0.0), None).config()["min"], 0.0);
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Clip {
    /// The least value, if there is one.
    pub min: Option<f32>,
    /// The greatest value, if there is one.
    pub max: Option<f32>,
}

impl Clip {
    /// A layer that keeps values within these bounds.
    pub fn new(min: impl Into<Option<f32>>, max: impl Into<Option<f32>>) -> Self {
        Self { min: min.into(), max: max.into() }
    }
}

impl Layer for Clip {
    fn class_name(&self) -> &'static str {
        "Clip"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        single(inputs).cloned()
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        if self.min.is_none() && self.max.is_none() {
            return Ok(x);
        }
        let (min, max) = (self.min.unwrap_or(f32::NEG_INFINITY), self.max.unwrap_or(f32::INFINITY));
        lowering.unary(Unary::Clip { min, max }, x)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
