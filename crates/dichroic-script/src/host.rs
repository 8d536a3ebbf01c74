//! The seam between the evaluator and the library: objects that the evaluator holds and hands on without knowing them.

use std::any::Any;
use std::rc::Rc;

use ruff_python_ast::Operator;

use crate::arguments::Arguments;
use crate::error::{Eval, Fault};
use crate::machine::Machine;
use crate::value::Value;

/// On which side of an operator an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// An object of the library in a script: a module, a layer, a model, a symbolic tensor.
pub(crate) trait HostObject: Any {
    /// What the object is, for messages and `type(x).__name__`.
    fn type_name(&self) -> String;

    /// The text that `print` shows.
    fn repr(&self) -> String;

    /// The object as a concrete type, for the library's own functions.
    fn as_any(&self) -> &dyn Any;

    /// The value of `object.name`, or none if there is no such attribute.
    fn attribute(&self, _machine: &mut Machine<'_>, _name: &str) -> Eval<Option<Value>> {
        Ok(None)
    }

    /// Takes `object.name = value`; false if there is no such attribute to set.
    fn set_attribute(&self, _machine: &mut Machine<'_>, _name: &str, _value: &Value) -> Eval<bool> {
        Ok(false)
    }

    /// The attributes and methods that `from object import *` gives and that a misspelt name is compared with.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    /// Calls the object itself.
    fn call(&self, _machine: &mut Machine<'_>, _arguments: Arguments) -> Eval<Value> {
        Err(Fault::type_error(format!("{} cannot be called", self.type_name())))
    }

    /// Whether `object.name(…)` is a method.
    fn has_method(&self, _name: &str) -> bool {
        false
    }

    /// Calls a method that [`HostObject::has_method`] knows.
    fn call_method(
        &self,
        _machine: &mut Machine<'_>,
        name: &str,
        _arguments: Arguments,
    ) -> Eval<Value> {
        Err(Fault::type_error(format!("{} has no method `{name}`", self.type_name())))
    }

    /// The result of an operator with this object on one side, or none if it takes no part in it.
    fn binary(
        &self,
        _machine: &mut Machine<'_>,
        _operator: Operator,
        _other: &Value,
        _side: Side,
    ) -> Eval<Option<Value>> {
        Ok(None)
    }

    /// `object[index]`, or none if it has no items.
    fn item(&self, _machine: &mut Machine<'_>, _index: &Value) -> Eval<Option<Value>> {
        Ok(None)
    }

    /// Whether another object stands for the same thing, though it is not the same in memory.
    fn same(&self, _other: &dyn HostObject) -> bool {
        false
    }

    /// What `type(object)` gives, when that is more than a name.
    fn class(&self) -> Option<Value> {
        None
    }

    /// For a class: whether the value is one of its instances. None if this is no class.
    fn has_instance(&self, _value: &Value) -> Option<bool> {
        None
    }
}

/// What a script can import and name without defining it.
pub(crate) trait Library {
    /// The module or name at a dotted path, such as `keras.layers`.
    fn find(&self, path: &str) -> Option<Value>;

    /// Whether the library has a module of this name at its top, such as `tensorflow`.
    fn has_root(&self, root: &str) -> bool;

    /// A name that needs no import, such as `Conv2D` in an inline expression.
    fn bare_name(&self, name: &str) -> Option<Value>;

    /// What to say of a name that is the library's own and was not imported.
    fn hint(&self, name: &str) -> Option<String>;

    /// The names that need no import, to compare a misspelt one with.
    fn bare_names(&self) -> Vec<String>;
}

/// A module that exists in Python and not here: importing it is fine, using it is an error that says so.
pub(crate) struct Absent {
    pub(crate) path: Rc<str>,
}

impl HostObject for Absent {
    fn type_name(&self) -> String {
        "module".to_owned()
    }

    fn repr(&self) -> String {
        format!("<module '{}' (not available)>", self.path)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn attribute(&self, _machine: &mut Machine<'_>, name: &str) -> Eval<Option<Value>> {
        Err(Fault::unsupported(format!("`{}.{name}` is not available: ", self.path) + NO_PYTHON)
            .with_hint(ONLY_MODELS))
    }

    fn call(&self, _machine: &mut Machine<'_>, _arguments: Arguments) -> Eval<Value> {
        Err(Fault::unsupported(format!("`{}` is not available: ", self.path) + NO_PYTHON)
            .with_hint(ONLY_MODELS))
    }
}

const NO_PYTHON: &str = "the script runs without Python, files or network";
const ONLY_MODELS: &str = "only code that builds models runs here; keras, tensorflow.keras, math and functools can be imported";
