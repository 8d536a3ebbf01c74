//! The variants of a layer, trained one after the other with the same seed and the same budget.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::callbacks::{Callback, Context};
use super::{CompileChoices, FitOptions, Logs, Outcome, TrainError, Trainer};
use crate::data::Split;
use crate::explain::WhatIf;
use crate::model::Model;

/// The share that is held out of data without a part to test with.
const HELD_OUT: f64 = 0.2;

/// What every variant is given.
#[derive(Clone, Debug)]
pub struct Budget<'a> {
    /// What they are trained and tested on; where there is no part to test with, a fifth of each class is held out.
    pub data: &'a Split,
    /// How they are compiled, over what the model was compiled with.
    pub choices: CompileChoices,
    /// Epochs for each.
    pub epochs: usize,
    /// The seed of first weights, shuffling and dropout.
    pub seed: u64,
    /// Training ends after the step in which this becomes true.
    pub cancel: Option<&'a AtomicBool>,
}

/// What happens while variants are trained.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum VariantEvent<'a> {
    /// The training of a variant begins.
    Begun,
    /// An epoch has ended; epochs are counted from 1.
    Epoch {
        /// The epoch.
        epoch: usize,
        /// What was measured in it, on the samples that it was trained on.
        logs: &'a Logs,
    },
    /// The variant is trained and tested.
    Done {
        /// The accuracy on samples that were not trained on; `None` where the loss compares no classes.
        test_accuracy: Option<f64>,
        /// The time that training took.
        seconds: f64,
    },
    /// The layers after it can't take its output.
    Refused {
        /// Why.
        reason: String,
    },
}

impl WhatIf {
    /// Trains the variants and fills in their accuracy and time. `on` hears of each variant, by its place.
    ///
    /// A variant that the layers after it can't take is left out of the training; `on` hears the reason.
    ///
    /// # Errors
    /// When data and model don't fit each other, or a training fails.
    pub fn train(
        &mut self,
        model: &Model,
        budget: &Budget<'_>,
        on: &mut dyn FnMut(usize, VariantEvent<'_>),
    ) -> Result<Outcome, TrainError> {
        for place in 0..self.variants.len() {
            let variant = &mut self.variants[place];
            let mut changed = match model.with_layer(&self.layer, variant.layer.clone()) {
                Ok(changed) => changed,
                Err(error) => {
                    on(place, VariantEvent::Refused { reason: error.to_string() });
                    continue;
                }
            };
            on(place, VariantEvent::Begun);
            changed.set_compile_config(model.compile_config().cloned());
            let mut epochs = Epochs(|epoch, logs: &Logs| {
                on(place, VariantEvent::Epoch { epoch, logs });
            });
            let begun = Instant::now();
            let Some(test_accuracy) = budget.train(&mut changed, &mut epochs)? else {
                return Ok(Outcome::Cancelled);
            };
            let seconds = begun.elapsed().as_secs_f64();
            (variant.test_accuracy, variant.seconds) = (test_accuracy, Some(seconds));
            on(place, VariantEvent::Done { test_accuracy, seconds });
        }
        Ok(Outcome::Finished)
    }
}

impl Budget<'_> {
    /// The accuracy on held-out data after training from the beginning; `None` where it was cancelled.
    fn train(
        &self,
        model: &mut Model,
        callback: &mut dyn Callback,
    ) -> Result<Option<Option<f64>>, TrainError> {
        model.build(self.seed)?;
        let mut compile = self.choices.compile(model, &self.data.train)?;
        compile.measure_accuracy()?;
        let train = compile.suited_targets(self.data.train.clone(), model)?;
        let (train, test) = match &self.data.test {
            Some(test) => (train, compile.suited_targets(test.clone(), model)?),
            None => train.hold_out(train.share(HELD_OUT), self.seed)?,
        };
        let mut trainer = Trainer::new(model, compile)?;
        let options = FitOptions {
            epochs: self.epochs,
            seed: self.seed,
            cancel: self.cancel,
            ..FitOptions::default()
        };
        if trainer.fit(model, &train, &options, &mut [callback])? == Outcome::Cancelled {
            return Ok(None);
        }
        let logs = trainer.evaluate(model, &test, options.batch_size)?;
        Ok(Some(logs.get("accuracy")))
    }
}

/// Hands the end of each epoch on.
struct Epochs<F>(F);

