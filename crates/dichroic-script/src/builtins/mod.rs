//! The functions, types, methods and small modules that Python brings along.

pub(crate) mod containers;
pub(crate) mod format;
pub(crate) mod functions;
pub(crate) mod modules;
pub(crate) mod numbers;
pub(crate) mod sequences;
pub(crate) mod show;
pub(crate) mod template;
pub(crate) mod texts;

use crate::arguments::Arguments;
use crate::error::{Eval, Fault};
use crate::machine::Machine;
use crate::value::Value;

/// A function or a type that is there from the start.
pub(crate) struct Builtin {
    pub(crate) name: &'static str,
    /// Whether it is a type, which `isinstance` takes.
    pub(crate) is_type: bool,
    pub(crate) run: fn(&mut Machine<'_>, Arguments) -> Eval<Value>,
}

const fn function(
    name: &'static str,
    run: fn(&mut Machine<'_>, Arguments) -> Eval<Value>,
) -> Builtin {
    Builtin { name, is_type: false, run }
}

const fn class(name: &'static str, run: fn(&mut Machine<'_>, Arguments) -> Eval<Value>) -> Builtin {
    Builtin { name, is_type: true, run }
}

static BUILTINS: &[Builtin] = &[
    function("abs", numbers::abs),
    function("all", sequences::all),
    function("any", sequences::any),
    class("bool", numbers::bool),
    function("callable", functions::callable),
    function("chr", texts::chr),
    class("dict", containers::dict),
    function("divmod", numbers::divmod),
    function("enumerate", sequences::enumerate),
    function("filter", sequences::filter),
    class("float", numbers::float),
    function("format", functions::format),
    class("frozenset", containers::set),
    function("getattr", functions::getattr),
    function("hasattr", functions::hasattr),
    class("int", numbers::int),
    function("isinstance", functions::isinstance),
    function("iter", sequences::iter),
    function("len", sequences::len),
    class("list", containers::list),
    function("map", sequences::map),
    function("max", sequences::max),
    function("min", sequences::min),
    function("next", sequences::next),
    class("object", functions::object),
    function("ord", texts::ord),
    function("pow", numbers::pow),
    function("print", functions::print),
    class("range", sequences::range),
    function("repr", functions::repr),
    function("reversed", sequences::reversed),
    function("round", numbers::round),
    class("set", containers::set),
    function("setattr", functions::setattr),
    function("sorted", sequences::sorted),
    class("str", texts::str),
    function("sum", sequences::sum),
    class("tuple", containers::tuple),
    class("type", functions::type_of),
    function("zip", sequences::zip),
];

/// The value of a built-in name.
pub(crate) fn find(name: &str) -> Option<Value> {
    BUILTINS.iter().find(|builtin| builtin.name == name).map(Value::Builtin)
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().map(|builtin| builtin.name)
}

/// Why a name that Python has is not here.
pub(crate) fn refused(name: &str) -> Option<&'static str> {
    match name {
        "open" | "input" => Some("a script reads and writes no file, and asks nobody"),
        "eval" | "exec" | "compile" | "__import__" => Some("a script runs only the code it shows"),
        "globals" | "locals" | "vars" | "dir" => Some("a script cannot look at its own names"),
        "super" | "property" | "classmethod" | "staticmethod" => Some("classes are not run here"),
        "bytes" | "bytearray" | "memoryview" | "complex" => {
            Some("values of this type are not run here")
        }
        "id" => Some("values have no address here; compare them with `is`"),
        "exit" | "quit" => Some("a script ends at its last line"),
        _ => None,
    }
}

/// The methods of a plain value.
pub(crate) fn methods(value: &Value) -> &'static [&'static str] {
    match value {
        Value::Text(_) => texts::METHODS,
        Value::List(_) => containers::LIST_METHODS,
        Value::Tuple(_) => containers::TUPLE_METHODS,
        Value::Dict(_) => containers::DICT_METHODS,
        Value::Set(_) => containers::SET_METHODS,
        Value::Float(_) => &["is_integer"],
        Value::Int(_) => &["bit_length"],
        _ => &[],
    }
}

pub(crate) fn has_method(value: &Value, name: &str) -> bool {
    methods(value).contains(&name)
}

pub(crate) fn call_method(
    machine: &mut Machine<'_>,
    receiver: &Value,
    name: &str,
    arguments: Arguments,
) -> Eval<Value> {
    match receiver {
        Value::Text(text) => texts::call_method(machine, text, name, arguments),
        Value::List(id) => containers::call_list(machine, *id, name, arguments),
        Value::Tuple(_) => containers::call_tuple(machine, receiver, name, arguments),
        Value::Dict(id) => containers::call_dict(machine, *id, name, arguments),
        Value::Set(id) => containers::call_set(machine, *id, name, arguments),
        Value::Float(value) => {
            let [] = arguments.exactly(name, [])?;
            Ok(Value::Bool(value.fract() == 0.0))
        }
        Value::Int(value) => {
            let [] = arguments.exactly(name, [])?;
            Ok(Value::Int(i64::from(64 - value.unsigned_abs().leading_zeros())))
        }
        other => Err(Fault::type_error(format!("{} has no methods", other.type_name()))),
    }
}
