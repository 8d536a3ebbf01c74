//! How training behaves: learning, determinism, resuming, stopping, and what it refuses.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use dichroic::data::{Array, Dataset, PixelRange, Values};
use dichroic::layers::{BatchNormalization, Conv2D, Dense, Dropout, Flatten};
use dichroic::model::{Call, Input, Model, Sequential};
use dichroic::train::callbacks::{
    Callback, Context, CsvLogger, EarlyStopping, ModelCheckpoint, Monitor, ProgressLines,
    ReduceLrOnPlateau,
};
use dichroic::train::{
    Clipping, Compile, FitOptions, Logs, OPTIMIZERS, Optimizer, Origin, Outcome, PerOutput, Sgd,
    TrainError, Trainer, TrainingState, Validation,
};
use dichroic_graph::kernels::parallel::ThreadPool;
use dichroic_graph::kernels::tensor::Tensor;

/// Numbers that look random and are the same each time.
fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12345);
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 - 0.5
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// Pictures of 6 × 6 with a bright half: left, right or nowhere.
fn pictures(samples: usize) -> Dataset {
    let mut pixels = noise(samples * 36, 7);
    let classes: Vec<f32> = (0..samples).map(|sample| (sample % 3) as f32).collect();
    for (sample, &class) in classes.iter().enumerate() {
        for y in 0..6 {
            for x in 0..3 {
                let column = if class == 0.0 { x } else { x + 3 };
                pixels[sample * 36 + y * 6 + column] += if class < 2.0 { 1.0 } else { 0.0 };
            }
        }
    }
    let x = Array::new("x", [samples, 6, 6, 1], Values::F32(pixels)).unwrap();
    Dataset::new(vec![x], vec![Array::column("y", classes)]).unwrap()
}

/// A small network with everything that keeps a state or draws numbers.
fn network() -> Model {
    let mut model = Sequential::new()
        .add(Input::new(&[6, 6, 1]))
        .add(Conv2D::new(4, 3))
        .add(BatchNormalization::new())
        .add(Dropout::new(0.2))
        .add(Flatten::new())
        .add(Dense::new(3).activation("softmax"))
        .finish()
        .unwrap();
    model.build(3).unwrap();
    model
}

fn compile(optimizer: &str) -> Compile {
    Compile::named(optimizer, "sparse_categorical_crossentropy", &["accuracy"]).unwrap()
}

fn options(epochs: usize) -> FitOptions<'static> {
    FitOptions { epochs, batch_size: 8, seed: 5, ..FitOptions::default() }
}

fn weights(model: &Model) -> Vec<Vec<u32>> {
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect();
    model.parameters().unwrap().tensors().iter().map(|tensor| bits(tensor.data())).collect()
}

