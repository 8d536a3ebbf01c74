//! Arithmetic of two values that activations and training don't need: powers, remainders, logic, bits.

use dichroic_kernels::broadcast::broadcast_shape;
use dichroic_kernels::elementwise::{Binary as Kind, reference};
use dichroic_kernels::parallel;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::binary::sum_to_shape_of;
use super::stretched::{Stretched, batches_meet};
use super::{Binary, Unary, UnaryFunction, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::graph::ValueId;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// An operator between two values. Truth is any number but 0; the result of a comparison is 1 or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `a` to the power of `b`.
    Power,
    /// `a - ⌊a / b⌋ · b`: the remainder with the sign of `b`, as Python's `%`.
    Modulo,
    /// `a - trunc(a / b) · b`: the remainder with the sign of `a`, as C's `fmod`.
    Remainder,
    /// `a / b` without its fraction, as whole numbers are divided in C.
    IntegerDivide,
    /// 1 where both are true.
    And,
    /// 1 where at least one is true.
    Or,
    /// 1 where exactly one is true.
    Xor,
    /// The bits that both whole numbers have.
    BitwiseAnd,
    /// The bits that at least one of both whole numbers has.
    BitwiseOr,
    /// The bits that exactly one of both whole numbers has.
    BitwiseXor,
    /// `a · 2ᵇ` of whole numbers of 64 bits.
    ShiftLeft,
    /// `⌊a / 2ᵇ⌋` of whole numbers of 64 bits.
    ShiftRight,
    /// `a` where it is not negative, else `a · b`.
    ParametricRelu,
}

impl Operator {
    /// `f(a, b)` by its definition.
    pub fn scalar(self, a: f64, b: f64) -> f64 {
        let truth = |holds: bool| f64::from(u8::from(holds));
        match self {
            Self::Power => a.powf(b),
            Self::Modulo => match a % b {
                // A zero has the sign of the divisor, as in numpy.
                0.0 => 0.0_f64.copysign(b),
                rest if (rest < 0.0) != (b < 0.0) => rest + b,
                rest => rest,
            },
            Self::Remainder => a % b,
            Self::IntegerDivide => (a / b).trunc(),
            Self::And => truth(a != 0.0 && b != 0.0),
            Self::Or => truth(a != 0.0 || b != 0.0),
            Self::Xor => truth((a != 0.0) != (b != 0.0)),
            Self::BitwiseAnd => (a as i64 & b as i64) as f64,
            Self::BitwiseOr => (a as i64 | b as i64) as f64,
            Self::BitwiseXor => (a as i64 ^ b as i64) as f64,
            Self::ShiftLeft => (a as i64).checked_shl(b as u32).unwrap_or(0) as f64,
            Self::ShiftRight => {
                let all_gone = if a < 0.0 { -1 } else { 0 };
                (a as i64).checked_shr(b as u32).unwrap_or(all_gone) as f64
            }
            Self::ParametricRelu => {
                if a < 0.0 {
                    a * b
                } else {
                    a
                }
            }
        }
    }
}

/// `y = a ∘ b` for each element; axes are aligned at the end, and an axis of size 1 is stretched.
///
/// # Errors
/// Shapes that can't be stretched to each other.
///
/// # Source
/// numpy `power`, `mod`, `fmod`, `logical_and`, `bitwise_and`, `left_shift`; ONNX `Pow`, `Mod`, `And`, `BitShift`, `PRelu`.
#[derive(Clone, Copy, Debug)]
pub struct Arithmetic(pub Operator);

