//! Arithmetic and the other two-sided operators.

use std::rc::Rc;

use ruff_python_ast::Operator;

use super::expressions::too_large;
use crate::arguments::{float, integer};
use crate::error::{ErrorKind, Eval, Fault};
use crate::heap::{Dict, Set};
use crate::host::Side;
use crate::machine::Machine;
use crate::value::Value;

impl Machine<'_> {
    /// `left op= right`: lists grow where they are, everything else is `left op right`.
    pub(crate) fn in_place(&mut self, op: Operator, left: Value, right: Value) -> Eval<Value> {
        match (op, &left, &right) {
            (Operator::Add, Value::List(id), _) => {
                let items = self.items_of(&right)?;
                self.heap.list_mut(*id).extend(items);
                Ok(left)
            }
            (Operator::BitOr, Value::Dict(id), Value::Dict(other)) => {
                let other = self.heap.dict(*other).clone();
                self.meter.allocate_items(3 * other.len())?;
                self.heap.dict_mut(*id).extend(other);
                Ok(left)
            }
            _ => self.binary(op, left, right),
        }
    }

    pub(crate) fn binary(&mut self, op: Operator, left: Value, right: Value) -> Eval<Value> {
        if is_number(&left) && is_number(&right) {
            return number(op, &left, &right);
        }
        if let Value::Host(host) = &left
            && let Some(value) = Rc::clone(host).binary(self, op, &right, Side::Left)?
        {
            return Ok(value);
        }
        if let Value::Host(host) = &right
            && let Some(value) = Rc::clone(host).binary(self, op, &left, Side::Right)?
        {
            return Ok(value);
        }
        match (op, &left, &right) {
            (Operator::Add, Value::Text(a), Value::Text(b)) => {
                self.meter.allocate_text(a.len().saturating_add(b.len()))?;
                Ok(Value::text(format!("{a}{b}")))
            }
            (Operator::Add, Value::List(_), Value::List(_))
            | (Operator::Add, Value::Tuple(_), Value::Tuple(_)) => {
                let mut items = self.items_of(&left)?;
                items.extend(self.items_of(&right)?);
                match left {
                    Value::List(_) => self.list(items),
                    _ => self.tuple(items),
                }
            }
            (Operator::Mult, times, repeated) if is_whole(times) && is_repeatable(repeated) => {
                self.repeat(repeated, integer(times)?)
            }
            (Operator::Mult, repeated, times) if is_whole(times) && is_repeatable(repeated) => {
                self.repeat(repeated, integer(times)?)
            }
            (Operator::Mod, Value::Text(template), _) => {
                let text = self.percent_format(template, &right)?;
                self.text(text)
            }
            (Operator::BitOr, Value::Dict(a), Value::Dict(b)) => {
                let (a, b) = (self.heap.dict(*a), self.heap.dict(*b));
                self.meter.allocate_items(3 * (a.len() + b.len()))?;
                let mut merged: Dict = a.clone();
                merged.extend(b.iter().map(|(key, entry)| (key.clone(), entry.clone())));
                self.dict(merged)
            }
            (_, Value::Set(a), Value::Set(b)) => {
                let (a, b) = (self.heap.set(*a), self.heap.set(*b));
                self.meter.work(a.len() + b.len())?;
                let Some(set) = set_operation(op, a, b) else {
                    return Err(unfit(op, &left, &right));
                };
                self.heap.new_set(set, &mut self.meter)
            }
            _ => Err(unfit(op, &left, &right)),
        }
    }

    fn repeat(&mut self, value: &Value, times: i64) -> Eval<Value> {
        let times = usize::try_from(times).unwrap_or(0);
        match value {
            Value::Text(text) => {
                self.meter.allocate_text(text.len().saturating_mul(times))?;
                Ok(Value::text(text.repeat(times)))
            }
            _ => {
                let items = self.items_of(value)?;
                self.meter.allocate_items(items.len().saturating_mul(times))?;
                let mut repeated = Vec::with_capacity(items.len() * times);
                if !items.is_empty() {
                    for _ in 0..times {
                        repeated.extend_from_slice(&items);
                    }
                }
                match value {
                    Value::List(_) => self.list(repeated),
                    _ => self.tuple(repeated),
                }
            }
        }
    }
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Bool(_) | Value::Float(_))
}

fn is_whole(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Bool(_))
}

fn is_repeatable(value: &Value) -> bool {
    matches!(value, Value::Text(_) | Value::List(_) | Value::Tuple(_))
}

fn unfit(op: Operator, left: &Value, right: &Value) -> Box<Fault> {
    Fault::type_error(format!(
        "`{}` does not take {} and {}",
        op.as_str(),
        left.type_name(),
        right.type_name()
    ))
}

fn by_zero() -> Box<Fault> {
    Fault::new(ErrorKind::Arithmetic, "division by zero")
}

