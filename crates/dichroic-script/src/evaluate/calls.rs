//! Calls: which value is called, with what, and how a function of the script runs.

use std::rc::Rc;

use ruff_python_ast::{Arguments as ArgumentList, Expr, Identifier, Parameters};
use ruff_text_size::{Ranged, TextRange};

use super::statements::Flow;
use crate::arguments::{Argument, Arguments, placed, unexpected};
use crate::builtins;
use crate::error::{AtPlace, Eval, Fault};
use crate::heap::Dict;
use crate::machine::{Body, Function, Machine, ScopeId};
use crate::value::{Key, Value};

/// What stands before the brackets of a call.
pub(crate) enum Callee<'a> {
    Value(Value),
    /// `receiver.name(…)`, which needs no value for the method itself.
    Method(Value, &'a Identifier),
}

impl<'a> Machine<'a> {
    pub(crate) fn callee(&mut self, callee: &'a Expr, scope: ScopeId) -> Eval<Callee<'a>> {
        let Expr::Attribute(attribute) = callee else {
            return self.expression(callee, scope).map(Callee::Value);
        };
        let receiver = self.expression(&attribute.value, scope)?;
        let is_method = match &receiver {
            Value::Host(host) => host.has_method(&attribute.attr),
            other => builtins::has_method(other, &attribute.attr),
        };
        if is_method {
            return Ok(Callee::Method(receiver, &attribute.attr));
        }
        self.attribute(&receiver, &attribute.attr).at(attribute.attr.range).map(Callee::Value)
    }

    /// The values of `(a, *b, name=c, **d)`.
    pub(crate) fn arguments(&mut self, list: &'a ArgumentList, scope: ScopeId) -> Eval<Arguments> {
        let mut items = Vec::with_capacity(list.args.len() + list.keywords.len());
        for argument in &list.args {
            match argument {
                Expr::Starred(starred) => {
                    let gathered = self.expression(&starred.value, scope)?;
                    for value in self.items_of(&gathered).at(starred.range)? {
                        items.push(Argument { name: None, value, range: Some(starred.range) });
                    }
                }
                argument => {
                    let value = self.expression(argument, scope)?;
                    items.push(Argument { name: None, value, range: Some(argument.range()) });
                }
            }
        }
        for keyword in &list.keywords {
            let value = self.expression(&keyword.value, scope)?;
            match &keyword.arg {
                Some(name) => items.push(Argument {
                    name: Some(name.as_str().into()),
                    value,
                    range: Some(keyword.range),
                }),
                None => self.spread(&value, keyword.range, &mut items).at(keyword.range)?,
            }
        }
        Ok(Arguments { items })
    }

    /// Adds the arguments of `**value`.
    fn spread(&mut self, value: &Value, range: TextRange, items: &mut Vec<Argument>) -> Eval<()> {
        let Value::Dict(id) = value else {
            return Err(Fault::type_error(format!("`**` needs a dict, got {}", value.type_name())));
        };
        let entries = self.heap.dict(*id);
        self.meter.work(entries.len())?;
        for (key, (_, value)) in entries {
            let Key::Text(name) = key else {
                return Err(Fault::type_error("`**` needs a dict whose keys are strings"));
            };
            if items.iter().any(|argument| argument.name.as_ref() == Some(name)) {
                return Err(Fault::type_error(format!("`{name}` is given twice")));
            }
            items.push(Argument {
                name: Some(name.clone()),
                value: value.clone(),
                range: Some(range),
            });
        }
        Ok(())
    }

    pub(crate) fn call(
        &mut self,
        callee: &Value,
        mut arguments: Arguments,
        range: TextRange,
    ) -> Eval<Value> {
        match callee {
            Value::Function(id) => {
                let function = self.function(*id);
                self.call_function(&function, arguments)
                    .map_err(|fault| fault.at(range).called(&function.name, range))
            }
            Value::Builtin(builtin) => (builtin.run)(self, arguments).at(range),
            Value::Host(host) => host.clone().call(self, arguments).at(range),
            Value::Bound(id) => {
                let bound = self.heap.bound(*id).clone();
                self.call_method(&bound.receiver, &bound.name, arguments).at(range)
            }
            Value::Partial(id) => {
                let partial = self.heap.partial(*id).clone();
                self.meter.work(partial.positional.len() + partial.named.len())?;
                for (name, value) in partial.named {
                    if !arguments.items.iter().any(|given| given.name.as_ref() == Some(&name)) {
                        arguments.items.push(Argument { name: Some(name), value, range: None });
                    }
                }
                let fixed = Arguments::of(partial.positional);
                arguments.items.splice(0..0, fixed.items);
                // A chain of partials is a chain of calls.
                self.meter.enter()?;
                let result = self.call(&partial.callee, arguments, range)?;
                self.meter.leave();
                Ok(result)
            }
            other => {
                Err(Fault::type_error(format!("{} cannot be called", other.type_name())).at(range))
            }
        }
    }

    /// Calls something from inside a built-in function, such as the key of `sorted`.
    pub(crate) fn call_value(&mut self, callee: &Value, values: Vec<Value>) -> Eval<Value> {
        self.meter.enter()?;
        let result = match callee {
            Value::Function(id) => {
                let function = self.function(*id);
                self.call_function(&function, Arguments::of(values))?
            }
            other => self.call(other, Arguments::of(values), TextRange::default())?,
        };
        self.meter.leave();
        Ok(result)
    }

    pub(crate) fn call_method(
        &mut self,
        receiver: &Value,
        name: &str,
        arguments: Arguments,
    ) -> Eval<Value> {
        match receiver {
            Value::Host(host) => host.clone().call_method(self, name, arguments),
            other => builtins::call_method(self, other, name, arguments),
        }
    }

    /// The values of a function's defaults, computed once, when it is defined.
    pub(crate) fn defaults(
        &mut self,
        parameters: Option<&'a Parameters>,
        scope: ScopeId,
    ) -> Eval<Rc<[Option<Value>]>> {
        let mut defaults = Vec::new();
        for parameter in parameters.iter().flat_map(|all| all.iter_non_variadic_params()) {
            defaults.push(match &parameter.default {
                Some(default) => Some(self.expression(default, scope)?),
                None => None,
            });
        }
        Ok(defaults.into())
    }

    fn call_function(&mut self, function: &Function<'a>, arguments: Arguments) -> Eval<Value> {
        self.meter.enter_call()?;
        let scope = self.new_scope(function.scope, Some(function.names.clone()))?;
        self.bind_parameters(function, arguments, scope)?;
        let result = match function.body {
            Body::Expression(body) => self.expression(body, scope)?,
            Body::Statements(body) => match self.block(body, scope)? {
                Flow::Return(value) => value,
                _ => Value::None,
            },
        };
        self.meter.leave_call();
        Ok(result)
    }

    fn bind_parameters(
        &mut self,
        function: &Function<'a>,
        arguments: Arguments,
        scope: ScopeId,
    ) -> Eval<()> {
        let called = &*function.name;
        let Some(parameters) = function.parameters else {
            return match arguments.items.first() {
                None => Ok(()),
                Some(extra) => Err(placed(
                    Fault::type_error(format!("{called}() takes no arguments")),
                    extra.range,
                )),
            };
        };
        let known: Vec<&'a str> = parameters
            .iter_non_variadic_params()
            .map(|parameter| parameter.parameter.name.as_str())
            .collect();
        let positional_only = parameters.posonlyargs.len();
        let positional = positional_only + parameters.args.len();
        let mut slots: Vec<Option<Value>> = vec![None; known.len()];
        let mut extra = Vec::new();
        let mut named = Dict::new();
        self.meter.work(arguments.items.len())?;
        for (position, argument) in arguments.items.into_iter().enumerate() {
            let range = argument.range;
            let slot = match &argument.name {
                None if position < positional => Some(position),
                None if parameters.vararg.is_some() => {
                    extra.push(argument.value);
                    continue;
                }
                None => {
                    let fault = Fault::type_error(format!(
                        "{called}() takes {positional} positional arguments, but more were given"
                    ));
                    return Err(placed(fault, range));
                }
                Some(name) => known
                    .iter()
                    .skip(positional_only)
                    .position(|known| *known == &**name)
                    .map(|at| at + positional_only),
            };
            match (slot, argument.name) {
                (Some(slot), _) if slots[slot].is_none() => slots[slot] = Some(argument.value),
                (Some(slot), _) => {
                    let fault = Fault::type_error(format!(
                        "{called}() got two values for `{}`",
                        known[slot]
                    ));
                    return Err(placed(fault, range));
                }
                (None, Some(name)) if parameters.kwarg.is_some() => {
                    named.insert(Key::Text(name.clone()), (Value::Text(name), argument.value));
                }
                (None, name) => {
                    let name = name.as_deref().unwrap_or_default();
                    return Err(placed(unexpected(called, name, known.iter().copied()), range));
                }
            }
        }
        for (slot, name) in known.iter().enumerate() {
            match slots[slot].take().or_else(|| function.defaults[slot].clone()) {
                Some(value) => self.bind(scope, name, value)?,
                None => {
                    return Err(Fault::type_error(format!(
                        "{called}() needs a value for `{name}`"
                    )));
                }
            }
        }
        if let Some(parameter) = &parameters.vararg {
            let extra = self.tuple(extra)?;
            self.bind(scope, &parameter.name, extra)?;
        }
        if let Some(parameter) = &parameters.kwarg {
            let named = self.dict(named)?;
            self.bind(scope, &parameter.name, named)?;
        }
        Ok(())
    }
}
