//! The edges of the input cut off: `Cropping1D`–`3D`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{ranked, written};
use super::stencil::{spatial_shape, with_spatial};
use super::{ChannelsLast, Layer, LayerError, Lowering, Margins};
use crate::shape::Shape;

/// Cuts cells off before and after each of `RANK` spatial axes.
///
/// # Shapes
/// - input `(batch, [depth,] [height,] width, channels)`
/// - output the same with `before + after` fewer cells along each spatial axis
///
/// # Errors
/// When nothing would be left, or the input has another rank.
///
/// # Source
/// `keras.layers.Cropping1D`, `Cropping2D`, `Cropping3D`
///
/// ```
/// use dichroic::layers::{Cropping2D, Layer};
/// use dichroic::Shape;
/// let output = Cropping2D::new((1, 2)).output_shape(&[Shape::batched(&[9, 9, 3])])?;
/// assert_eq!(output.to_string(), "(None, 7, 5, 3)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Cropping<const RANK: usize> {
    /// Cells cut off before and after each spatial axis; Keras's own default is 1 everywhere, but 0 in 2-D.
    pub cropping: Margins<RANK>,
    /// Channels last.
    #[serde(default)]
    pub data_format: ChannelsLast,
}

/// Cells cut off one axis: [`Cropping`].
pub type Cropping1D = Cropping<1>;
/// Cells cut off height and width: [`Cropping`].
pub type Cropping2D = Cropping<2>;
/// Cells cut off depth, height and width: [`Cropping`].
pub type Cropping3D = Cropping<3>;

impl<const RANK: usize> Cropping<RANK> {
    /// A layer that cuts off these many cells.
    pub fn new(cropping: impl Into<Margins<RANK>>) -> Self {
        Self { cropping: cropping.into(), data_format: ChannelsLast }
    }
}

impl<const RANK: usize> Layer for Cropping<RANK> {
    fn class_name(&self) -> &'static str {
        ranked::<RANK>(["Cropping1D", "Cropping2D", "Cropping3D"])
    }

    fn config(&self) -> Map<String, Value> {
        let mut config = written(self);
        if RANK == 1 {
            // Keras has no such argument in 1-D.
            config.remove("data_format");
        }
        config
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = spatial_shape(inputs, RANK)?;
        let mut spatial = Vec::with_capacity(RANK);
        for (&size, &(before, after)) in input.spatial().iter().zip(self.cropping.as_slice()) {
            let cut = before.saturating_add(after);
            if size.is_some_and(|size| size <= cut) {
                return Err(LayerError::InputShape {
                    rule: format!("cropping {before} and {after} cells leaves nothing"),
                    got: input.clone(),
                    fix: "crop fewer cells, or give the layer a larger input".to_owned(),
                });
            }
            spatial.push(size.map(|size| size - cut));
        }
        Ok(with_spatial(input, spatial, input.channels()))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let output = self.output_shape(&lowering.input_shapes())?;
        let x = lowering.input()?;
        let starts = self.cropping.as_slice().iter().map(|&(before, _)| before);
        let starts: Vec<usize> = std::iter::once(0).chain(starts).chain([0]).collect();
        let sizes: Vec<usize> = output.axes().iter().copied().flatten().collect();
        lowering.slice(x, &starts, &sizes)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cropping_all_cells_is_refused() {
        let error = Cropping1D::new((2, 2)).output_shape(&[Shape::batched(&[4, 1])]).unwrap_err();
        assert!(error.to_string().contains("leaves nothing"), "{error}");
    }
}
