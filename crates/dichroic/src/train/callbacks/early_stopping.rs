//! Ends a training that no longer gets better.

use dichroic_graph::kernels::tensor::Tensor;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Callback, Context, Monitor, foreign_state};
use crate::train::{Logs, TrainError};

/// Ends a training when a value has not improved for some epochs.
///
/// The weights of the best epoch are not part of a saved state: a training that is resumed restores
/// the best weights from then on.
///
/// # Source
/// `keras.callbacks.EarlyStopping`
#[derive(Clone, Debug, Default)]
pub struct EarlyStopping {
    /// What is watched.
    pub monitor: Monitor,
    /// Epochs to wait for an improvement; 0 by default.
    pub patience: usize,
    /// A value that must be reached for the waiting to begin anew.
    pub baseline: Option<f64>,
    /// Whether the weights of the best epoch are taken in the end.
    pub restore_best_weights: bool,
    /// Epochs that are not watched.
    pub start_from_epoch: usize,
    watch: Watch,
    best_weights: Option<Vec<Tensor>>,
}

/// What was seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Watch {
    wait: usize,
    best: Option<f64>,
    best_epoch: usize,
    stopped_epoch: usize,
    resumed: bool,
}

impl EarlyStopping {
    /// Watches a value, and waits some epochs.
    pub fn new(monitor: Monitor, patience: usize) -> Self {
        Self { monitor, patience, ..Self::default() }
    }

    /// With the weights of the best epoch in the end.
    pub fn restore_best_weights(mut self) -> Self {
        self.restore_best_weights = true;
        self
    }

    /// The best epoch so far, from 0.
    pub fn best_epoch(&self) -> usize {
        self.watch.best_epoch
    }

    /// The epoch after which training was stopped, from 0; `None` where it was not.
    pub fn stopped_epoch(&self) -> Option<usize> {
        (self.watch.stopped_epoch > 0).then_some(self.watch.stopped_epoch)
    }

    fn keep_weights(&mut self, context: &Context<'_>) -> Result<(), TrainError> {
        if self.restore_best_weights {
            self.best_weights = Some(context.model.parameters()?.tensors().to_vec());
        }
        Ok(())
    }
}

impl Callback for EarlyStopping {
    fn train_begin(&mut self, _context: &mut Context<'_>) -> Result<(), TrainError> {
        if !std::mem::take(&mut self.watch.resumed) {
            self.watch = Watch::default();
            self.best_weights = None;
        }
        Ok(())
    }

    fn epoch_end(&mut self, context: &mut Context<'_>, logs: &mut Logs) -> Result<(), TrainError> {
        let epoch = context.epoch();
        let current = self.monitor.value(context, logs)?;
        let Some(current) = current.filter(|_| epoch >= self.start_from_epoch) else {
            return Ok(());
        };
        if self.best_weights.is_none() {
            self.keep_weights(context)?;
            self.watch.best_epoch = epoch;
        }
        self.watch.wait += 1;
        if self.monitor.is_improvement(context, current, self.watch.best) {
            self.watch.best = Some(current);
            self.watch.best_epoch = epoch;
            self.keep_weights(context)?;
            if self
                .baseline
                .is_none_or(|_| self.monitor.is_improvement(context, current, self.baseline))
            {
                self.watch.wait = 0;
            }
        } else if self.watch.wait >= self.patience && epoch > 0 {
            self.watch.stopped_epoch = epoch;
            context.stop_training();
        }
        Ok(())
    }

    fn train_end(&mut self, context: &mut Context<'_>) -> Result<(), TrainError> {
        if let Some(best) = self.best_weights.take() {
            for (own, best) in context.model.parameters_mut()?.tensors_mut().iter_mut().zip(best) {
                *own = best;
            }
        }
        Ok(())
    }

    fn state(&self) -> Value {
        json!(Watch { resumed: true, ..self.watch })
    }

    fn restore(&mut self, state: &Value) -> Result<(), TrainError> {
        self.watch = Watch::deserialize(state)
            .map_err(|error| foreign_state("the state of EarlyStopping", &error))?;
        Ok(())
    }
}
