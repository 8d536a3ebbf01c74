//! Jobs with work that needs no model.

use serde_json::json;

use super::*;
use crate::workspace::Settings;

/// Counts to a number, and can go on where it was stopped.
struct Counting {
    at: u64,
    until: u64,
}

impl Work for Counting {
    fn run(mut self: Box<Self>, job: &Job, _: &Workspace) -> Result<Ending, Problem> {
        while self.at < self.until {
            if job.should_stop() {
                return Ok(Ending::Stopped(Some(self)));
            }
            self.at += 1;
            job.send_keeping(&json!({ "type": "count", "at": self.at }), Keep::Sampled);
            job.progress(Some(self.at as f64 / self.until as f64), None);
        }
        Ok(Ending::Done(json!(self.at)))
    }
}

struct Defect;

impl Work for Defect {
    fn run(self: Box<Self>, _: &Job, _: &Workspace) -> Result<Ending, Problem> {
        panic!("on purpose")
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

async fn run(workspace: &Arc<Workspace>, work: impl Work + 'static) -> Arc<Job> {
    let permit = workspace.jobs.slot().await.unwrap();
    let job = workspace.jobs.open("test", json!({}));
    launch(workspace, &job, Box::new(work), permit);
    job
}

async fn ended(job: &Job) -> JobState {
    let mut changes = job.changes();
    while job.state() == JobState::Running {
        changes.changed().await.unwrap();
    }
    job.state()
}

#[test]
fn a_job_tells_its_way_and_its_result() {
    runtime().block_on(async {
        let workspace = Arc::new(Workspace::new(Settings::default()));
        let job = run(&workspace, Counting { at: 0, until: 5 }).await;
        assert_eq!(ended(&job).await, JobState::Done);
        assert_eq!(job.description().result, json!(5));
        let names: Vec<String> = job.events_after(0).into_iter().map(|event| event.name).collect();
        assert_eq!(names, ["count", "count", "count", "count", "count", "progress", "state"]);
    });
}

#[test]
fn a_stopped_job_goes_on_where_it_was() {
    runtime().block_on(async {
        let workspace = Arc::new(Workspace::new(Settings::default()));
        let job = run(&workspace, Counting { at: 0, until: u64::MAX }).await;
        job.stop();
        assert_eq!(ended(&job).await, JobState::Cancelled);
        resume(&workspace, &job).await.unwrap();
        assert!(resume(&workspace, &job).await.unwrap_err().message.contains("is running"));
        job.stop();
        assert_eq!(ended(&job).await, JobState::Cancelled);
    });
}

#[test]
fn a_defect_fails_the_job_and_gives_its_place_back() {
    runtime().block_on(async {
        let workspace = Arc::new(Workspace::new(Settings::default()));
        for _ in 0..=SLOTS {
            let job = run(&workspace, Defect).await;
            assert_eq!(ended(&job).await, JobState::Failed);
            assert!(job.description().problem.unwrap().message.contains("defect"));
        }
    });
}

#[test]
fn an_unknown_kind_is_refused() {
    runtime().block_on(async {
        let workspace = Arc::new(Workspace::new(Settings::default()));
        let refused = start(&workspace, json!({ "kind": "dance" })).await.unwrap_err();
        assert_eq!(refused.kind, ProblemKind::BadRequest);
    });
}
