//! All positions and channels in one axis: `Flatten`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::written;
use super::stencil::single;
use super::{ChannelsLast, Layer, LayerError, Lowering};
use crate::shape::Shape;

/// Puts all axes but the batch into one, the last axis fastest; the values stay as they are.
///
/// # Shapes
/// - input `(batch, …)`
/// - output `(batch, product of all other axes)`
///
/// # Source
/// `keras.layers.Flatten`
///
/// ```
/// use dichroic::layers::{Flatten, Layer};
/// use dichroic::Shape;
/// let output = Flatten::new().output_shape(&[Shape::batched(&[7, 7, 64])])?;
/// assert_eq!(output.to_string(), "(None, 3136)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Flatten {
    /// Channels last.
    pub data_format: ChannelsLast,
}

impl Flatten {
    /// A flattening layer.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Layer for Flatten {
    fn class_name(&self) -> &'static str {
        "Flatten"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = single(inputs)?;
        let batch = input.axes().first().copied().flatten();
        Ok(Shape::new([batch, input.elements()]))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let shape = lowering.shape(x).to_vec();
        let (batch, rest) =
            shape.split_first().map_or((1, &[][..]), |(&batch, rest)| (batch, rest));
        lowering.reshape(x, vec![batch, rest.iter().product()])
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
