//! Layers: one struct in one file each.
//!
//! A layer's fields are Keras's configuration names. It says four things: its output shape, its
//! weights, how it lowers to ops, and how its parameters are counted. Its gradient, execution,
//! summary row, saving and explanation follow from those. Adding a layer touches its file and one
//! line of [`registry`].

use std::fmt::Debug;

use dichroic_graph::ValueId;

use crate::shape::Shape;

mod arguments;
mod conv;
mod convolution;
mod count;
mod error;
mod lowering;
pub mod registry;
mod stencil;
mod weight;

pub use arguments::{Axes, ChannelsLast, Margins, Off, Padding, Sizes, Unset};
pub use conv::{Conv, Conv1D, Conv2D, Conv3D};
pub use convolution::{Convolution, Sharing, Window};
pub use count::{Count, Factor, Term};
pub use error::LayerError;
pub use lowering::{Lowering, Mode};
pub use weight::WeightSpec;

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

    /// A copy behind the same interface.
    fn boxed(&self) -> Box<dyn Layer>;
}

impl Clone for Box<dyn Layer> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}
