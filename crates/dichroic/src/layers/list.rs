//! The list of layers: the arguments that each takes, in Keras's order of position.

use super::registry::{Entry, layers, list, read};
use super::*;

/// What convolutions take after the arguments they need.
const CONV: &[&str] = &[
    "strides",
    "padding",
    "data_format",
    "dilation_rate",
    "groups",
    "activation",
    "use_bias",
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "kernel_constraint",
    "bias_constraint",
];
/// What depthwise convolutions take after the arguments they need.
const DEPTHWISE_CONV: &[&str] = &[
    "strides",
    "padding",
    "depth_multiplier",
    "data_format",
    "dilation_rate",
    "activation",
    "use_bias",
    "depthwise_initializer",
    "bias_initializer",
    "depthwise_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "depthwise_constraint",
    "bias_constraint",
];
/// What separable convolutions take after the arguments they need.
const SEPARABLE_CONV: &[&str] = &[
    "strides",
    "padding",
    "data_format",
    "dilation_rate",
    "depth_multiplier",
    "activation",
    "use_bias",
    "depthwise_initializer",
    "pointwise_initializer",
    "bias_initializer",
    "depthwise_regularizer",
    "pointwise_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "depthwise_constraint",
    "pointwise_constraint",
    "bias_constraint",
];
/// What transposed convolutions take after the arguments they need.
const CONV_TRANSPOSE: &[&str] = &[
    "strides",
    "padding",
    "output_padding",
    "data_format",
    "dilation_rate",
    "activation",
    "use_bias",
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "kernel_constraint",
    "bias_constraint",
];
/// What shared convolutions take after the arguments they need.
const SHARED_CONV: &[&str] = &[
    "strides",
    "padding",
    "data_format",
    "dilation_rate",
    "activation",
    "use_bias",
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "bias_regularizer",
];
/// What recurrent layers take after the arguments they need.
const SIMPLE_RNN: &[&str] = &[
    "activation",
    "use_bias",
    "kernel_initializer",
    "recurrent_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "recurrent_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "kernel_constraint",
    "recurrent_constraint",
    "bias_constraint",
    "dropout",
    "recurrent_dropout",
    "return_sequences",
    "return_state",
    "go_backwards",
    "stateful",
    "unroll",
    "seed",
    "zero_output_for_mask",
];
/// What an LSTM takes after the arguments it needs.
const LSTM_TAKES: &[&str] = &[
    "activation",
    "recurrent_activation",
    "use_bias",
    "kernel_initializer",
    "recurrent_initializer",
    "bias_initializer",
    "unit_forget_bias",
    "kernel_regularizer",
    "recurrent_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "kernel_constraint",
    "recurrent_constraint",
    "bias_constraint",
    "dropout",
    "recurrent_dropout",
    "seed",
    "return_sequences",
    "return_state",
    "go_backwards",
    "stateful",
    "unroll",
    "zero_output_for_mask",
];
/// What a GRU takes after the arguments it needs.
const GRU_TAKES: &[&str] = &[
    "activation",
    "recurrent_activation",
    "use_bias",
    "kernel_initializer",
    "recurrent_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "recurrent_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "kernel_constraint",
    "recurrent_constraint",
    "bias_constraint",
    "dropout",
    "recurrent_dropout",
    "seed",
    "return_sequences",
    "return_state",
    "go_backwards",
    "stateful",
    "unroll",
    "reset_after",
    "zero_output_for_mask",
];
/// What pools take after the arguments they need.
const POOLING: &[&str] = &["strides", "padding", "data_format", "name"];
/// What pools whose size has a default take after the arguments they need.
const POOLING_WITH_SIZE: &[&str] = &["pool_size", "strides", "padding", "data_format", "name"];

/// What layers that sample pictures elsewhere take after the arguments they need.
const SAMPLED: &[&str] = &["fill_mode", "interpolation", "seed", "fill_value", "data_format"];

