//! Convolutions of every kind, and what looks through a window beside them.

mod batch_normalization;
mod conv;
mod conv_transpose;
mod pooling;
mod steps;
mod window;

pub(super) use conv::conv;
pub(super) use window::Window;

use super::{Operator, Value};

pub(super) const OPERATORS: &[Operator] = &[
    ("AveragePool", 1..=23, pooling::average),
    ("BatchNormalization", 1..=23, batch_normalization::batch_normalization),
    ("Conv", 1..=23, conv::conv),
    ("ConvTranspose", 1..=23, conv_transpose::conv_transpose),
    ("GlobalAveragePool", 1..=23, pooling::global_average),
    ("GlobalMaxPool", 1..=23, pooling::global_max),
    ("MaxPool", 1..=23, pooling::max),
];
