//! Chooses kernels and gives every value its place.
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
use std::sync::Arc;

use dichroic_kernels::conv::ConvMode;
use dichroic_kernels::tensor::Tensor;
use smallvec::SmallVec;

use super::items::Items;
use super::lessons::plan_lessons;
use super::memory::{Buffer, Layout, place};
use super::{
    ArenaSize, MemoryReport, Plan, PlanOptions, PlannedInput, Preparation, Span, Step, StepInfo,
    Storage, Stretch,
};
use crate::error::GraphError;
use crate::graph::{Graph, Node, Precision, Source, ValueId};
use crate::operation::{Kernel, KernelContext, Operation};
use crate::parameters::ParameterId;
use crate::shape::Shape;

/// Where a value lies, before buffers have their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Home {
    Nowhere,
    Input(usize),
    Parameter(ParameterId),
    Constant(usize),
    Buffer(usize),
    /// A buffer that each lane has, for one item.
    Lane(usize),
}

/// A node with its kernel and the time at which it runs.
pub(super) struct Task<'a> {
    pub(super) node: &'a Node,
    kernel: Box<dyn Kernel>,
    pub(super) time: usize,
    /// When the packed form of an input is made, if once per parameter version.
    packs_at: Option<usize>,
    /// From when to when it and its neighbours take item after item, where they do.
    stretch: Option<(usize, usize)>,
}

/// Buffers of a task, by number.
struct Places {
    inputs: SmallVec<[Home; 4]>,
    outputs: SmallVec<[Home; 2]>,
    packed: Option<usize>,
    scratch: Option<Home>,
    in_place: bool,
}

struct Compiler<'a> {
    graph: &'a Graph,
    /// For each value the value whose memory it shows.
    roots: Vec<ValueId>,
    homes: Vec<Home>,
    last_use: Vec<usize>,
    buffers: Vec<Buffer>,
    /// Those of each lane.
    lane_buffers: Vec<Buffer>,
    items: Option<&'a Items>,
    /// The values that no step outside their stretch reads: a lane holds those of one item.
    local: Vec<bool>,
    first_run: usize,
}

/// Where the buffers begin: those that all threads share, and those of each lane.
struct Layouts {
    shared: Layout,
    lane: Layout,
}

