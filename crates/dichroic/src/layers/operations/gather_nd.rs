//! Slices of a value by tuples of indices: `GatherND`.

use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open::slices;
use crate::layers::arguments::written;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// `y[b…, i…, …] = x[b…, indices[b…, i…, 0], indices[b…, i…, 1], …, …]`: the last axis of the indices holds a place
/// for each of the axes behind the first `batch_dims`.
///
/// A negative index counts from the end; a tuple that points outside gives NaN.
///
/// # Shapes
/// - inputs `x` and whole-number indices, equal on the first `batch_dims` axes
/// - output the shape of the indices without their last axis, then the axes of `x` that are not indexed
///
/// # Errors
/// When the number of indices in a tuple is open, or there are not so many axes.
///
/// # Source
/// ONNX `GatherND`
///
/// ```
/// use dichroic::layers::{GatherND, Layer};
/// use dichroic::Shape;
/// let shapes = [Shape::batched(&[8, 8, 3]), Shape::batched(&[5, 2])];
/// assert_eq!(GatherND::new(1).output_shape(&shapes)?.to_string(), "(None, 5, 3)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct GatherND {
    /// Axes at the front that both share.
    pub batch_dims: usize,
}

impl GatherND {
    /// Takes slices behind so many shared axes.
    pub fn new(batch_dims: usize) -> Self {
        Self { batch_dims }
    }
}

impl Layer for GatherND {
    fn class_name(&self) -> &'static str {
        "GatherND"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let [x, indices] = inputs else {
            return Err(LayerError::InputCount {
                expected: "a value and indices",
                got: inputs.len(),
            });
        };
        slices(self.batch_dims, x, indices, inputs)
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        Ok(lowering.add(ops::GatherND { batch_dims: self.batch_dims }, lowering.inputs)?)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tuple_has_no_more_places_than_there_are_axes() {
        let x = Shape::new([Some(4), Some(8), Some(3)]);
        let shape = |batch_dims, indices: &[usize]| {
            let indices = Shape::new(indices.iter().copied().map(Some).collect::<Vec<_>>());
            GatherND::new(batch_dims).output_shape(&[x.clone(), indices]).map(|s| s.to_string())
        };
        assert_eq!(shape(0, &[5, 3]).unwrap(), "(5,)");
        assert_eq!(shape(0, &[5, 0]).unwrap(), "(5, 4, 8, 3)");
        assert_eq!(shape(1, &[4, 1]).unwrap(), "(4, 3)");
        assert!(shape(1, &[5, 1]).is_err());
        assert!(shape(1, &[4, 3]).is_err());
        assert!(shape(0, &[]).is_err());
    }
}
