//! `str` and its methods.

use std::rc::Rc;

use crate::arguments::{Argument, Arguments};
use crate::error::{Eval, Fault};
use crate::machine::Machine;
use crate::value::Value;

pub(crate) const METHODS: &[&str] = &[
    "capitalize",
    "center",
    "count",
    "endswith",
    "find",
    "format",
    "index",
    "isalnum",
    "isalpha",
    "isdigit",
    "islower",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "title",
    "upper",
    "zfill",
];

pub(crate) fn str(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [value] = arguments.bind("str", ["object"], 0)?;
    let text = match value {
        Some(value) => machine.str(&value.value)?,
        None => String::new(),
    };
    machine.text(text)
}

pub(crate) fn chr(_machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [code] = arguments.exactly("chr", ["code"])?;
    let code = code.integer()?;
    let character = u32::try_from(code).ok().and_then(char::from_u32);
    character
        .map(|character| Value::text(character.to_string()))
        .ok_or_else(|| Fault::value_error(format!("{code} is not the code of a character")))
}

pub(crate) fn ord(_machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [text] = arguments.exactly("ord", ["character"])?;
    let text = text.text()?;
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(one), None) => Ok(Value::Int(i64::from(u32::from(one)))),
        _ => Err(Fault::type_error("ord() needs a string of one character")),
    }
}

pub(crate) fn call_method(
    machine: &mut Machine<'_>,
    text: &Rc<str>,
    name: &str,
    arguments: Arguments,
) -> Eval<Value> {
    machine.meter.work(text.len() / 64)?;
    match name {
        "format" => {
            let shown = machine.format_template(text, &arguments)?;
            machine.text(shown)
        }
        "join" => {
            let [iterable] = arguments.exactly(name, ["iterable"])?;
            join(machine, text, &iterable)
        }
        "lower" | "upper" | "capitalize" | "title" => {
            let [] = arguments.exactly(name, [])?;
            let shown = match name {
                "lower" => text.to_lowercase(),
                "upper" => text.to_uppercase(),
                "title" => title(text),
                _ => capitalized(text),
            };
            machine.text(shown)
        }
        "strip" | "lstrip" | "rstrip" => {
            let [characters] = arguments.bind(name, ["chars"], 0)?;
            let characters = optional_text(characters)?;
            let drop = |one: char| match &characters {
                Some(characters) => characters.contains(one),
                None => one.is_whitespace(),
            };
            let rest = match name {
                "strip" => text.trim_matches(drop),
                "lstrip" => text.trim_start_matches(drop),
                _ => text.trim_end_matches(drop),
            };
            machine.text(rest.to_owned())
        }
        "isdigit" | "isalpha" | "isalnum" | "islower" | "isupper" => {
            let [] = arguments.exactly(name, [])?;
            let all = |test: fn(char) -> bool| !text.is_empty() && text.chars().all(test);
            Ok(Value::Bool(match name {
                "isdigit" => all(|one| one.is_numeric()),
                "isalpha" => all(char::is_alphabetic),
                "isalnum" => all(char::is_alphanumeric),
                "islower" => {
                    text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase)
                }
                _ => text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase),
            }))
        }
        "startswith" | "endswith" => {
            let [wanted] = arguments.exactly(name, ["prefix"])?;
            let candidates = match &wanted.value {
                Value::Tuple(_) => wanted.items(machine)?,
                one => vec![one.clone()],
            };
            for candidate in candidates {
                let Value::Text(part) = candidate else {
                    return Err(Fault::type_error(format!(
                        "{name}() needs a string or a tuple of them"
                    )));
                };
                let is = match name {
                    "startswith" => text.starts_with(&*part),
                    _ => text.ends_with(&*part),
                };
                if is {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        "split" | "rsplit" | "splitlines" | "partition" | "rpartition" => {
            split(machine, text, name, arguments)
        }
        "center" | "ljust" | "rjust" | "zfill" => pad(machine, text, name, arguments),
        _ => search(machine, text, name, arguments),
    }
}

fn optional_text(argument: Option<Argument>) -> Eval<Option<Rc<str>>> {
    match argument {
        Some(argument) if !matches!(argument.value, Value::None) => argument.text().map(Some),
        _ => Ok(None),
    }
}

fn join(machine: &mut Machine<'_>, separator: &str, iterable: &Argument) -> Eval<Value> {
    let mut parts = Vec::new();
    let mut bytes = 0_usize;
    for (at, item) in iterable.items(machine)?.into_iter().enumerate() {
        match item {
            Value::Text(part) => {
                bytes = bytes.saturating_add(part.len() + separator.len());
                parts.push(part);
            }
            other => {
                return Err(Fault::type_error(format!(
                    "join() needs strings, but item {at} is {}",
                    other.type_name()
                )));
            }
        }
    }
    machine.meter.allocate_text(bytes)?;
    Ok(Value::text(parts.join(separator)))
}

fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    match characters.next() {
        Some(first) => {
            first.to_uppercase().chain(characters.flat_map(char::to_lowercase)).collect()
        }
        None => String::new(),
    }
}

