//! Values of some axes made one: Reduce*.

use dichroic::layers::{
    Arithmetic, ArithmeticKind, Clip, Function, MathFunction, Reduction, ReductionKind,
};

use super::axes::{named, places, resolved};
use super::broadcast::input;
use super::extents::squeezed;
use super::{Operator, Value};
use crate::error::Located;
use crate::onnx::import::{Node, Variable};

pub(super) const OPERATORS: &[Operator] = &[
    ("ReduceL1", 1..=23, |node| reduce(node, &ABSOLUTE_SUM)),
    ("ReduceL2", 1..=23, |node| reduce(node, &LENGTH)),
    ("ReduceLogSum", 1..=23, |node| reduce(node, &LOG_OF_SUM)),
    ("ReduceLogSumExp", 1..=23, log_sum_exp),
    ("ReduceMax", 1..=23, |node| reduce(node, &Steps::only(ReductionKind::Max))),
    ("ReduceMean", 1..=23, |node| reduce(node, &Steps::only(ReductionKind::Mean))),
    ("ReduceMin", 1..=23, |node| reduce(node, &Steps::only(ReductionKind::Min))),
    ("ReduceProd", 1..=23, |node| reduce(node, &Steps::only(ReductionKind::Product))),
    ("ReduceSum", 1..=23, |node| reduce(node, &Steps::only(ReductionKind::Sum))),
    ("ReduceSumSquare", 1..=23, |node| reduce(node, &SUM_OF_SQUARES)),
];

/// What happens to each value, how they become one, and what happens to that.
struct Steps {
    before: Option<MathFunction>,
    kind: ReductionKind,
    after: Option<MathFunction>,
}

impl Steps {
    const fn only(kind: ReductionKind) -> Self {
        Self { before: None, kind, after: None }
    }
}

const ABSOLUTE_SUM: Steps =
    Steps { before: Some(MathFunction::Abs), ..Steps::only(ReductionKind::Sum) };
const LENGTH: Steps = Steps { after: Some(MathFunction::Sqrt), ..SUM_OF_SQUARES };
const LOG_OF_SUM: Steps =
    Steps { after: Some(MathFunction::Log), ..Steps::only(ReductionKind::Sum) };
const SUM_OF_SQUARES: Steps =
    Steps { before: Some(MathFunction::Square), ..Steps::only(ReductionKind::Sum) };

/// The axes that are reduced, and whether they stay with size 1.
struct Reduced {
    axes: Vec<usize>,
    keep: bool,
}

impl Reduced {
    /// What the node says; `None` where it says that nothing is reduced.
    fn of(node: &Node<'_, '_>, x: &Variable) -> Result<Option<Self>, Located> {
        let keep = node.attributes.int_or("keepdims", 1)? != 0;
        let nothing = node.attributes.flag("noop_with_empty_axes")?;
        Ok(match named(node, 1)? {
            Some(axes) if !axes.is_empty() => Some(Self { axes: resolved(&axes, x.rank())?, keep }),
            _ if nothing => None,
            _ => Some(Self { axes: (0..x.rank()).collect(), keep }),
        })
    }
}

fn reduce<'a>(node: &mut Node<'_, 'a>, steps: &Steps) -> Result<Vec<Value<'a>>, Located> {
    let x = input(node, 0)?;
    let Some(reduced) = Reduced::of(node, &x)? else { return Ok(vec![Value::Variable(x)]) };
    let mut symbol = x.symbol.clone();
    if let Some(before) = steps.before {
        symbol = node.layer(Function::new(before), &symbol)?;
    }
    let layer = Reduction::new(steps.kind, places(&x, &reduced.axes), reduced.keep);
    // No axes would mean all of them to the layer.
    if !reduced.axes.is_empty() {
        symbol = node.layer(layer, &symbol)?;
    }
    if let Some(after) = steps.after {
        symbol = node.layer(Function::new(after), &symbol)?;
    }
    let order = if reduced.keep { x.order.clone() } else { x.order.without(&reduced.axes) };
    Ok(vec![Value::Variable(x.with(symbol).ordered(order))])
}

/// `m + ln Σ exp(x - m)` with the greatest value `m`, which can't overflow.
fn log_sum_exp<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = input(node, 0)?;
    let Some(reduced) = Reduced::of(node, &x)? else { return Ok(vec![Value::Variable(x)]) };
    let y = x.with(log_of_exponentials(node, &x, &reduced.axes)?);
    let y = if reduced.keep { y } else { squeezed(node, &y, &reduced.axes)? };
    Ok(vec![Value::Variable(y)])
}

/// `ln Σ exp(x)` along these axes, which stay with size 1.
pub(super) fn log_of_exponentials(
    node: &mut Node<'_, '_>,
    x: &Variable,
    axes: &[usize],
) -> Result<dichroic::model::Symbol, Located> {
    let places = places(x, axes);
    let largest = Reduction::new(ReductionKind::Max, places.clone(), true);
    let largest = node.layer(largest, &x.symbol)?;
    // The largest of no values is -∞, and ∞ less ∞ no number.
    let largest = node.layer(Clip::new(Some(f32::MIN), Some(f32::MAX)), &largest)?;
    let subtract = Arithmetic::new(ArithmeticKind::Subtract);
    let below = node.builder.layer(subtract, &[x.symbol.clone(), largest.clone()])?;
    let powers = node.layer(Function::new(MathFunction::Exp), &below)?;
    let sum = node.layer(Reduction::new(ReductionKind::Sum, places, true), &powers)?;
    let log = node.layer(Function::new(MathFunction::Log), &sum)?;
    node.builder.layer(Arithmetic::new(ArithmeticKind::Add), &[log, largest])
}
