//! Lets a convolution apply the activation that follows it, also behind a change of shape, while its
//! tile is still in registers.

use super::uses;
use crate::error::GraphError;
use crate::graph::{Graph, ValueId};
use crate::operation::Operation;
use crate::ops::Op;

pub(super) fn run(graph: &mut Graph, roots: &[ValueId]) -> Result<(), GraphError> {
    let uses = uses(graph, roots);
    let mut makers: Vec<Option<usize>> = vec![None; graph.values.len()];
    let mut removed = vec![false; graph.nodes.len()];
    for index in 0..graph.nodes.len() {
        let node = &graph.nodes[index];
        for output in &node.outputs {
            makers[output.index()] = Some(index);
        }
        let Op::Unary(unary) = &node.op else { continue };
        let (activation, input, output) = (unary.0, node.inputs[0], node.outputs[0]);
        let maker = |value: ValueId| makers[value.index()].filter(|_| uses[value.index()] == 1);
        let Some(last) = maker(input) else { continue };
        // The function of a view is the view of the function.
        let mut convolution = Some(last);
        while let Some(view) = convolution.filter(|&node| graph.nodes[node].op.is_view()) {
            convolution = maker(graph.nodes[view].inputs[0]);
        }
        let slot = match convolution.map(|convolution| &mut graph.nodes[convolution].op) {
            Some(Op::Conv(op)) => &mut op.activation,
            Some(Op::ConvTranspose(op)) => &mut op.activation,
            _ => continue,
        };
        if slot.is_none() {
            *slot = Some(activation);
            graph.nodes[last].outputs[0] = output;
            makers[output.index()] = Some(last);
            removed[index] = true;
        }
    }
    let mut removed = removed.into_iter();
    graph.nodes.retain(|_| !removed.next().unwrap_or(false));
    Ok(())
}
