//! The models: that of the command line, pasted and uploaded ones, variants of layers, those in training.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use dichroic::Tensor;
use dichroic::data::PictureShape;
use dichroic::explain::Architecture;
use dichroic::model::{Model, Symbol};
use serde::Serialize;
use utoipa::ToSchema;

use super::costs::check_weights;
use super::inputs::picture_shape;
use crate::problem::{Problem, ProblemKind};

/// Models kept at once; the oldest pasted, uploaded or varied one makes room.
const MOST_MODELS: usize = 32;
/// Names of dropped models that are remembered, to tell them from mistyped ones.
const MOST_DROPPED: usize = 256;

/// Where a model came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelSource {
    /// The command line.
    Argument,
    /// Code in the page's editor.
    Paste,
    /// A file given to the page.
    Upload,
    /// A layer by itself, changed.
    Variant,
    /// A training, whose weights move.
    Training,
}

/// A model in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelEntry {
    /// The name in addresses.
    pub id: String,
    /// The model's own name.
    pub name: String,
    /// Where it came from.
    pub source: ModelSource,
    /// The number of its parameters.
    pub parameters: u64,
    /// The Keras code, where there is some.
    pub code: Option<String>,
    /// Grows whenever the weights change.
    pub version: u64,
}

/// A model on its way into the workspace.
#[derive(Debug)]
pub struct NewModel {
    /// The name in addresses: `main`, `p-…`, `u-…`, `v-…`, `t-…`.
    pub id: String,
    /// Where it came from.
    pub source: ModelSource,
    /// The model; weights without values are drawn when they are first needed.
    pub model: Model,
    /// The Keras code, where there is some.
    pub code: Option<String>,
    /// The names of the classes; empty if they have none.
    pub class_names: Vec<String>,
    /// The seed to draw weights from.
    pub seed: u64,
}

impl NewModel {
    /// A model without code and classes, whose weights are drawn from seed 0.
    pub fn of(id: impl Into<String>, source: ModelSource, model: Model) -> Self {
        Self { id: id.into(), source, model, code: None, class_names: Vec::new(), seed: 0 }
    }
}

/// A model that the workspace keeps.
#[derive(Debug)]
pub struct ModelRecord {
    /// The name in addresses.
    pub id: String,
    /// Where it came from.
    pub source: ModelSource,
    /// The Keras code, where there is some.
    pub code: Option<String>,
    /// The names of the classes; empty if they have none.
    pub class_names: Vec<String>,
    /// The size of the picture that the model takes; `None` if it takes something else.
    pub picture: Option<PictureShape>,
    name: String,
    parameters: u64,
    /// What is shown of the model without its weights: found once, and there while weights are being drawn.
    anatomy: OnceLock<Anatomy>,
    seed: u64,
    /// Handed out only with values, so that weights can still be drawn in place.
    model: RwLock<Arc<Model>>,
    version: AtomicU64,
}

impl ModelRecord {
    fn new(new: NewModel) -> Self {
        Self {
            id: new.id,
            source: new.source,
            code: new.code,
            class_names: new.class_names,
            picture: picture_shape(&new.model),
            name: new.model.name().to_owned(),
            parameters: new.model.count_params(),
            anatomy: OnceLock::new(),
            seed: new.seed,
            model: RwLock::new(Arc::new(new.model)),
            version: AtomicU64::new(0),
        }
    }

