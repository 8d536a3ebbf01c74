//! Lets convolutions and max pools pad for themselves: no padded copy is made.
//!
//! A convolution's padding is zeros, so that any zeros before it fold. A max pool takes padding for −∞,
//! which gives the same where no value is below zero: behind a ReLU.

use super::makers;
use crate::error::GraphError;
use crate::graph::{Graph, ValueId};
use crate::ops::{Op, Pad};
use dichroic_kernels::batch_norm::Then;
use dichroic_kernels::elementwise::Unary;
use dichroic_kernels::pool::PoolKind;

pub(super) fn run(graph: &mut Graph, roots: &[ValueId]) -> Result<(), GraphError> {
    let makers = makers(graph);
    // Zeros on spatial axes, and whether everybody who reads the padded value can do without it.
    let mut margins: Vec<Option<Vec<(usize, usize)>>> = vec![None; graph.values.len()];
    let mut dispensable = vec![true; graph.values.len()];
    for root in roots {
        dispensable[root.index()] = false;
    }
    for node in &graph.nodes {
        if let Op::Pad(pad) = &node.op {
            margins[node.outputs[0].index()] = spatial_zeros(pad);
        }
        for (index, input) in node.inputs.iter().enumerate() {
            let Some(margins) = &margins[input.index()] else { continue };
            let source = makers[input.index()].map(|maker| graph.nodes[maker].inputs[0]);
            let folds = index == 0
                && match &node.op {
                    Op::Conv(_) | Op::ConvWeightGradient(_) => true,
                    Op::Pool(pool) => {
                        let narrow = pool.window.iter().zip(&pool.padding).zip(margins).all(
                            |((&window, pads), more)| {
                                pads.0 + more.0 < window && pads.1 + more.1 < window
                            },
                        );
                        let never_negative =
                            source.is_some_and(|source| is_never_negative(graph, &makers, source));
                        pool.kind == PoolKind::Max && narrow && never_negative
                    }
                    _ => false,
                };
            dispensable[input.index()] &= folds;
        }
    }
    for index in 0..graph.nodes.len() {
        let Some(&input) = graph.nodes[index].inputs.first() else { continue };
        let Some(margins) = margins[input.index()].as_ref().filter(|_| dispensable[input.index()])
        else {
            continue;
        };
        let Some(maker) = makers[input.index()] else { continue };
        let source = graph.nodes[maker].inputs[0];
        let node = &mut graph.nodes[index];
        let padding = match &mut node.op {
            Op::Conv(op) => &mut op.geometry.padding,
            Op::ConvWeightGradient(op) => &mut op.geometry.padding,
            Op::Pool(op) => &mut op.padding,
            _ => continue,
        };
        for (pads, more) in padding.iter_mut().zip(margins) {
            *pads = (pads.0 + more.0, pads.1 + more.1);
        }
        node.inputs[0] = source;
    }
    Ok(())
}

/// The zeros before and behind each spatial axis, if the padding is that.
fn spatial_zeros(pad: &Pad) -> Option<Vec<(usize, usize)>> {
    let [batch, spatial @ .., channels] = pad.padding.as_slice() else { return None };
    let plain = pad.value == 0.0 && *batch == [0, 0] && *channels == [0, 0];
    plain.then(|| spatial.iter().map(|&[before, after]| (before, after)).collect())
}

fn is_never_negative(graph: &Graph, makers: &[Option<usize>], value: ValueId) -> bool {
    let Some(maker) = makers[value.index()] else { return false };
    let function = match &graph.nodes[maker].op {
        Op::Conv(op) => op.activation,
        Op::ConvTranspose(op) => op.activation,
        Op::Unary(op) => Some(op.0),
        Op::BatchNorm(op) => {
            matches!(op.then, Then::Relu | Then::AddThenRelu).then_some(Unary::Relu)
        }
        _ => None,
    };
    match function {
        Some(Unary::Relu | Unary::Relu6) => true,
        Some(Unary::ReluGeneral { negative_slope, max_value, threshold }) => {
            negative_slope == 0.0 && threshold >= 0.0 && max_value.is_none_or(|most| most >= 0.0)
        }
        _ => false,
    }
}
