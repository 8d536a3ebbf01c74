//! Pictures turned at random: `RandomRotation`.

use std::f64::consts::TAU;

use dichroic_graph::ValueId;
use dichroic_graph::ops::{self, FunctionKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::affine::{Affine, FillMode, Sampling};
use super::{Factor, drawn, pictures, rests};
use crate::layers::arguments::{setters, written};
use crate::layers::{ChannelsLast, Interpolation, Layer, LayerError, Lowering};
use crate::shape::Shape;

/// While training, turns each picture about its middle by an angle of its own; afterwards does nothing.
///
/// # Shapes
/// - input and output `(batch, height, width, channels)`
///
/// # Errors
/// When the factor reaches beyond a full turn, or the input has another rank.
///
/// # Source
/// `keras.layers.RandomRotation`
///
/// ```
/// use dichroic::layers::{Layer, RandomRotation};
/// assert_eq!(RandomRotation::new(0.1).config()["fill_mode"], "reflect");
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RandomRotation {
    /// The angles, as parts of a full turn.
    pub factor: Factor,
    /// What lies beyond the border.
    pub fill_mode: FillMode,
    /// How pixels between two are found.
    pub interpolation: Interpolation,
    /// Written for Keras; draws here depend on the seed of the training run alone.
    pub seed: Option<i64>,
    /// What lies beyond the border for [`FillMode::Constant`].
    pub fill_value: f64,
    /// Channels last.
    pub data_format: ChannelsLast,
}

impl RandomRotation {
    /// A layer that turns by up to `factor` of a full turn.
    pub fn new(factor: impl Into<Factor>) -> Self {
        Self {
            factor: factor.into(),
            fill_mode: FillMode::Reflect,
            interpolation: Interpolation::Bilinear,
            seed: None,
            fill_value: 0.0,
            data_format: ChannelsLast,
        }
    }

    setters! {
        /// Sets what lies beyond the border.
        fill_mode: FillMode,
        /// Sets how pixels between two are found.
        interpolation: Interpolation,
        /// Sets what lies beyond the border for [`FillMode::Constant`].
        fill_value: f64,
    }

    fn sampling(&self) -> Sampling {
        let Self { fill_mode, fill_value, interpolation, .. } = *self;
        Sampling { fill_mode, fill_value, interpolation }
    }
}

impl Layer for RandomRotation {
    fn class_name(&self) -> &'static str {
        "RandomRotation"
    }

    fn config(&self) -> Map<String, Value> {
        let mut config = written(self);
        let (low, high) = self.factor.range();
        config.insert("factor".to_owned(), json!([low, high]));
        config
    }

    fn check(&self) -> Result<(), LayerError> {
        self.factor.check("factor")?;
        self.sampling().check()
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        pictures(inputs)
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        let x = lowering.input()?;
        if rests(lowering) {
            return Ok(x);
        }
        let (low, high) = self.factor.range();
        let angle = drawn(lowering, x, &[(low * TAU, high * TAU)])?;
        let cosine = lowering.add(ops::Function(FunctionKind::Cos), &[angle])?;
        let sine = lowering.add(ops::Function(FunctionKind::Sin), &[angle])?;
        let numbers = lowering.add(ops::Concat { axis: 1 }, &[cosine, sine])?;
        let middle = |size: usize| (size as f64 - 1.0) / 2.0;
        let [cy, cx] = [1, 2].map(|axis| middle(lowering.shape(x)[axis]));
        let affine = Affine {
            by: &[[1.0, 0.0, 0.0, 1.0, -cx, -cy], [0.0, 1.0, -1.0, 0.0, cy, -cx]],
            from: [0.0, 0.0, 0.0, 0.0, cx, cy],
        };
        affine.sample(lowering, (x, numbers), self.sampling())
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
