//! Lets a convolution add the other operand of the addition behind it while its sums are in registers.
//!
//! On ResNet-50 this takes away 16 passes over its feature maps, and with the activation that follows
//! 16 more: 5.7 % of its time at batch 1 on two cores of Zen 4.

use dichroic_kernels::conv::Residual;
use dichroic_kernels::elementwise::Binary as BinaryKind;

use super::{makers, uses};
use crate::error::GraphError;
use crate::graph::{Graph, Node, ValueId};
use crate::ops::{Op, Tail};
use crate::plan::{fixed_values, view_roots};

pub(super) fn run(graph: &mut Graph, roots: &[ValueId]) -> Result<(), GraphError> {
    let (uses, makers) = (uses(graph, roots), makers(graph));
    // For a convolution the addition that takes it in.
    let mut folded: Vec<Option<usize>> = vec![None; graph.nodes.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        if !is_plain_addition(graph, node) {
            continue;
        }
        let free = |value: &ValueId| {
            let maker = makers[value.index()].filter(|_| uses[value.index()] == 1)?;
            let free = match &graph.nodes[maker].op {
                Op::Conv(op) => op.activation.is_none() && op.tail == Tail::default(),
                Op::ConvTranspose(op) => op.activation.is_none() && op.tail == Tail::default(),
                _ => false,
            };
            (free && folded[maker].is_none()).then_some(maker)
        };
        // The later one: it moves the least, and the earlier one is the residual.
        if let Some(convolution) = node.inputs.iter().filter_map(free).max() {
            folded[convolution] = Some(index);
        }
    }
    // A convolution moves down to the place of its addition, where the other operand exists.
    let old = std::mem::take(&mut graph.nodes);
    let mut moved: Vec<Option<Node>> = vec![None; old.len()];
    for (index, node) in old.into_iter().enumerate() {
        match (folded[index], moved[index].take()) {
            (Some(addition), _) => moved[addition] = Some(node),
            (None, Some(convolution)) => graph.nodes.push(merge(convolution, &node)),
            (None, None) => graph.nodes.push(node),
        }
    }
    Ok(())
}

/// An addition of two values of the same shape.
fn is_plain_addition(graph: &Graph, node: &Node) -> bool {
    let addition = matches!(&node.op, Op::Binary(op) if op.kind == BinaryKind::Add);
    addition && graph.shape(node.inputs[0]) == graph.shape(node.inputs[1])
}

fn merge(mut convolution: Node, addition: &Node) -> Node {
    let sum = convolution.outputs[0];
    let other = usize::from(addition.inputs[0] == sum);
    convolution.inputs.push(addition.inputs[other]);
    convolution.outputs.clone_from(&addition.outputs);
    if let Some(tail) = tail_mut(&mut convolution.op) {
        tail.residual = Residual::Separate;
    }
    convolution
}

/// Has residuals overwritten where nothing reads them any more; the last pass, when the order stands.
pub(super) fn overwrite_dead(graph: &mut Graph, roots: &[ValueId]) -> Result<(), GraphError> {
    let (owners, fixed) = (view_roots(graph), fixed_values(graph));
    let owner = |value: &ValueId| owners[value.index()].index();
    let mut last_use = vec![0; graph.values.len()];
    let mut made = vec![false; graph.values.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        node.inputs.iter().for_each(|input| last_use[owner(input)] = index);
        node.outputs.iter().for_each(|output| made[output.index()] = true);
    }
    roots.iter().for_each(|root| last_use[owner(root)] = usize::MAX);
    for index in 0..graph.nodes.len() {
        let node = &mut graph.nodes[index];
        let inputs = &node.inputs;
        let Some(residual) = inputs.last().map(owner) else { continue };
        let reads = inputs.iter().filter(|input| owner(input) == residual).count();
        let dies = last_use[residual] == index && made[residual] && !fixed[residual] && reads == 1;
        let Some(tail) = tail_mut(&mut node.op) else { continue };
        if tail.residual == Residual::Separate && tail.joined.is_none() && dies {
            tail.residual = Residual::InPlace;
        }
    }
    Ok(())
}

pub(super) fn tail_mut(op: &mut Op) -> Option<&mut Tail> {
    match op {
        Op::Conv(op) => Some(&mut op.tail),
        Op::ConvTranspose(op) => Some(&mut op.tail),
        _ => None,
    }
}
