//! The part of matrices on one side of a diagonal: `Trilu`.

use dichroic_graph::ValueId;
use dichroic_graph::ops::{Side, Triangle};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::layers::arguments::{setters, written};
use crate::layers::stencil::single;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// The last two axes with zeros below a diagonal, or above it; the diagonal itself stays.
///
/// # Shapes
/// - input and output `(…, rows, columns)`
///
/// # Errors
/// When there are fewer than two axes.
///
/// # Source
/// `keras.ops.triu`, `tril`; ONNX `Trilu`
///
/// ```
/// use dichroic::layers::{Layer, Trilu};
/// use dichroic::Shape;
/// let input = Shape::batched(&[8, 8]);
/// assert_eq!(Trilu::lower_part(0).output_shape(&[input.clone()])?, input);
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Trilu {
    /// The diagonal: 0 is the main one, 1 the one above it.
    pub k: i64,
    /// Whether the part above the diagonal stays, or that below.
    pub upper: bool,
}

impl Trilu {
    /// Keeps the diagonal and what lies above.
    pub fn upper_part(k: i64) -> Self {
        Self { k, upper: true }
    }

    /// Keeps the diagonal and what lies below.
    pub fn lower_part(k: i64) -> Self {
        Self { k, upper: false }
    }

    setters! {
        /// Sets the diagonal.
        k: i64,
    }
}

impl Layer for Trilu {
    fn class_name(&self) -> &'static str {
        "Trilu"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = single(inputs)?;
        if input.rank() >= 2 {
            return Ok(input.clone());
        }
        Err(LayerError::InputShape {
            rule: "a triangle needs rows and columns".to_owned(),
            got: input.clone(),
            fix: "give an input of at least two axes".to_owned(),
        })
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        self.output_shape(&lowering.input_shapes())?;
        let side = if self.upper { Side::Upper } else { Side::Lower };
        Ok(lowering.add(Triangle { side, diagonal: self.k }, &[x])?)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_alone_has_no_triangle() {
        assert!(Trilu::upper_part(0).output_shape(&[Shape::batched(&[])]).is_err());
    }
}
