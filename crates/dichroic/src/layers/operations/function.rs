//! A function of each value: `Function`.

use dichroic_graph::kernels::elementwise::{Binary, Unary};
use dichroic_graph::ops::{self, FunctionKind};
use dichroic_graph::{Op, ValueId};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

use crate::layers::arguments::written;
use crate::layers::stencil::single;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// A function of one value. In a configuration it is its name, `"erf"`, or a map with its numbers,
/// `{"elu": {"alpha": 1.0}}`. Truth is any number but 0; a condition is 1 or 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MathFunction {
    /// `|x|`
    Abs,
    /// `-x`
    Negate,
    /// `x²`
    Square,
    /// `√x`
    Sqrt,
    /// `1 / √x`
    Rsqrt,
    /// `1 / x`
    Reciprocal,
    /// `eˣ`
    Exp,
    /// `ln x`
    Log,
    /// The error function.
    Erf,
    /// The sine.
    Sin,
    /// The cosine.
    Cos,
    /// The tangent.
    Tan,
    /// The inverse of the sine.
    Asin,
    /// The inverse of the cosine.
    Acos,
    /// The inverse of the tangent.
    Atan,
    /// The hyperbolic sine.
    Sinh,
    /// The hyperbolic cosine.
    Cosh,
    /// The hyperbolic tangent.
    Tanh,
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
    /// 1 for 0, else 0.
    Not,
    /// Whether it is NaN.
    IsNan,
    /// Whether it is infinite.
    IsInfinite,
    /// Whether it is +∞.
    IsPositiveInfinite,
    /// Whether it is -∞.
    IsNegativeInfinite,
    /// The nearest number of 16 bits (IEEE 754).
    Float16,
    /// The nearest number of 16 bits with the exponent of an `f32`.
    Bfloat16,
    /// `1 / (1 + e⁻ˣ)`
    Sigmoid,
    /// `ln(1 + eˣ)`
    Softplus,
    /// `x / (1 + |x|)`
    Softsign,
    /// `x · tanh(softplus(x))`
    Mish,
    /// `x · Φ(x)`, with the normal distribution `Φ`.
    Gelu,
    /// The approximation of GELU by `tanh`.
    GeluTanh,
    /// `x · clip(x/6 + 1/2, 0, 1)`, also called hard swish.
    HardSilu,
    /// `x`, negative ones times a slope.
    LeakyRelu {
        /// The slope for negative values.
        negative_slope: f32,
    },
    /// `x` if `x ≥ 0`, else `alpha · (eˣ - 1)`.
    Elu {
        /// Minus the limit for very negative values.
        alpha: f32,
    },
    /// `gamma · elu(x, alpha)`
    Selu {
        /// Minus the limit for very negative values, before the scale.
        alpha: f32,
        /// The scale.
        gamma: f32,
    },
    /// `max(x, 0) + alpha · (e^(min(x, 0)/alpha) - 1)`
    Celu {
        /// Minus the limit for very negative values.
        alpha: f32,
    },
    /// `clip(alpha · x + beta, 0, 1)`
    HardSigmoid {
        /// The slope.
        alpha: f32,
        /// The value at 0.
        beta: f32,
    },
    /// `x · sigmoid(alpha · x)`
    Swish {
        /// The steepness of the gate.
        alpha: f32,
    },
    /// `x` if `x > alpha`, else 0.
    ThresholdedRelu {
        /// Where 0 ends.
        alpha: f32,
    },
    /// `x - bias` above the threshold, `x + bias` below its negative, else 0.
    Shrink {
        /// Where 0 ends.
        threshold: f32,
        /// How far the rest moves towards 0.
        bias: f32,
    },
    /// `scale · x + offset`
    Affine {
        /// The factor.
        scale: f32,
        /// What is added.
        offset: f32,
    },
}

