//! Losses, metrics, optimizers and whole trainings against the numbers of Keras itself.
//!
//! The numbers and the script that made them are in `tests/golden` of the workspace.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dichroic::data::npy::NpyArray;
use dichroic::data::{Array, Dataset, Limits, npz};
use dichroic::layers::{Activation, Dense, Reshape};
use dichroic::model::{Input, Model, Sequential};
use dichroic::train::{
    Compile, FitOptions, Loss, Metric, Optimizer, PerOutput, Sgd, Trainer, Validation,
};
use dichroic_graph::kernels::tensor::Tensor;
use serde_json::{Value, json};

struct Golden {
    index: Value,
    arrays: BTreeMap<String, NpyArray>,
}

impl Golden {
    fn read() -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
        let text = std::fs::read_to_string(folder.join("training.json")).unwrap();
        let arrays = npz::read_npz(&folder.join("training.npz"), &Limits::default()).unwrap();
        Self { index: serde_json::from_str(&text).unwrap(), arrays: arrays.into_iter().collect() }
    }

    fn cases(&self, kind: &str) -> Vec<Value> {
        self.index[kind].as_array().unwrap().clone()
    }

    fn tensor(&self, name: &str) -> Tensor {
        let array = self.arrays.get(name).unwrap_or_else(|| panic!("no array {name}"));
        array.clone().into_tensor().unwrap()
    }

    fn scalar(&self, name: &str) -> f32 {
        self.tensor(name).data()[0]
    }

    fn array(&self, name: &str, rows: std::ops::Range<usize>) -> Array {
        Array::from_tensor(name, self.tensor(name)).unwrap().range(rows)
    }

    /// The model of the runs with its initial weights.
    fn model(&self, change: impl Fn(&mut Value)) -> Model {
        let mut config = self.index["model"].clone();
        change(&mut config);
        let mut model = Model::from_config(&config).unwrap();
        model.build(0).unwrap();
        let initial = |path: &str| self.tensor(&format!("initial/{path}"));
        let tensors = model.weights().iter().map(|weight| initial(&weight.path)).collect();
        model.set_parameters(tensors).unwrap();
        model
    }

    fn assert_weights(&self, model: &Model, prefix: &str) {
        for (weight, tensor) in model.weights().iter().zip(model.parameters().unwrap().tensors()) {
            let name = format!("{prefix}/{}", weight.path);
            assert_close(&name, tensor.data(), self.tensor(&name).data());
        }
    }

    /// Five single steps; checks the loss and accuracy of each, and the weights after them.
    fn check_steps(&self, prefix: &str, model: &mut Model, compile: Compile, run: &Run) {
        let mut trainer = Trainer::new(model, compile).unwrap();
        let (losses, accuracies) =
            (self.tensor(&format!("{prefix}/loss")), self.tensor(&format!("{prefix}/accuracy")));
        for step in 0..5 {
            let rows = step * 4..step * 4 + 4;
            let (x, y) = (self.array("images", rows.clone()), self.array("labels", rows.clone()));
            let mut data = Dataset::new(vec![x], vec![y]).unwrap();
            if run.sample_weight {
                let weights = self.tensor("sample_weight").data()[rows].to_vec();
                data = data.with_sample_weights(vec![weights]).unwrap();
            }
            let options = FitOptions {
                batch_size: 4,
                shuffle: false,
                class_weight: run.class_weight.clone(),
                ..FitOptions::default()
            };
            trainer.fit(model, &data, &options, &mut []).unwrap();
            let got = |name: &str| trainer.history().get(name).unwrap()[0] as f32;
            assert_close(
                &format!("{prefix}, loss of step {step}"),
                &[got("loss")],
                &[losses.data()[step]],
            );
            assert_close(
                &format!("{prefix}, accuracy of step {step}"),
                &[got("accuracy")],
                &[accuracies.data()[step]],
            );
        }
        self.assert_weights(model, &format!("{prefix}/final"));
    }
}

#[derive(Default)]
struct Run {
    sample_weight: bool,
    class_weight: BTreeMap<i64, f32>,
}

/// Within 1e-5, relative for values above one.
#[track_caller]
fn assert_close(what: &str, got: &[f32], expected: &[f32]) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
        let distance = (got - expected).abs() / expected.abs().max(1.0);
        assert!(
            distance < 1e-5,
            "{what}[{index}]: got {got}, expected {expected}, distance {distance:e}"
        );
    }
}

fn crossentropy(optimizer: impl Into<Optimizer>) -> Compile {
    let loss: Loss = "categorical_crossentropy".parse().unwrap();
    Compile::new(optimizer, loss).metrics(vec!["accuracy".parse().unwrap()])
}

fn sgd() -> Optimizer {
    Optimizer::new(Sgd::default()).learning_rate(0.05)
}

