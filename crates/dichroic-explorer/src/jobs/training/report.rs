//! What is seen of a training, as events of its job, weights of its model, and inputs to look at.

use std::sync::Arc;
use std::time::Duration;

use dichroic::Tensor;
use dichroic::data::{Array, Dataset, PixelRange, Values};
use dichroic::train::Logs;
use dichroic::train::observe::{Evaluation, Mistake, Moment, Observation, Observe, Pace};
use serde_json::{Map, Value, json};

use crate::jobs::{Job, Keep};
use crate::problem::Problem;
use crate::workspace::{InputKind, Inputs, ModelRecord, NewInput, Workspace};

/// Histograms of an epoch that are kept for pages that come late.
const KEPT_HISTOGRAMS: usize = 8;
/// Epochs that they are kept of; of a longer training each stands for several.
const KEPT_EPOCHS: usize = 128;
/// Samples that answers are counted of after each epoch.
const MOST_EVALUATED: usize = 2_000;
/// Samples whose gradients are looked at.
const GRADIENT_BATCH: usize = 32;
/// Mistakes that are shown: two rows of pictures.
const MOST_MISTAKES: usize = 12;
/// The share of the time that may go into looking at weights, and as much again for gradients.
const SHARE: f64 = 0.05;

/// Tells the page what a training does: events of its job, weights of its model, mistakes as inputs.
pub struct TrainingReport<'a> {
    job: &'a Job,
    model: Arc<ModelRecord>,
    inputs: &'a Inputs,
    steps: usize,
    epochs: usize,
}

/// The samples that a training is looked at with: a few of those that it learns from, and others that it is judged by.
#[derive(Clone, Debug)]
pub struct Samples {
    learnt: Option<Dataset>,
    judged: Option<Dataset>,
}

impl Samples {
    /// Some of each class of both.
    pub fn of(train: &Dataset, held_out: Option<&Dataset>) -> Self {
        let some = |data: &Dataset, most: usize| match data.hold_out(most, 0) {
            Ok((_, some)) => some,
            // There are no more than asked for.
            Err(_) => data.clone(),
        };
        Self {
            learnt: Some(some(train, GRADIENT_BATCH)),
            judged: held_out.map(|data| some(data, MOST_EVALUATED)),
        }
    }
}

impl<'a> TrainingReport<'a> {
    /// A report on a training of `epochs`, whose weights the model of this record follows.
    pub fn new(
        workspace: &'a Workspace,
        job: &'a Job,
        model: Arc<ModelRecord>,
        epochs: usize,
    ) -> Self {
        Self { job, model, inputs: &workspace.inputs, steps: 1, epochs }
    }

