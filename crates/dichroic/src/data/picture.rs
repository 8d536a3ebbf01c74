//! One picture file, decoded to the size that a model takes.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use image::imageops::FilterType;
use image::{
    ColorType, DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader, RgbImage, RgbaImage,
};

use super::{DataError, Limits, jpeg};

/// Endings of the files that are read.
pub const EXTENSIONS: [&str; 3] = ["jpeg", "jpg", "png"];

/// The size of a model's picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureShape {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// 1 for grey, 3 for colour, 4 for colour with opacity.
    pub channels: usize,
}

impl PictureShape {
    /// The number of values of one picture; `None` where it overflows.
    pub fn elements(&self) -> Option<usize> {
        self.height.checked_mul(self.width)?.checked_mul(self.channels)
    }
}

/// Reads a PNG or JPEG file as bytes `(height, width, channels)`.
///
/// Another size is resized with a triangle filter that is widened when it shrinks the picture, which is what PIL calls `bilinear`
/// and `keras.utils.load_img(interpolation="bilinear")` does; the sides are scaled each on its own.
///
/// # Errors
/// When the file can't be read, is no picture, is damaged, is larger than the limits allow, or the
/// shape asks for channels other than 1, 3 or 4.
pub fn read_picture(
    path: &Path,
    shape: PictureShape,
    limits: &Limits,
) -> Result<Vec<u8>, DataError> {
    let file = File::open(path).map_err(|error| DataError::io(path, error))?;
    decode(BufReader::new(file), path, limits).and_then(|image| fit(image, path, shape, limits))
}

/// A picture at its own size, to be fitted to one model after another.
#[derive(Clone, Debug)]
pub struct Picture {
    image: DynamicImage,
    name: PathBuf,
    limits: Limits,
}

impl Picture {
    /// Decodes the bytes of a PNG or JPEG file; the name stands in errors.
    ///
    /// # Errors
    /// As [`read_picture`].
    pub fn decode(bytes: &[u8], name: &str, limits: &Limits) -> Result<Self, DataError> {
        let name = PathBuf::from(name);
        let image = decode(Cursor::new(bytes), &name, limits)?;
        Ok(Self { image, name, limits: *limits })
    }

    /// A picture of these bytes `(height, width, channels)`, with 1, 3 or 4 channels.
    ///
    /// # Errors
    /// When the bytes are not as many as the shape says, or the channels are others.
    pub fn of_pixels(
        shape: PictureShape,
        pixels: Vec<u8>,
        name: &str,
        limits: &Limits,
    ) -> Result<Self, DataError> {
        let name = PathBuf::from(name);
        let got = format!("{} bytes", pixels.len());
        let sides = u32::try_from(shape.width).ok().zip(u32::try_from(shape.height).ok());
        let image = sides.filter(|_| shape.elements().is_some_and(|bytes| bytes > 0)).and_then(
            |(width, height)| match shape.channels {
                1 => GrayImage::from_raw(width, height, pixels).map(DynamicImage::from),
                3 => RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
                4 => RgbaImage::from_raw(width, height, pixels).map(DynamicImage::from),
                _ => None,
            },
        );
        let expected = || {
            let PictureShape { height, width, channels } = shape;
            format!("the pixels of ({height}, {width}, {channels}) with 1, 3 or 4 channels")
        };
        let image = image.ok_or_else(|| DataError::format(&name, "picture", expected(), got))?;
        Ok(Self { image, name, limits: *limits })
    }

    /// Its size and channels.
    pub fn shape(&self) -> PictureShape {
        let channels = match self.image.color() {
            ColorType::L8 | ColorType::L16 => 1,
            ColorType::La8 | ColorType::La16 | ColorType::Rgba8 | ColorType::Rgba16 => 4,
            _ => 3,
        };
        let (height, width) = (self.image.height() as usize, self.image.width() as usize);
        PictureShape { height, width, channels }
    }

    /// The bytes `(height, width, channels)` in this size, as [`read_picture`] gives them.
    ///
    /// # Errors
    /// When the size is larger than the limits allow, or the shape asks for channels other than 1, 3 or 4.
    pub fn fitted(&self, shape: PictureShape) -> Result<Vec<u8>, DataError> {
        fit(self.image.clone(), &self.name, shape, &self.limits)
    }

