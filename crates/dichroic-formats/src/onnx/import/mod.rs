//! From the nodes of a file to layers.
//!
//! Nodes are taken in order. What follows from constants and shapes alone is computed at once
//! ([`fold`]); everything else becomes layers ([`operators`]), with the order of axes kept lazily
//! ([`Order`]), so that channels lie last where convolutions read them and nothing moves without need.

mod array;
mod attributes;
mod block;
mod builder;
mod element;
mod fold;
mod node;
pub(crate) mod operators;
mod order;
mod ports;
mod readers;
mod regroup;
mod samples;
mod value;
mod walk;

pub(crate) use array::{Array, open_size};
pub(crate) use builder::refused;
pub(crate) use element::ElementType;
pub(crate) use node::{Node, resolve};
pub(crate) use order::Order;
pub use ports::{KnownInput, Port};
pub(crate) use value::{Entry, Flattened, Value, Variable};
pub(crate) use walk::import;

/// The operators that are understood, with their versions; `None` for those that are only computed while the file is read.
pub(super) fn supported()
-> impl Iterator<Item = (&'static str, Option<std::ops::RangeInclusive<i64>>)> {
    let made = operators::all().map(|(name, versions, _)| (*name, Some(versions.clone())));
    let folded = fold::names().filter(|name| operators::find(name).is_none());
    made.chain(folded.map(|name| (name, None)))
}

/// The operators of ONNX Runtime's own domain that are understood.
pub(super) fn supported_of_runtime() -> impl Iterator<Item = &'static str> {
    operators::added::names()
}
