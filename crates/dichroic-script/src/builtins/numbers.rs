//! `int`, `float`, `bool`, `abs`, `round`, `divmod`, `pow`.

use ruff_python_ast::Operator;

use crate::arguments::{Arguments, float as to_float, integer};
use crate::error::{ErrorKind, Eval, Fault};
use crate::evaluate::expressions::too_large;
use crate::machine::Machine;
use crate::value::{Value, exact_integer};

pub(crate) fn bool(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [value] = arguments.bind("bool", ["value"], 0)?;
    Ok(Value::Bool(value.is_some_and(|argument| machine.truth(&argument.value))))
}

pub(crate) fn int(_machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [value, base] = arguments.bind("int", ["value", "base"], 0)?;
    let Some(value) = value else { return Ok(Value::Int(0)) };
    let base = base.map(|base| base.integer()).transpose()?;
    value.read(|value| match value {
        Value::Float(number) => exact_integer(number.trunc()).map(Value::Int).ok_or_else(too_large),
        Value::Text(text) => {
            let digits = text.trim().replace('_', "");
            let base = base.unwrap_or(10);
            u32::try_from(base)
                .ok()
                .filter(|base| (2..=36).contains(base))
                .and_then(|base| i64::from_str_radix(&digits, base).ok())
                .map(Value::Int)
                .ok_or_else(|| {
                    Fault::value_error(format!(
                        "not a whole number in base {base}: {:?}",
                        clip(text)
                    ))
                })
        }
        other => integer(other).map(Value::Int),
    })
}

pub(crate) fn float(_machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [value] = arguments.bind("float", ["value"], 0)?;
    let Some(value) = value else { return Ok(Value::Float(0.0)) };
    value.read(|value| match value {
        Value::Text(text) => text
            .trim()
            .replace('_', "")
            .parse()
            .map(Value::Float)
            .map_err(|_| Fault::value_error(format!("not a number: {:?}", clip(text)))),
        other => to_float(other).map(Value::Float),
    })
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

pub(crate) fn abs(_machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [value] = arguments.exactly("abs", ["value"])?;
    value.read(|value| match value {
        Value::Float(number) => Ok(Value::Float(number.abs())),
        other => integer(other)?.checked_abs().map(Value::Int).ok_or_else(too_large),
    })
}

pub(crate) fn round(_machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [number, digits] = arguments.bind("round", ["number", "ndigits"], 1)?;
    let number = number.expect("bind requires it").value;
    let digits = match digits {
        Some(digits) if !matches!(digits.value, Value::None) => Some(digits.integer()?),
        _ => None,
    };
    match (&number, digits) {
        (Value::Float(value), None) => {
            if !value.is_finite() {
                return Err(Fault::value_error(format!("{value} cannot be rounded")));
            }
            exact_integer(value.round_ties_even()).map(Value::Int).ok_or_else(too_large)
        }
        (Value::Float(value), Some(digits)) => Ok(Value::Float(round_to(*value, digits))),
        (other, digits) => {
            let value = integer(other)?;
            match digits {
                Some(digits) if digits < 0 => round_whole(value, digits),
                _ => Ok(Value::Int(value)),
            }
        }
    }
}

/// Rounds to decimal places. The decimal text of a float is exact in Rust, so ties are seen as they are.
fn round_to(value: f64, digits: i64) -> f64 {
    if !value.is_finite() || digits > 320 {
        return value;
    }
    match usize::try_from(digits) {
        Ok(places) => format!("{value:.places$}").parse().unwrap_or(value),
        Err(_) if digits < -308 => 0.0,
        Err(_) => {
            let unit = 10_f64.powi(-digits as i32);
            (value / unit).round_ties_even() * unit
        }
    }
}

fn round_whole(value: i64, digits: i64) -> Eval<Value> {
    let places = digits.checked_neg().and_then(|places| u32::try_from(places).ok());
    let Some(unit) = places.and_then(|places| 10_i64.checked_pow(places)) else {
        return Ok(Value::Int(0));
    };
    let (down, rest) = (value.div_euclid(unit), value.rem_euclid(unit));
    let up = rest > unit - rest || (rest == unit - rest && down % 2 != 0);
    let rounded = down.checked_add(i64::from(up)).and_then(|units| units.checked_mul(unit));
    rounded.map(Value::Int).ok_or_else(too_large)
}

pub(crate) fn divmod(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [a, b] = arguments.exactly("divmod", ["a", "b"])?;
    let quotient = machine.binary(Operator::FloorDiv, a.value.clone(), b.value.clone())?;
    let remainder = machine.binary(Operator::Mod, a.value, b.value)?;
    machine.tuple(vec![quotient, remainder])
}

pub(crate) fn pow(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [base, exponent, modulus] = arguments.bind("pow", ["base", "exp", "mod"], 2)?;
    let base = base.expect("bind requires it").value;
    let exponent = exponent.expect("bind requires it").value;
    match modulus {
        None => machine.binary(Operator::Pow, base, exponent),
        Some(modulus) => {
            let modulus = modulus.integer()?;
            if modulus == 0 {
                return Err(Fault::new(ErrorKind::Arithmetic, "division by zero"));
            }
            modular_power(integer(&base)?, integer(&exponent)?, modulus)
        }
    }
}

fn modular_power(base: i64, mut exponent: i64, modulus: i64) -> Eval<Value> {
    if exponent < 0 {
        return Err(Fault::unsupported(
            "pow() with a negative exponent and a modulus is not run here",
        ));
    }
    let modulus = i128::from(modulus);
    let (mut power, mut square) = (1_i128, i128::from(base) % modulus);
    while exponent > 0 {
        if exponent % 2 == 1 {
            power = power * square % modulus;
        }
        square = square * square % modulus;
        exponent /= 2;
    }
    let result = ((power % modulus) + modulus) % modulus;
    i64::try_from(result).map(Value::Int).map_err(|_| too_large())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_goes_to_the_nearest_and_ties_to_even() {
        let whole = |value, digits| match round_whole(value, digits) {
            Ok(Value::Int(value)) => value,
            _ => panic!("a whole number rounds to a whole number"),
        };
        assert_eq!(whole(25, -1), 20);
        assert_eq!(whole(35, -1), 40);
        assert_eq!(whole(-25, -1), -20);
        assert_eq!(round_to(2.675, 2), 2.67);
        assert_eq!(round_to(0.125, 2), 0.12);
    }
}
