//! Data sets known by name.

use std::path::Path;

use super::{DataError, Limits, Split, idx};

/// The names that [`named`] knows.
pub const NAMES: [&str; 1] = ["fashion-mnist"];

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

/// The data set of this name.
///
/// # Errors
/// When there is none, or the package that brings it is not installed.
pub fn named(name: &str) -> Result<Split, DataError> {
    match name {
        "fashion-mnist" => fashion_mnist(Path::new(FASHION_MNIST)),
        _ => Err(DataError::UnknownName { name: name.to_owned(), known: NAMES.join(", ") }),
    }
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

    #[test]
    fn a_set_that_is_not_installed_names_its_package() {
        let error = fashion_mnist(Path::new("/nowhere")).unwrap_err().to_string();
        assert!(error.contains("apt-get install dataset-fashion-mnist"), "{error}");
    }
}
