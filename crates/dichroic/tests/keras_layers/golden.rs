//! Every layer against Keras: shapes, weights, configuration, outputs, gradients and moving statistics.
//!
//! The numbers come from `tests/golden/layers.py`, which says how they were made.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::lowered::{Lowered, known};
use dichroic::Shape;
use dichroic::data::Limits;
use dichroic::data::npz::read_npz;
use dichroic::layers::{Layer, Mode, registry};
use serde_json::{Map, Value};

/// Sums are f32 on both sides, in different orders; relative above 1.
const BOUND: f32 = 1e-5;

struct Golden {
    cases: Vec<Value>,
    arrays: HashMap<String, (Vec<usize>, Vec<f32>)>,
}

fn golden() -> Golden {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    let text =
        std::fs::read_to_string(folder.join("layers.json")).expect("tests/golden/layers.json");
    let index: Value = serde_json::from_str(&text).expect("JSON");
    let arrays = read_npz(&folder.join("layers.npz"), &Limits::default()).expect("layers.npz");
    let arrays = arrays
        .into_iter()
        .map(|(name, array)| (name, (array.shape.clone(), array.values.into_f32())));
    Golden { cases: index["cases"].as_array().expect("cases").clone(), arrays: arrays.collect() }
}

fn names(case: &Value, key: &str) -> Vec<String> {
    serde_json::from_value(case[key].clone()).expect("a list of names")
}

/// Runs the check on every case and reports all that fail.
fn each_case(check: impl Fn(&Value, &Golden, &dyn Layer) -> Result<(), String>) {
    let golden = golden();
    let mut failures = Vec::new();
    for case in &golden.cases {
        let name = case["name"].as_str().expect("a name");
        let class_name = case["class_name"].as_str().expect("a class name");
        let config = case["config"].as_object().expect("a configuration");
        let result = registry::from_config(class_name, config)
            .map_err(|error| error.to_string())
            .and_then(|layer| check(case, &golden, layer.as_ref()));
        if let Err(error) = result {
            failures.push(format!("{name}: {error}"));
        }
    }
    let cases = golden.cases.len();
    assert!(failures.is_empty(), "{} of {cases} cases:\n{}", failures.len(), failures.join("\n"));
}

fn input_shapes(case: &Value) -> Vec<Vec<usize>> {
    serde_json::from_value(case["input_shapes"].clone()).expect("shapes")
}

