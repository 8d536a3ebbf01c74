//! A mean that grows value by value.

use serde::{Deserialize, Serialize};

/// A weighted mean of the values seen so far.
///
/// # Source
/// `keras.metrics.Mean`
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// The sum of values times weights.
    pub total: f64,
    /// The sum of the weights.
    pub weight: f64,
}

impl Mean {
    /// Adds a value.
    pub fn add(&mut self, value: f64, weight: f64) {
        self.total += value * weight;
        self.weight += weight;
    }

    /// The mean; 0 where nothing was added.
    pub fn result(&self) -> f64 {
        if self.weight == 0.0 { 0.0 } else { self.total / self.weight }
    }
}
