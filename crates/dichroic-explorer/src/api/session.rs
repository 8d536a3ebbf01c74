//! What the page starts from.

use axum::Json;
use axum::extract::State;
use dichroic::data::NAMES;
use dichroic::explain::Language;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Shared, blocking};
use crate::limits;
use crate::problem::Problem;
use crate::workspace::{InputEntry, ModelEntry};

/// What the page starts from.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    /// The program's version.
    version: &'static str,
    /// The language that was asked for; `None` leaves it to the browser.
    language: Option<&'static str>,
    /// All models.
    models: Vec<ModelEntry>,
    /// The model that the page shows first.
    default_model: String,
    /// All inputs.
    inputs: Vec<InputEntry>,
    /// Names that a training can take.
    data_sets: Vec<&'static str>,
    /// The job of a training that the page was started with.
    training_job: Option<String>,
    /// How much a request may bring.
    limits: Limits,
    /// Whether this is a file without a server.
    exported: bool,
    /// In a file: sentences that say what was left out.
    left_out: Vec<String>,
}

/// How much a request may bring.
#[derive(Debug, Serialize, ToSchema)]
pub struct Limits {
    /// Bytes of pasted code.
    code_bytes: usize,
    /// Bytes of a picture file.
    picture_bytes: usize,
    /// Bytes of a model file.
    model_bytes: usize,
}

/// What the page starts from: models, inputs, data sets, limits.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = OK, body = Session)))]
pub async fn session(State(workspace): Shared) -> Result<Json<Session>, Problem> {
    blocking(move || {
        let models = workspace.models.entries();
        let default_model = models.first().map(|model| model.id.clone()).unwrap_or_default();
        Ok(Json(Session {
            version: env!("CARGO_PKG_VERSION"),
            language: workspace.settings.language.map(Language::tag),
            default_model,
            models,
            inputs: workspace.inputs.entries(),
            data_sets: NAMES.to_vec(),
            training_job: workspace.training_job(),
            limits: Limits {
                code_bytes: limits::CODE_BYTES,
                picture_bytes: limits::PICTURE_BYTES,
                model_bytes: limits::MODEL_BYTES,
            },
            exported: false,
            left_out: Vec::new(),
        }))
    })
    .await
}
