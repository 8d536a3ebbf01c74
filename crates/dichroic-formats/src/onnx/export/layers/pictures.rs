//! Layers that prepare pictures: `CenterCrop`, `Resizing`, `Normalization`.

use dichroic::layers::{CenterCrop, Interpolation, Normalization, Resizing, Statistics};
use dichroic_graph::kernels::resize::Interpolation as Method;

use super::super::graph::{Attribute, Attributes, whole};
use super::super::scope::Scope;
use super::super::value::Value;
use super::normalization::spread;
use super::up_sampling::{by_matrices, cubic, linear, resampled};
use crate::error::Problem;

/// `Slice` of the middle; where a picture is smaller, what [`resizing`] emits.
pub(super) fn center_crop(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let layer: CenterCrop = scope.whole_configuration()?;
    let x = scope.channels_first_input()?;
    let [height, width] = known_sides(scope, &x)?;
    if height < layer.height || width < layer.width {
        let resizing = Resizing::new(layer.height, layer.width).crop_to_aspect_ratio(true);
        return resized(scope, &x, &resizing);
    }
    let starts = [(height - layer.height) / 2, (width - layer.width) / 2];
    let ends = [starts[0] + layer.height, starts[1] + layer.width];
    let y = sliced(scope, &x, (starts, ends));
    Ok(y.reshaped(scope.output_shape()?))
}

/// `Resize`; cubics, Lanczos and antialiasing as a matrix for each axis.
pub(super) fn resizing(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let layer: Resizing = scope.whole_configuration()?;
    let x = scope.channels_first_input()?;
    resized(scope, &x, &layer)
}

fn resized(scope: &mut Scope<'_>, x: &Value, layer: &Resizing) -> Result<Value, Problem> {
    let x = match layer.crop_to_aspect_ratio || layer.pad_to_aspect_ratio {
        true => in_ratio(scope, x, layer)?,
        false => x.clone(),
    };
    let attributes = match layer.interpolation {
        Interpolation::Nearest => vec![
            ("mode", Attribute::Text("nearest")),
            ("coordinate_transformation_mode", Attribute::Text("half_pixel")),
            ("nearest_mode", Attribute::Text("round_prefer_ceil")),
        ],
        _ if layer.antialias => {
            return by_matrices(scope, &x, |from, to| Ok(layer.antialiasing_weights(from, to)));
        }
        Interpolation::Bilinear => linear(),
        // ONNX Runtime moves transposes past a Resize, and then refuses a cubic one that makes pictures smaller.
        Interpolation::Bicubic if known_sides(scope, &x).is_ok() => {
            return resampled(scope, &x, Method::Bicubic);
        }
        Interpolation::Bicubic => cubic(),
        Interpolation::Lanczos3 => return resampled(scope, &x, Method::Lanczos3),
        Interpolation::Lanczos5 => return resampled(scope, &x, Method::Lanczos5),
    };
    to_sizes(scope, &x, (layer, attributes))
}

/// `Resize` to these sizes; batch and channels are read off the value, since the batch is open.
fn to_sizes(
    scope: &mut Scope<'_>,
    x: &Value,
    (layer, attributes): (&Resizing, Attributes),
) -> Result<Value, Problem> {
    let shape = scope.emit("Shape", &[&x.name], Vec::new());
    let (from, to) = (scope.ints("from", &[0]), scope.ints("to", &[2]));
    let kept = scope.emit("Slice", &[&shape, &from, &to], Vec::new());
    let sides = scope.ints("sides", &[whole(layer.height), whole(layer.width)]);
    let sizes = scope.emit("Concat", &[&kept, &sides], vec![("axis", Attribute::Int(0))]);
    let name = scope.emit("Resize", &[&x.name, "", "", &sizes], attributes);
    Ok(x.renamed(name).reshaped(scope.output_shape()?))
}

/// The picture cut or padded to the ratio of its new sides.
fn in_ratio(scope: &mut Scope<'_>, x: &Value, layer: &Resizing) -> Result<Value, Problem> {
    let [height, width] = known_sides(scope, x)?;
    let margins = layer.margins(height, width);
    if margins == [(0, 0); 2] {
        return Ok(x.clone());
    }
    let [rows, columns] = margins;
    let side = |size: usize, (before, after): (isize, isize)| {
        size.saturating_add_signed(before).saturating_add_signed(after)
    };
    let (height, width) = (side(height, rows), side(width, columns));
    let shape = x.shape.axes();
    let shape = dichroic::Shape::new([shape[0], Some(height), Some(width), shape[3]]);
    if layer.crop_to_aspect_ratio {
        let starts = [rows.0.unsigned_abs(), columns.0.unsigned_abs()];
        return Ok(
            sliced(scope, x, (starts, [starts[0] + height, starts[1] + width])).reshaped(shape)
        );
    }
    let [above, below, left, right] = [rows.0, rows.1, columns.0, columns.1].map(|n| n as i64);
    let pads = scope.ints("pads", &[0, 0, above, left, 0, 0, below, right]);
    let value = scope.scalar(layer.fill_value);
    let name = scope.emit("Pad", &[&x.name, &pads, &value], Vec::new());
    Ok(x.renamed(name).reshaped(shape))
}

/// A block of a picture with channels first.
fn sliced(scope: &mut Scope<'_>, x: &Value, (starts, ends): ([usize; 2], [usize; 2])) -> Value {
    let starts = scope.ints("starts", &starts.map(whole));
    let ends = scope.ints("ends", &ends.map(whole));
    let axes = scope.axes(&[2, 3]);
    let name = scope.emit("Slice", &[&x.name, &starts, &ends, &axes], Vec::new());
    x.renamed(name)
}

/// Height and width, where they are known.
fn known_sides(scope: &Scope<'_>, x: &Value) -> Result<[usize; 2], Problem> {
    match x.shape.spatial() {
        &[Some(height), Some(width)] => Ok([height, width]),
        _ => Err(scope.unsupported("an open height or width", "give the input a fixed size")),
    }
}

/// `(x - mean) / deviation` by constants, or the way back.
pub(super) fn normalization(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let layer: Normalization = scope.whole_configuration()?;
    let x = scope.input()?;
    let refused = |error| Problem::malformed("axes that the layer takes", error);
    let (axes, sizes) = layer.kept_axes(&scope.input_shapes()).map_err(refused)?;
    let all: usize = sizes.iter().product();
    let statistic = |given: &Option<Statistics>, weight: usize| match given {
        Some(given) => Ok(given.repeated(all)),
        None => scope.weight_values(weight).map(|values| values.data().to_vec()),
    };
    let (means, variances) = (statistic(&layer.mean, 0)?, statistic(&layer.variance, 1)?);
    let deviations: Vec<f32> = variances.iter().map(|&v| Normalization::deviation(v)).collect();
    let mut constant =
        |what: &str, values: &[f32]| spread(scope, what, (&x, &axes), (values, &sizes));
    let (mean, deviation) = (constant("mean", &means), constant("deviation", &deviations));
    if layer.invert {
        let scaled = scope.apply_to("Mul", &x, &deviation);
        return Ok(scope.apply_to("Add", &scaled, &mean));
    }
    let centred = scope.apply_to("Sub", &x, &mean);
    Ok(scope.apply_to("Div", &centred, &deviation))
}
