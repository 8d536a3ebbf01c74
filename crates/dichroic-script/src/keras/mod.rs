//! Keras's names bound to the library's layers and models.
//!
//! Nothing here knows a layer: classes, their arguments and their checks come from the library's registry.

mod activations;
mod applications;
mod compiled;
mod configured;
mod json;
mod layer_classes;
mod layers;
mod methods;
mod missing_layers;
mod model_classes;
mod models;
mod modules;
mod policies;
mod refused;
mod tables;
mod tensors;
mod weights;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use dichroic::DtypePolicy;
use dichroic::explain::Style;
use dichroic::layers::registry;
use dichroic::model::{LayerRef, ModelError, NamePolicy, Names};
use serde_json::Value as Json;

use crate::error::{ErrorKind, Eval, Fault};
use crate::host::Library;
use crate::machine::Machine;
use crate::value::Value;

pub(crate) use layers::LayerObject;
pub(crate) use models::ModelObject;
pub(crate) use tensors::TensorObject;

/// What all objects of one run share.
pub(crate) struct Session {
    names: RefCell<Names>,
    style: Style,
    models: RefCell<Vec<Rc<ModelObject>>>,
    seed: Cell<Option<i64>>,
    /// What the script gave to `set_global_policy`: the policy of the layers made from then on.
    dtype_policy: Cell<DtypePolicy>,
}

impl Session {
    pub(crate) fn new(style: Style, dtype_policy: DtypePolicy) -> Rc<Self> {
        Rc::new(Self {
            names: RefCell::new(Names::new(policy(style))),
            style,
            models: RefCell::new(Vec::new()),
            seed: Cell::new(None),
            dtype_policy: Cell::new(dtype_policy),
        })
    }

    /// The next automatic name of a class; Keras counts over the whole program.
    fn auto_name(&self, class_name: &str) -> String {
        self.names.borrow_mut().auto(class_name)
    }

    /// Begins to count automatic names anew, as `clear_session` does.
    fn forget_names(&self) {
        *self.names.borrow_mut() = Names::new(policy(self.style));
    }

    /// The models in the order in which they were made.
    pub(crate) fn models(&self) -> Vec<Rc<ModelObject>> {
        self.models.borrow().clone()
    }

    /// Moves a model to the end of the order.
    pub(crate) fn make_last(&self, model: &Rc<ModelObject>) {
        let mut models = self.models.borrow_mut();
        if let Some(at) = models.iter().position(|known| Rc::ptr_eq(known, model)) {
            let model = models.remove(at);
            models.push(model);
        }
    }

    /// What the script gave to `set_random_seed`.
    pub(crate) fn seed(&self) -> Option<i64> {
        self.seed.get()
    }

    /// The script's object for a value that holds a model.
    pub(crate) fn model_named_by(&self, value: &Value) -> Option<Rc<ModelObject>> {
        let model = value.host::<ModelObject>()?;
        self.models.borrow().iter().find(|known| std::ptr::eq(Rc::as_ptr(known), model)).cloned()
    }

    /// The script's object for a model that is used as a layer.
    fn model_of(&self, layer: &LayerRef) -> Option<Rc<ModelObject>> {
        layer.model()?;
        self.models.borrow().iter().find(|model| model.is_layer(layer)).cloned()
    }

    /// The script's value for a layer of the library: for a nested model the object that the script knows already.
    fn value_of(self: &Rc<Self>, layer: &LayerRef) -> Value {
        match self.model_of(layer) {
            Some(model) => Value::Host(model),
            None => Value::Host(Rc::new(LayerObject::new(self, layer.clone()))),
        }
    }
}

fn policy(style: Style) -> NamePolicy {
    match style {
        Style::Keras3 => NamePolicy::Keras3,
        Style::Keras2 => NamePolicy::Keras2,
    }
}

/// The library as a script sees it.
pub(crate) struct Keras {
    pub(crate) session: Rc<Session>,
    /// Whether layers can be named without an import, as in an inline expression.
    pub(crate) bare: bool,
}

impl Library for Keras {
    fn find(&self, path: &str) -> Option<Value> {
        modules::find(&self.session, path)
    }

    fn has_root(&self, root: &str) -> bool {
        modules::ROOTS.contains(&root)
    }

    fn bare_name(&self, name: &str) -> Option<Value> {
        self.bare.then(|| modules::bare_name(&self.session, name)).flatten()
    }

    fn hint(&self, name: &str) -> Option<String> {
        if missing_layers::has(name) {
            return Some(format!("{}; {}", missing_layers::refusal(name), missing_layers::HINT));
        }
        let of = |module: &str| self.find(&format!("{module}.{name}")).map(|_| module.to_owned());
        let module = of("keras").or_else(|| of("keras.layers"))?;
        Some(format!("put `from {module} import {name}` above"))
    }

    fn bare_names(&self) -> Vec<String> {
        match self.bare {
            true => modules::layer_names().collect(),
            false => Vec::new(),
        }
    }
}

/// A model's or a layer's refusal, as an error of the script.
fn refused_by_model(error: &ModelError) -> Box<Fault> {
    Fault::new(ErrorKind::Layer, error.to_string())
}

/// The shape that a script sees: a tuple with `None` for open axes.
fn shape_value(machine: &mut Machine<'_>, shape: &dichroic::Shape) -> Eval<Value> {
    let axis = |axis: &Option<usize>| match axis {
        Some(size) => Value::Int(i64::try_from(*size).unwrap_or(i64::MAX)),
        None => Value::None,
    };
    let axes = shape.axes().iter().map(axis).collect();
    machine.tuple(axes)
}

/// One shape as it is, several as a list of them.
fn shapes_value(machine: &mut Machine<'_>, shapes: &[dichroic::Shape]) -> Eval<Value> {
    match shapes {
        [shape] => shape_value(machine, shape),
        several => {
            let mut values = Vec::with_capacity(several.len());
            for shape in several {
                values.push(shape_value(machine, shape)?);
            }
            machine.list(values)
        }
    }
}

/// The axes of a shape that a script gave: whole numbers, or `None` for open ones.
fn axes_of(machine: &mut Machine<'_>, value: &Value) -> Eval<Vec<Option<usize>>> {
    let items = match value {
        // Keras takes `shape=10` for `shape=(10,)`.
        Value::Int(_) => vec![value.clone()],
        Value::List(_) | Value::Tuple(_) => machine.items_of(value)?,
        other => {
            return Err(Fault::type_error(format!(
                "a shape is a tuple such as (28, 28, 3), got {}",
                other.type_name()
            )));
        }
    };
    let mut axes = Vec::with_capacity(items.len());
    for item in &items {
        axes.push(match item {
            Value::None => None,
            Value::Int(size) if *size > 0 => usize::try_from(*size).ok(),
            other => {
                let shown = machine.repr(other)?;
                return Err(Fault::value_error(format!(
                    "an axis of a shape is a positive whole number or None, got {shown}"
                )));
            }
        });
    }
    Ok(axes)
}

/// The object that Keras writes for a layer used as an argument, such as `activation=LeakyReLU(0.1)`.
fn layer_json(layer: &LayerRef) -> Option<Json> {
    let kind = layer.layer()?;
    Some(json::object("keras.layers", kind.class_name(), kind.config()))
}

/// Whether the library has a layer of this class, under this or another of Keras's names for it.
fn layer_class(name: &str) -> Option<&'static str> {
    registry::resolve(name).ok()
}
