//! The middle of a value: CenterCropPad.

use dichroic::layers::{PadAxes, PadMode};

use super::broadcast::input;
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Node, resolve};

pub(super) const OPERATORS: &[Operator] = &[("CenterCropPad", 18..=23, center_crop_pad)];

/// Cuts what is too long and adds zeros to what is too short, half of it in front; an odd place goes to the end.
fn center_crop_pad<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let wanted = node.known_whole(1)?;
    let x = input(node, 0)?;
    let axes = match node.attributes.ints("axes")? {
        Some(axes) => axes.iter().map(|&axis| resolve(axis, x.rank())).collect::<Result<_, _>>()?,
        None => (0..x.rank()).collect::<Vec<usize>>(),
    };
    if wanted.len() != axes.len() {
        return Err(Problem::malformed(format!("{} sizes", axes.len()), wanted.len()).into());
    }
    let mut padding = vec![[0, 0]; x.rank()];
    for (&axis, &wanted) in axes.iter().zip(&wanted) {
        let size = node.size(&x, axis)? as i64;
        let more = wanted.checked_sub(size).filter(|_| wanted >= 0);
        let more = more.ok_or_else(|| Problem::malformed("a size of at least 0", wanted))?;
        let before = more / 2;
        padding[x.order.place_of(axis)] = [before, more - before];
    }
    node.elementwise(PadAxes::new(padding, PadMode::Constant), &x)
}
