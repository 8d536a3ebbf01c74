//! How picture files meet a model: their size, and the range of their pixels.

use std::fs;
use std::path::Path;

use clap::ValueEnum;
use dichroic::data::picture::{Picture, PictureShape, read_picture};
use dichroic::data::{Limits, PixelRange};
use dichroic::model::{Model, Symbol};
use dichroic_graph::kernels::tensor::{Tensor, element_count};

use crate::failure::Failure;
use crate::input_file::regular;

/// How the bytes of a picture become the numbers that a model was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Pixels {
    /// 0 to 1: x / 255
    Unit,
    /// 0 to 255: x
    Bytes,
    /// −1 to 1: x / 127.5 − 1, as Keras's MobileNet, Inception and Xception take them
    Symmetric,
    /// (x / 255 − mean) / deviation with ImageNet's of each channel, as the networks of torchvision take them
    Imagenet,
}

/// Mean and standard deviation of ImageNet's red, green and blue, as torchvision and Keras's mode `torch` have them.
const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

impl Pixels {
    /// What a model expects as far as its layers tell.
    fn of(model: &Model) -> Self {
        match model.pixel_range() {
            PixelRange::Bytes => Self::Bytes,
            PixelRange::Unit => Self::Unit,
        }
    }

    /// The number for a byte of a channel.
    fn number(self, byte: u8, channel: usize) -> f32 {
        let byte = f32::from(byte);
        match self {
            Self::Unit => byte / 255.0,
            Self::Bytes => byte,
            Self::Symmetric => byte / 127.5 - 1.0,
            Self::Imagenet => {
                let (mean, deviation) = IMAGENET;
                (byte / 255.0 - mean[channel % 3]) / deviation[channel % 3]
            }
        }
    }
}

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

/// The pixels of a picture file as numbers, `(height, width, channels)`.
///
/// # Errors
/// When the file is no picture, or damaged.
fn numbers(path: &Path, shape: PictureShape, pixels: Pixels) -> Result<Vec<f32>, Failure> {
    if path.is_dir() {
        let headline = format!("{}: is a folder, and a picture is a file", path.display());
        return Err(Failure::refused(headline)
            .help(format!("name the pictures in it, such as {}", path.join("*.png").display())));
    }
    if pixels == Pixels::Imagenet && shape.channels != 3 {
        let headline = format!("--pixels imagenet is for 3 channels, got {}", shape.channels);
        return Err(Failure::refused(headline).help("choose another of unit, bytes, symmetric"));
    }
    regular(path)?;
    let bytes = read_picture(path, shape, &Limits::default()).map_err(Failure::input)?;
    let number = |(place, byte)| pixels.number(byte, place % shape.channels);
    Ok(bytes.into_iter().enumerate().map(number).collect())
}

/// The size of a picture file, and its channels.
///
/// # Errors
/// When it is no picture, or damaged.
pub fn own_shape(path: &Path) -> Result<PictureShape, Failure> {
    let shown = path.display().to_string();
    regular(path)?;
    let bytes = fs::read(path).map_err(|error| Failure::refused(format!("{shown}: {error}")))?;
    let picture = Picture::decode(&bytes, &shown, &Limits::default()).map_err(Failure::input)?;
    Ok(picture.shape())
}

/// A picture file as the model's input, a batch of one; in its own size where the model leaves it open.
///
/// Without `pixels`, its numbers are what the model's layers tell.
///
/// # Errors
/// When the model takes no picture, or the file is none.
pub fn tensor(model: &Model, path: &Path, pixels: Option<Pixels>) -> Result<Tensor, Failure> {
    let axes = model.inputs().first().map_or(&[][..], |input| input.shape().axes());
    let shape = match (model.inputs().len(), axes) {
        (1, &[_, height, width, Some(channels)]) if height.is_none() || width.is_none() => {
            let own = own_shape(path)?;
            let (height, width) = (height.unwrap_or(own.height), width.unwrap_or(own.width));
            PictureShape { height, width, channels }
        }
        _ => picture_shape(model)?,
    };
    let values = numbers(path, shape, pixels.unwrap_or_else(|| Pixels::of(model)))?;
    Tensor::new([1, shape.height, shape.width, shape.channels], values).map_err(Failure::run)
}

/// The model's inputs: the picture, or made-up values where there is none.
///
/// # Errors
/// As [`tensor`] and [`made_up`].
pub fn inputs(model: &Model, picture: Option<&Path>) -> Result<Vec<Tensor>, Failure> {
    match picture {
        Some(path) => Ok(vec![tensor(model, path, None)?]),
        None => made_up(model),
    }
}

/// One item, or the batch that the model fixes, of made-up values for each input: the same each time, in the range that the model expects.
///
/// # Errors
/// When a size is open.
fn made_up(model: &Model) -> Result<Vec<Tensor>, Failure> {
    let largest = if model.pixel_range() == PixelRange::Bytes { 255.0 } else { 1.0 };
    let one = |input: &Symbol| {
        let open = || {
            let (name, shape) = (input.layer().name(), input.shape());
            Failure::refused(format!("input {name:?} has the open shape {shape}"))
                .help("give it a size with --input H,W,C, or a picture with --image")
        };
        let batch = input.shape().axes().first().copied().flatten().unwrap_or(1);
        let axes = input.shape().with_batch(batch).ok_or_else(open)?;
        let count = element_count(&axes).map_err(Failure::input)?;
        // Steps of the golden ratio: spread evenly, and no two neighbours alike.
        let value = |i: usize| (i as f64 * 0.618_033_988_749_895).fract() as f32 * largest;
        Tensor::new(axes, (0..count).map(value).collect()).map_err(Failure::run)
    };
    model.inputs().iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_the_numbers_that_networks_were_trained_on() {
        let of = |pixels: Pixels| [0, 255].map(|byte| pixels.number(byte, 1));
        assert_eq!(of(Pixels::Unit), [0.0, 1.0]);
        assert_eq!(of(Pixels::Bytes), [0.0, 255.0]);
        assert_eq!(of(Pixels::Symmetric), [-1.0, 1.0]);
        assert_eq!(of(Pixels::Imagenet), [-0.456 / 0.224, (1.0 - 0.456) / 0.224]);
    }
}