#[test]
fn every_optimizer_learns_a_tiny_set_by_heart() {
    let data = pictures(12);
    for name in OPTIMIZERS {
        let mut model = Sequential::new()
            .add(Input::new(&[6, 6, 1]))
            .add(Conv2D::new(4, 3))
            .add(Flatten::new())
            .add(Dense::new(3).activation("softmax"))
            .finish()
            .unwrap();
        model.build(3).unwrap();
        let optimizer: Optimizer = name.parse().unwrap();
        let rate = if name == "sgd" { 0.1 } else { 0.01 };
        let mut compile = compile(name);
        compile.optimizer = optimizer.learning_rate(rate);
        let mut trainer = Trainer::new(&model, compile).unwrap();
        trainer.fit(&mut model, &data, &options(60), &mut []).unwrap();
        let logs = trainer.evaluate(&model, &data, 8).unwrap();
        assert_eq!(logs.get("accuracy"), Some(1.0), "{name}: {logs:?}");
        assert!(logs.get("loss").unwrap() < 0.3, "{name}: {logs:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_for_one_and_for_two_threads() {
    let data = pictures(21);
    let train = |threads: usize, seed: u64| {
        let pool = ThreadPool::new(threads).unwrap();
        pool.install(|| {
            let mut model = network();
            let mut trainer = Trainer::new(&model, compile("adam")).unwrap();
            let options = FitOptions { seed, validation: Validation::Split(0.2), ..options(2) };
            trainer.fit(&mut model, &data, &options, &mut []).unwrap();
            (weights(&model), trainer.history().clone())
        })
    };
    let one = train(1, 5);
    assert!(one == train(2, 5));
    assert!(one.0 != train(1, 6).0);
}

/// Cancels after some steps.
struct CancelAfter<'a>(usize, &'a AtomicBool);

impl Callback for CancelAfter<'_> {
    fn batch_end(&mut self, _context: &mut Context<'_>, _logs: &Logs) -> Result<(), TrainError> {
        self.0 -= 1;
        self.1.store(self.0 == 0, Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn a_training_stopped_after_any_step_goes_on_bit_for_bit() {
    let data = pictures(21);
    for optimizer in ["adam", "rmsprop"] {
        let fit = |trainer: &mut Trainer,
                   model: &mut Model,
                   cancel: Option<&AtomicBool>,
                   steps: usize| {
            let options = FitOptions { validation: Validation::Split(0.2), cancel, ..options(3) };
            let never = AtomicBool::new(false);
            let mut reduce = ReduceLrOnPlateau::new(Monitor::new("val_loss"), 1);
            let mut stop = EarlyStopping::new(Monitor::new("val_loss"), 9);
            let mut after = CancelAfter(steps, cancel.unwrap_or(&never));
            trainer.fit(model, &data, &options, &mut [&mut reduce, &mut stop, &mut after]).unwrap()
        };
        let mut whole = network();
        let mut trainer = Trainer::new(&whole, compile(optimizer)).unwrap();
        assert_eq!(fit(&mut trainer, &mut whole, None, 1000), Outcome::Finished);
        // 16 samples in steps of 8: two steps in each of three epochs.
        for steps in 1..6 {
            let mut model = network();
            let mut first = Trainer::new(&model, compile(optimizer)).unwrap();
            let cancel = AtomicBool::new(false);
            assert_eq!(fit(&mut first, &mut model, Some(&cancel), steps), Outcome::Cancelled);
            let text = serde_json::to_string(&first.state()).unwrap();
            let state: TrainingState = serde_json::from_str(&text).unwrap();
            assert_eq!(state, first.state());
            let mut second = Trainer::resume(&model, compile(optimizer), &state).unwrap();
            assert_eq!(fit(&mut second, &mut model, None, 1000), Outcome::Finished);
            assert!(weights(&model) == weights(&whole), "{optimizer}, stopped after {steps} steps");
            assert_eq!(second.history(), trainer.history());
            assert_eq!(second.state(), trainer.state());
        }
    }
}

#[test]
fn a_training_with_clipped_gradients_and_a_small_last_batch_goes_on_bit_for_bit() {
    let data = pictures(17);
    for clipping in [Clipping::Norm(0.5), Clipping::GlobalNorm(0.5), Clipping::Value(0.01)] {
        let compile = || {
            let optimizer: Optimizer = "adam".parse().unwrap();
            let optimizer = optimizer.clipping(clipping);
            Compile { optimizer, ..compile("adam") }
        };
        let fit = |trainer: &mut Trainer, model: &mut Model, cancel: &AtomicBool, steps: usize| {
            let options = FitOptions { cancel: Some(cancel), batch_size: 8, ..options(3) };
            let mut after = CancelAfter(steps, cancel);
            trainer.fit(model, &data, &options, &mut [&mut after]).unwrap()
        };
        let mut whole = network();
        let mut trainer = Trainer::new(&whole, compile()).unwrap();
        fit(&mut trainer, &mut whole, &AtomicBool::new(false), 1000);
        for steps in 1..9 {
            let (mut model, cancel) = (network(), AtomicBool::new(false));
            let mut first = Trainer::new(&model, compile()).unwrap();
            assert_eq!(fit(&mut first, &mut model, &cancel, steps), Outcome::Cancelled);
            let mut second = Trainer::resume(&model, compile(), &first.state()).unwrap();
            fit(&mut second, &mut model, &AtomicBool::new(false), 1000);
            assert!(weights(&model) == weights(&whole), "{clipping:?}, stopped after {steps}");
        }
    }
}

#[test]
fn a_state_of_another_training_is_refused() {
    let data = pictures(16);
    let mut model = network();
    let mut trainer = Trainer::new(&model, compile("adam")).unwrap();
    trainer.fit(&mut model, &data, &options(1), &mut []).unwrap();
    let state = trainer.state();
    assert!(matches!(
        Trainer::resume(&model, compile("sgd"), &state),
        Err(TrainError::Resume { .. })
    ));
    let mut resumed = Trainer::resume(&model, compile("adam"), &state).unwrap();
    let other = FitOptions { batch_size: 4, ..options(2) };
    assert!(matches!(
        resumed.fit(&mut model, &data, &other, &mut []),
        Err(TrainError::Resume { .. })
    ));
}

#[test]
fn a_loss_that_is_no_number_names_where_it_began() {
    let origin = |data: &Dataset, model: &mut Model, optimizer: Optimizer| {
        let mut compile = compile("sgd");
        compile.optimizer = optimizer;
        let mut trainer = Trainer::new(model, compile).unwrap();
        match trainer.fit(model, data, &options(5), &mut []) {
            Err(TrainError::NotFinite { origin, .. }) => origin,
            other => panic!("{other:?}"),
        }
    };
    let sgd = || Optimizer::new(Sgd::default());
    let data = pictures(16);

    let mut pixels = data.inputs()[0].to_tensor().into_data();
    pixels[40] = f32::NAN;
    let x = Array::new("x", [16, 6, 6, 1], Values::F32(pixels)).unwrap();
    let broken = Dataset::new(vec![x], data.targets().to_vec()).unwrap();
    assert_eq!(origin(&broken, &mut network(), sgd()), Origin::Input("input_layer".to_owned()));

    let mut model = network();
    let kernel = model.weight("dense", "kernel").unwrap().shape().to_vec();
    let huge = Tensor::full(kernel, f32::MAX).unwrap();
    model.set_weight("dense", "kernel", huge).unwrap();
    let found = origin(&data, &mut model, sgd());
    assert_eq!(found, Origin::Layer("dense".to_owned()));

    let found = origin(&data, &mut network(), sgd().learning_rate(1e30));
    assert!(matches!(found, Origin::Weight { .. } | Origin::Layer(_)), "{found:?}");
}

#[test]
fn targets_and_inputs_that_do_not_suit_are_refused_by_name() {
    let fit = |data: &Dataset, loss: &str| {
        let mut model = network();
        let compile = Compile::named("sgd", loss, &[]).unwrap();
        let mut trainer = Trainer::new(&model, compile).unwrap();
        trainer.fit(&mut model, data, &options(1), &mut []).unwrap_err().to_string()
    };
    let data = pictures(6);
    let error = fit(&data, "categorical_crossentropy");
    assert!(
        error.contains("output \"dense\"") && error.contains("sparse_categorical_crossentropy"),
        "{error}"
    );
    let one_hot = Array::new("y", [6, 3], Values::F32(vec![0.0; 18])).unwrap();
    let error = fit(
        &Dataset::new(data.inputs().to_vec(), vec![one_hot]).unwrap(),
        "sparse_categorical_crossentropy",
    );
    assert!(error.contains("one-hot"), "{error}");
    let wrong = Array::column("y", vec![0.0, 1.0, 2.0, 3.0, 0.0, 0.0]);
    let error = fit(
        &Dataset::new(data.inputs().to_vec(), vec![wrong]).unwrap(),
        "sparse_categorical_crossentropy",
    );
    assert!(error.contains("sample 3 has class 3") && error.contains("0 to 2"), "{error}");
    let x = Array::new("x", [6, 5, 5, 1], Values::F32(vec![0.0; 150])).unwrap();
    let error = fit(
        &Dataset::new(vec![x], data.targets().to_vec()).unwrap(),
        "sparse_categorical_crossentropy",
    );
    assert!(error.contains("input_layer") && error.contains("(6, 6, 1)"), "{error}");
}

#[test]
fn options_out_of_range_are_refused() {
    let data = pictures(6);
    let fit = |options: FitOptions<'_>| {
        let mut model = network();
        let mut trainer = Trainer::new(&model, compile("sgd")).unwrap();
        trainer.fit(&mut model, &data, &options, &mut []).is_err()
    };
    assert!(fit(FitOptions { batch_size: 0, ..options(1) }));
    assert!(fit(FitOptions { validation: Validation::Split(0.99), ..options(1) }));
    assert!(fit(FitOptions { validation: Validation::Split(-0.5), ..options(1) }));
    let weighted = data.clone().with_sample_weights(vec![vec![1.0; 6]]).unwrap();
    let mut model = network();
    let mut trainer = Trainer::new(&model, compile("sgd")).unwrap();
    let both = FitOptions { class_weight: BTreeMap::from([(0, 2.0)]), ..options(1) };
    assert!(trainer.fit(&mut model, &weighted, &both, &mut []).is_err());
}

#[test]
fn early_stopping_restores_the_best_weights_and_the_rate_falls_on_a_plateau() {
    let data = pictures(12);
    let mut model = network();
    let mut trainer = Trainer::new(&model, compile("sgd")).unwrap();
    // An improvement of a thousand never comes: the first epoch stays the best one.
    let never = |name: &str| Monitor { min_delta: 1000.0, ..Monitor::new(name) };
    let mut stop = EarlyStopping::new(never("loss"), 2).restore_best_weights();
    let mut reduce = ReduceLrOnPlateau::new(never("loss"), 1);
    let mut best = Vec::new();
    let mut keep_first = ModelCheckpoint::new(|model, state| {
        if state.progress.epoch == 1 {
            best = weights(model);
        }
        Ok(())
    });
    let outcome =
        trainer.fit(&mut model, &data, &options(9), &mut [&mut stop, &mut reduce, &mut keep_first]);
    drop(keep_first);
    assert_eq!(outcome.unwrap(), Outcome::Stopped);
    assert_eq!((stop.best_epoch(), stop.stopped_epoch()), (0, Some(2)));
    assert!(weights(&model) == best);
    let rates = trainer.history().get("learning_rate").unwrap();
    assert!(
        rates
            .iter()
            .zip([0.01, 0.01, 0.001])
            .all(|(got, expected)| (got / expected - 1.0).abs() < 1e-6)
    );
    assert_eq!(rates.len(), 3);
}

#[test]
fn progress_is_written_in_the_form_of_keras_and_the_table_has_a_line_for_each_epoch() {
    let data = pictures(12);
    let mut model = network();
    let mut trainer = Trainer::new(&model, compile("sgd")).unwrap();
    let path = std::env::temp_dir().join(format!("dichroic-csv-{}.csv", std::process::id()));
    let mut lines = ProgressLines::new(Vec::new());
    let mut table = CsvLogger::new(&path);
    let options = FitOptions { validation: Validation::Split(0.25), ..options(2) };
    trainer.fit(&mut model, &data, &options, &mut [&mut lines, &mut table]).unwrap();
    let text = String::from_utf8(lines.into_inner()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), lines[0], lines[2]), (4, "Epoch 1/2", "Epoch 2/2"));
    let names: Vec<&str> =
        lines[1].split(" - ").skip(3).map(|part| part.split(':').next().unwrap()).collect();
    assert!(lines[1].starts_with("2/2 - 0s - "), "{text}");
    assert_eq!(names, ["accuracy", "loss", "val_accuracy", "val_loss"]);
    let table = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(table.lines().next(), Some("epoch,accuracy,loss,val_accuracy,val_loss"));
    assert_eq!(table.lines().count(), 3);
}

