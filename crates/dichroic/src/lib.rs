//! Convolutional networks in Rust: define, count, run, train and look inside.
//!
//! A [`model::Model`] is made of [`layers`]; it lowers to a graph of ops, which compiles to a plan that an executor runs.
//! Names, defaults and behaviour of layers and training are Keras's; shapes are
//! `(batch, height, width, channels)` and weights `(kernel_h, kernel_w, in_channels / groups, filters)`.
#![forbid(unsafe_code)]

pub mod activations;
pub mod applications;
pub mod data;
pub mod explain;
pub mod initializers;
mod keras_object;
pub mod layers;
pub mod model;
pub mod names;
pub mod policy;
pub mod regularizers;
pub mod shape;
pub mod train;

pub use dichroic_graph::kernels::parallel::{ThreadPool, set_threads, threads};
pub use dichroic_graph::kernels::tensor::Tensor;
pub use policy::DtypePolicy;
pub use shape::Shape;