    /// A PNG file of the picture, made smaller where a side is longer than `longest`.
    ///
    /// # Errors
    /// When it can't be encoded.
    pub fn png(&self, longest: u32) -> Result<Vec<u8>, DataError> {
        let small = if self.image.width().max(self.image.height()) > longest {
            self.image.thumbnail(longest, longest)
        } else {
            self.image.clone()
        };
        let small = match self.shape().channels {
            1 => DynamicImage::from(small.into_luma8()),
            3 => DynamicImage::from(small.into_rgb8()),
            _ => DynamicImage::from(small.into_rgba8()),
        };
        let mut bytes = Cursor::new(Vec::new());
        small.write_to(&mut bytes, ImageFormat::Png).map_err(|error| {
            DataError::format(&self.name, "picture", "pixels that PNG can hold", error.to_string())
        })?;
        Ok(bytes.into_inner())
    }
}

/// Decodes a picture at its own size, after its size was checked.
pub(super) fn decode(
    reader: impl BufRead + Seek,
    path: &Path,
    limits: &Limits,
) -> Result<DynamicImage, DataError> {
    let damaged = |error: image::ImageError| match error {
        image::ImageError::IoError(error) => {
            DataError::reading(path, "picture", "a whole PNG or JPEG file", error)
        }
        other => DataError::format(path, "picture", "a PNG or JPEG file", other.to_string()),
    };
    let reader = ImageReader::new(reader)
        .with_guessed_format()
        .map_err(|error| DataError::io(path, error))?;
    let format = reader.format();
    let mut bytes = Vec::new();
    let read = reader.into_inner().take(limits.bytes.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| DataError::io(path, error))?;
    limits.check(path, "picture", bytes.len() as u64)?;
    if format == Some(ImageFormat::Jpeg) && !jpeg::is_whole(&bytes) {
        let expected = "a whole PNG or JPEG file";
        return Err(DataError::format(path, "picture", expected, "the end of the file"));
    }
    let mut reader = ImageReader::new(Cursor::new(bytes));
    if let Some(format) = format {
        reader.set_format(format);
    }
    let mut memory = image::Limits::default();
    memory.max_alloc = Some(limits.bytes);
    reader.limits(memory);
    let decoder = reader.into_decoder().map_err(damaged)?;
    limits.check(path, "picture", decoder.total_bytes())?;
    DynamicImage::from_decoder(decoder).map_err(damaged)
}

