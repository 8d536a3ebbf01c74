//! The ops: one file each, with its shape rule, gradient rule, reference arithmetic and kernel.
//!
//! Adding an op touches its file and one line of the list below.

use std::fmt;

use dichroic_kernels::tensor::Tensor;
use smallvec::SmallVec;

use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelContext, Operation, StepContext};
use crate::shape::Shape;

macro_rules! ops {
    ($($(#[$doc:meta])* $module:ident :: { $($name:ident),+ };)+) => {
        $(mod $module; pub use $module::{$($name),+};)+

        /// A primitive of the graph: what layers are lowered to.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum Op {
            $($(#[doc = concat!("See [`", stringify!($name), "`].")] $name($name),)+)+
        }

        $($(impl From<$name> for Op {
            fn from(op: $name) -> Self {
                Op::$name(op)
            }
        })+)+

        impl Op {
            /// The names of all ops, in the order of the list.
            pub const VARIANTS: &[&str] = &[$($(stringify!($name),)+)+];

            /// The name of this op in [`Op::VARIANTS`].
            pub fn variant(&self) -> &'static str {
                match self {
                    $($(Op::$name(_) => stringify!($name),)+)+
                }
            }

            /// The op behind its common interface.
            pub fn operation(&self) -> &dyn Operation {
                match self {
                    $($(Op::$name(op) => op,)+)+
                }
            }
        }
    };
}

ops! {
    conv::{Conv};
    conv_transpose::{ConvTranspose};
    conv_weight_gradient::{ConvWeightGradient};
    unary::{Unary, UnaryGradient};
    binary::{Binary};
    scale_shift::{ScaleShift};
    reduce::{Reduce};
    broadcast::{BroadcastTo};
    pool::{Pool, PoolGradient};
    reshape::{Reshape};
    softmax::{Softmax, SoftmaxGradient};
    softmax_cross_entropy::{SoftmaxCrossEntropy, SoftmaxCrossEntropyGradient};
    dropout::{Dropout};
    gaussian_noise::{GaussianNoise};
    random_uniform::{RandomUniform};
    batch_norm::{BatchNorm, BatchNormGradient};
    transpose::{Transpose};
    pad::{Pad};
    slice::{Slice, SliceGradient};
    concat::{Concat};
    insert::{Insert};
    resize::{Resize, ResizeGradient};
    one_hot::{OneHot};

    // What moves or chooses values.
    gather::{Gather, GatherGradient};
    reverse::{Reverse};
    select::{Select};
    product::{Product, ProductGradient};
    gather_elements::{GatherElements};
    gather_nd::{GatherND};
    scatter_elements::{ScatterElements};
    scatter_nd::{ScatterND};
    top_k::{TopK};
    arg_extreme::{ArgExtreme};
    cumulative_sum::{CumulativeSum};
    triangle::{Triangle};
    non_max_suppression::{NonMaxSuppression};
    grid_sample::{GridSample, GridSampleGradient, GridSampleSlope};
    roi_align::{RoiAlign, RoiAlignGradient};

    // What computes.
    arithmetic::{Arithmetic};
    function::{Function, FunctionGradient};
    window_pool::{WindowPool, WindowPoolGradient};
    matmul::{MatMul};
    interpolate::{Interpolate};
}

mod conv_kernel;
mod geometry;
mod index;
mod lanes;
mod stretched;
mod tail;

pub use arg_extreme::Equals;
pub use arithmetic::Operator;
pub use function::FunctionKind;
pub use grid_sample::{SampleBorder, SampleMode};
pub use interpolate::Taps;
pub use non_max_suppression::BoxFormat;
pub use reduce::ReducedAxes;
pub use roi_align::RoiKind;
pub use scatter_elements::ScatterReduction;
pub use top_k::Extreme;
pub use triangle::Side;
pub use window_pool::WindowPoolKind;

use dichroic_kernels::elementwise::Unary as UnaryFunction;
pub use geometry::Geometry;
pub use tail::{Joined, Tail};
use unary::add_activation_gradient;

/// The error of an op that can't take its inputs.
fn shape_error(op: &dyn Operation, rule: impl Into<String>, inputs: &[&Shape]) -> GraphError {
    let got = inputs.iter().map(|&shape| shape.clone()).collect();
    GraphError::Shapes { op: op.name(), rule: rule.into(), got }
}

/// The error of a kernel that refuses its sizes.
fn kernel_error(op: &dyn Operation, reason: impl fmt::Display, inputs: &[&Shape]) -> GraphError {
    let inputs = inputs.iter().map(|&shape| shape.clone()).collect();
    GraphError::Kernel { op: op.name(), inputs, reason: reason.to_string() }
}

/// The tensor of a reference's result.
fn reference_tensor(shape: &Shape, data: Vec<f32>) -> Tensor {
    Tensor::new(shape.to_vec(), data).expect("a reference fills its shape")
}

impl Operation for Op {
    fn name(&self) -> &'static str {
        self.operation().name()
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        self.operation().infer(inputs)
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        self.operation().gradient(backward)
    }

    fn reference(&self, inputs: &[&Tensor], step: StepContext) -> Vec<Tensor> {
        self.operation().reference(inputs, step)
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        self.operation().kernel(inputs, context)
    }

    fn macs(&self, inputs: &[&Shape]) -> u64 {
        self.operation().macs(inputs)
    }

    fn is_view(&self) -> bool {
        self.operation().is_view()
    }

    fn is_random(&self) -> bool {
        self.operation().is_random()
    }

    fn keeps_items_apart(&self, inputs: &[&Shape], batched: &[bool]) -> bool {
        self.operation().keeps_items_apart(inputs, batched)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
