//! A vector repeated along a new axis: `RepeatVector`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::written;
use super::stencil::{at_least_one, single};
use super::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// Repeats the input `n` times along a new axis after the batch.
///
/// `y[b, i, c] = x[b, c]`
///
/// # Shapes
/// - input `(batch, channels)`
/// - output `(batch, n, channels)`
///
/// # Errors
/// When the input has another rank.
///
/// # Source
/// `keras.layers.RepeatVector`
///
/// ```
/// use dichroic::layers::{Layer, RepeatVector};
/// use dichroic::Shape;
/// let output = RepeatVector::new(3).output_shape(&[Shape::batched(&[32])])?;
/// assert_eq!(output.to_string(), "(None, 3, 32)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RepeatVector {
    /// The number of repetitions, at least 1.
    pub n: usize,
}

impl RepeatVector {
    /// A layer that repeats its input `n` times.
    pub fn new(n: usize) -> Self {
        Self { n }
    }
}

impl Layer for RepeatVector {
    fn class_name(&self) -> &'static str {
        "RepeatVector"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        at_least_one("n", &[self.n])
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        let input = single(inputs)?;
        match *input.axes() {
            [batch, channels] => Ok(Shape::new([batch, Some(self.n), channels])),
            _ => Err(LayerError::Rank {
                expected: 2,
                axes: "(batch, channels)",
                got: input.clone(),
                fix: "put Flatten or a global pool in front".to_owned(),
            }),
        }
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        let x = lowering.input()?;
        let (batch, channels) = (lowering.shape(x)[0], lowering.shape(x)[1]);
        let row = lowering.reshape(x, vec![batch, 1, channels])?;
        lowering.broadcast(row, vec![batch, self.n, channels])
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
