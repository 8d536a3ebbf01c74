//! The operators that become layers: one file for each family, one line in a table for each operator.
//!
//! An operator's function reads inputs and attributes from its [`Node`], makes layers and returns the
//! outputs in order; trailing ones that nothing here can make may be left out. An attribute that it
//! does not read is an error for the user, so a new meaning is never skipped in silence.

mod activations;
pub(in crate::onnx) mod added;
mod arithmetic;
mod axes;
mod blocks;
mod broadcast;
mod cast;
mod centering;
mod constants;
mod convolution;
mod dense;
mod einsum;
mod extents;
mod functions;
mod gates;
mod gathering;
mod integer_products;
mod joining;
pub(crate) mod layout;
mod lp_pooling;
mod normalization;
mod padding;
mod pairs;
mod products;
mod quantization;
mod recurrent;
mod reduction;
mod resizing;
mod sampling;
mod scattering;
mod selection;
mod slicing;
mod softmax;

use std::ops::RangeInclusive;

pub(super) use broadcast::aligned_by_attribute;

use super::{Node, Value};
use crate::error::Located;

/// What makes layers of a node.
pub(crate) type ImportFn = for<'a> fn(&mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located>;

/// An operator of the default domain: its name, the versions of the operator set in which it has the
/// meaning that is implemented, and what makes layers of it.
pub(crate) type Operator = (&'static str, RangeInclusive<i64>, ImportFn);

/// All families.
const FAMILIES: &[&[Operator]] = &[
    activations::OPERATORS,
    arithmetic::OPERATORS,
    blocks::OPERATORS,
    cast::OPERATORS,
    centering::OPERATORS,
    constants::OPERATORS,
    convolution::OPERATORS,
    dense::OPERATORS,
    einsum::OPERATORS,
    extents::OPERATORS,
    functions::OPERATORS,
    gathering::OPERATORS,
    integer_products::OPERATORS,
    joining::OPERATORS,
    layout::OPERATORS,
    lp_pooling::OPERATORS,
    normalization::OPERATORS,
    padding::OPERATORS,
    pairs::OPERATORS,
    quantization::OPERATORS,
    recurrent::OPERATORS,
    reduction::OPERATORS,
    resizing::OPERATORS,
    sampling::OPERATORS,
    scattering::OPERATORS,
    selection::OPERATORS,
    slicing::OPERATORS,
    softmax::OPERATORS,
];

/// All operators, in the order of the alphabet within a family.
pub(crate) fn all() -> impl Iterator<Item = &'static Operator> {
    FAMILIES.iter().copied().flatten()
}

/// The operator of this name in a domain: ONNX's own, which may go without a name, or that of ONNX Runtime.
pub(crate) fn find_in(domain: &str, name: &str) -> Option<&'static Operator> {
    match domain {
        "" | "ai.onnx" => find(name),
        added::DOMAIN => added::OPERATORS.iter().find(|(known, ..)| *known == name),
        _ => None,
    }
}

/// The operator of ONNX's own domain of this name.
pub(crate) fn find(name: &str) -> Option<&'static Operator> {
    all().find(|(known, ..)| *known == name)
}
