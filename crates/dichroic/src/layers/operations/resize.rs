//! Values of another size along any axes: `Resize`.

use std::sync::Arc;

use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::words::words;
use crate::layers::arguments::{setters, written};
use crate::layers::axes::resolve;
use crate::layers::stencil::{at_least_one, single};
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

mod coordinates;

use coordinates::Axis;

/// One place of a resized axis: what is added, and the old places with their weights.
pub(crate) type Row = (f32, Vec<(usize, f32)>);

words! {
    /// How places between the input's places get their values.
    pub enum ResizeMode {
        /// From the nearest place.
        Nearest = "nearest",
        /// Linear between two neighbours along each axis.
        Linear = "linear",
        /// Cubic through four neighbours along each axis.
        Cubic = "cubic",
    }
}

words! {
    /// Where a place of the output lies on the input.
    pub enum CoordinateTransformation {
        /// `(x + ½) / scale - ½`: places are cells, of which the middles count.
        HalfPixel = "half_pixel",
        /// The same, with the middles of both axes on each other where a size was rounded.
        HalfPixelSymmetric = "half_pixel_symmetric",
        /// `HalfPixel`, but -½ for an axis of one place.
        PytorchHalfPixel = "pytorch_half_pixel",
        /// The first and the last places of both axes lie on each other.
        AlignCorners = "align_corners",
        /// `x / scale`
        Asymmetric = "asymmetric",
        /// `(x + ½) / scale`
        TfHalfPixelForNn = "tf_half_pixel_for_nn",
        /// Corners on those of a part of the input; beyond the input lies a constant.
        TfCropAndResize = "tf_crop_and_resize",
    }
}

words! {
    /// Which place is nearest to a position between two.
    pub enum NearestRounding {
        /// The nearer one, in the middle the lower one.
        RoundPreferFloor = "round_prefer_floor",
        /// The nearer one, in the middle the upper one.
        RoundPreferCeil = "round_prefer_ceil",
        /// The lower one.
        Floor = "floor",
        /// The upper one.
        Ceil = "ceil",
    }
}

/// Resamples a value along some of its axes, one axis after the other.
///
/// # Shapes
/// - input any
/// - output the same with each axis of `axes` of its size in `sizes`, else of size `⌊size · scale⌋`
///
/// # Errors
/// When an axis does not exist or repeats, lists have other lengths than `axes`, or sizes and scales are both missing.
///
/// # Source
/// ONNX `Resize` (version 19)
///
/// ```
/// use dichroic::layers::{Layer, Resize, ResizeMode};
/// use dichroic::Shape;
/// let layer = Resize::new([1, 2]).scales([2.0, 1.5]).mode(ResizeMode::Linear);
/// let output = layer.output_shape(&[Shape::batched(&[7, 7, 64])])?;
/// assert_eq!(output.to_string(), "(None, 14, 10, 64)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Resize {
    /// The axes, counted from the end where negative.
    pub axes: Vec<i64>,
    /// The size of each of them to reach; unset where scales say it.
    pub sizes: Option<Vec<usize>>,
    /// How many new places an old one stands for, on each axis; unset for the sizes' own.
    pub scales: Option<Vec<f32>>,
    /// How places between the input's places get their values.
    pub mode: ResizeMode,
    /// Where a place of the output lies on the input.
    pub coordinate_transformation: CoordinateTransformation,
    /// Which place is nearest, for [`ResizeMode::Nearest`].
    pub rounding: NearestRounding,
    /// The cubic's coefficient `a`: -0.75 as in PyTorch, or -0.5 as in TensorFlow.
    pub cubic_coefficient: f32,
    /// Whether the filter is widened where the axis shrinks.
    pub antialias: bool,
    /// Whether places outside the input weigh nothing; else they hold the value at the edge.
    pub exclude_outside: bool,
    /// What lies outside the input for [`CoordinateTransformation::TfCropAndResize`].
    pub extrapolation_value: f32,
    /// For the same: where the part begins on each axis, then where it ends, from 0 to 1; empty for all of it.
    pub roi: Vec<f32>,
}

impl Resize {
    /// A resize of these axes to the nearest places; set their sizes or scales.
    pub fn new(axes: impl Into<Vec<i64>>) -> Self {
        Self {
            axes: axes.into(),
            sizes: None,
            scales: None,
            mode: ResizeMode::Nearest,
            coordinate_transformation: CoordinateTransformation::HalfPixel,
            rounding: NearestRounding::RoundPreferFloor,
            cubic_coefficient: -0.75,
            antialias: false,
            exclude_outside: false,
            extrapolation_value: 0.0,
            roi: Vec::new(),
        }
    }

    /// Sets the sizes to reach.
    #[must_use]
    pub fn sizes(mut self, sizes: impl Into<Vec<usize>>) -> Self {
        self.sizes = Some(sizes.into());
        self
    }

    /// Sets how many new places an old one stands for.
    #[must_use]
    pub fn scales(mut self, scales: impl Into<Vec<f32>>) -> Self {
        self.scales = Some(scales.into());
        self
    }

    setters! {
        /// Sets how places between the input's places get their values.
        mode: ResizeMode,
        /// Sets where a place of the output lies on the input.
        coordinate_transformation: CoordinateTransformation,
        /// Sets which place is nearest.
        rounding: NearestRounding,
        /// Sets the cubic's coefficient.
        cubic_coefficient: f32,
        /// Sets whether the filter is widened where the axis shrinks.
        antialias: bool,
        /// Sets whether places outside the input weigh nothing.
        exclude_outside: bool,
        /// Sets what lies outside the input.
        extrapolation_value: f32,
        /// Sets where the part begins on each axis, then where it ends.
        roi <- Vec<f32>,
    }

