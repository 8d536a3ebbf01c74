//! Why nothing can be said about an output's reasons.

use crate::explain::error::sizes;
use crate::model::ModelError;

/// Why an attribution or a maximal input can't be computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttributionError {
    /// The output is no row of scores.
    #[error(
        "the output {output:?} gives {} values for an item, not one score for each class; the reasons for a class need a \
         model whose first output is (batch, classes)",
        sizes(shape)
    )]
    NoClasses {
        /// The output's layer.
        output: String,
        /// Its shape without the batch.
        shape: Vec<usize>,
    },
    /// There is no such class.
    #[error("the model has classes 0 to {}, got {class}", classes - 1)]
    ClassRange {
        /// The number of classes.
        classes: usize,
        /// The class asked for.
        class: usize,
    },
    /// No input is a picture.
    #[error(
        "no input of model {model:?} is a picture of shape (height, width, channels); there is nothing to lay a map over"
    )]
    NoPicture {
        /// The model.
        model: String,
    },
    /// No convolution makes maps that a class activation map could weigh.
    #[error(
        "model {model:?} has no convolution whose output has height and width; a class activation map needs one"
    )]
    NoSpatialLayer {
        /// The model.
        model: String,
    },
    /// The layer's values have no positions.
    #[error(
        "layer {layer:?} gives {} values without height and width; choose a layer before they are flattened or averaged",
        sizes(shape)
    )]
    NoPositions {
        /// The layer.
        layer: String,
        /// Its shape without the batch.
        shape: Vec<usize>,
    },
    /// The layer has no such channel.
    #[error("layer {layer:?} makes channels 0 to {}, got {channel}", channels - 1)]
    ChannelRange {
        /// The layer.
        layer: String,
        /// The number of its channels.
        channels: usize,
        /// The channel asked for.
        channel: usize,
    },
    /// An option is out of range.
    #[error("{option} must be {rule}, got {got}")]
    Option {
        /// The option.
        option: &'static str,
        /// What is allowed.
        rule: &'static str,
        /// What was given.
        got: String,
    },
    /// Who watched the progress asked to stop.
    #[error("stopped before the end")]
    Cancelled,
    /// The model refused.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl From<dichroic_graph::GraphError> for AttributionError {
    fn from(error: dichroic_graph::GraphError) -> Self {
        Self::Model(error.into())
    }
}

impl From<dichroic_graph::kernels::tensor::TensorError> for AttributionError {
    fn from(error: dichroic_graph::kernels::tensor::TensorError) -> Self {
        Self::Model(error.into())
    }
}
