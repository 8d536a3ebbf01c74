//! `"%s" % values` and `"{}".format(values)`.

use crate::arguments::Arguments;
use crate::error::{ErrorKind, Eval, Fault};
use crate::machine::Machine;
use crate::value::{Key, Value};

use super::format::{Specification, number};

impl Machine<'_> {
    /// `template % values`.
    pub(crate) fn percent_format(&mut self, template: &str, values: &Value) -> Eval<String> {
        let mut given = match values {
            Value::Tuple(_) => self.items_of(values)?,
            other => vec![other.clone()],
        }
        .into_iter();
        let mut result = String::new();
        let mut rest = template;
        let mut by_name = false;
        self.meter.allocate_text(template.len())?;
        while let Some((before, after)) = rest.split_once('%') {
            self.meter.step()?;
            result.push_str(before);
            if let Some(after) = after.strip_prefix('%') {
                result.push('%');
                rest = after;
                continue;
            }
            let (name, after) = match after.strip_prefix('(').and_then(|it| it.split_once(')')) {
                Some((name, after)) => (Some(name), after),
                None => (None, after),
            };
            let length = after
                .find(|one: char| one.is_ascii_alphabetic())
                .ok_or_else(|| Fault::value_error("the format ends after `%`"))?;
            let (flags, tail) = after.split_at(length);
            let mut tail_characters = tail.chars();
            let kind = tail_characters.next().unwrap_or('s');
            rest = tail_characters.as_str();
            let value = match name {
                Some(name) => {
                    by_name = true;
                    self.item(values, &Value::text(name))?
                }
                None => {
                    given.next().ok_or_else(|| Fault::type_error("the format needs more values"))?
                }
            };
            let shown = self.percent_part(flags, kind, &value)?;
            self.meter.allocate_text(shown.len())?;
            result.push_str(&shown);
        }
        if !by_name && given.next().is_some() {
            return Err(Fault::type_error("the format needs fewer values"));
        }
        result.push_str(rest);
        Ok(result)
    }

    fn percent_part(&mut self, flags: &str, kind: char, value: &Value) -> Eval<String> {
        let left = flags.contains('-');
        let sizes = flags.replace('-', "");
        let mut specification = Specification::parse(&sizes)?;
        if left {
            (specification.align, specification.fill) = (Some('<'), None);
        }
        match kind {
            's' | 'r' => {
                let mut shown = if kind == 's' { self.str(value)? } else { self.repr(value)? };
                if let Some(precision) = specification.precision {
                    shown = shown.chars().take(precision).collect();
                }
                let missing = specification.width.saturating_sub(shown.chars().count());
                let blanks = " ".repeat(missing);
                Ok(if left { shown + &blanks } else { blanks + &shown })
            }
            'd' | 'i' | 'u' => {
                specification.kind = Some('d');
                let whole = match value {
                    Value::Float(value) => {
                        super::numbers::int(self, Arguments::of([Value::Float(*value)]))?
                    }
                    other => other.clone(),
                };
                number(&whole, &specification)
            }
            'f' | 'F' | 'e' | 'E' | 'g' | 'G' | 'x' | 'X' | 'o' | 'c' => {
                specification.kind = Some(kind);
                number(value, &specification)
            }
            other => Err(Fault::value_error(format!("`%{other}` is not a format"))),
        }
    }

    /// `template.format(…)`.
    pub(crate) fn format_template(
        &mut self,
        template: &str,
        arguments: &Arguments,
    ) -> Eval<String> {
        let mut automatic = 0;
        self.fill_template(template, arguments, &mut automatic, 2)
    }

    fn fill_template(
        &mut self,
        template: &str,
        arguments: &Arguments,
        automatic: &mut usize,
        depth: usize,
    ) -> Eval<String> {
        let mut result = String::new();
        let mut rest = template;
        self.meter.allocate_text(template.len())?;
        while let Some(at) = rest.find(['{', '}']) {
            self.meter.step()?;
            result.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            let after = &rest[at + 1..];
            if let Some(after) = after.strip_prefix(brace) {
                result.push_str(brace);
                rest = after;
                continue;
            }
            if brace == "}" {
                return Err(Fault::value_error("a `}` without its `{` in the format"));
            }
            let end = closing(after)
                .ok_or_else(|| Fault::value_error("a `{` without its `}` in the format"))?;
            let field = &after[..end];
            rest = &after[end + 1..];
            let (path, specification) = field.split_once(':').unwrap_or((field, ""));
            let (path, conversion) = path.split_once('!').unwrap_or((path, ""));
            let value = self.field(path, arguments, automatic)?;
            let specification = match specification.contains('{') {
                true if depth == 0 => {
                    return Err(Fault::value_error("formats lie too deep inside each other"));
                }
                true => self.fill_template(specification, arguments, automatic, depth - 1)?,
                false => specification.to_owned(),
            };
            let value = match conversion {
                "" => value,
                "s" => Value::text(self.str(&value)?),
                "r" | "a" => Value::text(self.repr(&value)?),
                other => {
                    return Err(Fault::value_error(format!("`!{other}` is not a conversion")));
                }
            };
            let shown = self.format(&value, &specification)?;
            self.meter.allocate_text(shown.len())?;
            result.push_str(&shown);
        }
        result.push_str(rest);
        Ok(result)
    }

    /// The value of `{name.attribute[index]}`.
    fn field(&mut self, path: &str, arguments: &Arguments, automatic: &mut usize) -> Eval<Value> {
        let end = path.find(['.', '[']).unwrap_or(path.len());
        let (first, mut steps) = path.split_at(end);
        let position = match first {
            "" => {
                *automatic += 1;
                Some(*automatic - 1)
            }
            digits => digits.parse().ok(),
        };
        let found = match position {
            Some(position) => {
                arguments.items.iter().filter(|item| item.name.is_none()).nth(position)
            }
            None => arguments.items.iter().find(|item| item.name.as_deref() == Some(first)),
        };
        let mut value = match found {
            Some(argument) => argument.value.clone(),
            None => {
                return Err(Fault::new(
                    ErrorKind::Key,
                    format!("the format needs a value for `{{{path}}}`"),
                ));
            }
        };
        while !steps.is_empty() {
            self.meter.step()?;
            if let Some(after) = steps.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                value = self.attribute(&value, &after[..end])?;
                steps = &after[end..];
            } else {
                let Some((index, after)) = steps[1..].split_once(']') else {
                    return Err(Fault::value_error("a `[` without its `]` in the format"));
                };
                let index = match index.parse() {
                    Ok(number) => Value::Int(number),
                    Err(_) => Value::text(index),
                };
                if let (Value::Dict(id), Value::Int(number)) = (&value, &index) {
                    let key = Key::Int(*number);
                    if !self.heap.dict(*id).contains_key(&key) {
                        return Err(Fault::new(
                            ErrorKind::Key,
                            format!("the dict has no key {number}"),
                        ));
                    }
                }
                value = self.item(&value, &index)?;
                steps = after;
            }
        }
        Ok(value)
    }
}

/// Where the field that just began ends; fields inside its format are skipped.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, one) in text.char_indices() {
        match one {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}
