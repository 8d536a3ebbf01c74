//! Pictures mirrored at random: `RandomFlip`.

use dichroic_graph::ValueId;
use dichroic_graph::ops::{self, FunctionKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{drawn_for_pictures, pictures, while_training};
use crate::layers::arguments::written;
use crate::layers::{ChannelsLast, Layer, LayerError, Lowering};
use crate::shape::Shape;

/// At which axes pictures may be mirrored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlipMode {
    /// Left and right change places.
    Horizontal,
    /// Top and bottom change places.
    Vertical,
    /// Either, each by a draw of its own.
    #[default]
    HorizontalAndVertical,
}

/// While training, mirrors each picture with probability ½; afterwards does nothing.
///
/// # Shapes
/// - input and output `(batch, height, width, channels)`
///
/// # Errors
/// When the input has another rank.
///
/// # Source
/// `keras.layers.RandomFlip`, which mirrors at both axes or at none where it may do both
///
/// ```
/// use dichroic::layers::{FlipMode, Layer, RandomFlip};
/// assert_eq!(RandomFlip::new(FlipMode::Horizontal).config()["mode"], "horizontal");
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RandomFlip {
    /// Which sides may change places.
    pub mode: FlipMode,
    /// Written for Keras; draws here depend on the seed of the training run alone.
    pub seed: Option<i64>,
    /// Channels last.
    pub data_format: ChannelsLast,
}

impl RandomFlip {
    /// A layer that mirrors so.
    pub fn new(mode: FlipMode) -> Self {
        Self { mode, seed: None, data_format: ChannelsLast }
    }
}

impl Layer for RandomFlip {
    fn class_name(&self) -> &'static str {
        "RandomFlip"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        pictures(inputs)
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        while_training(self, lowering, |lowering, mut x| {
            let axes: &[usize] = match self.mode {
                FlipMode::Horizontal => &[2],
                FlipMode::Vertical => &[1],
                FlipMode::HorizontalAndVertical => &[2, 1],
            };
            for &axis in axes {
                let shape = lowering.shape(x).to_vec();
                let drawn = drawn_for_pictures(lowering, x, (0.0, 2.0))?;
                let flips = lowering.add(ops::Function(FunctionKind::Floor), &[drawn])?;
                let flips = lowering.broadcast(flips, shape)?;
                let mirrored = lowering.add(ops::Reverse { axes: vec![axis] }, &[x])?;
                x = lowering.add(ops::Select, &[flips, mirrored, x])?;
            }
            Ok(x)
        })
    }

    fn follows_the_run(&self) -> bool {
        true
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
