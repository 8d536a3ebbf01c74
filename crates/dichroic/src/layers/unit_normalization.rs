//! Vectors brought to length 1: `UnitNormalization`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::elementwise::{Binary, Unary};
use dichroic_graph::kernels::reduce::ReduceKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{setters, written};
use super::axes::resolve_all;
use super::stencil::single;
use super::{Axes, Layer, LayerError, Lowering};
use crate::shape::Shape;

/// `y = x / √(Σ x²)`, the sum taken over `axis`; a vector of zeros stays as it is.
///
/// # Shapes
/// - input and output `(batch, …)`
///
/// # Errors
/// When the axis does not exist.
///
/// # Source
/// `keras.layers.UnitNormalization`
///
/// ```
/// use dichroic::layers::{Layer, UnitNormalization};
/// assert_eq!(UnitNormalization::new().config()["axis"], -1);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UnitNormalization {
    /// The axes over which the length is taken.
    pub axis: Axes,
}

impl Default for UnitNormalization {
    fn default() -> Self {
        Self::new()
    }
}

impl UnitNormalization {
    /// A layer that brings channels to length 1.
    pub fn new() -> Self {
        Self { axis: Axes::One(-1) }
    }

    setters! {
        /// Sets the axes over which the length is taken.
        axis <- Axes,
    }
}

impl Layer for UnitNormalization {
    fn class_name(&self) -> &'static str {
        "UnitNormalization"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = single(inputs)?;
        resolve_all(&self.axis, input).map(|_| input.clone())
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let shapes = lowering.input_shapes();
        let axes = resolve_all(&self.axis, single(&shapes)?)?;
        let x = lowering.input()?;
        let squares = lowering.unary(Unary::Square, x)?;
        let sum = lowering.reduce_kept(ReduceKind::Sum, squares, &axes)?;
        let inverse = lowering.unary(Unary::Rsqrt, sum)?;
        // Keras's bound for the inverse of the length, which keeps zeros from becoming NaN.
        let bound = lowering.scalar(1e12);
        let inverse = lowering.binary(Binary::Minimum, inverse, bound)?;
        lowering.binary(Binary::Multiply, x, inverse)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}
