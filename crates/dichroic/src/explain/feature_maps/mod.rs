//! What every layer makes of one input: its maps, their ranges, and the class scores.

mod saturation;
mod scores;
#[cfg(test)]
mod tests;
mod values;

use dichroic_graph::kernels::tensor::Tensor;
use serde::Serialize;

use super::ExplainError;
use crate::model::Model;
use saturation::FlatParts;
pub use scores::{ClassScore, OutputScores};
pub(super) use scores::{Squashing, before_probabilities};
pub use values::LayerValues;
pub(super) use values::first;

/// The way of one input through a model.
///
/// ```
/// use dichroic::Tensor;
/// use dichroic::explain::{FeatureMaps, LayerValues};
/// use dichroic::layers::{Conv2D, Dense, Flatten};
/// use dichroic::model::{Input, Sequential};
/// let mut model = Sequential::new()
///     .add(Input::new(&[8, 8, 3]))
///     .add(Conv2D::new(4, 3).activation("relu"))
///     .add(Flatten::new())
///     .add(Dense::new(2).activation("softmax"))
///     .finish()?;
/// model.build(0)?;
/// let values = LayerValues::of(&model, &[Tensor::full([1, 8, 8, 3], 0.5)?])?;
/// let maps = FeatureMaps::of_values(&values);
/// assert_eq!(maps.layers[1].shape, [6, 6, 4]);
/// assert_eq!(values.output("conv2d").unwrap().shape(), [6, 6, 4]);
/// assert!(maps.outputs[0].probabilities);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct FeatureMaps {
    /// What the first call of each layer makes, in the order of running.
    pub layers: Vec<LayerMaps>,
    /// The model's outputs.
    pub outputs: Vec<OutputScores>,
}

/// The values that a layer makes, after its activation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerMaps {
    /// The layer's path.
    pub layer: String,
    /// Its class.
    #[serde(rename = "type")]
    pub class_name: String,
    /// The shape of one item: positions, then channels.
    pub shape: Vec<usize>,
    /// The smallest value.
    pub minimum: f32,
    /// The largest value.
    pub maximum: f32,
    /// The mean.
    pub mean: f64,
    /// The share of values that are exactly zero, from 0 to 1.
    pub zeros: f64,
    /// The share of values where the layer's activation is flat: ReLU's zeros, the ends of a sigmoid. `None` without an
    /// activation, and for those whose values don't tell (gelu, silu, softmax).
    pub saturated: Option<f64>,
    /// The convolution whose filter `k` made map `k`; `None` where channels were mixed since.
    pub made_by: Option<String>,
    /// Each map in numbers; empty where values have no positions.
    pub channels: Vec<ChannelMap>,
}

/// One map in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ChannelMap {
    /// The smallest value.
    pub minimum: f32,
    /// The largest value.
    pub maximum: f32,
    /// The mean.
    pub mean: f64,
    /// The share of values that are exactly zero.
    pub zeros: f64,
}

impl FeatureMaps {
    /// Runs the model once on the first item of these arrays.
    ///
    /// # Errors
    /// When the weights have no values or the arrays don't suit the inputs.
    pub fn of(model: &Model, inputs: &[Tensor]) -> Result<Self, ExplainError> {
        Ok(Self::of_values(&LayerValues::of(model, inputs)?))
    }

    /// The maps of a run whose values are kept.
    pub fn of_values(values: &LayerValues) -> Self {
        let layers = values.calls().map(|call| {
            let flat = call.layer.layer().and_then(FlatParts::of);
            let (whole, channels) = count(call.output);
            LayerMaps {
                layer: call.path.to_owned(),
                class_name: call.layer.class_name().to_owned(),
                shape: call.output.shape().to_vec(),
                minimum: whole.minimum,
                maximum: whole.maximum,
                mean: whole.mean,
                zeros: whole.zeros,
                saturated: flat.map(|flat| flat.share(call.output.data())),
                made_by: call.made_by.map(str::to_owned),
                channels,
            }
        });
        Self { layers: layers.collect(), outputs: values.scores().to_vec() }
    }

    /// Gives the classes of all outputs that have as many scores as there are names their names.
    pub fn name_classes(&mut self, names: &[String]) {
        for output in &mut self.outputs {
            output.name_classes(names);
        }
    }
}

/// All values in numbers, and each channel where there are positions.
fn count(value: &Tensor) -> (ChannelMap, Vec<ChannelMap>) {
    let channels = value.shape().last().copied().unwrap_or(1).max(1);
    let mut counts = vec![Counts::NONE; channels];
    for position in value.data().chunks_exact(channels) {
        for (count, &value) in counts.iter_mut().zip(position) {
            count.add(value);
        }
    }
    let positions = value.len() / channels;
    let whole = counts.iter().fold(Counts::NONE, |all, channel| all.joined(channel));
    let each = match value.rank() {
        0 | 1 => Vec::new(),
        _ => counts.iter().map(|channel| channel.map(positions)).collect(),
    };
    (whole.map(value.len()), each)
}

/// What is counted on the way through the values.
#[derive(Clone, Copy)]
struct Counts {
    minimum: f32,
    maximum: f32,
    sum: f64,
    zeros: usize,
}

impl Counts {
    const NONE: Self =
        Self { minimum: f32::INFINITY, maximum: f32::NEG_INFINITY, sum: 0.0, zeros: 0 };

    fn add(&mut self, value: f32) {
        self.minimum = self.minimum.min(value);
        self.maximum = self.maximum.max(value);
        self.sum += f64::from(value);
        self.zeros += usize::from(value == 0.0);
    }

    fn joined(self, other: &Self) -> Self {
        Self {
            minimum: self.minimum.min(other.minimum),
            maximum: self.maximum.max(other.maximum),
            sum: self.sum + other.sum,
            zeros: self.zeros + other.zeros,
        }
    }

    fn map(&self, values: usize) -> ChannelMap {
        // Without a number among the values there is no range; zeros keep the JSON one of numbers.
        let (minimum, maximum) = match self.minimum <= self.maximum {
            true => (self.minimum, self.maximum),
            false => (0.0, 0.0),
        };
        let count = values.max(1) as f64;
        ChannelMap { minimum, maximum, mean: self.sum / count, zeros: self.zeros as f64 / count }
    }
}
