//! The reasons for a class: a map over the picture.

use std::ops::ControlFlow;

use dichroic::Tensor;
use dichroic::explain::{Attribution, AttributionError, AttributionRequest, Method};
use serde::Deserialize;
use serde_json::Value;

use super::{Ending, Job, Work, read};
use crate::problem::Problem;
use crate::workspace::{Workspace, check_run, shapes};

/// Pictures or steps that one request may ask for.
const MOST_RUNS: usize = 1_024;

/// What is asked for.
#[derive(Debug, Deserialize)]
struct Request {
    model: String,
    input: String,
    method: String,
    class: Option<usize>,
    layer: Option<String>,
    samples: Option<usize>,
    steps: Option<usize>,
    window: Option<usize>,
    stride: Option<usize>,
}

struct Looking {
    model: String,
    input: String,
    request: AttributionRequest,
}

/// Reads the request.
pub(super) fn make(request: &Value, workspace: &Workspace) -> Result<Box<dyn Work>, Problem> {
    let asked: Request = read(request)?;
    let method = Method::from_name(&asked.method).ok_or_else(|| {
        let known = Method::ALL.map(Method::name).join(", ");
        Problem::bad_request(format!("no method {:?}; there are {known}", asked.method))
    })?;
    workspace.models.get(&asked.model)?;
    let usual = AttributionRequest::new(method);
    let request = AttributionRequest {
        class: asked.class,
        layer: asked.layer,
        samples: bounded("samples", asked.samples.unwrap_or(usual.samples))?,
        steps: bounded("steps", asked.steps.unwrap_or(usual.steps))?,
        window: asked.window,
        stride: asked.stride,
        ..usual
    };
    Ok(Box::new(Looking { model: asked.model, input: asked.input, request }))
}

fn bounded(option: &str, count: usize) -> Result<usize, Problem> {
    if count > MOST_RUNS {
        return Err(Problem::bad_request(format!("{option} is at most {MOST_RUNS}, got {count}")));
    }
    Ok(count)
}

impl Work for Looking {
    fn run(self: Box<Self>, job: &Job, workspace: &Workspace) -> Result<Ending, Problem> {
        let record = workspace.models.get(&self.model)?;
        let (model, _) = record.built()?;
        let inputs: Vec<Tensor> = workspace.tensors(&record, &self.input)?;
        check_run(&model, &shapes(&inputs))?;
        let mut watch = |done: f32| {
            job.progress(Some(f64::from(done)), None);
            if job.should_stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        match Attribution::of(&model, &inputs, &self.request, &mut watch) {
            Ok(mut found) => {
                found.class_name = record.class_names.get(found.class).cloned();
                let result = serde_json::to_value(&found)
                    .map_err(|error| Problem::failed(error.to_string()))?;
                job.show_tensor("map", found.map);
                if let Some(grid) = found.grid {
                    job.show_tensor("grid", grid);
                }
                Ok(Ending::Done(result))
            }
            Err(AttributionError::Cancelled) => Ok(Ending::Stopped(None)),
            Err(error) => Err(error.into()),
        }
    }
}
