//! `fit`: epochs of steps, validation and callbacks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use dichroic_graph::{ParameterId, StepContext};

use super::callbacks::{Callback, Context};
use super::diagnose::find_origin;
use super::evaluate::evaluate_samples;
use super::objective::Objective;
use super::plan::{Draft, Maker, StepPlans, check_memory};
use super::samples::{Batch, Samples};
use super::{Logs, Progress, TrainError, Trainer};
use crate::data::Dataset;
use crate::model::Model;

/// Keras's arguments of `fit`.
#[derive(Clone, Debug)]
pub struct FitOptions<'a> {
    /// The samples of one step; 32 by default.
    pub batch_size: usize,
    /// The epoch after which training ends, counted from the first one ever; 1 by default.
    pub epochs: usize,
    /// The epoch to begin with; 0 by default.
    pub initial_epoch: usize,
    /// Whether the samples are shuffled anew for each epoch; true by default.
    pub shuffle: bool,
    /// The seed of shuffling and of dropout.
    pub seed: u64,
    /// What is evaluated after an epoch.
    pub validation: Validation<'a>,
    /// The samples of one step of validation; those of training by default.
    pub validation_batch_size: Option<usize>,
    /// After how many epochs validation is made; 1 by default.
    pub validation_freq: usize,
    /// How much the samples of a class count; 1 for a class that is not listed.
    pub class_weight: BTreeMap<i64, f32>,
    /// Training ends after the step in which this becomes true, in a state from which it can go on.
    pub cancel: Option<&'a AtomicBool>,
}

/// The data of validation.
#[derive(Clone, Copy, Debug, Default)]
pub enum Validation<'a> {
    /// None.
    #[default]
    None,
    /// The last part of the training data, from 0 to 1; it is not trained on.
    Split(f64),
    /// Data of their own.
    Data(&'a Dataset),
}

/// How a call of `fit` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// After the last epoch.
    Finished,
    /// A callback stopped it.
    Stopped,
    /// It was cancelled, and can go on from its state.
    Cancelled,
}

impl Default for FitOptions<'_> {
    fn default() -> Self {
        Self {
            batch_size: 32,
            epochs: 1,
            initial_epoch: 0,
            shuffle: true,
            seed: 0,
            validation: Validation::None,
            validation_batch_size: None,
            validation_freq: 1,
            class_weight: BTreeMap::new(),
            cancel: None,
        }
    }
}

/// What stays the same during one call of `fit`.
struct Run<'a> {
    objective: &'a Objective,
    samples: &'a Samples<'a>,
    validation: Option<(&'a Objective, &'a Samples<'a>)>,
    validation_batch: usize,
    weights: &'a [ParameterId],
    options: &'a FitOptions<'a>,
    steps: usize,
}

/// The plans and buffers of one call of `fit`.
struct Machines {
    train: StepPlans,
    batch: Batch,
    validate: Option<(StepPlans, Batch)>,
    order: Vec<usize>,
}

impl Trainer {
    /// Trains the model on the data.
    ///
    /// Callbacks are asked in order; those of [`super::callbacks`] behave as Keras's.
    ///
    /// # Errors
    /// When data, options and model don't fit each other, the memory is not there, a callback fails, or
    /// the loss is no longer a number: then the error names where that began, and the model keeps the weights from before that step.
    pub fn fit(
        &mut self,
        model: &mut Model,
        data: &Dataset,
        options: &FitOptions<'_>,
        callbacks: &mut [&mut dyn Callback],
    ) -> Result<Outcome, TrainError> {
        check_options(options)?;
        model.parameters()?;
        let weights: Vec<ParameterId> = self.updater.weights().collect();
        if weights != model.trainable_weights() {
            let expected = "the weights that were trainable when the trainer was made";
            return Err(TrainError::argument("trainable", expected, "others; make a new trainer"));
        }
        // Frozen weights would stay in their file as long as the training goes on.
        model.detach();
        model.set_compile_config(Some(self.compile.to_config()));
        let objective = Objective::new(model, &self.compile, data)?;
        let (train_rows, split_rows) = split(data, options.validation)?;
        let samples = Samples::new(data, train_rows, &objective, &options.class_weight)?;
        let no_class_weight = BTreeMap::new();
        // Data of their own may have other shapes, where the model leaves axes open.
        let (held_out, held_rows) = match options.validation {
            Validation::Data(held_out) => (held_out, Some(0..held_out.len())),
            _ => (data, split_rows),
        };
        let held_objective = Objective::new(model, &self.compile, held_out)?;
        let held_samples = held_rows
            .map(|rows| Samples::new(held_out, rows, &held_objective, &no_class_weight))
            .transpose()?;
        let run = Run {
            objective: &objective,
            samples: &samples,
            validation: held_samples.as_ref().map(|samples| (&held_objective, samples)),
            validation_batch: options.validation_batch_size.unwrap_or(options.batch_size),
            weights: &weights,
            options,
            steps: samples.len().div_ceil(options.batch_size),
        };
        self.begin(&run, callbacks)?;
        let mut machines = self.machines(model, &run)?;
        self.epochs(model, &run, &mut machines, callbacks)
    }

