//! An activation as a layer: `Activation`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::written;
use super::stencil::single;
use super::{Layer, LayerError, Lowering};
use crate::activations;
use crate::shape::Shape;

/// A function on each value, or over channels, by Keras's name.
///
/// # Shapes
/// - input and output `(batch, …)`; `glu` halves the channels
///
/// # Errors
/// When no activation has the name.
///
/// # Source
/// `keras.layers.Activation`
///
/// ```
/// use dichroic::layers::{Activation, Layer};
/// assert_eq!(Activation::new("relu").config()["activation"], "relu");
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Activation {
    /// The function.
    pub activation: activations::Activation,
}

impl Activation {
    /// A layer that applies this function.
    pub fn new(activation: impl Into<activations::Activation>) -> Self {
        Self { activation: activation.into() }
    }
}

impl Layer for Activation {
    fn class_name(&self) -> &'static str {
        "Activation"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        self.activation.check()
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        self.activation.output_shape(single(inputs)?.clone())
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        self.activation.lower(lowering, x)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}
