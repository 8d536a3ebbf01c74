//! What can be wrong with a graph, a plan or a run.

use crate::shape::Shape;

/// Why a graph can't be built, planned or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// An op can't take these inputs.
    #[error("{op}: {rule}, got {}", list(got))]
    Shapes {
        /// The op's name.
        op: &'static str,
        /// What it needs.
        rule: String,
        /// The shapes that came.
        got: Vec<Shape>,
    },
    /// A kernel can't be made for the op.
    #[error("{op} on {}: {reason}", list(inputs))]
    Kernel {
        /// The op's name.
        op: &'static str,
        /// The shapes of its inputs.
        inputs: Vec<Shape>,
        /// Why.
        reason: String,
    },
    /// The op has no gradient rule: it is itself a gradient, or a choice.
    #[error("{op} in {scope:?} has no gradient")]
    NoGradient {
        /// The op's name.
        op: &'static str,
        /// The layer it belongs to.
        scope: String,
    },
    /// A gradient was asked for a value with more than one element.
    #[error("gradients start from a single number, got a value of shape {got}")]
    LossNotScalar {
        /// The shape of the value.
        got: Shape,
    },
    /// A pass or a caller broke a rule of the graph.
    #[error("graph rule broken after {pass}: {rule}")]
    Rule {
        /// The pass after which the rule was checked.
        pass: &'static str,
        /// The rule, with the node.
        rule: String,
    },
    /// A run was given the wrong number of inputs.
    #[error("the plan has {expected} inputs, got {got}")]
    InputCount {
        /// Inputs of the plan.
        expected: usize,
        /// Inputs that came.
        got: usize,
    },
    /// An input has the wrong length.
    #[error("input {name:?} has shape {shape} ({} values), got {got} values", shape.elements())]
    InputLength {
        /// The input's name.
        name: String,
        /// The shape it needs.
        shape: Shape,
        /// The number of values that came.
        got: usize,
    },
    /// A parameter is missing or has the wrong length.
    #[error("parameter {index} needs {expected} values, got {got}")]
    ParameterLength {
        /// The parameter's number.
        index: usize,
        /// Values needed.
        expected: usize,
        /// Values found; 0 if there is no such parameter.
        got: usize,
    },
    /// A value was read that the plan does not keep.
    #[error("value {index} is not kept by the plan; name it in the plan's outputs or keep list")]
    NotKept {
        /// The value's number.
        index: usize,
    },
    /// The sizes of the plan go past what can be addressed.
    #[error("the plan needs more memory than can be addressed: {what}")]
    TooLarge {
        /// What overflowed.
        what: String,
    },
    /// A constant can't be made.
    #[error("constant: {0}")]
    Tensor(#[from] dichroic_kernels::tensor::TensorError),
    /// The plan needs more memory than there is.
    #[error(
        "the plan needs {needed} bytes of memory, {available} are available; use a smaller batch or input"
    )]
    Memory {
        /// Bytes of the plan's arena.
        needed: u64,
        /// Bytes that can be taken without swapping.
        available: u64,
    },
    /// The memory of the plan can't be had, or is lent wrongly.
    #[error("plan memory: {0}")]
    Arena(#[from] dichroic_kernels::arena::ArenaError),
}

fn list(shapes: &[Shape]) -> String {
    shapes.iter().map(Shape::to_string).collect::<Vec<_>>().join(", ")
}