    /// Sets the progress to the beginning, or checks that it can go on.
    fn begin(
        &mut self,
        run: &Run<'_>,
        callbacks: &mut [&mut dyn Callback],
    ) -> Result<(), TrainError> {
        let options = run.options;
        if !std::mem::take(&mut self.resuming) {
            self.progress = Progress {
                epoch: options.initial_epoch,
                seed: options.seed,
                shuffle: options.shuffle,
                samples: run.samples.len(),
                batch_size: options.batch_size,
                means: run.objective.means(),
                ..Progress::default()
            };
            return Ok(());
        }
        let progress = &mut self.progress;
        let differs = |what, expected: usize, got: usize| {
            let (expected, got) = (expected.to_string(), got.to_string());
            if expected == got { Ok(()) } else { Err(TrainError::Resume { what, expected, got }) }
        };
        differs("the number of samples", progress.samples, run.samples.len())?;
        differs("the batch size", progress.batch_size, options.batch_size)?;
        differs(
            "the number of measured values",
            progress.means.len(),
            run.objective.means().len(),
        )?;
        for (callback, state) in callbacks.iter_mut().zip(&progress.callbacks) {
            callback.restore(state)?;
        }
        Ok(())
    }

    fn machines(&self, model: &Model, run: &Run<'_>) -> Result<Machines, TrainError> {
        let options = run.options;
        let learn = Some((run.weights, self.compile.optimizer.clipping));
        let train = Maker { model, objective: run.objective, learn }
            .drafts(run.samples, options.batch_size)?;
        let largest = options.batch_size.min(run.samples.len());
        let mut batches = Batch::bytes(run.samples, largest);
        let mut held_out: Vec<Draft> = Vec::new();
        if let Some((objective, samples)) = run.validation {
            held_out =
                Maker { model, objective, learn: None }.drafts(samples, run.validation_batch)?;
            let largest = run.validation_batch.min(samples.len());
            batches = batches.saturating_add(Batch::bytes(samples, largest));
        }
        check_memory(&[&train, &held_out], self.updater.bytes(), batches)?;
        let validate = match run.validation {
            Some((objective, samples)) => {
                let plans = StepPlans::new(held_out, samples.len(), run.validation_batch)?;
                Some((
                    plans,
                    Batch::new(samples, objective, run.validation_batch.min(samples.len())),
                ))
            }
            None => None,
        };
        Ok(Machines {
            train: StepPlans::new(train, run.samples.len(), options.batch_size)?,
            batch: Batch::new(run.samples, run.objective, largest),
            validate,
            order: Vec::with_capacity(run.samples.len()),
        })
    }

    fn epochs(
        &mut self,
        model: &mut Model,
        run: &Run<'_>,
        machines: &mut Machines,
        callbacks: &mut [&mut dyn Callback],
    ) -> Result<Outcome, TrainError> {
        let mut outcome = Outcome::Finished;
        let mut logs = run.objective.logs(&self.progress.means);
        for callback in callbacks.iter_mut() {
            callback.train_begin(&mut self.context(model, run, &mut outcome))?;
        }
        while self.progress.epoch < run.options.epochs && outcome == Outcome::Finished {
            for callback in callbacks.iter_mut() {
                callback.epoch_begin(&mut self.context(model, run, &mut outcome))?;
            }
            self.steps(model, run, machines, (&mut logs, &mut outcome), callbacks)?;
            let finished = outcome != Outcome::Cancelled
                && self.finish_epoch(model, run, machines, (&mut logs, &mut outcome), callbacks)?;
            if !finished {
                self.progress.callbacks =
                    callbacks.iter().map(|callback| callback.state()).collect();
                for callback in callbacks.iter_mut() {
                    callback.cancelled(&mut self.context(model, run, &mut outcome))?;
                }
                return Ok(Outcome::Cancelled);
            }
        }
        for callback in callbacks.iter_mut() {
            callback.train_end(&mut self.context(model, run, &mut outcome))?;
        }
        Ok(outcome)
    }

    /// The steps of the epoch that are not done yet.
    fn steps(
        &mut self,
        model: &mut Model,
        run: &Run<'_>,
        machines: &mut Machines,
        (logs, outcome): (&mut Logs, &mut Outcome),
        callbacks: &mut [&mut dyn Callback],
    ) -> Result<(), TrainError> {
        let shuffle = self.progress.shuffle.then_some((self.progress.seed, self.progress.epoch));
        run.samples.order(shuffle, &mut machines.order);
        let size = run.options.batch_size;
        while self.progress.step < run.steps {
            let first = self.progress.step * size;
            let rows = &machines.order[first..machines.order.len().min(first + size)];
            machines.batch.gather(run.samples, run.objective, rows);
            self.step(model, run, machines)?;
            self.progress.step += 1;
            run.objective.refresh(&self.progress.means, logs);
            for callback in callbacks.iter_mut() {
                callback.batch_end(&mut self.context(model, run, outcome), logs)?;
            }
            if *outcome == Outcome::Stopped {
                break;
            }
            if is_cancelled(run.options) {
                *outcome = Outcome::Cancelled;
                break;
            }
        }
        Ok(())
    }

