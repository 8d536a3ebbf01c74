//! Where the values that contain others are kept until the script has ended.

use std::rc::Rc;

use indexmap::IndexMap;

use crate::error::Eval;
use crate::limits::Meter;
use crate::value::{Key, Range, Value};

/// A dictionary: for each key the key as it was given and the value, in the order of insertion.
pub(crate) type Dict = IndexMap<Key, (Value, Value)>;

/// A set: for each key the value as it was given.
pub(crate) type Set = IndexMap<Key, Value>;

macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        $($(#[$doc])* #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)] pub(crate) struct $name(pub(crate) usize);)*
    };
}

handles!(
    ListId, TupleId, DictId, SetId, SliceId, IteratorId, BoundId, PartialId,
    /// An index into the machine's functions.
    FunctionId,
);

/// The bounds of `x[start:stop:step]`, each absent or a whole number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    pub(crate) start: Option<i64>,
    pub(crate) stop: Option<i64>,
    pub(crate) step: Option<i64>,
}

/// What an iterator still has to give.
pub(crate) enum Remaining {
    Items(std::vec::IntoIter<Value>),
    /// A list that may change while it is walked.
    List(ListId, usize),
    Range(Range, usize),
}

/// A method and the value that it was taken from.
#[derive(Clone)]
pub(crate) struct Bound {
    pub(crate) receiver: Value,
    pub(crate) name: Rc<str>,
}

/// A call with some of its arguments fixed (`functools.partial`).
#[derive(Clone)]
pub(crate) struct Partial {
    pub(crate) callee: Value,
    pub(crate) positional: Vec<Value>,
    pub(crate) named: Vec<(Rc<str>, Value)>,
}

/// All containers of one run. Nothing is removed before the end: scripts are short, and the meter bounds the total.
#[derive(Default)]
pub(crate) struct Heap {
    lists: Vec<Vec<Value>>,
    tuples: Vec<Box<[Value]>>,
    dicts: Vec<Dict>,
    sets: Vec<Set>,
    slices: Vec<Slice>,
    iterators: Vec<Remaining>,
    bounds: Vec<Bound>,
    partials: Vec<Partial>,
}

/// Room taken by a dictionary's entry: hash, index, key, and the two values.
const ENTRY_BYTES: usize = 128;

impl Heap {
    pub(crate) fn list(&self, id: ListId) -> &Vec<Value> {
        &self.lists[id.0]
    }

    pub(crate) fn list_mut(&mut self, id: ListId) -> &mut Vec<Value> {
        &mut self.lists[id.0]
    }

    pub(crate) fn tuple(&self, id: TupleId) -> &[Value] {
        &self.tuples[id.0]
    }

    pub(crate) fn dict(&self, id: DictId) -> &Dict {
        &self.dicts[id.0]
    }

    pub(crate) fn dict_mut(&mut self, id: DictId) -> &mut Dict {
        &mut self.dicts[id.0]
    }

    pub(crate) fn set(&self, id: SetId) -> &Set {
        &self.sets[id.0]
    }

    pub(crate) fn set_mut(&mut self, id: SetId) -> &mut Set {
        &mut self.sets[id.0]
    }

    pub(crate) fn slice(&self, id: SliceId) -> Slice {
        self.slices[id.0]
    }

    pub(crate) fn bound(&self, id: BoundId) -> &Bound {
        &self.bounds[id.0]
    }

    pub(crate) fn partial(&self, id: PartialId) -> &Partial {
        &self.partials[id.0]
    }

    pub(crate) fn new_list(&mut self, items: Vec<Value>, meter: &mut Meter) -> Eval<Value> {
        meter.allocate_items(items.len())?;
        self.lists.push(items);
        Ok(Value::List(ListId(self.lists.len() - 1)))
    }

    pub(crate) fn new_tuple(&mut self, items: Vec<Value>, meter: &mut Meter) -> Eval<Value> {
        meter.allocate_items(items.len())?;
        self.tuples.push(items.into_boxed_slice());
        Ok(Value::Tuple(TupleId(self.tuples.len() - 1)))
    }

    pub(crate) fn new_dict(&mut self, entries: Dict, meter: &mut Meter) -> Eval<Value> {
        meter.allocate(entries.len().saturating_mul(ENTRY_BYTES) + 128)?;
        meter.work(entries.len())?;
        self.dicts.push(entries);
        Ok(Value::Dict(DictId(self.dicts.len() - 1)))
    }

    pub(crate) fn new_set(&mut self, entries: Set, meter: &mut Meter) -> Eval<Value> {
        meter.allocate(entries.len().saturating_mul(ENTRY_BYTES) + 128)?;
        meter.work(entries.len())?;
        self.sets.push(entries);
        Ok(Value::Set(SetId(self.sets.len() - 1)))
    }

    pub(crate) fn new_slice(&mut self, slice: Slice, meter: &mut Meter) -> Eval<Value> {
        meter.allocate(size_of::<Slice>())?;
        self.slices.push(slice);
        Ok(Value::Slice(SliceId(self.slices.len() - 1)))
    }

    pub(crate) fn new_iterator(&mut self, remaining: Remaining, meter: &mut Meter) -> Eval<Value> {
        match &remaining {
            Remaining::Items(items) => meter.allocate_items(items.len())?,
            _ => meter.allocate_items(1)?,
        }
        self.iterators.push(remaining);
        Ok(Value::Iterator(IteratorId(self.iterators.len() - 1)))
    }

    pub(crate) fn new_bound(&mut self, bound: Bound, meter: &mut Meter) -> Eval<Value> {
        meter.allocate(size_of::<Bound>())?;
        self.bounds.push(bound);
        Ok(Value::Bound(BoundId(self.bounds.len() - 1)))
    }

    pub(crate) fn new_partial(&mut self, partial: Partial, meter: &mut Meter) -> Eval<Value> {
        meter.allocate_items(partial.positional.len() + 2 * partial.named.len() + 2)?;
        self.partials.push(partial);
        Ok(Value::Partial(PartialId(self.partials.len() - 1)))
    }

    pub(crate) fn push(&mut self, id: ListId, item: Value, meter: &mut Meter) -> Eval<()> {
        meter.allocate(size_of::<Value>())?;
        self.lists[id.0].push(item);
        Ok(())
    }

    pub(crate) fn insert(
        &mut self,
        id: DictId,
        (key, name): (Key, Value),
        value: Value,
        meter: &mut Meter,
    ) -> Eval<()> {
        meter.allocate(ENTRY_BYTES)?;
        match self.dicts[id.0].entry(key) {
            // A key that is already there keeps the form in which it came first.
            indexmap::map::Entry::Occupied(mut entry) => entry.get_mut().1 = value,
            indexmap::map::Entry::Vacant(entry) => {
                entry.insert((name, value));
            }
        }
        Ok(())
    }

    /// The next value of an iterator, or none at its end.
    pub(crate) fn next(&mut self, id: IteratorId) -> Option<Value> {
        match &mut self.iterators[id.0] {
            Remaining::Items(items) => items.next(),
            Remaining::List(list, position) => {
                let item = self.lists[list.0].get(*position).cloned();
                *position += 1;
                item
            }
            Remaining::Range(range, position) => {
                let item = (*position < range.len()).then(|| Value::Int(range.at(*position)));
                *position += 1;
                item
            }
        }
    }
}
