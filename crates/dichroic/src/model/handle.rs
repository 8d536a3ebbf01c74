//! A layer as a part of models: its identity, name and trainable flag.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use super::symbol::CallNode;
use super::{Model, Symbol};
use crate::layers::Layer;
use crate::layers::registry::auto_name;
use crate::{DtypePolicy, Shape};

/// A layer with its identity: clones are the same layer, with the same weights, name and flag.
///
/// Calling one handle several times shares its weights between the calls.
///
/// ```
/// use dichroic::layers::Conv2D;
/// use dichroic::model::{Call, Input, LayerRef, Model};
/// let x = Input::new(&[8, 8, 3]);
/// let shared = LayerRef::named("shared", Conv2D::new(3, 1));
/// let y = shared.call(&shared.call(&x)?)?;
/// assert_eq!(Model::new(&x, &y)?.count_params(), 3 * 3 + 3);
/// # Ok::<(), dichroic::model::ModelError>(())
/// ```
#[derive(Clone)]
pub struct LayerRef(Arc<Inner>);

struct Inner {
    serial: u64,
    name: OnceLock<String>,
    body: Body,
    trainable: AtomicBool,
    /// Whether the policy is `mixed_bfloat16` rather than `float32`.
    mixed: AtomicBool,
    built: OnceLock<Vec<Shape>>,
    calls: Mutex<Vec<Weak<CallNode>>>,
}

/// What a handle stands for.
#[derive(Debug)]
pub enum Body {
    /// The place where data come in, with the shape they have.
    Input(Shape),
    /// A layer.
    Layer(Box<dyn Layer>),
    /// A model used as a layer.
    Model(Box<Model>),
}

/// Tells handles apart and keeps the order in which they were made. Names never depend on its
/// absolute value, so that the same program gives the same names wherever it runs.
static SERIAL: AtomicU64 = AtomicU64::new(0);

impl LayerRef {
    pub(super) fn new(name: Option<String>, body: Body) -> Self {
        let name = match name {
            Some(name) => OnceLock::from(name),
            None => OnceLock::new(),
        };
        Self(Arc::new(Inner {
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            name,
            body,
            trainable: AtomicBool::new(true),
            mixed: AtomicBool::new(false),
            built: OnceLock::new(),
            calls: Mutex::new(Vec::new()),
        }))
    }

    /// A layer with a name of its own.
    pub fn named(name: impl Into<String>, layer: impl Into<LayerRef>) -> Self {
        let layer = layer.into();
        match Arc::try_unwrap(layer.0) {
            Ok(inner) => {
                let renamed = Self::new(Some(name.into()), inner.body);
                renamed.0.trainable.store(inner.trainable.into_inner(), Ordering::Relaxed);
                renamed.0.mixed.store(inner.mixed.into_inner(), Ordering::Relaxed);
                renamed
            }
            // Someone holds the layer already: it is named in place, once.
            Err(shared) => {
                let _ = shared.name.set(name.into());
                Self(shared)
            }
        }
    }

    /// The same layer with its weights frozen: they are not trained, and batch normalisation uses its moving statistics.
    pub fn frozen(layer: impl Into<LayerRef>) -> Self {
        let layer = layer.into();
        layer.set_trainable(false);
        layer
    }

    /// The name; the class's plain name while none is given.
    pub fn name(&self) -> String {
        match self.0.name.get() {
            Some(name) => name.clone(),
            None => auto_name(self.class_name()),
        }
    }

    /// Whether a name was given, by the user or by a model.
    pub fn has_name(&self) -> bool {
        self.0.name.get().is_some()
    }

    pub(super) fn set_name(&self, name: String) {
        if let Body::Model(model) = &self.0.body {
            model.take_name(&name);
        }
        let _ = self.0.name.set(name);
    }

    /// What the handle stands for.
    pub fn body(&self) -> &Body {
        &self.0.body
    }

    /// The layer; `None` for inputs and nested models.
    pub fn layer(&self) -> Option<&dyn Layer> {
        match &self.0.body {
            Body::Layer(layer) => Some(layer.as_ref()),
            _ => None,
        }
    }

    /// The model that is used as a layer; `None` for others.
    pub fn model(&self) -> Option<&Model> {
        match &self.0.body {
            Body::Model(model) => Some(model),
            _ => None,
        }
    }

