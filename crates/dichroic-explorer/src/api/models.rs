//! Models: their description, and new ones from code and files.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequest, Request, State};
use axum::http::header;
use dichroic::explain::{Architecture, Language};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{self, Path, Query, language};
use super::{Shared, blocking};
use crate::problem::Problem;
use crate::workspace::{ModelEntry, ModelRecord, Workspace};
use crate::{paste, upload};

/// A model described; no weights are needed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelDescription {
    #[serde(flatten)]
    entry: ModelEntry,
    /// `Sequential` or `Functional`.
    class_name: &'static str,
    /// The shapes of the inputs, without the batch; open sizes are null.
    input_shapes: Vec<Vec<Option<usize>>>,
    /// The shapes of the outputs.
    output_shapes: Vec<Vec<Option<usize>>>,
    /// The names of the classes; empty if they have none.
    class_names: Vec<String>,
    /// The input that the page shows first.
    default_input: String,
    /// `totals`, `nodes`, `edges` and `groups`.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    architecture: Architecture,
}

impl ModelDescription {
    /// Describes a model of the workspace.
    pub fn of(workspace: &Workspace, record: &ModelRecord) -> Result<Self, Problem> {
        let anatomy = record.anatomy()?.clone();
        Ok(Self {
            entry: record.entry(),
            class_name: anatomy.class_name,
            input_shapes: anatomy.input_shapes,
            output_shapes: anatomy.output_shapes,
            class_names: record.class_names.clone(),
            default_input: workspace.inputs.default_for(record),
            architecture: anatomy.architecture,
        })
    }

    fn in_language(mut self, language: Language) -> Self {
        self.architecture = self.architecture.in_language(language);
        self
    }
}

/// How a model is described.
#[derive(Debug, Deserialize, IntoParams)]
pub struct ModelQuery {
    /// The language of the formulas: `en` or `zh-CN`.
    lang: Option<String>,
}

/// A model with its layers, connections, groups, counts and costs.
#[utoipa::path(get, path = "/models/{model}", tag = "models",
    params(("model" = String, Path, description = "The model's id"), ModelQuery),
    responses((status = OK, body = ModelDescription), (status = "4XX", body = Problem)))]
pub async fn describe(
    State(workspace): Shared,
    Path(model): Path<String>,
    Query(query): Query<ModelQuery>,
) -> Result<Json<ModelDescription>, Problem> {
    blocking(move || {
        let language = language(query.lang.as_deref())?;
        let record = workspace.models.get(&model)?;
        Ok(Json(ModelDescription::of(&workspace, &record)?.in_language(language)))
    })
    .await
}

/// Keras code for the page to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasteRequest {
    /// The code: a script, or one expression such as `Conv2D(56, 4)`.
    pub code: String,
    /// The input shape without the batch, for code that gives none.
    #[serde(default)]
    pub input_shape: Option<Vec<usize>>,
}

/// Adds a model: Keras code as JSON, or a `.keras` file as bytes. The same code or file gets the same id.
#[utoipa::path(post, path = "/models", tag = "models",
    request_body(content((PasteRequest = "application/json"), (Vec<u8> = "application/octet-stream"))),
    responses((status = OK, body = ModelDescription), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
pub async fn add(
    State(workspace): Shared,
    request: Request<Body>,
) -> Result<Json<ModelDescription>, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let record = match kind.unwrap_or_default().split(';').next().map(str::trim) {
        Some("application/json") => {
            let extract::Json(request) = extract::Json::from_request(request, &()).await?;
            paste::add(&workspace, request).await?
        }
        Some("application/octet-stream" | "application/zip") => {
            upload::add(&workspace, request.into_body()).await?
        }
        _ => {
            return Err(Problem::bad_request(
                "send Keras code as application/json, or a .keras file as application/octet-stream",
            ));
        }
    };
    described(workspace, record).await
}

async fn described(
    workspace: Arc<Workspace>,
    record: Arc<ModelRecord>,
) -> Result<Json<ModelDescription>, Problem> {
    blocking(move || ModelDescription::of(&workspace, &record).map(Json)).await
}
