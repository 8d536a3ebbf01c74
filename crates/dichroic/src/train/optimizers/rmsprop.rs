//! Gradients divided by the root of their recent mean square.

use dichroic_graph::kernels::optimizer::UpdateRule;
use serde_json::{Map, Value, json};

use super::super::read_flag as flag;
use crate::keras_object::KerasObject;

/// `v = rho · v + (1 − rho) · g²`, then `w −= lr · g / √(v + epsilon)`.
///
/// # Source
/// `keras.optimizers.RMSprop`; Hinton's lecture 6 (2012).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp {
    /// How much of the mean stays at each step; 0.9 by default.
    pub rho: f64,
    /// From 0 to 1; 0 by default.
    pub momentum: f64,
    /// What keeps the divisor from 0; 1e-7 by default.
    pub epsilon: f64,
    /// Whether the square of the mean gradient is subtracted from the mean square.
    pub centered: bool,
}

impl Default for RmsProp {
    fn default() -> Self {
        Self { rho: 0.9, momentum: 0.0, epsilon: 1e-7, centered: false }
    }
}

impl RmsProp {
    pub(super) const ARGUMENTS: &'static [&'static str] =
        &["rho", "momentum", "epsilon", "centered"];

    pub(super) fn rule(self) -> UpdateRule {
        let Self { rho, momentum, epsilon, centered } = self;
        UpdateRule::RmsProp { rho, momentum, epsilon, centered }
    }

    pub(super) fn read(object: &KerasObject) -> Result<Self, String> {
        let default = Self::default();
        Ok(Self {
            rho: object.number("rho", default.rho)?,
            momentum: object.number("momentum", default.momentum)?,
            epsilon: object.number("epsilon", default.epsilon)?,
            centered: flag(object, "centered")?,
        })
    }

    pub(super) fn write(self, config: &mut Map<String, Value>) {
        config.insert("rho".to_owned(), json!(self.rho));
        config.insert("momentum".to_owned(), json!(self.momentum));
        config.insert("epsilon".to_owned(), json!(self.epsilon));
        config.insert("centered".to_owned(), json!(self.centered));
    }
}