impl Operation for Arithmetic {
    fn name(&self) -> &'static str {
        match self.0 {
            Operator::Power => "Power",
            Operator::Modulo => "Modulo",
            Operator::Remainder => "Remainder",
            Operator::IntegerDivide => "IntegerDivide",
            Operator::And => "And",
            Operator::Or => "Or",
            Operator::Xor => "Xor",
            Operator::BitwiseAnd => "BitwiseAnd",
            Operator::BitwiseOr => "BitwiseOr",
            Operator::BitwiseXor => "BitwiseXor",
            Operator::ShiftLeft => "ShiftLeft",
            Operator::ShiftRight => "ShiftRight",
            Operator::ParametricRelu => "ParametricRelu",
        }
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let [a, b] = inputs else { return Err(shape_error(self, "takes two inputs", inputs)) };
        let shape = broadcast_shape(self.name(), a, b)
            .map_err(|error| shape_error(self, error.to_string(), inputs))?;
        Ok(smallvec![Shape::from(shape)])
    }

    /// Where the result moves in steps, the gradient is 0.
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let gradients = match self.0 {
            Operator::Power => power_gradients(backward)?,
            Operator::Modulo | Operator::Remainder => remainder_gradients(backward)?,
            Operator::ParametricRelu => parametric_relu_gradients(backward)?,
            _ => return Ok(()),
        };
        for (index, gradient) in gradients.into_iter().enumerate() {
            if backward.needs(index) {
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
            y.push(self.0.scalar(at(inputs[0]), at(inputs[1])) as f32);
        });
        vec![reference_tensor(&shape, y)]
    }

    fn keeps_items_apart(&self, inputs: &[&Shape], batched: &[bool]) -> bool {
        batches_meet(inputs, batched)
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let shape = self.infer(inputs)?.remove(0);
        let walk = Stretched::new(&shape, [inputs[0], inputs[1]]);
        Ok(Box::new(ArithmeticKernel { operator: self.0, walk }))
    }
}

/// `dy · b · a^(b - 1)` and `dy · y · ln a`, the latter 0 where `a` has no logarithm.
fn power_gradients(backward: &mut Backward<'_>) -> Result<[ValueId; 2], GraphError> {
    let (multiply, power) = (Binary::new(Kind::Multiply), Arithmetic(Operator::Power));
    let (a, b, y) = (backward.input(0), backward.input(1), backward.output(0));
    let dy = backward.output_gradient();
    let less = Unary(UnaryFunction::Affine { scale: 1.0, offset: -1.0 });
    let less = backward.add(less, &[b])?;
    let slope = backward.add(power, &[a, less])?;
    let slope = backward.add(multiply, &[b, slope])?;
    let da = backward.add(multiply, &[dy, slope])?;
    if !backward.needs(1) {
        return Ok([da, da]);
    }
    let least = backward.scalar(f32::MIN_POSITIVE);
    let zero = backward.scalar(0.0);
    let positive = backward.add(Binary::new(Kind::Greater), &[a, zero])?;
    let logarithm = backward.add(Binary::new(Kind::Maximum), &[a, least])?;
    let logarithm = backward.add(Unary(UnaryFunction::Log), &[logarithm])?;
    let logarithm = backward.add(multiply, &[positive, logarithm])?;
    let growth = backward.add(multiply, &[y, logarithm])?;
    let db = backward.add(multiply, &[dy, growth])?;
    Ok([da, db])
}

/// `dy` and `-dy · (a - y) / b`: between its steps the quotient is constant.
fn remainder_gradients(backward: &mut Backward<'_>) -> Result<[ValueId; 2], GraphError> {
    let (a, b, y) = (backward.input(0), backward.input(1), backward.output(0));
    let dy = backward.output_gradient();
    if !backward.needs(1) {
        return Ok([dy, dy]);
    }
    let quotient = backward.add(Binary::new(Kind::Subtract), &[y, a])?;
    let quotient = backward.add(Binary::new(Kind::Divide), &[quotient, b])?;
    let db = backward.add(Binary::new(Kind::Multiply), &[dy, quotient])?;
    Ok([dy, db])
}

/// `dy · (1 where a ≥ 0, else b)` and `dy · min(a, 0)`.
fn parametric_relu_gradients(backward: &mut Backward<'_>) -> Result<[ValueId; 2], GraphError> {
    let multiply = Binary::new(Kind::Multiply);
    let (a, b) = (backward.input(0), backward.input(1));
    let dy = backward.output_gradient();
    let zero = backward.scalar(0.0);
    let negative = backward.add(Binary::new(Kind::Greater), &[zero, a])?;
    let change = backward.add(Unary(UnaryFunction::Affine { scale: 1.0, offset: -1.0 }), &[b])?;
    let slope = backward.add(multiply, &[negative, change])?;
    let slope = backward.add(Unary(UnaryFunction::Affine { scale: 1.0, offset: 1.0 }), &[slope])?;
    let da = backward.add(multiply, &[dy, slope])?;
    let below = backward.add(Binary::new(Kind::Minimum), &[a, zero])?;
    let db = backward.add(multiply, &[dy, below])?;
    Ok([da, db])
}

