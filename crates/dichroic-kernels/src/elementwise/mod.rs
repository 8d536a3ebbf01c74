//! Functions of one or two values, applied to each element: activations and arithmetic.
//!
//! The functions are plain branch-free Rust ([`math`]), compiled once for each instruction set,
//! where the compiler turns their loops into vector code. No step depends on the neighbours, so
//! that the bits are the same for any number of threads, and for any instruction set.

pub mod binary;
pub(crate) mod map;
pub mod math;
pub mod reference;
pub mod unary;

pub use binary::{Binary, BinaryPlan};
pub use unary::{GradientNeeds, Unary};

#[cfg(test)]
mod tests;
