//! What convolution and transposed convolution share: the kernel, and gradients of weights and bias.

use dichroic_kernels::conv::{ConvArgs, ConvPlan};

use super::tail::settle;
use super::{ConvWeightGradient, Geometry, Reduce, Tail};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::graph::ValueId;
use crate::operation::{Kernel, KernelArgs};

/// A planned convolution and what is done behind it.
#[derive(Debug)]
pub(super) struct ConvKernel {
    pub plan: ConvPlan,
    pub tail: Tail,
    /// The inputs of the op.
    pub inputs: usize,
}

impl Kernel for ConvKernel {
    fn algorithm(&self) -> String {
        self.plan.algorithm().to_string()
    }

    fn scratch_len(&self) -> usize {
        self.plan.scratch_len()
    }

    fn packed_len(&self) -> usize {
        self.plan.packed_len()
    }

    fn packed_input(&self) -> Option<usize> {
        Some(1)
    }

    fn pack(&self, input: &[f32], packed: &mut [f32]) {
        self.plan.pack(input, packed);
    }

    fn in_place_input(&self) -> Option<usize> {
        self.tail.in_place_input(self.inputs)
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let extras = settle(self.tail, args.inputs, args.outputs[0], args.in_place);
        self.plan.run(ConvArgs {
            input: args.inputs[0],
            packed: args.packed,
            bias: extras.bias,
            residual: extras.residual,
            output: args.outputs[0],
            scratch: args.scratch,
        });
    }
}

/// Sets the gradients of the weights (input 1) of an op, whose convolution reads `convolved` and has an output with the
/// gradient `convolution_gradient`, and of its bias (input 2), from the gradient of the op's output before its activation.
pub(super) fn add_parameter_gradients(
    geometry: &Geometry,
    [convolved, convolution_gradient]: [ValueId; 2],
    output_gradient: ValueId,
    backward: &mut Backward<'_>,
) -> Result<(), GraphError> {
    if backward.needs(1) {
        let weights = backward.shape(backward.input(1));
        let kernel_size = weights[..weights.len() - 2].to_vec();
        let op = ConvWeightGradient { geometry: geometry.clone(), kernel_size };
        let gradient = backward.add(op, &[convolved, convolution_gradient])?;
        backward.set(1, gradient);
    }
    if backward.input_count() > 2 && backward.needs(2) {
        let axes = backward.shape(output_gradient).len() - 1;
        let gradient = backward.add(Reduce::sum((0..axes).collect()), &[output_gradient])?;
        backward.set(2, gradient);
    }
    Ok(())
}
