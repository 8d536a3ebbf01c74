//! Runs that change parameters as soon as their gradients are known.

use super::{Executor, Outside, pack, run_step, wrong_parameter};
use crate::error::GraphError;
use crate::operation::StepContext;
use crate::parameters::Parameters;
use crate::plan::{Lesson, Plan, Storage};

/// Changes parameters by their gradients.
pub trait Learner {
    /// Changes the parameter at `place` of [`crate::Learning::gradients`].
    fn learn(&mut self, place: usize, parameter: &mut [f32], gradient: &[f32]);
}

/// Whether a run changed its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// Each of them.
    All,
    /// None: the guard of [`crate::Learning`] was not finite, and the run ended there.
    Nothing,
}

impl Executor {
    /// Runs a plan that learns ([`crate::Learning`]), and changes each parameter in the course of it.
    ///
    /// # Errors
    /// As [`Executor::run`].
    pub fn run_and_learn(
        &mut self,
        inputs: &[&[f32]],
        parameters: &mut Parameters,
        step: StepContext,
        learner: &mut dyn Learner,
    ) -> Result<Learned, GraphError> {
        self.check(inputs, parameters)?;
        self.prepare_constants(&Outside { inputs, parameters, step })?;
        let mut done = 0;
        for lesson in 0..self.plan.lessons.len() {
            let ready = self.plan.lessons[lesson].after;
            self.run_until(ready, &mut done, &Outside { inputs, parameters, step })?;
            if lesson == 0 && !self.guard_is_finite() {
                return Ok(Learned::Nothing);
            }
            let lesson = &self.plan.lessons[lesson];
            let gradient = self.gradient(lesson, inputs)?;
            match parameters.get_mut(lesson.parameter) {
                Some(tensor) if tensor.len() == gradient.len() => {
                    learner.learn(lesson.place, tensor.data_mut(), gradient);
                }
                other => {
                    let got = other.map_or(0, |tensor| tensor.len());
                    return Err(wrong_parameter(lesson.parameter, lesson.len, got));
                }
            }
        }
        let end = self.plan.steps.len();
        self.run_until(end, &mut done, &Outside { inputs, parameters, step })?;
        Ok(Learned::All)
    }

    /// All that a plan which learns can prepare once for all its runs.
    fn prepare_constants(&mut self, outside: &Outside<'_>) -> Result<(), GraphError> {
        let Self { plan, arena, prepared_for } = self;
        if prepared_for.is_none() {
            for step in &plan.prepare {
                run_step(step, plan, arena, outside)?;
            }
            for step in plan.steps.iter().filter(|step| step.packs_ahead) {
                pack(step, plan, arena, outside)?;
            }
            *prepared_for = Some(outside.parameters.version());
        }
        for (position, range) in &plan.copied_inputs {
            arena.data_mut()[range.clone()].copy_from_slice(outside.inputs[*position]);
        }
        Ok(())
    }

    /// Runs the steps from `done` up to `end`.
    fn run_until(
        &mut self,
        end: usize,
        done: &mut usize,
        outside: &Outside<'_>,
    ) -> Result<(), GraphError> {
        let Self { plan, arena, .. } = self;
        while *done < end {
            run_step(&plan.steps[*done], plan, arena, outside)?;
            *done += 1;
        }
        Ok(())
    }

    fn guard_is_finite(&self) -> bool {
        let values = self.plan.guard.map(|guard| self.value(guard));
        values.is_some_and(|values| {
            values.is_ok_and(|values| values.iter().all(|value| value.is_finite()))
        })
    }

    fn gradient<'a>(
        &'a self,
        lesson: &Lesson,
        inputs: &[&'a [f32]],
    ) -> Result<&'a [f32], GraphError> {
        let Plan { constants, .. } = &self.plan;
        match &lesson.gradient {
            Storage::Arena(range) => Ok(&self.arena.data()[range.clone()]),
            Storage::Constant(index) => Ok(constants[*index].data()),
            Storage::Input(position) => Ok(inputs[*position]),
            // No gradient rule gives a parameter itself.
            Storage::Parameter(id) => Err(GraphError::NotKept { index: id.0 }),
        }
    }
}
