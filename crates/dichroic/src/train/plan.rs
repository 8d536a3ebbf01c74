//! Plans of steps, made ahead for every batch size that an epoch has.

use dichroic_graph::{
    Executor, Learned, Learning, ParameterId, Parameters, Plan, PlanOptions, StepContext, ValueId,
};
use smallvec::SmallVec;

use super::objective::{Measurement, Objective};
use super::samples::{Batch, Samples, input_shapes};
use super::step_graph::{self, Purpose, StepGraph};
use super::update::Updater;
use super::{Clipping, Mean, TrainError};
use crate::data::available_memory;
use crate::model::Model;

/// A step made ready for one batch size.
#[derive(Debug)]
pub(crate) struct StepPlan {
    executor: Executor,
    input_lens: Vec<usize>,
    loss: ValueId,
    losses: Vec<Option<ValueId>>,
    predictions: Vec<Option<ValueId>>,
}

/// A plan before it takes its memory.
pub(crate) struct Draft {
    plan: Plan,
    step: StepGraphValues,
}

struct StepGraphValues {
    input_lens: Vec<usize>,
    loss: ValueId,
    losses: Vec<Option<ValueId>>,
    predictions: Vec<Option<ValueId>>,
}

/// What all plans of a training are made from.
#[derive(Clone, Copy)]
pub(crate) struct Maker<'a> {
    pub(crate) model: &'a Model,
    pub(crate) objective: &'a Objective,
    /// The weights to learn, and how their gradients are clipped; `None` to evaluate.
    pub(crate) learn: Option<(&'a [ParameterId], Option<Clipping>)>,
}

impl Maker<'_> {
    fn purpose(&self) -> Purpose<'_> {
        match self.learn {
            Some((weights, clipping)) => Purpose::Train { weights, clipping },
            None => Purpose::Evaluate,
        }
    }

    /// The graph of a step.
    pub(crate) fn graph(
        &self,
        samples: &Samples<'_>,
        batch: usize,
    ) -> Result<StepGraph, TrainError> {
        let inputs = input_shapes(self.model, samples.data)?;
        let weighted: Vec<bool> =
            (0..self.objective.outputs.len()).map(|output| samples.weighted(output)).collect();
        step_graph::build(self.model, self.objective, (batch, &inputs, &weighted), self.purpose())
    }

    /// The plans for full batches and for the last one, where it is smaller; no memory is taken yet.
    pub(crate) fn drafts(
        &self,
        samples: &Samples<'_>,
        batch_size: usize,
    ) -> Result<Vec<Draft>, TrainError> {
        batch_sizes(samples.len(), batch_size)
            .into_iter()
            .map(|batch| self.draft(samples, batch))
            .collect()
    }

    fn draft(&self, samples: &Samples<'_>, batch: usize) -> Result<Draft, TrainError> {
        let graph = self.graph(samples, batch)?;
        let outputs = graph.lowered.outputs.iter().enumerate();
        let predictions: Vec<Option<ValueId>> = outputs
            .map(|(index, &value)| self.objective.reads_prediction(index).then_some(value))
            .collect();
        let mut read = vec![graph.loss];
        read.extend(graph.losses.iter().chain(&predictions).flatten());
        let learning = self.learn.map(|(weights, _)| Learning {
            gradients: weights.iter().copied().zip(graph.gradients).collect(),
            guard: graph.loss,
        });
        let options = PlanOptions { learning, ..PlanOptions::for_outputs(&read) };
        let plan = Plan::compile(graph.lowered.graph, &options)?;
        let step = StepGraphValues {
            input_lens: samples.data.inputs().iter().map(crate::data::Array::sample_len).collect(),
            loss: graph.loss,
            losses: graph.losses,
            predictions,
        };
        Ok(Draft { plan, step })
    }
}

/// The sizes of the batches of an epoch: the full one, and the last where it is smaller.
fn batch_sizes(samples: usize, batch_size: usize) -> SmallVec<[usize; 2]> {
    let full = (samples >= batch_size).then_some(batch_size);
    full.into_iter().chain(Some(samples % batch_size).filter(|&last| last > 0)).collect()
}

