//! What the layers make of an input.

use axum::Json;
use axum::extract::State;
use dichroic::explain::FeatureMaps;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Path, Query};
use super::tensor::TensorAnswer;
use super::{Shared, blocking};
use crate::problem::Problem;

/// For which input.
#[derive(Debug, Deserialize, IntoParams)]
pub struct FeatureMapsQuery {
    /// The input's id.
    input: String,
}

/// The maps of every layer in numbers, and the scores of the classes.
#[derive(Debug, Serialize)]
pub struct FeatureMapsAnswer {
    model: String,
    input: String,
    #[serde(flatten)]
    maps: FeatureMaps,
}

/// What every layer makes of an input, in numbers: ranges, zeros, saturation; and the scores of the classes.
#[utoipa::path(get, path = "/models/{model}/feature-maps", tag = "layers",
    params(("model" = String, Path, description = "The model's id"), FeatureMapsQuery),
    responses((status = OK, description = "The maps of every layer, and the outputs", body = Object),
              (status = "4XX", body = Problem)))]
pub async fn feature_maps(
    State(workspace): Shared,
    Path(model): Path<String>,
    Query(query): Query<FeatureMapsQuery>,
) -> Result<Json<FeatureMapsAnswer>, Problem> {
    blocking(move || {
        let record = workspace.models.get(&model)?;
        let values = workspace.values(&record, &query.input)?;
        let mut maps = FeatureMaps::of_values(&values);
        maps.name_classes(&record.class_names);
        Ok(Json(FeatureMapsAnswer { model, input: query.input, maps }))
    })
    .await
}

/// Which side of a layer.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// What it gives.
    #[default]
    Output,
    /// What it sees.
    Input,
}

/// Which values.
#[derive(Debug, Deserialize, IntoParams)]
pub struct ValuesQuery {
    /// The layer's path.
    layer: String,
    /// The input's id.
    input: String,
    /// Which side of the layer.
    #[serde(default)]
    of: Side,
    /// One channel only.
    channel: Option<usize>,
}

/// The values that a layer sees or gives for an input, as a tensor (space…, channels); one channel without its axis.
#[utoipa::path(get, path = "/models/{model}/values", tag = "layers",
    params(("model" = String, Path, description = "The model's id"), ValuesQuery),
    responses((status = OK, description = "A tensor", body = Vec<u8>, content_type = "application/octet-stream"),
              (status = "4XX", body = Problem)))]
pub async fn values(
    State(workspace): Shared,
    Path(model): Path<String>,
    Query(query): Query<ValuesQuery>,
) -> Result<TensorAnswer, Problem> {
    blocking(move || {
        let record = workspace.models.get(&model)?;
        let path = record.with(|model| model.path_of(&query.layer))?;
        let values = workspace.values(&record, &query.input)?;
        let tensor = match query.of {
            Side::Output => values.output(&path),
            Side::Input => values.input(&path),
        };
        let tensor = tensor.ok_or_else(|| {
            Problem::not_found(format!("layer {path:?} reads or gives nothing there"))
        })?;
        match query.channel {
            None => Ok(TensorAnswer::of(tensor)),
            Some(channel) => TensorAnswer::of_channel(tensor, channel).ok_or_else(|| {
                let channels = tensor.shape().last().copied().unwrap_or(0);
                let message =
                    format!("layer {path:?} has {channels} channels there, got {channel}");
                Problem::bad_request(message)
            }),
        }
    })
    .await
}