/// What the model keeps, and the layer does not write.
fn own(config: &Map<String, Value>) -> Map<String, Value> {
    let kept = |name: &str| !registry::MODEL_ARGUMENTS.contains(&name);
    let entries = config.iter().filter(|(name, _)| kept(name));
    entries.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[test]
fn configurations_are_written_as_keras_writes_them() {
    each_case(|case, _, layer| {
        let mut expected = own(case["config"].as_object().expect("a configuration"));
        // Keras writes a default of two whole numbers as it stands in its code.
        for range in ["factor", "value_range"] {
            let numbers = expected.get_mut(range).and_then(Value::as_array_mut);
            for number in numbers.into_iter().flatten() {
                *number = number.as_f64().expect("a number").into();
            }
        }
        let got = layer.config();
        if got == expected {
            return Ok(());
        }
        Err(format!("expected {}\n     got {}", Value::Object(expected), Value::Object(got)))
    });
}

#[test]
fn output_and_weight_shapes_are_those_of_keras() {
    each_case(|case, golden, layer| {
        let open = |shape: &Vec<usize>| Shape::batched(&shape[1..]);
        let shapes: Vec<Shape> = input_shapes(case).iter().map(open).collect();
        let expected: Vec<usize> =
            serde_json::from_value(case["output_shape"].clone()).expect("a shape");
        let got = layer.output_shape(&shapes).map_err(|error| error.to_string())?;
        if got != open(&expected) {
            return Err(format!("expected {}, got {got}", open(&expected)));
        }
        let weights = layer.weights(&shapes).map_err(|error| error.to_string())?;
        let trained = weights.iter().filter(|weight| weight.trainable).map(|weight| weight.name);
        // A layer that is not trainable has no trainable weights; the model sees to that.
        if case["config"]["trainable"] != false && !trained.eq(names(case, "trainable").iter()) {
            return Err("another list of trainable weights".to_owned());
        }
        let expected = names(case, "weights");
        if !weights.iter().map(|weight| weight.name).eq(expected.iter()) {
            return Err(format!("expected weights {expected:?}, got {weights:?}"));
        }
        for weight in &weights {
            let key = format!("{}/{}", case["name"].as_str().expect("a name"), weight.name);
            if weight.shape != golden.arrays[&key].0 {
                return Err(format!(
                    "{}: expected {:?}, got {:?}",
                    weight.name, golden.arrays[&key].0, weight.shape
                ));
            }
        }
        Ok(())
    });
}

#[test]
fn outputs_gradients_and_statistics_are_those_of_keras() {
    each_case(|case, golden, layer| {
        let name = case["name"].as_str().expect("a name");
        // Keras 3.15 sums the wrong numbers where more than one value stays above zero
        // (keras-team/keras#23425, mended later); `values.rs` holds sparsemax to its definition.
        if name == "activation_sparsemax" {
            return Ok(());
        }
        let array = |key: &str| golden.arrays[&format!("{name}/{key}")].1.clone();
        let shapes = input_shapes(case);
        let frozen = case["config"]["trainable"] == false;
        let mode =
            if case["training"] == true && !frozen { Mode::Training } else { Mode::Inference };
        let weights = names(case, "weights").iter().map(|weight| array(weight)).collect();
        let mut lowered =
            Lowered::new(layer, &shapes, weights, mode).map_err(|error| error.to_string())?;
        let promised = layer.output_shape(&known(&shapes)).map_err(|error| error.to_string())?;
        if promised.with_batch(shapes[0][0]).as_deref() != Some(lowered.output_shape()) {
            return Err(format!("promised {promised}, lowered to {:?}", lowered.output_shape()));
        }
        let inputs: Vec<Vec<f32>> =
            (0..shapes.len()).map(|i| array(&format!("input{i}"))).collect();
        let expected = array("output");
        let with_gradients = case["gradients"] == true;
        let direction =
            if with_gradients { array("grad_output") } else { vec![0.0; expected.len()] };
        lowered.run(&inputs, &direction);
        close("output", &expected, lowered.output())?;
        if with_gradients {
            let inputs = (0..shapes.len()).map(|i| format!("grad_input{i}"));
            let weights =
                names(case, "trainable").into_iter().map(|weight| format!("grad_{weight}"));
            for (key, got) in inputs.chain(weights).zip(lowered.gradients()) {
                close(&key, &array(&key), &got)?;
            }
        }
        let updated = lowered.updated();
        for (weight, got) in names(case, "weights").iter().zip(updated) {
            let key = format!("updated_{weight}");
            let changes = names(case, "updated").contains(weight);
            close(&key, &array(if changes { &key } else { weight }), &got)?;
        }
        Ok(())
    });
}

/// Fails with the first eight places that differ.
fn close(what: &str, expected: &[f32], got: &[f32]) -> Result<(), String> {
    if expected.len() != got.len() {
        return Err(format!("{what}: expected {} values, got {}", expected.len(), got.len()));
    }
    // Equal infinities have no distance; NaN is far from everything.
    let near = |e: f32, g: f32| e == g || (e - g).abs() <= BOUND * e.abs().max(1.0);
    let far = |(_, (e, g)): &(usize, (&f32, &f32))| !near(**e, **g);
    let differ: Vec<String> = (expected.iter().zip(got).enumerate().filter(far))
        .map(|(i, (e, g))| format!("[{i}] expected {e}, got {g}, distance {}", (e - g).abs()))
        .take(8)
        .collect();
    if differ.is_empty() { Ok(()) } else { Err(format!("{what}: {}", differ.join("; "))) }
}