#[test]
fn every_optimizer_makes_the_steps_of_keras() {
    let golden = Golden::read();
    for case in golden.cases("optimizers") {
        let optimizer: Optimizer = serde_json::from_value(case.clone()).unwrap();
        let name = case["name"].as_str().unwrap();
        let mut model = golden.model(|_| ());
        golden.check_steps(
            &format!("optimizer/{name}"),
            &mut model,
            crossentropy(optimizer),
            &Run::default(),
        );
    }
}

#[test]
fn an_optimizer_s_configuration_is_written_as_keras_writes_it() {
    for case in Golden::read().cases("optimizers") {
        let optimizer: Optimizer = serde_json::from_value(case.clone()).unwrap();
        let written = serde_json::to_value(&optimizer).unwrap();
        assert_eq!(written["config"], case["config"], "{}", case["name"]);
        assert_eq!(written["class_name"], case["class_name"]);
    }
}

#[test]
fn sample_weights_class_weights_and_regularizers_weigh_as_in_keras() {
    let golden = Golden::read();
    let run = Run { sample_weight: true, ..Run::default() };
    golden.check_steps("run/sample_weight", &mut golden.model(|_| ()), crossentropy(sgd()), &run);

    let weights = golden.index["runs"]["class_weight"].as_array().unwrap().clone();
    let class_weight =
        (0i64..).zip(weights.iter().map(|weight| weight.as_f64().unwrap() as f32)).collect();
    let run = Run { class_weight, ..Run::default() };
    golden.check_steps("run/class_weight", &mut golden.model(|_| ()), crossentropy(sgd()), &run);

    let regularizers = golden.index["runs"]["regularizers"].clone();
    let mut model = golden.model(|config| {
        for layer in config["config"]["layers"].as_array_mut().unwrap() {
            for (path, factors) in regularizers.as_object().unwrap() {
                let (name, weight) = path.split_once('/').unwrap();
                if layer["config"]["name"] == name {
                    layer["config"][format!("{weight}_regularizer")] =
                        json!({"module": "keras.regularizers", "class_name": "L1L2", "config": factors, "registered_name": null});
                }
            }
        }
    });
    golden.check_steps("run/regularizers", &mut model, crossentropy(sgd()), &Run::default());
}

#[test]
fn a_whole_fit_with_validation_and_its_evaluation_are_those_of_keras() {
    let golden = Golden::read();
    let mut model = golden.model(|_| ());
    let mut trainer = Trainer::new(&model, crossentropy(sgd())).unwrap();
    let all =
        Dataset::new(vec![golden.array("images", 0..20)], vec![golden.array("labels", 0..20)])
            .unwrap();
    let options = FitOptions {
        batch_size: 6,
        epochs: 3,
        shuffle: false,
        validation: Validation::Split(0.2),
        ..FitOptions::default()
    };
    trainer.fit(&mut model, &all, &options, &mut []).unwrap();
    for name in ["loss", "accuracy", "val_loss", "val_accuracy"] {
        let got: Vec<f32> =
            trainer.history().get(name).unwrap().iter().map(|&value| value as f32).collect();
        assert_close(name, &got, golden.tensor(&format!("run/fit/{name}")).data());
    }
    golden.assert_weights(&model, "run/fit/final");

    let weighted =
        all.clone().with_sample_weights(vec![golden.tensor("sample_weight").into_data()]).unwrap();
    for (data, prefix) in [(&all, "run/evaluate"), (&weighted, "run/evaluate_sample_weight")] {
        let logs = trainer.evaluate(&model, data, 6).unwrap();
        for name in ["loss", "accuracy"] {
            let path = format!("{prefix}/{name}");
            assert_close(&path, &[logs.get(name).unwrap() as f32], &[golden.scalar(&path)]);
        }
    }
    let predicted = model.predict(&[golden.tensor("images")]).unwrap();
    assert_close("predict", predicted[0].data(), golden.tensor("run/predict").data());
}

/// A model that gives back what comes in.
fn identity(shape: &[usize]) -> Model {
    let mut model =
        Sequential::new().add(Input::new(shape)).add(Activation::new("linear")).finish().unwrap();
    model.build(0).unwrap();
    model
}

