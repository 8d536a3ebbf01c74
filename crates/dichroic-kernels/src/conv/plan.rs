//! A gather with its algorithm: what forward pass and input gradient have in common.

use super::bf16::Bf16Plan;
use super::depthwise::DepthwisePlan;
use super::direct::DirectPlan;
use super::gather::Gather;
use super::winograd::WinogradPlan;
use super::{Algorithm, ConvArgs, Epilogue};
use crate::isa::Isa;

/// A planned gather, by algorithm.
#[derive(Clone, Debug)]
pub(super) enum GatherPlan {
    Direct(DirectPlan),
    Depthwise(DepthwisePlan),
    Winograd(Box<WinogradPlan>),
    Bf16(Bf16Plan),
}

impl GatherPlan {
    pub fn new(algorithm: Algorithm, mut gather: Gather, epilogue: Epilogue, isa: Isa) -> Self {
        // What `Pointwise` gains is that places need no coordinates.
        gather.flat &= algorithm != Algorithm::Direct;
        match algorithm {
            Algorithm::Direct | Algorithm::Pointwise => {
                Self::Direct(DirectPlan::new(gather, epilogue, isa))
            }
            Algorithm::Depthwise | Algorithm::Grouped => {
                Self::Depthwise(DepthwisePlan::new(gather, epilogue, isa))
            }
            Algorithm::Winograd(outputs) => {
                Self::Winograd(Box::new(WinogradPlan::new(gather, outputs, epilogue, isa)))
            }
            Algorithm::Bf16 => Self::Bf16(Bf16Plan::new(gather, epilogue, isa)),
        }
    }

    pub fn packed_len(&self) -> usize {
        match self {
            Self::Direct(plan) => plan.packed_len(),
            Self::Depthwise(plan) => plan.packed_len(),
            Self::Winograd(plan) => plan.packed_len(),
            Self::Bf16(plan) => plan.packed_len(),
        }
    }

    pub fn pack(&self, weights: &[f32], packed: &mut [f32]) {
        match self {
            Self::Direct(plan) => plan.pack(weights, packed),
            Self::Depthwise(plan) => plan.pack(weights, packed),
            Self::Winograd(plan) => plan.pack(weights, packed),
            Self::Bf16(plan) => plan.pack(weights, packed),
        }
    }

    /// The length of the scratch memory that a run needs.
    pub fn scratch_len(&self) -> usize {
        match self {
            Self::Winograd(plan) => plan.scratch_len(),
            Self::Direct(_) | Self::Depthwise(_) | Self::Bf16(_) => 0,
        }
    }

    pub fn run(&self, args: ConvArgs<'_>) {
        match self {
            Self::Direct(plan) => plan.run(args),
            Self::Depthwise(plan) => plan.run(args),
            Self::Winograd(plan) => plan.run(args),
            Self::Bf16(plan) => plan.run(args),
        }
    }
}
