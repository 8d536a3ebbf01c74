//! Functions of one value that activations don't need: trigonometry, rounding, tests of a value.

use dichroic_kernels::elementwise::math;
use dichroic_kernels::elementwise::reference::normal_distribution;
use dichroic_kernels::parallel;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::{reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

mod narrow;

/// A function of one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FunctionKind {
    /// The error function, `2/√π ∫₀ˣ e^(-t²) dt`.
    Erf,
    /// The sine.
    Sin,
    /// The cosine.
    Cos,
    /// The tangent.
    Tan,
    /// The angle whose sine it is.
    Asin,
    /// The angle whose cosine it is.
    Acos,
    /// The angle whose tangent it is.
    Atan,
    /// The hyperbolic sine.
    Sinh,
    /// The hyperbolic cosine.
    Cosh,
    /// The inverse of the hyperbolic sine.
    Asinh,
    /// The inverse of the hyperbolic cosine.
    Acosh,
    /// The inverse of the hyperbolic tangent.
    Atanh,
    /// The next whole number below.
    Floor,
    /// The next whole number above.
    Ceil,
    /// The nearest whole number, of two equally near the even one.
    Round,
    /// The whole number without the fraction.
    Trunc,
    /// -1, 0 or 1; NaN stays NaN.
    Sign,
    /// 1 for 0, 0 for any other number.
    Not,
    /// 1 for NaN, else 0.
    IsNan,
    /// 1 for an infinity, else 0.
    IsInfinite,
    /// 1 for +∞, else 0.
    IsPositiveInfinite,
    /// 1 for -∞, else 0.
    IsNegativeInfinite,
    /// The nearest number of IEEE 754's 16 bits, of two equally near the even one; ∞ from 65,520 on.
    Float16,
    /// The nearest number whose lower 16 bits are 0, of two equally near the even one.
    Bfloat16,
    /// `x - bias` above the threshold, `x + bias` below its negative, else 0.
    Shrink {
        /// Where 0 ends.
        threshold: f32,
        /// How far the rest moves towards 0.
        bias: f32,
    },
}

impl FunctionKind {
    /// `f(x)` by its definition.
    pub fn scalar(self, x: f64) -> f64 {
        let truth = |holds: bool| f64::from(u8::from(holds));
        match self {
            Self::Erf => 2.0 * normal_distribution(x * std::f64::consts::SQRT_2) - 1.0,
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Tan => x.tan(),
            Self::Asin => x.asin(),
            Self::Acos => x.acos(),
            Self::Atan => x.atan(),
            Self::Sinh => x.sinh(),
            Self::Cosh => x.cosh(),
            Self::Asinh => x.asinh(),
            Self::Acosh => x.acosh(),
            Self::Atanh => x.atanh(),
            Self::Floor => x.floor(),
            Self::Ceil => x.ceil(),
            Self::Round => x.round_ties_even(),
            Self::Trunc => x.trunc(),
            Self::Sign if x == 0.0 || x.is_nan() => x,
            Self::Sign => x.signum(),
            Self::Not => truth(x == 0.0),
            Self::IsNan => truth(x.is_nan()),
            Self::IsInfinite => truth(x.is_infinite()),
            Self::IsPositiveInfinite => truth(x == f64::INFINITY),
            Self::IsNegativeInfinite => truth(x == f64::NEG_INFINITY),
            Self::Float16 => f64::from(narrow::float16(x as f32)),
            Self::Bfloat16 => f64::from(narrow::bfloat16(x as f32)),
            Self::Shrink { threshold, bias } => {
                let (threshold, bias) = (f64::from(threshold), f64::from(bias));
                if x > threshold {
                    x - bias
                } else if x < -threshold {
                    x + bias
                } else {
                    0.0
                }
            }
        }
    }