fn title(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut in_word = false;
    for one in text.chars() {
        match in_word {
            true => result.extend(one.to_lowercase()),
            false => result.extend(one.to_uppercase()),
        }
        in_word = one.is_alphabetic();
    }
    result
}

fn split(machine: &mut Machine<'_>, text: &str, name: &str, arguments: Arguments) -> Eval<Value> {
    // Each part may be one character.
    machine.meter.allocate_items(text.len())?;
    if name == "partition" || name == "rpartition" {
        let [separator] = arguments.exactly(name, ["sep"])?;
        let separator = non_empty(separator.text()?)?;
        let found = match name {
            "partition" => text.split_once(&*separator),
            _ => text.rsplit_once(&*separator),
        };
        let parts = match found {
            Some((before, after)) => [before, &*separator, after],
            None if name == "partition" => [text, "", ""],
            None => ["", "", text],
        };
        let parts = parts.into_iter().map(Value::text).collect();
        return machine.tuple(parts);
    }
    if name == "splitlines" {
        let [] = arguments.exactly(name, [])?;
        let lines = text.lines().map(Value::text).collect();
        return machine.list(lines);
    }
    let [separator, most] = arguments.bind(name, ["sep", "maxsplit"], 0)?;
    let most = most.map_or(Ok(-1), |most| most.integer())?;
    let most = usize::try_from(most).map_or(usize::MAX, |most| most.saturating_add(1));
    let mut parts: Vec<Value> = match (optional_text(separator)?, name) {
        (Some(separator), "split") => {
            text.splitn(most, &*non_empty(separator)?).map(Value::text).collect()
        }
        (Some(separator), _) => {
            text.rsplitn(most, &*non_empty(separator)?).map(Value::text).collect()
        }
        (None, _) if most == usize::MAX => text.split_whitespace().map(Value::text).collect(),
        (None, _) => {
            return Err(Fault::unsupported(format!(
                "{name}() with maxsplit and no separator is not run here"
            )));
        }
    };
    if name == "rsplit" && most != usize::MAX {
        parts.reverse();
    }
    machine.list(parts)
}

fn non_empty(text: Rc<str>) -> Eval<Rc<str>> {
    match text.is_empty() {
        true => Err(Fault::value_error("the separator is empty")),
        false => Ok(text),
    }
}

fn pad(machine: &mut Machine<'_>, text: &str, name: &str, arguments: Arguments) -> Eval<Value> {
    let [width, fill] = arguments.bind(name, ["width", "fillchar"], 1)?;
    let width = usize::try_from(width.expect("bind requires it").integer()?).unwrap_or(0);
    let fill = match fill {
        Some(fill) => {
            let fill = fill.text()?;
            let mut characters = fill.chars();
            match (characters.next(), characters.next()) {
                (Some(one), None) => one,
                _ => return Err(Fault::type_error("the fill must be one character")),
            }
        }
        None => ' ',
    };
    let missing = width.saturating_sub(text.chars().count());
    machine.meter.allocate_text(text.len().saturating_add(missing.saturating_mul(4)))?;
    let fills = |count: usize| -> String { std::iter::repeat_n(fill, count).collect() };
    Ok(Value::text(match name {
        "ljust" => format!("{text}{}", fills(missing)),
        "rjust" => format!("{}{text}", fills(missing)),
        "zfill" => {
            let (sign, digits) = match text.strip_prefix(['-', '+']) {
                Some(digits) => (&text[..1], digits),
                None => ("", text),
            };
            format!("{sign}{}{digits}", "0".repeat(missing))
        }
        // CPython gives the odd cell to the left when the width is odd as well.
        _ => {
            let left = missing / 2 + (missing & width & 1);
            format!("{}{text}{}", fills(left), fills(missing - left))
        }
    }))
}

fn search(machine: &mut Machine<'_>, text: &str, name: &str, arguments: Arguments) -> Eval<Value> {
    if name == "replace" {
        let [old, new, most] = arguments.bind(name, ["old", "new", "count"], 2)?;
        let old = old.expect("bind requires it").text()?;
        let new = new.expect("bind requires it").text()?;
        let most = most.map_or(Ok(-1), |most| most.integer())?;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let found = text.matches(&*old).count().min(most);
        machine.meter.allocate_text(text.len().saturating_add(found.saturating_mul(new.len())))?;
        return Ok(Value::text(text.replacen(&*old, &new, most)));
    }
    let [part] = arguments.exactly(name, ["sub"])?;
    let part = part.text()?;
    let characters = |at: usize| text[..at].chars().count() as i64;
    Ok(match name {
        "count" => Value::Int(text.matches(&*part).count() as i64),
        "removeprefix" => Value::text(text.strip_prefix(&*part).unwrap_or(text)),
        "removesuffix" => Value::text(text.strip_suffix(&*part).unwrap_or(text)),
        "rfind" => Value::Int(text.rfind(&*part).map_or(-1, characters)),
        "find" => Value::Int(text.find(&*part).map_or(-1, characters)),
        _ => match text.find(&*part) {
            Some(at) => Value::Int(characters(at)),
            None => return Err(Fault::value_error("the string does not hold what was looked for")),
        },
    })
}
