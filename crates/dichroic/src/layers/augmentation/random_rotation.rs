//! Pictures turned at random: `RandomRotation`.

use std::f64::consts::TAU;

use dichroic_graph::ValueId;
use dichroic_graph::ops::{self, FunctionKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::affine::{Affine, Sampling, middle};
use super::{Factor, drawn, pictures, while_training};
use crate::layers::arguments::{setters, written};
use crate::layers::{Layer, LayerError, Lowering};
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
    /// How pixels beyond and between those of a picture are found.
    #[serde(flatten)]
    pub sampling: Sampling,
}

impl RandomRotation {
    /// A layer that turns by up to `factor` of a full turn.
    pub fn new(factor: impl Into<Factor>) -> Self {
        Self { factor: factor.into(), sampling: Sampling::default() }
    }

    setters! {
        /// Sets how pixels beyond and between those of a picture are found.
        sampling: Sampling,
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
        self.sampling.check()
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        pictures(inputs)
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        while_training(self, lowering, |lowering, x| {
            let (low, high) = self.factor.range();
            let angle = drawn(lowering, x, &[(low * TAU, high * TAU)])?;
            let cosine = lowering.add(ops::Function(FunctionKind::Cos), &[angle])?;
            let sine = lowering.add(ops::Function(FunctionKind::Sin), &[angle])?;
            let numbers = lowering.add(ops::Concat { axis: 1 }, &[cosine, sine])?;
            let [cy, cx] = middle(lowering, x);
            let affine = Affine {
                by: &[[1.0, 0.0, 0.0, 1.0, -cx, -cy], [0.0, 1.0, -1.0, 0.0, cy, -cx]],
                from: [0.0, 0.0, 0.0, 0.0, cx, cy],
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
