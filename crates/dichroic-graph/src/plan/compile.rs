//! Gives every value of a schedule its place.

use std::ops::Range;
use std::sync::Arc;

use dichroic_kernels::tensor::Tensor;
use smallvec::SmallVec;

use super::items::Items;
use super::lessons::plan_lessons;
use super::memory::{Buffer, Layout, place};
use super::schedule::{Schedule, Task};
use super::{
    ArenaSize, Lesson, MemoryReport, Plan, PlanOptions, PlannedInput, Span, Step, StepInfo, Storage,
};
use crate::error::GraphError;
use crate::graph::{Graph, Source, ValueId};
use crate::operation::Operation;
use crate::parameters::ParameterId;

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
    roots: &'a [ValueId],
    items: Option<&'a Items>,
    first_run: usize,
    end: usize,
    homes: Vec<Home>,
    last_use: Vec<usize>,
    buffers: Vec<Buffer>,
    /// Those of each lane.
    lane_buffers: Vec<Buffer>,
    /// The values that no step outside their stretch reads: a lane holds those of one item.
    local: Vec<bool>,
}

/// Where the buffers begin: those that all threads share, and those of each lane.
struct Layouts {
    shared: Layout,
    lane: Layout,
}

pub(super) fn compile(graph: &Graph, options: &PlanOptions) -> Result<Plan, GraphError> {
    let schedule = Schedule::of(graph, options)?;
    let readable = readable_values(graph, options);
    let mut lessons = plan_lessons(graph, options, &schedule);
    let mut constants = Vec::new();
    let mut compiler = Compiler {
        graph,
        roots: &schedule.roots,
        items: schedule.items.as_ref(),
        first_run: schedule.first_run,
        end: schedule.end(),
        homes: source_homes(graph, &mut constants),
        last_use: last_uses(&schedule, &readable, &lessons),
        buffers: Vec::new(),
        lane_buffers: Vec::new(),
        local: Vec::new(),
    };
    compiler.local = compiler.local_values(&schedule.tasks, &readable);
    let copied_inputs = compiler.copy_inputs_that_are_read(&readable);
    let shown_parameters = compiler.copy_parameters_that_are_read(&readable);
    let places: Vec<Places> = schedule.tasks.iter().map(|task| compiler.place_task(task)).collect();
    for value in 0..graph.values.len() {
        compiler.homes[value] = compiler.homes[compiler.roots[value].index()];
    }

    let layout =
        Layouts { shared: place(&compiler.buffers)?, lane: place(&compiler.lane_buffers)? };
    let whole = |home| compiler.settle(home, &layout, Span::Whole);
    let homes = compiler.homes.iter();
    let mut storage: Vec<Option<Storage>> =
        homes.map(|&home| (home != Home::Nowhere).then(|| whole(home))).collect();
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
    for (lesson, gradient) in &mut lessons {
        lesson.gradient = whole(compiler.homes[gradient.index()]);
    }
    let parameters = used_parameters(graph);
    let memory = compiler.memory(&schedule, &constants, &parameters);
    let (preparation, stretches) = (schedule.preparation(), schedule.stretches());
    let (items, prepared) = (schedule.items_in_turn(), schedule.prepared);
    let tasks = schedule.tasks.into_iter().zip(places);
    let mut prepare: Vec<Step> =
        tasks.map(|(task, places)| compiler.step(task, places, &layout)).collect();
    let steps = prepare.split_off(prepared);
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
        guard: options.learning.as_ref().map(|learning| learning.guard),
        stretches,
        items,
        size: ArenaSize { shared: layout.shared.len, lane: layout.lane.len },
        memory,
    })
}

impl Compiler<'_> {
    /// Inputs lie outside the plan; one that is itself read after a run gets a copy inside.
    fn copy_inputs_that_are_read(&mut self, readable: &[bool]) -> Vec<(usize, usize)> {
        let mut copies = Vec::new();
        for (value, _) in readable.iter().enumerate().filter(|(_, readable)| **readable) {
            let root = self.roots[value];
            if let Home::Input(position) = self.homes[root.index()] {
                let len = self.graph.shape(root).elements();
                let buffer = self.buffer(Buffer { len, first: self.first_run, last: self.end });
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
    ) -> Vec<(usize, ParameterId, usize)> {
        let mut copies = Vec::new();
        for (value, _) in readable.iter().enumerate().filter(|(_, readable)| **readable) {
            let root = self.roots[value];
            if let Home::Parameter(id) = self.homes[root.index()] {
                let len = self.graph.shape(root).elements();
                let buffer = self.buffer(Buffer { len, first: self.first_run, last: self.end });
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

    fn place_task(&mut self, task: &Task<'_>) -> Places {
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
        let (first, last) = task.packs_at.map_or((task.time, task.time), |time| (time, self.end));
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

    /// What the plan takes, without an arena, which is made with the executor.
    fn memory(
        &self,
        schedule: &Schedule<'_>,
        constants: &[Arc<Tensor>],
        parameters: &[(ParameterId, usize)],
    ) -> MemoryReport {
        let of_all = |buffers: &[Buffer]| buffers.iter().map(|buffer| buffer.len).sum::<usize>();
        let in_lanes = of_all(&self.lane_buffers).saturating_mul(schedule.items_in_turn());
        let bytes = |floats: usize| floats.saturating_mul(size_of::<f32>());
        MemoryReport {
            arena: 0,
            packed: bytes(schedule.tasks.iter().map(|task| task.kernel.packed_len()).sum()),
            values: bytes(of_all(&self.buffers).saturating_add(in_lanes)),
            constants: bytes(constants.iter().map(|constant| constant.len()).sum()),
            parameters: bytes(parameters.iter().map(|(_, len)| len).sum()),
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

/// The values that somebody reads after a run.
fn readable_values(graph: &Graph, options: &PlanOptions) -> Vec<bool> {
    let mut readable = vec![false; graph.values.len()];
    let results = graph.updates.iter().map(|(_, value)| value);
    let guard = options.learning.as_ref().map(|learning| &learning.guard);
    for value in options.outputs.iter().chain(&options.keep).chain(results).chain(guard) {
        readable[value.index()] = true;
    }
    readable
}

/// For each value the time of its last reader, lessons among them.
fn last_uses(
    schedule: &Schedule<'_>,
    readable: &[bool],
    lessons: &[(Lesson, ValueId)],
) -> Vec<usize> {
    let mut last_use = schedule.last_uses(readable);
    for (lesson, gradient) in lessons {
        let last = &mut last_use[gradient.index()];
        // It outlives the step before the lesson, which may not take its place. One of the preparation, such as a
        // clipped zero, is read by every run.
        *last = match schedule.fixed[gradient.index()] {
            true => schedule.end(),
            false => (*last).max(lesson.after + schedule.first_run),
        };
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
