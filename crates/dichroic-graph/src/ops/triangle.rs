//! The part of matrices on one side of a diagonal.

use dichroic_kernels::elementwise::reference::{for_each_index, offset};
use dichroic_kernels::tensor::Tensor;
use dichroic_kernels::parallel;
use smallvec::{SmallVec, smallvec};

use super::{reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// Which side of a diagonal stays, the diagonal included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Places whose column is not before the diagonal.
    Upper,
    /// Places whose column is not behind the diagonal.
    Lower,
}

/// The last two axes with zeros on one side of a diagonal.
///
/// # Source
/// numpy `triu`, `tril`; ONNX `Trilu`. It is its own gradient.
#[derive(Clone, Copy, Debug)]
pub struct Triangle {
    /// The side that stays.
    pub side: Side,
    /// The diagonal: 0 is the main one, 1 the one above.
    pub diagonal: i64,
}

impl Triangle {
    /// The columns of a row that stay.
    fn kept(&self, row: usize, columns: usize) -> std::ops::Range<usize> {
        let on = i64::try_from(row).unwrap_or(i64::MAX).saturating_add(self.diagonal);
        let place = |column: i64| usize::try_from(column).unwrap_or(0).min(columns);
        match self.side {
            Side::Upper => place(on)..columns,
            Side::Lower => 0..place(on.saturating_add(1)),
        }
    }
}

impl Operation for Triangle {
    fn name(&self) -> &'static str {
        "Triangle"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] if x.len() >= 2 => Ok(smallvec![(*x).clone()]),
            _ => Err(shape_error(self, "takes one input with at least two axes", inputs)),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let dy = backward.output_gradient();
        let dx = backward.add(*self, &[dy])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let x = inputs[0];
        let mut y = Vec::with_capacity(x.len());
        for_each_index(x.shape(), |index| {
            let place = |axis: usize| index[axis] as i64;
            let above = place(x.rank() - 1) - place(x.rank() - 2);
            let stays = match self.side {
                Side::Upper => above >= self.diagonal,
                Side::Lower => above <= self.diagonal,
            };
            y.push(if stays { x.data()[offset(index, x.shape())] } else { 0.0 });
        });
        vec![reference_tensor(&Shape::new(x.shape()), y)]
    }

    fn keeps_items_apart(&self, inputs: &[&Shape], _batched: &[bool]) -> bool {
        inputs[0].len() > 2
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let (rows, columns) = (inputs[0][inputs[0].len() - 2], inputs[0].last_axis());
        Ok(Box::new(TriangleKernel { op: *self, rows, columns }))
    }
}

#[derive(Debug)]
struct TriangleKernel {
    op: Triangle,
    rows: usize,
    columns: usize,
}

impl Kernel for TriangleKernel {
    fn algorithm(&self) -> String {
        String::from("copy")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (x, columns) = (args.inputs[0], self.columns);
        parallel::for_each_chunk(args.outputs[0], columns, columns, |i, y| {
            let kept = self.op.kept(i % self.rows, columns);
            y.fill(0.0);
            y[kept.clone()].copy_from_slice(&x[i * columns..][..columns][kept]);
        });
    }
}