    /// The axes counted from the front, each with its number in the lists.
    fn resolved(&self, input: &Shape) -> Result<Vec<usize>, LayerError> {
        let axes: Vec<usize> =
            self.axes.iter().map(|&axis| resolve(axis, input)).collect::<Result<_, _>>()?;
        let repeats = |(i, axis): (usize, &usize)| axes[..i].contains(axis);
        if axes.iter().enumerate().any(repeats) {
            return Err(refused("axes", "must name each axis once", format!("{:?}", self.axes)));
        }
        Ok(axes)
    }

    /// The size to reach on the `i`-th of the axes.
    fn reached(&self, i: usize, size: usize) -> usize {
        match (&self.sizes, &self.scales) {
            (Some(sizes), _) => sizes[i],
            // As a cast does, a size beyond all memory stays at the largest number and is refused by the graph.
            (None, Some(scales)) => (f64::from(scales[i]) * size as f64).floor() as usize,
            (None, None) => size,
        }
    }

    /// What the places of the `i`-th of the axes are made of; none where there are none or too many.
    pub(crate) fn rows(&self, i: usize, size: usize) -> Option<Vec<Row>> {
        if size == 0 { None } else { self.axis(i, size).rows(self) }
    }

    /// The `i`-th of the axes with its own sizes.
    fn axis(&self, i: usize, input: usize) -> Axis {
        let output = self.reached(i, input);
        let scale = match &self.scales {
            Some(scales) => f64::from(scales[i]),
            None => output as f64 / input as f64,
        };
        let ends = [i, self.axes.len() + i].map(|end| self.roi.get(end).copied().map(f64::from));
        Axis { input, output, scale, roi: [ends[0].unwrap_or(0.0), ends[1].unwrap_or(1.0)] }
    }
}

fn refused(argument: &str, rule: &str, got: String) -> LayerError {
    LayerError::Argument {
        class_name: None,
        argument: argument.to_owned(),
        rule: rule.to_owned(),
        got,
    }
}

impl Layer for Resize {
    fn class_name(&self) -> &'static str {
        "Resize"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        let rank = self.axes.len();
        if let Some(sizes) = &self.sizes {
            at_least_one("sizes", sizes)?;
        }
        let sizes = self.sizes.as_ref().map_or(rank, Vec::len);
        let scales = self.scales.as_ref().map_or(rank, Vec::len);
        if self.sizes.is_none() && self.scales.is_none() {
            return Err(refused("sizes", "must be given where scales are not", "None".to_owned()));
        }
        if sizes != rank || scales != rank {
            let got = format!("{sizes} sizes and {scales} scales for {rank} axes");
            return Err(refused("axes", "must be as many as sizes and scales", got));
        }
        let usable = |scale: &f32| scale.is_finite() && *scale > 0.0;
        if let Some(scales) = self.scales.as_ref().filter(|scales| !scales.iter().all(usable)) {
            return Err(refused("scales", "must be above 0", format!("{scales:?}")));
        }
        if !self.roi.is_empty() && self.roi.len() != 2 * rank {
            let got = format!("{} numbers for {rank} axes", self.roi.len());
            return Err(refused("roi", "must have two numbers for each axis", got));
        }
        Ok(())
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        let input = single(inputs)?;
        let mut axes = input.axes().to_vec();
        for (i, axis) in self.resolved(input)?.into_iter().enumerate() {
            axes[axis] = match (axes[axis], &self.sizes) {
                (None, None) => None,
                (size, _) => Some(self.reached(i, size.unwrap_or(0))),
            };
        }
        Ok(Shape::new(axes))
    }

    /// Axes that shrink go first, those that grow most last, so that the values between are few.
    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let shapes = lowering.input_shapes();
        let input = single(&shapes)?;
        self.output_shape(&shapes)?;
        let mut x = lowering.input()?;
        let shape = lowering.shape(x).to_vec();
        let axes = self.resolved(input)?.into_iter().enumerate();
        let mut axes: Vec<(usize, Axis)> =
            axes.map(|(i, axis)| (axis, self.axis(i, shape[axis]))).collect();
        let growth = |axis: &Axis| axis.output as f64 / axis.input.max(1) as f64;
        axes.sort_by(|(_, a), (_, b)| growth(a).total_cmp(&growth(b)));
        for (axis, sizes) in axes {
            if sizes.input == 0 {
                return Err(LayerError::InputShape {
                    rule: format!("axis {axis} has no place to take values from"),
                    got: input.clone(),
                    fix: "give the input a size of at least 1".to_owned(),
                });
            }
            let taps = sizes.taps(self).ok_or_else(|| {
                let got = format!("{sizes:?}");
                refused("sizes", "need more weights than memory should hold", got)
            })?;
            if !taps.is_identity() {
                x = lowering.add(ops::Interpolate { axis, taps: Arc::new(taps) }, &[x])?;
            }
        }
        Ok(x)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_win_over_scales_and_open_axes_stay_open() {
        let open = [Shape::new([None, None, Some(5)])];
        let scaled = Resize::new([1, -1]).scales([2.0, 0.5]);
        assert_eq!(scaled.output_shape(&open).unwrap(), Shape::new([None, None, Some(2)]));
        let sized = scaled.sizes([7, 3]);
        assert_eq!(sized.output_shape(&open).unwrap(), Shape::new([None, Some(7), Some(3)]));
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let input = [Shape::batched(&[4, 4, 1])];
        for layer in [
            Resize::new([1]),
            Resize::new([1]).sizes([1, 2]),
            Resize::new([1]).scales([0.0]),
            Resize::new([1, -3]).sizes([2, 2]),
            Resize::new([1]).sizes([2]).roi([0.5]),
        ] {
            assert!(layer.output_shape(&input).is_err(), "{layer:?}");
        }
    }
}
