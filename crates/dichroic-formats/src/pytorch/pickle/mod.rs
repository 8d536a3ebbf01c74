//! Python's pickles, read as data.
//!
//! A pickle is a program for a small machine with a stack, a memo and two dangerous instructions: one looks up any name of
//! any module, one calls it. This machine knows the instructions of protocols 2 to 5 and a fixed list of names
//! ([`names`]); none of them is looked up or called anywhere. A name that is not on the list ends the reading.
//!
//! Objects lie in one list and refer to each other by number. So a pickle that nests a million lists, or lists that
//! hold each other, costs what its bytes cost: nothing recurses while it is read or dropped.
//!
//! # Source
//! CPython, `Lib/pickletools.py`; PyTorch, `torch/serialization.py`, `torch/csrc/jit/serialization/pickler.cpp`.

mod code;
mod machine;
mod names;
mod rebuild;

#[cfg(test)]
mod tests;

use std::rc::Rc;

use crate::element::ElementType;

pub(super) use machine::{Rules, read};

/// The number of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Handle(u32);

/// What a pickle can build.
#[derive(Clone, Debug)]
pub(super) enum Object {
    None,
    Bool(bool),
    Integer(i128),
    /// A float is never looked at.
    Float,
    Text(String),
    /// Bytes are never looked at.
    Bytes,
    List(Vec<Handle>),
    Tuple(Vec<Handle>),
    Dict(Vec<(Handle, Handle)>),
    /// A known name.
    Name(names::Known),
    /// A place for values in the file.
    Storage(Storage),
    /// An array: values of a storage.
    Tensor(Tensor),
    /// An object of a class that is only known by name.
    Instance(Instance),
    /// Data that no weights can be in: a set, a path, a number of NumPy's.
    Opaque,
}

/// The values that tensors share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Storage {
    /// The name under which the file holds the bytes.
    pub key: String,
    /// The type of the values; `None` for bytes, whose tensors say their type.
    pub element: Option<ElementType>,
    /// The number of values that the file promises.
    pub len: usize,
    /// The place of the first value in the bytes under the key.
    pub offset: usize,
}

/// An array as it lies in a storage; nothing is checked yet.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub storage: Storage,
    pub element: ElementType,
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
}

/// An object of a class that nobody imported.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// The class's full name.
    pub class: Rc<str>,
    /// What its attributes were set from, usually a dict.
    pub state: Option<Handle>,
    /// What was put into it as into a dict.
    pub items: Vec<(Handle, Handle)>,
    /// What was put into it as into a list.
    pub elements: Vec<Handle>,
}

impl Instance {
    fn of(class: Rc<str>) -> Self {
        Self { class, state: None, items: Vec::new(), elements: Vec::new() }
    }
}

/// All objects of a pickle.
#[derive(Debug, Default)]
pub(super) struct Objects(Vec<Object>);

impl Objects {
    pub fn get(&self, handle: Handle) -> &Object {
        &self.0[handle.0 as usize]
    }

    /// All storages that were referred to.
    pub fn storages(&self) -> impl Iterator<Item = &Storage> {
        self.0.iter().filter_map(|object| match object {
            Object::Storage(storage) => Some(storage),
            _ => None,
        })
    }

    /// The classes of all objects whose class is a name.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|object| match object {
            Object::Instance(instance) => Some(&*instance.class),
            _ => None,
        })
    }

    fn get_mut(&mut self, handle: Handle) -> &mut Object {
        &mut self.0[handle.0 as usize]
    }

    /// The text of an object that is one.
    pub fn text(&self, handle: Handle) -> Option<&str> {
        match self.get(handle) {
            Object::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Object {
    /// What it is, in Python's words, for messages.
    pub fn kind(&self) -> String {
        match self {
            Self::None => "None".into(),
            Self::Bool(_) => "a bool".into(),
            Self::Integer(_) => "an int".into(),
            Self::Float => "a float".into(),
            Self::Text(_) => "a str".into(),
            Self::Bytes => "bytes".into(),
            Self::List(_) => "a list".into(),
            Self::Tuple(_) => "a tuple".into(),
            Self::Dict(_) => "a dict".into(),
            Self::Name(known) => known.to_string(),
            Self::Storage(_) => "a storage".into(),
            Self::Tensor(_) => "a tensor".into(),
            Self::Instance(instance) => format!("an object of {}", instance.class),
            Self::Opaque => "an object without weights".into(),
        }
    }
}
