//! To look at a training while it goes on: measured values, weights and gradients, answers and mistakes.
//!
//! [`Observe`] is a callback that hands plain [`Observation`]s to a closure. It changes nothing: a training that is
//! observed gives the same bits as one that is not. Its parts can be used alone: [`WeightHistogram::of_model`],
//! [`GradientProbe`], [`Evaluation::of`].

mod evaluation;
mod gradients;
mod histogram;
mod pace;

use std::time::Instant;

use dichroic_graph::StepContext;

use super::callbacks::{Callback, Context};
use super::{Logs, TrainError};
use crate::data::Dataset;
use crate::model::Model;
pub use evaluation::{Evaluation, Mistake};
pub use gradients::GradientProbe;
pub use histogram::{BARS, Histogram, WeightHistogram};
pub use pace::Pace;

/// What is seen of a training. Epochs and steps are counted from 1; step 0 is the beginning of an epoch.
#[derive(Debug)]
#[non_exhaustive]
pub enum Observation<'a> {
    /// A step is done.
    Step {
        /// Where the training stands.
        at: Moment,
        /// The steps of an epoch.
        steps: usize,
        /// The means of the epoch so far.
        logs: &'a Logs,
        /// The learning rate of the next step.
        learning_rate: f64,
    },
    /// The weights as they stand, to be copied.
    Weights {
        /// Where the training stands.
        at: Moment,
        /// The model in training.
        model: &'a Model,
    },
    /// How weights and gradients are spread.
    Histograms {
        /// Where the training stands.
        at: Moment,
        /// All weights, in the model's order.
        layers: Vec<WeightHistogram>,
    },
    /// An epoch is done.
    Epoch {
        /// The epoch that is done.
        epoch: usize,
        /// The epoch after which training ends.
        epochs: usize,
        /// What was measured, validation too.
        logs: &'a Logs,
        /// The learning rate of the next step.
        learning_rate: f64,
        /// The time since the epoch began, or was gone on with.
        seconds: f64,
    },
    /// The answers after an epoch.
    Evaluation {
        /// The epoch that is done.
        epoch: usize,
        /// Answers and mistakes.
        evaluation: Evaluation,
    },
}

/// A place in a training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The steps of it that are done.
    pub step: usize,
}

/// Tells a closure what a training does.
///
/// By itself it tells of steps and epochs. What costs more has to be asked for: copies of weights, histograms with or
/// without gradients, evaluations. Each says what it costs.
///
/// ```
/// use dichroic::data::{Array, Dataset, Values};
/// use dichroic::layers::Dense;
/// use dichroic::model::{Input, Sequential};
/// use dichroic::train::observe::{Observation, Observe, Pace};
/// use dichroic::train::{Compile, FitOptions, Trainer};
///
/// let mut model = Sequential::new().add(Input::new(&[1])).add(Dense::new(1)).finish()?;
/// model.build(0)?;
/// let x = Array::new("x", [4, 1], Values::F32(vec![0.0, 1.0, 2.0, 3.0]))?;
/// let y = Array::new("y", [4, 1], Values::F32(vec![1.0, 3.0, 5.0, 7.0]))?;
/// let data = Dataset::new(vec![x], vec![y])?;
/// let mut deviations = Vec::new();
/// let mut observe = Observe::new(|seen| {
///     if let Observation::Histograms { layers, .. } = seen {
///         deviations.push(layers[0].gradient.as_ref().map_or(0.0, |gradient| gradient.mean));
///     }
/// })
/// .histograms(Pace::Steps(1))
/// .gradients(&data);
/// let mut trainer = Trainer::new(&model, Compile::named("sgd", "mse", &[])?)?;
/// let options = FitOptions { epochs: 3, ..FitOptions::default() };
/// trainer.fit(&mut model, &data, &options, &mut [&mut observe])?;
/// drop(observe);
/// assert!(deviations[0].abs() > deviations[2].abs());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Observe<'a> {
    on: Box<dyn FnMut(Observation<'_>) + 'a>,
    steps: Pace,
    weights: Option<Pace>,
    histograms: Option<Pace>,
    gradients: Option<&'a Dataset>,
    evaluation: Option<&'a Dataset>,
    probe: Option<GradientProbe>,
    begun: Instant,
}

impl std::fmt::Debug for Observe<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observe")
            .field("weights", &self.weights)
            .field("histograms", &self.histograms)
            .finish_non_exhaustive()
    }
}

