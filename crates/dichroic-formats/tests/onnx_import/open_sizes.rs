//! Networks whose batch, height and width the file leaves open, against ONNX Runtime at some sizes (`open_sizes.py`).

use std::path::PathBuf;

use dichroic_formats::FormatError;
use dichroic_formats::onnx::{ImportedOnnx, OnnxOptions, read_onnx};
use serde::Deserialize;

use crate::golden::in_memory;

/// One input of a network: its shape, that of the output in the file's order, and the output's values.
#[derive(Deserialize)]
struct Case {
    name: String,
    input: Vec<usize>,
    output: Vec<usize>,
    values: Vec<f32>,
}

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "onnx_import", "open_sizes"].iter().collect()
}

fn read(name: &str, sample_shape: Option<Vec<usize>>) -> Result<ImportedOnnx, FormatError> {
    let options = OnnxOptions { sample_shape, ..OnnxOptions::default() };
    read_onnx(&folder().join(format!("{name}.onnx")), &options)
}

/// The cases of a network.
fn cases(name: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(folder().join("golden.json")).unwrap();
    let mut cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    cases.retain(|case| case.name == name);
    assert!(!cases.is_empty());
    cases
}

fn check(case: &Case, imported: &ImportedOnnx) {
    let len: usize = case.input.iter().product();
    let x: Vec<f32> = (0..len).map(|i| (i as f64).sin() as f32).collect();
    let x = in_memory(&imported.inputs[0], &case.input, &x);
    let y = imported.model.predict(&[x]).unwrap().remove(0);
    let expected = in_memory(&imported.outputs[0], &case.output, &case.values);
    assert_eq!(y.shape(), expected.shape(), "{} {:?}", case.name, case.input);
    for (got, expected) in y.data().iter().zip(expected.data()) {
        assert!((got - expected).abs() <= 1e-5, "{}: expected {expected}, got {got}", case.name);
    }
}

#[test]
fn one_model_takes_every_size_where_layers_can_say_it() {
    for name in ["reader", "twice", "attention"] {
        let imported = read(name, None).unwrap_or_else(|error| panic!("{error}"));
        for case in cases(name) {
            check(&case, &imported);
        }
    }
}

#[test]
fn other_models_are_made_for_each_size_and_the_error_says_how() {
    for name in ["skip", "windows"] {
        let error = read(name, None).unwrap_err().to_string();
        assert!(error.contains("--input 224,224,3"), "{error}");
        for case in cases(name) {
            // Channels come last in the model.
            let sample = [&case.input[2..], &case.input[1..2]].concat();
            let imported = read(name, Some(sample)).unwrap_or_else(|error| panic!("{error}"));
            check(&case, &imported);
        }
    }
}