layers! {
    LAYERS;
    "InputLayer": InputLayer::new([Some(1)]), needs [] takes ["shape", "batch_size", "dtype", "sparse", "ragged", "batch_shape", "input_tensor", "optional", "name"];
    "Conv1D" also "Convolution1D": Conv1D::new(1, 1), needs ["filters", "kernel_size"] takes CONV;
    "Conv2D" also "Convolution2D": Conv2D::new(1, 1), needs ["filters", "kernel_size"] takes CONV;
    "Conv3D" also "Convolution3D": Conv3D::new(1, 1), needs ["filters", "kernel_size"] takes CONV;
    "DepthwiseConv1D" also "DepthwiseConvolution1D": DepthwiseConv1D::new(1), needs ["kernel_size"] takes DEPTHWISE_CONV;
    "DepthwiseConv2D" also "DepthwiseConvolution2D": DepthwiseConv2D::new(1), needs ["kernel_size"] takes DEPTHWISE_CONV;
    "SeparableConv1D" also "SeparableConvolution1D": SeparableConv1D::new(1, 1), needs ["filters", "kernel_size"] takes SEPARABLE_CONV;
    "SeparableConv2D" also "SeparableConvolution2D": SeparableConv2D::new(1, 1), needs ["filters", "kernel_size"] takes SEPARABLE_CONV;
    "Conv1DTranspose" also "Convolution1DTranspose": Conv1DTranspose::new(1, 1), needs ["filters", "kernel_size"] takes CONV_TRANSPOSE;
    "Conv2DTranspose" also "Convolution2DTranspose": Conv2DTranspose::new(1, 1), needs ["filters", "kernel_size"] takes CONV_TRANSPOSE;
    "Conv3DTranspose" also "Convolution3DTranspose": Conv3DTranspose::new(1, 1), needs ["filters", "kernel_size"] takes CONV_TRANSPOSE;
    "SharedConv1D": SharedConv1D::new(1, 1), needs ["filters", "kernel_size"] takes SHARED_CONV;
    "SharedConv2D": SharedConv2D::new(1, 1), needs ["filters", "kernel_size"] takes SHARED_CONV;
    "SharedConv3D": SharedConv3D::new(1, 1), needs ["filters", "kernel_size"] takes SHARED_CONV;
    "MaxPooling1D" also "MaxPool1D": MaxPooling1D::new(2), needs [] takes POOLING_WITH_SIZE;
    "MaxPooling2D" also "MaxPool2D": MaxPooling2D::new(2), needs [] takes POOLING_WITH_SIZE;
    "MaxPooling3D" also "MaxPool3D": MaxPooling3D::new(2), needs [] takes POOLING_WITH_SIZE;
    "AveragePooling1D" also "AvgPool1D": AveragePooling1D::new(2), needs ["pool_size"] takes POOLING;
    "AveragePooling2D" also "AvgPool2D": AveragePooling2D::new(2), needs ["pool_size"] takes POOLING;
    "AveragePooling3D" also "AvgPool3D": AveragePooling3D::new(2), needs ["pool_size"] takes POOLING;
    "GlobalMaxPooling1D" also "GlobalMaxPool1D": GlobalMaxPooling1D::new(), needs [] takes ["data_format", "keepdims"];
    "GlobalMaxPooling2D" also "GlobalMaxPool2D": GlobalMaxPooling2D::new(), needs [] takes ["data_format", "keepdims"];
    "GlobalMaxPooling3D" also "GlobalMaxPool3D": GlobalMaxPooling3D::new(), needs [] takes ["data_format", "keepdims"];
    "GlobalAveragePooling1D" also "GlobalAvgPool1D": GlobalAveragePooling1D::new(), needs [] takes ["data_format", "keepdims"];
    "GlobalAveragePooling2D" also "GlobalAvgPool2D": GlobalAveragePooling2D::new(), needs [] takes ["data_format", "keepdims"];
    "GlobalAveragePooling3D" also "GlobalAvgPool3D": GlobalAveragePooling3D::new(), needs [] takes ["data_format", "keepdims"];
    "Dense": Dense::new(1), needs ["units"] takes ["activation", "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint"];
    "Flatten": Flatten::new(), needs [] takes ["data_format"];
    "Reshape": Reshape::new([-1]), needs ["target_shape"] takes [];
    "Permute": Permute::new([1]), needs ["dims"] takes [];
    "RepeatVector": RepeatVector::new(2), needs ["n"] takes [];
    "ZeroPadding1D": ZeroPadding1D::new(1), needs [] takes ["padding", "data_format"];
    "ZeroPadding2D": ZeroPadding2D::new(1), needs [] takes ["padding", "data_format"];
    "ZeroPadding3D": ZeroPadding3D::new(1), needs [] takes ["padding", "data_format"];
    "Cropping1D": Cropping1D::new(1), needs [] takes ["cropping"];
    "Cropping2D": Cropping2D::new(0), needs [] takes ["cropping", "data_format"];
    "Cropping3D": Cropping3D::new(1), needs [] takes ["cropping", "data_format"];
    "UpSampling1D": UpSampling1D::new(2), needs [] takes ["size"];
    "UpSampling2D": UpSampling2D::new(2), needs [] takes ["size", "data_format", "interpolation"];
    "UpSampling3D": UpSampling3D::new(2), needs [] takes ["size", "data_format"];
    "Dropout": Dropout::new(0.5), needs ["rate"] takes ["noise_shape", "seed"];
    "SpatialDropout1D": SpatialDropout1D::new(0.5), needs ["rate"] takes ["seed", "name", "dtype"];
    "SpatialDropout2D": SpatialDropout2D::new(0.5), needs ["rate"] takes ["data_format", "seed", "name", "dtype"];
    "SpatialDropout3D": SpatialDropout3D::new(0.5), needs ["rate"] takes ["data_format", "seed", "name", "dtype"];
    "GaussianNoise": GaussianNoise::new(0.1), needs ["stddev"] takes ["seed"];
    "GaussianDropout": GaussianDropout::new(0.5), needs ["rate"] takes ["seed"];
    "BatchNormalization": BatchNormalization::new(), needs [] takes ["axis", "momentum", "epsilon", "center", "scale", "beta_initializer", "gamma_initializer", "moving_mean_initializer", "moving_variance_initializer", "beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint", "renorm", "renorm_clipping", "renorm_momentum", "synchronized"];
    "LayerNormalization": LayerNormalization::new(), needs [] takes ["axis", "epsilon", "center", "scale", "beta_initializer", "gamma_initializer", "beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint"];
    "GroupNormalization": GroupNormalization::new(), needs [] takes ["groups", "axis", "epsilon", "center", "scale", "beta_initializer", "gamma_initializer", "beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint"];
    "UnitNormalization": UnitNormalization::new(), needs [] takes ["axis"];
    "Activation": Activation::new("relu"), needs ["activation"] takes [];
    "ReLU": ReLU::new(), needs [] takes ["max_value", "negative_slope", "threshold"];
    "LeakyReLU": LeakyReLU::new(), needs [] takes ["negative_slope", "alpha"];
    "PReLU": PReLU::new(), needs [] takes ["alpha_initializer", "alpha_regularizer", "alpha_constraint", "shared_axes"];
    "ELU": ELU::new(), needs [] takes ["alpha"];
    "Softmax": Softmax::new(), needs [] takes ["axis"];
    "Add": Add::new(), needs [] takes [];
    "Subtract": Subtract::new(), needs [] takes [];
    "Multiply": Multiply::new(), needs [] takes [];
    "Average": Average::new(), needs [] takes [];
    "Maximum": Maximum::new(), needs [] takes [];
    "Minimum": Minimum::new(), needs [] takes [];
    "Concatenate": Concatenate::new(), needs [] takes ["axis"];
    "Rescaling": Rescaling::new(1.0), needs ["scale"] takes ["offset"];
    "Normalization": Normalization::new(), needs [] takes ["axis", "mean", "variance", "invert"];
    "Identity": Identity::new(), needs [] takes [];
    "CenterCrop": CenterCrop::new(1, 1), needs ["height", "width"] takes ["data_format"];
    "Resizing": Resizing::new(1, 1), needs ["height", "width"] takes ["interpolation", "crop_to_aspect_ratio", "pad_to_aspect_ratio", "fill_mode", "fill_value", "antialias", "data_format"];
    "RandomFlip": RandomFlip::new(FlipMode::default()), needs [] takes ["mode", "seed", "data_format"];
    "RandomRotation": RandomRotation::new(0.1), needs ["factor"] takes SAMPLED;
    "RandomZoom": RandomZoom::new(0.1), needs ["height_factor"] takes ["width_factor", "fill_mode", "interpolation", "seed", "fill_value", "data_format"];
    "RandomTranslation": RandomTranslation::new(0.1, 0.1), needs ["height_factor", "width_factor"] takes SAMPLED;
    "RandomContrast": RandomContrast::new(0.1), needs ["factor"] takes ["value_range", "seed", "data_format"];
    "RandomBrightness": RandomBrightness::new(0.1), needs ["factor"] takes ["value_range", "seed", "data_format"];
    "LSTM": LSTM::new(2), needs ["units"] takes LSTM_TAKES;
    "GRU": GRU::new(2), needs ["units"] takes GRU_TAKES;
    "SimpleRNN": SimpleRNN::new(2), needs ["units"] takes SIMPLE_RNN;
    "Bidirectional": Bidirectional::new(GRU::new(2).return_sequences(true)), needs ["layer"] takes ["merge_mode", "weights", "backward_layer"];
}
