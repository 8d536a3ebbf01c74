//! What is written comes back bit for bit, and where it lies.

use std::fs;
use std::path::PathBuf;

use dichroic::layers::{BatchNormalization, Conv2D, Dense, Flatten};
use dichroic::model::{Input, Model, Sequential};
use dichroic_formats::{
    NameMap, NamedArrays, load_arrays, read_npz, read_safetensors, write_npz, write_safetensors,
};

fn model() -> Model {
    Sequential::new()
        .add(Input::new(&[6, 6, 3]))
        .add(Conv2D::new(4, 3))
        .add(BatchNormalization::new())
        .add(Flatten::new())
        .add(Dense::new(64))
        .finish()
        .unwrap()
}

fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("dichroic-arrays-{}-{name}", std::process::id()))
}

fn check(written: &Model, arrays: &NamedArrays) {
    let mut read = model();
    load_arrays(&mut read, arrays, &NameMap::default()).unwrap();
    assert_eq!(read.parameters().unwrap().tensors(), written.parameters().unwrap().tensors());
    // The square matrix of the last layer was not turned, and nothing was copied.
    let shared = read.parameters().unwrap().tensors().iter().all(|tensor| tensor.is_shared());
    assert_eq!(shared, cfg!(target_endian = "little"));
}

#[test]
fn weights_come_back_from_both_formats_without_a_copy() {
    let mut written = model();
    written.build(7).unwrap();
    let path = temporary("a.safetensors");
    write_safetensors(&path, &written).unwrap();
    check(&written, &read_safetensors(&path).unwrap());
    fs::remove_file(&path).unwrap();
    let path = temporary("a.npz");
    write_npz(&path, &written).unwrap();
    check(&written, &read_npz(&path).unwrap());
    fs::remove_file(&path).unwrap();
}

#[test]
fn the_same_weights_are_the_same_bytes() {
    let mut written = model();
    written.build(7).unwrap();
    let bytes = |name: &str, npz: bool| {
        let path = temporary(name);
        let write = if npz { write_npz } else { write_safetensors };
        write(&path, &written).unwrap();
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        bytes
    };
    assert_eq!(bytes("b", true), bytes("c", true));
    assert_eq!(bytes("d", false), bytes("e", false));
}

#[test]
fn a_model_without_values_is_not_written() {
    let path = temporary("none");
    assert!(write_safetensors(&path, &model()).is_err());
    assert!(write_npz(&path, &model()).is_err());
    assert!(!path.exists());
}
