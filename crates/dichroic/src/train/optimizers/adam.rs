//! Means of the gradient and of its square.

use dichroic_graph::kernels::optimizer::UpdateRule;
use serde_json::{Map, Value, json};

use super::super::read_flag as flag;
use crate::keras_object::KerasObject;

/// `w −= lr · m̂ / (√v̂ + epsilon)` with the means `m` of the gradient and `v` of its square, both corrected
/// for their start at 0.
///
/// # Source
/// `keras.optimizers.Adam`; Kingma and Ba, "Adam: a method for stochastic optimization" (2014).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// How much of the mean gradient stays at each step; 0.9 by default.
    pub beta_1: f64,
    /// How much of the mean square stays at each step; 0.999 by default.
    pub beta_2: f64,
    /// What keeps the divisor from 0; 1e-7 by default.
    pub epsilon: f64,
    /// Whether the largest mean square so far is the divisor.
    pub amsgrad: bool,
}

impl Default for Adam {
    fn default() -> Self {
        Self { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false }
    }
}

impl Adam {
    pub(super) const ARGUMENTS: &'static [&'static str] =
        &["beta_1", "beta_2", "epsilon", "amsgrad"];

    pub(super) fn rule(self) -> UpdateRule {
        let Self { beta_1, beta_2, epsilon, amsgrad } = self;
        UpdateRule::Adam { beta_1, beta_2, epsilon, amsgrad }
    }

    pub(super) fn read(object: &KerasObject) -> Result<Self, String> {
        let default = Self::default();
        Ok(Self {
            beta_1: object.number("beta_1", default.beta_1)?,
            beta_2: object.number("beta_2", default.beta_2)?,
            epsilon: object.number("epsilon", default.epsilon)?,
            amsgrad: flag(object, "amsgrad")?,
        })
    }

    pub(super) fn write(self, config: &mut Map<String, Value>) {
        config.insert("beta_1".to_owned(), json!(self.beta_1));
        config.insert("beta_2".to_owned(), json!(self.beta_2));
        config.insert("epsilon".to_owned(), json!(self.epsilon));
        config.insert("amsgrad".to_owned(), json!(self.amsgrad));
    }
}
