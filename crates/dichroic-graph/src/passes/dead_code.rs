//! Drops nodes whose outputs nothing reads.

use crate::error::GraphError;
use crate::graph::{Graph, ValueId};

pub(super) fn run(graph: &mut Graph, roots: &[ValueId]) -> Result<(), GraphError> {
    let mut needed = vec![false; graph.values.len()];
    for root in roots {
        needed[root.index()] = true;
    }
    let mut live = vec![false; graph.nodes.len()];
    for (index, node) in graph.nodes.iter().enumerate().rev() {
        if node.outputs.iter().any(|output| needed[output.index()]) {
            live[index] = true;
            for input in &node.inputs {
                needed[input.index()] = true;
            }
        }
    }
    let mut live = live.into_iter();
    graph.nodes.retain(|_| live.next().unwrap_or(false));
    Ok(())
}
