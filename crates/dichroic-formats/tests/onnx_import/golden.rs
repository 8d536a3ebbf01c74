//! Files that torch and converters from TensorFlow write, against the outputs of ONNX Runtime (`golden.py`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use dichroic::Tensor;
use dichroic_formats::onnx::{ImportedOnnx, OnnxOptions, Port, read_onnx};
use serde::Deserialize;

use crate::built::classes;

/// One network: the shape of its input, that of its output in the file's order, and the output's values.
#[derive(Deserialize)]
struct Case {
    input: Vec<usize>,
    output: Vec<usize>,
    values: Vec<f32>,
}

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "onnx_import", "golden"].iter().collect()
}

fn read(name: &str) -> ImportedOnnx {
    let path = folder().join(format!("{name}.onnx"));
    read_onnx(&path, &OnnxOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// Holds a network to its outputs; returns it for a look at its layers.
fn check(name: &str) -> ImportedOnnx {
    let text = std::fs::read_to_string(folder().join("golden.json")).unwrap();
    let mut cases: BTreeMap<String, Case> = serde_json::from_str(&text).unwrap();
    let case = cases.remove(name).unwrap();
    let imported = read(name);
    let len: usize = case.input.iter().product();
    let x: Vec<f32> = (0..len).map(|i| (i as f64).sin() as f32).collect();
    let x = in_memory(&imported.inputs[0], &case.input, &x);
    let y = imported.model.predict(&[x]).unwrap().remove(0);
    let expected = in_memory(&imported.outputs[0], &case.output, &case.values);
    assert_eq!(y.shape(), expected.shape(), "{name}");
    let largest = expected.data().iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    for (place, (got, expected)) in y.data().iter().zip(expected.data()).enumerate() {
        let distance = (got - expected).abs();
        assert!(distance <= 1e-5 * largest, "{name} at {place}: expected {expected}, got {got}");
    }
    imported
}

/// An array of the file in the order in which the model has it.
pub fn in_memory(port: &Port, shape: &[usize], values: &[f32]) -> Tensor {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    let sizes: Vec<usize> = port.order.iter().map(|&axis| shape[axis]).collect();
    let value = |mut number: usize| {
        let mut place = 0;
        for (&size, &axis) in sizes.iter().zip(&port.order).rev() {
            place += number % size * strides[axis];
            number /= size;
        }
        values[place]
    };
    Tensor::new(sizes.clone(), (0..values.len()).map(value).collect()).unwrap()
}

#[test]
fn a_block_of_torch_runs_with_a_batch_that_the_file_fixes_to_one() {
    let imported = check("block_fixed");
    assert_eq!(imported.inputs[0].shape, [None, Some(3), Some(16), Some(16)]);
    let permuted = classes(&imported).iter().filter(|class| **class == "Permute").count();
    assert_eq!(permuted, 1, "only the shuffle moves channels: {:?}", classes(&imported));
}

#[test]
fn a_block_of_torch_runs_with_a_batch_that_the_file_leaves_open() {
    let open = check("block_open_batch");
    assert_eq!(classes(&open), classes(&read("block_fixed")));
    let kinds = ["Conv2D", "MaxPooling2D", "DepthwiseConv2D", "Dense", "Flatten", "Softmax"];
    assert!(kinds.iter().all(|kind| classes(&open).contains(kind)), "{:?}", classes(&open));
}

#[test]
fn a_network_that_has_its_channels_last_moves_nothing() {
    let imported = check("channels_last");
    assert_eq!(imported.inputs[0].order, [0, 1, 2, 3]);
    let expected = ["Conv2D", "Rescaling", "ReLU", "DepthwiseConv2D", "Flatten", "Dense"];
    assert_eq!(classes(&imported), expected);
}

#[test]
fn transposed_convolutions_cut_and_add_as_torch_does() {
    let imported = check("transposed");
    assert_eq!(imported.outputs[0].order, [0, 2, 3, 1]);
}

#[test]
fn convolutions_along_one_axis_run() {
    check("line");
}

#[test]
fn functions_of_the_file_and_branches_of_known_condition_are_followed() {
    let imported = check("known_branch");
    assert!(classes(&imported).contains(&"Activation"), "{:?}", classes(&imported));
    assert!(!classes(&imported).contains(&"ReLU"));
}
