//! Pictures brought to one size: `Resizing`.

use std::sync::Arc;

use dichroic_graph::ValueId;
use dichroic_graph::kernels::resize::Interpolation as Method;
use dichroic_graph::ops::{self, Taps};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{setters, written};
use super::stencil::{at_least_one, spatial_shape, with_spatial};
use super::{ChannelsLast, Interpolation, Layer, LayerError, Lowering};
use crate::shape::Shape;

/// What fills the margins of a padded picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResizingFill {
    /// One value; Keras has no other here.
    #[default]
    Constant,
}

/// Resamples pictures to `height` × `width`, in training as afterwards.
///
/// The sides are stretched by themselves, unless the picture is cut (`crop_to_aspect_ratio`) or padded
/// (`pad_to_aspect_ratio`) at its middle beforehand, to the ratio of the new sides. With `antialias` a
/// smaller picture is made of all pixels of the old one, as the interpolation's kernel is widened.
///
/// # Shapes
/// - input `(batch, any height, any width, channels)`
/// - output `(batch, height, width, channels)`
///
/// # Errors
/// When a size is 0, the picture is to be both cut and padded, or the input has another rank.
///
/// # Source
/// `keras.layers.Resizing`
///
/// ```
/// use dichroic::layers::{Layer, Resizing};
/// use dichroic::Shape;
/// let output = Resizing::new(150, 200).output_shape(&[Shape::batched(&[300, 300, 3])])?;
/// assert_eq!(output.to_string(), "(None, 150, 200, 3)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Resizing {
    /// The new height, in pixels.
    pub height: usize,
    /// The new width, in pixels.
    pub width: usize,
    /// How pixels between two are found.
    pub interpolation: Interpolation,
    /// Whether to cut the picture first, so that its sides keep their ratio.
    pub crop_to_aspect_ratio: bool,
    /// Whether to pad the picture first, so that its sides keep their ratio.
    pub pad_to_aspect_ratio: bool,
    /// What fills the margins of a padded picture.
    pub fill_mode: ResizingFill,
    /// The value in those margins.
    pub fill_value: f64,
    /// Whether the kernel is widened where the picture shrinks.
    pub antialias: bool,
    /// Channels last.
    pub data_format: ChannelsLast,
}

impl Resizing {
    /// A layer that makes pictures of this size, by two neighbours along each axis.
    pub fn new(height: usize, width: usize) -> Self {
        Self {
            height,
            width,
            interpolation: Interpolation::Bilinear,
            crop_to_aspect_ratio: false,
            pad_to_aspect_ratio: false,
            fill_mode: ResizingFill::Constant,
            fill_value: 0.0,
            antialias: false,
            data_format: ChannelsLast,
        }
    }

    setters! {
        /// Sets how pixels between two are found.
        interpolation: Interpolation,
        /// Sets whether to cut the picture first.
        crop_to_aspect_ratio: bool,
        /// Sets whether to pad the picture first.
        pad_to_aspect_ratio: bool,
        /// Sets the value in the margins.
        fill_value: f64,
        /// Sets whether the kernel is widened where the picture shrinks.
        antialias: bool,
    }

    /// Rows and columns that are added (or, where negative, cut off) at both ends of the height and of the width, so
    /// that a picture of this size has the ratio of the new sides.
    ///
    /// As in Keras, padding rounds down at both ends alike and concerns one axis, so that the ratio may miss by a pixel.
    pub fn margins(&self, height: usize, width: usize) -> [(isize, isize); 2] {
        let rows = proportional(width, self.height, self.width);
        let columns = proportional(height, self.width, self.height);
        if self.crop_to_aspect_ratio {
            return [cut(height, rows), cut(width, columns)];
        }
        let added = |side: usize, wanted: usize| match self.pad_to_aspect_ratio {
            true => ((wanted.max(side) - side) / 2) as isize,
            false => 0,
        };
        let above = added(height, rows);
        let beside = if above > 0 { 0 } else { added(width, columns) };
        [(above, above), (beside, beside)]
    }

