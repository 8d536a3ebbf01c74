//! The inputs: a list, new ones, and small pictures of them.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Body, Path, Query, numbers};
use super::{Shared, blocking};
use crate::hash::Hash;
use crate::limits;
use crate::problem::Problem;
use crate::workspace::{InputEntry, InputKind, NewInput};

/// All inputs that models can be shown.
#[utoipa::path(get, path = "/inputs", tag = "inputs", responses((status = OK, body = Vec<InputEntry>)))]
pub async fn list(State(workspace): Shared) -> Result<Json<Vec<InputEntry>>, Problem> {
    blocking(move || Ok(Json(workspace.inputs.entries()))).await
}

/// What is said of a new input beside its bytes.
#[derive(Debug, Deserialize, IntoParams)]
pub struct NewInputQuery {
    /// The name for people.
    name: Option<String>,
    /// The shape of a drawing, such as `28,28,1`.
    shape: Option<String>,
}

/// The longest name that is kept.
const MOST_NAME: usize = 80;

/// Keeps a picture (PNG or JPEG), or a drawing (32-bit floats from 0 to 1, with `shape`).
#[utoipa::path(post, path = "/inputs", tag = "inputs", params(NewInputQuery),
    request_body(content((Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "application/octet-stream"))),
    responses((status = OK, body = InputEntry), (status = "4XX", body = Problem)))]
pub async fn add(
    State(workspace): Shared,
    Query(query): Query<NewInputQuery>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Json<InputEntry>, Problem> {
    if body.len() > limits::PICTURE_BYTES {
        return Err(Problem::too_large(format!(
            "the picture has {} bytes, the limit is {}",
            body.len(),
            limits::PICTURE_BYTES
        )));
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_owned();
    blocking(move || {
        let name = |usual: &str| {
            let name: String = query.name.as_deref().unwrap_or(usual).chars().take(MOST_NAME).collect();
            name
        };
        match kind.as_str() {
            "image/png" | "image/jpeg" => {
                let id = format!("up-{}", Hash::of(&[&body]));
                let new = NewInput::new(id, name("upload"), InputKind::Upload);
                Ok(Json(workspace.inputs.add_picture(new, &body)?))
            }
            "application/octet-stream" => {
                let shape = query.shape.as_deref().ok_or_else(|| {
                    Problem::bad_request("a drawing needs its shape, such as ?shape=28,28,1")
                })?;
                let axes = numbers("shape", shape)?;
                let values = floats(&body, &axes)?;
                let id = format!("up-{}", Hash::of(&[shape.as_bytes(), &body]));
                let new = NewInput::new(id, name("drawing"), InputKind::Drawing);
                Ok(Json(workspace.inputs.add_values(new, axes, values)?))
            }
            _ => Err(Problem::bad_request(format!(
                "content-type {kind:?} can't be read; send image/png, image/jpeg, or application/octet-stream for a drawing"
            ))),
        }
    })
    .await
}

/// Little-endian 32-bit floats, as many as the shape says.
fn floats(bytes: &[u8], shape: &[usize]) -> Result<Vec<f32>, Problem> {
    let count = shape.iter().try_fold(1usize, |count, &axis| count.checked_mul(axis));
    let (numbers, rest) = bytes.as_chunks::<4>();
    if count != Some(numbers.len()) || !rest.is_empty() || numbers.is_empty() {
        return Err(Problem::bad_request(format!(
            "a drawing of shape {shape:?} needs 4 bytes for each value, got {} bytes",
            bytes.len()
        )));
    }
    Ok(numbers.iter().map(|number| f32::from_le_bytes(*number)).collect())
}

/// How large.
#[derive(Debug, Deserialize, IntoParams)]
pub struct PictureQuery {
    /// The longest side in pixels, at most 512; 96 if not given.
    size: Option<u32>,
}

/// A small PNG picture of an input.
#[utoipa::path(get, path = "/inputs/{input}/picture", tag = "inputs",
    params(("input" = String, Path, description = "The input's id"), PictureQuery),
    responses((status = OK, description = "A PNG file", body = Vec<u8>, content_type = "image/png"),
              (status = "4XX", body = Problem)))]
pub async fn picture(
    State(workspace): Shared,
    Path(input): Path<String>,
    Query(query): Query<PictureQuery>,
) -> Result<Response, Problem> {
    let png =
        blocking(move || workspace.inputs.picture(&input, query.size.unwrap_or(96).clamp(1, 512)))
            .await?;
    Ok(([(header::CONTENT_TYPE, "image/png")], png).into_response())
}
