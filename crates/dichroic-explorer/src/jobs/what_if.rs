//! Every variant of a layer, trained with the same seed and budget.

use std::sync::Arc;

use dichroic::data::named;
use dichroic::explain::WhatIf;
use dichroic::train::{Budget, CompileChoices, Outcome, VariantEvent};
use serde::Deserialize;
use serde_json::{Value, json};

use super::training::measured;
use super::{Ending, Job, Work};
use crate::problem::Problem;
use crate::workspace::{ModelRecord, Workspace};

/// Epochs that each variant may have.
const MOST_EPOCHS: usize = 100;

/// What is asked for.
#[derive(Clone, Debug, Deserialize)]
struct Request {
    model: String,
    layer: String,
    data: String,
    epochs: usize,
    #[serde(default)]
    seed: u64,
}

struct Comparison {
    request: Request,
    model: Arc<ModelRecord>,
}

/// Reads a request to compare.
///
/// # Errors
/// When the model, its layer or an option can't be used.
pub(super) fn make(request: &Value, workspace: &Workspace) -> Result<Box<dyn Work>, Problem> {
    let request: Request = serde_json::from_value(request.clone())
        .map_err(|error| Problem::bad_request(format!("what_if: {error}")))?;
    if !(1..=MOST_EPOCHS).contains(&request.epochs) {
        let message = format!("each variant is trained for 1 to {MOST_EPOCHS} epochs");
        return Err(Problem::bad_request(message));
    }
    let model = workspace.models.get(&request.model)?;
    model.with(|model| WhatIf::of(model, &request.layer))?;
    Ok(Box::new(Comparison { request, model }))
}

impl Work for Comparison {
    fn run(self: Box<Self>, job: &Job, _: &Workspace) -> Result<Ending, Problem> {
        let Request { layer, data, epochs, seed, .. } = self.request;
        let model = self.model.with(Clone::clone);
        let split = named(&data)?.with_range(model.pixel_range());
        let mut what_if = WhatIf::of(&model, &layer)?;
        let all = (what_if.variants.len() * epochs) as f64;
        let names: Vec<String> =
            what_if.variants.iter().map(|variant| variant.name.to_string()).collect();
        let choices = CompileChoices::default();
        let budget = Budget { data: &split, choices, epochs, seed, cancel: Some(job.stop_wish()) };
        let mut tell = |variant: usize, event: VariantEvent<'_>| match event {
            VariantEvent::Begun => {
                job.progress(Some((variant * epochs) as f64 / all), Some(&names[variant]));
            }
            VariantEvent::Epoch { epoch, logs } => {
                job.send(&json!({
                    "type": "variant_epoch", "variant": variant, "epoch": epoch,
                    "epochs": epochs, "logs": measured(logs),
                }));
                let done = (variant * epochs + epoch) as f64;
                job.progress(Some(done / all), Some(&names[variant]));
            }
            VariantEvent::Done { test_accuracy, seconds } => job.send(&json!({
                "type": "variant_done", "variant": variant, "test_accuracy": test_accuracy,
                "seconds": seconds,
            })),
            VariantEvent::Refused { reason } => job.send(&json!({
                "type": "variant_refused", "variant": variant, "reason": reason,
            })),
            _ => {}
        };
        match what_if.train(&model, &budget, &mut tell)? {
            Outcome::Cancelled => Ok(Ending::Stopped(None)),
            _ => serde_json::to_value(&what_if)
                .map(Ending::Done)
                .map_err(|error| Problem::failed(error.to_string())),
        }
    }
}
