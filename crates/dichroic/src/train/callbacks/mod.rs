//! What is called while a model is trained: to stop, to slow down, to save, to report.

use std::sync::atomic::AtomicBool;

use serde_json::Value;

use super::fit::Outcome;
use super::objective::Objective;
use super::update::Updater;
use super::{Compile, Logs, Progress, TrainError, TrainingState};
use crate::model::Model;

mod csv_logger;
mod early_stopping;
mod model_checkpoint;
mod monitor;
mod progress;
mod reduce_lr_on_plateau;

pub use csv_logger::CsvLogger;
pub use early_stopping::EarlyStopping;
pub use model_checkpoint::ModelCheckpoint;
pub use monitor::{Direction, Monitor};
pub use progress::{ProgressLines, format_value, metrics_text, step_time_text};
pub use reduce_lr_on_plateau::ReduceLrOnPlateau;

/// Something that is called during [`super::Trainer::fit`]. Every method may be left out.
///
/// An error ends the training with that error.
pub trait Callback {
    /// Before the first epoch.
    ///
    /// # Errors
    /// What the callback reports.
    fn train_begin(&mut self, _context: &mut Context<'_>) -> Result<(), TrainError> {
        Ok(())
    }

    /// Before the first step of an epoch.
    ///
    /// # Errors
    /// What the callback reports.
    fn epoch_begin(&mut self, _context: &mut Context<'_>) -> Result<(), TrainError> {
        Ok(())
    }

    /// After each step, with the means of the epoch so far.
    ///
    /// # Errors
    /// What the callback reports.
    fn batch_end(&mut self, _context: &mut Context<'_>, _logs: &Logs) -> Result<(), TrainError> {
        Ok(())
    }

    /// After the validation of an epoch; values that it adds to the logs go to the history.
    ///
    /// # Errors
    /// What the callback reports.
    fn epoch_end(
        &mut self,
        _context: &mut Context<'_>,
        _logs: &mut Logs,
    ) -> Result<(), TrainError> {
        Ok(())
    }

    /// After all callbacks have seen the end of an epoch: the time to save and to report.
    ///
    /// The context already stands at the beginning of the next epoch.
    ///
    /// # Errors
    /// What the callback reports.
    fn epoch_complete(
        &mut self,
        _context: &mut Context<'_>,
        _logs: &Logs,
    ) -> Result<(), TrainError> {
        Ok(())
    }

    /// When training was cancelled; its state can be saved.
    ///
    /// # Errors
    /// What the callback reports.
    fn cancelled(&mut self, _context: &mut Context<'_>) -> Result<(), TrainError> {
        Ok(())
    }

    /// After the last epoch.
    ///
    /// # Errors
    /// What the callback reports.
    fn train_end(&mut self, _context: &mut Context<'_>) -> Result<(), TrainError> {
        Ok(())
    }

    /// What it must know to go on after the training was stopped.
    fn state(&self) -> Value {
        Value::Null
    }

    /// Takes up what [`Callback::state`] gave.
    ///
    /// # Errors
    /// When the state is not its own.
    fn restore(&mut self, _state: &Value) -> Result<(), TrainError> {
        Ok(())
    }
}

/// What a callback can see and do.
#[derive(Debug)]
pub struct Context<'a> {
    /// The model in training.
    pub model: &'a mut Model,
    /// The epoch after which training ends.
    pub epochs: usize,
    /// The steps of an epoch.
    pub steps: usize,
    /// What the model was compiled with.
    pub compile: &'a Compile,
    /// The wish to end the training, as in [`super::FitOptions::cancel`].
    pub cancel: Option<&'a AtomicBool>,
    pub(super) progress: &'a Progress,
    pub(super) updater: &'a mut Updater,
    pub(super) objective: &'a Objective,
    pub(super) outcome: &'a mut Outcome,
}

impl Context<'_> {
    /// The epoch, from 0.
    pub fn epoch(&self) -> usize {
        self.progress.epoch
    }

    /// The steps of the epoch that are done.
    pub fn step(&self) -> usize {
        self.progress.step
    }

    /// Ends the training after this epoch.
    pub fn stop_training(&mut self) {
        *self.outcome = Outcome::Stopped;
    }

    /// The learning rate of the next step.
    pub fn learning_rate(&self) -> f64 {
        self.updater.learning_rate()
    }

    /// Sets the learning rate.
    ///
    /// # Errors
    /// When it follows a schedule.
    pub fn set_learning_rate(&mut self, rate: f64) -> Result<(), TrainError> {
        self.updater.set_learning_rate(rate)
    }

    /// Whether a larger value of this name is better; `None` for one that is not measured.
    pub fn larger_is_better(&self, name: &str) -> Option<bool> {
        self.objective.larger_is_better(name)
    }

    /// Where the training stands, to be saved.
    pub fn state(&self) -> TrainingState {
        TrainingState { progress: self.progress.clone(), optimizer: self.updater.state() }
    }
}

/// The error of a state that another callback made.
fn foreign_state(what: &'static str, error: &serde_json::Error) -> TrainError {
    TrainError::Resume { what, expected: "its own".to_owned(), got: error.to_string() }
}
