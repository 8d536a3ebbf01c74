//! Values around a value: Pad in all its modes.

use dichroic::layers::{PadAxes, PadMode};

use super::broadcast::input;
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Node, resolve};

pub(super) const OPERATORS: &[Operator] = &[("Pad", 2..=23, pad)];

/// How much is added before and after each axis of ONNX (less than 0 cuts), and what stands there.
struct Margins {
    pads: Vec<[i64; 2]>,
    value: f32,
}

fn pad<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let mode = match node.attributes.text_or("mode", "constant")? {
        "constant" => PadMode::Constant,
        "reflect" => PadMode::Reflect,
        "edge" => PadMode::Edge,
        "wrap" => PadMode::Wrap,
        other => {
            let expected = "mode constant, reflect, edge or wrap";
            return Err(Problem::malformed(expected, format!("{other:?}")).into());
        }
    };
    let x = input(node, 0)?;
    let margins = if node.opset < 11 {
        margins_of_attributes(node, x.rank())?
    } else {
        margins_of_inputs(node, x.rank())?
    };
    let of_places: Vec<[i64; 2]> =
        x.order.places().iter().map(|&axis| margins.pads[axis]).collect();
    let layer = PadAxes::new(of_places, mode).value(margins.value);
    let symbol = node.layer(layer, &x.symbol)?;
    Ok(vec![Value::Variable(x.with(symbol))])
}

fn margins_of_attributes(node: &Node<'_, '_>, rank: usize) -> Result<Margins, Located> {
    let pads = node.attributes.ints("pads")?;
    let pads = pads.ok_or_else(|| Problem::malformed("attribute pads", "none"))?;
    let all: Vec<usize> = (0..rank).collect();
    Ok(Margins { pads: by_axis(pads, &all, rank)?, value: node.attributes.float_or("value", 0.0)? })
}

fn margins_of_inputs(node: &Node<'_, '_>, rank: usize) -> Result<Margins, Located> {
    let axes = match node.known_optional(3)? {
        Some(axes) => {
            let axes = axes.to_whole()?.into_owned();
            axes.into_iter().map(|axis| resolve(axis, rank)).collect::<Result<_, _>>()?
        }
        None => (0..rank).collect::<Vec<usize>>(),
    };
    let value = match node.known_optional(2)? {
        Some(value) => {
            value.single().ok_or_else(|| Problem::malformed("one number", value.len()))?
        }
        None => 0.0,
    };
    Ok(Margins { pads: by_axis(&node.known_whole(1)?, &axes, rank)?, value })
}

/// The pads of each axis: the file gives all that come before, then all that come after.
fn by_axis(pads: &[i64], axes: &[usize], rank: usize) -> Result<Vec<[i64; 2]>, Located> {
    if pads.len() != 2 * axes.len() {
        return Err(Problem::malformed(format!("{} pads", 2 * axes.len()), pads.len()).into());
    }
    let (before, after) = pads.split_at(axes.len());
    let mut of_axes = vec![[0, 0]; rank];
    for ((&axis, &before), &after) in axes.iter().zip(before).zip(after) {
        of_axes[axis] = [before, after];
    }
    Ok(of_axes)
}
