//! Values multiplied and shifted: `Rescaling`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::elementwise::Unary;
use dichroic_graph::ops;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{setters, written};
use super::stencil::single;
use super::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// One number for all channels, or one for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PerChannel {
    /// The same for all channels.
    All(f64),
    /// One for each channel.
    Each(Vec<f64>),
}

impl From<f64> for PerChannel {
    fn from(value: f64) -> Self {
        Self::All(value)
    }
}

impl From<Vec<f64>> for PerChannel {
    fn from(values: Vec<f64>) -> Self {
        Self::Each(values)
    }
}

impl PerChannel {
    fn spread(&self, channels: usize) -> Vec<f32> {
        match self {
            Self::All(value) => vec![*value as f32; channels],
            Self::Each(values) => values.iter().map(|&value| value as f32).collect(),
        }
    }

    fn suits(&self, channels: Option<usize>) -> bool {
        match self {
            Self::All(_) => true,
            Self::Each(values) => channels == Some(values.len()),
        }
    }
}

/// `y = x · scale + offset`, in training as afterwards; pictures of 0 … 255 become 0 … 1 with `1 / 255`.
///
/// # Shapes
/// - input and output `(batch, …, channels)`
///
/// # Errors
/// When there are not as many numbers as channels.
///
/// # Source
/// `keras.layers.Rescaling`
///
/// ```
/// use dichroic::layers::{Layer, Rescaling};
/// assert_eq!(Rescaling::new(1.0 / 127.5).offset(-1.0).config()["offset"], -1.0);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rescaling {
    /// The factor.
    pub scale: PerChannel,
    /// What is added.
    pub offset: PerChannel,
}

impl Rescaling {
    /// A layer that multiplies by `scale`.
    pub fn new(scale: impl Into<PerChannel>) -> Self {
        Self { scale: scale.into(), offset: PerChannel::All(0.0) }
    }

    setters! {
        /// Sets what is added.
        offset <- PerChannel,
    }
}

impl Layer for Rescaling {
    fn class_name(&self) -> &'static str {
        "Rescaling"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = single(inputs)?;
        if self.scale.suits(input.channels()) && self.offset.suits(input.channels()) {
            return Ok(input.clone());
        }
        Err(LayerError::InputShape {
            rule: "scale and offset need one number, or one for each channel".to_owned(),
            got: input.clone(),
            fix: "give as many numbers as the last axis has".to_owned(),
        })
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        let x = lowering.input()?;
        if let (PerChannel::All(scale), PerChannel::All(offset)) = (&self.scale, &self.offset) {
            return lowering
                .unary(Unary::Affine { scale: *scale as f32, offset: *offset as f32 }, x);
        }
        let channels = lowering.shape(x).last_axis();
        let scale = lowering.vector(self.scale.spread(channels));
        let offset = lowering.vector(self.offset.spread(channels));
        Ok(lowering.add(ops::ScaleShift, &[x, scale, offset])?)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_for_each_channel_needs_as_many_channels() {
        let layer = Rescaling::new(vec![0.5, 2.0]);
        assert!(layer.output_shape(&[Shape::batched(&[4, 4, 2])]).is_ok());
        assert!(layer.output_shape(&[Shape::batched(&[4, 4, 3])]).is_err());
    }
}
