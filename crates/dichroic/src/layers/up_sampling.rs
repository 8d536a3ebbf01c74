//! Larger feature maps by repetition or interpolation: `UpSampling1D`, `UpSampling2D`, `UpSampling3D`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::resize::Interpolation as Method;
use dichroic_graph::ops;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::arguments::{ranked, setters, written};
use super::stencil::{at_least_one, spatial_shape, with_spatial};
use super::{ChannelsLast, Layer, LayerError, Lowering, Sizes, Window};
use crate::shape::Shape;

/// How cells between the input's cells get their values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interpolation {
    /// Each cell is repeated.
    #[default]
    Nearest,
    /// Linear between the two nearest cells along each axis.
    Bilinear,
    /// Cubic through the four nearest cells along each axis.
    Bicubic,
    /// A windowed sinc over six cells along each axis.
    Lanczos3,
    /// A windowed sinc over ten cells along each axis.
    Lanczos5,
}

impl Interpolation {
    pub(super) fn method(self) -> Method {
        match self {
            Self::Nearest => Method::Nearest,
            Self::Bilinear => Method::Bilinear,
            Self::Bicubic => Method::Bicubic,
            Self::Lanczos3 => Method::Lanczos3,
            Self::Lanczos5 => Method::Lanczos5,
        }
    }
}

/// Makes each of `RANK` spatial axes `size` times as long; each channel by itself.
///
/// # Shapes
/// - input `(batch, [depth,] [height,] width, channels)`
/// - output the same with each spatial axis times `size`
///
/// # Errors
/// When the input has another rank, or a size is 0.
///
/// # Source
/// `keras.layers.UpSampling1D`, `UpSampling2D`, `UpSampling3D`; only the 2-D layer interpolates
///
/// ```
/// use dichroic::layers::{Interpolation, Layer, UpSampling2D};
/// use dichroic::Shape;
/// let layer = UpSampling2D::new(2).interpolation(Interpolation::Bilinear);
/// let output = layer.output_shape(&[Shape::batched(&[7, 7, 64])])?;
/// assert_eq!(output.to_string(), "(None, 14, 14, 64)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct UpSampling<const RANK: usize> {
    /// The factor along each axis; Keras's own default is 2.
    pub size: Sizes<RANK>,
    /// Channels last.
    #[serde(default)]
    pub data_format: ChannelsLast,
    /// How cells between the input's cells get their values.
    #[serde(default)]
    pub interpolation: Interpolation,
}

/// A longer sequence: [`UpSampling`].
pub type UpSampling1D = UpSampling<1>;
/// A larger picture: [`UpSampling`].
pub type UpSampling2D = UpSampling<2>;
/// A larger volume: [`UpSampling`].
pub type UpSampling3D = UpSampling<3>;

impl UpSampling<2> {
    setters! {
        /// Sets how cells between the input's cells get their values.
        interpolation: Interpolation,
    }
}

impl<const RANK: usize> UpSampling<RANK> {
    /// A layer that makes its input this many times as large, by repetition.
    pub fn new(size: impl Into<Sizes<RANK>>) -> Self {
        Self { size: size.into(), data_format: ChannelsLast, interpolation: Interpolation::Nearest }
    }
}

impl<const RANK: usize> Layer for UpSampling<RANK> {
    fn class_name(&self) -> &'static str {
        ranked::<RANK>(["UpSampling1D", "UpSampling2D", "UpSampling3D"])
    }

    fn config(&self) -> Map<String, Value> {
        let mut config = written(self);
        // Keras has fewer arguments in 1-D and 3-D, and a plain number in 1-D.
        if RANK != 2 {
            config.remove("interpolation");
        }
        if let [size] = self.size.as_slice() {
            config.insert("size".to_owned(), json!(size));
            config.remove("data_format");
        }
        config
    }

    fn check(&self) -> Result<(), LayerError> {
        at_least_one("size", self.size.as_slice())
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        let input = spatial_shape(inputs, RANK)?;
        let factors = self.size.as_slice();
        let grown = |(&size, &factor): (&Option<usize>, &usize)| {
            size.map(|size| size.saturating_mul(factor))
        };
        let spatial = input.spatial().iter().zip(factors).map(grown);
        Ok(with_spatial(input, spatial, input.channels()))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let output = self.output_shape(&lowering.input_shapes())?;
        let x = lowering.input()?;
        let spatial: Vec<usize> = output.spatial().iter().copied().flatten().collect();
        Ok(lowering
            .add(ops::Resize { interpolation: self.interpolation.method(), spatial }, &[x])?)
    }

    /// Each input reaches `size` outputs; interpolation reaches further by as many cells as it looks at.
    fn window(&self, _inputs: &[Shape]) -> Option<Window> {
        Some(Window {
            size: self.size.as_slice().to_vec(),
            strides: self.size.as_slice().to_vec(),
            transposed: true,
            ..Window::point(RANK)
        })
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
