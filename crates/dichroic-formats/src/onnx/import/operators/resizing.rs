//! Values between values: Resize in all its versions, Upsample.

use dichroic::layers::{
    CoordinateTransformation, Interpolation, NearestRounding, Resize, ResizeMode, UpSampling2D,
};

use super::broadcast::input;
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Entry, Node, Order, Variable, resolve};

pub(super) const OPERATORS: &[Operator] =
    &[("Resize", 10..=23, resize), ("Upsample", 7..=9, upsample)];

fn upsample<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let scales = match node.attributes.floats("scales")? {
        Some(scales) => scales.to_vec(),
        None => node.known(1)?.to_floats()?.into_owned(),
    };
    asymmetric(node, scales)
}

/// The first Resize, as Upsample: places are divided by the scale, and the nearest value is the one below.
fn asymmetric<'a>(node: &mut Node<'_, 'a>, scales: Vec<f32>) -> Result<Vec<Value<'a>>, Located> {
    let method = Method {
        mode: mode(node)?,
        coordinates: CoordinateTransformation::Asymmetric,
        rounding: NearestRounding::Floor,
        ..Method::default()
    };
    let x = input(node, 0)?;
    let extents = of_scales(&(0..x.rank()).collect::<Vec<_>>(), &scales)?;
    made(node, &x, &method, extents)
}

fn resize<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    if node.opset < 11 {
        let scales = node.known(1)?.to_floats()?.into_owned();
        return asymmetric(node, scales);
    }
    let x = input(node, 0)?;
    let axes = match node.attributes.ints("axes")? {
        Some(axes) => axes.iter().map(|&axis| resolve(axis, x.rank())).collect::<Result<_, _>>()?,
        None => (0..x.rank()).collect::<Vec<usize>>(),
    };
    let method = Method::of(node)?;
    let policy = node.attributes.text_or("keep_aspect_ratio_policy", "stretch")?;
    let mut extents = match node.known_optional(2)?.filter(|scales| scales.len() > 0) {
        Some(scales) => of_scales(&axes, &scales.to_floats()?)?,
        None => of_sizes(node, &x, &axes, (policy, &method))?,
    };
    if method.coordinates == CoordinateTransformation::TfCropAndResize {
        let roi = node.known(1)?.to_floats()?.into_owned();
        crop(&mut extents, &roi, &axes)?;
    }
    made(node, &x, &method, extents)
}

fn mode(node: &Node<'_, '_>) -> Result<ResizeMode, Located> {
    match node.attributes.text_or("mode", "nearest")? {
        "nearest" => Ok(ResizeMode::Nearest),
        "linear" | "bilinear" => Ok(ResizeMode::Linear),
        "cubic" => Ok(ResizeMode::Cubic),
        other => Err(Problem::malformed("mode nearest, linear or cubic", other).into()),
    }
}

/// How values between values are found.
#[derive(Clone, Debug)]
struct Method {
    mode: ResizeMode,
    coordinates: CoordinateTransformation,
    rounding: NearestRounding,
    cubic_coefficient: f32,
    antialias: bool,
    exclude_outside: bool,
    extrapolation_value: f32,
}

impl Default for Method {
    fn default() -> Self {
        Self {
            mode: ResizeMode::Nearest,
            coordinates: CoordinateTransformation::HalfPixel,
            rounding: NearestRounding::RoundPreferFloor,
            cubic_coefficient: -0.75,
            antialias: false,
            exclude_outside: false,
            extrapolation_value: 0.0,
        }
    }
}

impl Method {
    fn of(node: &Node<'_, '_>) -> Result<Self, Located> {
        use CoordinateTransformation as Coordinates;
        let attributes = &node.attributes;
        let coordinates = attributes.text_or("coordinate_transformation_mode", "half_pixel")?;
        let coordinates = match coordinates {
            "half_pixel" => Coordinates::HalfPixel,
            "half_pixel_symmetric" => Coordinates::HalfPixelSymmetric,
            "pytorch_half_pixel" => Coordinates::PytorchHalfPixel,
            "align_corners" => Coordinates::AlignCorners,
            "asymmetric" => Coordinates::Asymmetric,
            "tf_half_pixel_for_nn" => Coordinates::TfHalfPixelForNn,
            "tf_crop_and_resize" => Coordinates::TfCropAndResize,
            other => return Err(Problem::malformed("a coordinate transformation", other).into()),
        };
        let rounding = match attributes.text_or("nearest_mode", "round_prefer_floor")? {
            "round_prefer_floor" => NearestRounding::RoundPreferFloor,
            "round_prefer_ceil" => NearestRounding::RoundPreferCeil,
            "floor" => NearestRounding::Floor,
            "ceil" => NearestRounding::Ceil,
            other => return Err(Problem::malformed("a way to round", other).into()),
        };
        Ok(Self {
            mode: mode(node)?,
            coordinates,
            rounding,
            cubic_coefficient: attributes.float_or("cubic_coeff_a", -0.75)?,
            antialias: attributes.flag("antialias")?,
            exclude_outside: attributes.flag("exclude_outside")?,
            extrapolation_value: attributes.float_or("extrapolation_value", 0.0)?,
        })
    }

