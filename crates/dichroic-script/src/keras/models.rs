//! Models in a script: chains that grow, and graphs between tensors.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use dichroic::explain::Style;
use dichroic::model::{Kind, LayerRef, Model, ModelError, Symbol};
use dichroic::{Shape, model::Input};
use serde_json::Value as Json;

use super::layers::call_arguments;
use super::model_classes::{Ends, ModelClass};
use super::{LayerObject, Session, TensorObject, refused_by_model, shapes_value};
use crate::arguments::Arguments;
use crate::error::{ErrorKind, Eval, Fault};
use crate::host::HostObject;
use crate::machine::Machine;
use crate::value::Value;

/// Where a model is.
enum Holder {
    /// With the script, which may still change it.
    Own(Box<Model>),
    /// Used as a layer: other models hold it too.
    Layer(LayerRef),
}

/// A model in a script.
pub(crate) struct ModelObject {
    pub(super) session: Rc<Session>,
    holder: RefCell<Holder>,
    compiled: RefCell<Option<Json>>,
    /// [`ModelObject::size`] once the model cannot change any more.
    size: Cell<Option<usize>>,
}

impl ModelObject {
    fn register(session: &Rc<Session>, model: Model) -> Rc<Self> {
        let object = Rc::new(Self {
            session: session.clone(),
            holder: RefCell::new(Holder::Own(Box::new(model))),
            compiled: RefCell::new(None),
            size: Cell::new(None),
        });
        session.models.borrow_mut().push(object.clone());
        object
    }

    pub(super) fn sequential(
        session: &Rc<Session>,
        machine: &mut Machine<'_>,
        name: Option<String>,
    ) -> Eval<Rc<Self>> {
        machine.meter.layer()?;
        machine.meter.allocate(2_048)?;
        let name = name.unwrap_or_else(|| session.auto_name("Sequential"));
        Ok(Self::register(session, Model::sequential(Some(name))))
    }

    /// A model that is finished already.
    pub(super) fn known(
        session: &Rc<Session>,
        machine: &mut Machine<'_>,
        model: Model,
    ) -> Eval<Rc<Self>> {
        machine.meter.allocate(512_usize.saturating_mul(model.all_layers().len()))?;
        let object = Self::register(session, model);
        machine.meter.model(object.size())?;
        Ok(object)
    }

    pub(super) fn functional(
        session: &Rc<Session>,
        machine: &mut Machine<'_>,
        name: Option<String>,
        (inputs, outputs): (Ends, Ends),
    ) -> Eval<Rc<Self>> {
        machine.meter.layer()?;
        let name = name.unwrap_or_else(|| session.auto_name("Functional"));
        let model =
            Model::named(&name, inputs, outputs).map_err(|error| refused_by_model(&error))?;
        Self::known(session, machine, model)
    }

    /// A chain of the layers of an inline expression.
    pub(crate) fn chain_of(
        session: &Rc<Session>,
        machine: &mut Machine<'_>,
        layers: &[Value],
    ) -> Eval<Rc<Self>> {
        let chain = Self::sequential(session, machine, None)?;
        for layer in layers {
            chain.add(machine, layer)?;
        }
        Ok(chain)
    }

    /// The graph that ends in a tensor, from all inputs that it depends on, in the order in which they were made.
    pub(crate) fn ending_in(
        session: &Rc<Session>,
        machine: &mut Machine<'_>,
        tensor: &TensorObject,
    ) -> Eval<Rc<Self>> {
        let mut seen: Vec<Symbol> = vec![tensor.symbol().clone()];
        let mut at = 0;
        while at < seen.len() {
            machine.meter.work(1 + seen.len() / 8)?;
            for input in seen[at].call_inputs().to_vec() {
                if !seen.contains(&input) {
                    seen.push(input);
                }
            }
            at += 1;
        }
        let mut inputs: Vec<Symbol> =
            seen.into_iter().filter(|symbol| symbol.layer().is_input()).collect();
        inputs.reverse();
        let inputs = match inputs.len() {
            1 => Ends::one(inputs.swap_remove(0)),
            _ => Ends::list(inputs),
        };
        let outputs = Ends::one(tensor.symbol().clone());
        Self::functional(session, machine, None, (inputs, outputs))
    }

    /// Looks at the model, wherever it is.
    pub(super) fn with<T>(&self, look: impl FnOnce(&Model) -> T) -> T {
        match &*self.holder.borrow() {
            Holder::Own(model) => look(model),
            Holder::Layer(layer) => {
                look(layer.built_model().or(layer.model()).expect("the layer was made of a model"))
            }
        }
    }

