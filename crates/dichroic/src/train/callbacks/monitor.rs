//! A measured value that is watched.

use serde::{Deserialize, Serialize};

use super::Context;
use crate::train::{Logs, TrainError};

/// Which way is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// As the metric says: down for losses, up for accuracies.
    #[default]
    Auto,
    /// Down.
    Min,
    /// Up.
    Max,
}

/// A value, which way is better, and the least change that counts.
///
/// # Source
/// `keras.callbacks.MonitorCallback`
#[derive(Clone, Debug, PartialEq)]
pub struct Monitor {
    /// The name: `val_loss` by default.
    pub name: String,
    /// Which way is better.
    pub direction: Direction,
    /// Smaller changes are none.
    pub min_delta: f64,
}

impl Default for Monitor {
    fn default() -> Self {
        Self { name: "val_loss".to_owned(), direction: Direction::Auto, min_delta: 0.0 }
    }
}

impl Monitor {
    /// A watch on this value.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The value, where it was measured in this epoch.
    ///
    /// # Errors
    /// When the first epoch has no such value, so that it will never come.
    pub(super) fn value(
        &self,
        context: &Context<'_>,
        logs: &Logs,
    ) -> Result<Option<f64>, TrainError> {
        let known = context.larger_is_better(&self.name).is_some();
        match logs.get(&self.name) {
            // Validation may be due in later epochs only.
            None if !known => {
                let names: Vec<&str> = logs.iter().map(|(name, _)| name).collect();
                let place = format!("monitor {:?}", self.name);
                Err(TrainError::argument(
                    place,
                    format!("one of {}", names.join(", ")),
                    "another name",
                ))
            }
            value => Ok(value),
        }
    }

    /// Whether a value is better than another by more than the least change.
    pub(super) fn is_improvement(
        &self,
        context: &Context<'_>,
        value: f64,
        than: Option<f64>,
    ) -> bool {
        let up = match self.direction {
            Direction::Auto => context.larger_is_better(&self.name).unwrap_or(false),
            Direction::Min => false,
            Direction::Max => true,
        };
        let delta = self.min_delta.abs();
        than.is_none_or(|than| if up { value - delta > than } else { value + delta < than })
    }
}
