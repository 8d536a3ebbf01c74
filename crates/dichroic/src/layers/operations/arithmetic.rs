//! Two values made one, element by element: `Arithmetic`.

use dichroic_graph::kernels::elementwise::{Binary, Unary};
use dichroic_graph::ops::{self, Operator};
use dichroic_graph::{GraphError, ValueId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open::broadcast_shape;
use super::words::words;
use crate::layers::arguments::written;
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

words! {
    /// What [`Arithmetic`] makes of two values. Truth is any number but 0; a condition is 1 or 0.
    pub enum ArithmeticKind {
        /// `a + b`
        Add = "add",
        /// `a - b`
        Subtract = "subtract",
        /// `a · b`
        Multiply = "multiply",
        /// `a / b`
        Divide = "divide",
        /// `a` to the power of `b`.
        Power = "power",
        /// The remainder with the sign of `b`, as Python's `%`.
        Modulo = "modulo",
        /// The remainder with the sign of `a`, as C's `fmod`.
        Remainder = "remainder",
        /// `a / b` without its fraction, as C divides whole numbers.
        IntegerDivide = "integer_divide",
        /// The larger one; NaN where either is.
        Maximum = "maximum",
        /// The smaller one; NaN where either is.
        Minimum = "minimum",
        /// Whether `a = b`.
        Equal = "equal",
        /// Whether `a ≠ b`.
        NotEqual = "not_equal",
        /// Whether `a < b`.
        Less = "less",
        /// Whether `a ≤ b`.
        LessOrEqual = "less_or_equal",
        /// Whether `a > b`.
        Greater = "greater",
        /// Whether `a ≥ b`.
        GreaterOrEqual = "greater_or_equal",
        /// Whether both are true.
        And = "and",
        /// Whether one or both are true.
        Or = "or",
        /// Whether exactly one is true.
        Xor = "xor",
        /// The bits that both whole numbers have.
        BitwiseAnd = "bitwise_and",
        /// The bits that one of both whole numbers has, or both.
        BitwiseOr = "bitwise_or",
        /// The bits that exactly one of both whole numbers has.
        BitwiseXor = "bitwise_xor",
        /// `a · 2ᵇ` of whole numbers.
        ShiftLeft = "shift_left",
        /// `⌊a / 2ᵇ⌋` of whole numbers.
        ShiftRight = "shift_right",
        /// `a` where it is not negative, else `a · b`: PReLU with a slope of any shape.
        ParametricRelu = "parametric_relu",
    }
}

/// `y = a ∘ b` for each element, all axes stretched by numpy's rules, the batch included.
///
/// Unlike `Add` and its kind it matches axes from the last one on, and takes values of any rank.
///
/// # Shapes
/// - inputs `a` and `b`, of sizes equal or 1 along each axis, counted from the last
/// - output the larger size along each axis
///
/// # Errors
/// When sizes differ and none is 1.
///
/// # Source
/// numpy's operators; ONNX `Add`, `Pow`, `Mod`, `Less`, `And`, `BitShift`, `PRelu` and their kind
///
/// ```
/// use dichroic::layers::{Arithmetic, ArithmeticKind, Layer};
/// use dichroic::Shape;
/// let power = Arithmetic::new(ArithmeticKind::Power);
/// let output = power.output_shape(&[Shape::batched(&[4, 3]), Shape::new([Some(3)])])?;
/// assert_eq!(output.to_string(), "(None, 4, 3)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Arithmetic {
    /// The operator.
    pub kind: ArithmeticKind,
}

impl Arithmetic {
    /// A layer that applies this operator.
    pub fn new(kind: ArithmeticKind) -> Self {
        Self { kind }
    }
}

/// How an operator is computed.
enum Lowered {
    Binary(Binary),
    /// With the second value first.
    Swapped(Binary),
    Operator(Operator),
    NotEqual,
}

impl ArithmeticKind {
    fn lowered(self) -> Lowered {
        match self {
            Self::Add => Lowered::Binary(Binary::Add),
            Self::Subtract => Lowered::Binary(Binary::Subtract),
            Self::Multiply => Lowered::Binary(Binary::Multiply),
            Self::Divide => Lowered::Binary(Binary::Divide),
            Self::Maximum => Lowered::Binary(Binary::Maximum),
            Self::Minimum => Lowered::Binary(Binary::Minimum),
            Self::Equal => Lowered::Binary(Binary::Equal),
            Self::NotEqual => Lowered::NotEqual,
            Self::Greater => Lowered::Binary(Binary::Greater),
            Self::GreaterOrEqual => Lowered::Binary(Binary::GreaterEqual),
            Self::Less => Lowered::Swapped(Binary::Greater),
            Self::LessOrEqual => Lowered::Swapped(Binary::GreaterEqual),
            Self::Power => Lowered::Operator(Operator::Power),
            Self::Modulo => Lowered::Operator(Operator::Modulo),
            Self::Remainder => Lowered::Operator(Operator::Remainder),
            Self::IntegerDivide => Lowered::Operator(Operator::IntegerDivide),
            Self::And => Lowered::Operator(Operator::And),
            Self::Or => Lowered::Operator(Operator::Or),
            Self::Xor => Lowered::Operator(Operator::Xor),
            Self::BitwiseAnd => Lowered::Operator(Operator::BitwiseAnd),
            Self::BitwiseOr => Lowered::Operator(Operator::BitwiseOr),
            Self::BitwiseXor => Lowered::Operator(Operator::BitwiseXor),
            Self::ShiftLeft => Lowered::Operator(Operator::ShiftLeft),
            Self::ShiftRight => Lowered::Operator(Operator::ShiftRight),
            Self::ParametricRelu => Lowered::Operator(Operator::ParametricRelu),
        }
    }
}

impl Layer for Arithmetic {
    fn class_name(&self) -> &'static str {
        "Arithmetic"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        match inputs.len() {
            2 => broadcast_shape(inputs),
            got => Err(LayerError::InputCount { expected: "two inputs", got }),
        }
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        let (a, b) = (lowering.inputs[0], lowering.inputs[1]);
        let y: Result<ValueId, GraphError> = match self.kind.lowered() {
            Lowered::Binary(kind) => lowering.add(ops::Binary::new(kind), &[a, b]),
            Lowered::Swapped(kind) => lowering.add(ops::Binary::new(kind), &[b, a]),
            Lowered::Operator(operator) => lowering.add(ops::Arithmetic(operator), &[a, b]),
            Lowered::NotEqual => {
                let equal = lowering.add(ops::Binary::new(Binary::Equal), &[a, b])?;
                lowering.add(ops::Unary(Unary::Affine { scale: -1.0, offset: 1.0 }), &[equal])
            }
        };
        Ok(y?)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
