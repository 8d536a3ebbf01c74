//! Pools: `MaxPooling1D`–`3D`, `AveragePooling1D`–`3D`.

use std::fmt::Debug;
use std::marker::PhantomData;

use dichroic_graph::ValueId;
use dichroic_graph::kernels::pool::PoolKind;
use dichroic_graph::kernels::reduce::ReduceKind;
use dichroic_graph::ops;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::arguments::{ranked, setters, written};
use super::stencil::{Stencil, not_causal, spatial_shape, with_spatial};
use super::{ChannelsLast, Layer, LayerError, Lowering, Padding, Sizes, Window};
use crate::shape::Shape;

/// What a pool makes of the values in its window.
pub trait Pooled: Clone + Debug + Send + Sync + 'static {
    /// The class names of pools over a window, by rank.
    const WINDOWS: [&'static str; 3];
    /// The class names of pools over all positions, by rank.
    const GLOBAL: [&'static str; 3];
    /// The op over a window.
    const POOL: PoolKind;
    /// The op over all positions.
    const REDUCE: ReduceKind;
}

/// The largest value.
#[derive(Clone, Debug)]
pub enum Largest {}

/// The mean; padding does not count.
#[derive(Clone, Debug)]
pub enum Mean {}

impl Pooled for Largest {
    const WINDOWS: [&'static str; 3] = ["MaxPooling1D", "MaxPooling2D", "MaxPooling3D"];
    const GLOBAL: [&'static str; 3] =
        ["GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D"];
    const POOL: PoolKind = PoolKind::Max;
    const REDUCE: ReduceKind = ReduceKind::Max;
}

impl Pooled for Mean {
    const WINDOWS: [&'static str; 3] = ["AveragePooling1D", "AveragePooling2D", "AveragePooling3D"];
    const GLOBAL: [&'static str; 3] =
        ["GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D"];
    const POOL: PoolKind = PoolKind::Average;
    const REDUCE: ReduceKind = ReduceKind::Mean;
}

/// The largest value or the mean under a window that moves along `RANK` spatial axes; each channel by itself.
///
/// `y[n, oh, ow, c] = max` (or mean) over `kh, kw` of `x[n, oh·s + kh - pad, ow·s + kw - pad, c]`, positions in the padding left out
///
/// # Shapes
/// - input `(batch, [depth,] [height,] width, channels)`
/// - output `(batch, [depth,] [height,] width, channels)`; `valid`: `⌊(size - pool_size) / strides⌋ + 1`, `same`: `⌈size / strides⌉`
///
/// # Errors
/// When the window does not fit into the input.
///
/// # Source
/// `keras.layers.MaxPooling1D`…`3D`, `AveragePooling1D`…`3D`
///
/// ```
/// use dichroic::layers::{Layer, MaxPooling2D};
/// use dichroic::Shape;
/// let output = MaxPooling2D::new(2).output_shape(&[Shape::batched(&[28, 28, 32])])?;
/// assert_eq!(output.to_string(), "(None, 14, 14, 32)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Pooling<K: Pooled, const RANK: usize> {
    /// The window's sides.
    pub pool_size: Sizes<RANK>,
    /// How the edges are treated: `valid` or `same`.
    pub padding: Padding,
    /// Steps between neighbouring outputs; unset for the window's sides, so that windows don't overlap.
    pub strides: Option<Sizes<RANK>>,
    /// Channels last.
    pub data_format: ChannelsLast,
    #[serde(skip)]
    kind: PhantomData<fn() -> K>,
}

/// The largest value under a window along one axis: [`Pooling`].
pub type MaxPooling1D = Pooling<Largest, 1>;
/// The largest value under a window along height and width: [`Pooling`].
pub type MaxPooling2D = Pooling<Largest, 2>;
/// The largest value under a window along depth, height and width: [`Pooling`].
pub type MaxPooling3D = Pooling<Largest, 3>;
/// The mean under a window along one axis: [`Pooling`].
pub type AveragePooling1D = Pooling<Mean, 1>;
/// The mean under a window along height and width: [`Pooling`].
pub type AveragePooling2D = Pooling<Mean, 2>;
/// The mean under a window along depth, height and width: [`Pooling`].
pub type AveragePooling3D = Pooling<Mean, 3>;

impl<K: Pooled, const RANK: usize> Pooling<K, RANK> {
    /// A pool with Keras's defaults; Keras's own `pool_size` is 2.
    pub fn new(pool_size: impl Into<Sizes<RANK>>) -> Self {
        Self {
            pool_size: pool_size.into(),
            padding: Padding::Valid,
            strides: None,
            data_format: ChannelsLast,
            kind: PhantomData,
        }
    }

    setters! {
        /// Sets how the edges are treated.
        padding: Padding,
    }

    /// Sets the steps between neighbouring outputs.
    #[must_use]
    pub fn strides(mut self, strides: impl Into<Sizes<RANK>>) -> Self {
        self.strides = Some(strides.into());
        self
    }

    fn stencil(&self) -> Stencil<'_> {
        Stencil {
            what: "pool",
            size: self.pool_size.as_slice(),
            strides: self.strides.as_ref().unwrap_or(&self.pool_size).as_slice(),
            dilation_rate: &[1; RANK],
            padding: self.padding,
        }
    }
}

impl<K: Pooled, const RANK: usize> Layer for Pooling<K, RANK> {
    fn class_name(&self) -> &'static str {
        ranked::<RANK>(K::WINDOWS)
    }

    fn config(&self) -> Map<String, Value> {
        let mut config = written(self);
        config.insert("strides".to_owned(), json!(self.stencil().strides));
        config
    }

    fn check(&self) -> Result<(), LayerError> {
        self.stencil().check()?;
        not_causal(self.padding)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        let input = spatial_shape(inputs, RANK)?;
        Ok(with_spatial(input, self.stencil().output(input)?, input.channels()))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let shapes = lowering.input_shapes();
        let input = spatial_shape(&shapes, RANK)?;
        let stencil = self.stencil();
        let pool = ops::Pool {
            kind: K::POOL,
            window: stencil.size.to_vec(),
            strides: stencil.strides.to_vec(),
            padding: stencil.margins(input.spatial()),
            joined: None,
        };
        let x = lowering.input()?;
        Ok(lowering.add(pool, &[x])?)
    }

    fn window(&self, inputs: &[Shape]) -> Option<Window> {
        self.check().ok()?;
        spatial_shape(inputs, RANK).ok().map(|input| self.stencil().window(input))
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_follow_the_window_unless_set() {
        let input = [Shape::batched(&[7, 7, 2])];
        assert_eq!(MaxPooling2D::new(3).output_shape(&input).unwrap(), Shape::batched(&[2, 2, 2]));
        let dense = MaxPooling2D::new(3).strides(1);
        assert_eq!(dense.output_shape(&input).unwrap(), Shape::batched(&[5, 5, 2]));
        assert_eq!(MaxPooling2D::new(3).config()["strides"], json!([3, 3]));
    }

    #[test]
    fn a_pool_larger_than_its_input_is_refused() {
        let error = MaxPooling1D::new(4).output_shape(&[Shape::batched(&[3, 2])]).unwrap_err();
        assert!(error.to_string().starts_with("pool 4 does not fit into 3"), "{error}");
    }
}
