//! The middle of each picture: `CenterCrop`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::written;
use super::stencil::{at_least_one, spatial_shape, with_spatial};
use super::{ChannelsLast, Layer, LayerError, Lowering, Resizing};
use crate::shape::Shape;

/// The `height` × `width` pixels in the middle of each picture, in training as afterwards.
///
/// A picture that is smaller along an axis is resized instead, after it was cut to the ratio of the new sides.
///
/// # Shapes
/// - input `(batch, any height, any width, channels)`
/// - output `(batch, height, width, channels)`
///
/// # Errors
/// When a size is 0, or the input has another rank.
///
/// # Source
/// `keras.layers.CenterCrop`
///
/// ```
/// use dichroic::layers::{CenterCrop, Layer};
/// use dichroic::Shape;
/// let output = CenterCrop::new(24, 20).output_shape(&[Shape::batched(&[28, 28, 1])])?;
/// assert_eq!(output.to_string(), "(None, 24, 20, 1)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct CenterCrop {
    /// The new height, in pixels.
    pub height: usize,
    /// The new width, in pixels.
    pub width: usize,
    /// Channels last.
    pub data_format: ChannelsLast,
}

impl CenterCrop {
    /// A layer that keeps this much of the middle.
    pub fn new(height: usize, width: usize) -> Self {
        Self { height, width, data_format: ChannelsLast }
    }
}

impl Layer for CenterCrop {
    fn class_name(&self) -> &'static str {
        "CenterCrop"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        at_least_one("height", &[self.height])?;
        at_least_one("width", &[self.width])
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        let input = spatial_shape(inputs, 2)?;
        let spatial = [Some(self.height), Some(self.width)];
        Ok(with_spatial(input, spatial, input.channels()))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        let x = lowering.input()?;
        let shape = lowering.shape(x).to_vec();
        let (height, width) = (self.height, self.width);
        if shape[1] < height || shape[2] < width {
            return Resizing::new(height, width).crop_to_aspect_ratio(true).lower(lowering);
        }
        let starts = [0, (shape[1] - height) / 2, (shape[2] - width) / 2, 0];
        lowering.slice(x, &starts, &[shape[0], height, width, shape[3]])
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
