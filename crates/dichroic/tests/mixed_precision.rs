//! The policy `mixed_bfloat16`: against Keras's own numbers, against `float32`, and in training.
//!
//! The numbers and the script that made them are in `tests/golden` of the workspace.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dichroic::data::npy::NpyArray;
use dichroic::data::{Array, Dataset, Limits, Values, npz};
use dichroic::layers::{BatchNormalization, Conv2D, Dense, Flatten, Mode};
use dichroic::model::{Input, Model, Sequential};
use dichroic::train::{Compile, FitOptions, Trainer};
use dichroic::{DtypePolicy, Tensor};
use dichroic_graph::{Plan, PlanOptions};
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

struct Golden(BTreeMap<String, NpyArray>);

impl Golden {
    fn read() -> (Model, Value, Self) {
        let arrays = npz::read_npz(&folder().join("mixed_precision.npz"), &Limits::default());
        let golden = Self(arrays.unwrap().into_iter().collect());
        let text = std::fs::read_to_string(folder().join("mixed_precision.json")).unwrap();
        let config = serde_json::from_str(&text).unwrap();
        let mut model = Model::from_config(&config).unwrap();
        model.build(0).unwrap();
        let weights = model.weights().iter();
        let weights = weights.map(|weight| golden.tensor(&format!("weight/{}", weight.path)));
        let weights = weights.collect();
        model.set_parameters(weights).unwrap();
        (model, config, golden)
    }

    fn tensor(&self, name: &str) -> Tensor {
        self.0.get(name).unwrap_or_else(|| panic!("no array {name}")).clone().into_tensor().unwrap()
    }
}

/// The distance between two lists as a share of the second one's length, both as vectors.
fn distance(got: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let square = |x: f32| f64::from(x) * f64::from(x);
    let apart: f64 = got.iter().zip(expected).map(|(a, b)| square(a - b)).sum();
    (apart / expected.iter().map(|&b| square(b)).sum::<f64>().max(1e-30)).sqrt()
}

#[test]
fn a_configuration_of_mixed_precision_is_written_as_keras_writes_it() {
    let (model, config, _) = Golden::read();
    assert_eq!(model.policy(), DtypePolicy::MixedBfloat16);
    assert_eq!(model.get_layer("classes").unwrap().policy(), DtypePolicy::Float32);
    assert_eq!(model.to_config(), config);
}

#[test]
fn outputs_are_as_near_to_those_of_keras_as_bfloat16_allows() {
    let (model, _, golden) = Golden::read();
    let got = model.predict(&[golden.tensor("images")]).unwrap();
    let apart = distance(got[0].data(), golden.tensor("output").data());
    // Keras also rounds what passes between layers, to 8 bits as well.
    assert!(apart < 0.02, "{apart}");
    model.set_policy(DtypePolicy::Float32);
    let full = model.predict(&[golden.tensor("images")]).unwrap();
    assert!(full != got, "the policy changes how layers compute");
    let apart = distance(got[0].data(), full[0].data());
    assert!(apart < 0.02, "{apart}");
}

#[test]
fn a_step_of_training_changes_weights_as_in_keras() {
    let (mut model, _, golden) = Golden::read();
    let before: Vec<Tensor> = model.parameters().unwrap().tensors().to_vec();
    let mut compile = Compile::named("sgd", "sparse_categorical_crossentropy", &[]).unwrap();
    compile.optimizer = compile.optimizer.learning_rate(0.5);
    let mut trainer = Trainer::new(&model, compile).unwrap();
    let x = Array::from_tensor("images", golden.tensor("images")).unwrap();
    let y = Array::from_tensor("labels", golden.tensor("labels")).unwrap();
    let data = Dataset::new(vec![x], vec![y]).unwrap();
    let options = FitOptions { epochs: 1, batch_size: 4, shuffle: false, ..FitOptions::default() };
    trainer.fit(&mut model, &data, &options, &mut []).unwrap();
    let after = model.parameters().unwrap().tensors();
    for ((weight, old), new) in model.weights().iter().zip(&before).zip(after) {
        // A bias sums up gradients that nearly cancel: what is left of them is rounding for the most part.
        if weight.path.ends_with("bias") {
            continue;
        }
        let keras = golden.tensor(&format!("trained/{}", weight.path));
        let step = |to: &[f32]| -> Vec<f32> {
            to.iter().zip(old.data()).map(|(new, old)| new - old).collect()
        };
        let apart = distance(&step(new.data()), &step(keras.data()));
        assert!(apart < 0.1, "{}: {apart}", weight.path);
    }
}

