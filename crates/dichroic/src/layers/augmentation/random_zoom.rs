//! Pictures enlarged and shrunk at random: `RandomZoom`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::affine::{Affine, FillMode, Sampling};
use super::{Factor, drawn, pictures, rests};
use crate::layers::arguments::{setters, written};
use crate::layers::{ChannelsLast, Interpolation, Layer, LayerError, Lowering};
use crate::shape::Shape;

/// While training, enlarges or shrinks each picture about its middle; afterwards does nothing.
///
/// # Shapes
/// - input and output `(batch, height, width, channels)`
///
/// # Errors
/// When a factor is -1 or less, or above 1, or the input has another rank.
///
/// # Source
/// `keras.layers.RandomZoom`
///
/// ```
/// use dichroic::layers::{Layer, RandomZoom};
/// assert_eq!(RandomZoom::new(0.1).config()["fill_mode"], "reflect");
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RandomZoom {
    /// How much more of the height is seen; less where it is negative.
    pub height_factor: Factor,
    /// How much more of the width is seen; unset for as much as of the height.
    pub width_factor: Option<Factor>,
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

impl RandomZoom {
    /// A layer that shows up to this much more or less of each picture.
    pub fn new(height_factor: impl Into<Factor>) -> Self {
        Self {
            height_factor: height_factor.into(),
            width_factor: None,
            fill_mode: FillMode::Reflect,
            interpolation: Interpolation::Bilinear,
            seed: None,
            fill_value: 0.0,
            data_format: ChannelsLast,
        }
    }

    setters! {
        /// Sets how much more of the width is seen.
        width_factor <- Option<Factor>,
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

impl Layer for RandomZoom {
    fn class_name(&self) -> &'static str {
        "RandomZoom"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        let factors =
            [("height_factor", Some(self.height_factor)), ("width_factor", self.width_factor)];
        for (argument, factor) in factors {
            let Some(factor) = factor else { continue };
            factor.check(argument)?;
            if factor.range().0 <= -1.0 {
                return Err(LayerError::Argument {
                    class_name: None,
                    argument: argument.to_owned(),
                    rule: "must be above -1, where nothing of the picture would be left".to_owned(),
                    got: factor.range().0.to_string(),
                });
            }
        }
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
        let zoom = |(low, high): (f64, f64)| (1.0 + low, 1.0 + high);
        let height = zoom(self.height_factor.range());
        let middle = |size: usize| (size as f64 - 1.0) / 2.0;
        let [cy, cx] = [1, 2].map(|axis| middle(lowering.shape(x)[axis]));
        let rows = [[1.0, 0.0, 0.0, 0.0, -cx, 0.0], [0.0, 0.0, 0.0, 1.0, 0.0, -cy]];
        let both = [[1.0, 0.0, 0.0, 1.0, -cx, -cy]];
        let (numbers, by) = match self.width_factor {
            Some(width) => (drawn(lowering, x, &[zoom(width.range()), height])?, rows.as_slice()),
            None => (drawn(lowering, x, &[height])?, both.as_slice()),
        };
        let affine = Affine { by, from: [0.0, 0.0, 0.0, 0.0, cx, cy] };
        affine.sample(lowering, (x, numbers), self.sampling())
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