pub(super) fn compile(graph: &Graph, options: &PlanOptions) -> Result<Plan, GraphError> {
    let fixed =
        if options.learning.is_some() { constant_values(graph) } else { fixed_values(graph) };
    let (before, after): (Vec<&Node>, Vec<&Node>) = graph
        .nodes
        .iter()
        .filter(|node| !node.op.is_view())
        .partition(|node| fixed[node.outputs[0].index()]);
    let prepared = before.len();
    let first_run = 2 * prepared + 1;
    let end = first_run + after.len();
    let roots = view_roots(graph);
    let items = Items::of(graph, options, &fixed);
    let by_item = items.as_ref().map_or_else(Vec::new, |items| items.stretches(graph, &after));
    let stretches = cover(&by_item, after.len());
    let times = (0..prepared).map(|i| 2 * i + 1).chain(first_run..end);
    let mut made_at = vec![None; graph.values.len()];
    let mut tasks = Vec::with_capacity(end);
    for (node, time) in before.into_iter().chain(after).zip(times) {
        let context = KernelContext { isa: options.isa, mode: mode(node, options) };
        let stretch = time.checked_sub(first_run).and_then(|step| {
            let stretch = by_item.iter().find(|stretch| stretch.contains(&step))?;
            Some((first_run + stretch.start, first_run + stretch.end - 1))
        });
        let kernel = match items.as_ref().filter(|_| stretch.is_some()) {
            Some(items) => {
                let shapes: SmallVec<[Shape; 4]> =
                    node.inputs.iter().map(|&input| items.shape(graph, input)).collect();
                let shapes: SmallVec<[&Shape; 4]> = shapes.iter().collect();
                node.op.kernel(&shapes, context)?
            }
            None => node.op.kernel(&graph.shapes(&node.inputs), context)?,
        };
        let packed = kernel.packed_input().map(|input| roots[node.inputs[input].index()].index());
        let packs_at = packed
            .filter(|&packed| time >= first_run && fixed[packed])
            .map(|packed| made_at[packed].map_or(0, |time: usize| time + 1));
        node.outputs.iter().for_each(|output| made_at[output.index()] = Some(time));
        tasks.push(Task { node, kernel, time, packs_at, stretch });
    }

    let mut readable = vec![false; graph.values.len()];
    let results = graph.updates.iter().map(|(_, value)| value);
    let guard = options.learning.as_ref().map(|learning| learning.guard);
    for value in options.outputs.iter().chain(&options.keep).chain(results).chain(&guard) {
        readable[value.index()] = true;
    }
    let mut last_use = last_uses(graph, &tasks, &roots, (&fixed, first_run), &readable);
    let mut lessons = plan_lessons(graph, options, (&tasks, first_run - 1), &roots);
    for (lesson, gradient) in &lessons {
        let last = &mut last_use[gradient.index()];
        // It outlives the step before the lesson, which may not take its place. One of the preparation, such as a clipped zero, is read by every run.
        *last = match fixed[gradient.index()] {
            true => end_of(&tasks),
            false => (*last).max(lesson.after + first_run),
        };
    }
    let mut constants = Vec::new();
    let mut compiler = Compiler {
        graph,
        homes: source_homes(graph, &mut constants),
        last_use,
        roots,
        buffers: Vec::new(),
        lane_buffers: Vec::new(),
        items: items.as_ref(),
        local: Vec::new(),
        first_run,
    };
    compiler.local = compiler.local_values(&tasks, &readable);
    let copied_inputs = compiler.copy_inputs_that_are_read(&readable, end);
    let shown_parameters = compiler.copy_parameters_that_are_read(&readable, end);
    let places: Vec<Places> = tasks.iter().map(|task| compiler.place_task(task, end)).collect();
    for value in 0..graph.values.len() {
        compiler.homes[value] = compiler.homes[compiler.roots[value].index()];
    }

    let layout =
        Layouts { shared: place(&compiler.buffers)?, lane: place(&compiler.lane_buffers)? };
    let size = ArenaSize { shared: layout.shared.len, lane: layout.lane.len };
    let items = if by_item.is_empty() { 1 } else { items.as_ref().map_or(1, |items| items.count) };
    let of_all = |buffers: &[Buffer]| buffers.iter().map(|buffer| buffer.len).sum::<usize>();
    let in_lanes = of_all(&compiler.lane_buffers).saturating_mul(items);
    let parameters = used_parameters(graph);
    let bytes = |floats: usize| floats.saturating_mul(size_of::<f32>());
    let memory = MemoryReport {
        arena: 0,
        packed: bytes(tasks.iter().map(|task| task.kernel.packed_len()).sum()),
        values: bytes(of_all(&compiler.buffers).saturating_add(in_lanes)),
        constants: bytes(constants.iter().map(|constant| constant.len()).sum()),
        parameters: bytes(parameters.iter().map(|(_, len)| len).sum()),
    };
    let mut storage: Vec<Option<Storage>> = compiler
        .homes
        .iter()
        .map(|&home| (home != Home::Nowhere).then(|| compiler.settle(home, &layout, Span::Whole)))
        .collect();
    let mut copied_parameters = Vec::with_capacity(shown_parameters.len());
    for (value, id, buffer) in shown_parameters {
        let range = compiler.range(buffer, &layout);
        storage[value] = Some(Storage::Arena(Span::Whole(range.clone())));
        copied_parameters.push((id, range));
    }
    let copied_inputs = copied_inputs
        .into_iter()
        .map(|(position, buffer)| (position, compiler.range(buffer, &layout)))
        .collect();
    let preparation = preparation(&tasks, prepared);
    let mut prepare: Vec<Step> = tasks
        .into_iter()
        .zip(places)
        .map(|(task, places)| compiler.step(task, places, &layout))
        .collect();
    let steps = prepare.split_off(prepared);
    for (lesson, gradient) in &mut lessons {
        lesson.gradient = compiler.settle(compiler.homes[gradient.index()], &layout, Span::Whole);
    }
    Ok(Plan {
        inputs: planned_inputs(graph),
        copied_inputs,
        copied_parameters,
        parameters,
        constants,
        preparation,
        prepare,
        steps,
        storage,
        readable,
        updates: graph.updates.clone(),
        lessons: lessons.into_iter().map(|(lesson, _)| lesson).collect(),
        guard,
        stretches,
        items,
        size,
        memory,
    })
}

