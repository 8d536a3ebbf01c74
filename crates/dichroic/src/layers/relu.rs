//! Negative values set to 0: `ReLU`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::elementwise::Unary;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{setters, written};
use super::stencil::single;
use super::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// `max_value` for `x ≥ max_value`, `x` for `threshold ≤ x < max_value`, `negative_slope · (x - threshold)` below.
///
/// # Shapes
/// - input and output `(batch, …)`
///
/// # Errors
/// When an argument is out of range.
///
/// # Source
/// `keras.layers.ReLU`
///
/// ```
/// use dichroic::layers::{ReLU, Layer};
/// assert_eq!(ReLU::new().max_value(6.0).config()["max_value"], 6.0);
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ReLU {
    /// The largest output; unset for none.
    pub max_value: Option<f64>,
    /// The slope below the threshold, at least 0.
    pub negative_slope: f64,
    /// Where the function begins to follow its input, at least 0.
    pub threshold: f64,
}

impl Default for ReLU {
    fn default() -> Self {
        Self::new()
    }
}

impl ReLU {
    /// `max(x, 0)`
    pub fn new() -> Self {
        Self { max_value: None, negative_slope: 0.0, threshold: 0.0 }
    }

    setters! {
        /// Sets the largest output.
        max_value <- Option<f64>,
        /// Sets the slope below the threshold.
        negative_slope: f64,
        /// Sets where the function begins to follow its input.
        threshold: f64,
    }
}

/// Refuses a negative number, and one that is none.
pub(super) fn at_least_zero(argument: &str, value: f64) -> Result<(), LayerError> {
    if value >= 0.0 {
        return Ok(());
    }
    Err(LayerError::Argument {
        class_name: None,
        argument: argument.to_owned(),
        rule: "must be at least 0".to_owned(),
        got: value.to_string(),
    })
}

impl Layer for ReLU {
    fn class_name(&self) -> &'static str {
        "ReLU"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        at_least_zero("max_value", self.max_value.unwrap_or(0.0))?;
        at_least_zero("negative_slope", self.negative_slope)?;
        at_least_zero("threshold", self.threshold)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        single(inputs).cloned()
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let function = match *self {
            Self { max_value: None, negative_slope: 0.0, threshold: 0.0 } => Unary::Relu,
            Self { max_value, negative_slope, threshold } => Unary::ReluGeneral {
                max_value: max_value.map(|max_value| max_value as f32),
                negative_slope: negative_slope as f32,
                threshold: threshold as f32,
            },
        };
        lowering.unary(function, x)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
