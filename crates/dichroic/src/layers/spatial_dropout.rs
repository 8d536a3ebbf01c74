//! Whole feature maps dropped at random while training: `SpatialDropout1D`–`3D`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{ranked, written};
use super::dropout::{check_rate, drop_values};
use super::stencil::spatial_shape;
use super::{ChannelsLast, Layer, LayerError, Lowering};
use crate::shape::Shape;

/// While training, sets each feature map to 0 with probability `rate` and divides the rest by `1 - rate`.
///
/// Neighbours in a feature map are much alike, so that dropping single values takes little away.
///
/// # Shapes
/// - input and output `(batch, [depth,] [height,] width, channels)`; one draw for each sample and channel
///
/// # Errors
/// When `rate` is not between 0 and 1, or the input has another rank.
///
/// # Source
/// `keras.layers.SpatialDropout1D`…`3D`; Tompson et al. 2015
///
/// ```
/// use dichroic::layers::{Layer, SpatialDropout2D};
/// assert_eq!(SpatialDropout2D::new(0.2).class_name(), "SpatialDropout2D");
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SpatialDropout<const RANK: usize> {
    /// The share of feature maps dropped, from 0 to 1.
    pub rate: f64,
    /// Written for Keras; draws here depend on the seed of the training run alone.
    pub seed: Option<i64>,
    /// Channels last.
    #[serde(default)]
    pub data_format: ChannelsLast,
}

/// Drops channels of sequences: [`SpatialDropout`].
pub type SpatialDropout1D = SpatialDropout<1>;
/// Drops feature maps of pictures: [`SpatialDropout`].
pub type SpatialDropout2D = SpatialDropout<2>;
/// Drops feature maps of volumes: [`SpatialDropout`].
pub type SpatialDropout3D = SpatialDropout<3>;

impl<const RANK: usize> SpatialDropout<RANK> {
    /// A spatial dropout layer with this rate.
    pub fn new(rate: f64) -> Self {
        Self { rate, seed: None, data_format: ChannelsLast }
    }
}

impl<const RANK: usize> Layer for SpatialDropout<RANK> {
    fn class_name(&self) -> &'static str {
        ranked::<RANK>(["SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"])
    }

    fn config(&self) -> Map<String, Value> {
        let mut config = written(self);
        if RANK == 1 {
            // Keras has no such argument in 1-D.
            config.remove("data_format");
        }
        config
    }

    fn check(&self) -> Result<(), LayerError> {
        check_rate(self.rate)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        spatial_shape(inputs, RANK).cloned()
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        let x = lowering.input()?;
        let mut noise_shape = lowering.shape(x).to_vec();
        noise_shape[1..=RANK].fill(1);
        drop_values(lowering, self.rate, Some(noise_shape.into()))
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
