//! The workloads that other frameworks are compared on, and how they are timed.
//!
//! A workload is `kind/what/bN`, N items in a batch:
//!
//! ```text
//! fwd     one convolution                     fwdbwd  the same with both of its gradients
//! infer   a whole network's outputs           train   a whole step: loss, gradients, Adam
//! ```

mod convolution;
mod network;
mod timing;
mod workload;

pub use timing::{Measurement, Settings};
pub use workload::{Workload, all};
