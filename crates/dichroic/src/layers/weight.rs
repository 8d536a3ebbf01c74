//! What a layer asks for: the weights it needs.

use crate::initializers::Initializer;
use crate::regularizers::Regularizer;

/// One weight of a layer: its name, its shape and how it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightSpec {
    /// Keras's name: `kernel`, `bias`, `gamma`, `moving_mean`, …
    pub name: &'static str,
    /// All axes; for kernels `(kernel…, in_channels / groups, filters)`.
    pub shape: Vec<usize>,
    /// How the first values are drawn.
    pub initializer: Initializer,
    /// Whether gradients may change it; moving statistics are not trainable.
    pub trainable: bool,
    /// The penalty it adds to the loss.
    pub regularizer: Option<Regularizer>,
}