impl<'a> Observe<'a> {
    /// Tells of every step and every epoch.
    pub fn new(on: impl FnMut(Observation<'_>) + 'a) -> Self {
        Self {
            on: Box::new(on),
            steps: Pace::Steps(1),
            weights: None,
            histograms: None,
            gradients: None,
            evaluation: None,
            probe: None,
            begun: Instant::now(),
        }
    }

    /// How often it tells of steps; the last one of an epoch is always told.
    pub fn steps(mut self, pace: Pace) -> Self {
        self.steps = pace;
        self
    }

    /// Shows the weights at the beginning, at this pace and after each epoch. What it costs is the copy that is made of them.
    pub fn weights(mut self, pace: Pace) -> Self {
        self.weights = Some(pace);
        self
    }

    /// Tells how weights are spread, at the beginning, at this pace and after each epoch. It passes twice over the weights.
    pub fn histograms(mut self, pace: Pace) -> Self {
        self.histograms = Some(pace);
        self
    }

    /// Adds gradients on this batch to the histograms, at the cost that [`GradientProbe`] names; where there is no memory
    /// for them they are left out, as looking must not end a training.
    pub fn gradients(mut self, batch: &'a Dataset) -> Self {
        self.gradients = Some(batch);
        self
    }

    /// Tells after each epoch what the model takes for what in these data, at the cost of a prediction for each sample.
    pub fn evaluation(mut self, data: &'a Dataset) -> Self {
        self.evaluation = Some(data);
        self
    }

    fn show_weights(&mut self, at: Moment, model: &Model) {
        (self.on)(Observation::Weights { at, model });
    }

    fn show_histograms(&mut self, at: Moment, context: &Context<'_>) -> Result<(), TrainError> {
        let model = &*context.model;
        let layers = match &mut self.probe {
            Some(probe) => {
                let seed = context.progress.seed;
                let step = context.updater.iterations();
                probe.look(model, StepContext { seed, step })?.1
            }
            None => WeightHistogram::of_model(model)?,
        };
        (self.on)(Observation::Histograms { at, layers });
        Ok(())
    }

    /// Shows what is due; all of it where an epoch or the training begins or ends.
    fn show(&mut self, at: Moment, due: Due, context: &Context<'_>) -> Result<(), TrainError> {
        let begun = Instant::now();
        let all = due == Due::All;
        if self.weights.as_mut().is_some_and(|pace| all || pace.is_due(at.step)) {
            self.show_weights(at, context.model);
            self.weights.iter_mut().for_each(|pace| pace.took(begun.elapsed()));
        }
        let begun = Instant::now();
        if self.histograms.as_mut().is_some_and(|pace| all || pace.is_due(at.step)) {
            self.show_histograms(at, context)?;
            self.histograms.iter_mut().for_each(|pace| pace.took(begun.elapsed()));
        }
        Ok(())
    }
}

/// What is shown now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// Everything.
    All,
    /// What its pace asks for.
    ByPace,
}

impl Callback for Observe<'_> {
    fn train_begin(&mut self, context: &mut Context<'_>) -> Result<(), TrainError> {
        if let (Some(batch), Some(_)) = (self.gradients, &self.histograms) {
            self.probe = match GradientProbe::new(context.model, context.compile, batch) {
                Err(TrainError::Memory { .. }) => None,
                probe => Some(probe?),
            };
        }
        let at = Moment { epoch: context.epoch() + 1, step: context.step() };
        self.show(at, Due::All, context)
    }

    fn epoch_begin(&mut self, _context: &mut Context<'_>) -> Result<(), TrainError> {
        self.begun = Instant::now();
        Ok(())
    }

    fn batch_end(&mut self, context: &mut Context<'_>, logs: &Logs) -> Result<(), TrainError> {
        let at = Moment { epoch: context.epoch() + 1, step: context.step() };
        let last = at.step == context.steps;
        if self.steps.is_due(at.step) || last {
            let (steps, learning_rate) = (context.steps, context.learning_rate());
            (self.on)(Observation::Step { at, steps, logs, learning_rate });
            self.steps.took(std::time::Duration::ZERO);
        }
        // The end of the epoch shows everything anyway.
        if last { Ok(()) } else { self.show(at, Due::ByPace, context) }
    }

    fn epoch_complete(&mut self, context: &mut Context<'_>, logs: &Logs) -> Result<(), TrainError> {
        let (epoch, epochs) = (context.epoch(), context.epochs);
        let (learning_rate, seconds) =
            (context.learning_rate(), self.begun.elapsed().as_secs_f64());
        (self.on)(Observation::Epoch { epoch, epochs, logs, learning_rate, seconds });
        self.show(Moment { epoch, step: context.steps }, Due::All, context)?;
        let Some(data) = self.evaluation else { return Ok(()) };
        let cancel = context.cancel;
        if let Some(evaluation) = Evaluation::of(context.model, context.compile, data, cancel)? {
            (self.on)(Observation::Evaluation { epoch, evaluation });
        }
        Ok(())
    }

    fn cancelled(&mut self, context: &mut Context<'_>) -> Result<(), TrainError> {
        let at = Moment { epoch: context.epoch() + 1, step: context.step() };
        self.show(at, Due::All, context)
    }
}
