//! Class indices as rows of zeros with a single one.

use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y[…, k] = 1` where the index is `k`, else 0. An index outside `0..depth` gives zeros alone.
///
/// # Shapes
/// Input: `(…)` of indices as whole numbers. Output: `(…, depth)`.
///
/// # Source
/// Keras `ops.one_hot`. Indices have no gradient.
#[derive(Clone, Copy, Debug)]
pub struct OneHot {
    /// The number of classes.
    pub depth: usize,
}

impl Operation for OneHot {
    fn name(&self) -> &'static str {
        "OneHot"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let [x] = inputs else { return Err(shape_error(self, "takes one input", inputs)) };
        Ok(smallvec![x.iter().copied().chain(std::iter::once(self.depth)).collect()])
    }

    fn gradient(&self, _backward: &mut Backward<'_>) -> Result<(), GraphError> {
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let shape = self
            .infer(&[&Shape::new(inputs[0].shape())])
            .expect("shapes were inferred before")
            .remove(0);
        let mut y = Vec::with_capacity(shape.elements());
        for &index in inputs[0].data() {
            for class in 0..self.depth {
                y.push(if index == class as f32 { 1.0 } else { 0.0 });
            }
        }
        vec![reference_tensor(&shape, y)]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], _batched: &[bool]) -> bool {
        true
    }

    fn kernel(
        &self,
        _inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(OneHotKernel { depth: self.depth }))
    }
}

#[derive(Debug)]
struct OneHotKernel {
    depth: usize,
}

impl Kernel for OneHotKernel {
    fn algorithm(&self) -> String {
        String::from("scatter")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let y = &mut *args.outputs[0];
        y.fill(0.0);
        for (row, &index) in args.inputs[0].iter().enumerate() {
            let class = index as usize;
            if class < self.depth && class as f32 == index {
                y[row * self.depth + class] = 1.0;
            }
        }
    }
}
