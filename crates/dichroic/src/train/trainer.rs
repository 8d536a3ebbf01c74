//! A training with everything that outlives one call of `fit`.

use super::update::Updater;
use super::{Compile, History, OptimizerState, Progress, TrainError, TrainingState};
use crate::model::Model;

/// A compiled model's training: the optimizer with its slots, and where the training stands.
///
/// The model is passed to each call and stays with its owner. One trainer belongs to one model.
#[derive(Debug)]
pub struct Trainer {
    pub(super) compile: Compile,
    pub(super) updater: Updater,
    pub(super) progress: Progress,
    /// Whether the next `fit` goes on from `progress`.
    pub(super) resuming: bool,
}

impl Trainer {
    /// A training that has not begun.
    ///
    /// # Errors
    /// When a number of the optimizer is out of range.
    pub fn new(model: &Model, compile: Compile) -> Result<Self, TrainError> {
        let updater = Updater::new(&compile.optimizer, model)?;
        Ok(Self { compile, updater, progress: Progress::default(), resuming: false })
    }

    /// A training that goes on where its state was taken, bit for bit: the next [`Trainer::fit`] finishes
    /// the epoch that was begun.
    ///
    /// The model has to hold the weights of that time, and `fit` the same data and options; seed and shuffling
    /// are those of the state.
    ///
    /// # Errors
    /// When the state belongs to another model or optimizer.
    pub fn resume(
        model: &Model,
        compile: Compile,
        state: &TrainingState,
    ) -> Result<Self, TrainError> {
        let mut trainer = Self::new(model, compile)?;
        trainer.updater.restore(&state.optimizer)?;
        trainer.progress = state.progress.clone();
        trainer.resuming = true;
        Ok(trainer)
    }

    /// A training that begins anew with an optimizer that has learnt before, as Keras's `fit` on a loaded model.
    ///
    /// # Errors
    /// When the state belongs to another model or optimizer.
    pub fn with_optimizer(
        model: &Model,
        compile: Compile,
        state: &OptimizerState,
    ) -> Result<Self, TrainError> {
        let mut trainer = Self::new(model, compile)?;
        trainer.updater.restore(state)?;
        Ok(trainer)
    }

    /// What it was compiled with.
    pub fn compile(&self) -> &Compile {
        &self.compile
    }

    /// What the last call of [`Trainer::fit`] measured, epoch by epoch.
    pub fn history(&self) -> &History {
        &self.progress.history
    }

    /// The learning rate of the next step.
    pub fn learning_rate(&self) -> f64 {
        self.updater.learning_rate()
    }

    /// Where the training stands, to be saved.
    pub fn state(&self) -> TrainingState {
        TrainingState { progress: self.progress.clone(), optimizer: self.updater.state() }
    }
}
