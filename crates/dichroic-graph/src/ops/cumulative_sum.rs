//! Sums of all values up to each place.

use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::lanes::Lanes;
use super::{reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y[…, k, …]` is the sum of the values along the axis up to place `k`.
///
/// # Source
/// numpy `cumsum`; ONNX `CumSum`.
#[derive(Clone, Copy, Debug)]
pub struct CumulativeSum {
    /// The axis.
    pub axis: usize,
    /// Whether place `k` itself is left out.
    pub exclusive: bool,
    /// Whether the values from the end down to place `k` are added.
    pub reverse: bool,
}

impl Operation for CumulativeSum {
    fn name(&self) -> &'static str {
        "CumulativeSum"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] if self.axis < x.len() => Ok(smallvec![(*x).clone()]),
            _ => {
                let rule = format!("takes one input with an axis {}", self.axis);
                Err(shape_error(self, rule, inputs))
            }
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        // A value is in the sums of all places behind it: those add up their gradients from the other end.
        let dy = backward.output_gradient();
        let dx = backward.add(Self { reverse: !self.reverse, ..*self }, &[dy])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let x = inputs[0];
        let lanes = Lanes::along(self.axis, x.shape());
        let mut y = vec![0.0; x.len()];
        for start in lanes.starts() {
            for (k, target) in lanes.places(start).enumerate() {
                let counts = |&(i, _): &(usize, usize)| match (self.reverse, self.exclusive) {
                    (false, false) => i <= k,
                    (false, true) => i < k,
                    (true, false) => i >= k,
                    (true, true) => i > k,
                };
                let terms = lanes.places(start).enumerate().filter(counts);
                y[target] = terms.map(|(_, place)| f64::from(x.data()[place])).sum::<f64>() as f32;
            }
        }
        vec![reference_tensor(&Shape::new(x.shape()), y)]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], _batched: &[bool]) -> bool {
        self.axis != 0
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let lanes = Lanes::along(self.axis, inputs[0]);
        Ok(Box::new(CumulativeSumKernel { op: *self, lanes }))
    }
}

#[derive(Debug)]
struct CumulativeSumKernel {
    op: CumulativeSum,
    lanes: Lanes,
}

impl Kernel for CumulativeSumKernel {
    fn algorithm(&self) -> String {
        String::from("running sum")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (x, y) = (args.inputs[0], &mut *args.outputs[0]);
        for start in self.lanes.starts() {
            let mut sum = 0.0f64;
            let mut add = |place: usize| {
                let before = sum;
                sum += f64::from(x[place]);
                y[place] = if self.op.exclusive { before } else { sum } as f32;
            };
            if self.op.reverse {
                self.lanes.places(start).rev().for_each(&mut add);
            } else {
                self.lanes.places(start).for_each(&mut add);
            }
        }
    }
}
