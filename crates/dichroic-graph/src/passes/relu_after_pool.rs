//! Takes the gradient of a ReLU before that of the max-pooling behind it, on the smaller of the two.
//!
//! The largest value of a window is above 0 where the pooled value is, and only it has a gradient:
//! `relu'(y) · unpool(y, dy) = unpool(y, relu'(pool(y)) · dy)`.

use dichroic_kernels::elementwise::Unary as Function;
use dichroic_kernels::pool::PoolKind;
use smallvec::smallvec;

use super::{makers, uses};
use crate::error::GraphError;
use crate::graph::{Graph, Source, ValueId};
use crate::ops::{Op, Pool};

pub(super) fn run(graph: &mut Graph, roots: &[ValueId]) -> Result<(), GraphError> {
    let (uses, makers) = (uses(graph, roots), makers(graph));
    for index in 0..graph.nodes.len() {
        let node = &graph.nodes[index];
        let (Op::UnaryGradient(relu), &[y, dx]) = (&node.op, node.inputs.as_slice()) else {
            continue;
        };
        let Some(unpooling) = makers[dx.index()] else { continue };
        let Op::PoolGradient(pool) = &graph.nodes[unpooling].op else { continue };
        let fits = relu.0 == Function::Relu
            && pool.0.kind == PoolKind::Max
            && graph.nodes[unpooling].inputs[0] == y
            && uses[dx.index()] == 1;
        let Some(pooled) = pooled(graph, &pool.0, y).filter(|_| fits) else { continue };
        let dy = graph.nodes[unpooling].inputs[1];
        let masked = graph.push(graph.shape(dy).clone(), Source::Node);
        let unpool = graph.nodes[unpooling].op.clone();
        let mask = std::mem::replace(&mut graph.nodes[index].op, unpool);
        graph.nodes[index].inputs = smallvec![y, masked];
        graph.nodes[unpooling].op = mask;
        graph.nodes[unpooling].inputs = smallvec![pooled, dy];
        graph.nodes[unpooling].outputs = smallvec![masked];
    }
    Ok(())
}

/// The value that this pooling makes of `y`.
fn pooled(graph: &Graph, pool: &Pool, y: ValueId) -> Option<ValueId> {
    let found = graph
        .nodes
        .iter()
        .find(|node| matches!(&node.op, Op::Pool(other) if other == pool) && node.inputs[0] == y)?;
    Some(found.outputs[0])
}
