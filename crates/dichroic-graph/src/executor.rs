//! Runs a plan on the CPU, as often as needed, without allocating.

use std::time::Duration;

use dichroic_kernels::arena::Arena;

use crate::error::GraphError;
use crate::graph::ValueId;
use crate::memory::available_memory;
use crate::operation::StepContext;
use crate::parameters::{ParameterId, Parameters};
use crate::plan::{MemoryReport, Plan, Span, StepInfo, Storage};

mod learning;
mod run;

pub use learning::{Learned, Learner};
use run::{Listener, Run};

/// A plan with its memory.
///
/// Kernels share their work out over the [`ThreadPool`](dichroic_kernels::parallel::ThreadPool) within which
/// [`Executor::run`] is called.
#[derive(Debug)]
pub struct Executor {
    plan: Plan,
    arena: Arena,
    /// The items that can be taken at the same time.
    lanes: usize,
    prepared_for: Option<u64>,
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
    /// How long that took. Of steps that take item by item, several at the same time, the time of all items together
    /// divided by that number.
    pub time: Duration,
}

impl Executor {
    /// Takes the memory that the plan asks for with the threads of the current pool.
    ///
    /// # Errors
    /// [`GraphError::Memory`] with both figures when the memory is not there: the arena touches every
    /// page at once, so that a system that promises more than it has would end the process.
    pub fn new(plan: Plan) -> Result<Self, GraphError> {
        let lanes = plan.lanes();
        let needed = plan.memory_with_lanes(lanes).arena as u64;
        if let Some(available) = available_memory().filter(|&available| needed > available) {
            return Err(GraphError::Memory { needed, available });
        }
        let arena = Arena::new(plan.size.with_lanes(lanes))?;
        Ok(Self { plan, arena, lanes, prepared_for: None })
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
        self.run_heard(inputs, parameters, step, None)
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
        self.run_heard(inputs, parameters, step, Some(&mut seen))
    }

    fn run_heard(
        &mut self,
        inputs: &[&[f32]],
        parameters: &Parameters,
        step: StepContext,
        mut listener: Listener<'_, '_>,
    ) -> Result<(), GraphError> {
        self.check(inputs, parameters)?;
        let Self { plan, arena, lanes, prepared_for } = self;
        let arena = arena.share();
        let run = Run { plan, arena, lanes: *lanes, inputs, parameters, step };
        if *prepared_for != Some(parameters.version()) {
            run.prepare(listener.as_deref_mut())?;
            *prepared_for = Some(parameters.version());
        }
        run.copy_what_is_read()?;
        for stretch in &plan.stretches {
            run.stretch(stretch, listener.as_deref_mut())?;
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
            Some(Storage::Arena(Span::Whole(range))) if readable => {
                Ok(&self.arena.data()[range.clone()])
            }
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
        self.plan.memory_with_lanes(self.lanes)
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
