//! Pictures brightened and darkened at random: `RandomBrightness`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::elementwise::{Binary, Unary};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Factor, check_value_range, drawn_for_pictures, pictures, while_training};
use crate::layers::arguments::{setters, written};
use crate::layers::{ChannelsLast, Layer, LayerError, Lowering};
use crate::shape::Shape;

/// While training, adds a number to each picture, `factor` times the range of values, and keeps the result within that
/// range; afterwards does nothing.
///
/// # Shapes
/// - input and output `(batch, height, width, channels)`
///
/// # Errors
/// When the factor reaches beyond -1 or 1, the range of values is empty, or the input has another rank.
///
/// # Source
/// `keras.layers.RandomBrightness`
///
/// ```
/// use dichroic::layers::{Layer, RandomBrightness};
/// assert_eq!(RandomBrightness::new(0.2).config()["value_range"], serde_json::json!([0.0, 255.0]));
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RandomBrightness {
    /// What may be added, as part of the range of values.
    pub factor: Factor,
    /// The smallest and the largest value of a pixel.
    pub value_range: [f64; 2],
    /// Written for Keras; draws here depend on the seed of the training run alone.
    pub seed: Option<i64>,
    /// Channels last.
    pub data_format: ChannelsLast,
}

impl RandomBrightness {
    /// A layer for pixels of 0 to 255.
    pub fn new(factor: impl Into<Factor>) -> Self {
        let (value_range, data_format) = ([0.0, 255.0], ChannelsLast);
        Self { factor: factor.into(), value_range, seed: None, data_format }
    }

    setters! {
        /// Sets the smallest and the largest value of a pixel.
        value_range: [f64; 2],
    }
}

impl Layer for RandomBrightness {
    fn class_name(&self) -> &'static str {
        "RandomBrightness"
    }

    fn config(&self) -> Map<String, Value> {
        let mut config = written(self);
        let (low, high) = self.factor.range();
        config.insert("factor".to_owned(), json!([low, high]));
        config
    }

    fn check(&self) -> Result<(), LayerError> {
        self.factor.check("factor")?;
        check_value_range(self.value_range)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        pictures(inputs)
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        while_training(self, lowering, |lowering, x| {
            let [min, max] = self.value_range;
            let (low, high) = self.factor.range();
            let range = (low * (max - min), high * (max - min));
            let light = drawn_for_pictures(lowering, x, range)?;
            let y = lowering.binary(Binary::Add, x, light)?;
            lowering.unary(Unary::Clip { min: min as f32, max: max as f32 }, y)
        })
    }

    fn follows_the_run(&self) -> bool {
        true
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