#[test]
fn several_outputs_have_losses_weights_and_metrics_of_their_own() {
    let x = Input::named("x", &[4]);
    let shared = Dense::new(8).activation("relu").call(&x).unwrap();
    let class = dichroic::model::LayerRef::named("class", Dense::new(3).activation("softmax"));
    let size = dichroic::model::LayerRef::named("size", Dense::new(1));
    let outputs = [class.call(&shared).unwrap(), size.call(&shared).unwrap()];
    let mut model = Model::new(&x, &outputs[..]).unwrap();
    model.build(1).unwrap();
    let config = serde_json::json!({
        "optimizer": "sgd",
        "loss": {"class": "sparse_categorical_crossentropy", "size": "mse"},
        "loss_weights": {"class": 1.0, "size": 0.5},
        "metrics": {"class": ["accuracy"], "size": ["mae"]}
    });
    let compile = Compile::from_config(&config).unwrap();
    assert!(matches!(compile.metrics, PerOutput::Named(_)));
    let mut trainer = Trainer::new(&model, compile).unwrap();
    let x = Array::new("x", [10, 4], Values::F32(noise(40, 1))).unwrap();
    let classes = Array::column("class", (0..10).map(|sample| (sample % 3) as f32).collect());
    let sizes = Array::column("size", noise(10, 2));
    let data = Dataset::new(vec![x], vec![classes, sizes]).unwrap();
    trainer.fit(&mut model, &data, &options(2), &mut []).unwrap();
    let logs = trainer.evaluate(&model, &data, 4).unwrap();
    let names: Vec<&str> = logs.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["class_accuracy", "class_loss", "loss", "size_loss", "size_mae"]);
    let get = |name: &str| logs.get(name).unwrap();
    assert!((get("loss") - get("class_loss") - 0.5 * get("size_loss")).abs() < 1e-6, "{logs:?}");
}

