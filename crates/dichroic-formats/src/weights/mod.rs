//! Keras's weight files: numbered variables in named HDF5 groups.
//!
//! ```text
//! /vars                               name = "sequential"
//! /layers/conv2d/vars      0, 1       name = "conv2d_7"
//! /layers/sequential/layers/dense/vars 0, 1
//! /optimizer/vars          0, 1, 2, …
//! ```
//!
//! # Source
//! Keras 3, `keras/src/saving/saving_lib.py`, class `H5IOStore`.

mod reader;
mod writer;

pub(crate) use reader::{Variables, WeightsReader};
pub(crate) use writer::{Variable, WeightsWriter};

#[cfg(test)]
mod tests;
