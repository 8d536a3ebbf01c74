//! One of two values at each place, as a condition says.

use dichroic_kernels::parallel;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::binary::sum_to_shape_of;
use super::{reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y = a` where the condition is not 0, `y = b` where it is; the value that is not taken leaves no trace, whatever it is.
///
/// # Shapes
/// Inputs: condition, `a`, `b`, each of the output's shape or a scalar.
///
/// # Source
/// numpy `where`. The condition has no gradient.
#[derive(Clone, Copy, Debug)]
pub struct Select;

impl Operation for Select {
    fn name(&self) -> &'static str {
        "Select"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let full = inputs.iter().find(|shape| !shape.is_empty()).map_or_else(Shape::default, |&shape| shape.clone());
        if inputs.len() == 3 && inputs.iter().all(|shape| shape.is_empty() || **shape == full) {
            return Ok(smallvec![full]);
        }
        Err(shape_error(self, "takes a condition and two values, of one shape or scalars", inputs))
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let (dy, condition) = (backward.output_gradient(), backward.input(0));
        let zero = backward.scalar(0.0);
        for (index, chosen) in [(1, [condition, dy, zero]), (2, [condition, zero, dy])] {
            if backward.needs(index) {
                let gradient = backward.add(Select, &chosen)?;
                let gradient = sum_to_shape_of(gradient, backward.input(index), backward)?;
                backward.set(index, gradient);
            }
        }
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let full = inputs.iter().find(|input| input.rank() > 0).unwrap_or(&inputs[0]);
        let y = (0..full.len()).map(|i| {
            let at = |input: &Tensor| input.data()[if input.rank() == 0 { 0 } else { i }];
            if at(inputs[0]) != 0.0 { at(inputs[1]) } else { at(inputs[2]) }
        });
        vec![reference_tensor(&Shape::new(full.shape()), y.collect())]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], _batched: &[bool]) -> bool {
        true
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let scalar = |index: usize| inputs[index].is_empty();
        Ok(Box::new(SelectKernel { scalar: [scalar(0), scalar(1), scalar(2)] }))
    }
}

/// Values that a task chooses.
const TASK: usize = 4096;

#[derive(Debug)]
struct SelectKernel {
    /// Which inputs are one value for all places.
    scalar: [bool; 3],
}

impl Kernel for SelectKernel {
    fn algorithm(&self) -> String {
        String::from("choose")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let inputs = args.inputs;
        parallel::for_each_chunk(args.outputs[0], TASK, TASK, |i, y| {
            let part = |input: usize| match self.scalar[input] {
                true => &inputs[input][..1],
                false => &inputs[input][i * TASK..][..y.len()],
            };
            let [condition, a, b] = [part(0), part(1), part(2)];
            // A scalar is read at its one place again and again.
            let at = |input: usize, k: usize| if self.scalar[input] { 0 } else { k };
            for (k, y) in y.iter_mut().enumerate() {
                *y = if condition[at(0, k)] != 0.0 { a[at(1, k)] } else { b[at(2, k)] };
            }
        });
    }
}
