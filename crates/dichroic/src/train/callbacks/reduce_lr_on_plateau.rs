//! Smaller steps where a value no longer improves.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Callback, Context, Monitor, foreign_state};
use crate::train::{Logs, TrainError};

/// Lowers the learning rate when a value has not improved for some epochs, and adds `learning_rate` to the logs.
///
/// # Source
/// `keras.callbacks.ReduceLROnPlateau`
#[derive(Clone, Debug)]
pub struct ReduceLrOnPlateau {
    /// What is watched; changes below 1e-4 are none by default.
    pub monitor: Monitor,
    /// What the rate is multiplied with, below 1; 0.1 by default.
    pub factor: f64,
    /// Epochs to wait for an improvement; 10 by default.
    pub patience: usize,
    /// Epochs after a change in which nothing is counted.
    pub cooldown: usize,
    /// The least rate.
    pub min_lr: f64,
    watch: Watch,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Watch {
    wait: usize,
    cooldown: usize,
    best: Option<f64>,
    resumed: bool,
}

impl Default for ReduceLrOnPlateau {
    fn default() -> Self {
        Self {
            monitor: Monitor { min_delta: 1e-4, ..Monitor::default() },
            factor: 0.1,
            patience: 10,
            cooldown: 0,
            min_lr: 0.0,
            watch: Watch::default(),
        }
    }
}

impl ReduceLrOnPlateau {
    /// Watches a value, and waits some epochs.
    pub fn new(monitor: Monitor, patience: usize) -> Self {
        Self { monitor, patience, ..Self::default() }
    }

    fn reduce(&mut self, context: &mut Context<'_>) -> Result<(), TrainError> {
        let rate = context.learning_rate();
        if rate > f64::from(self.min_lr as f32) {
            context.set_learning_rate((rate * self.factor).max(self.min_lr))?;
            self.watch.cooldown = self.cooldown;
            self.watch.wait = 0;
        }
        Ok(())
    }
}

impl Callback for ReduceLrOnPlateau {
    fn train_begin(&mut self, _context: &mut Context<'_>) -> Result<(), TrainError> {
        if !(0.0..1.0).contains(&self.factor) {
            return Err(TrainError::argument(
                "ReduceLROnPlateau",
                "a factor below 1",
                self.factor.to_string(),
            ));
        }
        if !std::mem::take(&mut self.watch.resumed) {
            self.watch = Watch::default();
        }
        Ok(())
    }

    fn epoch_end(&mut self, context: &mut Context<'_>, logs: &mut Logs) -> Result<(), TrainError> {
        let current = self.monitor.value(context, logs)?;
        logs.set("learning_rate", context.learning_rate());
        let Some(current) = current else { return Ok(()) };
        if self.watch.cooldown > 0 {
            self.watch.cooldown -= 1;
            self.watch.wait = 0;
        }
        if self.monitor.is_improvement(context, current, self.watch.best) {
            self.watch.best = Some(current);
            self.watch.wait = 0;
        } else if self.watch.cooldown == 0 {
            self.watch.wait += 1;
            if self.watch.wait >= self.patience {
                self.reduce(context)?;
            }
        }
        Ok(())
    }

    fn state(&self) -> Value {
        json!(Watch { resumed: true, ..self.watch })
    }

    fn restore(&mut self, state: &Value) -> Result<(), TrainError> {
        self.watch = Watch::deserialize(state)
            .map_err(|error| foreign_state("the state of ReduceLROnPlateau", &error))?;
        Ok(())
    }
}
