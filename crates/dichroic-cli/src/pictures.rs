//! How picture files meet a model: their size, and the range of their pixels.

use std::fs;
use std::path::Path;

use dichroic::data::picture::{Picture, PictureShape, read_picture};
use dichroic::data::{Limits, PixelRange};
use dichroic::model::{Model, Symbol};
use dichroic_graph::kernels::tensor::{Tensor, element_count};

use crate::failure::Failure;

/// The size of the picture that a model takes.
///
/// # Errors
/// When the model takes something else, or leaves the size open.
pub fn picture_shape(model: &Model) -> Result<PictureShape, Failure> {
    let shapes: Vec<String> =
        model.inputs().iter().map(|input| input.shape().to_string()).collect();
    let refused = |rule: &str| {
        Failure::refused(format!("model {:?} takes {}, and {rule}", model.name(), shapes.join(" and ")))
            .help("pictures need one input of (height, width, channels) with 1, 3 or 4 channels; other data come as .npz")
    };
    let [input] = model.inputs() else { return Err(refused("pictures go into one input")) };
    match input.shape().axes() {
        [_, Some(height), Some(width), Some(channels)] => {
            Ok(PictureShape { height: *height, width: *width, channels: *channels })
        }
        [_, _, _, _] => Err(refused("pictures need a size that is known")),
        _ => Err(refused("pictures have height, width and channels")),
    }
}

/// The pixels of a picture file as a model takes them, `(height, width, channels)`.
///
/// # Errors
/// When the file is no picture, or damaged.
pub fn pixels(path: &Path, shape: PictureShape, range: PixelRange) -> Result<Vec<f32>, Failure> {
    if path.is_dir() {
        let headline = format!("{}: is a folder, and a picture is a file", path.display());
        return Err(Failure::refused(headline)
            .help(format!("name the pictures in it, such as {}", path.join("*.png").display())));
    }
    let bytes = read_picture(path, shape, &Limits::default()).map_err(Failure::input)?;
    let divisor = if range == PixelRange::Unit { 255.0 } else { 1.0 };
    Ok(bytes.into_iter().map(|byte| f32::from(byte) / divisor).collect())
}

/// The size of a picture file, and its channels.
///
/// # Errors
/// When it is no picture, or damaged.
pub fn own_shape(path: &Path) -> Result<PictureShape, Failure> {
    let shown = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| Failure::refused(format!("{shown}: {error}")))?;
    let picture = Picture::decode(&bytes, &shown, &Limits::default()).map_err(Failure::input)?;
    Ok(picture.shape())
}

/// A picture file as the model's input, a batch of one; in its own size where the model leaves it open.
///
/// # Errors
/// When the model takes no picture, or the file is none.
pub fn tensor(model: &Model, path: &Path) -> Result<Tensor, Failure> {
    let axes = model.inputs().first().map_or(&[][..], |input| input.shape().axes());
    let shape = match (model.inputs().len(), axes) {
        (1, &[_, height, width, Some(channels)]) if height.is_none() || width.is_none() => {
            let own = own_shape(path)?;
            let (height, width) = (height.unwrap_or(own.height), width.unwrap_or(own.width));
            PictureShape { height, width, channels }
        }
        _ => picture_shape(model)?,
    };
    let values = pixels(path, shape, model.pixel_range())?;
    Tensor::new([1, shape.height, shape.width, shape.channels], values).map_err(Failure::run)
}

/// The model's inputs: the picture, or made-up values where there is none.
///
/// # Errors
/// As [`tensor`] and [`made_up`].
pub fn inputs(model: &Model, picture: Option<&Path>) -> Result<Vec<Tensor>, Failure> {
    match picture {
        Some(path) => Ok(vec![tensor(model, path)?]),
        None => made_up(model),
    }
}

/// One item of made-up values for each input: the same each time, in the range that the model expects.
///
/// # Errors
/// When a size is open.
fn made_up(model: &Model) -> Result<Vec<Tensor>, Failure> {
    let largest = if model.pixel_range() == PixelRange::Bytes { 255.0 } else { 1.0 };
    let one = |input: &Symbol| {
        let open = || {
            let (name, shape) = (input.layer().name(), input.shape());
            Failure::refused(format!("input {name:?} has the open shape {shape}"))
                .help("give every axis but the batch a size, or a picture with --image")
        };
        let axes = input.shape().with_batch(1).ok_or_else(open)?;
        let count = element_count(&axes).map_err(Failure::input)?;
        // Steps of the golden ratio: spread evenly, and no two neighbours alike.
        let value = |i: usize| (i as f64 * 0.618_033_988_749_895).fract() as f32 * largest;
        Tensor::new(axes, (0..count).map(value).collect()).map_err(Failure::run)
    };
    model.inputs().iter().map(one).collect()
}
