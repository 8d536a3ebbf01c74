//! Axes in another order: `Permute`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::written;
use super::stencil::single;
use super::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// Puts the axes after the batch into another order.
///
/// # Shapes
/// - input `(batch, axis 1, axis 2, …)`
/// - output `(batch, axis dims[0], axis dims[1], …)`
///
/// # Errors
/// When `dims` is not an order of `1 …`, or the input has another rank.
///
/// # Source
/// `keras.layers.Permute`
///
/// ```
/// use dichroic::layers::{Layer, Permute};
/// use dichroic::Shape;
/// let output = Permute::new([2, 1]).output_shape(&[Shape::batched(&[10, 64])])?;
/// assert_eq!(output.to_string(), "(None, 64, 10)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Permute {
    /// The input axes in the order of the output; axis 1 is the first after the batch.
    pub dims: Vec<usize>,
}

impl Permute {
    /// A permutation of the axes after the batch, counted from 1.
    pub fn new(dims: impl Into<Vec<usize>>) -> Self {
        Self { dims: dims.into() }
    }
}

impl Layer for Permute {
    fn class_name(&self) -> &'static str {
        "Permute"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        let mut sorted = self.dims.clone();
        sorted.sort_unstable();
        if sorted.into_iter().eq(1..=self.dims.len()) {
            return Ok(());
        }
        Err(LayerError::Argument {
            class_name: None,
            argument: "dims".to_owned(),
            rule: format!("must hold each of 1 to {} once", self.dims.len()),
            got: format!("{:?}", self.dims),
        })
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        let input = single(inputs)?;
        if input.rank() != self.dims.len() + 1 {
            return Err(LayerError::InputShape {
                rule: format!(
                    "dims={:?} needs {} axes after the batch",
                    self.dims,
                    self.dims.len()
                ),
                got: input.clone(),
                fix: "name every axis after the batch once in dims".to_owned(),
            });
        }
        let axes: Vec<_> = [0].iter().chain(&self.dims).map(|&axis| input.axes()[axis]).collect();
        Ok(Shape::new(axes))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let axes: Vec<usize> = std::iter::once(0).chain(self.dims.iter().copied()).collect();
        lowering.transpose(x, &axes)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dims_hold_each_axis_once() {
        assert!(Permute::new([1, 3]).check().is_err());
        assert!(Permute::new([2, 1]).output_shape(&[Shape::batched(&[2, 3, 4])]).is_err());
    }
}
