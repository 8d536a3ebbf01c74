//! Reading the golden files.

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;

use dichroic::data::Limits;
use dichroic::data::npy::NpyValues;
use dichroic::data::npz::read_npz;
use dichroic_graph::kernels::tensor::Tensor;
use serde_json::Value;

pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name)
}

pub fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub fn json(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The configuration inside a `.keras` file.
pub fn config_of(file: &str) -> Value {
    let mut archive = zip::ZipArchive::new(File::open(path(file)).unwrap()).unwrap();
    let mut config = String::new();
    archive.by_name("config.json").unwrap().read_to_string(&mut config).unwrap();
    serde_json::from_str(&config).unwrap()
}

/// The float arrays of an archive, with their names.
pub struct Arrays(Vec<(String, Tensor)>);

impl Arrays {
    pub fn read(name: &str) -> Self {
        let arrays = read_npz(&path(name), &Limits::default()).unwrap();
        let floats = arrays.into_iter().filter_map(|(name, array)| match array.values {
            NpyValues::F32(values) => Some((name, Tensor::new(array.shape, values).unwrap())),
            _ => None,
        });
        Self(floats.collect())
    }

    pub fn get(&self, name: &str) -> &Tensor {
        let found = self.0.iter().find(|(known, _)| known == name);
        &found.unwrap_or_else(|| panic!("no array {name}")).1
    }
}

/// Fails unless all values agree within `1e-5`, relative for values above one.
pub fn assert_close(got: &Tensor, expected: &Tensor, what: &str) {
    assert_eq!(got.shape(), expected.shape(), "{what}");
    for (index, (a, b)) in got.data().iter().zip(expected.data()).enumerate() {
        let bound = 1e-5 * b.abs().max(1.0);
        assert!(
            (a - b).abs() <= bound,
            "{what}[{index}]: got {a}, expected {b}, {} apart",
            (a - b).abs()
        );
    }
}
