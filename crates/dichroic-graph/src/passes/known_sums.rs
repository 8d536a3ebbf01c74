//! Bias gradients that are known without a pass over the gradient of the convolution's output.
//!
//! - Behind a batch normalisation a bias changes nothing, and the sum of its `dx` over all rows is 0:
//!   `Σ dx = gamma · inv_std · (Σ dy − Σ dy − Σ x̂ · dgamma / rows)`, and `Σ x̂ = 0`. Summed up it
//!   would be rounding, which Adam would divide by its own size.
//! - Max-pooling hands each window's gradient to one value, so that the sum stays the same.

use std::sync::Arc;

use dichroic_kernels::pool::PoolKind;
use dichroic_kernels::reduce::ReduceKind;
use dichroic_kernels::tensor::Tensor;

use super::makers;
use crate::error::GraphError;
use crate::graph::{Graph, Source, ValueId};
use crate::ops::Op;

pub(super) fn run(graph: &mut Graph, _roots: &[ValueId]) -> Result<(), GraphError> {
    let makers = makers(graph);
    let mut zeros = vec![false; graph.nodes.len()];
    for index in 0..graph.nodes.len() {
        let node = &graph.nodes[index];
        let (Op::Reduce(reduce), &[x]) = (&node.op, node.inputs.as_slice()) else { continue };
        let rows = 0..graph.shape(x).len().saturating_sub(1);
        if reduce.kind != ReduceKind::Sum || !reduce.axes.iter().copied().eq(rows) {
            continue;
        }
        let Some(maker) = makers[x.index()].map(|maker| &graph.nodes[maker]) else { continue };
        match &maker.op {
            Op::BatchNormGradient(_) if maker.outputs[0] == x => zeros[index] = true,
            Op::PoolGradient(pool) if pool.0.kind == PoolKind::Max => {
                let dy = maker.inputs[1];
                graph.nodes[index].inputs[0] = dy;
            }
            _ => {}
        }
    }
    let mut zeros = zeros.into_iter();
    let (known, rest): (Vec<_>, Vec<_>) =
        std::mem::take(&mut graph.nodes).into_iter().partition(|_| zeros.next().unwrap_or(false));
    graph.nodes = rest;
    for node in known {
        let value = &mut graph.values[node.outputs[0].index()];
        value.source = Source::Constant(Arc::new(Tensor::zeros(value.shape.to_vec())?));
    }
    Ok(())
}
