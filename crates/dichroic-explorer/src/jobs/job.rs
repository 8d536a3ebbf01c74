//! One job: its state, its events and its tensors.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dichroic::Tensor;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use utoipa::ToSchema;

use super::events::{EventLog, JobEvent, Keep};
use super::{Ending, Work};
use crate::problem::Problem;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It works.
    Running,
    /// It has a result.
    Done,
    /// It has a problem.
    Failed,
    /// It was asked to stop, and did.
    Cancelled,
}

/// A job as it is told.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobDescription {
    /// The name in addresses.
    pub id: String,
    /// What sort of work it does.
    pub kind: String,
    /// What was asked for.
    #[schema(value_type = Object)]
    pub request: Value,
    /// Where it stands.
    pub state: JobState,
    /// From 0 to 1; `None` where the end is not known.
    pub progress: Option<f64>,
    /// What came out.
    #[schema(value_type = Object)]
    pub result: Value,
    /// Why it failed.
    pub problem: Option<Problem>,
    /// The arrays that it made so far.
    pub tensors: Vec<JobTensor>,
}

/// An array that a job made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct JobTensor {
    /// Its name in addresses.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Grows whenever it changes.
    pub version: u64,
}

/// Long work as it is seen from outside, and what the work reports to.
pub struct Job {
    id: String,
    kind: String,
    request: Value,
    stop: AtomicBool,
    status: Mutex<Status>,
    log: Mutex<EventLog>,
    changed: watch::Sender<u64>,
}

struct Status {
    state: JobState,
    progress: Option<f64>,
    result: Value,
    problem: Option<Problem>,
    tensors: BTreeMap<String, (Arc<Tensor>, u64)>,
    rest: Option<Box<dyn Work>>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Job({} {} {:?})", self.id, self.kind, self.state())
    }
}

impl Job {
    pub(super) fn new(id: String, kind: String, request: Value) -> Self {
        let status = Status {
            state: JobState::Running,
            progress: None,
            result: Value::Null,
            problem: None,
            tensors: BTreeMap::new(),
            rest: None,
        };
        let job = Self {
            id,
            kind,
            request,
            stop: AtomicBool::new(false),
            status: Mutex::new(status),
            log: Mutex::default(),
            changed: watch::Sender::new(0),
        };
        job.tell_state(&job.status());
        job
    }

    /// The name in addresses.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it stands.
    pub fn state(&self) -> JobState {
        self.status().state
    }

    /// The flag that becomes true when somebody wants the work to stop; work looks at it between its steps.
    pub fn stop_wish(&self) -> &AtomicBool {
        &self.stop
    }

    /// Whether the work should stop.
    pub fn should_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Asks the work to stop.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Tells how far the work is, from 0 to 1, and in words.
    pub fn progress(&self, progress: Option<f64>, message: Option<&str>) {
        self.status().progress = progress;
        let event = json!({ "type": "progress", "progress": progress, "message": message });
        self.log_event(event, Keep::Latest("progress".to_owned()));
    }

    /// Tells an event that is kept as long as the job. Its JSON is an object with a `type`.
    pub fn send(&self, event: &impl Serialize) {
        self.send_keeping(event, Keep::Always);
    }

    /// Tells an event, and says how long it matters. Its JSON is an object with a `type`.
    pub fn send_keeping(&self, event: &impl Serialize, keep: Keep) {
        if let Ok(event) = serde_json::to_value(event) {
            self.log_event(event, keep);
        }
    }

    /// Shows an array, in place of the one with the same name.
    pub fn show_tensor(&self, name: &str, tensor: Tensor) {
        let version = {
            let mut status = self.status();
            let version = status.tensors.get(name).map_or(1, |(_, version)| version + 1);
            status.tensors.insert(name.to_owned(), (Arc::new(tensor), version));
            version
        };
        let event = json!({ "type": "tensor", "name": name, "version": version });
        self.log_event(event, Keep::Latest(format!("tensor {name}")));
    }

    /// An array that the work made.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn tensor(&self, name: &str) -> Result<Arc<Tensor>, Problem> {
        let status = self.status();
        let found = status.tensors.get(name).map(|(tensor, _)| tensor.clone());
        found.ok_or_else(|| {
            let known: Vec<&str> = status.tensors.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
            Problem::not_found(format!("job {:?} has no tensor {name:?}; it has {known}", self.id))
        })
    }

    /// Ends the job.
    pub fn finish(&self, ending: Result<Ending, Problem>) {
        let mut status = self.status();
        match ending {
            Ok(Ending::Done(result)) => {
                (status.state, status.result) = (JobState::Done, result);
                status.progress = Some(1.0);
            }
            Ok(Ending::Stopped(rest)) => {
                (status.state, status.rest) = (JobState::Cancelled, rest);
            }
            Err(problem) => {
                (status.state, status.problem) = (JobState::Failed, Some(problem));
            }
        }
        self.tell_state(&status);
    }

    /// Takes what is left to do and runs again.
    pub(super) fn go_on(&self) -> Result<Box<dyn Work>, Problem> {
        let mut status = self.status();
        let rest = status.rest.take().ok_or_else(|| {
            let message = match status.state {
                JobState::Running => format!("job {:?} is running", self.id),
                _ => format!("job {:?} can't go on", self.id),
            };
            Problem::bad_request(message).help("a training that was stopped can go on")
        })?;
        // Before the job is said to run: a wish to stop it that comes later counts.
        self.stop.store(false, Ordering::Relaxed);
        status.state = JobState::Running;
        self.tell_state(&status);
        Ok(rest)
    }

    /// The job as it is told.
    pub fn description(&self) -> JobDescription {
        self.described(&self.status())
    }

    fn described(&self, status: &Status) -> JobDescription {
        let tensors = status.tensors.iter().map(|(name, (tensor, version))| JobTensor {
            name: name.clone(),
            shape: tensor.shape().to_vec(),
            version: *version,
        });
        JobDescription {
            id: self.id.clone(),
            kind: self.kind.clone(),
            request: self.request.clone(),
            state: status.state,
            progress: status.progress,
            result: status.result.clone(),
            problem: status.problem.clone(),
            tensors: tensors.collect(),
        }
    }

    /// The events after this number that still matter.
    pub fn events_after(&self, number: u64) -> Vec<JobEvent> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).after(number)
    }

    /// Wakes whoever waits for events; the value is the number of the last one.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Logs the state under its lock: whoever sees that a job ended finds the event that says so.
    fn tell_state(&self, status: &Status) {
        let event = json!({ "type": "state", "job": self.described(status) });
        self.log_event(event, Keep::Latest("state".to_owned()));
    }

    fn log_event(&self, event: Value, keep: Keep) {
        let name = event.get("type").and_then(Value::as_str).unwrap_or("message").to_owned();
        let last = {
            let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push(name, event.to_string(), keep);
            log.last()
        };
        self.changed.send_modify(|number| *number = (*number).max(last));
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
