//! Runs a plan on the CPU, as often as needed, without allocating.

use std::ops::Range;
use std::time::{Duration, Instant};

use dichroic_kernels::arena::Arena;
use smallvec::SmallVec;

use crate::error::GraphError;
use crate::graph::ValueId;
use crate::memory::available_memory;
use crate::operation::{KernelArgs, StepContext};
use crate::parameters::{ParameterId, Parameters};
use crate::plan::{MemoryReport, Plan, Preparation, Step, StepInfo, Storage};

mod learning;

pub use learning::{Learned, Learner};

/// A plan with its memory.
///
/// Kernels share their work out over the [`ThreadPool`](dichroic_kernels::parallel::ThreadPool) within which
/// [`Executor::run`] is called.
#[derive(Debug)]
pub struct Executor {
    plan: Plan,
    arena: Arena,
    prepared_for: Option<u64>,
}

/// What lies outside the arena during a run.
struct Outside<'a> {
    inputs: &'a [&'a [f32]],
    parameters: &'a Parameters,
    step: StepContext,
}

/// What a step was doing while it was timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// Bringing weights into the form that its kernel reads, once per change of the weights.
    Pack,
    /// Computing its outputs.
    Run,
}

/// The time that a step took in [`Executor::run_timed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepTime {
    /// The number of the step in [`Executor::steps`].
    pub step: usize,
    /// What it did.
    pub work: Work,
    /// How long that took.
    pub time: Duration,
}

impl Executor {
    /// Takes the memory that the plan asks for.
    ///
    /// # Errors
    /// [`GraphError::Memory`] with both figures when the memory is not there: the arena touches every
    /// page at once, so that a system that promises more than it has would end the process.
    pub fn new(plan: Plan) -> Result<Self, GraphError> {
        let needed = plan.memory().arena as u64;
        if let Some(available) = available_memory().filter(|&available| needed > available) {
            return Err(GraphError::Memory { needed, available });
        }
        let arena = Arena::new(plan.arena_len)?;
        Ok(Self { plan, arena, prepared_for: None })
    }

    /// Runs the plan on these inputs, in the order in which the graph's inputs were made.
    ///
    /// What depends on parameters alone is computed only when they have changed.
    ///
    /// # Errors
    /// When an input or a parameter has the wrong length.
    pub fn run(
        &mut self,
        inputs: &[&[f32]],
        parameters: &Parameters,
        step: StepContext,
    ) -> Result<(), GraphError> {
        self.run_clocked(inputs, parameters, step, |_, _, task| task())
    }

    /// [`Executor::run`], reporting the time of each step.
    ///
    /// # Errors
    /// As [`Executor::run`].
    pub fn run_timed(
        &mut self,
        inputs: &[&[f32]],
        parameters: &Parameters,
        step: StepContext,
        mut seen: impl FnMut(StepTime),
    ) -> Result<(), GraphError> {
        self.run_clocked(inputs, parameters, step, |step, work, task| {
            let begun = Instant::now();
            task()?;
            seen(StepTime { step, work, time: begun.elapsed() });
            Ok(())
        })
    }

    fn run_clocked(
        &mut self,
        inputs: &[&[f32]],
        parameters: &Parameters,
        step: StepContext,
        mut clock: impl FnMut(
            usize,
            Work,
            &mut dyn FnMut() -> Result<(), GraphError>,
        ) -> Result<(), GraphError>,
    ) -> Result<(), GraphError> {
        self.check(inputs, parameters)?;
        let outside = Outside { inputs, parameters, step };
        let Self { plan, arena, prepared_for } = self;
        let before = plan.prepare.len();
        if *prepared_for != Some(parameters.version()) {
            for preparation in &plan.preparation {
                match *preparation {
                    Preparation::Compute(i) => {
                        let step = &plan.prepare[i];
                        clock(i, Work::Run, &mut || run_step(step, plan, arena, &outside))?;
                    }
                    Preparation::Pack(i) => {
                        let step = &plan.steps[i];
                        clock(before + i, Work::Pack, &mut || pack(step, plan, arena, &outside))?;
                    }
                }
            }
            *prepared_for = Some(parameters.version());
        }
        for (position, range) in &plan.copied_inputs {
            arena.data_mut()[range.clone()].copy_from_slice(inputs[*position]);
        }
        for (i, step) in plan.steps.iter().enumerate() {
            clock(before + i, Work::Run, &mut || run_step(step, plan, arena, &outside))?;
        }
        Ok(())
    }

    /// A value of the last run: an output of the plan, or one that it was told to keep.
    ///
    /// # Errors
    /// When the plan does not keep it.
    pub fn value(&self, value: ValueId) -> Result<&[f32], GraphError> {
        let readable = self.plan.readable.get(value.index()).copied().unwrap_or(false);
        match self.plan.storage.get(value.index()).and_then(Option::as_ref) {
            Some(Storage::Arena(range)) if readable => Ok(&self.arena.data()[range.clone()]),
            Some(Storage::Constant(index)) => Ok(self.plan.constants[*index].data()),
            _ => Err(GraphError::NotKept { index: value.index() }),
        }
    }