fn number(op: Operator, left: &Value, right: &Value) -> Eval<Value> {
    if let (Value::Bool(a), Value::Bool(b)) = (left, right) {
        match op {
            Operator::BitAnd => return Ok(Value::Bool(*a && *b)),
            Operator::BitOr => return Ok(Value::Bool(*a || *b)),
            Operator::BitXor => return Ok(Value::Bool(a != b)),
            _ => {}
        }
    }
    match is_whole(left) && is_whole(right) {
        true => whole(op, integer(left)?, integer(right)?),
        false => {
            real(op, float(left)?, float(right)?).unwrap_or_else(|| Err(unfit(op, left, right)))
        }
    }
}

fn whole(op: Operator, a: i64, b: i64) -> Eval<Value> {
    let result = match op {
        Operator::Add => a.checked_add(b),
        Operator::Sub => a.checked_sub(b),
        Operator::Mult => a.checked_mul(b),
        Operator::Div if b == 0 => return Err(by_zero()),
        Operator::Div => return Ok(Value::Float(a as f64 / b as f64)),
        Operator::FloorDiv | Operator::Mod if b == 0 => return Err(by_zero()),
        Operator::FloorDiv => floor_divide(a, b),
        Operator::Mod => Some(floor_modulo(a, b)),
        Operator::Pow if b < 0 && a == 0 => return Err(by_zero()),
        Operator::Pow if b < 0 => return Ok(Value::Float((a as f64).powf(b as f64))),
        Operator::Pow => power(a, b),
        Operator::LShift | Operator::RShift if b < 0 => {
            return Err(Fault::value_error("a shift by a negative number"));
        }
        Operator::LShift => u32::try_from(b)
            .ok()
            .filter(|by| *by < 63)
            .and_then(|by| a.checked_mul(1 << by))
            .or((a == 0).then_some(0)),
        Operator::RShift => Some(a >> b.min(63)),
        Operator::BitOr => Some(a | b),
        Operator::BitXor => Some(a ^ b),
        Operator::BitAnd => Some(a & b),
        Operator::MatMult => return Err(unfit(op, &Value::Int(a), &Value::Int(b))),
    };
    result.map(Value::Int).ok_or_else(too_large)
}

fn power(base: i64, exponent: i64) -> Option<i64> {
    match (base, exponent) {
        (0 | 1, _) => Some(if exponent == 0 { 1 } else { base }),
        (-1, _) => Some(if exponent % 2 == 0 { 1 } else { -1 }),
        _ => base.checked_pow(u32::try_from(exponent).ok()?),
    }
}

/// The quotient rounded down, as Python has it; none if 64 bits cannot hold it.
pub(crate) fn floor_divide(a: i64, b: i64) -> Option<i64> {
    let quotient = a.checked_div(b)?;
    let inexact = a % b != 0 && (a < 0) != (b < 0);
    Some(if inexact { quotient - 1 } else { quotient })
}

/// The remainder with the sign of the divisor, which is not zero.
pub(crate) fn floor_modulo(a: i64, b: i64) -> i64 {
    let remainder = a.wrapping_rem(b);
    if remainder != 0 && (remainder < 0) != (b < 0) { remainder + b } else { remainder }
}

fn real(op: Operator, a: f64, b: f64) -> Option<Eval<Value>> {
    let divides = matches!(op, Operator::Div | Operator::FloorDiv | Operator::Mod);
    if divides && b == 0.0 {
        return Some(Err(by_zero()));
    }
    let value = match op {
        Operator::Add => a + b,
        Operator::Sub => a - b,
        Operator::Mult => a * b,
        Operator::Div => a / b,
        Operator::FloorDiv => (a / b).floor(),
        Operator::Mod => {
            let remainder = a % b;
            if remainder != 0.0 && (remainder < 0.0) != (b < 0.0) {
                remainder + b
            } else {
                remainder
            }
        }
        Operator::Pow if a == 0.0 && b < 0.0 => return Some(Err(by_zero())),
        Operator::Pow if a < 0.0 && b.fract() != 0.0 => {
            return Some(Err(Fault::unsupported("complex numbers are not run here")));
        }
        Operator::Pow => a.powf(b),
        _ => return None,
    };
    Some(Ok(Value::Float(value)))
}

fn set_operation(op: Operator, a: &Set, b: &Set) -> Option<Set> {
    let from = |set: &Set, keep: &dyn Fn(&crate::value::Key) -> bool| -> Set {
        set.iter()
            .filter(|(key, _)| keep(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    let only_a = |key: &crate::value::Key| !b.contains_key(key);
    let only_b = |key: &crate::value::Key| !a.contains_key(key);
    Some(match op {
        Operator::BitAnd => from(a, &|key| b.contains_key(key)),
        Operator::Sub => from(a, &only_a),
        Operator::BitOr => {
            let mut union = from(a, &|_| true);
            union.extend(from(b, &only_b));
            union
        }
        Operator::BitXor => {
            let mut either = from(a, &only_a);
            either.extend(from(b, &only_b));
            either
        }
        _ => return None,
    })
}
