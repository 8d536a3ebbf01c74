//! Data sets known by name.

use std::io::Cursor;
use std::path::Path;

use super::{Array, DataError, Dataset, Limits, PixelRange, Split, Values, idx, picture};

/// The names that [`named`] knows.
pub const NAMES: [&str; 3] = ["photos", "fashion", "fashion-mnist"];

/// Where Debian's package puts the files.
const FASHION_MNIST: &str = "/usr/share/datasets/fashion-mnist";

const FASHION_CLASSES: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

macro_rules! photos {
    ($($name:literal),+) => {
        [$(($name, include_bytes!(concat!("../../data/photos/", $name, ".jpg")))),+]
    };
}

/// The photographs in the order of their labels.
static PHOTOS: [(&str, &[u8]); 10] = photos!(
    "astronaut",
    "cat",
    "coffee",
    "flower",
    "galaxies",
    "raccoon",
    "retina",
    "rocket",
    "temple",
    "tissue"
);

static FASHION_PIXELS: &[u8] = include_bytes!("../../data/fashion/fashion.png");
static FASHION_LABELS: &str = include_str!("../../data/fashion/labels.txt");

/// The ten photographs that the patches of `photos` are cut from: name, and the bytes of a JPEG file of 360 × 360 pixels.
pub fn photographs() -> &'static [(&'static str, &'static [u8])] {
    &PHOTOS
}

/// The data set of this name.
///
/// - `photos`: 32 × 32 patches of ten colour photographs; the class is the photograph. 4,200 to train on; 1,680 to test
///   with, from rows that no training patch touches.
/// - `fashion`: 4,000 grey pictures of Fashion-MNIST, 28 × 28; 3,200 to train on and 800 to test with.
/// - `fashion-mnist`: all 70,000, where Debian's package `dataset-fashion-mnist` is installed.
///
/// Sources, licences and splits stand in the folder `data` of this crate.
///
/// # Errors
/// When there is none, or the package that brings it is not installed.
pub fn named(name: &str) -> Result<Split, DataError> {
    match name {
        "photos" => photos(),
        "fashion" => fashion(),
        "fashion-mnist" => fashion_mnist(Path::new(FASHION_MNIST)),
        _ => Err(DataError::UnknownName { name: name.to_owned(), known: NAMES.join(", ") }),
    }
}

/// Patches of one part of every photograph.
#[derive(Default)]
struct Patches {
    pixels: Vec<u8>,
    labels: Vec<f32>,
}

/// The side of a photograph, of a patch, and of a band that is split into training and test rows.
const PHOTO: usize = 360;
const PATCH: usize = 32;
const BAND: usize = 120;

/// The first rows of the patches of a band: those to train on end before row 80, where those to test with begin.
const TRAIN_ROWS: [usize; 5] = [0, 12, 24, 36, 48];
const TEST_ROWS: [usize; 2] = [80, 88];

impl Patches {
    fn cut(&mut self, photo: &[u8], label: usize, rows: &[usize]) {
        for band in (0..PHOTO).step_by(BAND) {
            for top in rows.iter().map(|row| band + row) {
                for left in (0..=PHOTO - PATCH).step_by(12) {
                    for y in top..top + PATCH {
                        let start = (y * PHOTO + left) * 3;
                        self.pixels.extend_from_slice(&photo[start..start + PATCH * 3]);
                    }
                    self.labels.push(label as f32);
                }
            }
        }
    }

    fn dataset(self) -> Result<Dataset, DataError> {
        let names = PHOTOS.iter().map(|(name, _)| (*name).to_owned()).collect();
        dataset([self.labels.len(), PATCH, PATCH, 3], self.pixels, self.labels, names)
    }
}

fn photos() -> Result<Split, DataError> {
    let (mut train, mut test) = (Patches::default(), Patches::default());
    for (label, (name, bytes)) in PHOTOS.iter().enumerate() {
        let path = format!("photos/{name}.jpg");
        let image = picture::decode(Cursor::new(*bytes), Path::new(&path), &Limits::default())?;
        let photo = image.into_rgb8().into_raw();
        if photo.len() != PHOTO * PHOTO * 3 {
            let got = format!("{} bytes", photo.len());
            return Err(DataError::format(Path::new(&path), "picture", "360 × 360 pixels", got));
        }
        train.cut(&photo, label, &TRAIN_ROWS);
        test.cut(&photo, label, &TEST_ROWS);
    }
    Ok(Split { train: train.dataset()?, test: Some(test.dataset()?) })
}

/// The side of a tile, tiles in a row, and tiles to train on.
const TILE: usize = 28;
const TILES: usize = 80;
const FASHION_TRAIN: usize = 3_200;

