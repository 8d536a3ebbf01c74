//! Values brought to a common scale: layer, instance, group, response, mean-variance, root-mean-square and Lp normalisation.

use dichroic::Tensor;
use dichroic::layers::{
    Arithmetic, ArithmeticKind, Function, GroupNormalization, LayerNormalization,
    LocalResponseNormalization, MathFunction, Reduction, ReductionKind,
};
use dichroic::model::Symbol;

use super::axes::{place, places, resolved};
use super::broadcast::{input, with_leading_axes};
use super::layout::reshaped;
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, ElementType, Node, Order, Variable, resolve};

pub(super) const OPERATORS: &[Operator] = &[
    ("GroupNormalization", 18..=23, group),
    ("InstanceNormalization", 6..=23, instance),
    ("LRN", 1..=23, local_response),
    ("LayerNormalization", 17..=23, layer),
    ("LpNormalization", 1..=23, length),
    ("MeanVarianceNormalization", 9..=23, mean_variance),
    ("RMSNormalization", 23..=23, root_mean_square),
];

fn local_response<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let size = node.attributes.int("size")?.unwrap_or(0);
    let size = usize::try_from(size).map_err(|_| Problem::malformed("a size", size))?;
    let alpha = node.attributes.float_or("alpha", 1e-4)?;
    let beta = node.attributes.float_or("beta", 0.75)?;
    let bias = node.attributes.float_or("bias", 1.0)?;
    let x = input(node, 0)?;
    let x = node.channels_last(&x)?;
    node.elementwise(LocalResponseNormalization::new(size, alpha, beta, bias), &x)
}

/// A group for each channel.
pub(super) fn instance<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let x = input(node, 0)?;
    if let Some(origin) = x.before.clone()
        && let Some(y) = instance_of_groups(node, &x, &origin)?
    {
        return Ok(vec![Value::Variable(y)]);
    }
    let weights = vec![vector(&node.known(1)?, 1)?, vector(&node.known(2)?, 1)?];
    grouped(node, -1, weights)
}

/// Channels that a Reshape has put into groups, as torch writes its GroupNorm: one row for each group. The layer is for the
/// maps before, so that a Reshape back leaves nothing; `None` where it was another Reshape.
fn instance_of_groups(
    node: &mut Node<'_, '_>,
    x: &Variable,
    origin: &Variable,
) -> Result<Option<Variable>, Located> {
    if x.rank() != 3 || origin.rank() < 3 {
        return Ok(None);
    }
    let (own, sizes) = (node.sizes(origin), node.sizes(x));
    let (Some(channels), Some(groups)) = (own[1].known(), sizes[1].known()) else {
        return Ok(None);
    };
    if !own[0].agrees(sizes[0]) || groups < 1 || channels % groups != 0 {
        return Ok(None);
    }
    let repeats = usize::try_from(channels / groups).unwrap_or(1);
    let weights = vec![vector(&node.known(1)?, repeats)?, vector(&node.known(2)?, repeats)?];
    let epsilon = node.attributes.float_or("epsilon", 1e-5)?;
    let origin = node.channels_last(origin)?;
    let layer = GroupNormalization::new().groups(groups).epsilon(epsilon.into());
    let symbol = node.weighted(layer, &origin.symbol, weights)?;
    reshaped(node, &origin.with(symbol), sizes).map(Some)
}

/// Version 18 gives a scale for each group, version 21 one for each channel.
fn group<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    // It tells in which type sums are taken; ours are in f32 or better.
    node.attributes.ignore("stash_type");
    let groups = node.attributes.int("num_groups")?;
    let groups = groups.ok_or_else(|| Problem::malformed("attribute num_groups", "none"))?;
    let (scale, bias) = (node.known(1)?, node.known(2)?);
    let x = node.variable(0)?;
    let channels = node.size(&x, 1)?;
    let repeats = if node.opset < 21 { channels / scale.len().max(1) } else { 1 };
    let weights = vec![vector(&scale, repeats)?, vector(&bias, repeats)?];
    grouped(node, groups, weights)
}