    /// `f'(x)` by its formula; none for functions that move in steps.
    fn derivative(self, x: f64) -> Option<f64> {
        Some(match self {
            Self::Erf => std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp(),
            Self::Sin => x.cos(),
            Self::Cos => -x.sin(),
            Self::Tan => 1.0 + x.tan() * x.tan(),
            Self::Asin => 1.0 / (1.0 - x * x).sqrt(),
            Self::Acos => -1.0 / (1.0 - x * x).sqrt(),
            Self::Atan => 1.0 / (1.0 + x * x),
            Self::Sinh => x.cosh(),
            Self::Cosh => x.sinh(),
            Self::Asinh => 1.0 / (x * x + 1.0).sqrt(),
            Self::Acosh => 1.0 / (x * x - 1.0).sqrt(),
            Self::Atanh => 1.0 / (1.0 - x * x),
            // Rounding to fewer bits passes gradients, as a cast does.
            Self::Float16 | Self::Bfloat16 => 1.0,
            Self::Shrink { threshold, .. } => f64::from(u8::from(x.abs() > f64::from(threshold))),
            _ => return None,
        })
    }

    /// `y = f(x)` in `f32`.
    fn apply(self, x: &[f32], y: &mut [f32]) {
        let truth = |holds: bool| if holds { 1.0 } else { 0.0 };
        match self {
            Self::Erf => each(x, y, erf),
            Self::Sin => each(x, y, f32::sin),
            Self::Cos => each(x, y, f32::cos),
            Self::Floor => each(x, y, f32::floor),
            Self::Ceil => each(x, y, f32::ceil),
            Self::Round => each(x, y, f32::round_ties_even),
            Self::Trunc => each(x, y, f32::trunc),
            Self::Not => each(x, y, |x| truth(x == 0.0)),
            Self::IsNan => each(x, y, |x| truth(x.is_nan())),
            Self::Float16 => each(x, y, narrow::float16),
            Self::Bfloat16 => each(x, y, narrow::bfloat16),
            // What networks rarely compute is computed once and for all with bits to spare.
            rare => each(x, y, |x| rare.scalar(f64::from(x)) as f32),
        }
    }
}

fn each(x: &[f32], y: &mut [f32], f: impl Fn(f32) -> f32) {
    y.iter_mut().zip(x).for_each(|(y, &x)| *y = f(x));
}

/// The error function within 3 · 2⁻²⁴: its series up to 1, the tail of the normal distribution above.
fn erf(x: f32) -> f32 {
    /// `2/√π · (-1)ⁿ / (n! (2n + 1))`.
    const SERIES: [f32; 11] = [
        std::f32::consts::FRAC_2_SQRT_PI,
        -0.376_126_4,
        0.112_837_92,
        -2.686_617e-2,
        5.223_977_6e-3,
        -8.548_327e-4,
        1.205_533e-4,
        -1.492_565e-5,
        1.646_212e-6,
        -1.636_584_5e-7,
        1.480_719_3e-8,
    ];
    let square = x * x;
    let near = x * SERIES.iter().rev().fold(0.0, |sum, &term| sum * square + term);
    let (_, tail) = math::normal_distribution(-x.abs() * std::f32::consts::SQRT_2);
    let far = (1.0 - 2.0 * tail).copysign(x);
    if x.abs() <= 1.0 { near } else { far }
}

/// `y = f(x)` for each element.
///
/// # Source
/// numpy's functions of these names; ONNX `Erf`, `Sin`, `Round`, `IsInf`, `Shrink`, and `Cast` to 16 bits.
#[derive(Clone, Copy, Debug)]
pub struct Function(pub FunctionKind);

/// `dx = dy · f'(x)`, from `(x, dy)`.
#[derive(Clone, Copy, Debug)]
pub struct FunctionGradient(pub FunctionKind);

impl Operation for Function {
    fn name(&self) -> &'static str {
        "Function"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x] => Ok(smallvec![(*x).clone()]),
            _ => Err(shape_error(self, "takes one input", inputs)),
        }
    }

    /// Functions that move in steps have gradient 0.
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        if self.0.derivative(0.0).is_some() {
            let (x, dy) = (backward.input(0), backward.output_gradient());
            let dx = backward.add(FunctionGradient(self.0), &[x, dy])?;
            backward.set(0, dx);
        }
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
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(FunctionKernel(self.0)))
    }
}

