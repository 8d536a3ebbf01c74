//! Pictures enlarged and shrunk at random: `RandomZoom`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::affine::{Affine, Sampling, middle};
use super::{Factor, drawn, pictures, while_training};
use crate::layers::arguments::{setters, written};
use crate::layers::{Layer, LayerError, Lowering};
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
    /// How pixels beyond and between those of a picture are found.
    #[serde(flatten)]
    pub sampling: Sampling,
}

impl RandomZoom {
    /// A layer that shows up to this much more or less of each picture.
    pub fn new(height_factor: impl Into<Factor>) -> Self {
        Self {
            height_factor: height_factor.into(),
            width_factor: None,
            sampling: Sampling::default(),
        }
    }

    setters! {
        /// Sets how much more of the width is seen.
        width_factor <- Option<Factor>,
        /// Sets how pixels beyond and between those of a picture are found.
        sampling: Sampling,
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
        self.sampling.check()
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        pictures(inputs)
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        while_training(self, lowering, |lowering, x| {
            let zoom = |(low, high): (f64, f64)| (1.0 + low, 1.0 + high);
            let height = zoom(self.height_factor.range());
            let [cy, cx] = middle(lowering, x);
            let rows = [[1.0, 0.0, 0.0, 0.0, -cx, 0.0], [0.0, 0.0, 0.0, 1.0, 0.0, -cy]];
            let both = [[1.0, 0.0, 0.0, 1.0, -cx, -cy]];
            let (numbers, by) = match self.width_factor {
                Some(width) => {
                    (drawn(lowering, x, &[zoom(width.range()), height])?, rows.as_slice())
                }
                None => (drawn(lowering, x, &[height])?, both.as_slice()),
            };
            let affine = Affine { by, from: [0.0, 0.0, 0.0, 0.0, cx, cy] };
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
