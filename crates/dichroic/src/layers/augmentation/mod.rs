//! Pictures changed at random while training, so that a network sees none of them twice.
//!
//! Each item of a batch gets numbers of its own in each step; after training these layers do nothing. The
//! numbers follow from the seed of the training run alone.

use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};

use super::stencil::spatial_shape;
use super::{Layer, LayerError, Lowering, Mode};
use crate::shape::Shape;

mod affine;
mod random_brightness;
mod random_contrast;
mod random_flip;
mod random_rotation;
mod random_translation;
mod random_zoom;

pub use affine::{FillMode, Sampling};
pub use random_brightness::RandomBrightness;
pub use random_contrast::RandomContrast;
pub use random_flip::{FlipMode, RandomFlip};
pub use random_rotation::RandomRotation;
pub use random_translation::RandomTranslation;
pub use random_zoom::RandomZoom;

/// How far a change may go: as far to both sides, or from one number to another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Factor {
    /// From its negative to itself.
    Both(f64),
    /// From the smaller to the larger one.
    Range([f64; 2]),
}

impl From<f64> for Factor {
    fn from(factor: f64) -> Self {
        Self::Both(factor)
    }
}

impl From<(f64, f64)> for Factor {
    fn from((low, high): (f64, f64)) -> Self {
        Self::Range([low, high])
    }
}

impl Factor {
    /// From where to where.
    pub fn range(self) -> (f64, f64) {
        match self {
            Self::Both(factor) => (-factor.abs(), factor.abs()),
            Self::Range([a, b]) => (a.min(b), a.max(b)),
        }
    }

    /// Refuses a factor that reaches beyond -1 or 1.
    fn check(self, argument: &str) -> Result<(), LayerError> {
        let (low, high) = self.range();
        if low >= -1.0 && high <= 1.0 {
            return Ok(());
        }
        Err(LayerError::Argument {
            class_name: None,
            argument: argument.to_owned(),
            rule: "must be a number, or two, from -1 to 1".to_owned(),
            got: format!("{low} to {high}"),
        })
    }
}

/// The shape of pictures, which these layers keep.
fn pictures(inputs: &[Shape]) -> Result<Shape, LayerError> {
    spatial_shape(inputs, 2).cloned()
}

/// What a layer makes of its input while training; after that the input as it is.
fn while_training(
    layer: &impl Layer,
    lowering: &mut Lowering<'_>,
    change: impl FnOnce(&mut Lowering<'_>, ValueId) -> Result<ValueId, LayerError>,
) -> Result<ValueId, LayerError> {
    layer.output_shape(&lowering.input_shapes())?;
    let x = lowering.input()?;
    match lowering.mode {
        Mode::Inference => Ok(x),
        Mode::Training => change(lowering, x),
    }
}

/// Numbers for each picture, drawn evenly from these ranges: `(batch, ranges)`.
fn drawn(
    lowering: &mut Lowering<'_>,
    x: ValueId,
    ranges: &[(f64, f64)],
) -> Result<ValueId, LayerError> {
    let id = lowering.graph.next_random_op();
    let ranges = ranges.iter().map(|&(low, high)| (low as f32, high as f32)).collect();
    Ok(lowering.add(ops::RandomUniform { ranges, id }, &[x])?)
}

/// One number for each picture, `(batch, 1, 1, 1)`.
fn drawn_for_pictures(
    lowering: &mut Lowering<'_>,
    x: ValueId,
    range: (f64, f64),
) -> Result<ValueId, LayerError> {
    let batch = lowering.shape(x)[0];
    let numbers = drawn(lowering, x, &[range])?;
    lowering.reshape(numbers, vec![batch, 1, 1, 1])
}

/// A constant matrix of these rows.
fn matrix<const COLUMNS: usize>(lowering: &mut Lowering<'_>, rows: &[[f64; COLUMNS]]) -> ValueId {
    let values = rows.as_flattened().iter().map(|&value| value as f32).collect();
    let tensor = Tensor::new(vec![rows.len(), COLUMNS], values).expect("rows of one length");
    lowering.graph.constant(tensor)
}

/// Refuses a range of values whose ends are not in order.
fn check_value_range([low, high]: [f64; 2]) -> Result<(), LayerError> {
    if low < high {
        return Ok(());
    }
    Err(LayerError::Argument {
        class_name: None,
        argument: "value_range".to_owned(),
        rule: "must be two numbers, the smaller one first".to_owned(),
        got: format!("[{low}, {high}]"),
    })
}
