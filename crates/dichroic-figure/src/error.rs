//! What can go wrong with a figure.

use dichroic::explain::ExplainError;

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FigureError {
    /// The model, the layer or the input does not suit.
    #[error(transparent)]
    Explain(#[from] ExplainError),
    /// The layer's values have no two spatial axes, or more.
    #[error("layer {layer:?} gives {shape}, and {what} are drawn of (height, width, channels)")]
    NotPlanar {
        /// The layer.
        layer: String,
        /// The shape that it gives.
        shape: String,
        /// What was to be drawn.
        what: &'static str,
    },
    /// Nothing is known of where the layer's values come from.
    #[error("layer {layer:?} has no receptive field that can be followed back to the input")]
    NoReceptiveField {
        /// The layer.
        layer: String,
    },
    /// The drawing could not be turned into the format.
    #[error("the figure can't be written as {format}: {reason}")]
    Format {
        /// `PNG` or `PDF`.
        format: &'static str,
        /// What the library said.
        reason: String,
    },
}
