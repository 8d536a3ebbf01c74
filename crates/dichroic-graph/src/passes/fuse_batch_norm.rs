//! Lets a batch normalisation add the residual and apply the ReLU that follow it, in the pass over
//! memory in which it normalises.
//!
//! Made before gradients are: the gradient rule of the fused op keeps less and passes over less than
//! those of its parts.

use dichroic_kernels::batch_norm::Then;
use dichroic_kernels::elementwise::{Binary as BinaryKind, Unary as Function};

use super::uses;
use crate::error::GraphError;
use crate::graph::{Graph, Node, Source, ValueId};
use crate::ops::Op;

pub(super) fn run(graph: &mut Graph, roots: &[ValueId]) -> Result<(), GraphError> {
    let uses = uses(graph, roots);
    // The node that makes each value now; sources are made before all nodes.
    let mut makers: Vec<Option<usize>> = vec![None; graph.values.len()];
    let mut removed = vec![false; graph.nodes.len()];
    for index in 0..graph.nodes.len() {
        let node = &graph.nodes[index];
        let normalisation = |value: ValueId| {
            makers[value.index()].filter(|&maker| {
                uses[value.index()] == 1
                    && graph.nodes[maker].outputs[0] == value
                    && matches!(graph.nodes[maker].op, Op::BatchNorm(_))
            })
        };
        let fused = match (&node.op, node.inputs.as_slice()) {
            (Op::Unary(unary), &[x]) if unary.0 == Function::Relu => normalisation(x)
                .and_then(|maker| relu(&graph.nodes[maker]).map(|op| (maker, op, None))),
            (Op::Binary(binary), &[a, b])
                if binary.kind == BinaryKind::Add && graph.shape(a) == graph.shape(b) =>
            {
                let exists_before = |value: ValueId, maker: usize| {
                    let is_source = !matches!(graph.source(value), Source::Node);
                    is_source || makers[value.index()].is_some_and(|other| other < maker)
                };
                [(a, b), (b, a)].into_iter().find_map(|(x, residual)| {
                    let maker = normalisation(x)?;
                    let op = add(&graph.nodes[maker])?;
                    exists_before(residual, maker).then_some((maker, op, Some(residual)))
                })
            }
            _ => None,
        };
        let output = node.outputs[0];
        match fused {
            Some((maker, then, residual)) => {
                let node = &mut graph.nodes[maker];
                if let Op::BatchNorm(op) = &mut node.op {
                    op.then = then;
                }
                node.inputs.extend(residual);
                node.outputs[0] = output;
                makers[output.index()] = Some(maker);
                removed[index] = true;
            }
            None => {
                for output in &node.outputs {
                    makers[output.index()] = Some(index);
                }
            }
        }
    }
    let mut removed = removed.into_iter();
    graph.nodes.retain(|_| !removed.next().unwrap_or(false));
    Ok(())
}

fn then(node: &Node) -> Option<Then> {
    match &node.op {
        Op::BatchNorm(op) => Some(op.then),
        _ => None,
    }
}

/// What a normalisation becomes with a ReLU behind it.
fn relu(node: &Node) -> Option<Then> {
    match then(node)? {
        Then::Nothing => Some(Then::Relu),
        Then::Add => Some(Then::AddThenRelu),
        Then::Relu | Then::AddThenRelu => None,
    }
}

/// What a normalisation becomes with an addition behind it.
fn add(node: &Node) -> Option<Then> {
    (then(node)? == Then::Nothing).then_some(Then::Add)
}
