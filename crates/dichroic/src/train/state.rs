//! Where a training stands: all that it takes to go on bit for bit.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{History, Mean};

/// Where a training stands between two steps. With the weights of the model it is all that
/// [`super::Trainer::resume`] needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingState {
    /// The place in the data, and what was measured.
    pub progress: Progress,
    /// What the optimizer keeps.
    pub optimizer: OptimizerState,
}

/// The place in the data, and what was measured. Small: it is meant to be written as JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The epoch to go on with, from 0.
    pub epoch: usize,
    /// The steps of that epoch that are done.
    pub step: usize,
    /// The seed of shuffling and dropout.
    pub seed: u64,
    /// Whether the samples are shuffled.
    pub shuffle: bool,
    /// The number of samples that are trained on.
    pub samples: usize,
    /// The samples of one step.
    pub batch_size: usize,
    /// The means of the epoch so far, in the order of the objective.
    pub means: Vec<Mean>,
    /// The epochs before.
    pub history: History,
    /// What each callback keeps.
    pub callbacks: Vec<Value>,
}

/// What an optimizer keeps between steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OptimizerState {
    /// Steps made.
    pub iterations: u64,
    /// The learning rate now; callbacks may have changed it.
    pub learning_rate: f64,
    /// What is kept for each weight, in the order of Keras's `optimizer.variables`, which begins with
    /// `iteration` and `learning_rate`.
    pub slots: Vec<Slot>,
}

/// A number for each value of one weight.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// Keras's name of what is kept: `momentum`, `velocity`.
    pub name: String,
    /// The path of the weight: `conv2d/kernel`.
    pub weight: String,
    /// The numbers, in the order and shape of the weight.
    pub values: Vec<f32>,
}
