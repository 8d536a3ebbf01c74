//! Folders of pictures by class: `cats/1.png`, `dogs/2.png`.

use std::path::{Path, PathBuf};

use super::picture::{EXTENSIONS, read_picture};
use super::{Array, DataError, Dataset, Limits, PictureShape, PixelRange, Split, Values};

/// Names of folders that hold the classes to train on.
const TRAIN: [&str; 2] = ["train", "training"];

/// Names of folders that hold the same classes, held out.
const TEST: [&str; 4] = ["test", "testing", "validation", "val"];

/// Reads a folder with one folder of pictures for each class.
///
/// Classes are numbered in the order of their names, files come in the order of theirs, as
/// `keras.utils.image_dataset_from_directory` finds them; a folder inside a class belongs to it. A folder that holds `train` (and
/// `test` or `validation`) holds the classes inside those.
///
/// # Errors
/// When a folder or file can't be read, there are no classes or a class has no pictures, the parts have different classes, or all
/// pictures together need more memory than the limits allow.
pub fn read_folder(
    folder: &Path,
    shape: PictureShape,
    limits: &Limits,
) -> Result<Split, DataError> {
    let part =
        |names: &[&str]| names.iter().map(|name| folder.join(name)).find(|path| path.is_dir());
    let Some(train) = part(&TRAIN) else {
        return Ok(Split { train: read_classes(folder, shape, limits)?, test: None });
    };
    let train = read_classes(&train, shape, limits)?;
    let Some(test) = part(&TEST) else { return Ok(Split { train, test: None }) };
    let held_out = read_classes(&test, shape, limits)?;
    if held_out.class_names() != train.class_names() {
        let expected = format!("the classes {}", train.class_names().join(", "));
        return Err(DataError::format(
            &test,
            "classes",
            expected,
            held_out.class_names().join(", "),
        ));
    }
    Ok(Split { train, test: Some(held_out) })
}

fn read_classes(folder: &Path, shape: PictureShape, limits: &Limits) -> Result<Dataset, DataError> {
    let classes: Vec<PathBuf> = entries(folder)?.into_iter().filter(|path| path.is_dir()).collect();
    let mut files = Vec::new();
    let mut labels = Vec::new();
    let mut names = Vec::new();
    for (number, class) in classes.iter().enumerate() {
        let before = files.len();
        find_pictures(class, 0, &mut files)?;
        if files.len() == before {
            return Err(DataError::NoPictures { path: class.clone() });
        }
        labels.resize(files.len(), number as f32);
        names.push(file_name(class));
    }
    if files.is_empty() {
        return Err(DataError::format(
            folder,
            "folder",
            "a folder of pictures for each class",
            "no folders",
        ));
    }
    let bytes = shape.elements().and_then(|len| len.checked_mul(files.len())).unwrap_or(usize::MAX);
    limits.check(folder, &format!("{} pictures", files.len()), bytes as u64)?;
    let mut pixels = Vec::with_capacity(bytes);
    for file in &files {
        pixels.extend(read_picture(file, shape, limits)?);
    }
    let shape = [files.len(), shape.height, shape.width, shape.channels];
    let x = Array::new("x", shape, Values::U8(pixels, PixelRange::Bytes))?;
    Ok(Dataset::new(vec![x], vec![Array::column("y", labels)])?.with_class_names(names))
}

/// The entries of a folder by name, without hidden ones.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| DataError::io(folder, error))? {
        let path = entry.map_err(|error| DataError::io(folder, error))?.path();
        if !file_name(&path).starts_with('.') {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Collects the pictures in a folder and the folders in it; links that lead in a circle end at a depth of 16.
fn find_pictures(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), DataError> {
    for path in entries(folder)? {
        let extension =
            path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        if path.is_dir() {
            if depth < 16 {
                find_pictures(&path, depth + 1, files)?;
            }
        } else if extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str())) {
            files.push(path);
        }
    }
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    const WIDE: Limits = Limits { bytes: 1 << 22 };
    const SHAPE: PictureShape = PictureShape { height: 2, width: 2, channels: 3 };

    /// A folder that is gone when the test ends.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path =
                std::env::temp_dir().join(format!("dichroic-folder-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn picture(&self, name: &str, level: u8) {
            let path = self.0.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            RgbImage::from_pixel(4, 4, Rgb([level; 3])).save(path).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn classes_and_files_come_in_the_order_of_their_names() {
        let folder = Folder::new("order");
        for (name, level) in
            [("dogs/b.png", 3), ("cats/z.png", 2), ("cats/a.PNG", 1), ("dogs/deep/a.png", 4)]
        {
            folder.picture(name, level);
        }
        std::fs::write(folder.0.join("cats/notes.txt"), "no picture").unwrap();
        let data = read_folder(&folder.0, SHAPE, &WIDE).unwrap().train;
        assert_eq!(data.class_names(), ["cats", "dogs"]);
        let levels: Vec<f32> = (0..4).map(|row| data.inputs()[0].sample(row)[0]).collect();
        assert_eq!(levels, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(data.targets()[0].to_tensor().data(), [0.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    fn a_folder_of_parts_gives_training_and_test_data() {
        let folder = Folder::new("parts");
        for name in ["train/a/1.png", "train/b/1.png", "test/a/1.png"] {
            folder.picture(name, 5);
        }
        let error = read_folder(&folder.0, SHAPE, &WIDE).unwrap_err().to_string();
        assert!(error.contains("the classes a, b, got a"), "{error}");
        folder.picture("test/b/1.png", 5);
        assert_eq!(read_folder(&folder.0, SHAPE, &WIDE).unwrap().test.unwrap().len(), 2);
    }

    #[test]
    fn a_damaged_picture_an_empty_class_and_a_full_memory_are_named() {
        let folder = Folder::new("damaged");
        assert!(read_folder(&folder.0, SHAPE, &WIDE).is_err());
        std::fs::create_dir(folder.0.join("empty")).unwrap();
        assert!(
            read_folder(&folder.0, SHAPE, &WIDE)
                .unwrap_err()
                .to_string()
                .ends_with("empty holds no .jpeg, .jpg or .png file")
        );
        std::fs::write(folder.0.join("empty/bad.jpg"), "no picture").unwrap();
        assert!(read_folder(&folder.0, SHAPE, &WIDE).unwrap_err().to_string().contains("bad.jpg"));
        let error = read_folder(&folder.0, SHAPE, &Limits { bytes: 11 }).unwrap_err();
        assert!(matches!(error, DataError::TooLarge { needed: 12, limit: 11, .. }), "{error}");
    }
}
