//! Why something can't be explained.

use crate::layers::LayerError;
use crate::model::ModelError;

/// Why a layer can't be explained, traced, varied or drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// Only convolutions have filters.
    #[error(
        "layer {layer:?} ({class_name}) is no convolution and has no filters; {}",
        others(convolutions)
    )]
    NotAConvolution {
        /// The layer.
        layer: String,
        /// Its class.
        class_name: String,
        /// The model's convolutions.
        convolutions: Vec<String>,
    },
    /// The layer has no such filter.
    #[error("layer {layer:?} has filters 0 to {}, got {filter}", filters - 1)]
    FilterRange {
        /// The layer.
        layer: String,
        /// The number of filters.
        filters: usize,
        /// The filter asked for.
        filter: usize,
    },
    /// Only separable convolutions have stages.
    #[error(
        "layer {layer:?} ({class_name}) has no stage {stage:?}; only separable convolutions have stages"
    )]
    NoStages {
        /// The layer.
        layer: String,
        /// Its class.
        class_name: String,
        /// The stage asked for.
        stage: &'static str,
    },
    /// The output has no such position.
    #[error(
        "layer {layer:?} has an output of {}: give {} from 0 to {}, got {}",
        sizes(output), axes(output.len()), list(&output.iter().map(|size| size.saturating_sub(1)).collect::<Vec<_>>()), list(at)
    )]
    PositionRange {
        /// The layer.
        layer: String,
        /// The sizes of the output along its spatial axes.
        output: Vec<usize>,
        /// The position asked for.
        at: Vec<usize>,
    },
    /// The sum of the products is not what the executor computed.
    #[error(
        "layer {layer:?}, filter {filter} at {}: the products add up to {traced}, the executor computed {executor}; \
         they may differ by {tolerance:e}",
        list(at)
    )]
    Disagreement {
        /// The layer.
        layer: String,
        /// The filter.
        filter: usize,
        /// The position.
        at: Vec<usize>,
        /// The value from the products.
        traced: f64,
        /// The executor's value.
        executor: f32,
        /// The rounding allowed for.
        tolerance: f64,
    },
    /// A layer can't be made or used.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The model refused.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A picture can't be written.
    #[error("the picture can't be made: {reason}")]
    Picture {
        /// Why.
        reason: String,
    },
}

fn others(convolutions: &[String]) -> String {
    match convolutions {
        [] => "the model has no convolution".to_owned(),
        names => format!("the model's convolutions are {}", names.join(", ")),
    }
}

/// A position as it is typed: `3,4`.
pub(super) fn list(sizes: &[usize]) -> String {
    sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Sizes of something: `5×5`.
pub(super) fn sizes(sizes: &[usize]) -> String {
    sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join("×")
}

/// The letters of the spatial axes, as a position is asked for.
fn axes(rank: usize) -> &'static str {
    match rank {
        1 => "X",
        2 => "Y,X",
        _ => "Z,Y,X",
    }
}
