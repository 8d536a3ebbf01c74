//! Keras's model archive, `.keras`.
//!
//! ```text
//! metadata.json      which Keras, and when
//! config.json        layers, connections, what compile was told
//! model.weights.h5   weights and the optimizer's variables
//! dichroic.json      ours: names of classes and the state of training; Keras passes it over
//! ```
//!
//! # Source
//! Keras 3, `keras/src/saving/saving_lib.py`.

mod date;
mod layout;
mod read;
pub(crate) mod saved_layers;
mod training;
mod write;

pub use read::{is_keras, read_keras, read_outline};
pub(crate) use training::{optimizer_variables, read as read_training};
pub use write::write_keras;
pub(crate) use write::{ours, weights_alone};

use dichroic::model::Model;
use dichroic::train::{OptimizerState, Progress, TrainingState};

/// The Keras whose layouts are written.
pub(crate) const KERAS_VERSION: &str = "3.15.1";
const METADATA: &str = "metadata.json";
const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.weights.h5";
const OURS: &str = "dichroic.json";

/// A model with what belongs to it, as it was read.
#[derive(Debug)]
pub struct SavedModel {
    /// The model, with the values of its weights.
    pub model: Model,
    /// The names of the classes that the last axis of its output stands for; empty if they have none.
    pub class_names: Vec<String>,
    /// What the file says about training.
    pub training: SavedTraining,
}

/// What a file says about training.
#[derive(Clone, Debug, PartialEq)]
pub enum SavedTraining {
    /// Nothing: the model was never trained, or saved without its optimizer.
    None,
    /// What the optimizer keeps and, in files of our own, the place in the data.
    State {
        /// What the optimizer keeps.
        optimizer: OptimizerState,
        /// Where training stopped.
        progress: Option<Progress>,
    },
    /// Something that can't be gone on with, and why; the model itself is whole.
    Unusable(String),
}

impl SavedTraining {
    /// All that it takes to go on bit for bit; `None` unless dichroic wrote the file while training.
    pub fn to_resume(&self) -> Option<TrainingState> {
        match self {
            Self::State { optimizer, progress: Some(progress) } => {
                Some(TrainingState { progress: progress.clone(), optimizer: optimizer.clone() })
            }
            _ => None,
        }
    }
}

/// What is written to a file.
#[derive(Clone, Copy, Debug)]
pub struct Contents<'a> {
    /// The model; its weights need values.
    pub model: &'a Model,
    /// The names of the classes; empty if they have none.
    pub class_names: &'a [String],
    /// What the optimizer keeps.
    pub optimizer: Option<&'a OptimizerState>,
    /// Where training stands.
    pub progress: Option<&'a Progress>,
}

impl<'a> Contents<'a> {
    /// A model alone.
    pub fn of(model: &'a Model) -> Self {
        Self { model, class_names: &[], optimizer: None, progress: None }
    }

    /// With the names of the classes.
    pub fn class_names(self, class_names: &'a [String]) -> Self {
        Self { class_names, ..self }
    }

    /// With all that it takes to go on training.
    pub fn training(self, state: &'a TrainingState) -> Self {
        Self { optimizer: Some(&state.optimizer), progress: Some(&state.progress), ..self }
    }
}

impl SavedModel {
    /// What it takes to write the same file again.
    pub fn contents(&self) -> Contents<'_> {
        let (optimizer, progress) = match &self.training {
            SavedTraining::State { optimizer, progress } => (Some(optimizer), progress.as_ref()),
            _ => (None, None),
        };
        Contents { model: &self.model, class_names: &self.class_names, optimizer, progress }
    }
}
