//! What the values of a graph depend on, and whose memory they show.

use crate::graph::{Graph, Source, ValueId};
use crate::operation::Operation;

/// The values that depend on constants alone.
pub(super) fn constant_values(graph: &Graph) -> Vec<bool> {
    values_from(graph, |source| matches!(source, Source::Constant(_)))
}

/// The values that depend on parameters and constants alone.
pub(crate) fn fixed_values(graph: &Graph) -> Vec<bool> {
    values_from(graph, |source| matches!(source, Source::Parameter(_) | Source::Constant(_)))
}

fn values_from(graph: &Graph, is_fixed: impl Fn(&Source) -> bool) -> Vec<bool> {
    let mut fixed: Vec<bool> = graph.values.iter().map(|value| is_fixed(&value.source)).collect();
    for node in &graph.nodes {
        let all = node.inputs.iter().all(|input| fixed[input.index()]) && !node.op.is_random();
        for output in &node.outputs {
            fixed[output.index()] = all;
        }
    }
    fixed
}

/// For each value the value whose memory it shows.
pub(crate) fn view_roots(graph: &Graph) -> Vec<ValueId> {
    let mut roots: Vec<ValueId> = (0u32..).take(graph.values.len()).map(ValueId).collect();
    for node in graph.nodes.iter().filter(|node| node.op.is_view()) {
        roots[node.outputs[0].index()] = roots[node.inputs[0].index()];
    }
    roots
}