fn grouped<'a>(
    node: &mut Node<'_, 'a>,
    groups: i64,
    weights: Vec<Tensor>,
) -> Result<Vec<Value<'a>>, Located> {
    let epsilon = node.attributes.float_or("epsilon", 1e-5)?;
    let x = input(node, 0)?;
    let x = node.channels_last(&x)?;
    let layer = GroupNormalization::new().groups(groups).epsilon(epsilon.into());
    let symbol = node.weighted(layer, &x.symbol, weights)?;
    Ok(vec![Value::Variable(x.with(symbol))])
}

/// The values as a vector, each as many times.
fn vector(array: &Array<'_>, repeats: usize) -> Result<Tensor, Located> {
    let values = array.to_floats()?;
    let values: Vec<f32> =
        values.iter().flat_map(|&value| std::iter::repeat_n(value, repeats)).collect();
    let len = values.len();
    Tensor::new(vec![len], values).map_err(|e| Problem::malformed("a vector", e).into())
}

/// Keras's layer where its weights are known and nobody asks for mean and deviation; else each step for itself.
fn layer<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    node.attributes.ignore("stash_type");
    let epsilon = node.attributes.float_or("epsilon", 1e-5)?;
    let axis = node.attributes.int_or("axis", -1)?;
    let x = input(node, 0)?;
    let axes: Vec<usize> = (resolve(axis, x.rank())?..x.rank()).collect();
    if node.outputs < 2
        && let Some(weights) = weights_along(node, &x, &axes)?
    {
        let layer = LayerNormalization::new()
            .axis(places(&x, &axes))
            .epsilon(epsilon.into())
            .center(weights.len() > 1);
        let symbol = node.weighted(layer, &x.symbol, weights)?;
        return Ok(vec![Value::Variable(x.with(symbol))]);
    }
    let x = node.plain(&x)?;
    let moments = Moments::of(node, &x, &axes)?;
    let deviation = node.layer(shifted(epsilon), &moments.variance)?;
    let inverse = node.layer(Function::new(MathFunction::Rsqrt), &deviation)?;
    let mut y = times(node, &moments.centred, &inverse)?;
    y = with_operand(node, y, (1, ArithmeticKind::Multiply))?;
    if node.has(2) {
        y = with_operand(node, y, (2, ArithmeticKind::Add))?;
    }
    let float = |symbol| x.with(symbol).typed(ElementType::Float32);
    let (mean, inverse) = (float(moments.mean), float(inverse));
    Ok(vec![x.with(y), mean, inverse].into_iter().map(Value::Variable).collect())
}

/// Scale and bias as the weights of Keras's layer; `None` if one is computed, or has other sizes than the axes.
fn weights_along(
    node: &Node<'_, '_>,
    x: &Variable,
    axes: &[usize],
) -> Result<Option<Vec<Tensor>>, Located> {
    // The layer takes its weights in the order of memory.
    if axes.len() > 1 && !x.order.is_plain() {
        return Ok(None);
    }
    let mut weights = Vec::new();
    for place in 1..=2 {
        match node.optional(place) {
            None => {}
            Some(Value::Variable(_)) => return Ok(None),
            Some(Value::Known(array)) => {
                let sizes: Result<Vec<usize>, _> =
                    axes.iter().map(|&axis| node.size(x, axis)).collect();
                if sizes.ok().as_deref() != Some(array.shape()) {
                    return Ok(None);
                }
                weights.push(array.to_tensor(&Order::plain(array.rank()))?);
            }
        }
    }
    Ok(Some(weights))
}

/// `(x - mean) / √variance` over the axes of each channel.
fn mean_variance<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let axes = node.attributes.ints("axes")?.unwrap_or(&[0, 2, 3]);
    let x = input(node, 0)?;
    let axes = resolved(axes, x.rank())?;
    let moments = Moments::of(node, &x, &axes)?;
    // So that equal values become 0.
    let variance = node.layer(shifted(1e-9), &moments.variance)?;
    let inverse = node.layer(Function::new(MathFunction::Rsqrt), &variance)?;
    let symbol = times(node, &moments.centred, &inverse)?;
    Ok(vec![Value::Variable(x.with(symbol))])
}

