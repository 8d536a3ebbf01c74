//! What comes, as it came: `Identity`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::written;
use super::stencil::single;
use super::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// `y = x`; a place with a name, to be looked at or replaced.
///
/// # Shapes
/// - input and output the same, any
///
/// # Errors
/// When it gets other than one input.
///
/// # Source
/// `keras.layers.Identity`
///
/// ```
/// use dichroic::layers::{Identity, Layer};
/// use dichroic::Shape;
/// let shape = Identity::new().output_shape(&[Shape::batched(&[4, 4, 3])])?;
/// assert_eq!(shape.to_string(), "(None, 4, 4, 3)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Identity {}

impl Identity {
    /// The layer, which has no arguments.
    pub fn new() -> Self {
        Self {}
    }
}

impl Layer for Identity {
    fn class_name(&self) -> &'static str {
        "Identity"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        single(inputs).cloned()
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        lowering.input()
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