/// Values that one thread takes at a time.
const BLOCK: usize = 4096;
/// About what a block of sines costs.
const BLOCK_NANOSECONDS: usize = 20_000;

#[derive(Debug)]
struct FunctionKernel(FunctionKind);

impl Kernel for FunctionKernel {
    fn algorithm(&self) -> String {
        format!("{:?}", self.0)
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let x = args.inputs[0];
        parallel::for_each_chunk(args.outputs[0], BLOCK, BLOCK_NANOSECONDS, |i, y| {
            self.0.apply(&x[i * BLOCK..], y);
        });
    }
}

impl Operation for FunctionGradient {
    fn name(&self) -> &'static str {
        "FunctionGradient"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        match inputs {
            [x, dy] if x == dy => Ok(smallvec![(*dy).clone()]),
            _ => Err(shape_error(self, "takes a value and a gradient of the same shape", inputs)),
        }
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let slopes = inputs[0].data().iter().map(|&x| self.0.derivative(f64::from(x)));
        let dx = slopes
            .zip(inputs[1].data())
            .map(|(slope, &dy)| (slope.unwrap_or(0.0) * f64::from(dy)) as f32)
            .collect();
        vec![reference_tensor(&Shape::new(inputs[1].shape()), dx)]
    }

    fn kernel(
        &self,
        _inputs: &[&Shape],
        _context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        Ok(Box::new(FunctionGradientKernel(self.0)))
    }
}

#[derive(Debug)]
struct FunctionGradientKernel(FunctionKind);

impl Kernel for FunctionGradientKernel {
    fn algorithm(&self) -> String {
        format!("{:?}", self.0)
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let (x, dy) = (args.inputs[0], args.inputs[1]);
        parallel::for_each_chunk(args.outputs[0], BLOCK, BLOCK_NANOSECONDS, |i, dx| {
            let from = i * BLOCK;
            for ((dx, &x), &dy) in dx.iter_mut().zip(&x[from..]).zip(&dy[from..]) {
                *dx = self.0.derivative(f64::from(x)).unwrap_or(0.0) as f32 * dy;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_to_the_even_neighbour() {
        let x = [0.5, 1.5, 2.5, -0.5, -1.5, 2.4, f32::NAN, f32::INFINITY];
        let mut y = [9.0; 8];
        FunctionKind::Round.apply(&x, &mut y);
        assert_eq!(y[..6], [0.0, 2.0, 2.0, -0.0, -2.0, 2.0]);
        assert!(y[6].is_nan() && y[7] == f32::INFINITY);
    }

    #[test]
    fn tests_of_a_value_answer_for_infinities_and_nan() {
        let x = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -2.0];
        for (kind, expected) in [
            (FunctionKind::IsNan, [1.0, 0.0, 0.0, 0.0, 0.0]),
            (FunctionKind::IsInfinite, [0.0, 1.0, 1.0, 0.0, 0.0]),
            (FunctionKind::IsPositiveInfinite, [0.0, 1.0, 0.0, 0.0, 0.0]),
            (FunctionKind::IsNegativeInfinite, [0.0, 0.0, 1.0, 0.0, 0.0]),
            (FunctionKind::Not, [0.0, 0.0, 0.0, 1.0, 0.0]),
        ] {
            let mut y = [9.0; 5];
            kind.apply(&x, &mut y);
            assert_eq!(y, expected, "{kind:?}");
        }
        assert!(FunctionKind::Sign.scalar(f64::NAN).is_nan());
    }

    #[test]
    fn the_error_function_keeps_its_bound() {
        for i in -4000..=4000 {
            let x = i as f32 / 1000.0;
            let expected = FunctionKind::Erf.scalar(f64::from(x));
            let distance = (f64::from(erf(x)) - expected).abs();
            assert!(distance <= 3.0 / f64::from(1 << 24), "erf({x}): {distance:e}");
        }
        assert!(erf(f32::NAN).is_nan());
        assert_eq!([erf(f32::INFINITY), erf(f32::NEG_INFINITY)], [1.0, -1.0]);
    }
}
