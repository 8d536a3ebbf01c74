//! The few modules of Python that model-building scripts need: `math`, `functools`, and the `environ` of `os`.

use std::any::Any;
use std::rc::Rc;

use crate::arguments::{Arguments, float, integer};
use crate::error::{ErrorKind, Eval, Fault};
use crate::evaluate::expressions::too_large;
use crate::heap::Partial;
use crate::host::HostObject;
use crate::machine::Machine;
use crate::value::{Value, exact_integer};

use super::Builtin;

/// A module that is always there.
pub(crate) fn find(path: &str) -> Option<Value> {
    let module = match path {
        "math" => Module { path: "math", functions: MATH },
        "functools" => Module { path: "functools", functions: FUNCTOOLS },
        "os" => Module { path: "os", functions: &[] },
        _ => return None,
    };
    Some(Value::Host(Rc::new(module)))
}

struct Module {
    path: &'static str,
    functions: &'static [Builtin],
}

impl HostObject for Module {
    fn type_name(&self) -> String {
        format!("module `{}`", self.path)
    }

    fn repr(&self) -> String {
        format!("<module '{}'>", self.path)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn names(&self) -> Vec<String> {
        let functions = self.functions.iter().map(|function| function.name);
        let constants: &[&str] = match self.path {
            "math" => &["pi", "e", "inf", "nan", "tau"],
            "os" => &["environ"],
            _ => &[],
        };
        functions.chain(constants.iter().copied()).map(str::to_owned).collect()
    }

    fn attribute(&self, machine: &mut Machine<'_>, name: &str) -> Eval<Option<Value>> {
        let constant = match (self.path, name) {
            ("math", "pi") => std::f64::consts::PI,
            ("math", "e") => std::f64::consts::E,
            ("math", "tau") => std::f64::consts::TAU,
            ("math", "inf") => f64::INFINITY,
            ("math", "nan") => f64::NAN,
            ("os", "environ") => return machine.environment().map(Some),
            ("os", _) => {
                return Err(Fault::unsupported(format!(
                    "`os.{name}` is not available: a script reaches no files and no system"
                ))
                .with_hint("only `os.environ` is there, empty and private to the script"));
            }
            _ => {
                let function = self.functions.iter().find(|function| function.name == name);
                return Ok(function.map(Value::Builtin));
            }
        };
        Ok(Some(Value::Float(constant)))
    }

    fn same(&self, other: &dyn HostObject) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|other| other.path == self.path)
    }
}

static MATH: &[Builtin] = &[
    super::function("ceil", |_, arguments| whole("ceil", arguments, f64::ceil)),
    super::function("floor", |_, arguments| whole("floor", arguments, f64::floor)),
    super::function("trunc", |_, arguments| whole("trunc", arguments, f64::trunc)),
    super::function("sqrt", |_, arguments| real("sqrt", arguments, f64::sqrt)),
    super::function("exp", |_, arguments| real("exp", arguments, f64::exp)),
    super::function("log2", |_, arguments| real("log2", arguments, f64::log2)),
    super::function("log10", |_, arguments| real("log10", arguments, f64::log10)),
    super::function("sin", |_, arguments| real("sin", arguments, f64::sin)),
    super::function("cos", |_, arguments| real("cos", arguments, f64::cos)),
    super::function("tanh", |_, arguments| real("tanh", arguments, f64::tanh)),
    super::function("fabs", |_, arguments| real("fabs", arguments, f64::abs)),
    super::function("log", logarithm),
    super::function("pow", |_, arguments| {
        let [base, exponent] = arguments.exactly("pow", ["x", "y"])?;
        Ok(Value::Float(float(&base.value)?.powf(float(&exponent.value)?)))
    }),
    super::function("prod", product),
    super::function("gcd", divisor),
];

fn whole(name: &str, arguments: Arguments, apply: fn(f64) -> f64) -> Eval<Value> {
    let [value] = arguments.exactly(name, ["x"])?;
    value.read(|value| match value {
        Value::Float(number) => exact_integer(apply(*number)).map(Value::Int).ok_or_else(too_large),
        other => integer(other).map(Value::Int),
    })
}

fn real(name: &str, arguments: Arguments, apply: fn(f64) -> f64) -> Eval<Value> {
    let [value] = arguments.exactly(name, ["x"])?;
    let result = apply(value.read(float)?);
    if result.is_nan() || (result == f64::NEG_INFINITY && name.starts_with("log")) {
        return Err(Fault::value_error(format!("math.{name}() has no value here")));
    }
    Ok(Value::Float(result))
}

fn logarithm(_machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [value, base] = arguments.bind("log", ["x", "base"], 1)?;
    let value = value.expect("bind requires it").read(float)?;
    let base = base.map(|base| base.read(float)).transpose()?;
    if value <= 0.0 || base.is_some_and(|base| base <= 0.0 || base == 1.0) {
        return Err(Fault::value_error("math.log() has no value here"));
    }
    Ok(Value::Float(match base {
        Some(base) => value.ln() / base.ln(),
        None => value.ln(),
    }))
}

fn product(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [iterable, start] = arguments.bind("prod", ["iterable", "start"], 1)?;
    let mut total = start.map_or(Value::Int(1), |start| start.value);
    for item in iterable.expect("bind requires it").items(machine)? {
        total = machine.binary(ruff_python_ast::Operator::Mult, total, item)?;
    }
    Ok(total)
}

fn divisor(_machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [a, b] = arguments.exactly("gcd", ["a", "b"])?;
    let (mut a, mut b) = (a.integer()?.unsigned_abs(), b.integer()?.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i64::try_from(a).map(Value::Int).map_err(|_| too_large())
}

static FUNCTOOLS: &[Builtin] =
    &[super::function("partial", partial), super::function("reduce", reduce)];

fn partial(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let mut items = arguments.items.into_iter();
    let Some(callee) = items.next().filter(|first| first.name.is_none()) else {
        return Err(Fault::type_error("partial() needs a function"));
    };
    let (mut positional, mut named) = (Vec::new(), Vec::new());
    for argument in items {
        match argument.name {
            Some(name) => named.push((name, argument.value)),
            None => positional.push(argument.value),
        }
    }
    let partial = Partial { callee: callee.value, positional, named };
    machine.heap.new_partial(partial, &mut machine.meter)
}

fn reduce(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [function, iterable, initial] =
        arguments.bind("reduce", ["function", "iterable", "initial"], 2)?;
    let function = function.expect("bind requires it").value;
    let mut items = iterable.expect("bind requires it").items(machine)?.into_iter();
    let first = initial.map(|initial| initial.value).or_else(|| items.next());
    let Some(mut total) = first else {
        return Err(Fault::new(ErrorKind::Value, "reduce() of nothing has no value"));
    };
    for item in items {
        total = machine.call_value(&function, vec![total, item])?;
    }
    Ok(total)
}