impl Compiler<'_> {
    /// Inputs lie outside the plan; one that is itself read after a run gets a copy inside.
    fn copy_inputs_that_are_read(&mut self, readable: &[bool], end: usize) -> Vec<(usize, usize)> {
        let mut copies = Vec::new();
        for (value, _) in readable.iter().enumerate().filter(|(_, readable)| **readable) {
            let root = self.roots[value];
            if let Home::Input(position) = self.homes[root.index()] {
                let len = self.graph.shape(root).elements();
                let buffer = self.buffer(Buffer { len, first: self.first_run, last: end });
                self.homes[root.index()] = Home::Buffer(buffer);
                copies.push((position, buffer));
            }
        }
        copies
    }

    /// Parameters lie outside the plan too. Steps read them there, some before a run's copies are made; only who
    /// reads the value after a run is shown the copy.
    fn copy_parameters_that_are_read(
        &mut self,
        readable: &[bool],
        end: usize,
    ) -> Vec<(usize, ParameterId, usize)> {
        let mut copies = Vec::new();
        for (value, _) in readable.iter().enumerate().filter(|(_, readable)| **readable) {
            let root = self.roots[value];
            if let Home::Parameter(id) = self.homes[root.index()] {
                let len = self.graph.shape(root).elements();
                let buffer = self.buffer(Buffer { len, first: self.first_run, last: end });
                copies.push((value, id, buffer));
            }
        }
        copies
    }

    /// The values that are made and read in one stretch alone, and written into no other value.
    fn local_values(&self, tasks: &[Task<'_>], readable: &[bool]) -> Vec<bool> {
        let mut made_in = vec![None; self.homes.len()];
        for task in tasks {
            task.node.outputs.iter().for_each(|output| made_in[output.index()] = task.stretch);
        }
        let mut local: Vec<bool> = made_in.iter().map(Option::is_some).collect();
        for (value, _) in readable.iter().enumerate().filter(|(_, readable)| **readable) {
            local[self.roots[value].index()] = false;
        }
        for task in tasks.iter().rev() {
            for (index, input) in task.node.inputs.iter().enumerate() {
                let root = self.root(*input).index();
                // A value that is changed in place lies where the result lies.
                let becomes_whole = task.kernel.in_place_input() == Some(index)
                    && !local[task.node.outputs[0].index()]
                    && self.last_use[root] == task.time;
                local[root] &= made_in[root] == task.stretch && !becomes_whole;
            }
        }
        local
    }

    fn place_task(&mut self, task: &Task<'_>, end: usize) -> Places {
        let node = task.node;
        let inputs: SmallVec<[Home; 4]> =
            node.inputs.iter().map(|input| self.homes[self.root(*input).index()]).collect();
        let shared = task.kernel.in_place_input().and_then(|index| self.dying(task, index));
        // What is not local is there for all items, as long as one is still to be taken.
        let (begun, done) = task.stretch.unwrap_or((task.time, task.time));
        for (&value, &home) in node.inputs.iter().zip(&inputs) {
            let held = task.stretch.is_some() && self.items.is_some_and(|items| items.hold(value));
            if let (Home::Buffer(buffer), true) = (home, held) {
                self.buffers[buffer].last = self.buffers[buffer].last.max(done);
            }
        }
        let mut outputs = SmallVec::new();
        for (index, &output) in node.outputs.iter().enumerate() {
            let last = self.last_use[output.index()].max(task.time);
            let len = self.graph.shape(output).elements();
            let home = match shared {
                Some(home) if index == 0 => {
                    match home {
                        Home::Lane(buffer) => self.lane_buffers[buffer].last = last,
                        Home::Buffer(buffer) => self.buffers[buffer].last = last.max(done),
                        _ => {}
                    }
                    home
                }
                _ if self.local[output.index()] => {
                    let len = self.items.map_or(len, |items| len / items.count);
                    self.lane_buffer(Buffer { len, first: task.time, last })
                }
                _ => Home::Buffer(self.buffer(Buffer { len, first: begun, last: last.max(done) })),
            };
            self.homes[output.index()] = home;
            outputs.push(home);
        }
        let (first, last) = task.packs_at.map_or((task.time, task.time), |time| (time, end));
        let packed = task
            .kernel
            .packed_input()
            .map(|_| self.buffer(Buffer { len: task.kernel.packed_len(), first, last }));
        let scratch = Some(task.kernel.scratch_len()).filter(|&len| len > 0).map(|len| {
            let buffer = Buffer { len, first: task.time, last: task.time };
            match task.stretch {
                Some(_) => self.lane_buffer(buffer),
                None => Home::Buffer(self.buffer(buffer)),
            }
        });
        Places { inputs, outputs, packed, scratch, in_place: shared.is_some() }
    }

    /// The home of input `index` if the first output can take it over: nothing reads it after this task,
    /// nor twice in it.
    fn dying(&self, task: &Task<'_>, index: usize) -> Option<Home> {
        let root = self.root(task.node.inputs[index]);
        let output = task.node.outputs[0];
        let reads = task.node.inputs.iter().filter(|input| self.root(**input) == root).count();
        let lengths_match =
            self.graph.shape(root).elements() == self.graph.shape(output).elements();
        let alone = reads == 1 && lengths_match && self.last_use[root.index()] == task.time;
        match self.homes[root.index()] {
            home @ Home::Lane(_) if alone && self.local[output.index()] => Some(home),
            home @ Home::Buffer(_) if alone && !self.local[output.index()] => Some(home),
            _ => None,
        }
    }

    fn step(&self, task: Task<'_>, places: Places, layout: &Layouts) -> Step {
        let node = task.node;
        let shapes = self.graph.shapes(&node.inputs);
        let by_item = task.stretch.is_some();
        let of_item = |value: ValueId| by_item && self.items.is_some_and(|items| items.hold(value));
        let span = |of_item: bool| -> fn(Range<usize>) -> Span {
            if of_item { Span::Item } else { Span::Whole }
        };
        let inputs = node.inputs.iter().zip(&places.inputs);
        let outputs = node.outputs.iter().zip(&places.outputs);
        Step {
            inputs: inputs
                .map(|(&value, &home)| self.settle(home, layout, span(of_item(value))))
                .collect(),
            outputs: outputs
                .map(|(&value, &home)| self.span(home, layout, span(of_item(value))))
                .collect(),
            packed: places.packed.map_or(0..0, |buffer| self.range(buffer, layout)),
            packs_ahead: task.packs_at.is_some(),
            scratch: self.span(places.scratch.unwrap_or(Home::Nowhere), layout, Span::Whole),
            in_place: places.in_place,
            info: StepInfo {
                layer: node.scope.to_string(),
                op: node.op.name(),
                algorithm: task.kernel.algorithm(),
                inputs: shapes.iter().map(|&shape| shape.clone()).collect(),
                outputs: node.outputs.iter().map(|&o| self.graph.shape(o).clone()).collect(),
                macs: node.op.macs(&shapes),
                phase: node.phase,
                prepares: task.time < self.first_run,
                by_item,
            },
            kernel: task.kernel,
        }
    }

    fn root(&self, value: ValueId) -> ValueId {
        self.roots[value.index()]
    }

    fn buffer(&mut self, buffer: Buffer) -> usize {
        self.buffers.push(buffer);
        self.buffers.len() - 1
    }

    fn lane_buffer(&mut self, buffer: Buffer) -> Home {
        self.lane_buffers.push(buffer);
        Home::Lane(self.lane_buffers.len() - 1)
    }

    fn range(&self, buffer: usize, layout: &Layouts) -> Range<usize> {
        let start = layout.shared.offsets[buffer];
        start..start + self.buffers[buffer].len
    }

    /// Where a buffer lies; `shared` says what a step sees of one that all threads share.
    fn span(&self, home: Home, layout: &Layouts, shared: fn(Range<usize>) -> Span) -> Span {
        match home {
            Home::Buffer(buffer) => shared(self.range(buffer, layout)),
            Home::Lane(buffer) => {
                let start = layout.lane.offsets[buffer];
                Span::Lane(start..start + self.lane_buffers[buffer].len)
            }
            _ => Span::Whole(0..0),
        }
    }

    fn settle(&self, home: Home, layout: &Layouts, shared: fn(Range<usize>) -> Span) -> Storage {
        match home {
            Home::Input(position) => Storage::Input(position),
            Home::Parameter(id) => Storage::Parameter(id),
            Home::Constant(index) => Storage::Constant(index),
            Home::Nowhere | Home::Buffer(_) | Home::Lane(_) => {
                Storage::Arena(self.span(home, layout, shared))
            }
        }
    }
}

