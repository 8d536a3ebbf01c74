//! Arithmetic of two values, stretched to each other by numpy's rules.

use dichroic_kernels::elementwise::{Binary as Kind, BinaryPlan, reference};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{Reduce, Reshape, UnaryFunction, Unary, kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::graph::ValueId;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y = a ∘ b` for each element; axes are aligned at the end, and an axis of size 1 is stretched.
///
/// # Errors
/// Shapes that can't be stretched to each other.
///
/// # Source
/// numpy, "Broadcasting".
#[derive(Clone, Copy, Debug)]
pub struct Binary {
    /// The operator.
    pub kind: Kind,
}

impl Binary {
    /// The op of an operator.
    pub fn new(kind: Kind) -> Self {
        Self { kind }
    }
}

impl Operation for Binary {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Add => "Add",
            Kind::Subtract => "Subtract",
            Kind::Multiply => "Multiply",
            Kind::Divide => "Divide",
            Kind::Maximum => "Maximum",
            Kind::Minimum => "Minimum",
            Kind::GreaterEqual => "GreaterEqual",
            Kind::Greater => "Greater",
            Kind::Equal => "Equal",
        }
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let [a, b] = inputs else { return Err(shape_error(self, "takes two inputs", inputs)) };
        let shape = dichroic_kernels::broadcast::broadcast_shape(self.name(), a, b)
            .map_err(|error| shape_error(self, error.to_string(), inputs))?;
        Ok(smallvec![Shape::from(shape)])
    }

    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let dy = backward.output_gradient();
        let (a, b) = (backward.input(0), backward.input(1));
        let multiply = Binary::new(Kind::Multiply);
        let divide = Binary::new(Kind::Divide);
        let negate = Unary(UnaryFunction::Negate);
        let (da, db) = match self.kind {
            Kind::Add => (Some(dy), Some(dy)),
            Kind::Subtract => {
                let db = if backward.needs(1) { Some(backward.add(negate, &[dy])?) } else { None };
                (Some(dy), db)
            }
            Kind::Multiply => {
                let da = if backward.needs(0) { Some(backward.add(multiply, &[dy, b])?) } else { None };
                let db = if backward.needs(1) { Some(backward.add(multiply, &[dy, a])?) } else { None };
                (da, db)
            }
            Kind::Divide => {
                let da = backward.add(divide, &[dy, b])?;
                let db = if backward.needs(1) {
                    let y = backward.output(0);
                    let product = backward.add(multiply, &[da, y])?;
                    Some(backward.add(negate, &[product])?)
                } else {
                    None
                };
                (Some(da), db)
            }
            // Where both are equal the first input takes the whole gradient, as in TensorFlow.
            Kind::Maximum | Kind::Minimum => {
                let inputs = if self.kind == Kind::Maximum { [a, b] } else { [b, a] };
                let chosen = backward.add(Binary::new(Kind::GreaterEqual), &inputs)?;
                let da = backward.add(multiply, &[dy, chosen])?;
                let db = backward.add(Binary::new(Kind::Subtract), &[dy, da])?;
                (Some(da), Some(db))
            }
            Kind::GreaterEqual | Kind::Greater | Kind::Equal => (None, None),
        };
        for (index, gradient) in [da, db].into_iter().enumerate() {
            if let (Some(gradient), true) = (gradient, backward.needs(index)) {
                let summed = sum_to_shape_of(gradient, backward.input(index), backward)?;
                backward.set(index, summed);
            }
        }
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let (a, b) = (Shape::new(inputs[0].shape()), Shape::new(inputs[1].shape()));
        let shape = self.infer(&[&a, &b]).expect("shapes were inferred before").remove(0);
        let mut y = Vec::with_capacity(shape.elements());
        reference::for_each_index(&shape, |index| {
            let at = |tensor: &Tensor| {
                f64::from(tensor.data()[reference::broadcast_offset(index, tensor.shape())])
            };
            y.push(self.kind.scalar(at(inputs[0]), at(inputs[1])) as f32);
        });
        vec![reference_tensor(&shape, y)]
    }

    fn keeps_items_apart(&self, inputs: &[&Shape], batched: &[bool]) -> bool {
        // Axes are matched from the last one on: among operands of different rank the batch of one would
        // meet another axis of the other.
        let rank = inputs.iter().map(|shape| shape.len()).max();
        inputs.iter().zip(batched).all(|(shape, &batched)| !batched || Some(shape.len()) == rank)
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let plan = BinaryPlan::new(self.kind, inputs[0], inputs[1], context.isa)
            .map_err(|error| kernel_error(self, error, inputs))?;
        Ok(Box::new(BinaryKernel(plan)))
    }
}

/// Sums a gradient over the axes along which a value was stretched.
pub(super) fn sum_to_shape_of(
    gradient: ValueId,
    value: ValueId,
    backward: &mut Backward<'_>,
) -> Result<ValueId, GraphError> {
    let (from, to) = (backward.shape(gradient).clone(), backward.shape(value).clone());
    if from == to {
        return Ok(gradient);
    }
    let added = from.len() - to.len();
    let axes: Vec<usize> = (0..from.len())
        .filter(|&axis| axis < added || (to[axis - added] == 1 && from[axis] != 1))
        .collect();
    let sum = backward.add(Reduce::sum(axes), &[gradient])?;
    backward.add(Reshape { shape: to }, &[sum])
}

#[derive(Debug)]
struct BinaryKernel(BinaryPlan);

impl Kernel for BinaryKernel {
    fn algorithm(&self) -> String {
        String::from("element-wise")
    }

    fn in_place_input(&self) -> Option<usize> {
        self.0.can_run_in_place().then_some(0)
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        if args.in_place {
            self.0.run_in_place(args.outputs[0], args.inputs[1]);
        } else {
            self.0.run(args.inputs[0], args.inputs[1], args.outputs[0]);
        }
    }
}
