//! What the server keeps between requests: models, inputs, computed values and jobs.

mod cache;
mod costs;
mod inputs;
mod models;

use std::sync::{Arc, OnceLock};

use dichroic::Tensor;
use dichroic::explain::{
    FilterMatrix, Language, LayerValues, Stage, Trace, TraceRequest, TraceRun,
};
use tokio::sync::Semaphore;

use cache::{Cache, Weigh};
pub use costs::{check_run, check_weights, shapes};
pub use inputs::{InputEntry, InputKind, Inputs, NewInput, picture_shape};
pub use models::{Anatomy, ModelEntry, ModelRecord, ModelSource, Models, NewModel};

use crate::jobs::Jobs;
use crate::problem::Problem;

/// What the page starts from, beside the models and inputs.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The language asked for; `None` leaves it to the browser.
    pub language: Option<Language>,
}

/// Scripts that may run at once.
const SCRIPTS: usize = 2;

/// Everything that the server keeps. Handlers and jobs share it.
#[derive(Debug)]
pub struct Workspace {
    /// What the page was started with.
    pub settings: Settings,
    /// The models.
    pub models: Models,
    /// The inputs.
    pub inputs: Inputs,
    values: Cache<ValuesOf, LayerValues>,
    filters: Cache<FiltersOf, FilterMatrix>,
    runs: Cache<RunOf, TraceRun>,
    /// Long work.
    pub jobs: Jobs,
    training_job: OnceLock<String>,
    /// Places for scripts to run.
    pub(crate) scripts: Arc<Semaphore>,
}

impl Workspace {
    /// An empty workspace.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            models: Models::default(),
            inputs: Inputs::default(),
            values: Cache::new(VALUE_BYTES),
            filters: Cache::new(FILTER_BYTES),
            runs: Cache::new(RUN_BYTES),
            jobs: Jobs::default(),
            training_job: OnceLock::new(),
            scripts: Arc::new(Semaphore::new(SCRIPTS)),
        }
    }

    /// Names the job of the training that the page is started with.
    pub fn set_training_job(&self, job: &str) {
        // The first one stays: a program trains once.
        let _ = self.training_job.set(job.to_owned());
    }

    /// The job of the training that the page was started with.
    pub fn training_job(&self) -> Option<String> {
        self.training_job.get().cloned()
    }

    /// Gets ready what the first requests ask for: the embedded pictures, the models' anatomy, then their weights.
    pub fn prepare(&self) {
        self.inputs.entries();
        for entry in self.models.entries() {
            // Whoever asks for what can't be made is told so then.
            if let Ok(record) = self.models.get(&entry.id)
                && record.anatomy().is_ok()
            {
                let _ = record.built();
            }
        }
    }

    /// The arrays of an input as a model takes them, one for each of its inputs, a batch of one.
    ///
    /// # Errors
    /// When there is no such input, or it does not suit the model.
    pub fn tensors(&self, model: &ModelRecord, input: &str) -> Result<Vec<Tensor>, Problem> {
        model.with(|described| self.inputs.tensors(described, &model.id, input))
    }

    /// The values of all layers of a model for an input, computed once.
    ///
    /// # Errors
    /// When there is no such input, or running the model would take too much memory or time.
    pub fn values(&self, record: &ModelRecord, input: &str) -> Result<Arc<LayerValues>, Problem> {
        let (model, version) = record.built()?;
        let key = ValuesOf { model: record.id.clone(), version, input: input.to_owned() };
        self.values.get_or_compute(key, || {
            let tensors = self.inputs.tensors(&model, &record.id, input)?;
            check_run(&model, &shapes(&tensors))?;
            Ok(LayerValues::of(&model, &tensors)?)
        })
    }

    /// The filters of a convolution in numbers, computed once.
    ///
    /// # Errors
    /// When the layer has none.
    pub fn filters(
        &self,
        record: &ModelRecord,
        layer: &str,
        stage: Option<Stage>,
    ) -> Result<Arc<FilterMatrix>, Problem> {
        let (model, version) = record.built()?;
        let key = FiltersOf { model: record.id.clone(), version, layer: layer.to_owned(), stage };
        self.filters.get_or_compute(key, || Ok(FilterMatrix::of(&model, layer, stage)?))
    }

    /// One output value of a convolution, product by product; the model is run once for all values of a layer.
    ///
    /// # Errors
    /// When the layer has no such value, or running the model would take too much memory or time.
    pub fn trace(
        &self,
        record: &ModelRecord,
        request: &TraceRequest,
        input: &str,
    ) -> Result<Trace, Problem> {
        let (model, version) = record.built()?;
        let layer = request.layer.clone();
        let of = ValuesOf { model: record.id.clone(), version, input: input.to_owned() };
        let run = self.runs.get_or_compute(RunOf { of, layer }, || {
            let tensors = self.inputs.tensors(&model, &record.id, input)?;
            check_run(&model, &shapes(&tensors))?;
            Ok(TraceRun::of(&model, &request.layer, &tensors)?)
        })?;
        Ok(run.trace(&model, request.filter, &request.at)?)
    }
}

/// What the values of all layers belong to.
#[derive(Debug, PartialEq, Eq)]
struct ValuesOf {
    model: String,
    version: u64,
    input: String,
}

/// What a matrix of filters belongs to.
#[derive(Debug, PartialEq, Eq)]
struct FiltersOf {
    model: String,
    version: u64,
    layer: String,
    stage: Option<Stage>,
}

/// What a run belongs to.
#[derive(Debug, PartialEq, Eq)]
struct RunOf {
    of: ValuesOf,
    layer: String,
}

/// Bytes of values, of matrices and of runs that are kept.
const VALUE_BYTES: usize = 1 << 30;
const FILTER_BYTES: usize = 64 << 20;
const RUN_BYTES: usize = 256 << 20;

impl Weigh for FilterMatrix {
    fn bytes(&self) -> usize {
        size_of_val(&*self.statistics) + 4 * size_of_val(&*self.first_channel)
    }
}

impl Weigh for LayerValues {
    fn bytes(&self) -> usize {
        LayerValues::bytes(self)
    }
}

impl Weigh for TraceRun {
    fn bytes(&self) -> usize {
        TraceRun::bytes(self)
    }
}
