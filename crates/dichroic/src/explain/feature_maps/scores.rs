//! The scores of classes at a model's outputs.

use dichroic_graph::kernels::elementwise::Unary as Function;
use dichroic_graph::kernels::softmax::SoftmaxKind;
use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::{Graph, Op, ValueId};
use serde::Serialize;

/// An output of the model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutputScores {
    /// The layer that makes it.
    pub name: String,
    /// Whether its values are probabilities, since a softmax or a sigmoid makes them.
    pub probabilities: bool,
    /// The scores of the classes, the highest first; empty if the output is no row of them.
    pub scores: Vec<ClassScore>,
}

/// The score of a class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassScore {
    /// The class, counted from 0.
    pub index: usize,
    /// Its name, where it is known.
    pub class_name: Option<String>,
    /// The output's value.
    pub score: f32,
}

impl OutputScores {
    pub(super) fn name_classes(&mut self, names: &[String]) {
        if self.scores.len() == names.len() {
            for score in &mut self.scores {
                score.class_name = names.get(score.index).cloned();
            }
        }
    }
}

/// The scores of an output, from its values for one item.
pub(super) fn scores(
    name: String,
    graph: &Graph,
    output: ValueId,
    values: &Tensor,
) -> OutputScores {
    let mut scores: Vec<ClassScore> = match values.rank() {
        1 => (values.data().iter().enumerate())
            .map(|(index, &score)| ClassScore { index, class_name: None, score })
            .collect(),
        _ => Vec::new(),
    };
    scores.sort_by(|a, b| b.score.total_cmp(&a.score));
    OutputScores { name, probabilities: before_probabilities(graph, output).is_some(), scores }
}

/// What makes probabilities of scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::explain) enum Squashing {
    Softmax,
    Sigmoid,
}

/// The scores that a softmax or a sigmoid makes the value of, with as many elements in the same order; `None` where
/// the value is made in another way. Axes may have been changed since.
pub(in crate::explain) fn before_probabilities(
    graph: &Graph,
    mut value: ValueId,
) -> Option<(ValueId, Squashing)> {
    loop {
        let node = graph.nodes().iter().rev().find(|node| node.outputs.contains(&value))?;
        let input = node.inputs.first().copied()?;
        match &node.op {
            Op::Reshape(_) => value = input,
            Op::Softmax(softmax) if softmax.kind == SoftmaxKind::Softmax => {
                return Some((input, Squashing::Softmax));
            }
            Op::Unary(unary) if matches!(unary.0, Function::Sigmoid) => {
                return Some((input, Squashing::Sigmoid));
            }
            _ => return None,
        }
    }
}