    /// Changes the model, which no other model may hold.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut Model) -> Result<T, ModelError>,
    ) -> Eval<T> {
        match &mut *self.holder.borrow_mut() {
            Holder::Own(model) => change(model).map_err(|error| refused_by_model(&error)),
            Holder::Layer(layer) => Err(Fault::new(
                ErrorKind::Layer,
                format!(
                    "model {:?} is a layer of another model and cannot change any more",
                    layer.name()
                ),
            )),
        }
    }

    /// How many layers run when the model does, each as often as it is called, those of models in it included.
    pub(super) fn size(&self) -> usize {
        if let Some(size) = self.size.get() {
            return size;
        }
        self.with(|model| {
            let inner = |layer: &LayerRef| match self.session.model_of(layer) {
                Some(nested) => nested.size().saturating_add(1),
                None => 1,
            };
            match model.is_built() {
                true => model
                    .calls()
                    .iter()
                    .map(|call| inner(model.layer_of(call)))
                    .fold(0, usize::saturating_add),
                false => model.all_layers().iter().map(inner).fold(0, usize::saturating_add),
            }
        })
    }

    /// The model as a layer; from now on it cannot grow.
    pub(super) fn as_layer(&self, machine: &mut Machine<'_>) -> Eval<LayerRef> {
        let size = self.size();
        machine.meter.model(size)?;
        let mut holder = self.holder.borrow_mut();
        if let Holder::Layer(layer) = &*holder {
            return Ok(layer.clone());
        }
        self.size.set(Some(size));
        let empty = Holder::Own(Box::new(Model::sequential(None)));
        let Holder::Own(model) = std::mem::replace(&mut *holder, empty) else {
            unreachable!("a layer was returned above")
        };
        let layer = LayerRef::from(*model);
        *holder = Holder::Layer(layer.clone());
        Ok(layer)
    }

    pub(super) fn is_layer(&self, layer: &LayerRef) -> bool {
        matches!(&*self.holder.borrow(), Holder::Layer(own) if own == layer)
    }

    pub(super) fn set_trainable(&self, trainable: bool) {
        self.with(|model| model.set_trainable(trainable));
    }

    pub(super) fn set_compiled(&self, compiled: Json) {
        *self.compiled.borrow_mut() = Some(compiled);
    }

    /// Adds a layer, a model or an input at the end of a chain.
    pub(super) fn add(&self, machine: &mut Machine<'_>, value: &Value) -> Eval<()> {
        machine.meter.layer()?;
        let layers = self.with(|model| model.all_layers().len());
        // The library looks at every layer for one of the same name.
        machine.meter.work(1 + layers / 8)?;
        if let Some(tensor) = value.host::<TensorObject>() {
            return self.change(|model| model.push(tensor.symbol()));
        }
        if let Some(model) = value.host::<ModelObject>() {
            if std::ptr::eq(model, self) {
                return Err(Fault::value_error("a model cannot be added to itself"));
            }
            let layer = model.as_layer(machine)?;
            return self.change(|own| own.push(layer));
        }
        let Some(layer) = value.host::<LayerObject>() else {
            return Err(Fault::type_error(format!(
                "a chain is made of layers, models and an Input, got {}",
                value.type_name()
            )));
        };
        if let (0, Some(shape)) = (layers, layer.input()) {
            self.begin_with(shape.clone())?;
        }
        self.change(|model| model.push(layer.layer()))
    }

    /// Gives the chain the input that it begins with.
    pub(super) fn begin_with(&self, shape: Shape) -> Eval<()> {
        let input = Input::with(Some(self.session.auto_name("InputLayer")), shape);
        match self.with(|model| model.all_layers().is_empty()) {
            true => self.change(|model| model.push(&input)),
            false => self.change(|model| model.set_input(input)),
        }
    }

    /// Counts the functional model that Keras 3 makes of a chain whenever the chain changes: its unseen name is one of
    /// those that `functional`, `functional_1`, … run through.
    pub(super) fn count_rebuild(&self) {
        let built = self.with(|model| model.is_built() && model.all_layers().len() > 1);
        if built && self.session.style == Style::Keras3 {
            self.session.auto_name("Functional");
        }
    }

    /// Whether the model still has no shapes.
    pub(crate) fn is_open(&self) -> bool {
        self.with(|model| !model.is_built() && !model.all_layers().is_empty())
    }

    /// Gives an input to a chain that has none.
    pub(crate) fn complete(&self, shape: &Shape) -> Eval<()> {
        match self.is_open() {
            true => self.begin_with(shape.clone()),
            false => Ok(()),
        }
    }

    /// The finished model, with what `compile` was told. A model that others hold is made again of the same layers.
    pub(crate) fn take(&self, machine: &mut Machine<'_>) -> Eval<Model> {
        machine.meter.model(self.size())?;
        let layer = self.holder.borrow();
        let model = match &*layer {
            Holder::Layer(layer) => {
                let model =
                    layer.built_model().or(layer.model()).expect("the layer was made of a model");
                Some(again(model).map_err(|error| refused_by_model(&error))?)
            }
            Holder::Own(_) => None,
        };
        drop(layer);
        let mut model = match model {
            Some(model) => model,
            None => {
                let empty = Holder::Own(Box::new(Model::sequential(None)));
                match self.holder.replace(empty) {
                    Holder::Own(model) => *model,
                    Holder::Layer(_) => unreachable!("layers are handled above"),
                }
            }
        };
        if let Some(compiled) = self.compiled.borrow_mut().take() {
            model.set_compile_config(Some(compiled));
        }
        Ok(model)
    }
}

