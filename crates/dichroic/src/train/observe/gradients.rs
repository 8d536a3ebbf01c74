//! Gradients to be looked at: a plan that keeps what a training step frees at once.

use std::collections::BTreeMap;

use dichroic_graph::{Executor, ParameterId, Plan, PlanOptions, StepContext, ValueId};

use super::{Histogram, WeightHistogram};
use crate::data::{Array, Dataset, available_memory};
use crate::model::Model;
use crate::train::objective::Objective;
use crate::train::plan::{Maker, arguments};
use crate::train::samples::{Batch, Samples};
use crate::train::{Compile, TrainError};

/// The gradients of the loss on one batch that stays the same, for all weights that learn.
///
/// A training step changes each weight as soon as its gradient is there, and frees the gradient. This is a plan of its own
/// that keeps them and changes nothing: neither weights nor moving statistics nor the optimizer. Gradients are those
/// before clipping, and samples count by their own weights, not by `class_weight`.
///
/// # Units
/// Each [`GradientProbe::look`] costs about what a training step of this batch costs. While the probe lives it holds
/// [`GradientProbe::bytes`] of memory: the values of the forward pass and, other than training, all gradients at once,
/// 4 bytes for each weight.
#[derive(Debug)]
pub struct GradientProbe {
    executor: Executor,
    gradients: Vec<(ParameterId, ValueId)>,
    loss: ValueId,
    batch: Batch,
    objective: Objective,
    input_lens: Vec<usize>,
    bytes: u64,
}

impl GradientProbe {
    /// A probe of all samples of `batch` at once.
    ///
    /// # Errors
    /// When data and model don't fit each other, or the memory is not there.
    pub fn new(model: &Model, compile: &Compile, batch: &Dataset) -> Result<Self, TrainError> {
        let rows = batch.len();
        if rows == 0 {
            return Err(TrainError::argument("batch of gradients", "at least one sample", "none"));
        }
        let objective = Objective::new(model, compile, batch)?;
        let samples = Samples::new(batch, 0..rows, &objective, &BTreeMap::new())?;
        let weights = model.trainable_weights();
        let maker = Maker { model, objective: &objective, learn: Some((&weights, None)) };
        let graph = maker.graph(&samples, rows)?;
        let read: Vec<ValueId> = graph.gradients.iter().copied().chain([graph.loss]).collect();
        let plan = Plan::compile(graph.lowered.graph, &PlanOptions::for_outputs(&read))?;
        let memory = plan.memory();
        let plans = memory.arena as u64 + memory.constants as u64;
        let batches = Batch::bytes(&samples, rows);
        let needed = plans.saturating_add(batches);
        if let Some(available) = available_memory().filter(|&available| needed > available) {
            return Err(TrainError::Memory { needed, plans, optimizer: 0, batches, available });
        }
        let mut gathered = Batch::new(&samples, &objective, rows);
        gathered.gather(&samples, &objective, &(0..rows).collect::<Vec<_>>());
        Ok(Self {
            executor: Executor::new(plan)?,
            gradients: weights.into_iter().zip(graph.gradients).collect(),
            loss: graph.loss,
            batch: gathered,
            objective,
            input_lens: batch.inputs().iter().map(Array::sample_len).collect(),
            bytes: needed,
        })
    }

    /// Bytes of memory that it holds.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The loss of the batch, and the histograms of all weights with their gradients as the model stands now.
    ///
    /// `draw` decides what dropout draws: the seed of the training and the number of its step.
    ///
    /// # Errors
    /// When the model has other weights than the one that the probe was made for.
    pub fn look(
        &mut self,
        model: &Model,
        draw: StepContext,
    ) -> Result<(f32, Vec<WeightHistogram>), TrainError> {
        let inputs = arguments(&self.batch, &self.objective, &self.input_lens);
        self.executor.run(&inputs, model.parameters()?, draw)?;
        let mut histograms = WeightHistogram::of_model(model)?;
        for &(weight, gradient) in &self.gradients {
            histograms[weight.0].gradient = Some(Histogram::of(self.executor.value(gradient)?));
        }
        Ok((self.executor.value(self.loss)?[0], histograms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Values;
    use crate::layers::{Dense, Flatten};
    use crate::model::{Input, Sequential};

    /// One weight and a bias on `y = 2x`: the gradients of the mean squared error can be done by hand.
    #[test]
    fn gradients_are_those_of_the_loss_and_nothing_is_changed() {
        let mut model = Sequential::new()
            .add(Input::new(&[1]))
            .add(Flatten::new())
            .add(Dense::new(1))
            .finish()
            .unwrap();
        model.build(0).unwrap();
        model
            .set_weight("dense", "kernel", crate::Tensor::new([1, 1], vec![1.0]).unwrap())
            .unwrap();
        let x = Array::new("x", [2, 1], Values::F32(vec![1.0, 3.0])).unwrap();
        let y = Array::new("y", [2, 1], Values::F32(vec![2.0, 6.0])).unwrap();
        let data = Dataset::new(vec![x], vec![y]).unwrap();
        let compile = Compile::named("sgd", "mse", &[]).unwrap();
        let mut probe = GradientProbe::new(&model, &compile, &data).unwrap();
        let before = model.parameters().unwrap().tensors().to_vec();
        let (loss, seen) = probe.look(&model, StepContext::default()).unwrap();
        // Errors −1 and −3: loss (1 + 9) / 2, dw = 2/2 · (−1·1 − 3·3), db = 2/2 · (−1 − 3).
        assert_eq!(loss, 5.0);
        let means: Vec<_> =
            seen.iter().map(|one| (&*one.weight, one.gradient.as_ref().unwrap().mean)).collect();
        assert_eq!(means, [("kernel", -10.0), ("bias", -4.0)]);
        assert_eq!(model.parameters().unwrap().tensors(), before);
        assert!(probe.bytes() > 0);
    }
}
