//! Concatenation of channels without a copy: each branch writes its channels of the joined value.
//!
//! ```text
//! conv a ─┐                      conv a, channels 0…63 of 256
//! conv b ─┼─ concat ─▶      ⇒      └▶ conv b, 64…159 ─▶ pool c, 160…255 ─▶
//! pool c ─┘
//! ```
//!
//! The branches become a chain that hands the one joined value on, so that its memory and the order
//! of writing follow from the plan as for any other value. Parts that others read as well, and parts
//! made by ops that can't write so, are copied at the end of the chain.

use super::fold_residual::tail_mut;
use super::{makers, uses};
use crate::error::GraphError;
use crate::graph::{Graph, Node, Source, ValueId};
use crate::ops::{Insert, Joined, Op};
use crate::plan::fixed_values;
use crate::shape::Shape;

/// A part of a concatenation.
struct Part {
    value: ValueId,
    /// The node that can write it in place.
    writer: Option<usize>,
    first: usize,
}

pub(super) fn run(graph: &mut Graph, roots: &[ValueId]) -> Result<(), GraphError> {
    let mut uses = uses(graph, roots);
    let fixed = fixed_values(graph);
    let mut removed = vec![false; graph.nodes.len()];
    let mut copies: Vec<Vec<Node>> = vec![Vec::new(); graph.nodes.len()];
    // From the last on, so that a concatenation inside another has been taken in when its turn comes.
    for index in (0..graph.nodes.len()).rev() {
        if removed[index] || !joins_channels(graph, index) {
            continue;
        }
        let makers = makers(graph);
        let mut inner = Vec::new();
        let mut values = Vec::new();
        flatten(graph, index, (&makers, &uses), &mut values, &mut inner);
        let mut first = 0;
        let mut parts = Vec::with_capacity(values.len());
        for value in values {
            let writer = makers[value.index()]
                .filter(|_| uses[value.index()] == 1 && !fixed[value.index()])
                .filter(|&maker| can_write_channels(&graph.nodes[maker].op));
            parts.push(Part { value, writer, first });
            first += graph.shape(value).last_axis();
        }
        if parts.iter().all(|part| part.writer.is_none()) {
            continue;
        }
        // In the order of running; what has no writer is copied in the place of the concatenation.
        parts.sort_by_key(|part| part.writer.unwrap_or(usize::MAX));
        let joined = graph.nodes[index].outputs[0];
        let shape = graph.shape(joined).clone();
        let last = parts.len() - 1;
        let mut into = None;
        for (i, part) in parts.iter().enumerate() {
            let output = if i == last { joined } else { grown(graph, &mut uses, &shape) };
            let range = Joined { first: part.first, total: first, begun: into.is_some() };
            match part.writer {
                Some(writer) => write_channels(&mut graph.nodes[writer], range, (into, output)),
                None => {
                    let node = &graph.nodes[index];
                    copies[index].push(Node {
                        op: Insert(range).into(),
                        inputs: std::iter::once(part.value).chain(into).collect(),
                        outputs: std::iter::once(output).collect(),
                        ..node.clone()
                    });
                }
            }
            into = Some(output);
        }
        removed[index] = true;
        inner.into_iter().for_each(|node: usize| removed[node] = true);
    }
    let old = std::mem::take(&mut graph.nodes);
    for (index, node) in old.into_iter().enumerate() {
        graph.nodes.append(&mut copies[index]);
        if !removed[index] {
            graph.nodes.push(node);
        }
    }
    Ok(())
}

/// Whether the node is a concatenation along the last axis.
fn joins_channels(graph: &Graph, index: usize) -> bool {
    let node = &graph.nodes[index];
    let rank = graph.shape(node.outputs[0]).len();
    matches!(&node.op, Op::Concat(op) if op.axis + 1 == rank) && node.inputs.len() > 1
}

/// The parts of a concatenation, those of concatenations that only it reads in their place.
fn flatten(
    graph: &Graph,
    index: usize,
    (makers, uses): (&[Option<usize>], &[usize]),
    values: &mut Vec<ValueId>,
    inner: &mut Vec<usize>,
) {
    for &value in &graph.nodes[index].inputs {
        let concat = makers[value.index()]
            .filter(|&maker| uses[value.index()] == 1 && joins_channels(graph, maker));
        match concat {
            Some(concat) => {
                inner.push(concat);
                flatten(graph, concat, (makers, uses), values, inner);
            }
            None => values.push(value),
        }
    }
}

fn can_write_channels(op: &Op) -> bool {
    match op {
        Op::Conv(op) => op.tail.joined.is_none(),
        Op::ConvTranspose(op) => op.tail.joined.is_none(),
        Op::Pool(op) => op.joined.is_none(),
        _ => false,
    }
}

/// The joined value with some of its channels written.
fn grown(graph: &mut Graph, uses: &mut Vec<usize>, shape: &Shape) -> ValueId {
    uses.push(1);
    graph.push(shape.clone(), Source::Node)
}

fn write_channels(node: &mut Node, range: Joined, (into, output): (Option<ValueId>, ValueId)) {
    if let Op::Pool(op) = &mut node.op {
        op.joined = Some(range);
    } else if let Some(tail) = tail_mut(&mut node.op) {
        tail.joined = Some(range);
    }
    node.inputs.extend(into);
    node.outputs[0] = output;
}
