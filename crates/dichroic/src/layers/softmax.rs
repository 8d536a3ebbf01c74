//! Values made positive with sum 1: `Softmax`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{setters, written};
use super::axes::{resolve_all, to_the_end};
use super::stencil::single;
use super::{Axes, Layer, LayerError, Lowering};
use crate::shape::Shape;

/// `exp(x) / Σ exp(x)`, the sum taken over `axis` (one or several).
///
/// # Shapes
/// - input and output `(batch, …)`
///
/// # Errors
/// When the axis does not exist.
///
/// # Source
/// `keras.layers.Softmax`
///
/// ```
/// use dichroic::layers::{Layer, Softmax};
/// assert_eq!(Softmax::new().config()["axis"], -1);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Softmax {
    /// The axes over which values sum to 1.
    pub axis: Axes,
}

impl Default for Softmax {
    fn default() -> Self {
        Self::new()
    }
}

impl Softmax {
    /// A softmax over channels.
    pub fn new() -> Self {
        Self { axis: Axes::One(-1) }
    }

    setters! {
        /// Sets the axes over which values sum to 1.
        axis <- Axes,
    }
}

impl Layer for Softmax {
    fn class_name(&self) -> &'static str {
        "Softmax"
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
        let (order, back) = to_the_end(lowering.shape(x).len(), &axes);
        let moved = lowering.transpose(x, &order)?;
        let shape = lowering.shape(moved).to_vec();
        // Several axes are one long axis to the op.
        let (rest, summed) = shape.split_at(shape.len() - axes.len());
        let rows = lowering.reshape(moved, [rest, &[summed.iter().product()]].concat())?;
        let y = lowering.softmax(rows)?;
        let y = lowering.reshape(y, shape)?;
        lowering.transpose(y, &back)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}
