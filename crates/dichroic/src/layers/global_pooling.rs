//! Pools over all positions: `GlobalMaxPooling1D`–`3D`, `GlobalAveragePooling1D`–`3D`.

use std::marker::PhantomData;

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{ranked, setters, written};
use super::pooling::{Largest, Mean, Pooled};
use super::stencil::{spatial_shape, with_spatial};
use super::{ChannelsLast, Layer, LayerError, Lowering, Window};
use crate::shape::Shape;

/// The largest value or the mean over all positions; each channel by itself.
///
/// `y[n, c] = max` (or mean) over all positions of `x[n, …, c]`
///
/// # Shapes
/// - input `(batch, [depth,] [height,] width, channels)`
/// - output `(batch, channels)`, or `(batch, 1…, channels)` with `keepdims`
///
/// # Errors
/// When the input has another rank.
///
/// # Source
/// `keras.layers.GlobalMaxPooling1D`…`3D`, `GlobalAveragePooling1D`…`3D`
///
/// ```
/// use dichroic::layers::{GlobalAveragePooling2D, Layer};
/// use dichroic::Shape;
/// let output = GlobalAveragePooling2D::new().output_shape(&[Shape::batched(&[7, 7, 64])])?;
/// assert_eq!(output.to_string(), "(None, 64)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct GlobalPooling<K: Pooled, const RANK: usize> {
    /// Channels last.
    pub data_format: ChannelsLast,
    /// Whether the spatial axes stay, with size 1.
    pub keepdims: bool,
    #[serde(skip)]
    kind: PhantomData<fn() -> K>,
}

/// The largest value along the axis: [`GlobalPooling`].
pub type GlobalMaxPooling1D = GlobalPooling<Largest, 1>;
/// The largest value of each feature map: [`GlobalPooling`].
pub type GlobalMaxPooling2D = GlobalPooling<Largest, 2>;
/// The largest value of each volume: [`GlobalPooling`].
pub type GlobalMaxPooling3D = GlobalPooling<Largest, 3>;
/// The mean along the axis: [`GlobalPooling`].
pub type GlobalAveragePooling1D = GlobalPooling<Mean, 1>;
/// The mean of each feature map: [`GlobalPooling`].
pub type GlobalAveragePooling2D = GlobalPooling<Mean, 2>;
/// The mean of each volume: [`GlobalPooling`].
pub type GlobalAveragePooling3D = GlobalPooling<Mean, 3>;

impl<K: Pooled, const RANK: usize> Default for GlobalPooling<K, RANK> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Pooled, const RANK: usize> GlobalPooling<K, RANK> {
    /// A global pool with Keras's defaults.
    pub fn new() -> Self {
        Self { data_format: ChannelsLast, keepdims: false, kind: PhantomData }
    }

    setters! {
        /// Sets whether the spatial axes stay, with size 1.
        keepdims: bool,
    }
}

impl<K: Pooled, const RANK: usize> Layer for GlobalPooling<K, RANK> {
    fn class_name(&self) -> &'static str {
        ranked::<RANK>(K::GLOBAL)
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = spatial_shape(inputs, RANK)?;
        let kept = if self.keepdims { RANK } else { 0 };
        Ok(with_spatial(input, std::iter::repeat_n(Some(1), kept), input.channels()))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let axes: Vec<usize> = (1..=RANK).collect();
        match self.keepdims {
            true => lowering.reduce_kept(K::REDUCE, x, &axes),
            false => lowering.reduce(K::REDUCE, x, &axes),
        }
    }

    fn window(&self, inputs: &[Shape]) -> Option<Window> {
        let spatial = spatial_shape(inputs, RANK).ok()?.spatial().iter().copied();
        let size: Option<Vec<usize>> = spatial.collect();
        Some(Window { size: size?, ..Window::point(RANK) })
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}