    fn layer(&self, axes: Vec<i64>) -> Resize {
        Resize::new(axes)
            .mode(self.mode)
            .coordinate_transformation(self.coordinates)
            .rounding(self.rounding)
            .cubic_coefficient(self.cubic_coefficient)
            .antialias(self.antialias)
            .exclude_outside(self.exclude_outside)
            .extrapolation_value(self.extrapolation_value)
    }

    /// Keras's interpolation that gives the same for whole multiples of the size.
    fn up_sampling(&self) -> Option<Interpolation> {
        use CoordinateTransformation as Coordinates;
        use NearestRounding as Rounding;
        if self.antialias || self.exclude_outside {
            return None;
        }
        match (self.mode, self.coordinates, self.rounding) {
            (ResizeMode::Nearest, Coordinates::Asymmetric, Rounding::Floor)
            | (
                ResizeMode::Nearest,
                Coordinates::HalfPixel | Coordinates::PytorchHalfPixel,
                Rounding::RoundPreferFloor | Rounding::RoundPreferCeil,
            ) => Some(Interpolation::Nearest),
            (ResizeMode::Linear, Coordinates::HalfPixel, _) => Some(Interpolation::Bilinear),
            _ => None,
        }
    }
}

/// What an axis becomes: a size, or a multiple of its size, or both where the places follow from the multiple.
#[derive(Clone, Debug)]
struct Extent {
    axis: usize,
    scale: Option<f32>,
    size: Option<usize>,
    /// The part of the axis that is looked at, from 0 to 1.
    roi: (f32, f32),
}

impl Extent {
    fn leaves(&self, x: &Variable) -> bool {
        let same_size = self.size.is_none_or(|size| x.size(self.axis) == Entry::Known(size as i64));
        same_size && self.scale.is_none_or(|scale| scale == 1.0) && self.roi == (0.0, 1.0)
    }

    /// How many times its size the axis becomes, if that is a whole number.
    fn multiple(&self, x: &Variable) -> Option<usize> {
        let scale = match (self.scale, self.size, x.size(self.axis)) {
            (Some(scale), None, _) => f64::from(scale),
            (None, Some(size), Entry::Known(from)) => size as f64 / from as f64,
            _ => return None,
        };
        (scale >= 1.0 && scale.fract() == 0.0 && scale < 65_536.0).then_some(scale as usize)
    }
}

fn of_scales(axes: &[usize], scales: &[f32]) -> Result<Vec<Extent>, Located> {
    if scales.len() != axes.len() {
        return Err(Problem::malformed(format!("{} scales", axes.len()), scales.len()).into());
    }
    let extent = |(&axis, &scale)| Extent { axis, scale: Some(scale), size: None, roi: (0.0, 1.0) };
    Ok(axes.iter().zip(scales).map(extent).collect())
}

fn of_sizes(
    node: &mut Node<'_, '_>,
    x: &Variable,
    axes: &[usize],
    (policy, method): (&str, &Method),
) -> Result<Vec<Extent>, Located> {
    let array = node.known(3)?;
    let entries = array.to_entries().ok_or_else(|| Problem::malformed("sizes", array.element()))?;
    if entries.len() != axes.len() {
        return Err(Problem::malformed(format!("{} sizes", axes.len()), entries.len()).into());
    }
    let own = node.sizes(x);
    let changed: Vec<(usize, Entry)> = axes.iter().copied().zip(entries.iter().copied()).collect();
    // A policy looks at all axes that have a number, and a part of an axis may be as large as the whole.
    let cropped = method.coordinates == CoordinateTransformation::TfCropAndResize;
    let all = policy != "stretch" || cropped;
    let stays = |&(axis, entry): &(usize, Entry)| {
        entry.agrees(own[axis]) && !(all && entry.known().is_some())
    };
    let changed: Vec<(usize, Entry)> = changed.into_iter().filter(|axis| !stays(axis)).collect();
    // One layer takes sizes or scales; open sizes have none.
    let known = changed.iter().all(|(_, entry)| entry.known().is_some());
    let mut extents = Vec::with_capacity(changed.len());
    for (axis, entry) in changed {
        let size = entry.known().filter(|_| known).and_then(|size| usize::try_from(size).ok());
        let scale = if known { None } else { entry.ratio(own[axis]).and_then(exact) };
        if scale.is_none() && size.is_none() {
            let what = format!("a size of {entry} for axis {axis}");
            return Err(
                node.unsupported(&what, "give the sizes of the model's inputs with --input")
            );
        }
        extents.push(Extent { axis, scale, size, roi: (0.0, 1.0) });
    }
    match policy {
        "stretch" => {}
        "not_larger" => keep_ratio(node, x, &mut extents, f32::min)?,
        "not_smaller" => keep_ratio(node, x, &mut extents, f32::max)?,
        other => return Err(Problem::malformed("a policy for the aspect ratio", other).into()),
    }
    Ok(extents)
}

