//! Functions that walk things: `len`, `range`, `zip`, `sorted` and their kin.
//!
//! Where Python gives a lazy iterator, these give one over items that are computed already.

use std::cmp::Ordering;

use ruff_python_ast::Operator;

use crate::arguments::{Argument, Arguments};
use crate::error::{Eval, Fault};
use crate::machine::Machine;
use crate::value::{Range, Value};

pub(crate) fn len(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [value] = arguments.exactly("len", ["value"])?;
    let count = value.read(|value| {
        Ok(match value {
            Value::List(id) => machine.heap.list(*id).len(),
            Value::Tuple(id) => machine.heap.tuple(*id).len(),
            Value::Dict(id) => machine.heap.dict(*id).len(),
            Value::Set(id) => machine.heap.set(*id).len(),
            Value::Range(range) => range.len(),
            Value::Text(text) => {
                machine.meter.work(text.len() / 64)?;
                text.chars().count()
            }
            Value::Host(_) => machine.items_of(value)?.len(),
            other => {
                return Err(Fault::type_error(format!("{} has no length", other.type_name())));
            }
        })
    })?;
    i64::try_from(count)
        .map(Value::Int)
        .map_err(|_| Fault::value_error("the range is longer than 64 bits can count"))
}

pub(crate) fn range(_machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [first, second, step] = arguments.bind("range", ["start", "stop", "step"], 1)?;
    let first = first.expect("bind requires it").integer()?;
    let (start, stop) = match second {
        Some(stop) => (first, stop.integer()?),
        None => (0, first),
    };
    let step = match step {
        Some(step) => step.integer()?,
        None => 1,
    };
    if step == 0 {
        return Err(Fault::value_error("the step of range() cannot be 0"));
    }
    Ok(Value::Range(Range { start, stop, step }))
}

pub(crate) fn enumerate(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [iterable, start] = arguments.bind("enumerate", ["iterable", "start"], 1)?;
    let items = iterable.expect("bind requires it").items(machine)?;
    let mut number = start.map_or(Ok(0), |start| start.integer())?;
    let mut pairs = Vec::with_capacity(items.len());
    for item in items {
        pairs.push(machine.tuple(vec![Value::Int(number), item])?);
        number = number.saturating_add(1);
    }
    machine.iterator(pairs)
}

pub(crate) fn zip(machine: &mut Machine<'_>, mut arguments: Arguments) -> Eval<Value> {
    let strict = arguments.take("strict").is_some_and(|strict| machine.truth(&strict.value));
    only_positional("zip", &arguments)?;
    let mut columns = Vec::with_capacity(arguments.items.len());
    for argument in &arguments.items {
        // An endless partner is cut by the shortest one, so a range is not spelt out.
        columns.push(argument.read(|value| machine.iterate(value))?);
    }
    let mut rows = Vec::new();
    'rows: while !columns.is_empty() {
        let mut row = Vec::with_capacity(columns.len());
        for column in &columns {
            machine.meter.step()?;
            match machine.heap.next(*column) {
                Some(item) => row.push(item),
                None if strict && !row.is_empty() => {
                    return Err(Fault::value_error(
                        "zip(strict=True) got arguments of different lengths",
                    ));
                }
                None => break 'rows,
            }
        }
        rows.push(machine.tuple(row)?);
    }
    machine.iterator(rows)
}

pub(crate) fn map(machine: &mut Machine<'_>, mut arguments: Arguments) -> Eval<Value> {
    only_positional("map", &arguments)?;
    if arguments.items.len() < 2 {
        return Err(Fault::type_error("map() needs a function and something to walk"));
    }
    let function = arguments.items.remove(0).value;
    let mut columns = Vec::with_capacity(arguments.items.len());
    for argument in &arguments.items {
        columns.push(argument.items(machine)?.into_iter());
    }
    let mut results = Vec::new();
    loop {
        let row: Option<Vec<Value>> = columns.iter_mut().map(Iterator::next).collect();
        let Some(row) = row else { break };
        results.push(machine.call_value(&function, row)?);
    }
    machine.iterator(results)
}

pub(crate) fn filter(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [function, iterable] = arguments.exactly("filter", ["function", "iterable"])?;
    let mut kept = Vec::new();
    for item in iterable.items(machine)? {
        let held = match &function.value {
            Value::None => item.clone(),
            function => machine.call_value(function, vec![item.clone()])?,
        };
        if machine.truth(&held) {
            kept.push(item);
        }
    }
    machine.iterator(kept)
}

pub(crate) fn reversed(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [sequence] = arguments.exactly("reversed", ["sequence"])?;
    let mut items = sequence.items(machine)?;
    items.reverse();
    machine.iterator(items)
}

pub(crate) fn iter(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [iterable] = arguments.exactly("iter", ["iterable"])?;
    iterable.read(|value| machine.iterate(value).map(Value::Iterator))
}