/// Refuses a training that can't fit the memory that is available.
pub(crate) fn check_memory(
    drafts: &[&[Draft]],
    optimizer: u64,
    batches: u64,
) -> Result<(), TrainError> {
    let bytes = |draft: &Draft| {
        let report = draft.plan.memory();
        report.arena as u64 + report.constants as u64
    };
    let plans = drafts.iter().flat_map(|drafts| drafts.iter()).map(bytes).sum::<u64>();
    let needed = plans.saturating_add(batches);
    match available_memory() {
        // The optimizer's slots are there already.
        Some(available) if needed > available => {
            let needed = needed.saturating_add(optimizer);
            let available = available.saturating_add(optimizer);
            Err(TrainError::Memory { needed, plans, optimizer, batches, available })
        }
        _ => Ok(()),
    }
}

/// The plans of all batch sizes, with their memory.
#[derive(Debug)]
pub(crate) struct StepPlans(SmallVec<[(usize, StepPlan); 2]>);

impl StepPlans {
    /// Takes the memory of plans that are made for these samples.
    pub(crate) fn new(
        drafts: Vec<Draft>,
        samples: usize,
        batch_size: usize,
    ) -> Result<Self, TrainError> {
        let mut plans = SmallVec::new();
        for (size, draft) in batch_sizes(samples, batch_size).into_iter().zip(drafts) {
            let StepGraphValues { input_lens, loss, losses, predictions } = draft.step;
            let executor = Executor::new(draft.plan)?;
            plans.push((size, StepPlan { executor, input_lens, loss, losses, predictions }));
        }
        Ok(Self(plans))
    }

    /// The plan for batches of this size.
    pub(crate) fn of_size(&mut self, batch: usize) -> &mut StepPlan {
        let place = self.0.iter().position(|(size, _)| *size == batch);
        &mut self.0[place.expect("there is a plan for each batch size of the epoch")].1
    }
}

impl StepPlan {
    /// Runs the step; returns its loss.
    pub(crate) fn run(
        &mut self,
        batch: &Batch,
        objective: &Objective,
        parameters: &Parameters,
        context: StepContext,
    ) -> Result<f32, TrainError> {
        let inputs = arguments(batch, objective, &self.input_lens);
        self.executor.run(&inputs, parameters, context)?;
        Ok(self.executor.value(self.loss)?[0])
    }

    /// Runs the step, and changes weights and moving statistics by it; returns its loss. Where that
    /// is no finite number, nothing is changed.
    pub(crate) fn learn(
        &mut self,
        batch: &Batch,
        objective: &Objective,
        (parameters, updater): (&mut Parameters, &mut Updater),
        context: StepContext,
    ) -> Result<f32, TrainError> {
        let inputs = arguments(batch, objective, &self.input_lens);
        let learned = self.executor.run_and_learn(&inputs, parameters, context, updater)?;
        if learned == Learned::All {
            self.executor.apply_updates(parameters)?;
            updater.end_step();
        }
        Ok(self.executor.value(self.loss)?[0])
    }

    /// Adds what the last run gave to the means.
    pub(crate) fn measure(
        &self,
        batch: &Batch,
        objective: &Objective,
        means: &mut [Mean],
    ) -> Result<(), TrainError> {
        let mut losses: SmallVec<[f32; 4]> = SmallVec::new();
        for loss in &self.losses {
            losses.push(match loss {
                Some(loss) => self.executor.value(*loss)?[0],
                None => 0.0,
            });
        }
        let loss = self.executor.value(self.loss)?[0];
        objective.add_losses(means, &Measurement { batch: batch.rows(), loss, losses: &losses });
        for (index, prediction) in self.predictions.iter().enumerate() {
            let Some(prediction) = prediction else { continue };
            let prediction = self.executor.value(*prediction)?;
            let target_len = objective.outputs[index].target_axes.iter().product();
            let target = batch.target(index, target_len);
            objective.add_metrics(means, index, (target, prediction), batch.weights(index));
        }
        Ok(())
    }
}

/// What a step's graph is given: inputs, then targets and weights of each output with a loss.
pub(crate) fn arguments<'a>(
    batch: &'a Batch,
    objective: &Objective,
    input_lens: &[usize],
) -> SmallVec<[&'a [f32]; 8]> {
    let mut arguments: SmallVec<[&[f32]; 8]> = SmallVec::new();
    for (index, &len) in input_lens.iter().enumerate() {
        arguments.push(batch.input(index, len));
    }
    for (index, output) in objective.outputs.iter().enumerate() {
        if output.loss.is_some() {
            arguments.push(batch.target(index, output.target_axes.iter().product()));
            arguments.extend(batch.weights(index));
        }
    }
    arguments
}
