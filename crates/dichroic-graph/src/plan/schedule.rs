//! Which steps there are, with their kernels, and when each runs.
//!
//! Time runs in steps: the preparation (what depends on parameters alone) comes first, then the
//! run, then one last step in which results are read. Weights are packed as soon as they are known:
//!
//! ```text
//! 0      1        2      3        4      …  2n     2n + 1  2n + 2  …  end
//! pack   prepare  pack   prepare  pack   …  pack   run     run     …  read
//! ```
//!
//! So folded weights give their memory back at once: on ResNet-50 they would take 100 MB otherwise.

use std::ops::Range;

use dichroic_kernels::conv::ConvMode;
use smallvec::SmallVec;

use super::items::Items;
use super::values::{constant_values, fixed_values, view_roots};
use super::{PlanOptions, Preparation, Stretch};
use crate::error::GraphError;
use crate::graph::{Graph, Node, Precision, ValueId};
use crate::operation::{Kernel, KernelContext, Operation};
use crate::shape::Shape;

/// A node with its kernel and the time at which it runs.
pub(super) struct Task<'a> {
    pub(super) node: &'a Node,
    pub(super) kernel: Box<dyn Kernel>,
    pub(super) time: usize,
    /// When the packed form of an input is made, if once per parameter version.
    pub(super) packs_at: Option<usize>,
    /// From when to when it and its neighbours take item after item, where they do.
    pub(super) stretch: Option<(usize, usize)>,
}

/// The tasks of a plan in their order.
pub(super) struct Schedule<'a> {
    graph: &'a Graph,
    pub(super) tasks: Vec<Task<'a>>,
    /// How many tasks belong to the preparation.
    pub(super) prepared: usize,
    /// The time of the first task of a run.
    pub(super) first_run: usize,
    /// The values that the preparation knows.
    pub(super) fixed: Vec<bool>,
    /// For each value the value whose memory it shows.
    pub(super) roots: Vec<ValueId>,
    /// The batch, where its items can be taken one after the other.
    pub(super) items: Option<Items>,
    /// The tasks of a run that take item after item, counted from its first one.
    by_item: Vec<Range<usize>>,
}

impl<'a> Schedule<'a> {
    /// Orders the nodes and chooses a kernel for each.
    pub(super) fn of(graph: &'a Graph, options: &PlanOptions) -> Result<Self, GraphError> {
        let fixed =
            if options.learning.is_some() { constant_values(graph) } else { fixed_values(graph) };
        let computing = graph.nodes.iter().filter(|node| !node.op.is_view());
        let (before, after): (Vec<&Node>, Vec<&Node>) =
            computing.partition(|node| fixed[node.outputs[0].index()]);
        let items = Items::of(graph, options, &fixed);
        let by_item = items.as_ref().map_or_else(Vec::new, |items| items.stretches(graph, &after));
        let mut schedule = Self {
            graph,
            tasks: Vec::with_capacity(before.len() + after.len()),
            prepared: before.len(),
            first_run: 2 * before.len() + 1,
            fixed,
            roots: view_roots(graph),
            items,
            by_item,
        };
        let mut made_at = vec![None; graph.values.len()];
        for node in before.into_iter().chain(after) {
            let task = schedule.task(node, options, &made_at)?;
            node.outputs.iter().for_each(|output| made_at[output.index()] = Some(task.time));
            schedule.tasks.push(task);
        }
        Ok(schedule)
    }