/// All of `len` steps, in stretches of which those named take item after item.
fn cover(by_item: &[Range<usize>], len: usize) -> Vec<Stretch> {
    let mut stretches = Vec::with_capacity(2 * by_item.len() + 1);
    let mut from = 0;
    for steps in by_item {
        stretches.push(Stretch { steps: from..steps.start, by_item: false });
        stretches.push(Stretch { steps: steps.clone(), by_item: true });
        from = steps.end;
    }
    stretches.push(Stretch { steps: from..len, by_item: false });
    stretches.retain(|stretch| !stretch.steps.is_empty());
    stretches
}

/// What convolutions may trade: an exact plan trades nothing, whatever a node may.
fn mode(node: &Node, options: &PlanOptions) -> ConvMode {
    match (options.mode, node.precision) {
        (ConvMode::Fast, Precision::Bf16) => ConvMode::Bf16,
        (mode, _) => mode,
    }
}

/// Preparing steps and packing in the order of their times.
fn preparation(tasks: &[Task<'_>], prepared: usize) -> Vec<Preparation> {
    let computing = (0..prepared).map(|i| (tasks[i].time, Preparation::Compute(i)));
    let packing = tasks[prepared..].iter().enumerate();
    let packing = packing.filter_map(|(i, task)| Some((task.packs_at?, Preparation::Pack(i))));
    let mut all: Vec<(usize, Preparation)> = computing.chain(packing).collect();
    all.sort_by_key(|&(time, _)| time);
    all.into_iter().map(|(_, preparation)| preparation).collect()
}

/// The values that depend on constants alone.
fn constant_values(graph: &Graph) -> Vec<bool> {
    values_from(graph, |source| matches!(source, Source::Constant(_)))
}

/// The values that depend on parameters and constants alone.
pub(crate) fn fixed_values(graph: &Graph) -> Vec<bool> {
    values_from(graph, |source| matches!(source, Source::Parameter(_) | Source::Constant(_)))
}

fn values_from(graph: &Graph, is_fixed: impl Fn(&Source) -> bool) -> Vec<bool> {
    let mut fixed: Vec<bool> = graph.values.iter().map(|value| is_fixed(&value.source)).collect();
    for node in &graph.nodes {
        let all = node.inputs.iter().all(|input| fixed[input.index()]) && !node.op.is_random();
        for output in &node.outputs {
            fixed[output.index()] = all;
        }
    }
    fixed
}

/// For each value the value whose memory it shows.
pub(crate) fn view_roots(graph: &Graph) -> Vec<ValueId> {
    let mut roots: Vec<ValueId> = (0u32..).take(graph.values.len()).map(ValueId).collect();
    for node in graph.nodes.iter().filter(|node| node.op.is_view()) {
        roots[node.outputs[0].index()] = roots[node.inputs[0].index()];
    }
    roots
}

/// The time after the last task.
fn end_of(tasks: &[Task<'_>]) -> usize {
    tasks.last().map_or(0, |task| task.time) + 1
}

fn last_uses(
    graph: &Graph,
    tasks: &[Task<'_>],
    roots: &[ValueId],
    (fixed, first_run): (&[bool], usize),
    readable: &[bool],
) -> Vec<usize> {
    let end = end_of(tasks);
    let mut last_use = vec![0; graph.values.len()];
    for task in tasks {
        for (index, input) in task.node.inputs.iter().enumerate() {
            let root = roots[input.index()].index();
            let time = match task.packs_at {
                Some(time) if task.kernel.packed_input() == Some(index) => time,
                // What a run reads of the preparation must outlive every run.
                _ if fixed[root] && task.time >= first_run => end,
                _ => task.time,
            };
            last_use[root] = last_use[root].max(time);
        }
    }
    for (index, _) in readable.iter().enumerate().filter(|(_, readable)| **readable) {
        last_use[roots[index].index()] = end;
    }
    last_use
}

fn source_homes(graph: &Graph, constants: &mut Vec<Arc<Tensor>>) -> Vec<Home> {
    graph
        .values
        .iter()
        .map(|value| match &value.source {
            Source::Input { position, .. } => Home::Input(*position),
            Source::Parameter(id) => Home::Parameter(*id),
            Source::Constant(tensor) => {
                constants.push(tensor.clone());
                Home::Constant(constants.len() - 1)
            }
            Source::Node => Home::Nowhere,
        })
        .collect()
}

fn used_parameters(graph: &Graph) -> Vec<(ParameterId, usize)> {
    graph
        .values
        .iter()
        .filter_map(|value| match value.source {
            Source::Parameter(id) => Some((id, value.shape.elements())),
            _ => None,
        })
        .collect()
}

fn planned_inputs(graph: &Graph) -> Vec<PlannedInput> {
    graph
        .inputs
        .iter()
        .map(|&input| PlannedInput {
            name: match graph.source(input) {
                Source::Input { name, .. } => name.clone(),
                _ => Arc::from(""),
            },
            shape: graph.shape(input).clone(),
        })
        .collect()
}
