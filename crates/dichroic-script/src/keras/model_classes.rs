//! `Sequential(…)` and `Model(…)`: models from what they are given.

use std::any::Any;
use std::rc::Rc;

use dichroic::model::{Inputs, Kind, Model, Structure, Symbol};

use super::layer_classes::optional_name;
use super::tensors::symbols_of;
use super::{ModelObject, Session};
use crate::arguments::{Argument, Arguments};
use crate::error::{Eval, Fault};
use crate::host::HostObject;
use crate::machine::Machine;
use crate::value::{Key, Value};

/// `keras.Sequential` or `keras.Model`.
pub(super) struct ModelClass {
    pub(super) session: Rc<Session>,
    pub(super) kind: Kind,
}

impl HostObject for ModelClass {
    fn type_name(&self) -> String {
        "type".to_owned()
    }

    fn repr(&self) -> String {
        let name = if self.kind == Kind::Sequential { "Sequential" } else { "Model" };
        format!("<class 'keras.{name}'>")
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn attribute(&self, _machine: &mut Machine<'_>, name: &str) -> Eval<Option<Value>> {
        let class_name = if self.kind == Kind::Sequential { "Sequential" } else { "Model" };
        Ok((name == "__name__").then(|| Value::text(class_name)))
    }

    fn call(&self, machine: &mut Machine<'_>, mut arguments: Arguments) -> Eval<Value> {
        let trainable = arguments.take("trainable");
        let model = match self.kind {
            Kind::Sequential => sequential(&self.session, machine, arguments)?,
            Kind::Functional => functional(&self.session, machine, arguments)?,
        };
        if trainable.is_some_and(|trainable| !machine.truth(&trainable.value)) {
            model.set_trainable(false);
        }
        Ok(Value::Host(model))
    }

    fn same(&self, other: &dyn HostObject) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|other| other.kind == self.kind)
    }

    fn has_instance(&self, value: &Value) -> Option<bool> {
        let model = value.host::<ModelObject>();
        Some(model.is_some_and(|model| {
            self.kind == Kind::Functional || model.with(Model::kind) == Kind::Sequential
        }))
    }
}

fn sequential(
    session: &Rc<Session>,
    machine: &mut Machine<'_>,
    arguments: Arguments,
) -> Eval<Rc<ModelObject>> {
    let [layers, name] = arguments.bind("Sequential", ["layers", "name"], 0)?;
    let name = match name {
        Some(name) => optional_name(&name)?,
        None => None,
    };
    let model = ModelObject::sequential(session, machine, name)?;
    if let Some(layers) = layers.filter(|layers| !matches!(layers.value, Value::None)) {
        for layer in layers.items(machine)? {
            layers.read(|_| model.add(machine, &layer))?;
        }
        model.count_rebuild();
    }
    Ok(model)
}

fn functional(
    session: &Rc<Session>,
    machine: &mut Machine<'_>,
    arguments: Arguments,
) -> Eval<Rc<ModelObject>> {
    let [inputs, outputs, name] = arguments.bind("Model", ["inputs", "outputs", "name"], 2)?;
    let inputs = Ends::read(machine, &inputs.expect("bind requires it"))?;
    let outputs = Ends::read(machine, &outputs.expect("bind requires it"))?;
    let name = match name {
        Some(name) => optional_name(&name)?,
        None => None,
    };
    ModelObject::functional(session, machine, name, (inputs, outputs))
}

/// The inputs or the outputs of a functional model, as they were given.
pub(super) struct Ends {
    symbols: Vec<Symbol>,
    structure: Structure,
}

impl Ends {
    /// The inputs of a model.
    pub(super) fn inputs_of(model: &Model) -> Self {
        let structure = model.input_structure().clone();
        Self { symbols: model.inputs().to_vec(), structure }
    }

    /// The outputs of a model.
    pub(super) fn outputs_of(model: &Model) -> Self {
        let structure = model.output_structure().clone();
        Self { symbols: model.outputs().to_vec(), structure }
    }

    pub(super) fn one(symbol: Symbol) -> Self {
        Self { symbols: vec![symbol], structure: Structure::Single }
    }

    pub(super) fn list(symbols: Vec<Symbol>) -> Self {
        Self { symbols, structure: Structure::List }
    }

    fn read(machine: &mut Machine<'_>, argument: &Argument) -> Eval<Self> {
        let symbols = argument.read(|value| symbols_of(machine, value))?;
        let structure = match &argument.value {
            Value::List(_) | Value::Tuple(_) => Structure::List,
            Value::Dict(id) => {
                let keys = machine.heap.dict(*id).keys().map(|key| match key {
                    Key::Text(name) => Ok(name.to_string()),
                    _ => Err(Fault::type_error(
                        "the keys of a model's inputs and outputs are strings",
                    )),
                });
                Structure::Dict(keys.collect::<Eval<_>>()?)
            }
            _ => Structure::Single,
        };
        Ok(Self { symbols, structure })
    }
}

impl Inputs for Ends {
    fn symbols(&self) -> Vec<Symbol> {
        self.symbols.clone()
    }

    fn structure(&self) -> Structure {
        self.structure.clone()
    }
}
