//! Initializers, regularizers, optimizers, losses and metrics: objects that are their configuration.

use std::any::Any;
use std::rc::Rc;

use dichroic::initializers::Initializer;
use dichroic::regularizers::Regularizer;
use serde_json::{Map, Value as Json};

use super::json;
use super::tables::{self, Class};
use crate::arguments::{Arguments, placed};
use crate::error::{ErrorKind, Eval, Fault};
use crate::host::HostObject;
use crate::machine::Machine;
use crate::value::Value;

/// A class such as `keras.optimizers.Adam`, under the name by which the script knows it.
pub(super) struct ConfigClass {
    module: &'static str,
    class: &'static Class,
    given: &'static str,
}

impl ConfigClass {
    /// The class of this name in a module.
    pub(super) fn find(module: &'static str, name: &str) -> Option<Value> {
        let classes = tables::classes(module)?;
        let (class, given) = classes.iter().find_map(|class| match class.name == name {
            true => Some((class, class.name)),
            false => {
                class.aliases.iter().find(|alias| **alias == name).map(|given| (class, *given))
            }
        })?;
        Some(Value::Host(Rc::new(Self { module, class, given })))
    }

    /// The names in a module.
    pub(super) fn names(module: &str) -> impl Iterator<Item = &'static str> {
        let classes = tables::classes(module).unwrap_or_default();
        classes
            .iter()
            .flat_map(|class| std::iter::once(class.name).chain(class.aliases.iter().copied()))
    }

    /// What the class is called where a string is wanted: a class or function given without a call.
    pub(super) fn given_name(&self) -> &'static str {
        self.given
    }
}

impl HostObject for ConfigClass {
    fn type_name(&self) -> String {
        "type".to_owned()
    }

    fn repr(&self) -> String {
        format!("<class '{}.{}'>", self.module, self.given)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn attribute(&self, _machine: &mut Machine<'_>, name: &str) -> Eval<Option<Value>> {
        Ok((name == "__name__").then(|| Value::text(self.given)))
    }

    fn call(&self, machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
        let is_loss_function = self.given != self.class.name
            && matches!(self.module, "keras.losses" | "keras.metrics");
        if is_loss_function {
            return Err(Fault::unsupported(format!(
                "`{}` computes a value, which a script cannot: it has no data",
                self.given
            )));
        }
        let mut config = Map::new();
        for (position, argument) in arguments.items.iter().enumerate() {
            let name = match (&argument.name, self.class.positional.get(position)) {
                // Keras before 2.3.
                (Some(name), _) if &**name == "lr" => "learning_rate",
                (Some(name), _) => name,
                (None, Some(name)) => name,
                (None, None) => {
                    let fault = Fault::type_error(format!(
                        "{}() takes {} positional arguments, but more were given",
                        self.given,
                        self.class.positional.len()
                    ));
                    return Err(placed(fault, argument.range));
                }
            };
            let value = argument.read(|value| json::from_value(machine, value))?;
            if config.insert(name.to_owned(), value).is_some() {
                let fault =
                    Fault::type_error(format!("{}() got two values for `{name}`", self.given));
                return Err(placed(fault, argument.range));
            }
        }
        let object = ConfigObject { module: self.module, class_name: self.class.name, config };
        object.check()?;
        Ok(Value::Host(Rc::new(object)))
    }

    fn same(&self, other: &dyn HostObject) -> bool {
        other
            .as_any()
            .downcast_ref::<Self>()
            .is_some_and(|other| other.module == self.module && other.class.name == self.class.name)
    }

    fn has_instance(&self, value: &Value) -> Option<bool> {
        Some(value.host::<ConfigObject>().is_some_and(|object| {
            object.module == self.module && object.class_name == self.class.name
        }))
    }
}

/// An object such as `keras.optimizers.Adam(1e-3)`.
pub(super) struct ConfigObject {
    module: &'static str,
    class_name: &'static str,
    config: Map<String, Json>,
}

impl ConfigObject {
    pub(super) fn json(&self) -> Json {
        json::object(self.module, self.class_name, self.config.clone())
    }

    /// Lets the library read what it will have to read anyway, so that the error has its place in the script.
    fn check(&self) -> Eval<()> {
        let read = match self.module {
            "keras.initializers" => serde_json::from_value::<Initializer>(self.json()).map(drop),
            "keras.regularizers" => serde_json::from_value::<Regularizer>(self.json()).map(drop),
            _ => Ok(()),
        };
        read.map_err(|error| Fault::new(ErrorKind::Layer, error.to_string()))
    }
}

impl HostObject for ConfigObject {
    fn type_name(&self) -> String {
        self.class_name.to_owned()
    }

    fn repr(&self) -> String {
        format!("<{} {}>", self.class_name, Json::Object(self.config.clone()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn attribute(&self, machine: &mut Machine<'_>, name: &str) -> Eval<Option<Value>> {
        match self.config.get(name) {
            Some(value) => json::to_value(machine, value).map(Some),
            None => Ok(None),
        }
    }

    fn has_method(&self, name: &str) -> bool {
        name == "get_config"
    }

    fn call_method(
        &self,
        machine: &mut Machine<'_>,
        name: &str,
        arguments: Arguments,
    ) -> Eval<Value> {
        let [] = arguments.exactly(name, [])?;
        json::to_value(machine, &Json::Object(self.config.clone()))
    }

    fn class(&self) -> Option<Value> {
        ConfigClass::find(self.module, self.class_name)
    }
}
