//! Folds a scale and shift per channel (batch normalisation at inference) into the convolution
//! before it: `(x ∗ w + b)·s + t = x ∗ (w·s) + (b·s + t)`.
//!
//! The new weights depend on parameters alone, so a plan computes them once per parameter version.

use dichroic_kernels::elementwise::Binary as BinaryKind;
use smallvec::SmallVec;

use super::{makers, uses};
use crate::error::GraphError;
use crate::graph::{Graph, Node, ValueId};
use crate::ops::{Binary, Op, Reshape};
use crate::plan::fixed_values;
use crate::shape::Shape;

pub(super) fn run(graph: &mut Graph, roots: &[ValueId]) -> Result<(), GraphError> {
    let uses = uses(graph, roots);
    let maker = makers(graph);
    let fixed = fixed_values(graph);
    let old = std::mem::take(&mut graph.nodes);
    let mut folded: Vec<Option<usize>> = vec![None; old.len()];
    for (index, node) in old.iter().enumerate() {
        if !matches!(node.op, Op::ScaleShift(_)) {
            continue;
        }
        let Some(convolution) = maker[node.inputs[0].index()] else { continue };
        let foldable = matches!(&old[convolution].op, Op::Conv(op) if op.activation.is_none())
            || matches!(&old[convolution].op, Op::ConvTranspose(op) if op.activation.is_none());
        let fixed_inputs = node.inputs[1..].iter().chain(&old[convolution].inputs[1..]);
        if foldable
            && uses[node.inputs[0].index()] == 1
            && fixed_inputs.clone().all(|value| fixed[value.index()])
        {
            folded[convolution] = Some(index);
        }
    }
    // A folded convolution moves down to the place of its scale, where scale and shift exist.
    let mut moved: Vec<Option<Node>> = vec![None; old.len()];
    for (index, node) in old.into_iter().enumerate() {
        match (folded[index], moved[index].take()) {
            (Some(scale_shift), _) => moved[scale_shift] = Some(node),
            (None, Some(convolution)) => {
                let merged = merge(graph, convolution, &node)?;
                graph.nodes.push(merged);
            }
            (None, None) => graph.nodes.push(node),
        }
    }
    Ok(())
}

/// The convolution with the scale and shift taken in.
fn merge(graph: &mut Graph, convolution: Node, scale_shift: &Node) -> Result<Node, GraphError> {
    let (scale, shift) = (scale_shift.inputs[1], scale_shift.inputs[2]);
    graph.scope(&convolution.scope);
    let kernel = convolution.inputs[1];
    let rank = graph.shape(kernel).len();
    // Transposed convolutions keep their filters on the axis before the last.
    let aligned = if matches!(convolution.op, Op::ConvTranspose(_)) {
        let filters = graph.shape(kernel)[rank - 2];
        graph.add(Reshape { shape: Shape::from([filters, 1]) }, &[scale])?
    } else {
        scale
    };
    let multiply = || Binary { kind: BinaryKind::Multiply };
    let kernel = graph.add(multiply(), &[kernel, aligned])?;
    let bias = match convolution.inputs.get(2) {
        Some(&bias) => {
            let scaled = graph.add(multiply(), &[bias, scale])?;
            graph.add(Binary { kind: BinaryKind::Add }, &[scaled, shift])?
        }
        None => shift,
    };
    Ok(Node {
        op: convolution.op,
        inputs: SmallVec::from_slice(&[convolution.inputs[0], kernel, bias]),
        outputs: scale_shift.outputs.clone(),
        scope: convolution.scope,
        phase: convolution.phase,
        precision: convolution.precision,
    })
}