    /// Looks at the model, whose weights may not have values yet.
    pub fn with<T>(&self, look: impl FnOnce(&Model) -> T) -> T {
        look(&self.model.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The model with values for its weights, which are drawn now if they have none, and their version.
    ///
    /// # Errors
    /// When the weights are larger than the memory, or an initializer can't fill them.
    pub fn built(&self) -> Result<(Arc<Model>, u64), Problem> {
        {
            let model = self.model.read().unwrap_or_else(PoisonError::into_inner);
            if model.has_values() {
                return Ok((model.clone(), self.version()));
            }
            check_weights(&model)?;
        }
        let mut model = self.model.write().unwrap_or_else(PoisonError::into_inner);
        // Nobody else holds it: it is handed out with values only.
        if let Some(model) = Arc::get_mut(&mut model)
            && !model.has_values()
        {
            model.build(self.seed)?;
        }
        Ok((model.clone(), self.version()))
    }

    /// Replaces the values of all weights, and counts the version up. Who looks at the old ones keeps them.
    ///
    /// # Errors
    /// When the number or a shape of the weights is another.
    pub fn publish(&self, weights: Vec<Tensor>) -> Result<u64, Problem> {
        let mut slot = self.model.write().unwrap_or_else(PoisonError::into_inner);
        match Arc::get_mut(&mut slot) {
            Some(model) => model.set_parameters(weights)?,
            None => {
                let mut model = Model::from_config(&slot.to_config())?;
                model.set_parameters(weights)?;
                *slot = Arc::new(model);
            }
        }
        Ok(self.version.fetch_add(1, Ordering::SeqCst) + 1)
    }

    /// Grows whenever the weights change.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }

    /// The model in a list.
    pub fn entry(&self) -> ModelEntry {
        ModelEntry {
            id: self.id.clone(),
            name: self.name.clone(),
            source: self.source,
            parameters: self.parameters,
            code: self.code.clone(),
            version: self.version(),
        }
    }

    /// How the model is built.
    ///
    /// # Errors
    /// When it has too many calls to be followed.
    pub fn anatomy(&self) -> Result<&Anatomy, Problem> {
        if let Some(anatomy) = self.anatomy.get() {
            return Ok(anatomy);
        }
        let anatomy = self.with(Anatomy::of)?;
        Ok(self.anatomy.get_or_init(|| anatomy))
    }

    /// Whether it may make room for another: it came from the page, and no job holds it.
    fn is_passing(record: &Arc<Self>) -> bool {
        match record.source {
            ModelSource::Paste | ModelSource::Upload | ModelSource::Variant => true,
            ModelSource::Training => Arc::strong_count(record) == 1,
            ModelSource::Argument => false,
        }
    }
}

/// How a model is built; no weights are needed for it.
#[derive(Clone, Debug)]
pub struct Anatomy {
    /// `Sequential` or `Functional`.
    pub class_name: &'static str,
    /// The shapes of the inputs, without the batch.
    pub input_shapes: Vec<Vec<Option<usize>>>,
    /// The shapes of the outputs, without the batch.
    pub output_shapes: Vec<Vec<Option<usize>>>,
    /// Its layers, how they are connected, what they count and cost.
    pub architecture: Architecture,
}

impl Anatomy {
    fn of(model: &Model) -> Result<Self, Problem> {
        let axes = |symbol: &Symbol| symbol.shape().axes().get(1..).unwrap_or_default().to_vec();
        Ok(Self {
            class_name: model.class_name(),
            input_shapes: model.inputs().iter().map(axes).collect(),
            output_shapes: model.outputs().iter().map(axes).collect(),
            architecture: Architecture::of(model)?,
        })
    }
}

/// The models in the order in which they came.
#[derive(Debug, Default)]
pub struct Models(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    records: Vec<Arc<ModelRecord>>,
    dropped: VecDeque<String>,
}

impl Models {
    /// Keeps a model, instead of the one with the same id if there is one.
    pub fn insert(&self, new: NewModel) -> Arc<ModelRecord> {
        let record = Arc::new(ModelRecord::new(new));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.dropped.retain(|id| *id != record.id);
        if let Some(place) = kept.records.iter().position(|other| other.id == record.id) {
            kept.records[place] = record.clone();
            return record;
        }
        if kept.records.len() >= MOST_MODELS
            && let Some(place) = kept.records.iter().position(ModelRecord::is_passing)
        {
            let old = kept.records.remove(place);
            kept.dropped.push_back(old.id.clone());
            if kept.dropped.len() > MOST_DROPPED {
                kept.dropped.pop_front();
            }
        }
        kept.records.push(record.clone());
        record
    }

    /// The model of this id.
    ///
    /// # Errors
    /// When there is none; one that had to make room is told from one that never was.
    pub fn get(&self, id: &str) -> Result<Arc<ModelRecord>, Problem> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(record) = kept.records.iter().find(|record| record.id == id) {
            return Ok(record.clone());
        }
        if kept.dropped.iter().any(|dropped| dropped == id) {
            let message = format!(
                "model {id:?} was dropped: {MOST_MODELS} models are kept, and newer ones came"
            );
            return Err(Problem::new(ProblemKind::NotFound, message)
                .help("paste its code or upload its file again; it gets the same address"));
        }
        let known: Vec<&str> = kept.records.iter().map(|record| record.id.as_str()).collect();
        Err(Problem::not_found(format!("no model {id:?}; there are {}", known.join(", ")))
            .help("a pasted or uploaded model is gone when the program starts anew; give it again"))
    }

    /// The model of this id, if it is there.
    pub fn find(&self, id: &str) -> Option<Arc<ModelRecord>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.records.iter().find(|record| record.id == id).cloned()
    }

    /// All models.
    pub fn entries(&self) -> Vec<ModelEntry> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner).records.clone();
        records.iter().map(|record| record.entry()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dichroic::layers::Conv2D;
    use dichroic::model::{Input, Sequential};

    fn model() -> Model {
        Sequential::new().add(Input::new(&[4, 4, 1])).add(Conv2D::new(2, 3)).finish().unwrap()
    }

    #[test]
    fn the_oldest_passing_model_makes_room_and_its_address_says_so() {
        let models = Models::default();
        models.insert(NewModel::of("main", ModelSource::Argument, model()));
        for n in 0..MOST_MODELS {
            models.insert(NewModel::of(format!("p-{n}"), ModelSource::Paste, model()));
        }
        assert!(models.get("main").is_ok() && models.get("p-1").is_ok());
        assert!(models.get("p-0").unwrap_err().message.contains("was dropped"));
        assert!(models.get("p-x").unwrap_err().message.contains("no model \"p-x\""));
        models.insert(NewModel::of("p-0", ModelSource::Paste, model()));
        assert!(models.get("p-0").is_ok());
    }

    #[test]
    fn weights_are_drawn_once_and_published_ones_leave_the_old_to_who_holds_them() {
        let models = Models::default();
        let record = models.insert(NewModel::of("main", ModelSource::Training, model()));
        assert!(!record.with(Model::has_values));
        let (old, version) = record.built().unwrap();
        assert_eq!(version, 0);
        let zeros =
            old.weights().iter().map(|w| Tensor::new(w.spec.shape.clone(), vec![0.0; w.len()]));
        let zeros = zeros.collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(record.publish(zeros.clone()).unwrap(), 1);
        let (new, version) = record.built().unwrap();
        assert_eq!(version, 1);
        let first = |model: &Model| model.weight("conv2d", "kernel").unwrap().data()[0];
        assert!(first(&old) != 0.0 && first(&new) == 0.0);
        assert!(record.publish(zeros[..1].to_vec()).is_err());
    }
}
