//! Layers: one struct in one file each.
//!
//! A layer's fields are Keras's configuration names. It says four things: its output shape, its
//! weights, how it lowers to ops, and how its parameters are counted. Its gradient, execution,
//! summary row, saving and explanation follow from those. Adding a layer touches its file and one
//! line of [`registry`].

use std::fmt::Debug;

use dichroic_graph::ValueId;

use crate::shape::Shape;

mod activation;
mod arguments;
mod augmentation;
mod axes;
mod batch_normalization;
mod bidirectional;
mod center_crop;
mod concatenate;
mod conv;
mod conv_transpose;
mod convolution;
pub mod count;
mod cropping;
mod dense;
mod depthwise_conv;
mod dropout;
mod elu;
mod error;
mod flatten;
mod gaussian_dropout;
mod gaussian_noise;
mod global_pooling;
mod group_normalization;
mod gru;
mod identity;
mod input;
mod layer_normalization;
mod leaky_relu;
mod list;
mod lowering;
mod lstm;
mod merge;
mod normalization;
mod operations;
mod permute;
mod pooling;
mod prelu;
mod recurrent;
pub mod registry;
mod relu;
mod repeat_vector;
mod rescaling;
mod reshape;
mod resizing;
mod separable_conv;
mod shared_conv;
mod simple_rnn;
mod softmax;
mod spatial_dropout;
mod stencil;
mod unit_normalization;
mod up_sampling;
mod weight;
mod wrong_argument;
mod zero_padding;

pub use activation::Activation;
pub use arguments::{Axes, ChannelsLast, Margins, Off, Padding, Sizes, Unset};
pub use augmentation::{
    Factor as AugmentationFactor, FillMode, FlipMode, RandomBrightness, RandomContrast, RandomFlip,
    RandomRotation, RandomTranslation, RandomZoom, Sampling,
};
pub use batch_normalization::BatchNormalization;
pub use bidirectional::{Bidirectional, MergeMode};
pub use center_crop::CenterCrop;
pub use concatenate::Concatenate;
pub use conv::{Conv, Conv1D, Conv2D, Conv3D};
pub use conv_transpose::{Conv1DTranspose, Conv2DTranspose, Conv3DTranspose, ConvTranspose};
pub use convolution::{Convolution, Sharing, Window};
pub use count::{Count, Factor, Term, grouped};
pub use cropping::{Cropping, Cropping1D, Cropping2D, Cropping3D};
pub use dense::Dense;
pub use depthwise_conv::{DepthwiseConv, DepthwiseConv1D, DepthwiseConv2D};
pub use dropout::Dropout;
pub use elu::ELU;
pub use error::LayerError;
pub use flatten::Flatten;
pub use gaussian_dropout::GaussianDropout;
pub use gaussian_noise::GaussianNoise;
pub use global_pooling::{
    GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D, GlobalMaxPooling1D,
    GlobalMaxPooling2D, GlobalMaxPooling3D, GlobalPooling,
};
pub use group_normalization::GroupNormalization;
pub use gru::GRU;
pub use identity::Identity;
pub use input::InputLayer;
pub use layer_normalization::LayerNormalization;
pub use leaky_relu::LeakyReLU;
pub use lowering::{Lowering, Mode};
pub use lstm::LSTM;
pub use merge::{
    Add, Average, Difference, LargestInput, Maximum, MeanOfInputs, Merge, Merging, Minimum,
    Multiply, Product, SmallestInput, Subtract, Sum,
};
pub use normalization::{Normalization, Statistics};
pub use operations::*;
pub use permute::Permute;
pub use pooling::{
    AveragePooling1D, AveragePooling2D, AveragePooling3D, Largest, MaxPooling1D, MaxPooling2D,
    MaxPooling3D, Mean, Pooled, Pooling,
};
pub use prelu::PReLU;
pub use relu::ReLU;
pub use repeat_vector::RepeatVector;
pub use rescaling::{PerChannel, Rescaling};
pub use reshape::Reshape;
pub use resizing::{Resizing, ResizingFill};
pub use separable_conv::{SeparableConv, SeparableConv1D, SeparableConv2D};
pub use shared_conv::{SharedConv, SharedConv1D, SharedConv2D, SharedConv3D};
pub use simple_rnn::SimpleRNN;
pub use softmax::Softmax;
pub use spatial_dropout::{SpatialDropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D};
pub use unit_normalization::UnitNormalization;
pub use up_sampling::{Interpolation, UpSampling, UpSampling1D, UpSampling2D, UpSampling3D};
pub use weight::WeightSpec;
pub use zero_padding::{ZeroPadding, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D};

/// What every layer says about itself.
///
/// Shapes include the batch axis. A layer with one input reads `inputs[0]`; merges read all.
pub trait Layer: Debug + Send + Sync {
    /// Keras's class name, as it stands in configurations: `Conv2D`.
    fn class_name(&self) -> &'static str;

    /// The layer's own configuration in Keras's names and order (without `name`, `trainable`, `dtype`).
    fn config(&self) -> serde_json::Map<String, serde_json::Value>;

    /// Whether the arguments make sense by themselves, before any input is known.
    ///
    /// # Errors
    /// [`LayerError::Argument`] for one that can't be used.
    fn check(&self) -> Result<(), LayerError> {
        Ok(())
    }

    /// The output shape for these input shapes.
    ///
    /// # Errors
    /// When the inputs don't suit: the error says the shape that came, the shape that is needed and the likely fix.
    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError>;

    /// The weights in Keras's order, for these input shapes.
    ///
    /// # Errors
    /// As [`Layer::output_shape`].
    fn weights(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>, LayerError> {
        self.output_shape(inputs).map(|_| Vec::new())
    }

    /// How each parameter count comes about; terms in the order of [`Layer::weights`].
    ///
    /// # Errors
    /// As [`Layer::output_shape`].
    fn count(&self, inputs: &[Shape]) -> Result<Count, LayerError> {
        self.output_shape(inputs).map(|_| Count::default())
    }

    /// Emits the ops that compute the layer; returns its output value.
    ///
    /// # Errors
    /// When an op refuses its inputs.
    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError>;

    /// The convolution inside this layer, for those who explain it; `None` for other layers.
    fn convolution(&self, _inputs: &[Shape]) -> Option<Convolution> {
        None
    }

    /// The window through which an output position sees its input; `None` where every output sees the same position alone.
    fn window(&self, _inputs: &[Shape]) -> Option<Window> {
        None
    }

    /// Whether the run alone says if the layer learns or answers, whatever is noted at a call of it.
    ///
    /// Layers that change pictures are so: Keras notes `training=True` at each of their calls, and its `predict` has the last
    /// word.
    fn follows_the_run(&self) -> bool {
        false
    }

    /// A copy behind the same interface.
    fn boxed(&self) -> Box<dyn Layer>;
}

impl Clone for Box<dyn Layer> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}
