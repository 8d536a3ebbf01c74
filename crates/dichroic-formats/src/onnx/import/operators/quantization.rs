//! Whole numbers in place of reals: QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear.

use dichroic::layers::{
    Arithmetic, ArithmeticKind, Clip, Function, MathFunction, Reduction, ReductionKind,
};
use dichroic::model::Symbol;

use super::broadcast::{aligned, input};
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, ElementType, Node, Variable, resolve};

pub(super) const OPERATORS: &[Operator] = &[
    ("DequantizeLinear", 10..=23, dequantize),
    ("DynamicQuantizeLinear", 11..=23, dynamic_quantize),
    ("QuantizeLinear", 10..=23, quantize),
];

/// `saturate(round(x / scale) + zero point)`
fn quantize<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    // They concern 8-bit floats and the precision of the division.
    node.attributes.ignore("saturate");
    node.attributes.ignore("precision");
    let element = match (node.optional(2), node.attributes.int_or("output_dtype", 0)?) {
        (Some(zero), _) => zero.element(),
        (None, 0) => ElementType::UInt8,
        (None, number) => ElementType::from_number(number)?,
    };
    let x = input(node, 0)?;
    spread_parameters(node, &x)?;
    let y = aligned(node, &[0, 1])?.layer(node, Arithmetic::new(ArithmeticKind::Divide))?;
    let rounded = node.layer(Function::new(MathFunction::Round), &y.symbol)?;
    let mut y = y.with(rounded);
    if node.has(2) {
        node.inputs[0] = Some(Value::Variable(y));
        y = aligned(node, &[0, 2])?.layer(node, Arithmetic::new(ArithmeticKind::Add))?;
    }
    saturated(node, &y, element).map(|y| vec![Value::Variable(y)])
}

/// The value clipped to the range of a type of whole numbers.
pub(super) fn saturated(
    node: &mut Node<'_, '_>,
    x: &Variable,
    element: ElementType,
) -> Result<Variable, Located> {
    let range = element.range().ok_or_else(|| Problem::malformed("whole numbers", element))?;
    let symbol = node.layer(Clip::new(Some(range.0 as f32), Some(range.1 as f32)), &x.symbol)?;
    Ok(x.with(symbol).typed(element))
}

/// `(x - zero point) · scale`
fn dequantize<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let element = match node.attributes.int_or("output_dtype", 0)? {
        0 => node.element(1)?,
        number => ElementType::from_number(number)?,
    };
    let x = input(node, 0)?;
    spread_parameters(node, &x)?;
    if node.has(2) {
        let y = aligned(node, &[0, 2])?.layer(node, Arithmetic::new(ArithmeticKind::Subtract))?;
        node.inputs[0] = Some(Value::Variable(y));
    }
    let y = aligned(node, &[0, 1])?.layer(node, Arithmetic::new(ArithmeticKind::Multiply))?;
    Ok(vec![Value::Variable(y.typed(element))])
}

/// Brings scale and zero point into a shape that numpy's rules match with the value: one number for all, one for
/// each index of an axis, or one for each block along it.
fn spread_parameters(node: &mut Node<'_, '_>, x: &Variable) -> Result<(), Located> {
    let block = node.attributes.int_or("block_size", 0)?;
    let axis = node.attributes.int_or("axis", 1)?;
    for place in 1..=2 {
        let Some(Value::Known(array)) = node.optional(place).cloned() else { continue };
        let spread = match array.rank() {
            _ if array.len() == 1 => array.reshaped(Vec::new()),
            1 => {
                let axis = resolve(axis, x.rank())?;
                let mut shape = vec![1; x.rank()];
                shape[axis] = array.len();
                array.reshaped(shape)
            }
            rank if block > 0 && rank == x.rank() => {
                let axis = resolve(axis, x.rank())?;
                repeated(&array, axis, (block as usize, node.size(x, axis)?))?
            }
            rank => {
                let expected = format!("one axis, or {} with a block_size", x.rank());
                return Err(Problem::malformed(expected, rank).into());
            }
        };
        node.inputs[place] = Some(Value::Known(spread));
    }
    Ok(())
}

/// Each index along an axis as often as a block is long, up to a size.
fn repeated<'a>(
    array: &Array<'a>,
    axis: usize,
    (block, size): (usize, usize),
) -> Result<Array<'a>, Located> {
    let values = array.to_floats()?;
    let shape = array.shape();
    let (rows, blocks) = (shape[..axis].iter().product::<usize>(), shape[axis]);
    let inner: usize = shape[axis + 1..].iter().product();
    if blocks.checked_mul(block).is_none_or(|covered| covered < size) {
        return Err(Problem::malformed(format!("blocks that cover {size}"), blocks).into());
    }
    let mut spread = Vec::with_capacity(rows.saturating_mul(size).saturating_mul(inner));
    for row in 0..rows {
        for index in 0..size {
            let start = (row * blocks + index / block) * inner;
            spread.extend_from_slice(&values[start..start + inner]);
        }
    }
    let mut shape = shape.to_vec();
    shape[axis] = size;
    Ok(match array.element().is_float() {
        true => Array::floats(shape, array.element(), spread),
        false => {
            Array::whole(shape, array.element(), spread.iter().map(|&value| value as i64).collect())
        }
    })
}

/// A scale and a zero point that let 8 bits hold all values there are, 0 exactly, and the values in them.
fn dynamic_quantize<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    // All values count alike, so that the order in which they lie does not matter.
    let x = input(node, 0)?;
    let axes: Vec<i64> = (0..x.rank() as i64).collect();
    let extreme = |node: &mut Node<'_, '_>, kind, min, max| -> Result<Symbol, Located> {
        let extreme = node.layer(Reduction::new(kind, axes.clone(), false), &x.symbol)?;
        node.layer(Clip::new(min, max), &extreme)
    };
    let least = extreme(node, ReductionKind::Min, None, Some(0.0))?;
    let greatest = extreme(node, ReductionKind::Max, Some(0.0), None)?;
    let range = pair(node, ArithmeticKind::Subtract, (&greatest, &least))?;
    let scale = node.layer(affine(1.0 / 255.0, 0.0), &range)?;
    let zero = pair(node, ArithmeticKind::Divide, (&least, &scale))?;
    let zero = node.layer(affine(-1.0, 0.0), &zero)?;
    let zero = node.layer(Clip::new(Some(0.0), Some(255.0)), &zero)?;
    let zero = node.layer(Function::new(MathFunction::Round), &zero)?;
    let y = pair(node, ArithmeticKind::Divide, (&x.symbol, &scale))?;
    let y = node.layer(Function::new(MathFunction::Round), &y)?;
    let y = pair(node, ArithmeticKind::Add, (&y, &zero))?;
    let y = saturated(node, &x.with(y), ElementType::UInt8)?;
    let scale = Variable::plain(scale, ElementType::Float32);
    let zero = Variable::plain(zero, ElementType::UInt8);
    Ok([y, scale, zero].into_iter().map(Value::Variable).collect())
}

fn affine(scale: f32, offset: f32) -> Function {
    Function::new(MathFunction::Affine { scale, offset })
}

fn pair(
    node: &mut Node<'_, '_>,
    kind: ArithmeticKind,
    (a, b): (&Symbol, &Symbol),
) -> Result<Symbol, Located> {
    node.builder.layer(Arithmetic::new(kind), &[a.clone(), b.clone()])
}