/// Values that one thread takes at a time.
const BLOCK: usize = 4096;
/// About what a block of powers costs.
const BLOCK_NANOSECONDS: usize = 40_000;

#[derive(Debug)]
struct ArithmeticKernel {
    operator: Operator,
    walk: Stretched,
}

impl Kernel for ArithmeticKernel {
    fn algorithm(&self) -> String {
        String::from("element-wise")
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (a, b) = (args.inputs[0], args.inputs[1]);
        parallel::for_each_chunk(args.outputs[0], BLOCK, BLOCK_NANOSECONDS, |i, block| {
            self.walk.pieces(i * BLOCK, block, |piece, at| {
                self.piece(piece, (&a[at[0]..], &b[at[1]..]));
            });
        });
    }
}

impl ArithmeticKernel {
    /// One loop for each operator, so that the choice is made once a piece.
    fn piece(&self, piece: &mut [f32], operands: (&[f32], &[f32])) {
        match self.operator {
            // Squares are what most powers are.
            Operator::Power => self.walk.zip(piece, operands, |a, b| {
                if b == 2.0 { a * a } else { a.powf(b) }
            }),
            Operator::Remainder => self.walk.zip(piece, operands, |a, b| a % b),
            Operator::ParametricRelu => {
                self.walk.zip(piece, operands, |a, b| if a < 0.0 { a * b } else { a });
            }
            // Exact in either precision.
            operator => self.walk.zip(piece, operands, |a, b| {
                operator.scalar(f64::from(a), f64::from(b)) as f32
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remainders_have_the_sign_of_the_divisor_or_of_the_dividend() {
        for (a, b, modulo, remainder) in [
            (7.0, 3.0, 1.0, 1.0),
            (-7.0, 3.0, 2.0, -1.0),
            (7.0, -3.0, -2.0, 1.0),
            (-7.0, -3.0, -1.0, -1.0),
            (5.0, f64::INFINITY, 5.0, 5.0),
            (-5.0, f64::INFINITY, f64::INFINITY, -5.0),
        ] {
            assert_eq!(Operator::Modulo.scalar(a, b), modulo, "{a} % {b}");
            assert_eq!(Operator::Remainder.scalar(a, b), remainder, "fmod({a}, {b})");
        }
        assert!(Operator::Modulo.scalar(1.0, 0.0).is_nan());
        assert!(Operator::Modulo.scalar(-6.0, 3.0).is_sign_positive());
        assert!(Operator::Modulo.scalar(6.0, -3.0).is_sign_negative());
    }

    #[test]
    fn whole_numbers_are_divided_towards_zero() {
        for (a, b, y) in [(7.0, 2.0, 3.0), (-7.0, 2.0, -3.0), (7.0, -2.0, -3.0), (1.0, 3.0, 0.0)] {
            assert_eq!(Operator::IntegerDivide.scalar(a, b), y);
        }
    }

    #[test]
    fn bits_are_those_of_whole_numbers_and_may_be_shifted_out() {
        assert_eq!(Operator::BitwiseAnd.scalar(12.0, 10.0), 8.0);
        assert_eq!(Operator::BitwiseOr.scalar(12.0, 10.0), 14.0);
        assert_eq!(Operator::BitwiseXor.scalar(-1.0, 10.0), -11.0);
        assert_eq!(Operator::ShiftLeft.scalar(3.0, 4.0), 48.0);
        assert_eq!(Operator::ShiftRight.scalar(-5.0, 1.0), -3.0);
        assert_eq!(Operator::ShiftLeft.scalar(3.0, 64.0), 0.0);
        assert_eq!(Operator::ShiftRight.scalar(-3.0, 80.0), -1.0);
    }
}
