//! Axes that a node names in an attribute or, since a later version, in an input.

use crate::error::Located;
use crate::onnx::import::{Node, Variable, resolve};

/// The axes as the file gives them: the attribute `axes`, or the whole numbers of an input; `None` if neither is there.
///
/// # Errors
/// When the input is computed.
pub(super) fn named(node: &Node<'_, '_>, input: usize) -> Result<Option<Vec<i64>>, Located> {
    if node.has(input) {
        return node.known_whole(input).map(Some);
    }
    Ok(node.attributes.ints("axes")?.map(<[i64]>::to_vec))
}

/// The axes counted from the front, in rising order, each once.
///
/// # Errors
/// When there is no such axis.
pub(super) fn resolved(axes: &[i64], rank: usize) -> Result<Vec<usize>, Located> {
    let axes = axes.iter().map(|&axis| resolve(axis, rank));
    let mut axes = axes.collect::<Result<Vec<_>, _>>()?;
    axes.sort_unstable();
    axes.dedup();
    Ok(axes)
}

/// Where axes of ONNX lie in memory, as layers take them.
pub(super) fn places(x: &Variable, axes: &[usize]) -> Vec<i64> {
    axes.iter().map(|&axis| place(x, axis)).collect()
}

/// Where an axis of ONNX lies in memory, as layers take it.
pub(super) fn place(x: &Variable, axis: usize) -> i64 {
    x.order.place_of(axis) as i64
}
