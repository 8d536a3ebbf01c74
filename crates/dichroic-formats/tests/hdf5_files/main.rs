//! HDF5 files of every Keras give the outputs that Keras gave; what is written comes back; what is hostile or damaged is
//! refused by name.

mod hostile;
mod mutated;
mod old_keras;
mod written;

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use dichroic::data::Limits;
use dichroic::data::npz::read_npz;
use dichroic::model::Model;
use dichroic_graph::kernels::tensor::Tensor;

/// Relative for values above one: sums are f32 on both sides, in different orders.
const BOUND: f32 = 1e-5;

/// A folder of a test's own that is gone when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("dichroic-hdf5-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A file of some Keras, from the archive that `old_keras/make.py` made.
    fn golden(&self, name: &str) -> PathBuf {
        let path = self.file(name);
        fs::write(&path, golden(name)).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The bytes of a file of some Keras.
fn golden(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/old_keras/files.zip");
    let mut archive = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let mut bytes = Vec::new();
    archive.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// Inputs and outputs by the names of files.
fn arrays(folder: &Folder, name: &str) -> HashMap<String, Tensor> {
    let arrays = read_npz(&folder.golden(name), &Limits::default()).unwrap();
    arrays.into_iter().map(|(name, array)| (name, array.into_tensor().unwrap())).collect()
}

fn assert_close(got: &Tensor, expected: &Tensor, what: &str) {
    assert_eq!(got.shape(), expected.shape(), "{what}");
    let pairs = got.data().iter().zip(expected.data());
    let far: Vec<_> = pairs
        .enumerate()
        .filter(|(_, (got, expected))| (*got - *expected).abs() > BOUND * expected.abs().max(1.0))
        .take(8)
        .collect();
    assert!(far.is_empty(), "{what}: (index, (got, expected)) {far:?}");
}

fn assert_predicts(model: &Model, arrays: &HashMap<String, Tensor>, name: &str) {
    let input = arrays[&format!("{name}/input")].clone();
    let output = &model.predict(&[input]).unwrap()[0];
    assert_close(output, &arrays[&format!("{name}/output")], name);
}

fn values(model: &Model) -> Vec<Tensor> {
    model.parameters().unwrap().tensors().to_vec()
}
