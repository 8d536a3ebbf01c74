//! From a graph to what an executor runs: folded, fused, ordered, with memory assigned.

use std::ops::Range;
use std::sync::Arc;

use dichroic_kernels::conv::ConvMode;
use dichroic_kernels::isa::Isa;
use dichroic_kernels::parallel::threads;
use dichroic_kernels::tensor::Tensor;
use smallvec::SmallVec;

use crate::error::GraphError;
use crate::graph::{Graph, Phase, ValueId};
use crate::operation::Kernel;
use crate::parameters::ParameterId;
use crate::passes;
use crate::shape::Shape;

mod compile;
mod items;
mod lessons;
mod memory;
mod schedule;
mod values;

pub(crate) use values::{fixed_values, view_roots};

/// What a plan is made for.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// The values that are read after each run.
    pub outputs: Vec<ValueId>,
    /// Further values to be kept as they are computed, so that they can be looked at.
    pub keep: Vec<ValueId>,
    /// Whether convolutions may use algorithms that round differently.
    pub mode: ConvMode,
    /// The instruction set; the best of this machine by default.
    pub isa: Isa,
    /// What a run learns; nothing by default.
    pub learning: Option<Learning>,
}

/// What each run of a plan changes: parameters, as soon as their gradients are known.
///
/// A gradient is handed over and forgotten once nothing reads its parameter any more, so that the
/// gradients of a model never lie in memory together. Such a plan expects other parameters in each
/// run: what depends on them is computed where it is needed, and kept no longer than that.
#[derive(Clone, Debug)]
pub struct Learning {
    /// The parameters, with the values that are their gradients.
    pub gradients: Vec<(ParameterId, ValueId)>,
    /// A value, the loss say, that must be finite before the first parameter is changed.
    pub guard: ValueId,
}

impl PlanOptions {
    /// A plan that yields these values, on the best instruction set of this machine.
    pub fn for_outputs(outputs: &[ValueId]) -> Self {
        Self {
            outputs: outputs.to_vec(),
            keep: Vec::new(),
            mode: ConvMode::Fast,
            isa: Isa::detect(),
            learning: None,
        }
    }
}

/// Where a value lies while the plan runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Storage {
    Input(usize),
    Parameter(ParameterId),
    Constant(usize),
    Arena(Span),
}

/// A range of the arena, as a step sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// All of it.
    Whole(Range<usize>),
    /// Of a value for the whole batch, the part of the item that the step takes.
    Item(Range<usize>),
    /// Counted from the start of the lane that takes the item.
    Lane(Range<usize>),
}

/// Steps that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) steps: Range<usize>,
    /// They take the items of the batch one after the other; otherwise the batch as a whole.
    pub(crate) by_item: bool,
}

/// The memory of a plan, in values: what all threads share, then a lane for each thread that takes items.
///
/// ```text
/// shared │ lane 0 │ lane 1 │ …
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ArenaSize {
    pub(crate) shared: usize,
    pub(crate) lane: usize,
}

impl ArenaSize {
    /// All of it; `usize::MAX` where that can't be counted.
    pub(crate) fn with_lanes(self, lanes: usize) -> usize {
        self.shared.saturating_add(self.lane.saturating_mul(lanes))
    }
}

/// An input of the plan.
#[derive(Clone, Debug)]
pub(crate) struct PlannedInput {
    pub(crate) name: Arc<str>,
    pub(crate) shape: Shape,
}

/// A change of a parameter in the course of a run.
#[derive(Debug)]
pub(crate) struct Lesson {
    /// The place in [`Learning::gradients`].
    pub(crate) place: usize,
    pub(crate) parameter: ParameterId,
    pub(crate) gradient: Storage,
    pub(crate) len: usize,
    /// The steps that come before it.
    pub(crate) after: usize,
}

/// What is done once per parameter version, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preparation {
    /// Run one of the preparing steps.
    Compute(usize),
    /// Pack the weights of one of the other steps.
    Pack(usize),
}

