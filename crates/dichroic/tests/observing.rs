//! A training that is looked at is the same training.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dichroic::data::{Array, Dataset, Values};
use dichroic::layers::{BatchNormalization, Conv2D, Dense, Dropout, Flatten};
use dichroic::model::{Input, Model, Sequential};
use dichroic::train::observe::{Moment, Observation, Observe, Pace};
use dichroic::train::{Compile, FitOptions, Outcome, Trainer, Validation};

/// Pictures of 6 × 6, bright at the left or at the right.
fn pictures(samples: usize) -> Dataset {
    let value = |place: usize| {
        let (sample, column) = (place / 36, place % 6);
        let noise = (place * 7919 % 101) as f32 / 101.0;
        noise + if (column < 3) == sample.is_multiple_of(2) { 1.0 } else { 0.0 }
    };
    let pixels = (0..samples * 36).map(value).collect();
    let x = Array::new("x", [samples, 6, 6, 1], Values::F32(pixels)).unwrap();
    let y = Array::column("y", (0..samples).map(|sample| (sample % 2) as f32).collect());
    Dataset::new(vec![x], vec![y]).unwrap()
}

/// A small network with everything that keeps a state or draws numbers.
fn network() -> Model {
    let mut model = Sequential::new()
        .add(Input::new(&[6, 6, 1]))
        .add(Conv2D::new(4, 3))
        .add(BatchNormalization::new())
        .add(Dropout::new(0.2))
        .add(Flatten::new())
        .add(Dense::new(2).activation("softmax"))
        .finish()
        .unwrap();
    model.build(3).unwrap();
    model
}

fn compile() -> Compile {
    Compile::named("adam", "sparse_categorical_crossentropy", &["accuracy"]).unwrap()
}

fn options(held_out: &Dataset) -> FitOptions<'_> {
    let validation = Validation::Data(held_out);
    FitOptions { epochs: 3, batch_size: 8, seed: 5, validation, ..FitOptions::default() }
}

fn bits(model: &Model) -> Vec<Vec<u32>> {
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect();
    model.parameters().unwrap().tensors().iter().map(|tensor| bits(tensor.data())).collect()
}

#[test]
fn a_training_that_is_observed_gives_the_same_bits() {
    let (data, held_out) = pictures(21).split_at(17);
    let (mut plain, mut seen) = (network(), network());
    let mut trainer = Trainer::new(&plain, compile()).unwrap();
    trainer.fit(&mut plain, &data, &options(&held_out), &mut []).unwrap();
    let mut count = 0;
    let mut observe = Observe::new(|_| count += 1)
        .weights(Pace::Steps(1))
        .histograms(Pace::Steps(1))
        .gradients(&held_out)
        .evaluation(&held_out);
    let mut observed = Trainer::new(&seen, compile()).unwrap();
    observed.fit(&mut seen, &data, &options(&held_out), &mut [&mut observe]).unwrap();
    drop(observe);
    assert!(count > 20, "{count}");
    assert!(bits(&plain) == bits(&seen));
    assert_eq!(trainer.history(), observed.history());
    assert_eq!(trainer.state().optimizer, observed.state().optimizer);
}

#[test]
fn each_observation_comes_at_its_time() {
    let (data, held_out) = pictures(21).split_at(17);
    let mut model = network();
    let mut told: Vec<String> = Vec::new();
    let place = |at: Moment| format!("{}.{}", at.epoch, at.step);
    let mut observe = Observe::new(|seen| {
        told.push(match seen {
            Observation::Step { at, steps, logs, .. } => {
                assert!(logs.get("loss").is_some() && logs.get("val_loss").is_none());
                format!("step {} of {steps}", place(at))
            }
            Observation::Weights { at, .. } => format!("weights {}", place(at)),
            Observation::Histograms { at, layers } => {
                let learning = |name: &str| !name.starts_with("moving");
                assert!(layers.iter().all(|one| one.gradient.is_some() == learning(&one.weight)));
                assert_eq!((&*layers[0].layer, &*layers[0].weight), ("conv2d", "kernel"));
                format!("histograms {}", place(at))
            }
            Observation::Epoch { epoch, epochs, logs, .. } => {
                assert!(logs.get("val_loss").is_some());
                format!("epoch {epoch} of {epochs}")
            }
            Observation::Evaluation { epoch, evaluation } => {
                let answers: u64 = evaluation.confusion.iter().flatten().sum();
                assert_eq!(answers, 4);
                format!("evaluation {epoch}")
            }
            _ => String::new(),
        });
    })
    .weights(Pace::Steps(2))
    .histograms(Pace::Steps(100))
    .gradients(&data)
    .evaluation(&held_out);
    let mut trainer = Trainer::new(&model, compile()).unwrap();
    let one = FitOptions { epochs: 1, ..options(&held_out) };
    trainer.fit(&mut model, &data, &one, &mut [&mut observe]).unwrap();
    drop(observe);
    assert_eq!(
        told,
        [
            "weights 1.0",
            "histograms 1.0",
            "step 1.1 of 3",
            "step 1.2 of 3",
            "weights 1.2",
            "step 1.3 of 3",
            "epoch 1 of 1",
            "weights 1.3",
            "histograms 1.3",
            "evaluation 1",
        ]
    );
}

#[test]
fn a_training_that_was_stopped_by_its_watcher_goes_on_bit_for_bit() {
    let (data, held_out) = pictures(21).split_at(17);
    let mut whole = network();
    let mut trainer = Trainer::new(&whole, compile()).unwrap();
    trainer.fit(&mut whole, &data, &options(&held_out), &mut []).unwrap();

    let (mut model, stop) = (network(), AtomicBool::new(false));
    let mut observe = Observe::new(|seen| {
        if let Observation::Step { at: Moment { epoch: 2, step: 2 }, .. } = seen {
            stop.store(true, Ordering::Relaxed);
        }
    })
    .weights(Pace::at_most(Duration::ZERO, 0.05));
    let mut first = Trainer::new(&model, compile()).unwrap();
    let stoppable = FitOptions { cancel: Some(&stop), ..options(&held_out) };
    let outcome = first.fit(&mut model, &data, &stoppable, &mut [&mut observe]).unwrap();
    assert_eq!(outcome, Outcome::Cancelled);
    drop(observe);
    let mut second = Trainer::resume(&model, compile(), &first.state()).unwrap();
    let mut observe = Observe::new(|_| {}).histograms(Pace::Steps(1)).gradients(&data);
    second.fit(&mut model, &data, &options(&held_out), &mut [&mut observe]).unwrap();
    assert!(bits(&whole) == bits(&model));
    assert_eq!(trainer.history(), second.history());
}
