//! The operators that become layers: one file for each family, one line in a table for each operator.
//!
//! An operator's function reads inputs and attributes from its [`Node`], makes layers and returns the
//! outputs in order; trailing ones that nothing here can make may be left out. An attribute that it
//! does not read is an error for the user, so a new meaning is never skipped in silence.

mod activations;
mod arithmetic;
mod convolution;

use std::ops::RangeInclusive;

use super::{Node, Value};
use crate::error::Located;

/// What makes layers of a node.
pub(crate) type ImportFn = for<'a> fn(&mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located>;

/// An operator of the default domain: its name, the versions of the operator set in which it has the
/// meaning that is implemented, and what makes layers of it.
pub(crate) type Operator = (&'static str, RangeInclusive<i64>, ImportFn);

/// All families.
const FAMILIES: [&[Operator]; 3] =
    [convolution::OPERATORS, activations::OPERATORS, arithmetic::OPERATORS];

/// All operators, in the order of the alphabet within a family.
pub(crate) fn all() -> impl Iterator<Item = &'static Operator> {
    FAMILIES.into_iter().flatten()
}

/// The operator of this name.
pub(crate) fn find(name: &str) -> Option<&'static Operator> {
    all().find(|(known, ..)| *known == name)
}
