//! Inputs one behind the other: `Concatenate`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{setters, written};
use super::axes::resolve;
use super::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// Joins its inputs along one axis, by default the channels.
///
/// # Shapes
/// - inputs `(batch, …)`, equal along all other axes
/// - output the sum of the sizes along the axis
///
/// # Errors
/// When another axis differs.
///
/// # Source
/// `keras.layers.Concatenate`
///
/// ```
/// use dichroic::layers::{Concatenate, Layer};
/// use dichroic::Shape;
/// let inputs = [Shape::batched(&[14, 14, 64]), Shape::batched(&[14, 14, 32])];
/// assert_eq!(Concatenate::new().output_shape(&inputs)?.to_string(), "(None, 14, 14, 96)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Concatenate {
    /// The axis along which the inputs are joined, counted from the end where negative.
    pub axis: i64,
}

impl Default for Concatenate {
    fn default() -> Self {
        Self::new()
    }
}

impl Concatenate {
    /// A layer that joins its inputs' channels.
    pub fn new() -> Self {
        Self { axis: -1 }
    }

    setters! {
        /// Sets the axis along which the inputs are joined.
        axis: i64,
    }
}

impl Layer for Concatenate {
    fn class_name(&self) -> &'static str {
        "Concatenate"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let [first, rest @ ..] = inputs else {
            return Err(LayerError::InputCount { expected: "at least one input", got: 0 });
        };
        let axis = resolve(self.axis, first)?;
        let mut axes = first.axes().to_vec();
        for input in rest {
            let agree = |(i, (a, b)): (usize, (&Option<usize>, &Option<usize>))| {
                i == axis || a.is_none() || b.is_none() || a == b
            };
            let same =
                input.rank() == axes.len() && axes.iter().zip(input.axes()).enumerate().all(agree);
            if !same {
                return Err(LayerError::InputShapes {
                    rule: format!("all axes but axis {} must be equal", self.axis),
                    got: inputs.into(),
                    fix:
                        "bring the branches to one size: padding='same', equal strides, or cropping"
                            .to_owned(),
                });
            }
            for (i, (size, &other)) in axes.iter_mut().zip(input.axes()).enumerate() {
                *size = match (*size, other) {
                    (Some(a), Some(b)) if i == axis => a.checked_add(b),
                    _ if i == axis => None,
                    (size, other) => size.or(other),
                };
            }
        }
        Ok(Shape::new(axes))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let shapes = lowering.input_shapes();
        self.output_shape(&shapes)?;
        let axis = resolve(self.axis, &shapes[0])?;
        match lowering.inputs {
            [only] => Ok(*only),
            inputs => Ok(lowering.add(dichroic_graph::ops::Concat { axis }, inputs)?),
        }
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_axes_must_agree() {
        let inputs = [Shape::batched(&[14, 14, 64]), Shape::batched(&[7, 7, 64])];
        let text = Concatenate::new().output_shape(&inputs).unwrap_err().to_string();
        assert!(text.contains("(None, 14, 14, 64) and (None, 7, 7, 64)"), "{text}");
    }

    #[test]
    fn batches_can_be_joined() {
        let inputs = [Shape::new([Some(2), Some(3)]), Shape::new([Some(4), Some(3)])];
        let joined = Concatenate::new().axis(0).output_shape(&inputs).unwrap();
        assert_eq!(joined, Shape::new([Some(6), Some(3)]));
        assert_eq!(
            Concatenate::new()
                .axis(0)
                .output_shape(&[Shape::batched(&[3]), inputs[0].clone()])
                .unwrap(),
            Shape::batched(&[3])
        );
    }
}
