//! Feature maps looked at between their places: `GridSample`.

use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::words::words;
use crate::layers::arguments::{setters, written};
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

words! {
    /// How [`GridSample`] finds a value between places.
    pub enum SampleMode {
        /// The value at the nearest place.
        Nearest = "nearest",
        /// The line between two neighbours along each axis.
        Linear = "linear",
        /// A cubic through four neighbours along each axis.
        Cubic = "cubic",
    }
}

words! {
    /// What lies outside of a feature map for [`GridSample`].
    pub enum SampleBorder {
        /// Zeros.
        Zeros = "zeros",
        /// The nearest value inside.
        Edge = "edge",
        /// The map, mirrored at its border.
        Reflect = "reflect",
    }
}

/// `y[n, o…, c] = x[n, place(grid[n, o…]), c]`, values between places interpolated.
///
/// A coordinate of -1 is one end of an axis and 1 the other: the middle of the first and the last place with
/// `align_corners`, else their outer edges. The first coordinate belongs to the last spatial axis.
///
/// # Shapes
/// - inputs `x` `(batch, spatial…, channels)` and a grid `(batch, places…, spatial axes)` of the same rank
/// - output `(batch, places…, channels)`
///
/// # Errors
/// When the shapes don't fit each other.
///
/// # Source
/// ONNX `GridSample`; Jaderberg et al. 2015, "Spatial Transformer Networks"
///
/// ```
/// use dichroic::layers::{GridSample, Layer};
/// use dichroic::Shape;
/// let shapes = [Shape::batched(&[8, 8, 3]), Shape::batched(&[5, 4, 2])];
/// assert_eq!(GridSample::new().output_shape(&shapes)?.to_string(), "(None, 5, 4, 3)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct GridSample {
    /// How a value between places is found.
    pub mode: SampleMode,
    /// What lies outside.
    pub border: SampleBorder,
    /// Whether -1 and 1 are the middle of the first and the last place.
    pub align_corners: bool,
}

impl Default for GridSample {
    fn default() -> Self {
        Self { mode: SampleMode::Linear, border: SampleBorder::Zeros, align_corners: false }
    }
}

impl GridSample {
    /// Linear, with zeros outside.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Sets how a value between places is found.
        mode: SampleMode,
        /// Sets what lies outside.
        border: SampleBorder,
        /// Sets whether -1 and 1 are the middle of the first and the last place.
        align_corners: bool,
    }
}

impl Layer for GridSample {
    fn class_name(&self) -> &'static str {
        "GridSample"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let [x, grid] = inputs else {
            let expected = "feature maps and a grid";
            return Err(LayerError::InputCount { expected, got: inputs.len() });
        };
        let meet = |a: Option<usize>, b: Option<usize>| a.is_none() || b.is_none() || a == b;
        match (x.axes(), grid.axes()) {
            (&[batch, ref spatial @ .., channels], &[same, ref places @ .., axes])
                if (1..=3).contains(&spatial.len())
                    && places.len() == spatial.len()
                    && meet(batch, same)
                    && meet(axes, Some(spatial.len())) =>
            {
                Ok(Shape::new([&[batch.or(same)], places, &[channels]].concat()))
            }
            _ => Err(LayerError::InputShapes {
                rule: "needs a value (batch, spatial…, channels) and a grid (batch, places…, axes)"
                    .to_owned(),
                got: inputs.into(),
                fix: "give the grid one coordinate for each spatial axis".to_owned(),
            }),
        }
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        let op = ops::GridSample {
            mode: match self.mode {
                SampleMode::Nearest => ops::SampleMode::Nearest,
                SampleMode::Linear => ops::SampleMode::Linear,
                SampleMode::Cubic => ops::SampleMode::Cubic,
            },
            border: match self.border {
                SampleBorder::Zeros => ops::SampleBorder::Zeros,
                SampleBorder::Edge => ops::SampleBorder::Edge,
                SampleBorder::Reflect => ops::SampleBorder::Reflect,
            },
            align_corners: self.align_corners,
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
    fn a_grid_has_a_coordinate_for_each_spatial_axis() {
        let shape = |x: &[usize], grid: &[usize]| {
            let shape = GridSample::new().output_shape(&[Shape::batched(x), Shape::batched(grid)]);
            shape.map(|shape| shape.to_string())
        };
        assert_eq!(shape(&[8, 2], &[5, 1]).unwrap(), "(None, 5, 2)");
        assert_eq!(shape(&[8, 9, 7, 2], &[5, 6, 7, 3]).unwrap(), "(None, 5, 6, 7, 2)");
        assert!(shape(&[8, 8, 2], &[5, 5, 3]).is_err());
        assert!(shape(&[8, 8, 2], &[5, 2]).is_err());
        assert!(shape(&[2], &[0]).is_err());
    }
}
