//! Long work: it runs in a thread of its own, tells of its progress, and ends early when asked to.
//!
//! A kind of job is one file here and one line in `KINDS`: a function that reads the request and returns the
//! [`Work`] to do. Work gets its [`Job`] to report to, looks at [`Job::stop_wish`] between its steps, and ends with an
//! [`Ending`]. Work that somebody else runs, such as the training of a command line, reports to a job that
//! [`Jobs::open`] made.

mod attribution;
mod events;
mod job;
mod maximal_input;
mod training;
mod what_if;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

pub use events::{JobEvent, Keep};
pub use job::{Job, JobDescription, JobState, JobTensor};
pub use training::{Samples, TrainingReport};

use crate::api::blocking;
use crate::problem::{Problem, ProblemKind};
use crate::workspace::Workspace;

/// Reads a request and makes the work of it; cheap, and refuses what can't be used.
type Make = fn(&Value, &Workspace) -> Result<Box<dyn Work>, Problem>;

/// The kinds of jobs by the name in their requests.
const KINDS: &[(&str, Make)] = &[
    ("attribution", attribution::make),
    ("maximal_input", maximal_input::make),
    ("training", training::make),
    ("what_if", what_if::make),
];

/// The fields of a request.
fn read<T: DeserializeOwned>(request: &Value) -> Result<T, Problem> {
    T::deserialize(request)
        .map_err(|error| Problem::bad_request(format!("the request can't be read: {error}")))
}

/// Something that takes long.
pub trait Work: Send {
    /// Does it, in a thread of its own.
    ///
    /// # Errors
    /// Whatever made it fail; the job then shows the problem.
    fn run(self: Box<Self>, job: &Job, workspace: &Workspace) -> Result<Ending, Problem>;
}

/// How work ended when it did not fail.
pub enum Ending {
    /// With a result.
    Done(Value),
    /// Because it was asked to stop, with what is left to do if it can go on later.
    Stopped(Option<Box<dyn Work>>),
}

/// Jobs that run at once; each uses all cores.
const SLOTS: usize = 2;
/// How long a new job waits for one that was stopped to give its place back.
const PATIENCE: Duration = Duration::from_secs(3);
/// Jobs that are kept; the oldest that ended make room.
const MOST_JOBS: usize = 64;

/// The jobs in the order in which they came.
#[derive(Debug)]
pub struct Jobs {
    kept: Mutex<Vec<Arc<Job>>>,
    next: AtomicU64,
    slots: Arc<Semaphore>,
}

impl Default for Jobs {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            next: AtomicU64::new(1),
            slots: Arc::new(Semaphore::new(SLOTS)),
        }
    }
}

impl Jobs {
    /// A job for work that somebody else runs, who ends it with [`Job::finish`].
    pub fn open(&self, kind: &str, request: Value) -> Arc<Job> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let job = Arc::new(Job::new(format!("j-{number}"), kind.to_owned(), request));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_JOBS
            && let Some(place) = kept.iter().position(|job| job.state() != JobState::Running)
        {
            kept.remove(place);
        }
        kept.push(job.clone());
        job
    }

    /// The job of this id.
    ///
    /// # Errors
    /// When there is none.
    pub fn get(&self, id: &str) -> Result<Arc<Job>, Problem> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|job| job.id() == id).cloned();
        found.ok_or_else(|| {
            Problem::not_found(format!("no job {id:?}"))
                .help("jobs end with the program that ran them; start it again")
        })
    }

    /// Asks every job to stop.
    pub fn stop_all(&self) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        kept.iter().for_each(|job| job.stop());
    }

    async fn slot(&self) -> Result<OwnedSemaphorePermit, Problem> {
        match timeout(PATIENCE, self.slots.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Problem::new(
                ProblemKind::Busy,
                format!("{SLOTS} jobs are running already, and each uses all cores"),
            )
            .help("stop one of them, or wait until one has ended")),
        }
    }
}

/// Starts the job that a request asks for.
///
/// # Errors
/// When the kind is unknown, the request can't be used, or too many jobs run already.
pub async fn start(workspace: &Arc<Workspace>, request: Value) -> Result<Arc<Job>, Problem> {
    let kind = request.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some((_, make)) = KINDS.iter().find(|(name, _)| *name == kind) else {
        let known: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        let message = format!("no kind of job {kind:?}; there are {}", known.join(", "));
        return Err(Problem::bad_request(message));
    };
    let (asked, place) = (request.clone(), workspace.clone());
    let work = blocking(move || make(&asked, &place)).await?;
    let permit = workspace.jobs.slot().await?;
    let job = workspace.jobs.open(&kind, request);
    launch(workspace, &job, work, permit);
    Ok(job)
}

/// Goes on with a job that was stopped and can go on.
///
/// # Errors
/// When the job runs, or can't go on, or too many jobs run already.
pub async fn resume(workspace: &Arc<Workspace>, job: &Arc<Job>) -> Result<(), Problem> {
    let permit = workspace.jobs.slot().await?;
    let work = job.go_on()?;
    launch(workspace, job, work, permit);
    Ok(())
}

fn launch(
    workspace: &Arc<Workspace>,
    job: &Arc<Job>,
    work: Box<dyn Work>,
    permit: OwnedSemaphorePermit,
) {
    let (here, job_there) = (workspace.clone(), job.clone());
    let body = move || {
        let run = AssertUnwindSafe(|| work.run(&job_there, &here));
        let ending = catch_unwind(run).unwrap_or_else(|_| {
            Err(Problem::failed("a defect in dichroic ended this job; please report it"))
        });
        job_there.finish(ending);
        drop(permit);
    };
    let started = thread::Builder::new().name(job.id().to_owned()).spawn(body);
    if let Err(error) = started {
        job.finish(Err(Problem::failed(format!("no thread could be started: {error}"))));
    }
}

#[cfg(test)]
mod tests;
