//! Lets a convolution apply the activation that follows it while its tile is still in registers.

use super::uses;
use crate::error::GraphError;
use crate::graph::{Graph, ValueId};
use crate::ops::Op;

pub(super) fn run(graph: &mut Graph, roots: &[ValueId]) -> Result<(), GraphError> {
    let uses = uses(graph, roots);
    let mut maker: Vec<Option<usize>> = vec![None; graph.values.len()];
    let mut removed = vec![false; graph.nodes.len()];
    for index in 0..graph.nodes.len() {
        let node = &graph.nodes[index];
        let (Op::Unary(unary), [input]) = (&node.op, node.inputs.as_slice()) else {
            for output in &node.outputs {
                maker[output.index()] = Some(index);
            }
            continue;
        };
        let (activation, output) = (unary.0, node.outputs[0]);
        let single = uses[input.index()] == 1;
        if let Some(convolution) = maker[input.index()].filter(|_| single) {
            let convolution = &mut graph.nodes[convolution];
            let slot = match &mut convolution.op {
                Op::Conv(op) => Some(&mut op.activation),
                Op::ConvTranspose(op) => Some(&mut op.activation),
                _ => None,
            };
            if let Some(slot @ None) = slot {
                *slot = Some(activation);
                convolution.outputs[0] = output;
                removed[index] = true;
            }
        }
    }
    let mut removed = removed.into_iter();
    graph.nodes.retain(|_| !removed.next().unwrap_or(false));
    Ok(())
}
