//! Borders around any axes: `PadAxes`.

use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::number;
use super::open::known;
use super::words::words;
use crate::layers::arguments::{setters, written};
use crate::layers::stencil::single;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

words! {
    /// What the places of a border hold.
    pub enum PadMode {
        /// One value.
        Constant = "constant",
        /// The input mirrored at its first and last place, which are not repeated.
        Reflect = "reflect",
        /// The input's first and last place.
        Edge = "edge",
        /// The input again and again.
        Wrap = "wrap",
    }
}

/// Adds places before and behind each axis, the batch included; numbers below 0 cut places off.
///
/// # Shapes
/// - input any
/// - output each size with the two numbers of `padding` added
///
/// # Errors
/// When `padding` has not one pair for each axis, more is cut off than there is, or a border other than a constant
/// is asked for around an open or empty axis.
///
/// # Source
/// `keras.ops.pad`; ONNX `Pad`
///
/// ```
/// use dichroic::layers::{Layer, PadAxes, PadMode};
/// use dichroic::Shape;
/// let layer = PadAxes::new([[0, 0], [2, 2], [-1, 0]], PadMode::Reflect);
/// let output = layer.output_shape(&[Shape::batched(&[5, 4])])?;
/// assert_eq!(output.to_string(), "(None, 9, 3)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PadAxes {
    /// Places before and behind each axis.
    pub padding: Vec<[i64; 2]>,
    /// What they hold.
    pub mode: PadMode,
    /// The value of a constant border.
    #[serde(with = "number")]
    pub value: f32,
}

impl PadAxes {
    /// A border of this kind around each axis; a constant one is of zeros.
    pub fn new(padding: impl Into<Vec<[i64; 2]>>, mode: PadMode) -> Self {
        Self { padding: padding.into(), mode, value: 0.0 }
    }

    setters! {
        /// Sets the value of a constant border.
        value: f32,
    }

    /// The size of an axis after cutting, and after padding.
    fn sizes(&self, axis: usize, input: &Shape) -> Result<Option<(usize, usize)>, LayerError> {
        let Some(size) = input.axes()[axis] else { return Ok(None) };
        let pair = self.padding[axis];
        let kept = pair.iter().try_fold(size, |size, &number| size.checked_sub(cut(number)));
        let padded = kept.and_then(|kept| {
            pair.iter().try_fold(kept, |size, &number| size.checked_add(added(number)))
        });
        let wrong = |rule: String, fix: &str| LayerError::InputShape {
            rule,
            got: input.clone(),
            fix: fix.to_owned(),
        };
        let (Some(kept), Some(padded)) = (kept, padded) else {
            let rule = format!("axis {axis} of {size} can't be padded by {pair:?}");
            return Err(wrong(rule, "cut off no more places than there are"));
        };
        if kept == 0 && padded > 0 && self.mode != PadMode::Constant {
            let rule = format!("nothing is left of axis {axis} to make a border of");
            return Err(wrong(rule, "use a constant border"));
        }
        Ok(Some((kept, padded)))
    }

    fn checked<'a>(&self, inputs: &'a [Shape]) -> Result<&'a Shape, LayerError> {
        let input = single(inputs)?;
        if input.rank() == self.padding.len() {
            return Ok(input);
        }
        Err(LayerError::InputShape {
            rule: format!("padding has {} pairs, one is needed for each axis", self.padding.len()),
            got: input.clone(),
            fix: "give [0, 0] for an axis without a border".to_owned(),
        })
    }

    /// The places of an axis of `len` places that the padded axis holds.
    pub(crate) fn places(&self, [before, behind]: [usize; 2], len: usize) -> Vec<f32> {
        let source = |place: usize| match self.mode {
            PadMode::Wrap => (place + len - before % len) % len,
            PadMode::Constant | PadMode::Edge => place.saturating_sub(before).min(len - 1),
            PadMode::Reflect => {
                let period = (2 * (len - 1)).max(1);
                let place = (place + period - before % period) % period;
                place.min(period - place)
            }
        };
        (0..before + len + behind).map(|place| source(place) as f32).collect()
    }
}

