//! Format specifications: what stands after the colon in `f"{value:>10,.2f}"`.

use crate::arguments::{float, integer};
use crate::error::{Eval, Fault};
use crate::machine::Machine;
use crate::value::Value;

use super::show::float_text;

/// A longer number or more decimals than this are no wish but a mistake.
const WIDEST: usize = 10_000;

/// `[[fill]align][sign][#][0][width][grouping][.precision][type]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Specification {
    pub(crate) fill: Option<char>,
    pub(crate) align: Option<char>,
    pub(crate) sign: Option<char>,
    pub(crate) alternate: bool,
    pub(crate) width: usize,
    pub(crate) grouping: Option<char>,
    pub(crate) precision: Option<usize>,
    pub(crate) kind: Option<char>,
}

impl Specification {
    pub(crate) fn parse(text: &str) -> Eval<Self> {
        let wrong = || Fault::value_error(format!("{text:?} is not a format"));
        let characters: Vec<char> = text.chars().take(WIDEST).collect();
        let mut rest = &characters[..];
        let mut specification = Self::default();
        let is_align = |one: &char| "<>^=".contains(*one);
        match rest {
            [fill, align, ..] if is_align(align) => {
                (specification.fill, specification.align) = (Some(*fill), Some(*align));
                rest = &rest[2..];
            }
            [align, ..] if is_align(align) => {
                specification.align = Some(*align);
                rest = &rest[1..];
            }
            _ => {}
        }
        let mut take = |wanted: &str| match rest {
            [one, tail @ ..] if wanted.contains(*one) => {
                rest = tail;
                Some(*one)
            }
            _ => None,
        };
        specification.sign = take("+- ");
        specification.alternate = take("#").is_some();
        if take("0").is_some() && specification.fill.is_none() {
            specification.fill = Some('0');
            specification.align.get_or_insert('=');
        }
        let mut digits = String::new();
        while let Some(digit) = take("0123456789") {
            digits.push(digit);
        }
        if !digits.is_empty() {
            specification.width = size(&digits).ok_or_else(wrong)?;
        }
        specification.grouping = take(",_");
        if take(".").is_some() {
            let mut digits = String::new();
            while let Some(digit) = take("0123456789") {
                digits.push(digit);
            }
            specification.precision = Some(size(&digits).ok_or_else(wrong)?);
        }
        specification.kind = take("bcdeEfFgGnosxX%");
        match rest {
            [] => Ok(specification),
            _ => Err(wrong()),
        }
    }
}

fn size(digits: &str) -> Option<usize> {
    digits.parse().ok().filter(|size| *size <= WIDEST)
}

impl Machine<'_> {
    /// `format(value, specification)`.
    pub(crate) fn format(&mut self, value: &Value, specification: &str) -> Eval<String> {
        if specification.is_empty() {
            return self.str(value);
        }
        let specification = Specification::parse(specification)?;
        let shown = match value {
            Value::Text(text) => {
                if !matches!(specification.kind, None | Some('s')) {
                    return Err(unfit(specification.kind, value));
                }
                let count = specification.precision.unwrap_or(usize::MAX);
                text.chars().take(count).collect()
            }
            Value::Int(_) | Value::Bool(_) | Value::Float(_) => {
                return number(value, &specification);
            }
            other => {
                return Err(Fault::type_error(format!(
                    "{} takes no format: turn it into a string first",
                    other.type_name()
                )));
            }
        };
        Ok(padded(shown, &specification, '<'))
    }
}

fn unfit(kind: Option<char>, value: &Value) -> Box<Fault> {
    let kind = kind.map_or_else(String::new, String::from);
    Fault::value_error(format!("the format {kind:?} does not take {}", value.type_name()))
}

/// A number under a specification: also the work behind `%d` and `%.2f`.
pub(crate) fn number(value: &Value, specification: &Specification) -> Eval<String> {
    let (negative, digits) = match specification.kind {
        Some('b' | 'o' | 'x' | 'X' | 'd' | 'n' | 'c') => whole_digits(value, specification)?,
        None if !matches!(value, Value::Float(_)) => whole_digits(value, specification)?,
        Some('s') => return Err(unfit(specification.kind, value)),
        _ => real_digits(float(value)?, specification),
    };
    if specification.kind == Some('c') {
        return Ok(padded(digits, specification, '<'));
    }
    let sign = match (negative, specification.sign) {
        (true, _) => "-",
        (false, Some('+')) => "+",
        (false, Some(' ')) => " ",
        _ => "",
    };
    let prefix = match (specification.alternate, specification.kind) {
        (true, Some('x')) => "0x",
        (true, Some('X')) => "0X",
        (true, Some('o')) => "0o",
        (true, Some('b')) => "0b",
        _ => "",
    };
    let digits = grouped(&digits, specification);
    if specification.align == Some('=') {
        let length = sign.len() + prefix.len() + digits.chars().count();
        let fill = specification.fill.unwrap_or(' ');
        let filled: String =
            std::iter::repeat_n(fill, specification.width.saturating_sub(length)).collect();
        return Ok(format!("{sign}{prefix}{filled}{digits}"));
    }
    Ok(padded(format!("{sign}{prefix}{digits}"), specification, '>'))
}

