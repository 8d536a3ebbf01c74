//! Where the largest or smallest value lies: `ArgExtreme`.

use dichroic_graph::ops::{Equals, Extreme};
use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open::sizes;
use crate::layers::arguments::{setters, written};
use crate::layers::axes::resolve;
use crate::layers::stencil::single;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// The place of the largest or smallest value along an axis.
///
/// # Shapes
/// - input any, of size 1 or more along the axis
/// - output the input's other axes; with `keepdims` the axis stays with size 1
///
/// # Errors
/// When the axis does not exist or is empty.
///
/// # Source
/// `keras.ops.argmax`, `argmin`; ONNX `ArgMax`, `ArgMin`. NaN goes before all other values, as in numpy.
///
/// ```
/// use dichroic::layers::{ArgExtreme, Layer};
/// use dichroic::Shape;
/// let output = ArgExtreme::largest(-1).output_shape(&[Shape::batched(&[8, 10])])?;
/// assert_eq!(output.to_string(), "(None, 8)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ArgExtreme {
    /// The axis, counted from the end where negative.
    pub axis: i64,
    /// Whether the largest is meant, or the smallest.
    pub largest: bool,
    /// Whether the axis stays, with size 1.
    pub keepdims: bool,
    /// Whether of equal values the last is meant, or the first.
    pub last: bool,
}

impl ArgExtreme {
    /// The place of the largest value, of equals the first.
    pub fn largest(axis: i64) -> Self {
        Self { axis, largest: true, keepdims: false, last: false }
    }

    /// The place of the smallest value, of equals the first.
    pub fn smallest(axis: i64) -> Self {
        Self { largest: false, ..Self::largest(axis) }
    }

    setters! {
        /// Sets whether the axis stays, with size 1.
        keepdims: bool,
        /// Sets whether of equal values the last is meant, or the first.
        last: bool,
    }
}

impl Layer for ArgExtreme {
    fn class_name(&self) -> &'static str {
        "ArgExtreme"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = single(inputs)?;
        let axis = resolve(self.axis, input)?;
        let mut axes = input.axes().to_vec();
        if axes[axis] == Some(0) {
            return Err(LayerError::InputShape {
                rule: format!("axis {} holds no value", self.axis),
                got: input.clone(),
                fix: "use an axis of size 1 or more".to_owned(),
            });
        }
        if self.keepdims {
            axes[axis] = Some(1);
        } else {
            axes.remove(axis);
        }
        Ok(Shape::new(axes))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let shapes = lowering.input_shapes();
        let shape = self.output_shape(&shapes)?;
        let op = ops::ArgExtreme {
            extreme: if self.largest { Extreme::Largest } else { Extreme::Smallest },
            axis: resolve(self.axis, &shapes[0])?,
            equals: if self.last { Equals::Last } else { Equals::First },
        };
        let y = lowering.add(op, &[x])?;
        lowering.reshape(y, sizes(&shape))
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_axis_has_no_extreme() {
        let input = [Shape::batched(&[0, 3])];
        assert!(ArgExtreme::largest(1).output_shape(&input).is_err());
        let kept = ArgExtreme::smallest(2).keepdims(true).output_shape(&input).unwrap();
        assert_eq!(kept, Shape::batched(&[0, 1]));
    }
}
