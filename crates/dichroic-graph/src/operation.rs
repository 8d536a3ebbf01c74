//! What every op says about itself, and what a plan makes of it.

use std::fmt::Debug;

use dichroic_kernels::conv::ConvMode;
use dichroic_kernels::isa::Isa;
use dichroic_kernels::tensor::Tensor;
use smallvec::SmallVec;

use crate::error::GraphError;
use crate::gradient::Backward;
use crate::shape::Shape;

/// The numbers that random ops draw from: the same context gives the same numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepContext {
    /// The seed of the run.
    pub seed: u64,
    /// The step in the run; each step draws new numbers.
    pub step: u64,
}

/// What a kernel may be chosen by, besides shapes.
#[derive(Clone, Copy, Debug)]
pub struct KernelContext {
    /// The instruction set.
    pub isa: Isa,
    /// Whether convolutions may use algorithms that round differently.
    pub mode: ConvMode,
}

/// What every op says about itself: shape rule, gradient rule, reference arithmetic, kernel.
pub trait Operation: Debug {
    /// The op's name, as plans and errors show it.
    fn name(&self) -> &'static str;

    /// The shapes of the outputs (at least one).
    ///
    /// # Errors
    /// When the op can't take these inputs.
    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError>;

    /// Adds the nodes that compute the gradients of the inputs.
    ///
    /// # Errors
    /// [`GraphError::NoGradient`] where the op has none.
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        Err(backward.refuse(self.name()))
    }

    /// The op in plain loops, as slow and as clear as it can be: what kernels are tested against.
    fn reference(&self, inputs: &[&Tensor], step: StepContext) -> Vec<Tensor>;

    /// The kernel for these shapes.
    ///
    /// # Errors
    /// When the sizes can't be computed with.
    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError>;

    /// Multiply-adds of one run.
    fn macs(&self, _inputs: &[&Shape]) -> u64 {
        0
    }

    /// Whether the output is the first input under another shape, so that no kernel runs.
    fn is_view(&self) -> bool {
        false
    }

    /// Whether the op draws random numbers, so that it must run at each step.
    fn is_random(&self) -> bool {
        false
    }

    /// Whether a place along the output's first axis depends on nothing but the same place of the inputs that
    /// are `batched` (whose first axis is the batch), and on the other inputs. A plan may run such an op on one item
    /// after the other.
    fn keeps_items_apart(&self, _inputs: &[&Shape], _batched: &[bool]) -> bool {
        false
    }
}

/// An op made ready for its shapes: what a plan runs.
///
/// A kernel allocates nothing while it runs.
pub trait Kernel: Debug + Send + Sync {
    /// The algorithm, as `dichroic plan` shows it.
    fn algorithm(&self) -> String;

    /// Floats of scratch memory that a run needs.
    fn scratch_len(&self) -> usize {
        0
    }

    /// Floats of the packed form of an input; 0 if the kernel packs none.
    fn packed_len(&self) -> usize {
        0
    }

    /// The input that is packed; the kernel then reads it only through its packed form.
    fn packed_input(&self) -> Option<usize> {
        None
    }

    /// Writes the packed form of the input.
    fn pack(&self, _input: &[f32], _packed: &mut [f32]) {}

    /// An input that the first output may overwrite while it is computed.
    fn in_place_input(&self) -> Option<usize> {
        None
    }

    /// Computes the outputs.
    fn run(&self, args: KernelArgs<'_, '_>);
}

/// What a kernel is given to run.
#[derive(Debug)]
pub struct KernelArgs<'args, 'data> {
    /// The inputs; empty for one that is packed or computed in place.
    pub inputs: &'args [&'data [f32]],
    /// The outputs; the first holds the input's values where `in_place`.
    pub outputs: &'args mut [&'data mut [f32]],
    /// The packed input.
    pub packed: &'data [f32],
    /// The scratch memory.
    pub scratch: &'args mut [f32],
    /// Whether the first output holds the input named by [`Kernel::in_place_input`].
    pub in_place: bool,
    /// What random kernels draw from.
    pub step: StepContext,
}
