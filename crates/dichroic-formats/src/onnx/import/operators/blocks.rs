//! Channels made space and the reverse: DepthToSpace, SpaceToDepth.

use dichroic::layers::{BlockOrder, DepthToSpace, SpaceToDepth};

use super::broadcast::input;
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::Node;

pub(super) const OPERATORS: &[Operator] =
    &[("DepthToSpace", 1..=23, depth_to_space), ("SpaceToDepth", 1..=23, space_to_depth)];

fn depth_to_space<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let order = match node.attributes.text_or("mode", "DCR")? {
        "DCR" => BlockOrder::DCR,
        "CRD" => BlockOrder::CRD,
        other => return Err(Problem::malformed("mode DCR or CRD", format!("{other:?}")).into()),
    };
    let layer = DepthToSpace::new(block(node)?).mode(order);
    let x = input(node, 0)?;
    let x = node.channels_last(&x)?;
    node.elementwise(layer, &x)
}

fn space_to_depth<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let layer = SpaceToDepth::new(block(node)?);
    let x = input(node, 0)?;
    let x = node.channels_last(&x)?;
    node.elementwise(layer, &x)
}

fn block(node: &Node<'_, '_>) -> Result<usize, Located> {
    let size = node.attributes.int("blocksize")?.unwrap_or(0);
    let size = usize::try_from(size).ok().filter(|&size| size > 0);
    size.ok_or_else(|| Problem::malformed("a blocksize of at least 1", "none").into())
}
