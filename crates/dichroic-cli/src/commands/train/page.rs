//! The page beside a training: it shows what goes on, can stop it, and can let it go on.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use clap::Args;
use dichroic::data::Dataset;
use dichroic::model::Model;
use dichroic::train::observe::Observe;
use dichroic_explorer::jobs::{Ending, Job, Samples, TrainingReport, Work};
use dichroic_explorer::workspace::ModelRecord;
use dichroic_explorer::{ModelSource, NewModel, Problem, Settings, Workspace};
use serde_json::{Value, json};

use crate::commands::explore::{listen, open_browser, stopped};
use crate::failure::Failure;
use crate::interrupt::wish_to_stop;

/// Whether and where the page is shown.
#[derive(Debug, Args)]
pub struct PageArguments {
    /// Show the training in a browser while it goes on; the page stays until Ctrl-C
    #[arg(long)]
    explore: bool,
    /// The port of the page; a free one if not given
    #[arg(
        long,
        value_name = "N",
        requires = "explore",
        default_value_t = 0,
        hide_default_value = true
    )]
    port: u16,
    /// Leave the browser alone
    #[arg(long, requires = "explore")]
    no_open: bool,
}

/// What the page is to show.
pub struct Shown<'a> {
    pub model: &'a Model,
    pub class_names: &'a [String],
    pub train: &'a Dataset,
    /// Samples that are not trained on.
    pub judged: Option<&'a Dataset>,
    pub epochs: usize,
    /// The training as a request for one.
    pub request: Value,
}

/// The name of the model in training, in addresses.
const MODEL: &str = "t-1";
/// How often the wish to stop is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// A page that is being served.
pub struct Page {
    workspace: Arc<Workspace>,
    job: Arc<Job>,
    record: Arc<ModelRecord>,
    samples: Samples,
    epochs: usize,
    wish: &'static AtomicBool,
    server: JoinHandle<std::io::Result<()>>,
    /// Where the end is told to, once the page has let the training go on: its job's thread waits there.
    waiting: Option<Sender<Result<Ending, Problem>>>,
}

impl PageArguments {
    /// The page, if it is asked for. Its address is told on standard error: the output is that of any training.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn open(&self, shown: &Shown<'_>) -> Result<Option<Page>, Failure> {
        if !self.explore {
            return Ok(None);
        }
        let server = listen(IpAddr::V4(Ipv4Addr::LOCALHOST), self.port)?;
        let workspace = Arc::new(Workspace::new(Settings::default()));
        let record = workspace.models.insert(NewModel {
            class_names: shown.class_names.to_vec(),
            ..NewModel::of(MODEL, ModelSource::Training, shown.model.clone())
        });
        let job = workspace.jobs.open("training", shown.request.clone());
        workspace.set_training_job(job.id());
        let url = format!("{}#/train/{MODEL}", server.url());
        eprintln!("The page is at {url}");
        if !self.no_open {
            open_browser(&url);
        }
        let wish = wish_to_stop()?;
        let served = workspace.clone();
        // When Ctrl-C ends the server, it asks all jobs to stop, this training too.
        let server = thread::Builder::new()
            .name("page".to_owned())
            .spawn(move || server.serve(served, stopped(wish)))
            .map_err(Failure::run)?;
        let samples = Samples::of(shown.train, shown.judged);
        let epochs = shown.epochs;
        Ok(Some(Page { workspace, job, record, samples, epochs, wish, server, waiting: None }))
    }
}

impl Page {
    /// The flag that becomes true at Ctrl-C or when the page stops the training.
    pub fn stop_wish(&self) -> &AtomicBool {
        self.job.stop_wish()
    }

    /// The callback that shows the training.
    pub fn observe(&self) -> Observe<'_> {
        TrainingReport::new(&self.workspace, &self.job, self.record.clone(), self.epochs)
            .observe(&self.samples)
    }

    /// Tells that the training was stopped, and waits; true when the page lets it go on, false at Ctrl-C.
    pub fn waits_to_go_on(&mut self) -> bool {
        if self.wish.load(Ordering::Relaxed) {
            self.tell(Ok(Ending::Stopped(None)));
            return false;
        }
        let (go_on, asked) = channel();
        let (ended, end) = channel();
        self.tell(Ok(Ending::Stopped(Some(Box::new(Handover { go_on, end })))));
        while !self.wish.load(Ordering::Relaxed) {
            match asked.recv_timeout(GLANCE) {
                Ok(()) => {
                    self.waiting = Some(ended);
                    return true;
                }
                Err(RecvTimeoutError::Timeout) => {}
                // The job made room for newer ones: nobody can ask any more.
                Err(RecvTimeoutError::Disconnected) => thread::sleep(GLANCE),
            }
        }
        false
    }

    /// Tells that the training is done, and stays until Ctrl-C.
    ///
    /// # Errors
    /// When the server failed meanwhile.
    pub fn stay(mut self) -> Result<(), Failure> {
        self.tell(Ok(Ending::Done(json!({ "model": MODEL }))));
        eprintln!("The page stays until Ctrl-C.");
        self.wait()
    }

    /// Waits for the server to end.
    fn wait(self) -> Result<(), Failure> {
        let served = self.server.join();
        let served = served.map_err(|_| Failure::failed("a defect in dichroic ended the page"))?;
        served.map_err(Failure::from)
    }

    fn tell(&mut self, ending: Result<Ending, Problem>) {
        match self.waiting.take() {
            // Its thread finishes the job; it is there as long as the program is.
            Some(waiting) => drop(waiting.send(ending)),
            None => self.job.finish(ending),
        }
    }
}

/// What the page runs to let a training go on: the training itself stays with the command.
struct Handover {
    go_on: Sender<()>,
    end: Receiver<Result<Ending, Problem>>,
}

impl Work for Handover {
    fn run(self: Box<Self>, _: &Job, _: &Workspace) -> Result<Ending, Problem> {
        let gone = |_| Problem::failed("the training's command has ended");
        self.go_on.send(()).map_err(|_| Problem::failed("the training's command has ended"))?;
        self.end.recv().map_err(gone)?
    }
}
