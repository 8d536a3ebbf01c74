//! Gradient descent.

use dichroic_graph::kernels::optimizer::UpdateRule;
use serde_json::{Map, Value, json};

use super::super::read_flag as flag;
use crate::keras_object::KerasObject;

/// Gradient descent, with momentum: `m = momentum · m − lr · g`, then `w += m`, or
/// `w += momentum · m − lr · g` in Nesterov's form.
///
/// # Source
/// `keras.optimizers.SGD`
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sgd {
    /// From 0 to 1; 0 by default.
    pub momentum: f64,
    /// Nesterov's form.
    pub nesterov: bool,
}

impl Sgd {
    pub(super) const ARGUMENTS: &'static [&'static str] = &["momentum", "nesterov"];

    pub(super) fn rule(self) -> UpdateRule {
        UpdateRule::Sgd { momentum: self.momentum, nesterov: self.nesterov }
    }

    pub(super) fn read(object: &KerasObject) -> Result<Self, String> {
        Ok(Self { momentum: object.number("momentum", 0.0)?, nesterov: flag(object, "nesterov")? })
    }

    pub(super) fn write(self, config: &mut Map<String, Value>) {
        config.insert("momentum".to_owned(), json!(self.momentum));
        config.insert("nesterov".to_owned(), json!(self.nesterov));
    }
}
