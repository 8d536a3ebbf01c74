//! What can be wrong with an application.

use super::NAMES;
use super::options::MOST_CLASSES;
use crate::Shape;
use crate::model::ModelError;

/// Why an application can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplicationError {
    /// There is no application of this name.
    #[error("there is no application {name:?}{suggestion}; there are {}", NAMES.join(", "))]
    Unknown {
        /// The name asked for.
        name: String,
        /// ` (did you mean …?)`, or nothing.
        suggestion: String,
    },
    /// The pictures are too small for the steps that halve them.
    #[error(
        "{application}: input_shape: pictures must be at least {least}×{least}, got {got}; give a larger input_shape"
    )]
    InputShape {
        /// The application.
        application: &'static str,
        /// The smallest height and width.
        least: usize,
        /// The shape that came, with the batch.
        got: Shape,
    },
    /// The number of classes is out of range.
    #[error("{application}: classes must be between 1 and {MOST_CLASSES}, got {got}")]
    Classes {
        /// The application.
        application: &'static str,
        /// The number that came.
        got: usize,
    },
    /// The factor for the number of filters is out of range.
    #[error("{application}: alpha must be above 0 and finite, got {got}; 1.0 is the usual width")]
    Alpha {
        /// The application.
        application: &'static str,
        /// The factor that came.
        got: f64,
    },
    /// A layer or the model refused.
    #[error(transparent)]
    Model(#[from] ModelError),
}
