//! A regular part of a value: `StridedSlice`.

use dichroic_graph::kernels::pad::Cut;
use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::layers::arguments::written;
use crate::layers::axes::resolve;
use crate::layers::stencil::single;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// Along each named axis the places `start`, `start + step`, … before `stop`, as Python's `x[start:stop:step]`.
///
/// Numbers below 0 count from the end; what lies outside is moved to the edge, so that a part may be empty. A
/// negative step walks towards the front; then a stop before the front, such as the smallest number, takes all.
///
/// # Shapes
/// - input any
/// - output as the input, but along the axes the number of places taken; open where that is not told by an open size
///
/// # Errors
/// When an axis does not exist or is named twice, or a step is 0.
///
/// # Source
/// ONNX `Slice`; `keras.ops.slice`
///
/// ```
/// use dichroic::layers::{Layer, StridedSlice};
/// use dichroic::Shape;
/// let halves = StridedSlice::new([-1], [0], [i64::MAX], [2]);
/// let output = halves.output_shape(&[Shape::batched(&[5, 7])])?;
/// assert_eq!(output.to_string(), "(None, 5, 4)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StridedSlice {
    /// The axes, counted from the end where negative.
    pub axes: Vec<i64>,
    /// The first place along each.
    pub starts: Vec<i64>,
    /// The place along each before which it ends.
    pub stops: Vec<i64>,
    /// The step along each, not 0.
    pub steps: Vec<i64>,
}

/// What is taken along one axis.
#[derive(Clone, Copy, Debug)]
struct Part {
    start: i64,
    stop: i64,
    step: i64,
}

impl Part {
    const WHOLE: Self = Self { start: 0, stop: i64::MAX, step: 1 };

    /// The places along an axis of this size: from the front on, and whether they are walked backwards.
    fn places(self, size: usize) -> (Cut, bool) {
        let stride = usize::try_from(self.step.unsigned_abs()).unwrap_or(usize::MAX);
        let len = i64::try_from(size).unwrap_or(i64::MAX);
        let from_front = |place: i64| if place < 0 { place.saturating_add(len) } else { place };
        let (start, stop) = (from_front(self.start), from_front(self.stop));
        let none = (Cut { start: 0, size: 0, stride: 1 }, false);
        let taken = |span: i64| {
            usize::try_from(span).ok().filter(|&span| span > 0).map(|span| span.div_ceil(stride))
        };
        let at = |place: i64| usize::try_from(place).unwrap_or(0);
        if self.step > 0 {
            let (start, stop) = (start.clamp(0, len), stop.clamp(0, len));
            let Some(size) = taken(stop - start) else { return none };
            return (Cut { start: at(start), size, stride }, false);
        }
        if len == 0 {
            return none;
        }
        // The first place is moved into the axis, as the text of ONNX has it; Python leaves it before the front.
        let (start, stop) = (start.clamp(0, len - 1), stop.clamp(-1, len - 1));
        let Some(size) = taken(start - stop) else { return none };
        let last = at(start) - (size - 1) * stride;
        (Cut { start: last, size, stride }, true)
    }
}

impl StridedSlice {
    /// A part along these axes; the four lists have one number for each.
    pub fn new(
        axes: impl Into<Vec<i64>>,
        starts: impl Into<Vec<i64>>,
        stops: impl Into<Vec<i64>>,
        steps: impl Into<Vec<i64>>,
    ) -> Self {
        Self { axes: axes.into(), starts: starts.into(), stops: stops.into(), steps: steps.into() }
    }

    /// What is taken along each axis of the input.
    fn parts(&self, input: &Shape) -> Result<Vec<Part>, LayerError> {
        self.check()?;
        let mut parts = vec![None; input.rank()];
        for (i, &axis) in self.axes.iter().enumerate() {
            let part = Part { start: self.starts[i], stop: self.stops[i], step: self.steps[i] };
            if parts[resolve(axis, input)?].replace(part).is_some() {
                return Err(self.wrong("axes", "must name each axis once", &self.axes));
            }
        }
        Ok(parts.into_iter().map(|part| part.unwrap_or(Part::WHOLE)).collect())
    }

    fn wrong(&self, argument: &str, rule: &str, got: &[i64]) -> LayerError {
        LayerError::Argument {
            class_name: None,
            argument: argument.to_owned(),
            rule: rule.to_owned(),
            got: format!("{got:?}"),
        }
    }
}