#[test]
fn every_loss_has_the_value_and_the_weighted_value_of_keras() {
    let golden = Golden::read();
    for case in golden.cases("losses") {
        let name = case["name"].as_str().unwrap();
        let array = |key: &str| {
            let tensor = golden.tensor(&format!("target/{}", case[key].as_str().unwrap()));
            Array::from_tensor(key, tensor).unwrap()
        };
        let loss: Loss = serde_json::from_value(case.clone()).unwrap();
        let predicted = array("predicted");
        let model = identity(predicted.sample_shape());
        let trainer = Trainer::new(&model, Compile::new(sgd(), loss)).unwrap();
        let data = Dataset::new(vec![predicted.clone()], vec![array("true")]).unwrap();
        let evaluated = |data: &Dataset| {
            trainer.evaluate(&model, data, 32).unwrap().get("loss").unwrap() as f32
        };
        assert_close(name, &[evaluated(&data)], &[golden.scalar(&format!("loss/{name}/value"))]);
        if case["weighted"] == true {
            let weights = golden.tensor("target/sample_weight").into_data();
            let data = data.with_sample_weights(vec![weights]).unwrap();
            let expected = golden.scalar(&format!("loss/{name}/weighted"));
            assert_close(&format!("{name}, weighted"), &[evaluated(&data)], &[expected]);
        }
    }
}

/// The prediction is a matrix of weights, picked row by row by one-hot inputs; one step with the learning
/// rate 1 takes off its gradient.
#[test]
fn every_loss_has_the_gradient_of_keras() {
    let golden = Golden::read();
    for case in golden.cases("losses").into_iter().filter(|case| case["gradient"] == true) {
        let name = case["name"].as_str().unwrap();
        let tensor = |key: &str| golden.tensor(&format!("target/{}", case[key].as_str().unwrap()));
        let loss: Loss = serde_json::from_value(case.clone()).unwrap();
        let predicted = tensor("predicted");
        let (samples, values) = (predicted.shape()[0], predicted.len() / predicted.shape()[0]);
        let shape: Vec<i64> = predicted.shape()[1..].iter().map(|&size| size as i64).collect();
        let mut model = Sequential::new()
            .add(Input::new(&[samples]))
            .add(Dense::new(values).use_bias(false))
            .add(Reshape::new(shape))
            .finish()
            .unwrap();
        let kernel = predicted.clone().reshape([samples, values]).unwrap();
        model.set_parameters(vec![kernel]).unwrap();
        let mut one_hot = vec![0.0; samples * samples];
        (0..samples).for_each(|sample| one_hot[sample * samples + sample] = 1.0);
        let x = Array::from_tensor("x", Tensor::new([samples, samples], one_hot).unwrap()).unwrap();
        let data =
            Dataset::new(vec![x], vec![Array::from_tensor("y", tensor("true")).unwrap()]).unwrap();
        let step = Compile::new(Optimizer::new(Sgd::default()).learning_rate(1.0), loss);
        let mut trainer = Trainer::new(&model, step).unwrap();
        trainer
            .fit(
                &mut model,
                &data,
                &FitOptions { shuffle: false, ..FitOptions::default() },
                &mut [],
            )
            .unwrap();
        let after = model.parameters().unwrap().tensors()[0].data();
        let gradient: Vec<f32> =
            predicted.data().iter().zip(after).map(|(before, after)| before - after).collect();
        assert_close(
            &format!("gradient of {name}"),
            &gradient,
            golden.tensor(&format!("loss/{name}/gradient")).data(),
        );
    }
}

#[test]
fn every_metric_has_the_value_and_the_weighted_value_of_keras() {
    let golden = Golden::read();
    for case in golden.cases("metrics") {
        let name = case["name"].as_str().unwrap();
        let array = |key: &str| {
            let tensor = golden.tensor(&format!("target/{}", case[key].as_str().unwrap()));
            Array::from_tensor(key, tensor).unwrap()
        };
        let metric: Metric = serde_json::from_value(case.clone()).unwrap();
        let predicted = array("predicted");
        let model = identity(predicted.sample_shape());
        let weights = golden.tensor("target/sample_weight").into_data();
        let data = Dataset::new(vec![predicted], vec![array("true")]).unwrap();
        let data = data.with_sample_weights(vec![weights]).unwrap();
        // Any loss that takes the targets does; only the metrics are looked at.
        let sparse = data.targets()[0].sample_shape().is_empty();
        let loss: Loss =
            if sparse { "sparse_categorical_crossentropy" } else { "mse" }.parse().unwrap();
        let mut compile = Compile::new(sgd(), loss);
        compile.metrics =
            PerOutput::All(vec![Metric { name: "plain".to_owned(), ..metric.clone() }]);
        compile.weighted_metrics =
            PerOutput::All(vec![Metric { name: "weighted".to_owned(), ..metric }]);
        let trainer = Trainer::new(&model, compile).unwrap();
        let logs = trainer.evaluate(&model, &data, 4).unwrap();
        for (key, own) in [("value", "plain"), ("weighted", "weighted")] {
            let path = format!("metric/{name}/{key}");
            assert_close(&path, &[logs.get(own).unwrap() as f32], &[golden.scalar(&path)]);
        }
    }
}
