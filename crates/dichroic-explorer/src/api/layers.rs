//! One layer: its explanation, its weights, one of its output values.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use dichroic::explain::{FilterMatrix, LayerExplanation, Stage, TraceRequest};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::extract::{Path, Query, language, numbers};
use super::tensor::TensorAnswer;
use super::{Shared, blocking};
use crate::problem::Problem;

/// Which layer.
#[derive(Debug, Deserialize, IntoParams)]
pub struct LayerQuery {
    /// The layer's path: `conv2d`, `backbone/conv2d`.
    layer: String,
    /// The language of the words: `en` or `zh-CN`.
    lang: Option<String>,
}

/// A layer explained: counts with formulas, shapes, cost, and what is shared.
#[utoipa::path(get, path = "/models/{model}/layer", tag = "layers",
    params(("model" = String, Path, description = "The model's id"), LayerQuery),
    responses((status = OK, description = "What `dichroic explain --json` says of the layer", body = Object),
              (status = "4XX", body = Problem)))]
pub async fn layer(
    State(workspace): Shared,
    Path(model): Path<String>,
    Query(query): Query<LayerQuery>,
) -> Result<Json<LayerExplanation>, Problem> {
    blocking(move || {
        let language = language(query.lang.as_deref())?;
        let record = workspace.models.get(&model)?;
        let explained = record.with(|model| LayerExplanation::of(model, &query.layer))?;
        Ok(Json(explained.in_language(language)))
    })
    .await
}

/// Which weights of a layer.
#[derive(Debug, Deserialize, IntoParams)]
pub struct KernelsQuery {
    /// The layer's path.
    layer: String,
    /// Of a separable convolution: `depthwise` or `pointwise`.
    stage: Option<String>,
}

impl KernelsQuery {
    fn stage(&self) -> Result<Option<Stage>, Problem> {
        let read = |name: &String| {
            Stage::from_name(name).ok_or_else(|| {
                let known = Stage::ALL.map(Stage::name).join(" and ");
                Problem::bad_request(format!(
                    "no stage {name:?}; a separable convolution has {known}"
                ))
            })
        };
        self.stage.as_ref().map(read).transpose()
    }
}

/// The filters of a convolution in numbers: statistics, orders, dead and duplicate ones.
#[utoipa::path(get, path = "/models/{model}/filters", tag = "layers",
    params(("model" = String, Path, description = "The model's id"), KernelsQuery),
    responses((status = OK, description = "The matrix of filters", body = Object),
              (status = "4XX", body = Problem)))]
pub async fn filters(
    State(workspace): Shared,
    Path(model): Path<String>,
    Query(query): Query<KernelsQuery>,
) -> Result<Json<Arc<FilterMatrix>>, Problem> {
    blocking(move || {
        let record = workspace.models.get(&model)?;
        Ok(Json(workspace.filters(&record, &query.layer, query.stage()?)?))
    })
    .await
}

/// The weights of a convolution as a tensor (filters, channels_per_filter, kernel…).
#[utoipa::path(get, path = "/models/{model}/kernels", tag = "layers",
    params(("model" = String, Path, description = "The model's id"), KernelsQuery),
    responses((status = OK, description = "A tensor", body = Vec<u8>, content_type = "application/octet-stream"),
              (status = "4XX", body = Problem)))]
pub async fn kernels(
    State(workspace): Shared,
    Path(model): Path<String>,
    Query(query): Query<KernelsQuery>,
) -> Result<TensorAnswer, Problem> {
    blocking(move || {
        let (model, _) = workspace.models.get(&model)?.built()?;
        Ok(TensorAnswer::of(&FilterMatrix::kernels(&model, &query.layer, query.stage()?)?))
    })
    .await
}

/// Which value of a convolution's output.
#[derive(Debug, Deserialize, IntoParams)]
pub struct TraceQuery {
    /// The layer's path.
    layer: String,
    /// The filter, counted from 0.
    filter: usize,
    /// The place in the output, such as `12,3`.
    at: String,
    /// The input's id.
    input: String,
}

/// One output value of a convolution, product by product, held against what the executor computed.
#[utoipa::path(get, path = "/models/{model}/trace", tag = "layers",
    params(("model" = String, Path, description = "The model's id"), TraceQuery),
    responses((status = OK, description = "The trace of `dichroic explain --json`", body = Object),
              (status = "4XX", body = Problem)))]
pub async fn trace(
    State(workspace): Shared,
    Path(model): Path<String>,
    Query(query): Query<TraceQuery>,
) -> Result<Json<Value>, Problem> {
    blocking(move || {
        let at = numbers("at", &query.at)?;
        let request = TraceRequest { layer: query.layer, filter: query.filter, at };
        let record = workspace.models.get(&model)?;
        let trace = workspace.trace(&record, &request, &query.input)?;
        // As `explain --json` writes it, whose numbers are those of a JSON value.
        serde_json::to_value(&trace).map(Json).map_err(|error| Problem::failed(error.to_string()))
    })
    .await
}