pub(crate) fn next(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [iterator, default] = arguments.bind("next", ["iterator", "default"], 1)?;
    let Value::Iterator(id) = iterator.expect("bind requires it").value else {
        return Err(Fault::type_error("next() needs an iterator, as iter() makes one"));
    };
    match (machine.heap.next(id), default) {
        (Some(item), _) => Ok(item),
        (None, Some(default)) => Ok(default.value),
        (None, None) => Err(Fault::value_error("the iterator has no more items")),
    }
}

pub(crate) fn sum(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [iterable, start] = arguments.bind("sum", ["iterable", "start"], 1)?;
    let mut total = start.map_or(Value::Int(0), |start| start.value);
    for item in iterable.expect("bind requires it").items(machine)? {
        total = machine.binary(Operator::Add, total, item)?;
    }
    Ok(total)
}

pub(crate) fn any(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [iterable] = arguments.exactly("any", ["iterable"])?;
    let items = iterable.items(machine)?;
    Ok(Value::Bool(items.iter().any(|item| machine.truth(item))))
}

pub(crate) fn all(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [iterable] = arguments.exactly("all", ["iterable"])?;
    let items = iterable.items(machine)?;
    Ok(Value::Bool(items.iter().all(|item| machine.truth(item))))
}

pub(crate) fn min(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    extreme(machine, "min", Ordering::Less, arguments)
}

pub(crate) fn max(machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    extreme(machine, "max", Ordering::Greater, arguments)
}

fn extreme(
    machine: &mut Machine<'_>,
    name: &str,
    wanted: Ordering,
    mut arguments: Arguments,
) -> Eval<Value> {
    let key = arguments.take("key").map(|key| key.value);
    let default = arguments.take("default");
    only_positional(name, &arguments)?;
    let candidates = match arguments.items.as_slice() {
        [] => return Err(Fault::type_error(format!("{name}() needs values"))),
        [iterable] => iterable.items(machine)?,
        several => several.iter().map(|argument| argument.value.clone()).collect(),
    };
    let mut best: Option<(Value, Value)> = None;
    for candidate in candidates {
        let rank = match &key {
            Some(key) if !matches!(key, Value::None) => {
                machine.call_value(key, vec![candidate.clone()])?
            }
            _ => candidate.clone(),
        };
        let better = match &best {
            Some((_, best)) => machine.order(&rank, best)? == Some(wanted),
            None => true,
        };
        if better {
            best = Some((candidate, rank));
        }
    }
    match (best, default) {
        (Some((best, _)), _) => Ok(best),
        (None, Some(default)) => Ok(default.value),
        (None, None) => Err(Fault::value_error(format!("{name}() of nothing"))),
    }
}

pub(crate) fn sorted(machine: &mut Machine<'_>, mut arguments: Arguments) -> Eval<Value> {
    let key = arguments.take("key");
    let reverse = arguments.take("reverse");
    let [iterable] = arguments.exactly("sorted", ["iterable"])?;
    let items = iterable.items(machine)?;
    let items = sort(machine, items, key, reverse)?;
    machine.list(items)
}

/// A stable sort; reversed order keeps equal items as they were, as in Python.
pub(crate) fn sort(
    machine: &mut Machine<'_>,
    items: Vec<Value>,
    key: Option<Argument>,
    reverse: Option<Argument>,
) -> Eval<Vec<Value>> {
    let reverse = reverse.is_some_and(|reverse| machine.truth(&reverse.value));
    let mut ranked = Vec::with_capacity(items.len());
    for item in items {
        let rank = match &key {
            Some(key) if !matches!(key.value, Value::None) => {
                machine.call_value(&key.value, vec![item.clone()])?
            }
            _ => item.clone(),
        };
        ranked.push((rank, item));
    }
    let sorted = merge_sort(machine, ranked, reverse)?;
    Ok(sorted.into_iter().map(|(_, item)| item).collect())
}

/// Merge sort, written out because a comparison may fail, which the standard library's sorts have no way to say.
fn merge_sort(
    machine: &mut Machine<'_>,
    mut items: Vec<(Value, Value)>,
    reverse: bool,
) -> Eval<Vec<(Value, Value)>> {
    if items.len() < 2 {
        return Ok(items);
    }
    let right = items.split_off(items.len() / 2);
    let mut left = merge_sort(machine, items, reverse)?.into_iter().peekable();
    let mut right = merge_sort(machine, right, reverse)?.into_iter().peekable();
    let mut merged = Vec::with_capacity(left.len() + right.len());
    while let (Some((a, _)), Some((b, _))) = (left.peek(), right.peek()) {
        let order = machine.order(b, a)?;
        let right_first = order == Some(if reverse { Ordering::Greater } else { Ordering::Less });
        merged.extend(if right_first { right.next() } else { left.next() });
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}

fn only_positional(function: &str, arguments: &Arguments) -> Eval<()> {
    match arguments.items.get(arguments.positional_count()) {
        None => Ok(()),
        Some(named) => {
            let name = named.name.as_deref().unwrap_or_default();
            Err(crate::arguments::placed(
                crate::arguments::unexpected(function, name, []),
                named.range,
            ))
        }
    }
}
