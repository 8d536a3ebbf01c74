//! The values of a script: Python's plain ones, functions, and objects of the library.
//!
//! Lists, tuples, dictionaries and the like live in the [`Heap`](crate::heap::Heap) and are named here by handles, so that
//! no value owns another: cycles cannot leak, and dropping a million nested lists needs no stack.

use std::rc::Rc;

use crate::builtins::Builtin;
use crate::heap::{
    BoundId, DictId, FunctionId, IteratorId, ListId, PartialId, SetId, SliceId, TupleId,
};
use crate::host::HostObject;

/// One value.
#[derive(Clone)]
pub(crate) enum Value {
    None,
    Ellipsis,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Rc<str>),
    List(ListId),
    Tuple(TupleId),
    Dict(DictId),
    Set(SetId),
    Range(Range),
    Slice(SliceId),
    Iterator(IteratorId),
    Function(FunctionId),
    Bound(BoundId),
    Partial(PartialId),
    Builtin(&'static Builtin),
    /// The type of a value, by its name: what `type(x)` gives.
    Type(Rc<str>),
    Host(Rc<dyn HostObject>),
}

impl Value {
    pub(crate) fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// The name that Python gives to the value's type.
    pub(crate) fn type_name(&self) -> String {
        let name = match self {
            Self::None => "NoneType",
            Self::Ellipsis => "ellipsis",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "str",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Dict(_) => "dict",
            Self::Set(_) => "set",
            Self::Range(_) => "range",
            Self::Slice(_) => "slice",
            Self::Iterator(_) => "iterator",
            Self::Function(_) => "function",
            Self::Bound(_) => "method",
            Self::Partial(_) => "functools.partial",
            Self::Builtin(builtin) if builtin.is_type => "type",
            Self::Builtin(_) => "builtin_function_or_method",
            Self::Type(_) => "type",
            Self::Host(host) => return host.type_name(),
        };
        name.to_owned()
    }

    /// Whether the two are one and the same object, as `is` asks.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) | (Self::Ellipsis, Self::Ellipsis) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Tuple(a), Self::Tuple(b)) => a == b,
            (Self::Dict(a), Self::Dict(b)) => a == b,
            (Self::Set(a), Self::Set(b)) => a == b,
            (Self::Range(a), Self::Range(b)) => a == b,
            (Self::Slice(a), Self::Slice(b)) => a == b,
            (Self::Iterator(a), Self::Iterator(b)) => a == b,
            (Self::Function(a), Self::Function(b)) => a == b,
            (Self::Bound(a), Self::Bound(b)) => a == b,
            (Self::Partial(a), Self::Partial(b)) => a == b,
            (Self::Builtin(a), Self::Builtin(b)) => a.name == b.name,
            (Self::Type(a), Self::Type(b)) => a == b,
            (Self::Type(a), Self::Builtin(b)) | (Self::Builtin(b), Self::Type(a)) => {
                b.is_type && &**a == b.name
            }
            (Self::Host(a), Self::Host(b)) => {
                std::ptr::addr_eq(Rc::as_ptr(a), Rc::as_ptr(b)) || a.same(&**b)
            }
            _ => false,
        }
    }

    /// The library object of type `T` inside, if this is one.
    pub(crate) fn host<T: 'static>(&self) -> Option<&T> {
        match self {
            Self::Host(host) => host.as_any().downcast_ref(),
            _ => None,
        }
    }
}

/// The numbers `start, start + step, …` short of `stop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: i64,
    pub(crate) stop: i64,
    /// Never zero.
    pub(crate) step: i64,
}

impl Range {
    pub(crate) fn len(&self) -> usize {
        let (start, stop, step) =
            (i128::from(self.start), i128::from(self.stop), i128::from(self.step));
        let span = if step > 0 { stop - start } else { start - stop };
        let count = if span <= 0 { 0 } else { (span - 1) / step.abs() + 1 };
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    /// The number at a position that is known to be below [`Range::len`].
    pub(crate) fn at(&self, position: usize) -> i64 {
        let value = i128::from(self.start) + i128::from(self.step) * position as i128;
        i64::try_from(value).unwrap_or(self.stop)
    }

    pub(crate) fn contains(&self, value: i64) -> bool {
        let (start, stop, step) =
            (i128::from(self.start), i128::from(self.stop), i128::from(self.step));
        let value = i128::from(value);
        let within =
            if step > 0 { start <= value && value < stop } else { stop < value && value <= start };
        within && (value - start) % step == 0
    }
}

/// What a dictionary or a set can be asked for: numbers that are equal are one key, as in Python.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    None,
    Ellipsis,
    Int(i64),
    /// The bits of a float that no integer equals.
    Float(u64),
    Text(Rc<str>),
    Tuple(Vec<Key>),
    Range(i64, i64, i64),
    /// A function, a type or a library object: only equal to itself.
    Object(&'static str, usize),
    Type(Rc<str>),
}

impl Key {
    pub(crate) fn of_number(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(Self::Int(i64::from(*value))),
            Value::Int(value) => Some(Self::Int(*value)),
            Value::Float(value) => Some(match exact_integer(*value) {
                Some(integer) => Self::Int(integer),
                None => Self::Float(value.to_bits()),
            }),
            _ => None,
        }
    }
}

/// The integer that a float equals, if it does.
pub(crate) fn exact_integer(value: f64) -> Option<i64> {
    // 2^63: the first float above every i64.
    const ABOVE: f64 = 9_223_372_036_854_775_808.0;
    (value.fract() == 0.0 && (-ABOVE..ABOVE).contains(&value)).then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_counts_as_python_does() {
        let count = |start, stop, step| Range { start, stop, step }.len();
        assert_eq!(count(0, 10, 3), 4);
        assert_eq!(count(10, 0, -3), 4);
        assert_eq!(count(5, 5, 1), 0);
        assert_eq!(count(5, 0, 1), 0);
        assert_eq!(count(i64::MIN, i64::MAX, 1), usize::MAX);
    }

    #[test]
    fn equal_numbers_are_one_key() {
        assert_eq!(Key::of_number(&Value::Float(1.0)), Key::of_number(&Value::Bool(true)));
        assert_ne!(Key::of_number(&Value::Float(1.5)), Key::of_number(&Value::Int(1)));
    }
}
