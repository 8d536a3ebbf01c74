//! Uploaded model files.

use std::io::Write;
use std::sync::Arc;

use axum::body::Body;
use dichroic_formats::{OpenOptions, SavedModel, open_model};
use futures_util::StreamExt;
use tempfile::NamedTempFile;

use crate::api::blocking;
use crate::hash::Hash;
use crate::limits::MODEL_BYTES;
use crate::problem::Problem;
use crate::workspace::{ModelRecord, ModelSource, NewModel, Workspace};

/// Reads a model file of any format and keeps its model.
///
/// # Errors
/// When it is too large, no such file, or damaged.
pub async fn add(workspace: &Arc<Workspace>, body: Body) -> Result<Arc<ModelRecord>, Problem> {
    let (file, hash) = spooled(body).await?;
    let id = format!("u-{hash}");
    if let Some(record) = workspace.models.find(&id) {
        return Ok(record);
    }
    let workspace = workspace.clone();
    blocking(move || {
        let opened = open_model(file.path(), &OpenOptions::default()).map_err(|error| {
            // The name of our own file means nothing to who sent it.
            let path = file.path().display().to_string();
            Problem::model(error.to_string().replace(&path, "the file"))
        })?;
        let SavedModel { model, class_names, .. } = opened.into_saved();
        let new = NewModel { class_names, ..NewModel::of(id, ModelSource::Upload, model) };
        Ok(workspace.models.insert(new))
    })
    .await
}

/// Writes the body to a file of our own, which goes when it is dropped.
async fn spooled(body: Body) -> Result<(NamedTempFile, String), Problem> {
    let failed = |error: std::io::Error| Problem::failed(format!("can't keep the file: {error}"));
    let mut file = NamedTempFile::new().map_err(failed)?;
    let mut hash = Hash::of(&[]);
    let mut length = 0usize;
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk
            .map_err(|error| Problem::bad_request(format!("the file did not arrive: {error}")))?;
        length += chunk.len();
        if length > MODEL_BYTES {
            return Err(Problem::too_large(format!(
                "the file has more than {MODEL_BYTES} bytes, the limit"
            )));
        }
        hash = hash.and(&chunk);
        file.write_all(&chunk).map_err(failed)?;
    }
    file.flush().map_err(failed)?;
    Ok((file, hash.to_string()))
}
