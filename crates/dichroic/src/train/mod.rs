//! Training: optimizers, losses, metrics, callbacks, and the loop that brings them together.
//!
//! Names, defaults and behaviour are those of Keras's `compile`, `fit` and `evaluate`. A training step is one
//! plan: the model, the loss, the penalties and all gradients; then the optimizer changes the weights.
//! The same seed gives the same bits for any number of threads, and a training that
//! was stopped goes on from its [`TrainingState`] as if it had never stopped.
//!
//! ```
//! use dichroic::data::{Array, Dataset, Values};
//! use dichroic::layers::Dense;
//! use dichroic::model::{Input, Sequential};
//! use dichroic::train::{Compile, FitOptions, Trainer};
//!
//! let mut model = Sequential::new().add(Input::new(&[1])).add(Dense::new(1)).finish()?;
//! model.build(0)?;
//! let x = Array::new("x", [4, 1], Values::F32(vec![0.0, 1.0, 2.0, 3.0]))?;
//! let y = Array::new("y", [4, 1], Values::F32(vec![1.0, 3.0, 5.0, 7.0]))?;
//! let data = Dataset::new(vec![x], vec![y])?;
//!
//! let mut trainer = Trainer::new(&model, Compile::named("sgd", "mse", &[])?)?;
//! let options = FitOptions { epochs: 3, ..FitOptions::default() };
//! trainer.fit(&mut model, &data, &options, &mut [])?;
//! let loss = trainer.history().get("loss").unwrap_or_default();
//! assert!(loss[2] < loss[0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod callbacks;
mod compare;
mod compile;
mod diagnose;
mod emit;
mod error;
mod evaluate;
mod fit;
mod history;
mod losses;
mod metrics;
mod objective;
pub mod observe;
mod optimizers;
mod plan;
mod samples;
mod state;
mod step_graph;
mod suited;
mod trainer;
mod update;

pub use compare::{Budget, VariantEvent};
pub use compile::{Compile, PerOutput};
pub use error::{Origin, TrainError};
pub use fit::{FitOptions, Outcome, Validation};
pub use history::{History, Logs};
pub use losses::{Loss, LossFunction, Reduction};
pub use metrics::{Mean, Measure, Metric};
pub use optimizers::{
    Adam, AdamW, Algorithm, Clipping, LearningRate, OPTIMIZERS, Optimizer, RmsProp, Schedule, Sgd,
};
pub use state::{OptimizerState, Progress, Slot, TrainingState};
pub use suited::CompileChoices;
pub use trainer::Trainer;

use crate::keras_object::KerasObject;

/// A flag among the arguments of a Keras object; false where it is null or absent.
fn read_flag(object: &KerasObject, name: &str) -> Result<bool, String> {
    match object.config.get(name).filter(|value| !value.is_null()) {
        None => Ok(false),
        Some(value) => value
            .as_bool()
            .ok_or_else(|| format!("argument {name} must be true or false, got {value}")),
    }
}

/// The object that Keras's form of a plain function stands for:
/// `{"class_name": "function", "config": "mean_squared_error"}`.
fn named_function(object: KerasObject) -> KerasObject {
    match object.config.as_str() {
        Some(name) if object.class_name == "function" => {
            KerasObject::written("", name, serde_json::Value::Object(serde_json::Map::new()))
        }
        _ => object,
    }
}
