//! Training a model on a named data set.

mod report;

use std::sync::Arc;

use dichroic::data::{Dataset, named};
use dichroic::model::Model;
use dichroic::train::{
    Compile, CompileChoices, FitOptions, Optimizer, Outcome, TrainError, Trainer, TrainingState,
    Validation,
};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) use report::measured;
pub use report::{Samples, TrainingReport};

use super::{Ending, Job, Work};
use crate::problem::{Problem, ProblemKind};
use crate::workspace::{ModelRecord, ModelSource, NewModel, Workspace};

/// The share of each class that is held out of data without a part to test with.
const HELD_OUT: f64 = 0.2;
/// Epochs that one training may have.
const MOST_EPOCHS: usize = 10_000;

/// What is asked for.
#[derive(Clone, Debug, Deserialize)]
struct Request {
    model: String,
    data: String,
    epochs: usize,
    batch_size: Option<usize>,
    optimizer: Option<String>,
    learning_rate: Option<f64>,
    seed: Option<u64>,
}

/// A training that was asked for, or that was stopped.
struct Training {
    request: Request,
    stage: Stage,
}

enum Stage {
    /// Nothing is done yet: the model as it is shown.
    Asked(Arc<ModelRecord>),
    /// It was stopped, and goes on bit for bit.
    Stopped(Box<Begun>, Box<TrainingState>),
}

/// A training that began.
struct Begun {
    model: Model,
    /// The model on the page that follows the weights.
    shown: Arc<ModelRecord>,
    compile: Compile,
    train: Dataset,
    held_out: Dataset,
    samples: Samples,
}

/// Reads a request to train.
///
/// # Errors
/// When the model or an option can't be used.
pub(super) fn make(request: &Value, workspace: &Workspace) -> Result<Box<dyn Work>, Problem> {
    let request: Request = serde_json::from_value(request.clone())
        .map_err(|error| Problem::bad_request(format!("training: {error}")))?;
    if !(1..=MOST_EPOCHS).contains(&request.epochs) || request.batch_size == Some(0) {
        let message = "training needs 1 epoch or more, and 1 sample or more in a batch";
        return Err(
            Problem::bad_request(message).help(format!("epochs may be as many as {MOST_EPOCHS}"))
        );
    }
    request.choices()?;
    let stage = Stage::Asked(workspace.models.get(&request.model)?);
    Ok(Box::new(Training { request, stage }))
}

impl Request {
    fn choices(&self) -> Result<CompileChoices, Problem> {
        let optimizer = self.optimizer.as_ref().map(|name| name.parse::<Optimizer>()).transpose();
        let rate = self.learning_rate;
        if rate.is_some_and(|rate| !rate.is_finite() || rate <= 0.0) {
            return Err(Problem::bad_request("the learning rate must be a number above 0"));
        }
        let optimizer = optimizer.map_err(Problem::bad_request)?;
        Ok(CompileChoices { optimizer, learning_rate: rate, loss: None })
    }

    fn seed(&self) -> u64 {
        self.seed.unwrap_or(0)
    }
}

impl Begun {
    /// The model with the weights that the page shows, or drawn from the seed where one is given, and the data.
    fn new(
        request: &Request,
        asked: &ModelRecord,
        job: &Job,
        workspace: &Workspace,
    ) -> Result<Self, Problem> {
        let mut model = Model::clone(&asked.built()?.0);
        if let Some(seed) = request.seed {
            model.build(seed)?;
        }
        let split = named(&request.data)?.with_range(model.pixel_range());
        let compile = request.choices()?.compile(&model, &split.train)?;
        let class_names = split.train.class_names().to_vec();
        let train = compile.suited_targets(split.train, &model)?;
        let (train, held_out) = match split.test {
            Some(test) => (train, compile.suited_targets(test, &model)?),
            None => train.hold_out(train.share(HELD_OUT), request.seed())?,
        };
        let id = format!("t-{}", job.id().trim_start_matches("j-"));
        let shown = workspace.models.insert(NewModel {
            code: asked.code.clone(),
            class_names,
            ..NewModel::of(id, ModelSource::Training, model.clone())
        });
        let samples = Samples::of(&train, Some(&held_out));
        Ok(Self { model, shown, compile, train, held_out, samples })
    }
}

impl Work for Training {
    fn run(self: Box<Self>, job: &Job, workspace: &Workspace) -> Result<Ending, Problem> {
        let request = self.request;
        let (mut begun, state) = match self.stage {
            Stage::Asked(asked) => (Box::new(Begun::new(&request, &asked, job, workspace)?), None),
            Stage::Stopped(begun, state) => (begun, Some(state)),
        };
        let mut trainer = match &state {
            None => Trainer::new(&begun.model, begun.compile.clone())?,
            Some(state) => Trainer::resume(&begun.model, begun.compile.clone(), state)?,
        };
        let options = FitOptions {
            batch_size: request.batch_size.unwrap_or(32),
            epochs: request.epochs,
            seed: request.seed(),
            validation: Validation::Data(&begun.held_out),
            cancel: Some(job.stop_wish()),
            ..FitOptions::default()
        };
        let report = TrainingReport::new(workspace, job, begun.shown.clone(), request.epochs);
        let mut observe = report.observe(&begun.samples);
        let outcome = trainer.fit(&mut begun.model, &begun.train, &options, &mut [&mut observe])?;
        drop(observe);
        if outcome != Outcome::Cancelled {
            return Ok(Ending::Done(json!({ "model": begun.shown.id })));
        }
        let stage = Stage::Stopped(begun, Box::new(trainer.state()));
        Ok(Ending::Stopped(Some(Box::new(Self { request, stage }))))
    }
}

impl From<TrainError> for Problem {
    fn from(error: TrainError) -> Self {
        let message = error.to_string();
        match error {
            TrainError::Model(error) => (*error).into(),
            TrainError::Data(error) => error.into(),
            TrainError::Memory { .. } => Self::too_large(message),
            TrainError::Graph(_) | TrainError::Io { .. } | TrainError::Callback(_) => {
                Self::failed(message)
            }
            _ => Self::new(ProblemKind::Model, message),
        }
    }
}

#[cfg(test)]
mod tests;
