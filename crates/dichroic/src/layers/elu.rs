//! Negative values bent towards -alpha: `ELU`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::elementwise::Unary;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{setters, written};
use super::stencil::single;
use super::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// `x` for `x > 0`, `alpha · (exp(x) - 1)` below.
///
/// # Shapes
/// - input and output `(batch, …)`
///
/// # Errors
/// When an argument is out of range.
///
/// # Source
/// `keras.layers.ELU`; Clevert et al. 2016
///
/// ```
/// use dichroic::layers::{ELU, Layer};
/// assert_eq!(ELU::new().config()["alpha"], 1.0);
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ELU {
    /// The limit of the output for large negative inputs, with its sign turned.
    pub alpha: f64,
}

impl Default for ELU {
    fn default() -> Self {
        Self::new()
    }
}

impl ELU {
    /// An ELU with Keras's alpha of 1.
    pub fn new() -> Self {
        Self { alpha: 1.0 }
    }

    setters! {
        /// Sets alpha.
        alpha: f64,
    }
}

impl Layer for ELU {
    fn class_name(&self) -> &'static str {
        "ELU"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        if self.alpha.is_finite() {
            return Ok(());
        }
        Err(LayerError::Argument {
            class_name: None,
            argument: "alpha".to_owned(),
            rule: "must be a finite number".to_owned(),
            got: self.alpha.to_string(),
        })
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        single(inputs).cloned()
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        lowering.unary(Unary::Elu { alpha: self.alpha as f32 }, x)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
