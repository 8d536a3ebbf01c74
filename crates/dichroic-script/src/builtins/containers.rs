//! `list`, `tuple`, `dict`, `set`, and their methods.

use crate::arguments::{Argument, Arguments};
use crate::error::{ErrorKind, Eval, Fault};
use crate::evaluate::items::position;
use crate::heap::{Dict, DictId, ListId, SetId};
use crate::machine::Machine;
use crate::value::{Key, Value};

pub(crate) const LIST_METHODS: &[&str] = &[
    "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse",
    "sort",
];
pub(crate) const TUPLE_METHODS: &[&str] = &["count", "index"];
pub(crate) const DICT_METHODS: &[&str] =
    &["clear", "copy", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"];
pub(crate) const SET_METHODS: &[&str] =
    &["add", "clear", "copy", "difference", "discard", "intersection", "remove", "union", "update"];

pub(crate) fn list(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let items = gathered(machine, "list", arguments)?;
    machine.list(items)
}

pub(crate) fn tuple(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let items = gathered(machine, "tuple", arguments)?;
    machine.tuple(items)
}

pub(crate) fn set(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let items = gathered(machine, "set", arguments)?;
    let set = machine.set_of(items)?;
    machine.heap.new_set(set, &mut machine.meter)
}

fn gathered(machine: &mut Machine<'_>, name: &str, arguments: Arguments) -> Eval<Vec<Value>> {
    let [iterable] = arguments.bind(name, ["iterable"], 0)?;
    iterable.map_or(Ok(Vec::new()), |iterable| iterable.items(machine))
}

pub(crate) fn dict(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let mut entries = Dict::new();
    update(machine, "dict", &mut entries, arguments)?;
    machine.dict(entries)
}

/// What `dict(…)` and `.update(…)` take: one mapping or list of pairs, then names.
fn update(
    machine: &mut Machine<'_>,
    name: &str,
    entries: &mut Dict,
    arguments: Arguments,
) -> Eval<()> {
    for (position, argument) in arguments.items.into_iter().enumerate() {
        machine.meter.allocate_items(3)?;
        let Argument { name: keyword, value, .. } = &argument;
        match keyword {
            Some(keyword) => {
                let key = Key::Text(keyword.clone());
                entries.insert(key, (Value::Text(keyword.clone()), value.clone()));
            }
            None if position > 0 => {
                return Err(Fault::type_error(format!("{name}() takes one positional argument")));
            }
            None => match value {
                Value::Dict(id) => {
                    let other = machine.heap.dict(*id);
                    machine.meter.allocate_items(3 * other.len())?;
                    entries.extend(other.iter().map(|(key, entry)| (key.clone(), entry.clone())));
                }
                _ => {
                    for pair in argument.items(machine)? {
                        let pair = machine.items_of(&pair)?;
                        let [key, value] = &pair[..] else {
                            return Err(Fault::value_error(format!(
                                "{name}() needs pairs, got {} values together",
                                pair.len()
                            )));
                        };
                        machine.meter.allocate_items(3)?;
                        entries.insert(machine.key(key)?, (key.clone(), value.clone()));
                    }
                }
            },
        }
    }
    Ok(())
}

pub(crate) fn call_list(
    machine: &mut Machine<'_>,
    id: ListId,
    name: &str,
    mut arguments: Arguments,
) -> Eval<Value> {
    match name {
        "append" => {
            let [item] = arguments.exactly(name, ["item"])?;
            machine.heap.push(id, item.value, &mut machine.meter)?;
        }
        "extend" => {
            let [iterable] = arguments.exactly(name, ["iterable"])?;
            let items = iterable.items(machine)?;
            machine.heap.list_mut(id).extend(items);
        }
        "insert" => {
            let [index, item] = arguments.exactly(name, ["index", "item"])?;
            let length = machine.heap.list(id).len();
            machine.meter.allocate_items(1)?;
            machine.meter.work(length)?;
            let slice =
                crate::heap::Slice { start: Some(index.integer()?), stop: None, step: None };
            let at = crate::evaluate::items::positions(slice, length)?.start;
            machine.heap.list_mut(id).insert(usize::try_from(at).unwrap_or(0), item.value);
        }
        "pop" => {
            let [index] = arguments.bind(name, ["index"], 0)?;
            let length = machine.heap.list(id).len();
            let index = index.map_or(Value::Int(-1), |index| index.value);
            let at = position(&index, length, &Value::List(id))?;
            machine.meter.work(length - at)?;
            return Ok(machine.heap.list_mut(id).remove(at));
        }
        "remove" => {
            let [item] = arguments.exactly(name, ["item"])?;
            let at = find(machine, &Value::List(id), &item.value)?;
            machine.heap.list_mut(id).remove(at);
        }
        "clear" => {
            let [] = arguments.exactly(name, [])?;
            machine.heap.list_mut(id).clear();
        }
        "reverse" => {
            let [] = arguments.exactly(name, [])?;
            machine.meter.work(machine.heap.list(id).len())?;
            machine.heap.list_mut(id).reverse();
        }
        "copy" => {
            let [] = arguments.exactly(name, [])?;
            let items = machine.items_of(&Value::List(id))?;
            return machine.list(items);
        }
        "sort" => {
            let (key, reverse) = (arguments.take("key"), arguments.take("reverse"));
            let [] = arguments.exactly(name, [])?;
            let items = machine.items_of(&Value::List(id))?;
            *machine.heap.list_mut(id) = super::sequences::sort(machine, items, key, reverse)?;
        }
        _ => return call_tuple(machine, &Value::List(id), name, arguments),
    }
    Ok(Value::None)
}

fn find(machine: &mut Machine<'_>, sequence: &Value, wanted: &Value) -> Eval<usize> {
    for (at, item) in machine.items_of(sequence)?.iter().enumerate() {
        if machine.equal(item, wanted)? {
            return Ok(at);
        }
    }
    let shown = machine.repr(wanted)?;
    Err(Fault::value_error(format!("{shown} is not in the {}", sequence.type_name())))
}

pub(crate) fn call_tuple(
    machine: &mut Machine<'_>,
    receiver: &Value,
    name: &str,
    arguments: Arguments,
) -> Eval<Value> {
    let [item] = arguments.exactly(name, ["item"])?;
    if name == "index" {
        return find(machine, receiver, &item.value).map(|at| Value::Int(at as i64));
    }
    let mut count = 0;
    for candidate in machine.items_of(receiver)? {
        count += i64::from(machine.equal(&candidate, &item.value)?);
    }
    Ok(Value::Int(count))
}

pub(crate) fn call_dict(
    machine: &mut Machine<'_>,
    id: DictId,
    name: &str,
    arguments: Arguments,
) -> Eval<Value> {
    let length = machine.heap.dict(id).len();
    match name {
        "keys" | "values" | "items" => {
            let [] = arguments.exactly(name, [])?;
            machine.meter.allocate_items(length)?;
            let entries: Vec<_> = machine.heap.dict(id).values().cloned().collect();
            let mut items = Vec::with_capacity(entries.len());
            for (key, value) in entries {
                items.push(match name {
                    "keys" => key,
                    "values" => value,
                    _ => machine.tuple(vec![key, value])?,
                });
            }
            machine.list(items)
        }
        "get" | "setdefault" => {
            let [key, default] = arguments.bind(name, ["key", "default"], 1)?;
            let named = key.expect("bind requires it").value;
            let key = machine.key(&named)?;
            if let Some((_, value)) = machine.heap.dict(id).get(&key) {
                return Ok(value.clone());
            }
            let default = default.map_or(Value::None, |default| default.value);
            if name == "setdefault" {
                machine.heap.insert(id, (key, named), default.clone(), &mut machine.meter)?;
            }
            Ok(default)
        }
        "pop" => {
            let [key, default] = arguments.bind(name, ["key", "default"], 1)?;
            let named = key.expect("bind requires it").value;
            let key = machine.key(&named)?;
            machine.meter.work(length)?;
            match (machine.heap.dict_mut(id).shift_remove(&key), default) {
                (Some((_, value)), _) => Ok(value),
                (None, Some(default)) => Ok(default.value),
                (None, None) => {
                    let shown = machine.repr(&named)?;
                    Err(Fault::new(ErrorKind::Key, format!("the dict has no key {shown}")))
                }
            }
        }
        "popitem" => {
            let [] = arguments.exactly(name, [])?;
            match machine.heap.dict_mut(id).pop() {
                Some((_, (key, value))) => machine.tuple(vec![key, value]),
                None => Err(Fault::new(ErrorKind::Key, "the dict is empty")),
            }
        }
        "update" => {
            let mut entries = Dict::new();
            update(machine, name, &mut entries, arguments)?;
            for (key, (named, value)) in entries {
                machine.heap.insert(id, (key, named), value, &mut machine.meter)?;
            }
            Ok(Value::None)
        }
        "copy" => {
            let [] = arguments.exactly(name, [])?;
            let copy = machine.heap.dict(id).clone();
            machine.dict(copy)
        }
        _ => {
            let [] = arguments.exactly(name, [])?;
            machine.heap.dict_mut(id).clear();
            Ok(Value::None)
        }
    }
}

pub(crate) fn call_set(
    machine: &mut Machine<'_>,
    id: SetId,
    name: &str,
    arguments: Arguments,
) -> Eval<Value> {
    machine.meter.work(machine.heap.set(id).len())?;
    match name {
        "add" => {
            let [item] = arguments.exactly(name, ["item"])?;
            let key = machine.key(&item.value)?;
            machine.meter.allocate_items(2)?;
            machine.heap.set_mut(id).entry(key).or_insert(item.value);
            Ok(Value::None)
        }
        "remove" | "discard" => {
            let [item] = arguments.exactly(name, ["item"])?;
            let key = machine.key(&item.value)?;
            let found = machine.heap.set_mut(id).shift_remove(&key).is_some();
            if !found && name == "remove" {
                let shown = machine.repr(&item.value)?;
                return Err(Fault::new(ErrorKind::Key, format!("the set does not hold {shown}")));
            }
            Ok(Value::None)
        }
        "clear" => {
            let [] = arguments.exactly(name, [])?;
            machine.heap.set_mut(id).clear();
            Ok(Value::None)
        }
        "copy" => {
            let [] = arguments.exactly(name, [])?;
            let copy = machine.heap.set(id).clone();
            machine.heap.new_set(copy, &mut machine.meter)
        }
        _ => {
            let [other] = arguments.exactly(name, ["other"])?;
            let items = other.items(machine)?;
            let other = machine.set_of(items)?;
            let mine = machine.heap.set(id);
            machine.meter.allocate_items(2 * (mine.len() + other.len()))?;
            let mut result = mine.clone();
            match name {
                "intersection" => result.retain(|key, _| other.contains_key(key)),
                "difference" => result.retain(|key, _| !other.contains_key(key)),
                _ => result.extend(other.into_iter().filter(|(key, _)| !mine.contains_key(key))),
            }
            if name == "update" {
                *machine.heap.set_mut(id) = result;
                return Ok(Value::None);
            }
            machine.heap.new_set(result, &mut machine.meter)
        }
    }
}
