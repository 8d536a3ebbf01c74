//! Pasted Keras code: run without Python, bounded in steps, memory and time.

use std::sync::Arc;

use dichroic::Shape;
use dichroic_script::{ErrorKind, Limits, Options, Outcome, Script, ScriptError};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::api::PasteRequest;
use crate::hash::Hash;
use crate::limits::{CODE_BYTES, SCRIPT_TIME};
use crate::problem::{Problem, ProblemKind};
use crate::workspace::{ModelRecord, ModelSource, NewModel, Workspace};

/// What pasted code may use: enough for every model that people write, gone in a few seconds at most.
fn script_limits() -> Limits {
    Limits {
        source_bytes: CODE_BYTES,
        steps: 2_000_000,
        memory_bytes: 128 << 20,
        output_bytes: 1 << 20,
        ..Limits::default()
    }
}

/// Runs the code and keeps its model. Code that was pasted before is not run again.
///
/// # Errors
/// When the code is wrong, with the place; or makes no model, or one without an input shape; or runs too long.
pub async fn add(
    workspace: &Arc<Workspace>,
    request: PasteRequest,
) -> Result<Arc<ModelRecord>, Problem> {
    if let Some(shape) = &request.input_shape {
        check_shape(shape)?;
    }
    let id = id_of(&request);
    if let Some(record) = workspace.models.find(&id) {
        return Ok(record);
    }
    let made = run(workspace, request.clone()).await?;
    let new = NewModel { code: Some(request.code), ..made.named(id) };
    Ok(workspace.models.insert(new))
}

/// Axes that an input can have, the batch left out.
fn check_shape(shape: &[usize]) -> Result<(), Problem> {
    const MOST_AXES: usize = 4;
    const LONGEST: usize = 1 << 20;
    let good = (1..=MOST_AXES).contains(&shape.len())
        && shape.iter().all(|axis| (1..=LONGEST).contains(axis));
    if good {
        return Ok(());
    }
    let shown = &shape[..shape.len().min(MOST_AXES + 1)];
    Err(Problem::bad_request(format!(
        "an input has 1 to {MOST_AXES} axes of 1 to {LONGEST}, got {shown:?}"
    ))
    .help("write it like 28,28,3"))
}

fn id_of(request: &PasteRequest) -> String {
    let shape = match &request.input_shape {
        Some(shape) => format!("{shape:?}"),
        None => String::new(),
    };
    format!("p-{}", Hash::of(&[request.code.as_bytes(), shape.as_bytes()]))
}

/// A model that code made, without a name in addresses yet.
struct Made(NewModel);

impl Made {
    fn named(self, id: String) -> NewModel {
        NewModel { id, ..self.0 }
    }
}

async fn run(workspace: &Arc<Workspace>, request: PasteRequest) -> Result<Made, Problem> {
    // The place is given back when the script has ended, not when somebody stopped waiting for it: code that runs too
    // long can't pile up.
    let place = workspace.scripts.clone().acquire_owned();
    let place = match timeout(SCRIPT_TIME, place).await {
        Ok(Ok(place)) => place,
        _ => {
            return Err(Problem::new(ProblemKind::Busy, "other scripts are still running")
                .help("try again in a few seconds"));
        }
    };
    let work = spawn_blocking(move || {
        let made = model_of(&request);
        drop(place);
        made
    });
    match timeout(SCRIPT_TIME, work).await {
        Ok(Ok(made)) => made,
        Ok(Err(_)) => {
            Err(Problem::failed("a defect in dichroic ended the script; please report it"))
        }
        Err(_) => Err(Problem::new(
            ProblemKind::Script,
            format!("the script ran longer than {} seconds", SCRIPT_TIME.as_secs()),
        )
        .help("does a loop never end?")),
    }
}

fn model_of(request: &PasteRequest) -> Result<Made, Problem> {
    let options = Options {
        limits: script_limits(),
        input_shape: request.input_shape.as_deref().map(Shape::batched),
        ..Options::default()
    };
    let outcome = outcome_of(&request.code, &options)?;
    // A seed is a name for a stream of numbers; its sign is no more than one bit of that name.
    let seed = outcome.seed.map_or(0, i64::cast_unsigned);
    let model = outcome.into_model(None)?;
    if !model.is_built() {
        let message = format!("model {:?} has no input shape yet", model.name());
        return Err(Problem::new(ProblemKind::Script, message).help(
            "begin with Input(shape=(28, 28, 3)), or fill in the input shape beside the code",
        ));
    }
    Ok(Made(NewModel { seed, ..NewModel::of("", ModelSource::Paste, model) }))
}

/// A lone expression such as `Conv2D(56, 4)` is a model by itself; anything else is a script.
fn outcome_of(code: &str, options: &Options) -> Result<Outcome, ScriptError> {
    match Script::inline(code.trim(), options) {
        Ok(outcome) => Ok(outcome),
        // What is no expression is read as statements; so is an expression that is no model, such as a call.
        Err(error)
            if matches!(error.kind(), ErrorKind::Syntax | ErrorKind::Type | ErrorKind::Name) =>
        {
            Script::run(code, "code", options, &mut std::io::sink())
        }
        Err(error) => Err(error),
    }
}
