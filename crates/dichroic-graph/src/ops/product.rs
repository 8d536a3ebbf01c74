//! Products of rows.

use dichroic_kernels::parallel;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y[…] = Π x[…, k]`: the product over the last axis, 1 where that is empty.
///
/// # Source
/// numpy `prod`.
#[derive(Clone, Copy, Debug)]
pub struct Product;

/// The gradient of [`Product`]: `dx[…, k]` is `dy` times the product of the other values of the row, so that a
/// zero among them is no danger.
#[derive(Clone, Copy, Debug)]
pub struct ProductGradient;

impl Operation for Product {
    fn name(&self) -> &'static str {
        "Product"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] if !x.is_empty() => Ok(smallvec![Shape::new(&x[..x.len() - 1])]),
            _ => Err(shape_error(self, "takes one input with at least one axis", inputs)),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let (x, dy) = (backward.input(0), backward.output_gradient());
        let dx = backward.add(ProductGradient, &[x, dy])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let x = inputs[0];
        let (shape, row) = rows_of(x);
        let y = (0..shape.elements()).map(|i| {
            let row = &x.data()[i * row..][..row];
            row.iter().map(|&value| f64::from(value)).product::<f64>() as f32
        });
        vec![reference_tensor(&shape, y.collect())]
    }

    fn keeps_items_apart(&self, inputs: &[&Shape], _batched: &[bool]) -> bool {
        inputs[0].len() > 1
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(ProductKernel { row: inputs[0].last_axis() }))
    }
}

/// The axes before the last, and the size of that.
fn rows_of(x: &Tensor) -> (Shape, usize) {
    let (row, before) = x.shape().split_last().expect("the shape was inferred before");
    (Shape::new(before), *row)
}

#[derive(Debug)]
struct ProductKernel {
    row: usize,
}

/// Products that a task computes.
const TASK: usize = 256;

impl Kernel for ProductKernel {
    fn algorithm(&self) -> String {
        String::from("rows")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (x, row) = (args.inputs[0], self.row);
        parallel::for_each_chunk(args.outputs[0], TASK, TASK * row, |i, y| {
            for (j, y) in y.iter_mut().enumerate() {
                let row = &x[(i * TASK + j) * row..][..row];
                *y = row.iter().fold(1.0f64, |product, &value| product * f64::from(value)) as f32;
            }
        });
    }
}

impl Operation for ProductGradient {
    fn name(&self) -> &'static str {
        "ProductGradient"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x, dy] if !x.is_empty() && x[..x.len() - 1] == dy[..] => Ok(smallvec![(*x).clone()]),
            _ => Err(shape_error(self, "takes x and the gradient of its rows' products", inputs)),
        }
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let (x, dy) = (inputs[0], inputs[1]);
        let (_, row) = rows_of(x);
        let dx = (0..x.len()).map(|i| {
            let (r, k) = (i / row, i % row);
            let others = (0..row).filter(|&other| other != k);
            let product: f64 = others.map(|other| f64::from(x.data()[r * row + other])).product();
            (f64::from(dy.data()[r]) * product) as f32
        });
        vec![reference_tensor(&Shape::new(x.shape()), dx.collect())]
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(ProductGradientKernel { row: inputs[0].last_axis() }))
    }
}

#[derive(Debug)]
struct ProductGradientKernel {
    row: usize,
}

impl Kernel for ProductGradientKernel {
    fn algorithm(&self) -> String {
        String::from("prefix and suffix")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (x, dy, row) = (args.inputs[0], args.inputs[1], self.row);
        parallel::for_each_chunk(args.outputs[0], row, 2 * row, |r, dx| {
            let x = &x[r * row..][..row];
            let mut before = f64::from(dy[r]);
            for (dx, &x) in dx.iter_mut().zip(x) {
                *dx = before as f32;
                before *= f64::from(x);
            }
            let mut behind = 1.0f64;
            for (dx, &x) in dx.iter_mut().zip(x).rev() {
                *dx = (f64::from(*dx) * behind) as f32;
                behind *= f64::from(x);
            }
        });
    }
}
