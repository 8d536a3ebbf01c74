//! `evaluate`: losses and metrics of a model on data that it does not learn from.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use dichroic_graph::StepContext;

use super::objective::Objective;
use super::plan::{Maker, StepPlans, check_memory};
use super::samples::{Batch, Samples};
use super::{Logs, Mean, TrainError, Trainer};
use crate::data::Dataset;
use crate::model::Model;

impl Trainer {
    /// The loss and the metrics of the model on these data, in batches of `batch_size`.
    ///
    /// # Errors
    /// When data and model don't fit each other, or the memory is not there.
    pub fn evaluate(
        &self,
        model: &Model,
        data: &Dataset,
        batch_size: usize,
    ) -> Result<Logs, TrainError> {
        if batch_size == 0 || data.is_empty() {
            return Err(TrainError::argument(
                "evaluate",
                "at least one sample and a batch_size of 1 or more",
                "0",
            ));
        }
        let objective = Objective::new(model, &self.compile, data)?;
        let samples = Samples::new(data, 0..data.len(), &objective, &BTreeMap::new())?;
        let drafts =
            Maker { model, objective: &objective, learn: None }.drafts(&samples, batch_size)?;
        let largest = batch_size.min(data.len());
        check_memory(&[&drafts], 0, Batch::bytes(&samples, largest))?;
        let mut plans = StepPlans::new(drafts, data.len(), batch_size)?;
        let mut batch = Batch::new(&samples, &objective, largest);
        let means = evaluate_samples(model, (&objective, &samples), &mut plans, &mut batch, None)?;
        Ok(objective.logs(&means.unwrap_or_default()))
    }
}

/// The means over all samples; `None` where it was cancelled.
pub(super) fn evaluate_samples(
    model: &Model,
    (objective, samples): (&Objective, &Samples<'_>),
    plans: &mut StepPlans,
    batch: &mut Batch,
    cancel: Option<&AtomicBool>,
) -> Result<Option<Vec<Mean>>, TrainError> {
    let mut means = objective.means();
    let mut order = Vec::with_capacity(samples.len());
    samples.order(None, &mut order);
    for rows in order.chunks(batch.largest().max(1)) {
        if cancel.is_some_and(|cancel| cancel.load(Ordering::Relaxed)) {
            return Ok(None);
        }
        batch.gather(samples, objective, rows);
        let plan = plans.of_size(rows.len());
        plan.run(batch, objective, model.parameters()?, StepContext::default())?;
        plan.measure(batch, objective, &mut means)?;
    }
    Ok(Some(means))
}