    /// The next task. `made_at` says when values were made that tasks have made so far.
    fn task(
        &self,
        node: &'a Node,
        options: &PlanOptions,
        made_at: &[Option<usize>],
    ) -> Result<Task<'a>, GraphError> {
        let index = self.tasks.len();
        let step = index.checked_sub(self.prepared);
        let time = step.map_or(2 * index + 1, |step| self.first_run + step);
        let stretch = step.and_then(|step| {
            let stretch = self.by_item.iter().find(|stretch| stretch.contains(&step))?;
            Some((self.first_run + stretch.start, self.first_run + stretch.end - 1))
        });
        let context = KernelContext { isa: options.isa, mode: mode(node, options) };
        let kernel = match self.items.as_ref().filter(|_| stretch.is_some()) {
            Some(items) => {
                let shapes: SmallVec<[Shape; 4]> =
                    node.inputs.iter().map(|&input| items.shape(self.graph, input)).collect();
                let shapes: SmallVec<[&Shape; 4]> = shapes.iter().collect();
                node.op.kernel(&shapes, context)?
            }
            None => node.op.kernel(&self.graph.shapes(&node.inputs), context)?,
        };
        let packed = kernel.packed_input().map(|input| self.roots[node.inputs[input].index()]);
        let packs_at = packed
            .filter(|packed| step.is_some() && self.fixed[packed.index()])
            .map(|packed| made_at[packed.index()].map_or(0, |time| time + 1));
        Ok(Task { node, kernel, time, packs_at, stretch })
    }

    /// The time after the last task, when results are read.
    pub(super) fn end(&self) -> usize {
        self.first_run + self.tasks.len() - self.prepared
    }

    /// For each value the time of its last reader.
    pub(super) fn last_uses(&self, readable: &[bool]) -> Vec<usize> {
        let mut last_use = vec![0; self.graph.values.len()];
        for task in &self.tasks {
            for (index, input) in task.node.inputs.iter().enumerate() {
                let root = self.roots[input.index()].index();
                let time = match task.packs_at {
                    Some(time) if task.kernel.packed_input() == Some(index) => time,
                    // What a run reads of the preparation must outlive every run.
                    _ if self.fixed[root] && task.time >= self.first_run => self.end(),
                    _ => task.time,
                };
                last_use[root] = last_use[root].max(time);
            }
        }
        for (index, _) in readable.iter().enumerate().filter(|(_, readable)| **readable) {
            last_use[self.roots[index].index()] = self.end();
        }
        last_use
    }

    /// All tasks of a run, in stretches of which some take item after item.
    pub(super) fn stretches(&self) -> Vec<Stretch> {
        let mut stretches = Vec::with_capacity(2 * self.by_item.len() + 1);
        let mut from = 0;
        for steps in &self.by_item {
            stretches.push(Stretch { steps: from..steps.start, by_item: false });
            stretches.push(Stretch { steps: steps.clone(), by_item: true });
            from = steps.end;
        }
        stretches.push(Stretch { steps: from..self.tasks.len() - self.prepared, by_item: false });
        stretches.retain(|stretch| !stretch.steps.is_empty());
        stretches
    }

    /// How many items are taken one after the other, 1 where none are.
    pub(super) fn items_in_turn(&self) -> usize {
        let items = self.items.as_ref().filter(|_| !self.by_item.is_empty());
        items.map_or(1, |items| items.count)
    }

    /// Preparing steps and packing in the order of their times.
    pub(super) fn preparation(&self) -> Vec<Preparation> {
        let (preparing, running) = self.tasks.split_at(self.prepared);
        let computing = preparing.iter().enumerate();
        let computing = computing.map(|(i, task)| (task.time, Preparation::Compute(i)));
        let packing = running.iter().enumerate();
        let packing = packing.filter_map(|(i, task)| Some((task.packs_at?, Preparation::Pack(i))));
        let mut all: Vec<(usize, Preparation)> = computing.chain(packing).collect();
        all.sort_by_key(|&(time, _)| time);
        all.into_iter().map(|(_, preparation)| preparation).collect()
    }
}

/// What convolutions may trade: an exact plan trades nothing, whatever a node may.
fn mode(node: &Node, options: &PlanOptions) -> ConvMode {
    match (options.mode, node.precision) {
        // A plan that learns packs weights in every run.
        (ConvMode::Fast, Precision::Bf16) | (ConvMode::Bf16, _) => match options.learning {
            Some(_) => ConvMode::Bf16,
            None => ConvMode::Bf16Prepared,
        },
        (mode, _) => mode,
    }
}