    /// The weights `(to, from)` by which `antialias` makes an axis of `to` pixels of one of `from`; each row sums to 1.
    pub fn antialiasing_weights(&self, from: usize, to: usize) -> Vec<f32> {
        let method = self.interpolation.method();
        let pixel = from as f64 / to as f64;
        let widened = pixel.max(1.0);
        let mut weights = Vec::with_capacity(from * to);
        for place in 0..to {
            let middle = (place as f64 + 0.5) * pixel - 0.5;
            let weight = |pixel: usize| {
                let distance = (middle - pixel as f64).abs() / widened;
                if distance <= method.radius() { method.weight(distance) } else { 0.0 }
            };
            let sum: f64 = (0..from).map(weight).sum();
            weights.extend((0..from).map(|pixel| (weight(pixel) / sum) as f32));
        }
        weights
    }

    /// The same weights without those that are 0.
    fn taps(&self, from: usize, to: usize) -> Taps {
        let mut taps = Taps::new(from);
        for row in self.antialiasing_weights(from, to).chunks_exact(from.max(1)) {
            let weights = row.iter().copied().enumerate();
            taps.push(0.0, weights.filter(|&(_, weight)| weight != 0.0));
        }
        taps
    }

    /// The pictures with [`Resizing::margins`].
    fn in_aspect_ratio(
        &self,
        lowering: &mut Lowering<'_>,
        x: ValueId,
    ) -> Result<ValueId, LayerError> {
        let shape = lowering.shape(x).to_vec();
        let margins = self.margins(shape[1], shape[2]);
        if margins == [(0, 0); 2] {
            return Ok(x);
        }
        let [rows, columns] = margins;
        if self.crop_to_aspect_ratio {
            let start = |(before, _): (isize, isize)| before.unsigned_abs();
            let left = |size: usize, (before, after): (isize, isize)| {
                size - before.unsigned_abs() - after.unsigned_abs()
            };
            let sizes = [shape[0], left(shape[1], rows), left(shape[2], columns), shape[3]];
            return lowering.slice(x, &[0, start(rows), start(columns), 0], &sizes);
        }
        let added = |(before, after): (isize, isize)| [before.unsigned_abs(), after.unsigned_abs()];
        let padding = vec![[0; 2], added(rows), added(columns), [0; 2]];
        Ok(lowering.add(ops::Pad { padding, value: self.fill_value as f32 }, &[x])?)
    }
}

/// What is cut off an axis, as few as leave `wanted` pixels, the odd one behind.
fn cut(size: usize, wanted: usize) -> (isize, isize) {
    let gone = size - wanted.clamp(1, size.max(1)).min(size);
    let before = gone / 2;
    (-(before as isize), -((gone - before) as isize))
}

/// `⌊side · of / to⌋`, as Keras rounds.
fn proportional(side: usize, of: usize, to: usize) -> usize {
    ((side * of) as f64 / to as f64) as usize
}

impl Layer for Resizing {
    fn class_name(&self) -> &'static str {
        "Resizing"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        at_least_one("height", &[self.height])?;
        at_least_one("width", &[self.width])?;
        if self.crop_to_aspect_ratio && self.pad_to_aspect_ratio {
            return Err(LayerError::Argument {
                class_name: None,
                argument: "pad_to_aspect_ratio".to_owned(),
                rule: "does not go together with crop_to_aspect_ratio; set one of them".to_owned(),
                got: "True".to_owned(),
            });
        }
        Ok(())
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        let input = spatial_shape(inputs, 2)?;
        let spatial = [Some(self.height), Some(self.width)];
        Ok(with_spatial(input, spatial, input.channels()))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        let x = lowering.input()?;
        let mut x = self.in_aspect_ratio(lowering, x)?;
        let method = self.interpolation.method();
        if !self.antialias || method == Method::Nearest {
            let spatial = vec![self.height, self.width];
            return Ok(lowering.add(ops::Resize { interpolation: method, spatial }, &[x])?);
        }
        for (axis, size) in [(1, self.height), (2, self.width)] {
            let taps = self.taps(lowering.shape(x)[axis], size);
            if !taps.is_identity() {
                x = lowering.add(ops::Interpolate { axis, taps: Arc::new(taps) }, &[x])?;
            }
        }
        Ok(x)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_cut_or_padded_but_not_both() {
        let both = Resizing::new(4, 4).crop_to_aspect_ratio(true).pad_to_aspect_ratio(true);
        let error = both.output_shape(&[Shape::batched(&[8, 8, 3])]).unwrap_err().to_string();
        assert!(error.contains("crop_to_aspect_ratio"), "{error}");
    }

    #[test]
    fn an_axis_of_its_own_size_stays_as_it_is() {
        assert!(Resizing::new(1, 1).taps(5, 5).is_identity());
    }
}
