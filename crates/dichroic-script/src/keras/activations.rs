//! `keras.activations.relu` and its kin: a name as an argument, a layer when called on a tensor.

use std::any::Any;
use std::rc::Rc;

use dichroic::activations::Activation;
use serde_json::{Map, Value as Json};

use super::layer_classes::make;
use super::{Session, TensorObject};
use crate::arguments::Arguments;
use crate::error::{Eval, Fault};
use crate::host::HostObject;
use crate::machine::Machine;
use crate::value::Value;

/// One activation function.
pub(super) struct ActivationFunction {
    session: Rc<Session>,
    name: Rc<str>,
}

impl ActivationFunction {
    /// The activation of this name, if the library has it.
    pub(super) fn find(session: &Rc<Session>, name: &str) -> Option<Value> {
        let known = serde_json::from_value::<Activation>(Json::String(name.to_owned())).ok()?;
        if matches!(known, Activation::Unknown(_)) {
            return None;
        }
        Some(Value::Host(Rc::new(Self { session: session.clone(), name: name.into() })))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl HostObject for ActivationFunction {
    fn type_name(&self) -> String {
        "function".to_owned()
    }

    fn repr(&self) -> String {
        format!("<function {}>", self.name)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn attribute(&self, _machine: &mut Machine<'_>, name: &str) -> Eval<Option<Value>> {
        Ok((name == "__name__").then(|| Value::Text(self.name.clone())))
    }

    fn call(&self, machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
        let [input] = arguments.exactly(&self.name, ["x"])?;
        let Some(tensor) = input.value.host::<TensorObject>() else {
            return Err(Fault::type_error(format!(
                "{}() is called on a symbolic tensor, got {}",
                self.name,
                input.value.type_name()
            )));
        };
        // Keras hands back what the identity was given.
        if &*self.name == "linear" {
            return Ok(input.value.clone());
        }
        let (class_name, config) = match &*self.name {
            "relu" => ("ReLU", Map::new()),
            "softmax" => ("Softmax", Map::new()),
            name => ("Activation", Map::from_iter([("activation".to_owned(), Json::from(name))])),
        };
        let name = self.session.auto_name(operation(&self.name));
        let layer = make(machine, class_name, &config, name)?;
        TensorObject::applied(&self.session, machine, &layer, vec![tensor.symbol().clone()])
    }

    fn same(&self, other: &dyn HostObject) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|other| other.name == self.name)
    }
}

/// The name of the operation that Keras makes of an activation function, from which automatic names are made.
fn operation(function: &str) -> &str {
    match function {
        "relu" => "ReLU",
        "swish" => "silu",
        "exponential" => "exp",
        same => same,
    }
}
