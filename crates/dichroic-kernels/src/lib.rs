//! Tensors and the arithmetic of convolutional networks.
//!
//! Every kernel here works on dense row-major `f32` slices with the channels last. Three promises
//! hold for all of them:
//!
//! - **Nothing is allocated while a kernel runs**: the scratch memory is stated ahead and passed in.
//! - **The same bits for any number of threads**: work is cut by the shape of the problem only, and
//!   partial sums are added in a fixed order.
//! - **The instruction set is found at run time** ([`isa::Isa::detect`]); `DICHROIC_ISA` forces one.
//!
//! All `unsafe` code of the workspace lives in this crate.

pub mod arena;
pub mod batch_norm;
pub mod broadcast;
pub mod concat;
pub mod conv;
pub mod dropout;
pub mod elementwise;
pub mod error;
pub mod isa;
pub mod mapped;
pub mod optimizer;
pub mod pad;
pub mod parallel;
pub mod peak;
pub mod pool;
pub mod reduce;
pub mod resize;
pub mod rng;
pub mod simd;
pub mod softmax;
pub mod tensor;
pub mod transpose;
