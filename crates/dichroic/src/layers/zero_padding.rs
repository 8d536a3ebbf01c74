//! Zeros around the input: `ZeroPadding1D`–`3D`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{ranked, written};
use super::stencil::{spatial_shape, with_spatial};
use super::{ChannelsLast, Layer, LayerError, Lowering, Margins, Window};
use crate::shape::Shape;

/// Puts zeros before and after each of `RANK` spatial axes.
///
/// # Shapes
/// - input `(batch, [depth,] [height,] width, channels)`
/// - output the same with `before + after` more cells along each spatial axis
///
/// # Errors
/// When the input has another rank.
///
/// # Source
/// `keras.layers.ZeroPadding1D`, `ZeroPadding2D`, `ZeroPadding3D`
///
/// ```
/// use dichroic::layers::{Layer, ZeroPadding2D};
/// use dichroic::Shape;
/// let output = ZeroPadding2D::new(((0, 1), (2, 3))).output_shape(&[Shape::batched(&[5, 5, 3])])?;
/// assert_eq!(output.to_string(), "(None, 6, 10, 3)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ZeroPadding<const RANK: usize> {
    /// Zeros before and after each spatial axis; Keras's own default is 1 everywhere.
    pub padding: Margins<RANK>,
    /// Channels last.
    pub data_format: ChannelsLast,
}

/// Zeros before and after one axis: [`ZeroPadding`].
pub type ZeroPadding1D = ZeroPadding<1>;
/// Zeros around height and width: [`ZeroPadding`].
pub type ZeroPadding2D = ZeroPadding<2>;
/// Zeros around depth, height and width: [`ZeroPadding`].
pub type ZeroPadding3D = ZeroPadding<3>;

impl<const RANK: usize> ZeroPadding<RANK> {
    /// A layer that puts these many zeros around its input.
    pub fn new(padding: impl Into<Margins<RANK>>) -> Self {
        Self { padding: padding.into(), data_format: ChannelsLast }
    }
}

impl<const RANK: usize> Layer for ZeroPadding<RANK> {
    fn class_name(&self) -> &'static str {
        ranked::<RANK>(["ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"])
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = spatial_shape(inputs, RANK)?;
        let padded = |(&size, &(before, after)): (&Option<usize>, &(usize, usize))| {
            size.map(|size| size.saturating_add(before).saturating_add(after))
        };
        let spatial = input.spatial().iter().zip(self.padding.as_slice()).map(padded);
        Ok(with_spatial(input, spatial, input.channels()))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        let x = lowering.input()?;
        lowering.pad_spatial(x, self.padding.as_slice())
    }

    fn window(&self, _inputs: &[Shape]) -> Option<Window> {
        let margins = self.padding.as_slice();
        Some(Window {
            pad_before: margins.iter().map(|&(before, _)| before).collect(),
            pad_after: margins.iter().map(|&(_, after)| after).collect(),
            ..Window::point(RANK)
        })
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
