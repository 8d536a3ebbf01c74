//! A scale and a shift for each channel: batch normalisation with known statistics.

use dichroic_kernels::elementwise::{Binary as Kind, BinaryPlan};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{Binary, Reduce, kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y[…, c] = x[…, c] · scale[c] + shift[c]`. A plan folds it into the convolution before it.
///
/// # Shapes
/// Inputs: `x (…, channels)`, `scale (channels)`, `shift (channels)`. Output: as `x`.
#[derive(Clone, Copy, Debug)]
pub struct ScaleShift;

impl Operation for ScaleShift {
    fn name(&self) -> &'static str {
        "ScaleShift"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x, scale, shift]
                if !x.is_empty() && scale[..] == [x.last_axis()] && scale == shift =>
            {
                Ok(smallvec![(*x).clone()])
            }
            _ => Err(shape_error(self, "takes x and a scale and a shift per channel", inputs)),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let dy = backward.output_gradient();
        let axes: Vec<usize> = (0..backward.shape(dy).len() - 1).collect();
        let multiply = Binary::new(Kind::Multiply);
        if backward.needs(0) {
            let scale = backward.input(1);
            let dx = backward.add(multiply, &[dy, scale])?;
            backward.set(0, dx);
        }
        if backward.needs(1) {
            let x = backward.input(0);
            let product = backward.add(multiply, &[dy, x])?;
            let gradient = backward.add(Reduce::sum(axes.clone()), &[product])?;
            backward.set(1, gradient);
        }
        if backward.needs(2) {
            let gradient = backward.add(Reduce::sum(axes), &[dy])?;
            backward.set(2, gradient);
        }
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let (scale, shift) = (inputs[1].data(), inputs[2].data());
        let channels = scale.len();
        let y = inputs[0]
            .data()
            .iter()
            .enumerate()
            .map(|(i, &x)| {
                let channel = i % channels;
                (f64::from(x) * f64::from(scale[channel]) + f64::from(shift[channel])) as f32
            })
            .collect();
        vec![reference_tensor(&Shape::new(inputs[0].shape()), y)]
    }

    fn keeps_items_apart(&self, inputs: &[&Shape], batched: &[bool]) -> bool {
        inputs[0].len() > 1 && matches!(batched, [true, false, false])
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let plan = |kind| {
            BinaryPlan::new(kind, inputs[0], inputs[1], context.isa)
                .map_err(|error| kernel_error(self, error, inputs))
        };
        Ok(Box::new(ScaleShiftKernel {
            multiply: plan(Kind::Multiply)?,
            add: plan(Kind::Add)?,
        }))
    }
}

#[derive(Debug)]
struct ScaleShiftKernel {
    multiply: BinaryPlan,
    add: BinaryPlan,
}

impl Kernel for ScaleShiftKernel {
    fn algorithm(&self) -> String {
        String::from("element-wise")
    }

    fn in_place_input(&self) -> Option<usize> {
        Some(0)
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let y = &mut *args.outputs[0];
        if args.in_place {
            self.multiply.run_in_place(y, args.inputs[1]);
        } else {
            self.multiply.run(args.inputs[0], args.inputs[1], y);
        }
        self.add.run_in_place(y, args.inputs[2]);
    }
}
