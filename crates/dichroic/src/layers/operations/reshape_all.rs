//! The same values under another shape, batch included: `ReshapeAll`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open::sizes;
use crate::layers::arguments::written;
use crate::layers::stencil::single;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// Gives all axes new sizes, the batch included; the values stay in their order.
///
/// # Shapes
/// - input any
/// - output `shape`, where 0 copies the input's axis at that place, and one -1 takes what the others leave
///
/// # Errors
/// When the numbers of values differ, or a copied axis does not exist.
///
/// # Source
/// ONNX `Reshape`
///
/// ```
/// use dichroic::layers::{Layer, ReshapeAll};
/// use dichroic::Shape;
/// let output = ReshapeAll::new([0, -1, 4]).output_shape(&[Shape::batched(&[6, 6, 8])])?;
/// assert_eq!(output.to_string(), "(None, 72, 4)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReshapeAll {
    /// The size of each axis; 0 copies, -1 takes what is left.
    pub shape: Vec<i64>,
}

impl ReshapeAll {
    /// A reshape to these axes.
    pub fn new(shape: impl Into<Vec<i64>>) -> Self {
        Self { shape: shape.into() }
    }

    /// The input's axes that are not copied to the output, and the axes that the output has in their place.
    fn uncopied(&self, input: &Shape) -> (Vec<Option<usize>>, Vec<i64>) {
        let copied = |axis: usize| self.shape.get(axis) == Some(&0);
        let axes = input.axes().iter().enumerate().filter(|&(axis, _)| !copied(axis));
        let asked = self.shape.iter().copied().filter(|&size| size != 0);
        (axes.map(|(_, &size)| size).collect(), asked.collect())
    }

    /// The size of the axis that is left to find, if it can be told; `Some(1)` where there is none to find.
    fn rest(&self, input: &Shape) -> Result<Option<usize>, LayerError> {
        let misfit = || LayerError::InputShape {
            rule: format!("the values can't take the shape {:?}", self.shape),
            got: input.clone(),
            fix: "the product of shape must be the number of values; let one axis be -1".to_owned(),
        };
        let (from, to) = self.uncopied(input);
        let open = to.contains(&-1);
        let mut sizes = to.iter().filter_map(|&size| usize::try_from(size).ok());
        let given = sizes.try_fold(1usize, |product, size| product.checked_mul(size));
        let given = given.ok_or_else(misfit)?;
        if from.contains(&Some(0)) {
            // Nothing is left to share out, and nothing says which axis is the empty one.
            return if open { Ok(Some(0)) } else { Err(misfit()) };
        }
        let Some(held) =
            from.into_iter().try_fold(1usize, |product, size| product.checked_mul(size?))
        else {
            return Ok(None);
        };
        let fits = if open { held.is_multiple_of(given) } else { held == given };
        if fits { Ok(Some(held / given)) } else { Err(misfit()) }
    }
}

impl Layer for ReshapeAll {
    fn class_name(&self) -> &'static str {
        "ReshapeAll"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        let open = self.shape.iter().filter(|&&size| size == -1).count();
        if open <= 1 && self.shape.iter().all(|&size| size >= -1) {
            return Ok(());
        }
        Err(LayerError::Argument {
            class_name: None,
            argument: "shape".to_owned(),
            rule: "needs sizes of at least 0, or one of them -1".to_owned(),
            got: format!("{:?}", self.shape),
        })
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        let input = single(inputs)?;
        if let Some(axis) = (input.rank()..self.shape.len()).find(|&axis| self.shape[axis] == 0) {
            return Err(LayerError::InputShape {
                rule: format!("shape={:?} copies axis {axis}, which is not there", self.shape),
                got: input.clone(),
                fix: "copy only axes that the input has".to_owned(),
            });
        }
        let rest = self.rest(input)?;
        let size = |(axis, &size): (usize, &i64)| match size {
            0 => input.axes()[axis],
            -1 => rest,
            size => usize::try_from(size).ok(),
        };
        Ok(Shape::new(self.shape.iter().enumerate().map(size).collect::<Vec<_>>()))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let shape = self.output_shape(&lowering.input_shapes())?;
        lowering.reshape(x, sizes(&shape))
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(target: &[i64], input: Shape) -> String {
        let output = ReshapeAll::new(target).output_shape(&[input]);
        output.map_or_else(|error| error.to_string(), |shape| shape.to_string())
    }

    #[test]
    fn copied_axes_need_not_be_known() {
        assert_eq!(shape(&[0, 6, -1], Shape::batched(&[3, 4])), "(None, 6, 2)");
        assert_eq!(
            shape(&[0, 0, -1], Shape::new([None, None, Some(2), Some(3)])),
            "(None, None, 6)"
        );
    }

    #[test]
    fn what_is_left_of_an_open_axis_is_open() {
        assert_eq!(shape(&[-1, 4], Shape::batched(&[3, 4])), "(None, 4)");
        assert_eq!(shape(&[8], Shape::batched(&[2])), "(8,)");
        assert_eq!(shape(&[], Shape::new([Some(1), Some(1)])), "()");
    }

    #[test]
    fn an_empty_value_stays_empty() {
        assert_eq!(shape(&[0, -1], Shape::new([Some(0), Some(3)])), "(0, 3)");
        assert_eq!(shape(&[-1, 3], Shape::new([Some(0), Some(3)])), "(0, 3)");
    }

    #[test]
    fn another_number_of_values_is_refused() {
        assert!(shape(&[5, 5], Shape::new([Some(24)])).contains("can't take the shape [5, 5]"));
        assert!(shape(&[1, 0, 0], Shape::new([Some(1), Some(2)])).contains("copies axis 2"));
        assert!(ReshapeAll::new([-1, -1]).check().is_err());
        assert!(ReshapeAll::new([-2]).check().is_err());
    }
}
