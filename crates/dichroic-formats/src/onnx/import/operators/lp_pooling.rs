//! Lengths under a window: LpPool, GlobalLpPool.

use dichroic::layers::{Function, MathFunction, Reduction, ReductionKind, WindowPooling};

use super::broadcast::input;
use super::convolution::Window;
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::Node;

pub(super) const OPERATORS: &[Operator] =
    &[("GlobalLpPool", 2..=23, global), ("LpPool", 2..=23, pool)];

/// `(Σ |x|ᵖ)^(1/p)` of each channel under a window.
fn pool<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let p = power(node)?;
    let ceil_mode = node.attributes.flag("ceil_mode")?;
    let window = Window::of(node, None)?;
    let x = input(node, 0)?;
    if x.rank() != window.rank() + 2 {
        let expected = format!("an input of {} axes", window.rank() + 2);
        return Err(Problem::malformed(expected, x.rank()).into());
    }
    let x = node.channels_last(&x)?;
    let margins = match window.margins(node, &x)? {
        Some(margins) => Some(margins),
        None => {
            let same = (0..window.rank()).map(|axis| window.same(axis, node, &x));
            same.collect::<Result<Option<Vec<_>>, _>>()?
        }
    };
    let margins = margins.ok_or_else(|| {
        let what = "auto_pad with strides on an open size";
        node.unsupported(what, "give the sizes of the model's inputs with --input")
    })?;
    let padding: Vec<[usize; 2]> = margins.iter().map(|&(a, b)| [a, b]).collect();
    let layer = WindowPooling::lp(window.size, p)
        .strides(window.strides)
        .dilation_rate(window.dilations)
        .padding(padding)
        .ceil_mode(ceil_mode);
    node.elementwise(layer, &x)
}

/// The same over all positions.
fn global<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let p = power(node)?;
    let x = input(node, 0)?;
    let x = node.channels_last(&x)?;
    let (before, after) = match p {
        1 => (MathFunction::Abs, None),
        2 => (MathFunction::Square, Some(MathFunction::Sqrt)),
        other => {
            let what = format!("GlobalLpPool with p = {other}");
            return Err(node.unsupported(&what, "use p of 1 or 2"));
        }
    };
    let mut symbol = node.layer(Function::new(before), &x.symbol)?;
    let space: Vec<i64> = (1..x.rank() as i64 - 1).collect();
    symbol = node.layer(Reduction::new(ReductionKind::Sum, space, true), &symbol)?;
    if let Some(after) = after {
        symbol = node.layer(Function::new(after), &symbol)?;
    }
    Ok(vec![Value::Variable(x.with(symbol))])
}

fn power(node: &Node<'_, '_>) -> Result<u32, Located> {
    let p = node.attributes.int_or("p", 2)?;
    let p = u32::try_from(p).ok().filter(|&p| p > 0);
    p.ok_or_else(|| Problem::malformed("p of at least 1", "less").into())
}