#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) kernel: Box<dyn Kernel>,
    pub(crate) inputs: SmallVec<[Storage; 4]>,
    pub(crate) outputs: SmallVec<[Span; 2]>,
    pub(crate) packed: Range<usize>,
    /// Whether the packed form is made once per parameter version instead of in each run.
    pub(crate) packs_ahead: bool,
    pub(crate) scratch: Span,
    pub(crate) in_place: bool,
    pub(crate) info: StepInfo,
}

/// One step of a plan, as `dichroic plan` shows it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StepInfo {
    /// The layer it belongs to; empty outside layers.
    pub layer: String,
    /// The op.
    pub op: &'static str,
    /// The algorithm chosen for its shapes.
    pub algorithm: String,
    /// The shapes of its inputs.
    pub inputs: Vec<Shape>,
    /// The shapes of its outputs.
    pub outputs: Vec<Shape>,
    /// Multiply-adds of one run.
    pub macs: u64,
    /// Model or gradient.
    pub phase: Phase,
    /// Whether it depends on parameters alone and so runs only when they have changed.
    pub prepares: bool,
    /// Whether it takes the items of the batch one after the other, together with its neighbours.
    pub by_item: bool,
}

/// The memory of a plan, known before it runs. In bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryReport {
    /// The one buffer that holds all values, packed weights and scratch memory.
    pub arena: usize,
    /// Of this, weights in packed form.
    pub packed: usize,
    /// What all values would take without sharing memory.
    pub values: usize,
    /// Constants.
    pub constants: usize,
    /// Parameters that the plan reads; they are held outside the plan.
    pub parameters: usize,
}

/// A graph compiled for its shapes.
#[derive(Debug)]
pub struct Plan {
    pub(crate) inputs: Vec<PlannedInput>,
    /// Inputs that are themselves read after a run, with the place of their copy.
    pub(crate) copied_inputs: Vec<(usize, Range<usize>)>,
    /// Parameters that are themselves read after a run, with the place of their copy.
    pub(crate) copied_parameters: Vec<(ParameterId, Range<usize>)>,
    pub(crate) parameters: Vec<(ParameterId, usize)>,
    pub(crate) constants: Vec<Arc<Tensor>>,
    pub(crate) preparation: Vec<Preparation>,
    pub(crate) prepare: Vec<Step>,
    pub(crate) steps: Vec<Step>,
    pub(crate) storage: Vec<Option<Storage>>,
    pub(crate) readable: Vec<bool>,
    pub(crate) updates: Vec<(ParameterId, ValueId)>,
    /// In the order in which they are made.
    pub(crate) lessons: Vec<Lesson>,
    pub(crate) guard: Option<ValueId>,
    /// All steps.
    pub(crate) stretches: Vec<Stretch>,
    /// The items of the batch, where a stretch takes one after the other; else 1.
    pub(crate) items: usize,
    pub(crate) size: ArenaSize,
    /// All but the arena.
    pub(crate) memory: MemoryReport,
}

impl Plan {
    /// Compiles a graph: drops what nothing reads, folds batch normalisation, residuals,
    /// activations and padding into convolutions, has concatenations written in place, chooses a kernel
    /// for each op and assigns memory. Steps with large feature maps and few weights take a batch item by item.
    ///
    /// # Errors
    /// When a kernel can't be made, or the sizes can't be addressed.
    pub fn compile(graph: Graph, options: &PlanOptions) -> Result<Self, GraphError> {
        let mut graph = graph;
        passes::run(&mut graph, options)?;
        compile::compile(&graph, options)
    }

    /// The memory of the plan with the threads of the current pool.
    pub fn memory(&self) -> MemoryReport {
        self.memory_with_lanes(self.lanes())
    }

    /// As many items as are taken at the same time.
    pub(crate) fn lanes(&self) -> usize {
        if self.items > 1 { threads().min(self.items) } else { 0 }
    }

    pub(crate) fn memory_with_lanes(&self, lanes: usize) -> MemoryReport {
        let arena = self.size.with_lanes(lanes).saturating_mul(size_of::<f32>());
        MemoryReport { arena, ..self.memory }
    }

    /// The steps in their order, those that run once per parameter version first.
    pub fn steps(&self) -> impl Iterator<Item = &StepInfo> {
        self.prepare.iter().chain(&self.steps).map(|step| &step.info)
    }
}
