//! Of boxes that overlap, those with the highest scores: `NonMaxSuppression`.

use dichroic_graph::ops::BoxFormat;
use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::number;
use super::open::known;
use crate::layers::arguments::{setters, written};
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// For each class the boxes with the highest scores, none of which overlaps a better one by more than a threshold.
///
/// The number of rows can't depend on the values: there are as many as can come at most, and those behind the last box
/// hold -1.
///
/// # Shapes
/// - inputs boxes `(batch, boxes, 4)` and scores `(batch, classes, boxes)`
/// - output `(rows, 3)`: the numbers of batch, class and box, by batch, then class, best first
///
/// # Errors
/// When the shapes don't fit each other, or the number of classes or boxes is open.
///
/// # Source
/// ONNX `NonMaxSuppression`
///
/// ```
/// use dichroic::layers::{Layer, NonMaxSuppression};
/// use dichroic::Shape;
/// let layer = NonMaxSuppression::new(10);
/// let shapes = [[Some(1), Some(100), Some(4)], [Some(1), Some(80), Some(100)]].map(Shape::new);
/// assert_eq!(layer.output_shape(&shapes)?.to_string(), "(800, 3)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct NonMaxSuppression {
    /// The most boxes of a class, in each item of the batch.
    pub max_output_boxes_per_class: usize,
    /// The part of the union of two boxes that they may share, 0 to 1.
    #[serde(with = "number")]
    pub iou_threshold: f32,
    /// Boxes with a score up to this are passed over; minus infinity passes over none.
    #[serde(with = "number")]
    pub score_threshold: f32,
    /// Whether a box is `x, y, width, height` with its centre; else it is two corners, `y, x, y, x`.
    pub center_point_box: bool,
}

impl NonMaxSuppression {
    /// So many boxes of a class, none of which overlap.
    pub fn new(max_output_boxes_per_class: usize) -> Self {
        Self {
            max_output_boxes_per_class,
            iou_threshold: 0.0,
            score_threshold: f32::NEG_INFINITY,
            center_point_box: false,
        }
    }

    setters! {
        /// Sets the part of the union of two boxes that they may share.
        iou_threshold: f32,
        /// Sets the score up to which boxes are passed over.
        score_threshold: f32,
        /// Sets whether boxes are given by their centre.
        center_point_box: bool,
    }
}

impl Layer for NonMaxSuppression {
    fn class_name(&self) -> &'static str {
        "NonMaxSuppression"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let [boxes, scores] = inputs else {
            let expected = "boxes and their scores";
            return Err(LayerError::InputCount { expected, got: inputs.len() });
        };
        let meet = |a: Option<usize>, b: Option<usize>| a.is_none() || b.is_none() || a == b;
        let rows = match (boxes.axes(), scores.axes()) {
            (&[batch, count, Some(4)], &[same, _, scored])
                if meet(batch, same) && meet(count, scored) =>
            {
                let classes = known(1, scores, "choosing boxes")?;
                let count = match count.or(scored) {
                    Some(count) => count,
                    None => known(1, boxes, "choosing boxes")?,
                };
                let most = count.min(self.max_output_boxes_per_class);
                batch.or(same).map(|batch| batch.checked_mul(classes)?.checked_mul(most))
            }
            _ => Some(None),
        };
        if rows == Some(None) {
            return Err(LayerError::InputShapes {
                rule: "needs boxes (batch, boxes, 4) and scores (batch, classes, boxes)".to_owned(),
                got: inputs.into(),
                fix: "transpose the scores, or reshape the boxes".to_owned(),
            });
        }
        Ok(Shape::new([rows.flatten(), Some(3)]))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        let op = ops::NonMaxSuppression {
            most: self.max_output_boxes_per_class,
            iou_threshold: self.iou_threshold,
            score_threshold: self.score_threshold,
            format: if self.center_point_box { BoxFormat::Center } else { BoxFormat::Corners },
        };
        Ok(lowering.add(op, lowering.inputs)?)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_rows_as_boxes_can_come() {
        let shape = |boxes: usize, most| {
            let shapes = [Shape::batched(&[boxes, 4]), Shape::batched(&[3, boxes])];
            NonMaxSuppression::new(most).output_shape(&shapes).unwrap()
        };
        assert_eq!(shape(5, 2).to_string(), "(None, 3)");
        let known = [Shape::new([Some(2), Some(5), Some(4)]), Shape::batched(&[3, 5])];
        let rows = NonMaxSuppression::new(9).output_shape(&known).unwrap();
        assert_eq!(rows, Shape::new([Some(30), Some(3)]));
        let misfit = [Shape::batched(&[5, 4]), Shape::batched(&[3, 6])];
        assert!(NonMaxSuppression::new(1).output_shape(&misfit).is_err());
        let open = [Shape::new([None, None, Some(4)]), Shape::new([None, Some(3), None])];
        let text = NonMaxSuppression::new(1).output_shape(&open).unwrap_err().to_string();
        assert!(text.contains("give the input size"), "{text}");
    }
}