fn root_mean_square<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    node.attributes.ignore("stash_type");
    let epsilon = node.attributes.float_or("epsilon", 1e-5)?;
    let axis = node.attributes.int_or("axis", -1)?;
    let x = input(node, 0)?;
    let x = node.plain(&x)?;
    let axes: Vec<usize> = (resolve(axis, x.rank())?..x.rank()).collect();
    let squares = node.layer(Function::new(MathFunction::Square), &x.symbol)?;
    let mean = Reduction::new(ReductionKind::Mean, places(&x, &axes), true);
    let mean = node.layer(mean, &squares)?;
    let mean = node.layer(shifted(epsilon), &mean)?;
    let inverse = node.layer(Function::new(MathFunction::Rsqrt), &mean)?;
    let y = times(node, &x.symbol, &inverse)?;
    let y = with_operand(node, y, (1, ArithmeticKind::Multiply))?;
    Ok(vec![Value::Variable(x.with(y))])
}

/// `x` by the sum of its magnitudes, or by its length, along an axis.
fn length<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let axis = node.attributes.int_or("axis", -1)?;
    let p = node.attributes.int_or("p", 2)?;
    let x = input(node, 0)?;
    let place = place(&x, resolve(axis, x.rank())?);
    let (before, after) = match p {
        1 => (MathFunction::Abs, None),
        2 => (MathFunction::Square, Some(MathFunction::Sqrt)),
        other => return Err(Problem::malformed("p of 1 or 2", other).into()),
    };
    let before = node.layer(Function::new(before), &x.symbol)?;
    let mut norm = node.layer(Reduction::new(ReductionKind::Sum, [place], true), &before)?;
    if let Some(after) = after {
        norm = node.layer(Function::new(after), &norm)?;
    }
    let divide = Arithmetic::new(ArithmeticKind::Divide);
    let symbol = node.builder.layer(divide, &[x.symbol.clone(), norm])?;
    Ok(vec![Value::Variable(x.with(symbol))])
}

/// Mean and variance along some axes, which stay with size 1, and the value less its mean.
struct Moments {
    mean: Symbol,
    variance: Symbol,
    centred: Symbol,
}

impl Moments {
    fn of(node: &mut Node<'_, '_>, x: &Variable, axes: &[usize]) -> Result<Self, Located> {
        let places = places(x, axes);
        let mean = Reduction::new(ReductionKind::Mean, places.clone(), true);
        let mean = node.layer(mean, &x.symbol)?;
        let subtract = Arithmetic::new(ArithmeticKind::Subtract);
        let centred = node.builder.layer(subtract, &[x.symbol.clone(), mean.clone()])?;
        let squares = node.layer(Function::new(MathFunction::Square), &centred)?;
        let variance = node.layer(Reduction::new(ReductionKind::Mean, places, true), &squares)?;
        Ok(Self { mean, variance, centred })
    }
}

fn shifted(offset: f32) -> Function {
    Function::new(MathFunction::Affine { scale: 1.0, offset })
}

fn times(node: &mut Node<'_, '_>, a: &Symbol, b: &Symbol) -> Result<Symbol, Located> {
    node.builder.layer(Arithmetic::new(ArithmeticKind::Multiply), &[a.clone(), b.clone()])
}

/// The value with an input, matched from the last axis on.
fn with_operand(
    node: &mut Node<'_, '_>,
    y: Symbol,
    (place, kind): (usize, ArithmeticKind),
) -> Result<Symbol, Located> {
    let operand = input(node, place)?;
    let operand = node.plain(&operand)?;
    let missing = y.shape().rank().saturating_sub(operand.rank());
    let operand = with_leading_axes(node, &operand, missing)?;
    node.builder.layer(Arithmetic::new(kind), &[y, operand.symbol])
}
