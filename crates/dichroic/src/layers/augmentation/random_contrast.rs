//! Pictures with more or less contrast at random: `RandomContrast`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::elementwise::{Binary, Unary};
use dichroic_graph::kernels::reduce::ReduceKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Factor, check_value_range, drawn_for_pictures, pictures, while_training};
use crate::layers::arguments::{setters, written};
use crate::layers::{ChannelsLast, Layer, LayerError, Lowering};
use crate::shape::Shape;

/// While training, `y = (x - mean) · contrast + mean` for each channel of each picture, kept within the range of values;
/// afterwards does nothing.
///
/// The contrast is drawn for each picture, from `1 - factor` to `1 + factor`.
///
/// # Shapes
/// - input and output `(batch, height, width, channels)`
///
/// # Errors
/// When the factor is not from 0 to 1, the range of values is empty, or the input has another rank.
///
/// # Source
/// `keras.layers.RandomContrast` by its documentation; Keras 3 reads a single number as `(0, factor)`, and writes it so
///
/// ```
/// use dichroic::layers::{Layer, RandomContrast};
/// assert_eq!(RandomContrast::new(0.2).config()["factor"], serde_json::json!([0.2, 0.2]));
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RandomContrast {
    /// How far the contrast may be below and above 1: one number, or two.
    pub factor: Factor,
    /// The smallest and the largest value of a pixel.
    pub value_range: [f64; 2],
    /// Written for Keras; draws here depend on the seed of the training run alone.
    pub seed: Option<i64>,
    /// Channels last.
    pub data_format: ChannelsLast,
}

impl RandomContrast {
    /// A layer for pixels of 0 to 255 whose contrast is from `1 - factor` to `1 + factor`.
    pub fn new(factor: impl Into<Factor>) -> Self {
        let (value_range, data_format) = ([0.0, 255.0], ChannelsLast);
        Self { factor: factor.into(), value_range, seed: None, data_format }
    }

    setters! {
        /// Sets the smallest and the largest value of a pixel.
        value_range: [f64; 2],
    }

    /// How far the contrast may be below and above 1.
    fn below_and_above(&self) -> (f64, f64) {
        match self.factor {
            Factor::Both(factor) => (factor, factor),
            Factor::Range(_) => self.factor.range(),
        }
    }
}

impl Layer for RandomContrast {
    fn class_name(&self) -> &'static str {
        "RandomContrast"
    }

    fn config(&self) -> Map<String, Value> {
        let mut config = written(self);
        let (below, above) = self.below_and_above();
        config.insert("factor".to_owned(), json!([below, above]));
        config
    }

    fn check(&self) -> Result<(), LayerError> {
        let (below, above) = self.below_and_above();
        if !(0.0..=1.0).contains(&below) || !(0.0..=1.0).contains(&above) {
            return Err(LayerError::Argument {
                class_name: None,
                argument: "factor".to_owned(),
                rule: "must be a number, or two, from 0 to 1".to_owned(),
                got: format!("{below} and {above}"),
            });
        }
        check_value_range(self.value_range)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        pictures(inputs)
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        while_training(self, lowering, |lowering, x| {
            let (below, above) = self.below_and_above();
            let contrast = drawn_for_pictures(lowering, x, (1.0 - below, 1.0 + above))?;
            let mean = lowering.reduce_kept(ReduceKind::Mean, x, &[1, 2])?;
            let centred = lowering.binary(Binary::Subtract, x, mean)?;
            let stretched = lowering.binary(Binary::Multiply, centred, contrast)?;
            let y = lowering.binary(Binary::Add, stretched, mean)?;
            let [min, max] = self.value_range.map(|value| value as f32);
            lowering.unary(Unary::Clip { min, max }, y)
        })
    }

    fn follows_the_run(&self) -> bool {
        true
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
