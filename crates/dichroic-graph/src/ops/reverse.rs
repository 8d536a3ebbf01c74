//! Axes walked from their end.

use dichroic_kernels::elementwise::reference::{for_each_index, offset};
use dichroic_kernels::parallel;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// The input with the order along these axes turned round.
///
/// # Source
/// numpy `flip`. It is its own gradient.
#[derive(Clone, Debug)]
pub struct Reverse {
    /// The axes.
    pub axes: Vec<usize>,
}

impl Operation for Reverse {
    fn name(&self) -> &'static str {
        "Reverse"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] if self.axes.iter().all(|&axis| axis < x.len()) => Ok(smallvec![(*x).clone()]),
            _ => {
                let rule = format!("takes one input with the axes {:?}", self.axes);
                Err(shape_error(self, rule, inputs))
            }
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let dy = backward.output_gradient();
        let dx = backward.add(self.clone(), &[dy])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let x = inputs[0];
        let mut y = Vec::with_capacity(x.len());
        for_each_index(x.shape(), |index| {
            let mut from = index.to_vec();
            for &axis in &self.axes {
                from[axis] = x.shape()[axis] - 1 - index[axis];
            }
            y.push(x.data()[offset(&from, x.shape())]);
        });
        vec![reference_tensor(&Shape::new(x.shape()), y)]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], _batched: &[bool]) -> bool {
        !self.axes.contains(&0)
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let axes = inputs[0].iter().enumerate();
        let mut outer: Vec<(usize, bool)> =
            axes.map(|(axis, &size)| (size, self.axes.contains(&axis))).collect();
        let (row, row_reversed) = outer.pop().unwrap_or((1, false));
        Ok(Box::new(ReverseKernel { outer, row, row_reversed }))
    }
}

/// Values that a task copies at least.
const TASK: usize = 4096;

#[derive(Debug)]
struct ReverseKernel {
    /// The size of each axis before the last, and whether it is turned round.
    outer: Vec<(usize, bool)>,
    /// The last axis.
    row: usize,
    row_reversed: bool,
}

impl ReverseKernel {
    /// The input's row that the output has as its `row`-th.
    fn source(&self, mut row: usize) -> usize {
        let (mut source, mut stride) = (0, 1);
        for &(size, reversed) in self.outer.iter().rev() {
            let at = row % size;
            source += stride * if reversed { size - 1 - at } else { at };
            row /= size;
            stride *= size;
        }
        source
    }
}

impl Kernel for ReverseKernel {
    fn algorithm(&self) -> String {
        String::from("copy")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (x, row) = (args.inputs[0], self.row);
        if args.outputs[0].is_empty() {
            return;
        }
        let rows = TASK.div_ceil(row);
        parallel::for_each_chunk(args.outputs[0], rows * row, rows * row / 2, |i, chunk| {
            for (j, to) in chunk.chunks_exact_mut(row).enumerate() {
                let from = &x[self.source(i * rows + j) * row..][..row];
                to.copy_from_slice(from);
                if self.row_reversed {
                    to.reverse();
                }
            }
        });
    }
}
