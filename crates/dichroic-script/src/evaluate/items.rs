//! `x[index]`: reading, writing and removing items and slices.

use std::rc::Rc;

use crate::arguments::integer;
use crate::error::{ErrorKind, Eval, Fault, nearest};
use crate::heap::Slice;
use crate::machine::Machine;
use crate::value::{Key, Range, Value};

impl Machine<'_> {
    pub(crate) fn item(&mut self, object: &Value, index: &Value) -> Eval<Value> {
        if let Value::Slice(id) = index {
            let slice = self.heap.slice(*id);
            return self.sliced(object, slice);
        }
        match object {
            Value::List(_) | Value::Tuple(_) => {
                let items = self.sequence(object).unwrap_or_default();
                Ok(items[position(index, items.len(), object)?].clone())
            }
            Value::Range(range) => Ok(Value::Int(range.at(position(index, range.len(), object)?))),
            Value::Text(text) => {
                self.meter.work(text.len() / 64)?;
                let at = position(index, text.chars().count(), object)?;
                let found = text.chars().nth(at);
                Ok(Value::text(found.map(String::from).unwrap_or_default()))
            }
            Value::Dict(id) => {
                let key = self.key(index)?;
                match self.heap.dict(*id).get(&key) {
                    Some((_, value)) => Ok(value.clone()),
                    None => Err(self.missing_key(*id, index)),
                }
            }
            Value::Host(host) => match Rc::clone(host).item(self, index)? {
                Some(value) => Ok(value),
                None => Err(no_items(object)),
            },
            _ => Err(no_items(object)),
        }
    }

    fn missing_key(&mut self, id: crate::heap::DictId, index: &Value) -> Box<Fault> {
        let shown = match self.repr(index) {
            Ok(shown) => shown,
            Err(fault) => return fault,
        };
        let fault = Fault::new(ErrorKind::Key, format!("the dict has no key {shown}"));
        let Value::Text(name) = index else { return fault };
        let known = self.heap.dict(id).keys().filter_map(|key| match key {
            Key::Text(text) => Some(&**text),
            _ => None,
        });
        match nearest(name, known.take(1_000)) {
            Some(known) => fault.with_hint(format!("did you mean {known:?}?")),
            None => fault,
        }
    }

    fn sliced(&mut self, object: &Value, slice: Slice) -> Eval<Value> {
        match object {
            Value::List(_) | Value::Tuple(_) => {
                let items = self.sequence(object).unwrap_or_default();
                let range = positions(slice, items.len())?;
                self.meter.allocate_items(range.len())?;
                let items = self.sequence(object).unwrap_or_default();
                let taken = (0..range.len()).map(|at| items[range.at(at) as usize].clone());
                let taken = taken.collect();
                match object {
                    Value::List(_) => self.list(taken),
                    _ => self.tuple(taken),
                }
            }
            Value::Text(text) => {
                self.meter.allocate_text(4 * text.len())?;
                let characters: Vec<char> = text.chars().collect();
                let range = positions(slice, characters.len())?;
                let taken = (0..range.len()).map(|at| characters[range.at(at) as usize]);
                Ok(Value::text(taken.collect::<String>()))
            }
            Value::Range(walked) => {
                let taken = positions(slice, walked.len())?;
                let step = walked.step.checked_mul(taken.step);
                let start = walked.at(usize::try_from(taken.start.max(0)).unwrap_or(0));
                let count = i64::try_from(taken.len()).unwrap_or(i64::MAX);
                let stop = step.and_then(|step| step.checked_mul(count)?.checked_add(start));
                match (step, stop) {
                    (Some(step), Some(stop)) => Ok(Value::Range(Range { start, stop, step })),
                    _ => Err(super::expressions::too_large()),
                }
            }
            // A library object with items, such as a model's list of layers, is sliced as the list that it gives.
            Value::Host(host) => match Rc::clone(host).attribute(self, "__iter__")? {
                Some(list) => self.sliced(&list, slice),
                None => Err(no_items(object)),
            },
            _ => Err(no_items(object)),
        }
    }

    pub(crate) fn set_item(&mut self, object: &Value, index: &Value, value: Value) -> Eval<()> {
        match (object, index) {
            (Value::List(id), Value::Slice(slice)) => {
                let range = positions(self.heap.slice(*slice), self.heap.list(*id).len())?;
                if range.step != 1 {
                    return Err(Fault::unsupported(
                        "assigning to a slice with a step is not run here",
                    ));
                }
                let items = self.items_of(&value)?;
                self.meter.work(self.heap.list(*id).len())?;
                let (start, stop) = (range.start as usize, range.stop.max(range.start) as usize);
                self.heap.list_mut(*id).splice(start..stop, items);
                Ok(())
            }
            (Value::List(id), _) => {
                let at = position(index, self.heap.list(*id).len(), object)?;
                self.heap.list_mut(*id)[at] = value;
                Ok(())
            }
            (Value::Dict(id), _) => {
                let key = self.key(index)?;
                self.heap.insert(*id, (key, index.clone()), value, &mut self.meter)
            }
            _ => Err(Fault::type_error(format!(
                "the items of {} cannot be changed",
                object.type_name()
            ))),
        }
    }

    pub(crate) fn remove_item(&mut self, object: &Value, index: &Value) -> Eval<()> {
        match (object, index) {
            (Value::List(id), Value::Slice(slice)) => {
                let range = positions(self.heap.slice(*slice), self.heap.list(*id).len())?;
                self.meter.work(self.heap.list(*id).len())?;
                let mut at = 0;
                self.heap.list_mut(*id).retain(|_| {
                    at += 1;
                    !range.contains(at - 1)
                });
                Ok(())
            }
            (Value::List(id), _) => {
                let at = position(index, self.heap.list(*id).len(), object)?;
                self.meter.work(self.heap.list(*id).len())?;
                self.heap.list_mut(*id).remove(at);
                Ok(())
            }
            (Value::Dict(id), _) => {
                let key = self.key(index)?;
                self.meter.work(self.heap.dict(*id).len())?;
                match self.heap.dict_mut(*id).shift_remove(&key) {
                    Some(_) => Ok(()),
                    None => Err(self.missing_key(*id, index)),
                }
            }
            _ => Err(Fault::type_error(format!(
                "items cannot be taken away from {}",
                object.type_name()
            ))),
        }
    }
}

