//! Long work: starting, following and stopping it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{Stream, unfold};
use serde_json::Value;
use tokio::sync::watch;

use super::Shared;
use super::extract::{self, Path};
use super::tensor::TensorAnswer;
use crate::jobs::{self, Job, JobDescription, JobEvent, JobState};
use crate::problem::Problem;

/// Starts a job.
#[utoipa::path(post, path = "/jobs", tag = "jobs", request_body(content = Object, description = "`kind` and what it takes"),
    responses((status = OK, body = JobDescription), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
pub async fn start(
    State(workspace): Shared,
    extract::Json(request): extract::Json<Value>,
) -> Result<Json<JobDescription>, Problem> {
    Ok(Json(jobs::start(&workspace, request).await?.description()))
}

/// Where a job stands.
#[utoipa::path(get, path = "/jobs/{job}", tag = "jobs",
    params(("job" = String, Path, description = "The job's id")),
    responses((status = OK, body = JobDescription), (status = "4XX", body = Problem)))]
pub async fn describe(
    State(workspace): Shared,
    Path(job): Path<String>,
) -> Result<Json<JobDescription>, Problem> {
    Ok(Json(workspace.jobs.get(&job)?.description()))
}

/// Follows a job: first what it told before, then what it tells, until it ends.
#[utoipa::path(get, path = "/jobs/{job}/events", tag = "jobs",
    params(("job" = String, Path, description = "The job's id")),
    responses((status = OK, description = "Server-sent events, each named by its type", body = String, content_type = "text/event-stream"),
              (status = NO_CONTENT, description = "The job has ended and everything was told"),
              (status = "4XX", body = Problem)))]
pub async fn events(
    State(workspace): Shared,
    Path(job): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let job = workspace.jobs.get(&job)?;
    let known = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    // A page that has everything would ask again and again; 204 tells it to stop.
    if let Some(known) = known
        && job.state() != JobState::Running
        && job.events_after(known).is_empty()
    {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let stream = follow(job, known.unwrap_or(0));
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()).into_response())
}

/// A reader of a job's events.
struct Reader {
    job: Arc<Job>,
    changes: watch::Receiver<u64>,
    read: u64,
    waiting: VecDeque<JobEvent>,
}

fn follow(job: Arc<Job>, read: u64) -> impl Stream<Item = Result<Event, Infallible>> {
    let changes = job.changes();
    let reader = Reader { job, changes, read, waiting: VecDeque::new() };
    unfold(reader, |mut reader| async move {
        loop {
            if let Some(event) = reader.waiting.pop_front() {
                reader.read = event.number;
                let sent = Event::default()
                    .event(&event.name)
                    .id(event.number.to_string())
                    .data(&*event.json);
                return Some((Ok(sent), reader));
            }
            // The state is read before the events: what ended the job is among those.
            let ended = reader.job.state() != JobState::Running;
            reader.changes.mark_unchanged();
            reader.waiting.extend(reader.job.events_after(reader.read));
            if reader.waiting.is_empty() {
                if ended {
                    return None;
                }
                reader.changes.changed().await.ok()?;
            }
        }
    })
}

/// A tensor that a job made.
#[utoipa::path(get, path = "/jobs/{job}/tensors/{name}", tag = "jobs",
    params(("job" = String, Path, description = "The job's id"), ("name" = String, Path, description = "The tensor's name")),
    responses((status = OK, description = "A tensor", body = Vec<u8>, content_type = "application/octet-stream"),
              (status = "4XX", body = Problem)))]
pub async fn tensor(
    State(workspace): Shared,
    Path((job, name)): Path<(String, String)>,
) -> Result<TensorAnswer, Problem> {
    let tensor = workspace.jobs.get(&job)?.tensor(&name)?;
    Ok(TensorAnswer::of(&tensor))
}

/// Asks a job to stop; it ends as soon as it can.
#[utoipa::path(post, path = "/jobs/{job}/cancel", tag = "jobs",
    params(("job" = String, Path, description = "The job's id")),
    responses((status = OK, body = JobDescription), (status = "4XX", body = Problem)))]
pub async fn cancel(
    State(workspace): Shared,
    Path(job): Path<String>,
) -> Result<Json<JobDescription>, Problem> {
    let job = workspace.jobs.get(&job)?;
    job.stop();
    Ok(Json(job.description()))
}

/// Goes on with a training that was stopped.
#[utoipa::path(post, path = "/jobs/{job}/resume", tag = "jobs",
    params(("job" = String, Path, description = "The job's id")),
    responses((status = OK, body = JobDescription), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
pub async fn resume(
    State(workspace): Shared,
    Path(job): Path<String>,
) -> Result<Json<JobDescription>, Problem> {
    let job = workspace.jobs.get(&job)?;
    jobs::resume(&workspace, &job).await?;
    Ok(Json(job.description()))
}