impl Layer for StridedSlice {
    fn class_name(&self) -> &'static str {
        "StridedSlice"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        let lists = [("starts", &self.starts), ("stops", &self.stops), ("steps", &self.steps)];
        for (argument, list) in lists {
            if list.len() != self.axes.len() {
                let rule = format!("needs one number for each of the {} axes", self.axes.len());
                return Err(self.wrong(argument, &rule, list));
            }
        }
        if self.steps.contains(&0) {
            return Err(self.wrong("steps", "must not be 0", &self.steps));
        }
        Ok(())
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = single(inputs)?;
        let parts = self.parts(input)?;
        let taken = |(part, size): (Part, &Option<usize>)| match size {
            // Nothing lies between these, whatever the size.
            None if part.start == part.stop => Some(0),
            None => None,
            Some(size) => Some(part.places(*size).0.size),
        };
        Ok(Shape::new(parts.into_iter().zip(input.axes()).map(taken).collect::<Vec<_>>()))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let parts = self.parts(&lowering.input_shapes()[0])?;
        let shape = lowering.shape(x).clone();
        let (cuts, backwards): (Vec<Cut>, Vec<bool>) =
            parts.into_iter().zip(shape.iter()).map(|(part, &size)| part.places(size)).unzip();
        let whole = |(cut, &size): (&Cut, &usize)| cut.size == size;
        let mut y = x;
        if !cuts.iter().zip(shape.iter()).all(whole) {
            y = lowering.add(ops::Slice { cuts }, &[y])?;
        }
        let axes: Vec<usize> = (0..backwards.len()).filter(|&axis| backwards[axis]).collect();
        if !axes.is_empty() {
            y = lowering.add(ops::Reverse { axes }, &[y])?;
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

    /// The places that a slice of one axis takes.
    fn taken(start: i64, stop: i64, step: i64, size: usize) -> Vec<usize> {
        let (cut, backwards) = Part { start, stop, step }.places(size);
        let mut places: Vec<usize> = (0..cut.size).map(|i| cut.start + i * cut.stride).collect();
        if backwards {
            places.reverse();
        }
        places
    }

    #[test]
    fn places_outside_are_moved_to_the_edge() {
        assert_eq!(taken(-9, 9, 1, 3), [0, 1, 2]);
        assert_eq!(taken(1, i64::MAX, 2, 6), [1, 3, 5]);
        assert_eq!(taken(-2, -1, 1, 5), [3]);
        assert_eq!(taken(9, -9, -1, 3), [2, 1, 0]);
        assert_eq!(taken(-1, i64::MIN, -2, 6), [5, 3, 1]);
        assert_eq!(taken(3, 0, -1, 5), [3, 2, 1]);
        assert_eq!(taken(-9, i64::MIN, -1, 5), [0]);
        assert_eq!(taken(0, i64::MAX, i64::MAX, 4), [0]);
        assert_eq!(taken(-1, i64::MIN, i64::MIN, 4), [3]);
    }

    #[test]
    fn a_part_may_be_empty() {
        for (start, stop, step) in [(2, 2, 1), (3, 1, 1), (0, 3, -1), (5, 9, 1), (-9, -7, 1)] {
            assert!(taken(start, stop, step, 4).is_empty(), "{start}:{stop}:{step}");
        }
        assert!(taken(0, i64::MAX, 1, 0).is_empty());
        assert!(taken(-1, i64::MIN, -1, 0).is_empty());
    }

    #[test]
    fn an_open_axis_stays_open() {
        let slice = |start, stop, step| StridedSlice::new([0], [start], [stop], [step]);
        let input = [Shape::batched(&[3])];
        for layer in [slice(0, i64::MAX, 1), slice(1, 4, 1)] {
            assert_eq!(layer.output_shape(&input).unwrap(), input[0]);
        }
    }

    #[test]
    fn lists_of_different_lengths_and_steps_of_zero_are_refused() {
        assert!(StridedSlice::new([0], [0, 1], [2], [1]).check().is_err());
        assert!(StridedSlice::new([0], [0], [2], [0]).check().is_err());
        let twice = StridedSlice::new([1, -1], [0, 0], [1, 1], [1, 1]);
        assert!(twice.output_shape(&[Shape::batched(&[3])]).is_err());
    }
}
