//! `str(value)` and `repr(value)`.

use std::fmt::Write;

use crate::error::Eval;
use crate::evaluate::comparisons::too_deep;
use crate::limits::VALUE_DEPTH;
use crate::machine::Machine;
use crate::value::Value;

impl Machine<'_> {
    /// The text that `print` shows.
    pub(crate) fn str(&mut self, value: &Value) -> Eval<String> {
        match value {
            Value::Text(text) => {
                self.meter.allocate_text(text.len())?;
                Ok(text.to_string())
            }
            other => self.repr(other),
        }
    }

    /// The text that a value has inside a list.
    pub(crate) fn repr(&mut self, value: &Value) -> Eval<String> {
        let mut text = String::new();
        self.show(value, &mut text, VALUE_DEPTH)?;
        Ok(text)
    }

    fn show(&mut self, value: &Value, text: &mut String, depth: usize) -> Eval<()> {
        // Sixteen bytes stand for the text of a number or a bracket.
        self.meter.allocate(16)?;
        self.meter.step()?;
        if depth == 0 {
            return Err(too_deep());
        }
        match value {
            Value::None => text.push_str("None"),
            Value::Ellipsis => text.push_str("Ellipsis"),
            Value::Bool(true) => text.push_str("True"),
            Value::Bool(false) => text.push_str("False"),
            Value::Int(number) => put(text, format_args!("{number}")),
            Value::Float(number) => text.push_str(&float_text(*number)),
            Value::Text(shown) => {
                self.meter.allocate_text(shown.len())?;
                quote(shown, text);
            }
            Value::List(_) => {
                let items = self.items_of(value)?;
                text.push('[');
                self.show_items(&items, text, depth)?;
                text.push(']');
            }
            Value::Tuple(_) => {
                let items = self.items_of(value)?;
                text.push('(');
                self.show_items(&items, text, depth)?;
                text.push_str(if items.len() == 1 { ",)" } else { ")" });
            }
            Value::Set(_) => {
                let items = self.items_of(value)?;
                if items.is_empty() {
                    text.push_str("set()");
                } else {
                    text.push('{');
                    self.show_items(&items, text, depth)?;
                    text.push('}');
                }
            }
            Value::Dict(id) => {
                let entries: Vec<_> = self.heap.dict(*id).values().cloned().collect();
                self.meter.allocate_items(entries.len())?;
                text.push('{');
                for (at, (key, value)) in entries.iter().enumerate() {
                    if at > 0 {
                        text.push_str(", ");
                    }
                    self.show(key, text, depth - 1)?;
                    text.push_str(": ");
                    self.show(value, text, depth - 1)?;
                }
                text.push('}');
            }
            Value::Range(range) if range.step == 1 => {
                put(text, format_args!("range({}, {})", range.start, range.stop));
            }
            Value::Range(range) => {
                put(text, format_args!("range({}, {}, {})", range.start, range.stop, range.step))
            }
            Value::Function(id) => {
                let name = self.function(*id).name.clone();
                put(text, format_args!("<function {name}>"));
            }
            Value::Bound(id) => {
                let name = self.heap.bound(*id).name.clone();
                put(text, format_args!("<method {name}>"));
            }
            Value::Builtin(builtin) if builtin.is_type => {
                put(text, format_args!("<class '{}'>", builtin.name));
            }
            Value::Builtin(builtin) => {
                put(text, format_args!("<built-in function {}>", builtin.name));
            }
            Value::Type(name) => put(text, format_args!("<class '{name}'>")),
            Value::Host(host) => {
                let shown = host.repr();
                self.meter.allocate_text(shown.len())?;
                text.push_str(&shown);
            }
            other => put(text, format_args!("<{}>", other.type_name())),
        }
        Ok(())
    }

    fn show_items(&mut self, items: &[Value], text: &mut String, depth: usize) -> Eval<()> {
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                text.push_str(", ");
            }
            self.show(item, text, depth - 1)?;
        }
        Ok(())
    }
}

fn put(text: &mut String, shown: std::fmt::Arguments<'_>) {
    text.write_fmt(shown).expect("writing to a string does not fail");
}

/// A string in quotes, with Python's choice of quotes and its escapes.
fn quote(shown: &str, text: &mut String) {
    let mark = if shown.contains('\'') && !shown.contains('"') { '"' } else { '\'' };
    text.push(mark);
    for one in shown.chars() {
        match one {
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\\' => text.push_str("\\\\"),
            one if one == mark => {
                text.push('\\');
                text.push(one);
            }
            one if one.is_control() => put(text, format_args!("\\x{:02x}", u32::from(one))),
            one => text.push(one),
        }
    }
    text.push(mark);
}

/// The shortest decimal that reads back as the same float, in the form that CPython's `repr` has.
pub(crate) fn float_text(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // CPython switches at these exponents (`float_repr_style`, format code 'r').
    if (-4..16).contains(&exponent) {
        let plain = format!("{number}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_look_as_in_python() {
        for (number, text) in [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.0 / 255.0, "0.00392156862745098"),
            (-0.0, "-0.0"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(float_text(number), text);
        }
    }

    #[test]
    fn strings_are_quoted_as_in_python() {
        let mut text = String::new();
        quote("it's\n", &mut text);
        assert_eq!(text, "\"it's\\n\"");
    }
}
