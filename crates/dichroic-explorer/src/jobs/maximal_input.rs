//! The input that excites a filter most, climbed to from noise.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use dichroic::data::PixelRange;
use dichroic::explain::{Ascent, AscentStep, AttributionError, MaximalInput};
use dichroic::model::{Model, Symbol};
use dichroic::{Shape, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Ending, Job, Keep, Work, read};
use crate::problem::Problem;
use crate::workspace::{Workspace, check_run, picture_shape};

/// Steps that one request may ask for.
const MOST_STEPS: usize = 4_096;
/// How often the input on its way is shown.
const GLANCE: Duration = Duration::from_millis(80);

/// What is asked for.
#[derive(Debug, Deserialize)]
struct Request {
    model: String,
    layer: String,
    filter: usize,
    steps: Option<usize>,
    rate: Option<f32>,
    seed: Option<u64>,
}

/// A step on the way up.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "ascent")]
struct AscentEvent {
    step: usize,
    steps: usize,
    activation: f32,
}

/// Reads the request.
pub(super) fn make(request: &Value, workspace: &Workspace) -> Result<Box<dyn Work>, Problem> {
    let request: Request = read(request)?;
    let steps = request.steps.unwrap_or_default();
    if steps > MOST_STEPS {
        return Err(Problem::bad_request(format!("steps is at most {MOST_STEPS}, got {steps}")));
    }
    let record = workspace.models.get(&request.model)?;
    record.with(|model| model.path_of(&request.layer))?;
    Ok(Box::new(request))
}

impl Request {
    fn ascent(&self, model: &Model) -> Ascent {
        let usual = Ascent::default();
        // Pictures have a range that other inputs don't have.
        let range = picture_shape(model).map(|_| match model.pixel_range() {
            PixelRange::Bytes => [0.0, 255.0],
            PixelRange::Unit => [0.0, 1.0],
        });
        Ascent {
            steps: self.steps.unwrap_or(usual.steps),
            rate: self.rate.unwrap_or(usual.rate),
            seed: self.seed.unwrap_or(usual.seed),
            range,
            ..usual
        }
    }
}

impl Work for Request {
    fn run(self: Box<Self>, job: &Job, workspace: &Workspace) -> Result<Ending, Problem> {
        let (model, _) = workspace.models.get(&self.model)?.built()?;
        let ascent = self.ascent(&model);
        let sizes = |input: &Symbol| {
            let axes = input.shape().axes().iter().skip(1);
            Shape::batched(&axes.map(|axis| axis.unwrap_or(ascent.side)).collect::<Vec<_>>())
        };
        let shapes: Vec<Shape> = model.inputs().iter().map(sizes).collect();
        check_run(&model, &shapes)?;
        let shape = model.inputs().first().and_then(|input| {
            let axes = input.shape().axes().get(1..)?;
            Some(axes.iter().map(|axis| axis.unwrap_or(ascent.side)).collect::<Vec<_>>())
        });
        let mut shown: Option<Instant> = None;
        let mut watch = |step: AscentStep<'_>| {
            let AscentStep { step: number, steps, activation, input } = step;
            job.send_keeping(&AscentEvent { step: number, steps, activation }, Keep::Sampled);
            if shown.is_none_or(|last| last.elapsed() > GLANCE) {
                shown = Some(Instant::now());
                job.progress(Some(number as f64 / steps as f64), None);
                let tensor = shape.clone().map(|shape| Tensor::new(shape, input.to_vec()));
                if let Some(Ok(tensor)) = tensor {
                    job.show_tensor("input", tensor);
                }
            }
            if job.should_stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        match MaximalInput::of(&model, (&self.layer, self.filter), &ascent, &mut watch) {
            Ok(found) => {
                let result = serde_json::to_value(&found)
                    .map_err(|error| Problem::failed(error.to_string()))?;
                job.show_tensor("input", found.input);
                Ok(Ending::Done(result))
            }
            Err(AttributionError::Cancelled) => Ok(Ending::Stopped(None)),
            Err(error) => Err(error.into()),
        }
    }
}
