//! Adam with decoupled weight decay.

use dichroic_graph::kernels::optimizer::UpdateRule;

use super::Adam;
use crate::keras_object::KerasObject;

/// [`Adam`] after `w −= w · weight_decay · lr`; the decay, 0.004 by default, is the optimizer's
/// [`weight_decay`](super::Optimizer::weight_decay).
///
/// # Source
/// `keras.optimizers.AdamW`; Loshchilov and Hutter, "Decoupled weight decay regularization" (2017).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AdamW(
    /// The numbers that it shares with Adam.
    pub Adam,
);

impl AdamW {
    pub(super) fn rule(self) -> UpdateRule {
        self.0.rule()
    }

    pub(super) fn read(object: &KerasObject) -> Result<Self, String> {
        Adam::read(object).map(Self)
    }
}