/// How many places a number cuts off.
fn cut(number: i64) -> usize {
    usize::try_from(number.min(0).unsigned_abs()).unwrap_or(usize::MAX)
}

/// How many places a number adds.
fn added(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

impl Layer for PadAxes {
    fn class_name(&self) -> &'static str {
        "PadAxes"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = self.checked(inputs)?;
        let size = |axis: usize| {
            if self.padding[axis] == [0, 0] {
                return Ok(input.axes()[axis]);
            }
            if self.mode != PadMode::Constant {
                known(axis, input, "a border made of the input")?;
            }
            Ok(self.sizes(axis, input)?.map(|(_, padded)| padded))
        };
        Ok(Shape::new((0..input.rank()).map(size).collect::<Result<Vec<_>, LayerError>>()?))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        self.output_shape(&lowering.input_shapes())?;
        let shape = lowering.shape(x).clone();
        let starts: Vec<usize> = self.padding.iter().map(|pair| cut(pair[0])).collect();
        let ends = shape.iter().zip(&self.padding).map(|(size, pair)| size - cut(pair[1]));
        let kept: Vec<usize> = ends.zip(&starts).map(|(end, start)| end - start).collect();
        let mut y = x;
        if kept[..] != shape[..] {
            y = lowering.slice(y, &starts, &kept)?;
        }
        let padding: Vec<[usize; 2]> = self.padding.iter().map(|pair| pair.map(added)).collect();
        let bordered = (0..shape.len()).filter(|&axis| padding[axis] != [0, 0]);
        if self.mode != PadMode::Constant {
            for axis in bordered.filter(|&axis| kept[axis] > 0) {
                let places = lowering.vector(self.places(padding[axis], kept[axis]));
                y = lowering.add(ops::Gather { axis }, &[y, places])?;
            }
        } else if bordered.count() > 0 {
            y = lowering.add(ops::Pad { padding, value: self.value }, &[y])?;
        }
        Ok(y)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(mode: PadMode, pair: [usize; 2], len: usize) -> Vec<f32> {
        PadAxes::new([], mode).places(pair, len)
    }

    #[test]
    fn borders_are_made_of_the_input_as_numpy_makes_them() {
        let reflected = [2.0, 1.0, 0.0, 1.0, 2.0, 1.0, 0.0, 1.0];
        assert_eq!(places(PadMode::Reflect, [2, 3], 3), reflected);
        assert_eq!(places(PadMode::Reflect, [1, 2], 1), [0.0; 4]);
        assert_eq!(places(PadMode::Edge, [2, 1], 2), [0.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(places(PadMode::Wrap, [3, 2], 2), [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    }

    #[test]
    fn no_more_can_be_cut_off_than_there_is() {
        let input = [Shape::batched(&[3])];
        let pad = |pair, mode| PadAxes::new([[0, 0], pair], mode).output_shape(&input);
        assert_eq!(pad([-1, 4], PadMode::Constant).unwrap(), Shape::batched(&[6]));
        assert_eq!(pad([-2, -1], PadMode::Constant).unwrap(), Shape::batched(&[0]));
        assert!(pad([-2, -2], PadMode::Constant).is_err());
        assert!(pad([i64::MIN, 0], PadMode::Constant).is_err());
        assert!(pad([-3, 1], PadMode::Edge).unwrap_err().to_string().contains("nothing is left"));
        assert!(PadAxes::new([[0, 0]], PadMode::Edge).output_shape(&input).is_err());
    }

    #[test]
    fn an_open_axis_takes_a_constant_border_only() {
        let input = [Shape::batched(&[3])];
        let pad = |mode| PadAxes::new([[1, 0], [0, 0]], mode).output_shape(&input);
        assert_eq!(pad(PadMode::Constant).unwrap(), input[0]);
        let text = pad(PadMode::Wrap).unwrap_err().to_string();
        assert!(text.contains("give the input size"), "{text}");
    }
}
