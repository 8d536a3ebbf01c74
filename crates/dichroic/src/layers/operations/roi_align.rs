//! Regions of a feature map, each brought to the same size: `RoiAlign`.

use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::words::words;
use crate::layers::arguments::{setters, written};
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

words! {
    /// What [`RoiAlign`] makes of the samples in a cell.
    pub enum RoiAlignKind {
        /// Their mean.
        Average = "average",
        /// The largest product of a neighbour with its weight.
        Max = "max",
    }
}

/// Regions of feature maps, cut into cells; a cell is the mean (or largest) of samples between places.
///
/// # Shapes
/// - inputs `x` `(batch, height, width, channels)`, regions `(regions, 4)` as `x, y, x, y`, and the number of the item
///   that each looks at `(regions,)`
/// - output `(regions, height, width, channels)`; a region of no item gives NaN
///
/// # Errors
/// When the shapes don't fit each other, or no cell is asked for.
///
/// # Source
/// ONNX `RoiAlign`; He et al. 2017, "Mask R-CNN"
///
/// ```
/// use dichroic::layers::{Layer, RoiAlign};
/// use dichroic::Shape;
/// let shapes = [Shape::batched(&[50, 50, 256]), Shape::new([Some(9), Some(4)]), Shape::new([Some(9)])];
/// assert_eq!(RoiAlign::new([7, 7]).output_shape(&shapes)?.to_string(), "(9, 7, 7, 256)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RoiAlign {
    /// Cells along height and width.
    pub cells: [usize; 2],
    /// What becomes of samples.
    pub kind: RoiAlignKind,
    /// Samples along each side of a cell; 0 for about one a place.
    pub sampling_ratio: usize,
    /// From the regions' coordinates to places of the feature map.
    pub spatial_scale: f32,
    /// Whether the middle of the first place is at ½.
    pub half_pixel: bool,
}

impl RoiAlign {
    /// The mean of about one sample a place, in so many cells.
    pub fn new(cells: [usize; 2]) -> Self {
        let kind = RoiAlignKind::Average;
        Self { cells, kind, sampling_ratio: 0, spatial_scale: 1.0, half_pixel: true }
    }

    setters! {
        /// Sets what becomes of samples.
        kind: RoiAlignKind,
        /// Sets the samples along each side of a cell.
        sampling_ratio: usize,
        /// Sets the way from the regions' coordinates to places of the feature map.
        spatial_scale: f32,
        /// Sets whether the middle of the first place is at ½.
        half_pixel: bool,
    }
}

impl Layer for RoiAlign {
    fn class_name(&self) -> &'static str {
        "RoiAlign"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        let (cells, samples) = (&self.cells, self.sampling_ratio);
        if cells.iter().all(|cells| (1..=MOST).contains(cells)) && samples <= MOST {
            return Ok(());
        }
        Err(LayerError::Argument {
            class_name: None,
            argument: "cells".to_owned(),
            rule: format!("needs 1 to {MOST} cells, and at most as many samples in one"),
            got: format!("{cells:?} cells and sampling_ratio={samples}"),
        })
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        let [x, regions, items] = inputs else {
            let expected = "feature maps, regions and the numbers of their items";
            return Err(LayerError::InputCount { expected, got: inputs.len() });
        };
        let meet = |a: Option<usize>, b: Option<usize>| a.is_none() || b.is_none() || a == b;
        match (x.axes(), regions.axes(), items.axes()) {
            (&[_, _, _, channels], &[count, four], &[same])
                if meet(four, Some(4)) && meet(count, same) =>
            {
                let [height, width] = self.cells.map(Some);
                Ok(Shape::new([count.or(same), height, width, channels]))
            }
            _ => Err(LayerError::InputShapes {
                rule:
                    "needs a value (batch, height, width, channels), regions (n, 4) and items (n,)"
                        .to_owned(),
                got: inputs.into(),
                fix: "give each region two corners and the number of its item".to_owned(),
            }),
        }
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        let op = ops::RoiAlign {
            kind: match self.kind {
                RoiAlignKind::Average => ops::RoiKind::Average,
                RoiAlignKind::Max => ops::RoiKind::Max,
            },
            cells: self.cells,
            sampling: self.sampling_ratio,
            scale: self.spatial_scale,
            half_pixel: self.half_pixel,
        };
        Ok(lowering.add(op, lowering.inputs)?)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

/// The most cells along a side, and samples along a side of a cell.
const MOST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_region_has_two_corners_and_an_item() {
        let shape = |cells, regions: &[usize], items: &[usize]| {
            let fixed = |sizes: &[usize]| {
                Shape::new(sizes.iter().map(|&size| Some(size)).collect::<Vec<_>>())
            };
            let inputs = [Shape::batched(&[8, 8, 3]), fixed(regions), fixed(items)];
            RoiAlign::new(cells).output_shape(&inputs).map(|shape| shape.to_string())
        };
        assert_eq!(shape([2, 3], &[5, 4], &[5]).unwrap(), "(5, 2, 3, 3)");
        assert!(shape([2, 3], &[5, 4], &[6]).is_err());
        assert!(shape([2, 3], &[5, 5], &[5]).is_err());
        assert!(shape([0, 3], &[5, 4], &[5]).is_err());
    }
}