/// The ops that compute a function one after the other.
fn ops_of(function: MathFunction) -> Vec<Op> {
    use MathFunction as F;
    let unary = |function| vec![ops::Unary(function).into()];
    let special = |kind| vec![ops::Function(kind).into()];
    match function {
        F::Abs => unary(Unary::Abs),
        F::Negate => unary(Unary::Negate),
        F::Square => unary(Unary::Square),
        F::Sqrt => unary(Unary::Sqrt),
        F::Rsqrt => unary(Unary::Rsqrt),
        F::Reciprocal => unary(Unary::Reciprocal),
        F::Exp => unary(Unary::Exponential),
        F::Log => unary(Unary::Log),
        F::Tanh => unary(Unary::Tanh),
        F::Sigmoid => unary(Unary::Sigmoid),
        F::Softplus => unary(Unary::Softplus),
        F::Softsign => unary(Unary::Softsign),
        F::Mish => unary(Unary::Mish),
        F::Gelu => unary(Unary::Gelu),
        F::GeluTanh => unary(Unary::GeluTanh),
        F::HardSilu => unary(Unary::HardSilu),
        F::LeakyRelu { negative_slope } => unary(Unary::LeakyRelu { negative_slope }),
        F::Elu { alpha } => unary(Unary::Elu { alpha }),
        F::Celu { alpha } => unary(Unary::Celu { alpha }),
        F::ThresholdedRelu { alpha } => unary(Unary::Threshold { threshold: alpha, value: 0.0 }),
        F::Affine { scale, offset } => unary(Unary::Affine { scale, offset }),
        F::Selu { alpha, gamma } => vec![
            ops::Unary(Unary::Elu { alpha }).into(),
            ops::Unary(Unary::Affine { scale: gamma, offset: 0.0 }).into(),
        ],
        F::HardSigmoid { alpha, beta } => vec![
            ops::Unary(Unary::Affine { scale: alpha, offset: beta }).into(),
            ops::Unary(Unary::Clip { min: 0.0, max: 1.0 }).into(),
        ],
        // Times x at the end.
        F::Swish { alpha } => vec![
            ops::Unary(Unary::Affine { scale: alpha, offset: 0.0 }).into(),
            ops::Unary(Unary::Sigmoid).into(),
        ],
        F::Shrink { threshold, bias } => special(FunctionKind::Shrink { threshold, bias }),
        F::Erf => special(FunctionKind::Erf),
        F::Sin => special(FunctionKind::Sin),
        F::Cos => special(FunctionKind::Cos),
        F::Tan => special(FunctionKind::Tan),
        F::Asin => special(FunctionKind::Asin),
        F::Acos => special(FunctionKind::Acos),
        F::Atan => special(FunctionKind::Atan),
        F::Sinh => special(FunctionKind::Sinh),
        F::Cosh => special(FunctionKind::Cosh),
        F::Asinh => special(FunctionKind::Asinh),
        F::Acosh => special(FunctionKind::Acosh),
        F::Atanh => special(FunctionKind::Atanh),
        F::Floor => special(FunctionKind::Floor),
        F::Ceil => special(FunctionKind::Ceil),
        F::Round => special(FunctionKind::Round),
        F::Trunc => special(FunctionKind::Trunc),
        F::Sign => special(FunctionKind::Sign),
        F::Not => special(FunctionKind::Not),
        F::IsNan => special(FunctionKind::IsNan),
        F::IsInfinite => special(FunctionKind::IsInfinite),
        F::IsPositiveInfinite => special(FunctionKind::IsPositiveInfinite),
        F::IsNegativeInfinite => special(FunctionKind::IsNegativeInfinite),
        F::Float16 => special(FunctionKind::Float16),
        F::Bfloat16 => special(FunctionKind::Bfloat16),
    }
}

/// A function of each value, by name: those of `Activation`, and what is none.
///
/// # Shapes
/// - input and output any
///
/// # Errors
/// When no function has the name, or a number is missing.
///
/// # Source
/// numpy's functions of these names; ONNX `Erf`, `Sin`, `Round`, `Not`, `IsNaN`, `HardSigmoid`, `Shrink` and their kind
///
/// ```
/// use dichroic::layers::{Function, Layer, MathFunction};
/// assert_eq!(Function::new(MathFunction::Erf).config()["function"], "erf");
/// let elu = Function::new(MathFunction::Elu { alpha: 0.5 });
/// assert_eq!(elu.config()["function"]["elu"]["alpha"], 0.5);
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Function {
    /// The function.
    #[serde(deserialize_with = "read_function")]
    pub function: MathFunction,
}

impl Function {
    /// A layer that applies this function.
    pub fn new(function: MathFunction) -> Self {
        Self { function }
    }
}

fn read_function<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MathFunction, D::Error> {
    let written = Value::deserialize(deserializer)?;
    serde_json::from_value(written).map_err(|_| {
        de::Error::custom(
            "must be the name of a function (\"erf\"), or a map with its numbers ({\"elu\": {\"alpha\": 1.0}})",
        )
    })
}

impl Layer for Function {
    fn class_name(&self) -> &'static str {
        "Function"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        single(inputs).cloned()
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let mut y = x;
        for op in ops_of(self.function) {
            y = lowering.add(op, &[y])?;
        }
        match self.function {
            MathFunction::Swish { .. } => lowering.binary(Binary::Multiply, x, y),
            _ => Ok(y),
        }
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
