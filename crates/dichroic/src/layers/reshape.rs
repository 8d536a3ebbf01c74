//! The same values under another shape: `Reshape`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::written;
use super::stencil::single;
use super::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// Gives all axes but the batch new sizes; the values stay in their order.
///
/// # Shapes
/// - input `(batch, …)`
/// - output `(batch, target_shape…)`; an axis of -1 takes what the others leave
///
/// # Errors
/// When the numbers of values differ.
///
/// # Source
/// `keras.layers.Reshape`
///
/// ```
/// use dichroic::layers::{Layer, Reshape};
/// use dichroic::Shape;
/// let output = Reshape::new([28, 28, -1]).output_shape(&[Shape::batched(&[784])])?;
/// assert_eq!(output.to_string(), "(None, 28, 28, 1)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reshape {
    /// The sizes after the batch, at most one of them -1.
    pub target_shape: Vec<i64>,
}

impl Reshape {
    /// A reshape to these axes after the batch.
    pub fn new(target_shape: impl Into<Vec<i64>>) -> Self {
        Self { target_shape: target_shape.into() }
    }

    /// The axes after the batch, for an input of this many elements; `None` where they are not known.
    fn axes(&self, input: &Shape) -> Result<Vec<Option<usize>>, LayerError> {
        self.check()?;
        let sizes: Vec<Option<usize>> =
            self.target_shape.iter().map(|&size| usize::try_from(size).ok()).collect();
        let known =
            sizes.iter().flatten().try_fold(1usize, |product, &size| product.checked_mul(size));
        let (Some(elements), Some(known)) = (input.elements(), known) else {
            return Ok(sizes);
        };
        let fits = if sizes.contains(&None) {
            known > 0 && elements.is_multiple_of(known)
        } else {
            elements == known
        };
        if !fits {
            return Err(LayerError::InputShape {
                rule: format!("{elements} values can't take the shape {:?}", self.target_shape),
                got: input.clone(),
                fix: "the product of target_shape must be the number of values of a sample; let one axis be -1".to_owned(),
            });
        }
        Ok(sizes.into_iter().map(|size| size.or_else(|| elements.checked_div(known))).collect())
    }
}

impl Layer for Reshape {
    fn class_name(&self) -> &'static str {
        "Reshape"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        let open = self.target_shape.iter().filter(|&&size| size == -1).count();
        if open <= 1 && self.target_shape.iter().all(|&size| size == -1 || size > 0) {
            return Ok(());
        }
        Err(LayerError::Argument {
            class_name: None,
            argument: "target_shape".to_owned(),
            rule: "needs sizes of at least 1, at most one of them -1".to_owned(),
            got: format!("{:?}", self.target_shape),
        })
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = single(inputs)?;
        let batch = input.axes().first().copied().flatten();
        let axes: Vec<_> = std::iter::once(batch).chain(self.axes(input)?).collect();
        Ok(Shape::new(axes))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let shape = self.output_shape(&lowering.input_shapes())?;
        lowering.reshape(x, shape.axes().iter().copied().flatten().collect())
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_axis_takes_what_the_others_leave() {
        let reshape = Reshape::new([-1, 8]);
        assert_eq!(
            reshape.output_shape(&[Shape::batched(&[3, 4, 2])]).unwrap(),
            Shape::batched(&[3, 8])
        );
        let open = Shape::new([None, None, Some(8)]);
        assert_eq!(reshape.output_shape(&[open]).unwrap().to_string(), "(None, None, 8)");
    }

    #[test]
    fn another_number_of_values_is_refused_with_both_numbers() {
        let error = Reshape::new([5, 5]).output_shape(&[Shape::batched(&[24])]).unwrap_err();
        assert!(error.to_string().contains("24 values can't take the shape [5, 5]"), "{error}");
        assert!(Reshape::new([-1, -1]).check().is_err());
    }
}
