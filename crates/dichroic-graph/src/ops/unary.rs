//! Functions of one value, applied to each element.

use dichroic_kernels::elementwise::{GradientNeeds, Unary as Function};
use dichroic_kernels::isa::Isa;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::graph::ValueId;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y = f(x)` for each element.
#[derive(Clone, Copy, Debug)]
pub struct Unary(pub Function);

/// `dx = dy · f'`, from `(xy, dy)`, where `xy` is the function's input or output, as
/// [`Function::gradient_needs`] says.
#[derive(Clone, Copy, Debug)]
pub struct UnaryGradient(pub Function);

impl Operation for Unary {
    fn name(&self) -> &'static str {
        "Unary"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] => Ok(smallvec![(*x).clone()]),
            _ => Err(shape_error(self, "takes one input", inputs)),
        }
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let dy = backward.output_gradient();
        let xy = match self.0.gradient_needs() {
            GradientNeeds::Input => backward.input(0),
            GradientNeeds::Output => backward.output(0),
        };
        let dx = backward.add(UnaryGradient(self.0), &[xy, dy])?;
        backward.set(0, dx);
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let y = inputs[0].data().iter().map(|&x| self.0.scalar(f64::from(x)) as f32).collect();
        vec![reference_tensor(&Shape::new(inputs[0].shape()), y)]
    }

    fn keeps_items_apart(&self, _inputs: &[&Shape], _batched: &[bool]) -> bool {
        true
    }

    fn kernel(
        &self,
        _inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(UnaryKernel { function: self.0, isa: context.isa }))
    }
}

#[derive(Debug)]
struct UnaryKernel {
    function: Function,
    isa: Isa,
}

impl Kernel for UnaryKernel {
    fn algorithm(&self) -> String {
        format!("{:?}", self.function)
    }

    fn in_place_input(&self) -> Option<usize> {
        Some(0)
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        if args.in_place {
            self.function.apply_in_place(self.isa, args.outputs[0]);
        } else {
            self.function.apply(self.isa, args.inputs[0], args.outputs[0]);
        }
    }
}

impl Operation for UnaryGradient {
    fn name(&self) -> &'static str {
        "UnaryGradient"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [xy, dy] if xy == dy => Ok(smallvec![(*dy).clone()]),
            _ => Err(shape_error(self, "takes a value and a gradient of the same shape", inputs)),
        }
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let mut dx = inputs[1].data().to_vec();
        self.0.gradient_in_place(Isa::Portable, inputs[0].data(), &mut dx);
        vec![reference_tensor(&Shape::new(inputs[1].shape()), dx)]
    }

    fn kernel(
        &self,
        _inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(UnaryGradientKernel { function: self.0, isa: context.isa }))
    }
}

#[derive(Debug)]
struct UnaryGradientKernel {
    function: Function,
    isa: Isa,
}

impl Kernel for UnaryGradientKernel {
    fn algorithm(&self) -> String {
        format!("{:?}", self.function)
    }

    fn in_place_input(&self) -> Option<usize> {
        Some(1)
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        if args.in_place {
            self.function.gradient_in_place(self.isa, args.inputs[0], args.outputs[0]);
        } else {
            let (xy, dy) = (args.inputs[0], args.inputs[1]);
            self.function.gradient(self.isa, xy, dy, args.outputs[0]);
        }
    }
}

/// The gradient before a fused activation, which is computed from the op's output.
pub(super) fn add_activation_gradient(
    activation: Option<Function>,
    backward: &mut Backward<'_>,
) -> Result<ValueId, GraphError> {
    let dy = backward.output_gradient();
    match activation {
        None => Ok(dy),
        Some(function) if function.gradient_needs() == GradientNeeds::Output => {
            let y = backward.output(0);
            backward.add(UnaryGradient(function), &[y, dy])
        }
        Some(_) => Err(backward.refuse("convolution fused with an activation of its input")),
    }
}