    /// Writes what the last run computed for parameters (moving statistics) into them.
    ///
    /// # Errors
    /// When a parameter has the wrong length.
    pub fn apply_updates(&self, parameters: &mut Parameters) -> Result<(), GraphError> {
        for &(id, value) in &self.plan.updates {
            let new = self.value(value)?;
            let got = parameters.get(id).map_or(0, |tensor| tensor.len());
            match parameters.get_mut(id) {
                Some(tensor) if got == new.len() => tensor.data_mut().copy_from_slice(new),
                _ => return Err(wrong_parameter(id, new.len(), got)),
            }
        }
        Ok(())
    }

    /// The memory of the plan.
    pub fn memory(&self) -> MemoryReport {
        self.plan.memory()
    }

    /// The steps of the plan.
    pub fn steps(&self) -> impl Iterator<Item = &StepInfo> {
        self.plan.steps()
    }

    fn check(&self, inputs: &[&[f32]], parameters: &Parameters) -> Result<(), GraphError> {
        let planned = &self.plan.inputs;
        if planned.len() != inputs.len() {
            return Err(GraphError::InputCount { expected: planned.len(), got: inputs.len() });
        }
        for (input, planned) in inputs.iter().zip(planned) {
            if input.len() != planned.shape.elements() {
                return Err(GraphError::InputLength {
                    name: planned.name.to_string(),
                    shape: planned.shape.clone(),
                    got: input.len(),
                });
            }
        }
        for &(id, expected) in &self.plan.parameters {
            let got = parameters.get(id).map_or(0, |tensor| tensor.len());
            if got != expected {
                return Err(wrong_parameter(id, expected, got));
            }
        }
        Ok(())
    }
}

fn wrong_parameter(id: ParameterId, expected: usize, got: usize) -> GraphError {
    GraphError::ParameterLength { index: id.0, expected, got }
}

fn run_step(
    step: &Step,
    plan: &Plan,
    arena: &mut Arena,
    outside: &Outside<'_>,
) -> Result<(), GraphError> {
    let packed_input = step.kernel.packed_input();
    if packed_input.is_some() && !step.packs_ahead {
        pack(step, plan, arena, outside)?;
    }
    // Inputs that the kernel does not read as they lie are left empty.
    let hidden = |index: usize| {
        packed_input == Some(index)
            || (step.in_place && step.kernel.in_place_input() == Some(index))
    };
    let mut reads: SmallVec<[Range<usize>; 8]> = SmallVec::new();
    for (index, input) in step.inputs.iter().enumerate() {
        if let (Storage::Arena(range), false) = (input, hidden(index)) {
            reads.push(range.clone());
        }
    }
    reads.push(step.packed.clone());
    let mut writes: SmallVec<[Range<usize>; 4]> = step.outputs.iter().cloned().collect();
    writes.push(step.scratch.clone());
    let (read, mut written) = arena.lend(&reads, &writes)?;
    let mut read = read.into_iter();
    let mut inputs: SmallVec<[&[f32]; 8]> = SmallVec::new();
    for (index, input) in step.inputs.iter().enumerate() {
        inputs.push(match input {
            _ if hidden(index) => &[],
            Storage::Arena(_) => read.next().expect("each arena input was lent"),
            elsewhere => outside.slice(elsewhere, plan),
        });
    }
    let packed = read.next().expect("the packed range was lent last");
    let scratch = written.pop().expect("the scratch range was lent last");
    step.kernel.run(KernelArgs {
        inputs: &inputs,
        outputs: &mut written,
        packed,
        scratch,
        in_place: step.in_place,
        step: outside.step,
    });
    Ok(())
}

fn pack(
    step: &Step,
    plan: &Plan,
    arena: &mut Arena,
    outside: &Outside<'_>,
) -> Result<(), GraphError> {
    let Some(index) = step.kernel.packed_input() else { return Ok(()) };
    let reads: SmallVec<[Range<usize>; 1]> = match &step.inputs[index] {
        Storage::Arena(range) => SmallVec::from_elem(range.clone(), 1),
        _ => SmallVec::new(),
    };
    let (read, mut written) = arena.lend(&reads, std::slice::from_ref(&step.packed))?;
    let input = match read.first() {
        Some(input) => input,
        None => outside.slice(&step.inputs[index], plan),
    };
    step.kernel.pack(input, written[0]);
    Ok(())
}

impl<'a> Outside<'a> {
    /// An input that does not lie in the arena; lengths were checked when the run began.
    fn slice(&self, storage: &Storage, plan: &'a Plan) -> &'a [f32] {
        match storage {
            Storage::Input(position) => self.inputs[*position],
            Storage::Parameter(id) => self.parameters.get(*id).map_or(&[], |t| t.data()),
            Storage::Constant(index) => plan.constants[*index].data(),
            Storage::Arena(_) => &[],
        }
    }
}
