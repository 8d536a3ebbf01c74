//! Rewrites of a graph that keep what it computes.
//!
//! Values keep their numbers through every pass; a pass only changes which node makes them.

use crate::error::GraphError;
use crate::graph::{Graph, ValueId};
use crate::plan::PlanOptions;

mod check;
mod dead_code;
mod fold_padding;
mod fold_residual;
mod fold_scale_shift;
mod fuse_activation;
mod fuse_batch_norm;
mod join_in_place;
mod known_sums;
mod relu_after_pool;

pub use check::check;

/// What passes may not touch: values that are read from outside the graph.
fn roots(graph: &Graph, options: &PlanOptions) -> Vec<ValueId> {
    let updates = graph.updates.iter().map(|(_, value)| *value);
    let learned = options.learning.iter().flat_map(|learning| {
        learning.gradients.iter().map(|(_, gradient)| *gradient).chain([learning.guard])
    });
    options.outputs.iter().chain(&options.keep).copied().chain(updates).chain(learned).collect()
}

/// How often each value is read, by nodes and from outside.
fn uses(graph: &Graph, roots: &[ValueId]) -> Vec<usize> {
    let mut uses = vec![0; graph.values.len()];
    let inputs = graph.nodes.iter().flat_map(|node| &node.inputs);
    for value in inputs.chain(roots) {
        uses[value.index()] += 1;
    }
    uses
}

/// The node that makes each value.
fn makers(graph: &Graph) -> Vec<Option<usize>> {
    let mut makers = vec![None; graph.values.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        for output in &node.outputs {
            makers[output.index()] = Some(index);
        }
    }
    makers
}

impl Graph {
    /// Fuses what a training step computes, before its gradients are added: a batch normalisation
    /// with the addition and the ReLU behind it, padding with what pads by itself.
    ///
    /// `roots` are the values that will be read: they stay, and so do those of [`Graph::update`].
    /// Values between fused ops are made no more.
    ///
    /// # Errors
    /// When the graph breaks a rule.
    pub fn fuse_before_gradients(&mut self, roots: &[ValueId]) -> Result<(), GraphError> {
        let updates = self.updates.iter().map(|(_, value)| *value);
        let roots: Vec<ValueId> = roots.iter().copied().chain(updates).collect();
        fuse_batch_norm::run(self, &roots)?;
        check(self, "batch normalisation fusion")?;
        fold_padding::run(self, &roots)?;
        check(self, "padding folding before gradients")
    }
}

pub(crate) fn run(graph: &mut Graph, options: &PlanOptions) -> Result<(), GraphError> {
    let roots = roots(graph, options);
    type Pass = fn(&mut Graph, &[ValueId]) -> Result<(), GraphError>;
    let passes: [(&'static str, Pass); 10] = [
        ("dead code", dead_code::run),
        ("ReLU after pooling", relu_after_pool::run),
        ("known sums", known_sums::run),
        ("scale and shift folding", fold_scale_shift::run),
        ("residual folding", fold_residual::run),
        ("activation fusion", fuse_activation::run),
        ("padding folding", fold_padding::run),
        ("dead code after fusion", dead_code::run),
        ("joining in place", join_in_place::run),
        ("overwriting of dead residuals", fold_residual::overwrite_dead),
    ];
    check(graph, "construction")?;
    for (name, pass) in passes {
        pass(graph, &roots)?;
        check(graph, name)?;
    }
    Ok(())
}
