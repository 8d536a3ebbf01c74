//! What can be wrong with training.

use std::fmt;
use std::path::PathBuf;

use dichroic_graph::GraphError;

use crate::data::DataError;
use crate::model::ModelError;

/// Why a model can't be trained, evaluated or resumed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The model refused. Boxed, as it is larger than all other variants.
    #[error(transparent)]
    Model(Box<ModelError>),
    /// The graph, the plan or the executor refused.
    #[error("training graph: {0}")]
    Graph(#[from] GraphError),
    /// The data can't be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// An optimizer, loss, metric or option has a value that can't be used.
    #[error("{place}: expected {expected}, got {got}")]
    Argument {
        /// Where: `optimizer`, `loss of output "dense"`, `batch_size`.
        place: String,
        /// What can be used.
        expected: String,
        /// What came.
        got: String,
    },
    /// What was asked for is not known or not possible; the problem is a whole sentence.
    #[error("{place}: {problem}")]
    Refused {
        /// Where: `optimizer`, `loss`, `metrics`.
        place: String,
        /// What is wrong, with what came and what can be used.
        problem: String,
    },
    /// The arrays of a data set don't fit the model.
    #[error("{place} needs {expected}, got {got}")]
    Shape {
        /// The input or output: `input "image"`, `target of output "dense"`.
        place: String,
        /// What it needs.
        expected: String,
        /// What came.
        got: String,
    },
    /// A class number is none of the model's classes.
    #[error(
        "target of output {output:?}: sample {sample} has class {got}, \
         but the model has {classes} outputs, for classes 0 to {}", classes.saturating_sub(1)
    )]
    Class {
        /// The output.
        output: String,
        /// The sample.
        sample: usize,
        /// The class number that came.
        got: f32,
        /// The number of classes.
        classes: usize,
    },
    /// The memory that training needs is not there.
    #[error(
        "training needs {needed} bytes of memory (plans {plans}, optimizer {optimizer}, batches {batches}), \
         {available} are available; a smaller batch_size needs less"
    )]
    Memory {
        /// Bytes needed in all.
        needed: u64,
        /// Bytes of the plans.
        plans: u64,
        /// Bytes of the optimizer's slots.
        optimizer: u64,
        /// Bytes of the batches.
        batches: u64,
        /// Bytes available.
        available: u64,
    },
    /// The loss is no longer a number.
    #[error(
        "the loss became {value} in epoch {epoch}, step {step}: the first value that is not finite {origin}; \
         a smaller learning rate or a clipnorm often helps"
    )]
    NotFinite {
        /// The epoch, from 1.
        epoch: usize,
        /// The step in the epoch, from 1.
        step: usize,
        /// NaN or an infinity.
        value: f32,
        /// Where it began.
        origin: Origin,
    },
    /// A training state belongs to another training.
    #[error("the saved training can't be resumed: {what} was {expected}, now it is {got}")]
    Resume {
        /// What differs.
        what: &'static str,
        /// As it was saved.
        expected: String,
        /// As it is now.
        got: String,
    },
    /// A callback could not write its file.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A callback from outside this library failed.
    #[error("callback: {0}")]
    Callback(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<ModelError> for TrainError {
    fn from(error: ModelError) -> Self {
        Self::Model(Box::new(error))
    }
}

impl TrainError {
    pub(crate) fn argument(
        place: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self::Argument { place: place.into(), expected: expected.into(), got: got.into() }
    }

    pub(crate) fn refused(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Refused { place: place.into(), problem: problem.into() }
    }

    pub(crate) fn shape(
        place: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self::Shape { place: place.into(), expected: expected.into(), got: got.into() }
    }
}

/// Where the first value that is not finite was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// In the data of an input.
    Input(String),
    /// In the data of a target.
    Target(String),
    /// In a weight, after an earlier step.
    Weight {
        /// The layer, with the names of the models around it.
        layer: String,
        /// The weight.
        weight: String,
    },
    /// In the output of a layer whose inputs and weights are finite.
    Layer(String),
    /// In the loss of an output that is finite itself.
    Loss(String),
    /// In the penalties on weights.
    Penalty,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(name) => write!(f, "is in the data of input {name:?}"),
            Self::Target(name) => write!(f, "is in the target of output {name:?}"),
            Self::Weight { layer, weight } => {
                write!(f, "is in weight {weight:?} of layer {layer:?}, after the step before")
            }
            Self::Layer(layer) => write!(f, "is the output of layer {layer:?}"),
            Self::Loss(output) => write!(f, "is the loss of output {output:?}"),
            Self::Penalty => write!(f, "is the sum of the regularizers' penalties"),
        }
    }
}
