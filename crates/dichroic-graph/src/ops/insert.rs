//! One part of a concatenation, copied to its channels.

use dichroic_kernels::concat::insert;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{Joined, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// Writes a value into channels of a wider one: a part of a concatenation whose other parts are
/// written in place.
///
/// # Shapes
/// Inputs: `x (…, channels)` and, once the wider value is begun, that value `(…, total)`.
/// Output: `(…, total)`.
#[derive(Clone, Copy, Debug)]
pub struct Insert(pub Joined);

impl Operation for Insert {
    fn name(&self) -> &'static str {
        "Insert"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let shape = match inputs {
            [x] => self.0.widen(x, None),
            [x, into] if self.0.begun => self.0.widen(x, Some(into)),
            _ => Err("takes a part and the wider value".into()),
        };
        Ok(smallvec![shape.map_err(|rule| shape_error(self, rule, inputs))?])
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let x = Shape::new(inputs[0].shape());
        let into = inputs.get(1).map(|into| into.data());
        let y = self.0.reference(inputs[0].data(), x.last_axis(), into);
        let mut shape = x.to_vec();
        if let Some(last) = shape.last_mut() {
            *last = self.0.total;
        }
        vec![reference_tensor(&Shape::from(shape), y)]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(InsertKernel { joined: self.0, channels: inputs[0].last_axis() }))
    }
}

#[derive(Debug)]
struct InsertKernel {
    joined: Joined,
    channels: usize,
}

impl Kernel for InsertKernel {
    fn algorithm(&self) -> String {
        String::from("copy")
    }

    fn in_place_input(&self) -> Option<usize> {
        self.joined.begun.then_some(1)
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let output = &mut *args.outputs[0];
        if self.joined.begun && !args.in_place {
            output.copy_from_slice(args.inputs[1]);
        }
        insert(args.inputs[0], self.channels, output, self.joined.channels());
    }
}