/// A fraction that `f32` holds, so that sizes come out as they are.
fn exact((up, down): (i64, i64)) -> Option<f32> {
    let quotient = up as f32 / down as f32;
    (f64::from(quotient) * down as f64 == up as f64).then_some(quotient)
}

/// One scale for all axes: the least or the greatest that the sizes ask for.
fn keep_ratio(
    node: &Node<'_, '_>,
    x: &Variable,
    extents: &mut [Extent],
    better: fn(f32, f32) -> f32,
) -> Result<(), Located> {
    let mut common: Option<f32> = None;
    for extent in extents.iter() {
        let scale = extent.size.unwrap_or(0) as f32 / node.size(x, extent.axis)? as f32;
        common = Some(common.map_or(scale, |common| better(common, scale)));
    }
    for extent in extents {
        let size = node.size(x, extent.axis)?;
        extent.scale = common;
        // A half is rounded up; `as` saturates.
        extent.size = common.map(|scale| (f64::from(scale) * size as f64 + 0.5).floor() as usize);
    }
    Ok(())
}

/// The part of each axis that is looked at: all starts, then all ends, in the order of the axes.
fn crop(extents: &mut [Extent], roi: &[f32], axes: &[usize]) -> Result<(), Located> {
    if roi.len() != 2 * axes.len() {
        let expected = format!("{} numbers as roi", 2 * axes.len());
        return Err(Problem::malformed(expected, roi.len()).into());
    }
    let (starts, ends) = roi.split_at(axes.len());
    for extent in extents {
        if let Some(place) = axes.iter().position(|&axis| axis == extent.axis) {
            extent.roi = (starts[place], ends[place]);
        }
    }
    Ok(())
}

fn made<'a>(
    node: &mut Node<'_, 'a>,
    x: &Variable,
    method: &Method,
    mut extents: Vec<Extent>,
) -> Result<Vec<Value<'a>>, Located> {
    extents.retain(|extent| !extent.leaves(x));
    if extents.is_empty() {
        return Ok(vec![Value::Variable(x.clone())]);
    }
    // Pictures lie as convolutions want them.
    let pictures = x.rank() >= 3 && extents.iter().all(|extent| extent.axis >= 2);
    let x = if pictures { node.channels_last(x)? } else { x.clone() };
    if let Some(layer) = up_sampling(&x, method, &extents) {
        return node.elementwise(layer, &x);
    }
    let mut layer = method.layer(extents.iter().map(|e| x.order.place_of(e.axis) as i64).collect());
    if let Some(sizes) = extents.iter().map(|extent| extent.size).collect::<Option<Vec<_>>>() {
        layer = layer.sizes(sizes);
    }
    if let Some(scales) = extents.iter().map(|extent| extent.scale).collect::<Option<Vec<_>>>() {
        layer = layer.scales(scales);
    }
    if method.coordinates == CoordinateTransformation::TfCropAndResize {
        let starts = extents.iter().map(|extent| extent.roi.0);
        layer =
            layer.roi(starts.chain(extents.iter().map(|extent| extent.roi.1)).collect::<Vec<_>>());
    }
    node.elementwise(layer, &x)
}

/// Keras's layer for pictures whose sides are multiplied by whole numbers.
fn up_sampling(x: &Variable, method: &Method, extents: &[Extent]) -> Option<UpSampling2D> {
    let interpolation = method.up_sampling()?;
    if x.order != Order::channels_last(4) {
        return None;
    }
    let mut size = [1, 1];
    for extent in extents {
        size[extent.axis.checked_sub(2)?] = extent.multiple(x)?;
    }
    Some(UpSampling2D::new(size).interpolation(interpolation))
}