    /// The callback that reports. It ends nothing: a page that fails does not fail the training.
    pub fn observe<'s>(mut self, samples: &'s Samples) -> Observe<'s>
    where
        'a: 's,
    {
        let judged = samples.judged.as_ref();
        let observe = Observe::new(move |seen| self.tell(judged, seen))
            .steps(Pace::at_most(Duration::from_millis(100), SHARE))
            .weights(Pace::at_most(Duration::from_millis(500), SHARE))
            .histograms(Pace::at_most(Duration::from_millis(400), SHARE));
        let observe = match &samples.learnt {
            Some(batch) => observe.gradients(batch),
            None => observe,
        };
        match judged {
            Some(data) => observe.evaluation(data),
            None => observe,
        }
    }

    fn tell(&mut self, judged: Option<&Dataset>, seen: Observation<'_>) {
        match seen {
            Observation::Step { at, steps, logs, learning_rate } => {
                self.steps = steps;
                let Moment { epoch, step } = at;
                let event = json!({
                    "type": "step", "epoch": epoch, "step": step, "steps": steps,
                    "logs": measured(logs), "learning_rate": learning_rate,
                });
                self.job.send_keeping(&event, Keep::Sampled);
                let done = (epoch - 1) as f64 + step as f64 / steps.max(1) as f64;
                self.job.progress(Some(done / self.epochs.max(1) as f64), None);
            }
            Observation::Epoch { epoch, epochs, logs, learning_rate, seconds } => {
                self.job.send(&json!({
                    "type": "epoch", "epoch": epoch, "epochs": epochs, "logs": measured(logs),
                    "learning_rate": learning_rate, "seconds": seconds,
                }));
            }
            Observation::Weights { at, model } => {
                let Ok(parameters) = model.parameters() else { return };
                let Ok(version) = self.model.publish(parameters.tensors().to_vec()) else { return };
                let event = json!({
                    "type": "weights", "model": self.model.id, "version": version,
                    "epoch": at.epoch, "step": at.step,
                });
                self.job.send_keeping(&event, Keep::Latest("weights".to_owned()));
            }
            Observation::Histograms { at, layers } => {
                let event = json!({
                    "type": "histograms", "epoch": at.epoch, "step": at.step, "layers": layers,
                });
                // Of a long training a page that comes late gets some of each epoch.
                let part = at.step * KEPT_HISTOGRAMS / self.steps.max(1);
                let part = part.min(KEPT_HISTOGRAMS - 1);
                let epoch = at.epoch / self.epochs.div_ceil(KEPT_EPOCHS).max(1);
                let key = format!("histograms {epoch} {part}");
                self.job.send_keeping(&event, Keep::Latest(key));
            }
            Observation::Evaluation { epoch, evaluation } => {
                let Some(data) = judged else { return };
                let event = self.evaluation(epoch, &evaluation, data);
                self.job.send_keeping(&event, Keep::Latest("evaluation".to_owned()));
            }
            _ => {}
        }
    }

    fn evaluation(&self, epoch: usize, evaluation: &Evaluation, data: &Dataset) -> Value {
        let shown = evaluation.mistakes.iter().take(MOST_MISTAKES);
        let mistakes: Vec<Value> = shown
            .filter_map(|mistake| {
                let input = self.keep_sample(mistake, evaluation, data).ok()?;
                Some(json!({
                    "input": input, "truth": mistake.truth, "predicted": mistake.predicted,
                    "score": mistake.score,
                }))
            })
            .collect();
        json!({
            "type": "evaluation", "epoch": epoch, "classes": evaluation.classes,
            "confusion": evaluation.confusion, "mistakes": mistakes,
        })
    }

    /// Keeps a sample as an input that every view can show; returns its id.
    fn keep_sample(
        &self,
        mistake: &Mistake,
        evaluation: &Evaluation,
        data: &Dataset,
    ) -> Result<String, Problem> {
        let row = mistake.index;
        let id = format!("s-{}-{row}", self.model.id);
        let label = evaluation.classes.get(mistake.truth).cloned();
        let name = format!("{} {row}", label.as_deref().unwrap_or("?"));
        let new = NewInput { label, ..NewInput::new(id.clone(), name, InputKind::Sample) };
        match data.inputs() {
            [only] if matches!(only.values(), Values::U8(..)) => {
                let shades = only.rows(&[row]).with_range(PixelRange::Unit).sample(0);
                self.inputs.add_values(new, only.sample_shape().to_vec(), shades)?;
            }
            several => {
                let new = NewInput { model: Some(self.model.id.clone()), ..new };
                let batches = several.iter().map(|array| batch_of_one(array, row));
                self.inputs.add_arrays(new, batches.collect::<Result<_, _>>()?);
            }
        }
        Ok(id)
    }
}

fn batch_of_one(array: &Array, row: usize) -> Result<Tensor, Problem> {
    let shape = [&[1], array.sample_shape()].concat();
    Tensor::new(shape, array.sample(row)).map_err(|error| Problem::failed(error.to_string()))
}

/// Measured values by name.
pub fn measured(logs: &Logs) -> Map<String, Value> {
    logs.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
}
