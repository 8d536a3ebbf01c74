//! The arguments of a call, each with its place.

use std::rc::Rc;

use ruff_text_size::TextRange;

use crate::error::{AtPlace, Eval, Fault, nearest};
use crate::machine::Machine;
use crate::value::Value;

/// One argument: `value` or `name=value`.
#[derive(Clone)]
pub(crate) struct Argument {
    pub(crate) name: Option<Rc<str>>,
    pub(crate) value: Value,
    /// Where it stands; nothing for one that a program supplied.
    pub(crate) range: Option<TextRange>,
}

/// All arguments of one call, positional ones first.
#[derive(Clone, Default)]
pub(crate) struct Arguments {
    pub(crate) items: Vec<Argument>,
}

impl Arguments {
    pub(crate) fn of(values: impl IntoIterator<Item = Value>) -> Self {
        let items =
            values.into_iter().map(|value| Argument { name: None, value, range: None }).collect();
        Self { items }
    }

    pub(crate) fn positional_count(&self) -> usize {
        self.items.iter().take_while(|argument| argument.name.is_none()).count()
    }

    /// Takes the argument of this name out, if it was given.
    pub(crate) fn take(&mut self, name: &str) -> Option<Argument> {
        let at = self.items.iter().position(|argument| argument.name.as_deref() == Some(name))?;
        Some(self.items.remove(at))
    }

    /// Puts every argument into the slot of its parameter; `required` is how many must be there.
    pub(crate) fn bind<const N: usize>(
        self,
        function: &str,
        parameters: [&str; N],
        required: usize,
    ) -> Eval<[Option<Argument>; N]> {
        let mut slots: [Option<Argument>; N] = [const { None }; N];
        for (position, argument) in self.items.into_iter().enumerate() {
            let slot = match &argument.name {
                None if position < N => position,
                None => {
                    return Err(placed(
                        Fault::type_error(format!(
                            "{function}() takes at most {N} arguments, but more were given"
                        )),
                        argument.range,
                    ));
                }
                Some(name) => match parameters.iter().position(|known| *known == &**name) {
                    Some(slot) => slot,
                    None => {
                        return Err(placed(
                            unexpected(function, name, parameters.iter().copied()),
                            argument.range,
                        ));
                    }
                },
            };
            if slots[slot].is_some() {
                return Err(placed(
                    Fault::type_error(format!(
                        "{function}() got two values for `{}`",
                        parameters[slot]
                    )),
                    argument.range,
                ));
            }
            slots[slot] = Some(argument);
        }
        match (0..required).find(|slot| slots[*slot].is_none()) {
            Some(missing) => Err(Fault::type_error(format!(
                "{function}() needs a value for `{}`",
                parameters[missing]
            ))),
            None => Ok(slots),
        }
    }

    /// [`Arguments::bind`] for a function whose parameters must all be given.
    pub(crate) fn exactly<const N: usize>(
        self,
        function: &str,
        parameters: [&str; N],
    ) -> Eval<[Argument; N]> {
        let slots = self.bind(function, parameters, N)?;
        Ok(slots.map(|slot| slot.expect("bind refuses a call without all N required values")))
    }
}

/// The error about an argument that a function does not have, with the nearest one it does have.
pub(crate) fn unexpected<'k>(
    function: &str,
    name: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Box<Fault> {
    let fault = Fault::type_error(format!("{function}() has no argument `{name}`"));
    match nearest(name, known) {
        Some(known) => fault.with_hint(format!("did you mean `{known}`?")),
        None => fault,
    }
}

/// Adds a place if there is one.
pub(crate) fn placed(fault: Box<Fault>, range: Option<TextRange>) -> Box<Fault> {
    match range {
        Some(range) => fault.at(range),
        None => fault,
    }
}

impl Argument {
    /// Runs a conversion of the value, with the argument's place on its error.
    pub(crate) fn read<T>(&self, convert: impl FnOnce(&Value) -> Eval<T>) -> Eval<T> {
        let result = convert(&self.value);
        match self.range {
            Some(range) => result.at(range),
            None => result,
        }
    }

    pub(crate) fn integer(&self) -> Eval<i64> {
        self.read(integer)
    }

    pub(crate) fn text(&self) -> Eval<Rc<str>> {
        self.read(|value| match value {
            Value::Text(text) => Ok(text.clone()),
            other => {
                Err(Fault::type_error(format!("a string is needed, got {}", other.type_name())))
            }
        })
    }

    pub(crate) fn items(&self, machine: &mut Machine<'_>) -> Eval<Vec<Value>> {
        self.read(|value| machine.items_of(value))
    }
}

/// A whole number; booleans count as 0 and 1, as in Python.
pub(crate) fn integer(value: &Value) -> Eval<i64> {
    match value {
        Value::Int(value) => Ok(*value),
        Value::Bool(value) => Ok(i64::from(*value)),
        other => {
            Err(Fault::type_error(format!("a whole number is needed, got {}", other.type_name())))
        }
    }
}

/// A number as a float.
pub(crate) fn float(value: &Value) -> Eval<f64> {
    match value {
        Value::Float(value) => Ok(*value),
        other => integer(other).map(|value| value as f64).map_err(|_| {
            Fault::type_error(format!("a number is needed, got {}", other.type_name()))
        }),
    }
}
