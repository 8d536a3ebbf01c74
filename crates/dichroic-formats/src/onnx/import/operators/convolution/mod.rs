//! Convolutions of every kind.

mod conv;
mod window;

use super::{Operator, Value};

pub(super) const OPERATORS: &[Operator] = &[("Conv", 7..=23, conv::conv)];