fn no_items(object: &Value) -> Box<Fault> {
    Fault::type_error(format!("{} has no items to index", object.type_name()))
}

/// The position that an index means; negative ones count from the end.
pub(crate) fn position(index: &Value, length: usize, object: &Value) -> Eval<usize> {
    let given = integer(index).map_err(|_| {
        Fault::type_error(format!(
            "{} is indexed by whole numbers or slices, got {}",
            object.type_name(),
            index.type_name()
        ))
    })?;
    let from_start =
        if given < 0 { given.checked_add_unsigned(length as u64) } else { Some(given) };
    from_start.and_then(|at| usize::try_from(at).ok()).filter(|at| *at < length).ok_or_else(|| {
        Fault::new(
            ErrorKind::Index,
            format!("index {given} is outside {}, which has {length} items", object.type_name()),
        )
    })
}

/// The positions that a slice takes, as CPython's `PySlice_AdjustIndices` cuts them.
pub(crate) fn positions(slice: Slice, length: usize) -> Eval<Range> {
    let step = slice.step.unwrap_or(1);
    if step == 0 {
        return Err(Fault::value_error("the step of a slice cannot be 0"));
    }
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let (lowest, highest) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let cut = |bound: i64| {
        let from_start = if bound < 0 { bound.saturating_add(length) } else { bound };
        from_start.clamp(lowest, highest)
    };
    let (first, last) = if step > 0 { (lowest, highest) } else { (highest, lowest) };
    Ok(Range { start: slice.start.map_or(first, cut), stop: slice.stop.map_or(last, cut), step })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_take_the_positions_that_python_takes() {
        let taken = |start, stop, step| {
            let range = positions(Slice { start, stop, step }, 5).expect("the step is not 0");
            (0..range.len()).map(|at| range.at(at)).collect::<Vec<_>>()
        };
        assert_eq!(taken(None, None, None), [0, 1, 2, 3, 4]);
        assert_eq!(taken(None, None, Some(-1)), [4, 3, 2, 1, 0]);
        assert_eq!(taken(Some(-2), None, None), [3, 4]);
        assert_eq!(taken(Some(1), Some(-1), Some(2)), [1, 3]);
        assert_eq!(taken(Some(9), Some(-9), Some(-2)), [4, 2, 0]);
        assert_eq!(taken(Some(3), Some(1), None), [0_i64; 0]);
    }
}
