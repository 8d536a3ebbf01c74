//! Normal noise multiplied while training: `GaussianDropout`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::dropout::NoiseKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::written;
use super::stencil::single;
use super::{Layer, LayerError, Lowering, Mode};
use crate::shape::Shape;

/// While training, multiplies each value by normal noise around 1: `y = x · (1 + √(rate / (1 - rate)) · n)`; afterwards does nothing.
///
/// # Shapes
/// - input and output `(batch, …)`
///
/// # Errors
/// When `rate` is out of range.
///
/// # Source
/// `keras.layers.GaussianDropout`; Srivastava et al. 2014, section 10
///
/// ```
/// use dichroic::layers::{GaussianDropout, Layer};
/// assert_eq!(GaussianDropout::new(0.1).config()["rate"], 0.1);
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct GaussianDropout {
    /// The noise has the variance of a dropout with this rate; at least 0 and below 1.
    pub rate: f64,
    /// Written for Keras; draws here depend on the seed of the training run alone.
    pub seed: Option<i64>,
}

impl GaussianDropout {
    /// A layer with this `rate`.
    pub fn new(rate: f64) -> Self {
        Self { rate, seed: None }
    }
}

impl Layer for GaussianDropout {
    fn class_name(&self) -> &'static str {
        "GaussianDropout"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        if (0.0..1.0).contains(&self.rate) {
            return Ok(());
        }
        Err(LayerError::Argument {
            class_name: None,
            argument: "rate".to_owned(),
            rule: "must be at least 0 and below 1".to_owned(),
            got: self.rate.to_string(),
        })
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        single(inputs).cloned()
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let stddev = (self.rate / (1.0 - self.rate)).sqrt();
        if lowering.mode == Mode::Inference || stddev == 0.0 {
            return Ok(x);
        }
        let id = lowering.graph.next_random_op();
        let kind = NoiseKind::Multiplicative;
        Ok(lowering
            .add(dichroic_graph::ops::GaussianNoise { kind, stddev: stddev as f32, id }, &[x])?)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