fn fashion() -> Result<Split, DataError> {
    let path = Path::new("fashion/fashion.png");
    let image =
        picture::decode(Cursor::new(FASHION_PIXELS), path, &Limits::default())?.into_luma8();
    let labels: Vec<f32> = FASHION_LABELS
        .bytes()
        .filter(u8::is_ascii_digit)
        .map(|digit| f32::from(digit - b'0'))
        .collect();
    let (width, height) = (TILES * TILE, labels.len() / TILES * TILE);
    let pixels = image.into_raw();
    if pixels.len() != width * height {
        let expected = format!("a tile for each of {} labels", labels.len());
        return Err(DataError::format(
            path,
            "picture",
            expected,
            format!("{} bytes", pixels.len()),
        ));
    }
    let mut tiles = Vec::with_capacity(pixels.len());
    for tile in 0..labels.len() {
        let (top, left) = (tile / TILES * TILE, tile % TILES * TILE);
        for y in top..top + TILE {
            tiles.extend_from_slice(&pixels[y * width + left..y * width + left + TILE]);
        }
    }
    let names = FASHION_CLASSES.map(str::to_owned).to_vec();
    let (train, test) =
        dataset([labels.len(), TILE, TILE, 1], tiles, labels, names)?.split_at(FASHION_TRAIN);
    Ok(Split { train, test: Some(test) })
}

fn dataset(
    shape: [usize; 4],
    pixels: Vec<u8>,
    labels: Vec<f32>,
    names: Vec<String>,
) -> Result<Dataset, DataError> {
    let x = Array::new("x", shape, Values::U8(pixels, PixelRange::Bytes))?;
    Ok(Dataset::new(vec![x], vec![Array::column("y", labels)])?.with_class_names(names))
}

/// The whole of Fashion-MNIST: 60,000 pictures to train on and 10,000 to test with.
fn fashion_mnist(folder: &Path) -> Result<Split, DataError> {
    let missing =
        || DataError::NotInstalled { path: folder.to_path_buf(), package: "dataset-fashion-mnist" };
    if !folder.is_dir() {
        return Err(missing());
    }
    let pairs = idx::find_pairs(folder)?.ok_or_else(missing)?;
    let split = pairs.read(&Limits::default())?;
    let names = || FASHION_CLASSES.map(str::to_owned).to_vec();
    Ok(Split {
        train: split.train.with_class_names(names()),
        test: split.test.map(|test| test.with_class_names(names())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(data: &Dataset) -> Vec<usize> {
        let labels = data.targets()[0].to_tensor().into_data();
        (0..10).map(|class| labels.iter().filter(|&&label| label == class as f32).count()).collect()
    }

    #[test]
    fn photos_has_the_patches_that_its_readme_promises() {
        let Split { train, test } = named("photos").unwrap();
        let test = test.unwrap();
        assert_eq!(
            (train.inputs()[0].shape(), test.inputs()[0].shape()),
            (&[4200, 32, 32, 3][..], &[1680, 32, 32, 3][..])
        );
        assert_eq!((counts(&train), counts(&test)), (vec![420; 10], vec![168; 10]));
        assert_eq!(train.class_names()[9], "tissue");
    }

    #[test]
    fn no_test_patch_touches_a_row_of_a_training_patch() {
        let rows = |tops: &[usize]| -> Vec<usize> {
            tops.iter().flat_map(|top| *top..top + PATCH).collect()
        };
        let train = rows(&TRAIN_ROWS);
        assert!(rows(&TEST_ROWS).iter().all(|row| *row < BAND && !train.contains(row)));
    }

    #[test]
    fn fashion_has_every_class_equally_often_in_both_parts() {
        let Split { train, test } = named("fashion").unwrap();
        let test = test.unwrap();
        assert_eq!((counts(&train), counts(&test)), (vec![320; 10], vec![80; 10]));
        assert_eq!(train.inputs()[0].shape(), [3200, 28, 28, 1]);
        // A picture fills its tile: neighbours are cut apart where one ends.
        let mean = |row: usize| test.inputs()[0].sample(row).iter().sum::<f32>() / 784.0;
        assert!((0..800).all(|row| (1.0..254.0).contains(&mean(row))));
    }

    #[test]
    fn a_set_that_is_not_installed_names_its_package() {
        let error = fashion_mnist(Path::new("/nowhere")).unwrap_err().to_string();
        assert!(error.contains("apt-get install dataset-fashion-mnist"), "{error}");
        assert!(named("cifar").unwrap_err().to_string().contains("photos, fashion, fashion-mnist"));
    }
}