    /// One step on the batch that was gathered.
    fn step(
        &mut self,
        model: &mut Model,
        run: &Run<'_>,
        machines: &mut Machines,
    ) -> Result<(), TrainError> {
        let context = StepContext { seed: self.progress.seed, step: self.updater.iterations() };
        let plan = machines.train.of_size(machines.batch.rows());
        let weights = (model.parameters_mut()?, &mut self.updater);
        let loss = plan.learn(&machines.batch, run.objective, weights, context)?;
        if !loss.is_finite() {
            let learn = Some((&[][..], None));
            let maker = Maker { model, objective: run.objective, learn };
            let origin =
                find_origin(&maker, run.samples, &machines.batch, (model.parameters()?, context))?;
            let (epoch, step) = (self.progress.epoch + 1, self.progress.step + 1);
            return Err(TrainError::NotFinite { epoch, step, value: loss, origin });
        }
        plan.measure(&machines.batch, run.objective, &mut self.progress.means)
    }

    /// Validation, history and callbacks; false where validation was cancelled.
    fn finish_epoch(
        &mut self,
        model: &mut Model,
        run: &Run<'_>,
        machines: &mut Machines,
        (logs, outcome): (&mut Logs, &mut Outcome),
        callbacks: &mut [&mut dyn Callback],
    ) -> Result<bool, TrainError> {
        let epoch = self.progress.epoch;
        let mut epoch_logs = logs.clone();
        let due = (epoch + 1).is_multiple_of(run.options.validation_freq);
        if let (Some(held_out), Some((plans, batch)), true) =
            (run.validation, &mut machines.validate, due)
        {
            let cancel = run.options.cancel;
            let Some(means) = evaluate_samples(model, held_out, plans, batch, cancel)? else {
                return Ok(false);
            };
            epoch_logs.add_validation(&held_out.0.logs(&means));
        }
        for callback in callbacks.iter_mut() {
            callback.epoch_end(&mut self.context(model, run, outcome), &mut epoch_logs)?;
        }
        self.progress.history.push(epoch, &epoch_logs);
        self.progress.epoch += 1;
        self.progress.step = 0;
        self.progress.means = run.objective.means();
        self.progress.callbacks = callbacks.iter().map(|callback| callback.state()).collect();
        for callback in callbacks.iter_mut() {
            callback.epoch_complete(&mut self.context(model, run, outcome), &epoch_logs)?;
        }
        Ok(true)
    }

    fn context<'a>(
        &'a mut self,
        model: &'a mut Model,
        run: &'a Run<'_>,
        outcome: &'a mut Outcome,
    ) -> Context<'a> {
        Context {
            model,
            epochs: run.options.epochs,
            steps: run.steps,
            compile: &self.compile,
            cancel: run.options.cancel,
            progress: &self.progress,
            updater: &mut self.updater,
            objective: run.objective,
            outcome,
        }
    }
}

pub(super) fn is_cancelled(options: &FitOptions<'_>) -> bool {
    options.cancel.is_some_and(|cancel| cancel.load(Ordering::Relaxed))
}

fn check_options(options: &FitOptions<'_>) -> Result<(), TrainError> {
    let sizes = [
        ("batch_size", options.batch_size),
        ("validation_batch_size", options.validation_batch_size.unwrap_or(1)),
        ("validation_freq", options.validation_freq),
    ];
    match sizes.into_iter().find(|(_, size)| *size == 0) {
        Some((place, _)) => Err(TrainError::argument(place, "1 or more", "0")),
        None => Ok(()),
    }
}

type Rows = std::ops::Range<usize>;

/// The rows to train on and, where a part is split off, those of validation.
fn split(data: &Dataset, validation: Validation<'_>) -> Result<(Rows, Option<Rows>), TrainError> {
    let samples = data.len();
    if samples == 0 {
        return Err(TrainError::argument("data", "at least one sample", "none"));
    }
    let share = match validation {
        Validation::Split(share) if share != 0.0 => share,
        Validation::Data(held_out) if held_out.is_empty() => {
            return Err(TrainError::argument("validation data", "at least one sample", "none"));
        }
        _ => return Ok((0..samples, None)),
    };
    // Keras: the floor of the training part, and neither part may be empty.
    let at = (samples as f64 * (1.0 - share)).floor() as usize;
    if !(0.0..1.0).contains(&share) || at == 0 || at == samples {
        let expected = format!("a share that leaves samples of {samples} on both sides");
        return Err(TrainError::argument("validation_split", expected, share.to_string()));
    }
    Ok((0..at, Some(at..samples)))
}