/// The same model once more, of the same layers.
fn again(model: &Model) -> Result<Model, ModelError> {
    match model.kind() {
        Kind::Functional => {
            let (inputs, outputs) = (Ends::inputs_of(model), Ends::outputs_of(model));
            Model::named(model.name(), inputs, outputs)
        }
        Kind::Sequential => {
            let mut chain = Model::sequential(Some(model.name().to_owned()));
            for layer in model.all_layers() {
                chain.push(layer)?;
            }
            Ok(chain)
        }
    }
}

const ATTRIBUTES: &[&str] = &[
    "built",
    "input",
    "input_names",
    "input_shape",
    "inputs",
    "layers",
    "name",
    "non_trainable_weights",
    "output",
    "output_names",
    "output_shape",
    "outputs",
    "trainable",
    "trainable_weights",
    "weights",
];

impl HostObject for ModelObject {
    fn type_name(&self) -> String {
        self.with(|model| model.class_name().to_owned())
    }

    fn repr(&self) -> String {
        self.with(|model| {
            let built = if model.is_built() { "True" } else { "False" };
            format!("<{} name={}, built={built}>", model.class_name(), model.name())
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn names(&self) -> Vec<String> {
        super::methods::NAMES.iter().chain(ATTRIBUTES).map(|name| (*name).to_owned()).collect()
    }

    fn attribute(&self, machine: &mut Machine<'_>, name: &str) -> Eval<Option<Value>> {
        let ends = |name: &str| {
            self.with(|model| match name.starts_with("input") {
                true => model.inputs().to_vec(),
                false => model.outputs().to_vec(),
            })
        };
        Ok(Some(match name {
            "name" => Value::text(self.with(|model| model.name().to_owned())),
            "trainable" => Value::Bool(self.with(Model::trainable)),
            "built" => Value::Bool(self.with(Model::is_built)),
            "layers" => {
                let layers = self.with(|model| model.layers().to_vec());
                let layers = layers.iter().map(|layer| self.session.value_of(layer)).collect();
                machine.list(layers)?
            }
            "inputs" | "outputs" => {
                let symbols = ends(name).into_iter();
                let tensors =
                    symbols.map(|symbol| TensorObject::value(&self.session, symbol)).collect();
                machine.list(tensors)?
            }
            "input_names" | "output_names" => {
                let symbols = ends(name);
                let names = symbols.iter().map(|symbol| Value::text(symbol.layer().name()));
                let names = names.collect();
                machine.list(names)?
            }
            "input" | "output" | "input_shape" | "output_shape" => {
                let symbols = ends(name);
                if symbols.is_empty() {
                    return Err(self.unbuilt(name));
                }
                if name.ends_with("shape") {
                    let shapes: Vec<Shape> =
                        symbols.iter().map(|symbol| symbol.shape().clone()).collect();
                    return shapes_value(machine, &shapes).map(Some);
                }
                TensorObject::values(&self.session, machine, symbols)?
            }
            "weights"
            | "variables"
            | "trainable_weights"
            | "non_trainable_weights"
            | "trainable_variables" => {
                let layers = self.with(|model| model.layers().to_vec());
                let mut all = Vec::new();
                for layer in layers {
                    let layer = self.session.value_of(&layer);
                    let weights = machine.attribute(&layer, name)?;
                    all.extend(machine.items_of(&weights)?);
                }
                machine.list(all)?
            }
            _ => return Ok(None),
        }))
    }

    fn set_attribute(&self, machine: &mut Machine<'_>, name: &str, value: &Value) -> Eval<bool> {
        if name == "trainable" {
            self.set_trainable(machine.truth(value));
        }
        Ok(name == "trainable")
    }

    fn call(&self, machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
        let called = call_arguments(machine, arguments)?;
        let open = self.is_open();
        let layer = self.as_layer(machine)?;
        let output = TensorObject::called(&self.session, machine, &layer, called)?;
        if open {
            self.count_rebuild();
        }
        Ok(output)
    }

    fn has_method(&self, name: &str) -> bool {
        super::methods::NAMES.contains(&name) || super::refused::method(name).is_some()
    }

    fn call_method(
        &self,
        machine: &mut Machine<'_>,
        name: &str,
        arguments: Arguments,
    ) -> Eval<Value> {
        super::methods::call(self, machine, name, arguments)
    }

    fn class(&self) -> Option<Value> {
        let kind = self.with(Model::kind);
        Some(Value::Host(Rc::new(ModelClass { session: self.session.clone(), kind })))
    }

    fn same(&self, other: &dyn HostObject) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|other| std::ptr::eq(other, self))
    }
}

impl ModelObject {
    pub(super) fn unbuilt(&self, name: &str) -> Box<Fault> {
        let model = self.with(|model| model.name().to_owned());
        Fault::new(
            ErrorKind::Layer,
            format!("model {model:?} has no `{name}` before it has an input shape"),
        )
        .with_hint("begin it with keras.Input(shape=…), or pass --input")
    }
}
