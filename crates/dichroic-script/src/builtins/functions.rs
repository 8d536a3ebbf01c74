//! `print`, and the functions that ask about values of any type.

use crate::arguments::{Argument, Arguments, placed, unexpected};
use crate::error::{ErrorKind, Eval, Fault};
use crate::machine::Machine;
use crate::value::Value;

pub(crate) fn print(machine: &mut Machine<'_>, mut arguments: Arguments) -> Eval<Value> {
    let separator = word(arguments.take("sep"), " ")?;
    let end = word(arguments.take("end"), "\n")?;
    arguments.take("flush");
    if let Some(file) = arguments.take("file")
        && !matches!(file.value, Value::None)
    {
        return Err(placed(no_file(), file.range));
    }
    if let Some(named) = arguments.items.iter().find(|argument| argument.name.is_some()) {
        let name = named.name.as_deref().unwrap_or_default();
        return Err(placed(
            unexpected("print", name, ["sep", "end", "flush", "file"]),
            named.range,
        ));
    }
    let mut text = String::new();
    for (position, argument) in arguments.items.iter().enumerate() {
        if position > 0 {
            text.push_str(&separator);
        }
        let shown = machine.str(&argument.value)?;
        machine.meter.allocate_text(shown.len())?;
        text.push_str(&shown);
    }
    text.push_str(&end);
    machine.print(text)?;
    Ok(Value::None)
}

fn no_file() -> Box<Fault> {
    Fault::unsupported("print writes to the standard output only: a script has no files")
}

fn word(argument: Option<Argument>, otherwise: &str) -> Eval<String> {
    match argument {
        Some(argument) if !matches!(argument.value, Value::None) => {
            Ok(argument.text()?.to_string())
        }
        _ => Ok(otherwise.to_owned()),
    }
}

pub(crate) fn repr(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [value] = arguments.exactly("repr", ["value"])?;
    let text = machine.repr(&value.value)?;
    machine.text(text)
}

pub(crate) fn format(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [value, specification] = arguments.bind("format", ["value", "format_spec"], 1)?;
    let value = value.expect("bind requires it").value;
    let specification = match specification {
        Some(argument) => argument.text()?,
        None => "".into(),
    };
    let text = machine.format(&value, &specification)?;
    machine.text(text)
}

pub(crate) fn type_of(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [value] = arguments.exactly("type", ["value"])?;
    Ok(machine.type_of(&value.value))
}

pub(crate) fn callable(_machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [value] = arguments.exactly("callable", ["value"])?;
    Ok(Value::Bool(matches!(
        value.value,
        Value::Function(_)
            | Value::Builtin(_)
            | Value::Bound(_)
            | Value::Partial(_)
            | Value::Type(_)
            | Value::Host(_)
    )))
}

pub(crate) fn object(_machine: &mut Machine<'_>, _arguments: Arguments) -> Eval<Value> {
    Err(Fault::unsupported("bare objects are not run here"))
}

pub(crate) fn isinstance(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [value, class] = arguments.exactly("isinstance", ["value", "class"])?;
    let is = class.read(|class| machine.is_instance(&value.value, class))?;
    Ok(Value::Bool(is))
}

pub(crate) fn getattr(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [object, name, default] = arguments.bind("getattr", ["object", "name", "default"], 2)?;
    let object = object.expect("bind requires it").value;
    let name = name.expect("bind requires it").text()?;
    match (machine.attribute(&object, &name), default) {
        (Err(fault), Some(default)) if fault.kind == ErrorKind::Attribute => Ok(default.value),
        (result, _) => result,
    }
}

pub(crate) fn hasattr(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [object, name] = arguments.exactly("hasattr", ["object", "name"])?;
    match machine.attribute(&object.value, &name.text()?) {
        Ok(_) => Ok(Value::Bool(true)),
        Err(fault) if fault.kind == ErrorKind::Attribute => Ok(Value::Bool(false)),
        Err(fault) => Err(fault),
    }
}

pub(crate) fn setattr(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [object, name, value] = arguments.exactly("setattr", ["object", "name", "value"])?;
    let name = name.text()?;
    if let Value::Host(host) = &object.value
        && host.clone().set_attribute(machine, &name, &value.value)?
    {
        return Ok(Value::None);
    }
    Err(Fault::new(
        ErrorKind::Attribute,
        format!("{} has no attribute `{name}` that can be set", object.value.type_name()),
    ))
}

impl Machine<'_> {
    pub(crate) fn type_of(&self, value: &Value) -> Value {
        let name = match value {
            Value::Host(host) => match host.class() {
                Some(class) => return class,
                None => host.type_name(),
            },
            other => other.type_name(),
        };
        super::find(&name)
            .filter(|found| matches!(found, Value::Builtin(builtin) if builtin.is_type))
            .unwrap_or_else(|| Value::Type(name.into()))
    }

    fn is_instance(&mut self, value: &Value, class: &Value) -> Eval<bool> {
        Ok(match class {
            Value::Tuple(_) => {
                for class in self.items_of(class)? {
                    self.meter.enter()?;
                    let is = self.is_instance(value, &class)?;
                    self.meter.leave();
                    if is {
                        return Ok(true);
                    }
                }
                false
            }
            Value::Builtin(builtin) if builtin.is_type => match builtin.name {
                "object" => true,
                "int" => matches!(value, Value::Int(_) | Value::Bool(_)),
                name => value.type_name() == name,
            },
            Value::Type(name) => value.type_name() == **name,
            Value::Host(host) => match host.has_instance(value) {
                Some(is) => is,
                None => return Err(no_class(class)),
            },
            _ => return Err(no_class(class)),
        })
    }
}

fn no_class(value: &Value) -> Box<Fault> {
    Fault::type_error(format!(
        "isinstance() needs a type or a tuple of types, got {}",
        value.type_name()
    ))
}
