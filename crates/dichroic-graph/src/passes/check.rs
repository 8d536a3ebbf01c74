//! The rule book of a graph, run after each pass.

use crate::error::GraphError;
use crate::graph::{Graph, Source};
use crate::operation::Operation;

/// Checks that every node reads only what exists before it, that no value is made twice, and that
/// shapes are those that the ops infer.
///
/// # Errors
/// The first rule that is broken, with the node.
pub fn check(graph: &Graph, pass: &'static str) -> Result<(), GraphError> {
    let mut made: Vec<bool> =
        graph.values.iter().map(|value| !matches!(value.source, Source::Node)).collect();
    for (number, node) in graph.nodes.iter().enumerate() {
        let broken = |rule: String| GraphError::Rule {
            pass,
            rule: format!("node {number} ({} of {:?}) {rule}", node.op.name(), node.scope),
        };
        for input in &node.inputs {
            if !made.get(input.index()).copied().unwrap_or(false) {
                return Err(broken(format!("reads value {} before it is made", input.index())));
            }
        }
        let inferred = node.op.infer(&graph.shapes(&node.inputs))?;
        if inferred.len() != node.outputs.len() {
            return Err(broken(format!(
                "has {} outputs, its op makes {}",
                node.outputs.len(),
                inferred.len()
            )));
        }
        for (output, shape) in node.outputs.iter().zip(&inferred) {
            if std::mem::replace(&mut made[output.index()], true) {
                return Err(broken(format!("makes value {} a second time", output.index())));
            }
            if graph.shape(*output) != shape {
                return Err(broken(format!(
                    "makes value {} of shape {shape}, recorded as {}",
                    output.index(),
                    graph.shape(*output)
                )));
            }
        }
    }
    Ok(())
}