fn whole_digits(value: &Value, specification: &Specification) -> Eval<(bool, String)> {
    let number = integer(value).map_err(|_| unfit(specification.kind, value))?;
    let size = number.unsigned_abs();
    let digits = match specification.kind {
        // `f"{True}"` is True; only a format makes it a number.
        Some('b') => format!("{size:b}"),
        Some('o') => format!("{size:o}"),
        Some('x') => format!("{size:x}"),
        Some('X') => format!("{size:X}"),
        Some('c') => {
            let character = u32::try_from(number).ok().and_then(char::from_u32);
            character.ok_or_else(|| unfit(specification.kind, value))?.to_string()
        }
        _ => size.to_string(),
    };
    Ok((number < 0, digits))
}

fn real_digits(number: f64, specification: &Specification) -> (bool, String) {
    let negative = number.is_sign_negative() && !number.is_nan();
    let size = number.abs();
    if !size.is_finite() {
        return (negative, if size.is_nan() { "nan" } else { "inf" }.to_owned());
    }
    let precision = specification.precision;
    let digits = match specification.kind {
        Some('f' | 'F') => format!("{size:.*}", precision.unwrap_or(6)),
        Some('%') => format!("{:.*}%", precision.unwrap_or(6), size * 100.0),
        Some('e' | 'E') => scientific(size, precision.unwrap_or(6)),
        Some(_) => general(size, precision.unwrap_or(6), specification.alternate),
        None => match precision {
            None => float_text(size),
            Some(precision) => {
                let digits = general(size, precision, false);
                // Without a type letter a float stays visibly a float.
                match digits.contains(['.', 'e']) {
                    true => digits,
                    false if digits.len() < precision.max(1) => digits + ".0",
                    false => digits,
                }
            }
        },
    };
    let upper = matches!(specification.kind, Some('E' | 'G'));
    (negative, if upper { digits.to_uppercase() } else { digits })
}

fn scientific(size: f64, precision: usize) -> String {
    let text = format!("{size:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// C's `%g`: as many significant digits, in the shorter of the two forms, without trailing zeros.
fn general(size: f64, precision: usize, keep_zeros: bool) -> String {
    let precision = precision.max(1);
    let rounded = format!("{size:.*e}", precision - 1);
    let exponent: i32 =
        rounded.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    let trim = |digits: &str| match digits.contains('.') && !keep_zeros {
        true => digits.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => digits.to_owned(),
    };
    if exponent < -4 || exponent >= precision as i32 {
        let text = scientific(size, precision - 1);
        let (digits, tail) = text.split_once('e').unwrap_or((&text, "+00"));
        return format!("{}e{tail}", trim(digits));
    }
    let places = usize::try_from(precision as i32 - 1 - exponent).unwrap_or(0);
    trim(&format!("{size:.places$}"))
}

/// Puts a comma or an underscore between groups of the digits before the point.
fn grouped(digits: &str, specification: &Specification) -> String {
    let Some(mark) = specification.grouping else { return digits.to_owned() };
    let length = match specification.kind {
        Some('b' | 'o' | 'x' | 'X') => 4,
        _ => 3,
    };
    let end = digits.find(['.', 'e', '%']).unwrap_or(digits.len());
    let (whole, rest) = digits.split_at(end);
    let mut result = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % length == 0 {
            result.push(mark);
        }
        result.push(digit);
    }
    result + rest
}

fn padded(text: String, specification: &Specification, otherwise: char) -> String {
    let missing = specification.width.saturating_sub(text.chars().count());
    if missing == 0 {
        return text;
    }
    let fill = specification.fill.unwrap_or(' ');
    let fills = |count: usize| -> String { std::iter::repeat_n(fill, count).collect() };
    match specification.align.unwrap_or(otherwise) {
        '<' => text + &fills(missing),
        '^' => format!("{}{text}{}", fills(missing / 2), fills(missing - missing / 2)),
        _ => fills(missing) + &text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: Value, specification: &str) -> String {
        let specification = Specification::parse(specification).expect("the format is right");
        number(&value, &specification).expect("the number fits the format")
    }

    #[test]
    fn numbers_are_laid_out_as_in_python() {
        assert_eq!(shown(Value::Int(1_234_567), ","), "1,234,567");
        assert_eq!(shown(Value::Int(7), "03d"), "007");
        assert_eq!(shown(Value::Int(-7), "05"), "-0007");
        assert_eq!(shown(Value::Int(255), "#x"), "0xff");
        assert_eq!(shown(Value::Int(5), "b"), "101");
        assert_eq!(shown(Value::Int(42), ">6"), "    42");
        assert_eq!(shown(Value::Int(42), "*^6"), "**42**");
        assert_eq!(shown(Value::Float(1.5), ".2f"), "1.50");
        assert_eq!(shown(Value::Float(12345.678), ",.1f"), "12,345.7");
        assert_eq!(shown(Value::Float(0.256), ".1%"), "25.6%");
        assert_eq!(shown(Value::Float(1234.5), ".2e"), "1.23e+03");
        assert_eq!(shown(Value::Float(0.0001), "g"), "0.0001");
        assert_eq!(shown(Value::Float(1e-5), "g"), "1e-05");
        assert_eq!(shown(Value::Float(1234567.0), "g"), "1.23457e+06");
        assert_eq!(shown(Value::Float(3.0), ".3"), "3.0");
        assert_eq!(shown(Value::Float(3.0), "+.1f"), "+3.0");
        assert_eq!(shown(Value::Int(3), ".1f"), "3.0");
    }

    #[test]
    fn a_width_beyond_reason_is_refused() {
        assert!(Specification::parse("999999999d").is_err());
        assert!(Specification::parse(".99999999999999999999f").is_err());
        assert!(Specification::parse("5q").is_err());
    }
}