#[test]
fn a_saturated_softmax_or_sigmoid_still_learns() {
    // Computed from probabilities, both would be clipped: the loss 16.1, the gradient 0.
    for (activation, units, loss) in
        [("softmax", 2, "sparse_categorical_crossentropy"), ("sigmoid", 1, "binary_crossentropy")]
    {
        let layer = Dense::new(units).activation(activation).use_bias(false);
        let mut model = Sequential::new().add(Input::new(&[1])).add(layer).finish().unwrap();
        let kernel = if units == 2 { vec![0.0, 60.0] } else { vec![60.0] };
        model.set_parameters(vec![Tensor::new([1, units], kernel).unwrap()]).unwrap();
        let x = Array::new("x", [1, 1], Values::F32(vec![1.0])).unwrap();
        let data = Dataset::new(vec![x], vec![Array::column("y", vec![0.0])]).unwrap();
        let mut trainer = Trainer::new(&model, Compile::named("sgd", loss, &[]).unwrap()).unwrap();
        trainer.fit(&mut model, &data, &options(1), &mut []).unwrap();
        assert_eq!(trainer.history().get("loss").unwrap()[0] as f32, 60.0, "{activation}");
        let after = model.parameters().unwrap().tensors()[0].data()[units - 1];
        assert!((after - 59.99).abs() < 1e-4, "{activation}: {after}");
    }
}

