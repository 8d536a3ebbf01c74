//! Saves a model while it is trained.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Callback, Context, Monitor, foreign_state};
use crate::model::Model;
use crate::train::{Logs, TrainError, TrainingState};

/// Hands model and training state to a function that saves them, after every epoch or after the best ones.
///
/// This crate writes no model files; the function is where a format comes in. It is also called when training was cancelled.
///
/// # Source
/// `keras.callbacks.ModelCheckpoint`
pub struct ModelCheckpoint<'a> {
    save: Box<Save<'a>>,
    best_of: Option<Monitor>,
    watch: Watch,
}

type Save<'a> =
    dyn FnMut(&Model, &TrainingState) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + 'a;

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Watch {
    best: Option<f64>,
    improved: bool,
}

impl<'a> ModelCheckpoint<'a> {
    /// Saves after every epoch.
    pub fn new(
        save: impl FnMut(&Model, &TrainingState) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
        + 'a,
    ) -> Self {
        Self { save: Box::new(save), best_of: None, watch: Watch::default() }
    }

    /// Saves only when the value has improved (`save_best_only`).
    pub fn best_of(mut self, monitor: Monitor) -> Self {
        self.best_of = Some(monitor);
        self
    }

    fn save(&mut self, context: &Context<'_>) -> Result<(), TrainError> {
        (self.save)(context.model, &context.state()).map_err(TrainError::Callback)
    }
}

impl std::fmt::Debug for ModelCheckpoint<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelCheckpoint").field("best_of", &self.best_of).finish_non_exhaustive()
    }
}

impl Callback for ModelCheckpoint<'_> {
    fn epoch_end(&mut self, context: &mut Context<'_>, logs: &mut Logs) -> Result<(), TrainError> {
        let Some(monitor) = &self.best_of else {
            self.watch.improved = true;
            return Ok(());
        };
        let value = monitor.value(context, logs)?;
        self.watch.improved =
            value.is_some_and(|value| monitor.is_improvement(context, value, self.watch.best));
        if self.watch.improved {
            self.watch.best = value;
        }
        Ok(())
    }

    fn epoch_complete(
        &mut self,
        context: &mut Context<'_>,
        _logs: &Logs,
    ) -> Result<(), TrainError> {
        if self.watch.improved { self.save(context) } else { Ok(()) }
    }

    fn cancelled(&mut self, context: &mut Context<'_>) -> Result<(), TrainError> {
        // The best epoch's file must not be lost to a later, unfinished one.
        if self.best_of.is_none() { self.save(context) } else { Ok(()) }
    }

    fn state(&self) -> Value {
        json!(self.watch)
    }

    fn restore(&mut self, state: &Value) -> Result<(), TrainError> {
        // The training that stopped had another callback here, or saved nothing: nothing was the best so far.
        if state.is_null() {
            return Ok(());
        }
        self.watch = Watch::deserialize(state)
            .map_err(|error| foreign_state("the state of ModelCheckpoint", &error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_training_that_saved_nothing_before_can_save_from_now_on() {
        let mut checkpoint = ModelCheckpoint::new(|_, _| Ok(()));
        checkpoint.restore(&Value::Null).unwrap();
        let kept = checkpoint.state();
        checkpoint.restore(&kept).unwrap();
        assert!(checkpoint.restore(&json!({ "wait": 1 })).is_err());
    }
}
