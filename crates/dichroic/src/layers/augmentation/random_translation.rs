//! Pictures moved at random: `RandomTranslation`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::affine::{Affine, Sampling};
use super::{Factor, drawn, pictures, while_training};
use crate::layers::arguments::{setters, written};
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// While training, moves each picture by a distance of its own; afterwards does nothing.
///
/// # Shapes
/// - input and output `(batch, height, width, channels)`
///
/// # Errors
/// When a factor reaches beyond the size of a picture, or the input has another rank.
///
/// # Source
/// `keras.layers.RandomTranslation`
///
/// ```
/// use dichroic::layers::{Layer, RandomTranslation};
/// assert_eq!(RandomTranslation::new(0.1, 0.2).config()["fill_mode"], "reflect");
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RandomTranslation {
    /// How far down, as part of the height.
    pub height_factor: Factor,
    /// How far to the right, as part of the width.
    pub width_factor: Factor,
    /// How pixels beyond and between those of a picture are found.
    #[serde(flatten)]
    pub sampling: Sampling,
}

impl RandomTranslation {
    /// A layer that moves by up to these parts of the height and the width.
    pub fn new(height_factor: impl Into<Factor>, width_factor: impl Into<Factor>) -> Self {
        Self {
            height_factor: height_factor.into(),
            width_factor: width_factor.into(),
            sampling: Sampling::default(),
        }
    }

    setters! {
        /// Sets how pixels beyond and between those of a picture are found.
        sampling: Sampling,
    }
}

impl Layer for RandomTranslation {
    fn class_name(&self) -> &'static str {
        "RandomTranslation"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        self.height_factor.check("height_factor")?;
        self.width_factor.check("width_factor")?;
        self.sampling.check()
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        pictures(inputs)
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        while_training(self, lowering, |lowering, x| {
            let size = |axis: usize| lowering.shape(x)[axis] as f64;
            let times = |(low, high): (f64, f64), size: f64| (low * size, high * size);
            let down = times(self.height_factor.range(), size(1));
            let right = times(self.width_factor.range(), size(2));
            let numbers = drawn(lowering, x, &[right, down])?;
            let affine = Affine {
                by: &[[0.0, 0.0, 0.0, 0.0, -1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, -1.0]],
                from: [1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
            };
            affine.sample(lowering, (x, numbers), self.sampling)
        })
    }

    fn follows_the_run(&self) -> bool {
        true
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