    /// The model that is used as a layer, with shapes; a chain without an input has them after its first call.
    pub fn built_model(&self) -> Option<&Model> {
        self.model().and_then(Model::built)
    }

    /// Whether data come in here.
    pub fn is_input(&self) -> bool {
        matches!(self.0.body, Body::Input(_))
    }

    /// Keras's class name: `Conv2D`, `InputLayer`, `Sequential`, `Functional`.
    pub fn class_name(&self) -> &'static str {
        match &self.0.body {
            Body::Input(_) => "InputLayer",
            Body::Layer(layer) => layer.class_name(),
            Body::Model(model) => model.class_name(),
        }
    }

    /// Whether the weights are trained.
    pub fn trainable(&self) -> bool {
        match &self.0.body {
            Body::Model(model) => model.trainable(),
            _ => self.0.trainable.load(Ordering::Relaxed),
        }
    }

    /// Freezes or frees the weights; in a model, those of every layer inside.
    pub fn set_trainable(&self, trainable: bool) {
        match &self.0.body {
            Body::Model(model) => model.set_trainable(trainable),
            _ => self.0.trainable.store(trainable, Ordering::Relaxed),
        }
    }

    /// The type in which the layer computes; that of a model is the one of its layers, `mixed_bfloat16` if of any.
    pub fn policy(&self) -> DtypePolicy {
        match &self.0.body {
            Body::Model(model) => model.policy(),
            _ if self.0.mixed.load(Ordering::Relaxed) => DtypePolicy::MixedBfloat16,
            _ => DtypePolicy::Float32,
        }
    }

    /// Sets the type in which the layer computes; in a model, that of every layer inside. A model that has predicted
    /// goes on as it did: [`Model::set_policy`] changes it too.
    pub fn set_policy(&self, policy: DtypePolicy) {
        let mixed = policy == DtypePolicy::MixedBfloat16;
        match &self.0.body {
            Body::Model(model) => model.set_policy(policy),
            // Data come in as they are; who reads them rounds.
            Body::Input(_) => {}
            Body::Layer(_) => self.0.mixed.store(mixed, Ordering::Relaxed),
        }
    }

    /// The input shapes the weights were made for: those of the first call; `None` before it.
    pub fn built_for(&self) -> Option<&[Shape]> {
        self.0.built.get().map(Vec::as_slice)
    }

    /// The output of call `index` in the order of calling, while some model or symbol still holds it.
    pub fn output(&self, index: usize) -> Option<Symbol> {
        let calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.get(index)?.upgrade().map(|node| Symbol::new(node, 0))
    }

    pub(super) fn set_built(&self, inputs: &[Shape]) {
        let _ = self.0.built.set(inputs.to_vec());
    }

    /// Adds a call; returns its place among the handle's calls.
    pub(super) fn record(&self, make: impl FnOnce(usize) -> CallNode) -> Arc<CallNode> {
        let mut calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let node = Arc::new(make(calls.len()));
        calls.push(Arc::downgrade(&node));
        node
    }

    /// A number that tells this layer from others and grows in the order of making.
    pub(crate) fn serial(&self) -> u64 {
        self.0.serial
    }
}

impl PartialEq for LayerRef {
    /// Whether both are the same layer, not merely an equal one.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for LayerRef {}

impl fmt::Debug for LayerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?})", self.class_name(), self.name())
    }
}

impl<L: Layer + 'static> From<L> for LayerRef {
    fn from(layer: L) -> Self {
        Self::new(None, Body::Layer(Box::new(layer)))
    }
}

impl From<Box<dyn Layer>> for LayerRef {
    fn from(layer: Box<dyn Layer>) -> Self {
        Self::new(None, Body::Layer(layer))
    }
}

impl From<Model> for LayerRef {
    fn from(model: Model) -> Self {
        let name = model.has_name().then(|| model.name().to_owned());
        Self::new(name, Body::Model(Box::new(model)))
    }
}

impl From<&LayerRef> for LayerRef {
    fn from(layer: &LayerRef) -> Self {
        layer.clone()
    }
}

/// A symbol that is an input stands for its input layer, as in `Sequential([Input(…), …])`.
impl From<&Symbol> for LayerRef {
    fn from(symbol: &Symbol) -> Self {
        symbol.layer().clone()
    }
}

impl From<Symbol> for LayerRef {
    fn from(symbol: Symbol) -> Self {
        symbol.layer().clone()
    }
}