/// The picture's bytes in another size and number of channels.
pub(super) fn fit(
    image: DynamicImage,
    path: &Path,
    shape: PictureShape,
    limits: &Limits,
) -> Result<Vec<u8>, DataError> {
    let sides = u32::try_from(shape.width).ok().zip(u32::try_from(shape.height).ok());
    let bytes = shape.elements().filter(|&bytes| bytes > 0);
    let (Some((width, height)), Some(bytes)) = (sides, bytes) else {
        let got = format!("({}, {}, {})", shape.height, shape.width, shape.channels);
        return Err(DataError::format(path, "picture", "a size that pictures can have", got));
    };
    // The filter works on f32 with four channels, in two passes.
    let resized = (bytes as u64)
        .saturating_mul(32)
        .saturating_add(u64::from(width) * u64::from(image.height()) * 16);
    limits.check(path, "resized picture", resized)?;
    let image = if (image.width(), image.height()) == (width, height) {
        image
    } else {
        image.resize_exact(width, height, FilterType::Triangle)
    };
    match shape.channels {
        1 => Ok(image.into_luma8().into_raw()),
        3 => Ok(image.into_rgb8().into_raw()),
        4 => Ok(image.into_rgba8().into_raw()),
        channels => Err(DataError::format(
            path,
            "picture",
            "an input of 1, 3 or 4 channels",
            channels.to_string(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};
    use proptest::prelude::*;

    const WIDE: Limits = Limits { bytes: 1 << 22 };

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let picture = RgbImage::from_fn(16, 8, |x, y| Rgb([x as u8 * 16, y as u8 * 32, 128]));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn read(bytes: &[u8], shape: PictureShape) -> Result<Vec<u8>, DataError> {
        let path = Path::new("a.png");
        decode(Cursor::new(bytes), path, &WIDE).and_then(|image| fit(image, path, shape, &WIDE))
    }

    const OWN: PictureShape = PictureShape { height: 8, width: 16, channels: 3 };

    #[test]
    fn a_picture_of_the_right_size_keeps_its_bytes() {
        let bytes = read(&encoded(ImageFormat::Png), OWN).unwrap();
        assert_eq!(&bytes[..6], [0, 0, 128, 16, 0, 128]);
        assert_eq!(bytes.len(), 8 * 16 * 3);
    }

    #[test]
    fn pictures_are_resized_and_turned_grey() {
        let shape = PictureShape { height: 4, width: 4, channels: 1 };
        assert_eq!(read(&encoded(ImageFormat::Jpeg), shape).unwrap().len(), 16);
        assert!(read(&encoded(ImageFormat::Png), PictureShape { channels: 2, ..OWN }).is_err());
        assert!(
            read(&encoded(ImageFormat::Png), PictureShape { width: usize::MAX, ..OWN }).is_err()
        );
    }

    #[test]
    fn a_picture_in_memory_is_fitted_as_one_from_a_file() {
        let bytes = encoded(ImageFormat::Png);
        let picture = Picture::decode(&bytes, "a.png", &WIDE).unwrap();
        let small = PictureShape { height: 4, width: 4, channels: 1 };
        assert_eq!(picture.fitted(small).unwrap(), read(&bytes, small).unwrap());
        let pixels = picture.fitted(OWN).unwrap();
        let again = Picture::of_pixels(OWN, pixels.clone(), "drawing", &WIDE).unwrap();
        assert_eq!((again.shape(), again.fitted(OWN).unwrap()), (OWN, pixels));
        let shown = Picture::decode(&again.png(8).unwrap(), "b.png", &WIDE).unwrap();
        assert_eq!(shown.shape(), PictureShape { height: 4, width: 8, channels: 3 });
    }

    #[test]
    fn pixels_that_are_no_picture_are_refused() {
        let refused =
            |shape, count| Picture::of_pixels(shape, vec![0; count], "drawing", &WIDE).is_err();
        assert!(refused(OWN, 5) && refused(PictureShape { channels: 2, ..OWN }, 256));
        assert!(refused(PictureShape { height: usize::MAX, ..OWN }, 0));
        assert!(refused(PictureShape { height: 0, ..OWN }, 0));
    }

    #[test]
    fn a_picture_larger_than_the_limit_is_refused_by_its_header() {
        // A PNG of 60,000 × 60,000 pixels whose header stands alone.
        let mut bytes = encoded(ImageFormat::Png);
        bytes[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        let crc = flate2_crc(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        let error = read(&bytes, OWN).unwrap_err().to_string();
        assert!(
            error.contains("limit") || error.contains("Limit") || error.contains("memory"),
            "{error}"
        );
    }

    fn flate2_crc(bytes: &[u8]) -> u32 {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum()
    }

    #[test]
    fn a_picture_cut_at_any_byte_is_an_error() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            let bytes = encoded(format);
            // A PNG is whole with its last pixel, before the twelve bytes of its end chunk.
            let least = if format == ImageFormat::Png { bytes.len() - 12 } else { bytes.len() };
            for length in 0..least {
                assert!(read(&bytes[..length], OWN).is_err(), "{format:?} cut at {length}");
            }
        }
    }

    proptest! {
        #[test]
        fn changed_bytes_never_panic(changes in proptest::collection::vec((0usize..1024, any::<u8>()), 1..4)) {
            for format in [ImageFormat::Png, ImageFormat::Jpeg] {
                let mut bytes = encoded(format);
                let length = bytes.len();
                for (place, byte) in &changes {
                    bytes[place % length] = *byte;
                }
                let _ = read(&bytes, OWN);
            }
        }
    }
}
