//! Which steps take the items of a batch one after the other.
//!
//! ```text
//! as a whole     all threads   step 1, items 0 … n │ step 2, items 0 … n │ …
//! item by item   thread 0      item 0: step 1, step 2, … │ item 1: step 1, step 2, …
//!                thread 1      item n/2: step 1, step 2, … │ …
//! ```
//!
//! What a step makes of one item lies in the caches of the core that takes the next step, no thread
//! waits for another between steps, and memory holds one item for each thread. In return every step's
//! weights are read once for each item. So the steps with large feature maps and few weights, the first ones
//! of a network, are taken item by item, and those with many weights as a whole. The choice is made
//! by shapes alone, so that results don't depend on the number of threads.

use std::ops::Range;

use super::PlanOptions;
use super::values::fixed_values;
use crate::graph::{Graph, Node, Phase, Source, ValueId};
use crate::operation::Operation;
use crate::shape::Shape;

/// What reading a weight again costs, in values moved. Other ratios were not timed.
const VALUES_FOR_A_WEIGHT: usize = 1;
/// What beginning a step for each item costs, in values moved.
const VALUES_FOR_A_STEP: usize = 2048;

/// A batch, and the values that hold something for each of its items.
#[derive(Debug)]
pub(super) struct Items {
    /// The items, at least two.
    pub(super) count: usize,
    batched: Vec<bool>,
    fixed: Vec<bool>,
}

impl Items {
    /// The batch of a graph: its inputs' first axis. None where inputs differ, or where the plan learns or
    /// computes gradients, which sum over the batch.
    pub(super) fn of(graph: &Graph, options: &PlanOptions, fixed: &[bool]) -> Option<Self> {
        let forward = graph.nodes.iter().all(|node| node.phase == Phase::Forward);
        if !forward || options.learning.is_some() {
            return None;
        }
        Self::followed(graph, fixed)
    }

    /// The batch, followed from the inputs through all nodes.
    fn followed(graph: &Graph, fixed: &[bool]) -> Option<Self> {
        let first = graph.shape(*graph.inputs.first()?).first().copied()?;
        let equal =
            graph.inputs.iter().all(|&input| graph.shape(input).first().copied() == Some(first));
        if first < 2 || !equal {
            return None;
        }
        let mut items =
            Self { count: first, batched: vec![false; graph.values.len()], fixed: fixed.to_vec() };
        for &input in &graph.inputs {
            items.batched[input.index()] = true;
        }
        for node in &graph.nodes {
            let apart = items.keeps_apart(graph, node);
            for output in &node.outputs {
                let divides = graph.shape(*output).first().is_some_and(|n| n % first == 0);
                items.batched[output.index()] = apart && divides;
            }
        }
        Some(items)
    }

    /// Whether a value holds something for each item.
    pub(super) fn hold(&self, value: ValueId) -> bool {
        self.batched[value.index()]
    }

    /// The shape of what a value holds for one item, or of all of it where it belongs to no item.
    pub(super) fn shape(&self, graph: &Graph, value: ValueId) -> Shape {
        let mut shape = graph.shape(value).to_vec();
        if let (true, Some(first)) = (self.hold(value), shape.first_mut()) {
            *first /= self.count;
        }
        Shape::from(shape)
    }

    /// The runs of neighbours among these nodes that take a batch item by item.
    pub(super) fn stretches(&self, graph: &Graph, nodes: &[&Node]) -> Vec<Range<usize>> {
        let mut stretches = Vec::new();
        let mut start = 0;
        while start < nodes.len() {
            let run = nodes[start..].iter().take_while(|node| self.suits(graph, node)).count();
            let gains: Vec<i64> =
                nodes[start..start + run].iter().map(|node| self.gain(graph, node)).collect();
            let best = best_run(&gains);
            let best = start + best.start..start + best.end;
            // One step alone has no neighbour to leave its values in the cache for, and as a whole its kernel sees that
            // they outgrow the caches: a depthwise convolution of 16 items took 7.5 ms item by item, and 3.5 ms so.
            if nodes[best.clone()].iter().filter(|node| !node.op.is_view()).count() > 1 {
                stretches.push(best);
            }
            start += run + 1;
        }
        stretches
    }

    /// Whether items stay apart in a node that reads nothing but items and what parameters fix.
    fn keeps_apart(&self, graph: &Graph, node: &Node) -> bool {
        let batched: Vec<bool> = node.inputs.iter().map(|&input| self.hold(input)).collect();
        let known = node.inputs.iter().all(|input| self.hold(*input) || self.fixed[input.index()]);
        known
            && batched.contains(&true)
            && (node.op.is_view()
                || node.op.keeps_items_apart(&graph.shapes(&node.inputs), &batched))
    }

    /// Whether the node's op computes one item from one item as it computes them all from all.
    fn suits(&self, graph: &Graph, node: &Node) -> bool {
        let shapes: Vec<Shape> =
            node.inputs.iter().map(|&input| self.shape(graph, input)).collect();
        let shapes: Vec<&Shape> = shapes.iter().collect();
        let of_an_item = || node.outputs.iter().map(|&output| self.shape(graph, output));
        self.keeps_apart(graph, node)
            && node.outputs.iter().all(|&output| self.hold(output))
            && node.op.infer(&shapes).is_ok_and(|inferred| inferred.into_iter().eq(of_an_item()))
    }

    /// What taking the node item by item saves for an item, in values moved.
    fn gain(&self, graph: &Graph, node: &Node) -> i64 {
        let (mut values, mut weights) = (0usize, 0usize);
        for &value in node.inputs.iter().chain(&node.outputs) {
            let len = self.shape(graph, value).elements();
            if self.hold(value) {
                values = values.saturating_add(len);
            } else if !matches!(graph.source(value), Source::Constant(_)) {
                weights = weights.saturating_add(len);
            }
        }
        let cost = weights.saturating_mul(VALUES_FOR_A_WEIGHT).saturating_add(VALUES_FOR_A_STEP);
        let signed = |len: usize| i64::try_from(len).unwrap_or(i64::MAX);
        signed(values) - signed(cost)
    }
}

impl Graph {
    /// Whether the batch can be taken in parts: each of these values has a place for each item, which depends on no
    /// other item. The batch is the first axis of all inputs; it must hold at least two items for this to be seen.
    pub fn keeps_items_apart(&self, values: &[ValueId]) -> bool {
        let items = Items::followed(self, &fixed_values(self));
        items.is_some_and(|items| {
            let one_each = |&value: &ValueId| self.shape(value).first() == Some(&items.count);
            values.iter().all(|value| items.hold(*value) && one_each(value))
        })
    }
}

/// The run of neighbours with the largest sum, if that is positive.
fn best_run(gains: &[i64]) -> Range<usize> {
    let (mut best, mut most) = (0..0, 0);
    let (mut start, mut sum) = (0, 0i64);
    for (i, gain) in gains.iter().enumerate() {
        sum = gain.saturating_add(sum);
        if sum <= 0 {
            (start, sum) = (i + 1, 0);
        } else if sum > most {
            (best, most) = (start..i + 1, sum);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_run_may_pass_over_a_loss_but_ends_before_one() {
        assert_eq!(best_run(&[-1, 5, -2, 4, -9, 3]), 1..4);
        assert_eq!(best_run(&[-1, -5]), 0..0);
        assert_eq!(best_run(&[]), 0..0);
        assert_eq!(best_run(&[2, -3, 2]), 0..1);
    }
}
