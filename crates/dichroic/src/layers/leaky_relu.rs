//! Negative values made small: `LeakyReLU`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::elementwise::Unary;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{setters, written};
use super::relu::at_least_zero;
use super::stencil::single;
use super::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// `x` for `x > 0`, `negative_slope · x` below.
///
/// # Shapes
/// - input and output `(batch, …)`
///
/// # Errors
/// When an argument is out of range.
///
/// # Source
/// `keras.layers.LeakyReLU`; the older name `alpha` of the slope is read, too
///
/// ```
/// use dichroic::layers::{LeakyReLU, Layer};
/// assert_eq!(LeakyReLU::new().config()["negative_slope"], 0.3);
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct LeakyReLU {
    /// The slope for negative values, at least 0.
    pub negative_slope: f64,
    /// The slope under its older name.
    #[serde(default, skip_serializing)]
    alpha: Option<f64>,
}

impl Default for LeakyReLU {
    fn default() -> Self {
        Self::new()
    }
}

impl LeakyReLU {
    /// A leaky ReLU with Keras's slope of 0.3.
    pub fn new() -> Self {
        Self { negative_slope: 0.3, alpha: None }
    }

    setters! {
        /// Sets the slope for negative values.
        negative_slope: f64,
    }

    fn slope(&self) -> f64 {
        self.alpha.unwrap_or(self.negative_slope)
    }
}

impl Layer for LeakyReLU {
    fn class_name(&self) -> &'static str {
        "LeakyReLU"
    }

    fn config(&self) -> Map<String, Value> {
        written(&Self { negative_slope: self.slope(), alpha: None })
    }

    fn check(&self) -> Result<(), LayerError> {
        at_least_zero("negative_slope", self.slope())
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        single(inputs).cloned()
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        lowering.unary(Unary::LeakyRelu { negative_slope: self.slope() as f32 }, x)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
