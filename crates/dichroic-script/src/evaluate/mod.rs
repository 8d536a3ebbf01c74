//! Python's statements and expressions, evaluated on the syntax tree.

pub(crate) mod calls;
pub(crate) mod comparisons;
pub(crate) mod comprehensions;
pub(crate) mod expressions;
pub(crate) mod imports;
pub(crate) mod items;
pub(crate) mod names;
pub(crate) mod operators;
pub(crate) mod statements;
pub(crate) mod targets;