impl<F: FnMut(usize, &Logs)> Callback for Epochs<F> {
    fn epoch_complete(&mut self, context: &mut Context<'_>, logs: &Logs) -> Result<(), TrainError> {
        (self.0)(context.epoch(), logs);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::data::{Array, Dataset, Values};
    use crate::layers::{Add, Conv2D, Dense, Flatten, Padding};
    use crate::model::{Call, Input, Sequential};

    fn squares() -> Split {
        let pixels = (0..20 * 4 * 4 * 4).map(|place| (place % 7) as f32 / 7.0).collect();
        let x = Array::new("x", [20, 4, 4, 4], Values::F32(pixels)).unwrap();
        let y = Array::column("y", (0..20u8).map(|row| f32::from(row % 2)).collect());
        Split { train: Dataset::new(vec![x], vec![y]).unwrap(), test: None }
    }

    fn budget<'a>(data: &'a Split, cancel: &'a AtomicBool) -> Budget<'a> {
        let choices = CompileChoices::default();
        Budget { data, choices, epochs: 2, seed: 1, cancel: Some(cancel) }
    }

    fn chain() -> Model {
        let conv = Conv2D::new(8, 3).padding(Padding::Same);
        let chain = Sequential::new().add(Input::new(&[4, 4, 4])).add(conv).add(Flatten::new());
        chain.add(Dense::new(2).activation("softmax")).finish().unwrap()
    }

    #[test]
    fn every_variant_gets_its_epochs_and_an_accuracy_that_is_the_same_again() {
        let (model, data, cancel) = (chain(), squares(), AtomicBool::new(false));
        let train = || {
            let mut what_if = WhatIf::of(&model, "conv2d").unwrap();
            let mut epochs = vec![0; what_if.variants.len()];
            let mut hear = |place: usize, event: VariantEvent<'_>| {
                if let VariantEvent::Epoch { epoch, logs } = event {
                    epochs[place] = epoch;
                    assert!(logs.get("loss").is_some() && logs.get("accuracy").is_some());
                }
            };
            let outcome = what_if.train(&model, &budget(&data, &cancel), &mut hear).unwrap();
            assert_eq!(outcome, Outcome::Finished);
            assert!(epochs.iter().all(|&epoch| epoch == 2), "{epochs:?}");
            what_if.variants.iter().map(|variant| variant.test_accuracy).collect::<Vec<_>>()
        };
        let first = train();
        assert!(first.iter().all(Option::is_some), "{first:?}");
        assert_eq!(first, train());
    }

    #[test]
    fn a_variant_that_the_next_layer_cannot_take_is_left_out_of_the_training() {
        let input = Input::new(&[4, 4, 4]);
        let conv = Conv2D::new(8, 3).padding(Padding::Same);
        let left = conv.clone().call(&input).unwrap();
        let right = conv.call(&input).unwrap();
        let sum = Add::new().call([&left, &right]).unwrap();
        let flat = Flatten::new().call(&sum).unwrap();
        let model = Model::new(&input, Dense::new(2).call(&flat).unwrap()).unwrap();
        let (data, cancel) = (squares(), AtomicBool::new(false));
        let mut what_if = WhatIf::of(&model, "conv2d").unwrap();
        let mut refused = Vec::new();
        let mut hear = |place: usize, event: VariantEvent<'_>| {
            if let VariantEvent::Refused { .. } = event {
                refused.push(place);
            }
        };
        what_if.train(&model, &budget(&data, &cancel), &mut hear).unwrap();
        let names: Vec<String> =
            refused.iter().map(|&place| what_if.variants[place].name.to_string()).collect();
        assert_eq!(names, ["depthwise, 1 filter a channel"]);
        assert!(what_if.variants[refused[0]].test_accuracy.is_none());
    }

    #[test]
    fn a_cancelled_comparison_ends_in_the_first_variant() {
        let (model, data, cancel) = (chain(), squares(), AtomicBool::new(false));
        cancel.store(true, Ordering::Relaxed);
        let mut what_if = WhatIf::of(&model, "conv2d").unwrap();
        let outcome = what_if.train(&model, &budget(&data, &cancel), &mut |_, _| {}).unwrap();
        assert_eq!(outcome, Outcome::Cancelled);
        assert!(what_if.variants.iter().all(|variant| variant.test_accuracy.is_none()));
    }
}
