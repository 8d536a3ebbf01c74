//! Operation layers: what graphs of other programs do and no Keras layer does.
//!
//! They are layers like all others, but speak of every axis, the batch included, as numpy and ONNX do. An axis
//! whose size is open stays open where it can, and is an error where its size must be known. All values are
//! `f32`: whole numbers are exact up to 2²⁴, and a condition holds where it is not 0.

pub(in crate::layers) mod list;
mod number;
mod open;

// What moves or chooses values.
mod arg_extreme;
mod broadcast_to;
mod constant;
mod cumulative_sum;
mod depth_to_space;
mod expand_dims;
mod gather;
mod gather_elements;
mod gather_nd;
mod grid_sample;
mod non_max_suppression;
mod one_hot_axis;
mod pad_axes;
mod reduction;
mod reshape_all;
mod roi_align;
mod scatter;
mod select;
mod squeeze;
mod strided_slice;
mod take;
mod tile;
mod top_k;
mod transpose;
mod triangle;

// What computes.
mod arithmetic;
mod clip;
mod function;
mod local_response_normalization;
mod matmul;
mod resize;
mod window_pooling;
pub(in crate::layers) mod words;

pub use arg_extreme::ArgExtreme;
pub use broadcast_to::BroadcastTo;
pub use constant::Constant;
pub use cumulative_sum::CumulativeSum;
pub use depth_to_space::{BlockOrder, DepthToSpace, SpaceToDepth};
pub use expand_dims::ExpandDims;
pub use gather::Gather;
pub use gather_elements::GatherElements;
pub use gather_nd::GatherND;
pub use grid_sample::{GridSample, SampleBorder, SampleMode};
pub use non_max_suppression::NonMaxSuppression;
pub use one_hot_axis::OneHotAxis;
pub use pad_axes::{PadAxes, PadMode};
pub use reduction::{Reduction, ReductionKind};
pub use reshape_all::ReshapeAll;
pub use roi_align::{RoiAlign, RoiAlignKind};
pub use scatter::{ScatterElements, ScatterND, ScatterReduction};
pub use select::Where;
pub use squeeze::Squeeze;
pub use strided_slice::StridedSlice;
pub use take::Take;
pub use tile::Tile;
pub use top_k::{TopK, TopKOutput};
pub use transpose::Transpose;
pub use triangle::Trilu;

pub use arithmetic::{Arithmetic, ArithmeticKind};
pub use clip::Clip;
pub use function::{Function, MathFunction};
pub use local_response_normalization::LocalResponseNormalization;
pub use matmul::MatMul;
pub(crate) use resize::Row;
pub use resize::{CoordinateTransformation, NearestRounding, Resize, ResizeMode};
pub use window_pooling::{WindowPooling, WindowPoolingKind};
