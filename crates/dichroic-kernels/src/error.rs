//! Why an element-wise, pooling, normalising or moving kernel refuses a problem.

use thiserror::Error;

/// A problem that a plan can't take. Each variant names the kernel, the rule and what was received.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum KernelError {
    /// Two shapes that numpy's rules can't broadcast to each other.
    #[error(
        "{kernel}: shapes {a:?} and {b:?} can't be broadcast: axes are compared from the last one \
         on, and must be equal or 1"
    )]
    Broadcast {
        /// The kernel.
        kernel: &'static str,
        /// The first shape.
        a: Vec<usize>,
        /// The second shape.
        b: Vec<usize>,
    },
    /// Shapes of different rank, or of a rank that the kernel doesn't take.
    #[error("{kernel}: {what} must have {expected} entries, received {received:?}")]
    Rank {
        /// The kernel.
        kernel: &'static str,
        /// Which argument.
        what: &'static str,
        /// The entries that it must have.
        expected: usize,
        /// What was given.
        received: Vec<usize>,
    },
    /// An axis that the shape lacks, or that is named twice.
    #[error("{kernel}: each axis must be named once and be below {rank}, received {received:?}")]
    Axes {
        /// The kernel.
        kernel: &'static str,
        /// The rank of the shape.
        rank: usize,
        /// The axes given.
        received: Vec<usize>,
    },
    /// A size that is out of its range.
    #[error("{kernel}: {what} must be {rule}, received {received:?}")]
    Size {
        /// The kernel.
        kernel: &'static str,
        /// Which argument.
        what: &'static str,
        /// The rule for it.
        rule: &'static str,
        /// What was given.
        received: Vec<usize>,
    },
    /// A number that is out of its range.
    #[error("{kernel}: {what} must be {rule}, received {received}")]
    Number {
        /// The kernel.
        kernel: &'static str,
        /// Which argument.
        what: &'static str,
        /// The rule for it.
        rule: &'static str,
        /// What was given.
        received: f64,
    },
    /// Shapes that must agree on an axis.
    #[error("{kernel}: shapes must agree on every axis but {axis}, received {a:?} and {b:?}")]
    Mismatch {
        /// The kernel.
        kernel: &'static str,
        /// The axis on which they may differ.
        axis: usize,
        /// The first shape.
        a: Vec<usize>,
        /// The other shape.
        b: Vec<usize>,
    },
    /// A shape with more values than this machine can count.
    #[error(
        "{kernel}: shape {received:?} holds more values than can be addressed; use a smaller batch"
    )]
    TooLarge {
        /// The kernel.
        kernel: &'static str,
        /// The shape.
        received: Vec<usize>,
    },
}

/// The number of values of a shape.
///
/// # Errors
/// [`KernelError::TooLarge`] when it can't be counted.
pub(crate) fn count(kernel: &'static str, shape: &[usize]) -> Result<usize, KernelError> {
    shape
        .iter()
        .try_fold(1usize, |product, &size| product.checked_mul(size))
        .ok_or_else(|| KernelError::TooLarge { kernel, received: shape.to_vec() })
}