#[test]
fn a_training_that_can_not_fit_the_memory_is_refused_with_the_figures() {
    // 64 pictures of 64 × 64 with four million channels are 4 TB.
    let mut model = Sequential::new()
        .add(Input::new(&[64, 64, 1]))
        .add(Conv2D::new(4_000_000, 1))
        .finish()
        .unwrap();
    model.build(0).unwrap();
    let x = Array::new("x", [64, 64, 64, 1], Values::U8(vec![0; 64 * 64 * 64], PixelRange::Unit))
        .unwrap();
    let y = Array::column("y", vec![0.0; 64]);
    let x_only = Dataset::new(vec![x.clone()], vec![y]).unwrap();
    let mut trainer = Trainer::new(&model, Compile::named("sgd", "mse", &[]).unwrap()).unwrap();
    let wrong_target = trainer.fit(&mut model, &x_only, &options(1), &mut []);
    assert!(matches!(wrong_target, Err(TrainError::Shape { .. })));

    let sparse = Compile::named("sgd", "sparse_categorical_crossentropy", &[]).unwrap();
    let mut trainer = Trainer::new(&model, sparse).unwrap();
    let y = Array::new("y", [64, 64, 64], Values::U8(vec![0; 64 * 64 * 64], PixelRange::Bytes))
        .unwrap();
    let data = Dataset::new(vec![x], vec![y]).unwrap();
    let whole = FitOptions { batch_size: 64, ..options(1) };
    match trainer.fit(&mut model, &data, &whole, &mut []) {
        Err(TrainError::Memory { needed, available, .. }) => {
            assert!(needed > available && needed > 1 << 42)
        }
        other => panic!("{other:?}"),
    }
}
