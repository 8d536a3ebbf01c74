//! A layer changed on the spot, and the ways of sharing side by side.

use axum::Json;
use axum::extract::State;
use dichroic::explain::WhatIf;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{self, Path, Query, language};
use super::models::ModelDescription;
use super::{Shared, blocking};
use crate::problem::Problem;
use crate::variants::{self, VariantRequest};
use crate::workspace::InputEntry;

/// The changed layer as a model of its own.
#[derive(Debug, Serialize, ToSchema)]
pub struct VariantAnswer {
    /// The model with the layer alone.
    model: ModelDescription,
    /// The layer's path in it.
    layer: String,
    /// The input that the layer sees.
    input: InputEntry,
    /// Whether the weights are the layer's own rather than drawn anew.
    own_weights: bool,
}

/// Makes a model of one layer alone, changed, on the input that it sees in this model.
#[utoipa::path(post, path = "/models/{model}/variants", tag = "layers",
    params(("model" = String, Path, description = "The model's id")), request_body = VariantRequest,
    responses((status = OK, body = VariantAnswer), (status = "4XX", body = Problem)))]
pub async fn make(
    State(workspace): Shared,
    Path(model): Path<String>,
    extract::Json(request): extract::Json<VariantRequest>,
) -> Result<Json<VariantAnswer>, Problem> {
    blocking(move || {
        let variant = variants::make(&workspace, &model, &request)?;
        Ok(Json(VariantAnswer {
            model: ModelDescription::of(&workspace, &variant.model)?,
            layer: variant.layer,
            input: variant.input,
            own_weights: variant.own_weights,
        }))
    })
    .await
}

/// Which layer.
#[derive(Debug, Deserialize, IntoParams)]
pub struct WhatIfQuery {
    /// The layer's path.
    layer: String,
    /// The language of the words: `en` or `zh-CN`.
    lang: Option<String>,
}

/// What a convolution would count and cost with other ways of sharing.
#[utoipa::path(get, path = "/models/{model}/what-if", tag = "layers",
    params(("model" = String, Path, description = "The model's id"), WhatIfQuery),
    responses((status = OK, description = "What `dichroic what-if --json` says", body = Object),
              (status = "4XX", body = Problem)))]
pub async fn what_if(
    State(workspace): Shared,
    Path(model): Path<String>,
    Query(query): Query<WhatIfQuery>,
) -> Result<Json<WhatIf>, Problem> {
    blocking(move || {
        let language = language(query.lang.as_deref())?;
        let record = workspace.models.get(&model)?;
        let what_if = record.with(|model| WhatIf::of(model, &query.layer))?;
        Ok(Json(what_if.in_language(language)))
    })
    .await
}
