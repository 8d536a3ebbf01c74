//! Normal noise added while training: `GaussianNoise`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::dropout::NoiseKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::written;
use super::stencil::single;
use super::{Layer, LayerError, Lowering, Mode};
use crate::shape::Shape;

/// While training, adds normal noise to each value: `y = x + stddev · n`; afterwards does nothing.
///
/// # Shapes
/// - input and output `(batch, …)`
///
/// # Errors
/// When `stddev` is out of range.
///
/// # Source
/// `keras.layers.GaussianNoise`
///
/// ```
/// use dichroic::layers::{GaussianNoise, Layer};
/// assert_eq!(GaussianNoise::new(0.1).config()["stddev"], 0.1);
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct GaussianNoise {
    /// The deviation of the noise, at least 0.
    pub stddev: f64,
    /// Written for Keras; draws here depend on the seed of the training run alone.
    pub seed: Option<i64>,
}

impl GaussianNoise {
    /// A layer with this `stddev`.
    pub fn new(stddev: f64) -> Self {
        Self { stddev, seed: None }
    }
}

impl Layer for GaussianNoise {
    fn class_name(&self) -> &'static str {
        "GaussianNoise"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        if self.stddev >= 0.0 && self.stddev.is_finite() {
            return Ok(());
        }
        Err(LayerError::Argument {
            class_name: None,
            argument: "stddev".to_owned(),
            rule: "must be at least 0".to_owned(),
            got: self.stddev.to_string(),
        })
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        single(inputs).cloned()
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let stddev = self.stddev;
        if lowering.mode == Mode::Inference || stddev == 0.0 {
            return Ok(x);
        }
        let id = lowering.graph.next_random_op();
        let kind = NoiseKind::Additive;
        Ok(lowering
            .add(dichroic_graph::ops::GaussianNoise { kind, stddev: stddev as f32, id }, &[x])?)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
