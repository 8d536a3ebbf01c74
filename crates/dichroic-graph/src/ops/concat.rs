//! Values side by side along one axis.

use dichroic_kernels::concat::{ConcatPlan, reference};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{Slice, kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// The inputs one after the other along `axis`; all other axes agree.
///
/// # Source
/// Keras `Concatenate`.
#[derive(Clone, Copy, Debug)]
pub struct Concat {
    /// The axis along which the inputs are joined.
    pub axis: usize,
}

impl Operation for Concat {
    fn name(&self) -> &'static str {
        "Concat"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let rule = || format!("all axes but {} must agree", self.axis);
        let first = inputs.first().filter(|shape| self.axis < shape.len());
        let first = first.ok_or_else(|| shape_error(self, rule(), inputs))?;
        let mut joined = first.to_vec();
        joined[self.axis] = 0;
        for shape in inputs {
            let agrees = shape.len() == first.len()
                && (0..first.len()).all(|axis| axis == self.axis || shape[axis] == first[axis]);
            let total = joined[self.axis].checked_add(*shape.get(self.axis).unwrap_or(&0));
            match total {
                Some(total) if agrees => joined[self.axis] = total,
                _ => return Err(shape_error(self, rule(), inputs)),
            }
        }
        Ok(smallvec![Shape::from(joined)])
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let dy = backward.output_gradient();
        let mut start = 0;
        for index in 0..backward.input_count() {
            let sizes = backward.shape(backward.input(index)).to_vec();
            let mut starts = vec![0; sizes.len()];
            starts[self.axis] = start;
            start += sizes[self.axis];
            if backward.needs(index) {
                let part = backward.add(Slice::block(&starts, &sizes), &[dy])?;
                backward.set(index, part);
            }
        }
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let shapes: Vec<Shape> = inputs.iter().map(|input| Shape::new(input.shape())).collect();
        let shapes: Vec<&Shape> = shapes.iter().collect();
        let shape = self.infer(&shapes).expect("shapes were inferred before").remove(0);
        let inputs: Vec<(&[f32], &[usize])> =
            inputs.iter().map(|input| (input.data(), input.shape())).collect();
        let y = reference::concat(&inputs, self.axis);
        vec![reference_tensor(&shape, y)]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], batched: &[bool]) -> bool {
        self.axis != 0 && batched.iter().all(|&batched| batched)
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let shapes: Vec<&[usize]> = inputs.iter().map(|shape| &shape[..]).collect();
        let plan = ConcatPlan::new(&shapes, self.axis)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(ConcatKernel(plan)))
    }
}

#[derive(Debug)]
struct ConcatKernel(ConcatPlan);

impl Kernel for ConcatKernel {
    fn algorithm(&self) -> String {
        String::from("copy")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        self.0.run(args.inputs, args.outputs[0]);
    }
}
