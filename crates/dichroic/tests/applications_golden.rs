//! The applications against `keras.applications`: every layer, every count, and what they compute.

use std::fs;
use std::path::PathBuf;

use dichroic::Tensor;
use dichroic::applications::{NAMES, Options, by_name};
use dichroic::explain::Costs;
use dichroic::model::Model;
use serde_json::Value;

fn golden() -> Vec<Value> {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/applications.json");
    let file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    file["applications"].as_array().unwrap().clone()
}

fn made(case: &Value, options: &Options) -> Model {
    by_name(case["name"].as_str().unwrap(), options).unwrap()
}

/// A line a layer: name, class, output shape without the batch, names of the layers before it.
fn lines(model: &Model) -> Vec<String> {
    let line = |layer: &dichroic::model::LayerRef| {
        let call = model.first_call(layer).unwrap();
        let axis = |axis: &Option<usize>| axis.map_or("None".to_owned(), |size| size.to_string());
        let axes: Vec<String> = call.output_shapes()[0].axes()[1..].iter().map(axis).collect();
        let mut words = vec![layer.name(), layer.class_name().to_owned(), axes.join(",")];
        words.extend(call.symbols().iter().map(|symbol| symbol.layer().name()));
        words.join(" ")
    };
    model.layers().iter().map(line).collect()
}

fn checksum(model: &Model) -> u64 {
    let mut checksum = flate2::Crc::new();
    for line in lines(model) {
        checksum.update(line.as_bytes());
        checksum.update(b"\n");
    }
    checksum.sum().into()
}

#[test]
fn every_application_has_golden_values() {
    let mut known: Vec<String> =
        golden().iter().map(|case| case["name"].as_str().unwrap().to_owned()).collect();
    known.sort();
    let mut names = NAMES.to_vec();
    names.sort_unstable();
    assert_eq!(known, names);
}

#[test]
fn applications_have_the_layers_of_keras_in_its_order() {
    for case in golden() {
        let model = made(&case, &Options::default());
        assert_eq!(model.name(), case["model"].as_str().unwrap());
        if let Some(listing) = case["listing"].as_array() {
            for (got, expected) in lines(&model).iter().zip(listing) {
                assert_eq!(got, expected.as_str().unwrap(), "{}", model.name());
            }
        }
        assert_eq!(model.layers().len() as u64, case["layers"], "{}", model.name());
        assert_eq!(checksum(&model), case["checksum"], "{}", model.name());
        let features = made(&case, &Options::default().without_top(None));
        assert_eq!(checksum(&features), case["without_top"]["checksum"], "{}", model.name());
    }
}

#[test]
fn applications_have_the_counts_of_keras() {
    for case in golden() {
        let model = made(&case, &Options::default());
        let name = model.name();
        let (total, trainable) = (model.count_params(), model.count_trainable());
        assert_eq!(total, case["total"], "{name}");
        assert_eq!(trainable, case["trainable"], "{name}");
        assert_eq!(total - trainable, case["non_trainable"], "{name}");
        let features = made(&case, &Options::default().without_top(None));
        assert_eq!(features.count_params(), case["without_top"]["total"], "{name}");
        let costs = Costs::of(&model);
        assert_eq!(costs.macs(&model).unwrap(), case["macs"], "{name}");
        let bytes = costs.activation_bytes(&model).unwrap();
        assert_eq!(bytes / 4, case["output_elements"], "{name}");
    }
}

/// Numbers between `low` and `high` that the golden script makes alike: a mixed counter in each stream.
fn numbers(stream: u64, shape: &[usize], (low, high): (f64, f64)) -> Tensor {
    let start = (stream * 0x9E37_79B9) as u32;
    let number = |index: usize| {
        let mut state = start.wrapping_add(index as u32);
        for (shift, factor) in [(16, 0x7FEB_352D), (15, 0x846C_A68B), (16, 1)] {
            state = (state ^ (state >> shift)).wrapping_mul(factor);
        }
        (low + (high - low) * (f64::from(state) / 2f64.powi(32))) as f32
    };
    let values: Vec<f32> = (0..shape.iter().product()).map(number).collect();
    Tensor::new(shape, values).unwrap()
}

/// Between which values a weight lies, so that the outputs keep their size from layer to layer.
fn limits(name: &str, shape: &[usize]) -> (f64, f64) {
    match name {
        "gamma" | "moving_variance" => return (0.8, 1.2),
        "beta" | "bias" | "moving_mean" => return (-0.1, 0.1),
        _ => (),
    }
    // A depthwise kernel sums over its window alone.
    let summed = if shape.ends_with(&[1]) { shape.len() - 2 } else { shape.len() - 1 };
    let bound = (6.0 / shape[..summed].iter().product::<usize>() as f64).sqrt();
    (-bound, bound)
}

#[test]
fn applications_compute_what_keras_computes() {
    for case in golden() {
        let Some(side) = case["small"]["side"].as_u64() else { continue };
        let side = side as usize;
        let options = Options::default().input_shape([side, side, 3]).classes(10);
        let mut model = made(&case, &options.classifier_activation("linear"));
        let values = (1..).zip(model.weights()).map(|(stream, weight)| {
            numbers(stream, &weight.spec.shape, limits(weight.spec.name, &weight.spec.shape))
        });
        let values = values.collect();
        model.set_parameters(values).unwrap();
        let picture = numbers(0, &[1, side, side, 3], (0.0, 1.0));
        let output = model.predict(&[picture]).unwrap().swap_remove(0);
        let expected: Vec<f64> =
            case["small"]["output"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
        assert_eq!(output.data().len(), expected.len());
        // Sums in another order, through up to a hundred layers; the bound is relative to the largest logit.
        let largest = expected.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        for (index, (got, expected)) in output.data().iter().zip(&expected).enumerate() {
            let apart = (f64::from(*got) - expected).abs();
            assert!(
                apart <= 1e-4 * largest,
                "{}[{index}]: got {got}, expected {expected}, {apart} apart",
                model.name()
            );
        }
    }
}