/// Numbers that look random and are the same each time.
fn noise(count: usize) -> Vec<f32> {
    let mut state = 2_463_534_242_u32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 - 0.5
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// Noise with a stripe: of a direction and a place that make one of four classes.
fn stripes(samples: usize) -> Dataset {
    const SIDE: usize = 8;
    let mut pixels = noise(samples * SIDE * SIDE * 2);
    let classes: Vec<f32> = (0..samples).map(|sample| (sample % 4) as f32).collect();
    for (sample, class) in classes.iter().enumerate() {
        for i in 0..SIDE {
            let line = 2 + 3 * (*class as usize / 2);
            let (row, column) =
                if (*class as usize).is_multiple_of(2) { (line, i) } else { (i, line) };
            pixels[((sample * SIDE + row) * SIDE + column) * 2] += 0.8;
        }
    }
    let x = Array::new("x", [samples, SIDE, SIDE, 2], Values::F32(pixels)).unwrap();
    Dataset::new(vec![x], vec![Array::column("y", classes)]).unwrap()
}

#[test]
fn training_reaches_the_accuracy_of_float32() {
    let (data, unseen) = (stripes(96), stripes(160));
    let accuracy = |policy: DtypePolicy| {
        let mut model = Sequential::new()
            .add(Input::new(&[8, 8, 2]))
            .add(Conv2D::new(16, 3).activation("relu"))
            .add(BatchNormalization::new())
            .add(Conv2D::new(16, 3).activation("relu"))
            .add(Flatten::new())
            .add(Dense::new(4).activation("softmax"))
            .finish()
            .unwrap();
        model.set_policy(policy);
        model.build(3).unwrap();
        let loss = "sparse_categorical_crossentropy";
        let compile = Compile::named("adam", loss, &["accuracy"]).unwrap();
        let mut trainer = Trainer::new(&model, compile).unwrap();
        let options = FitOptions { epochs: 12, batch_size: 16, seed: 1, ..FitOptions::default() };
        trainer.fit(&mut model, &data, &options, &mut []).unwrap();
        let logs = trainer.evaluate(&model, &unseen, 32).unwrap();
        logs.get("accuracy").unwrap()
    };
    let (full, mixed) = (accuracy(DtypePolicy::Float32), accuracy(DtypePolicy::MixedBfloat16));
    assert!(full > 0.9 && mixed > full - 0.03, "float32 {full}, mixed_bfloat16 {mixed}");
}

#[test]
fn the_plan_says_which_convolutions_take_bfloat16() {
    let (model, ..) = Golden::read();
    let lowered = model.lower(2, Mode::Inference).unwrap();
    let options = PlanOptions::for_outputs(&lowered.outputs);
    let plan = Plan::compile(lowered.graph, &options).unwrap();
    let algorithm = |layer: &str| {
        let step = plan.steps().find(|step| step.layer == layer && step.macs > 0);
        step.unwrap_or_else(|| panic!("no convolution in {layer}")).algorithm.clone()
    };
    for layer in ["first", "second", "strided", "pointwise", "transposed", "hidden"] {
        assert!(algorithm(layer).contains("bf16"), "{layer}: {}", algorithm(layer));
    }
    assert!(!algorithm("classes").contains("bf16"));
}
