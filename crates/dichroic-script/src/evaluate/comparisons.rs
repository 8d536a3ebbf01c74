//! Equality, order, `in`, and the keys of dictionaries.

use std::cmp::Ordering;
use std::rc::Rc;

use ruff_python_ast::CmpOp;

use crate::arguments::{float, integer};
use crate::error::{ErrorKind, Eval, Fault};
use crate::limits::VALUE_DEPTH;
use crate::machine::Machine;
use crate::value::{Key, Value};

impl Machine<'_> {
    pub(crate) fn compare(&mut self, op: CmpOp, left: &Value, right: &Value) -> Eval<bool> {
        Ok(match op {
            CmpOp::Is => left.is(right),
            CmpOp::IsNot => !left.is(right),
            CmpOp::Eq => self.equal(left, right)?,
            CmpOp::NotEq => !self.equal(left, right)?,
            CmpOp::In => self.contains(right, left)?,
            CmpOp::NotIn => !self.contains(right, left)?,
            CmpOp::Lt => self.order(left, right)? == Some(Ordering::Less),
            CmpOp::Gt => self.order(left, right)? == Some(Ordering::Greater),
            CmpOp::LtE => {
                matches!(self.order(left, right)?, Some(Ordering::Less | Ordering::Equal))
            }
            CmpOp::GtE => {
                matches!(self.order(left, right)?, Some(Ordering::Greater | Ordering::Equal))
            }
        })
    }

    pub(crate) fn equal(&mut self, left: &Value, right: &Value) -> Eval<bool> {
        self.equal_within(left, right, VALUE_DEPTH)
    }

    fn equal_within(&mut self, left: &Value, right: &Value, depth: usize) -> Eval<bool> {
        self.meter.step()?;
        if depth == 0 {
            return Err(too_deep());
        }
        Ok(match (left, right) {
            (Value::Int(_) | Value::Bool(_), Value::Int(_) | Value::Bool(_)) => {
                integer(left)? == integer(right)?
            }
            (
                Value::Int(_) | Value::Bool(_) | Value::Float(_),
                Value::Int(_) | Value::Bool(_) | Value::Float(_),
            ) => float(left)? == float(right)?,
            (Value::List(_), Value::List(_)) | (Value::Tuple(_), Value::Tuple(_)) => {
                let (a, b) = (self.items_of(left)?, self.items_of(right)?);
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (a, b) in a.iter().zip(&b) {
                    if !a.is(b) && !self.equal_within(a, b, depth - 1)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Dict(a), Value::Dict(b)) => {
                let (a, b) = (self.heap.dict(*a), self.heap.dict(*b));
                self.meter.allocate_items(a.len())?;
                if a.len() != b.len() {
                    return Ok(false);
                }
                let mut pairs = Vec::new();
                for (key, (_, value)) in a {
                    match b.get(key) {
                        Some((_, other)) => pairs.push((value.clone(), other.clone())),
                        None => return Ok(false),
                    }
                }
                for (a, b) in &pairs {
                    if !self.equal_within(a, b, depth - 1)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Set(a), Value::Set(b)) => {
                let (a, b) = (self.heap.set(*a), self.heap.set(*b));
                self.meter.work(a.len())?;
                a.len() == b.len() && a.keys().all(|key| b.contains_key(key))
            }
            _ => left.is(right),
        })
    }

    /// Which of two values comes first; none if one is not a number.
    pub(crate) fn order(&mut self, left: &Value, right: &Value) -> Eval<Option<Ordering>> {
        self.order_within(left, right, VALUE_DEPTH)
    }

    fn order_within(
        &mut self,
        left: &Value,
        right: &Value,
        depth: usize,
    ) -> Eval<Option<Ordering>> {
        self.meter.step()?;
        if depth == 0 {
            return Err(too_deep());
        }
        match (left, right) {
            (Value::Int(_) | Value::Bool(_), Value::Int(_) | Value::Bool(_)) => {
                Ok(Some(integer(left)?.cmp(&integer(right)?)))
            }
            (
                Value::Int(_) | Value::Bool(_) | Value::Float(_),
                Value::Int(_) | Value::Bool(_) | Value::Float(_),
            ) => Ok(float(left)?.partial_cmp(&float(right)?)),
            (Value::Text(a), Value::Text(b)) => Ok(Some(a.cmp(b))),
            (Value::List(_), Value::List(_)) | (Value::Tuple(_), Value::Tuple(_)) => {
                let (a, b) = (self.items_of(left)?, self.items_of(right)?);
                for (a, b) in a.iter().zip(&b) {
                    if !self.equal_within(a, b, depth - 1)? {
                        return self.order_within(a, b, depth - 1);
                    }
                }
                Ok(Some(a.len().cmp(&b.len())))
            }
            _ => Err(Fault::type_error(format!(
                "{} and {} have no order",
                left.type_name(),
                right.type_name()
            ))),
        }
    }

    fn contains(&mut self, container: &Value, wanted: &Value) -> Eval<bool> {
        match container {
            Value::Text(text) => match wanted {
                Value::Text(part) => {
                    self.meter.work(text.len() / 64)?;
                    Ok(text.contains(&**part))
                }
                other => Err(Fault::type_error(format!(
                    "`in` a string needs a string, got {}",
                    other.type_name()
                ))),
            },
            Value::Dict(id) => {
                let key = self.key(wanted)?;
                Ok(self.heap.dict(*id).contains_key(&key))
            }
            Value::Set(id) => {
                let key = self.key(wanted)?;
                Ok(self.heap.set(*id).contains_key(&key))
            }
            Value::Range(range) => Ok(match Key::of_number(wanted) {
                Some(Key::Int(value)) => range.contains(value),
                _ => false,
            }),
            other => {
                for item in self.items_of(other)? {
                    if item.is(wanted) || self.equal(&item, wanted)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    /// The key under which a value is kept in a dictionary or a set.
    pub(crate) fn key(&mut self, value: &Value) -> Eval<Key> {
        self.key_within(value, VALUE_DEPTH)
    }

    fn key_within(&mut self, value: &Value, depth: usize) -> Eval<Key> {
        self.meter.step()?;
        if depth == 0 {
            return Err(too_deep());
        }
        if let Some(key) = Key::of_number(value) {
            return Ok(key);
        }
        Ok(match value {
            Value::None => Key::None,
            Value::Ellipsis => Key::Ellipsis,
            Value::Text(text) => Key::Text(text.clone()),
            Value::Tuple(_) => {
                let items = self.items_of(value)?;
                let keys = items.iter().map(|item| self.key_within(item, depth - 1));
                Key::Tuple(keys.collect::<Eval<_>>()?)
            }
            Value::Range(range) => Key::Range(range.start, range.stop, range.step),
            Value::Type(name) => Key::Type(name.clone()),
            Value::Builtin(builtin) => Key::Type(builtin.name.into()),
            Value::Function(id) => Key::Object("function", id.0),
            Value::Bound(id) => Key::Object("method", id.0),
            Value::Partial(id) => Key::Object("partial", id.0),
            Value::Iterator(id) => Key::Object("iterator", id.0),
            Value::Host(host) => Key::Object("object", Rc::as_ptr(host).cast::<()>() as usize),
            Value::List(_) | Value::Dict(_) | Value::Set(_) | Value::Slice(_) => {
                return Err(Fault::type_error(format!(
                    "{} cannot be a key: it can change",
                    value.type_name()
                )));
            }
            Value::Int(_) | Value::Bool(_) | Value::Float(_) => {
                unreachable!("numbers have keys, which are taken above")
            }
        })
    }
}

pub(crate) fn too_deep() -> Box<Fault> {
    Fault::new(
        ErrorKind::Limit,
        format!("values lie more than {VALUE_DEPTH} deep inside each other"),
    )
}
