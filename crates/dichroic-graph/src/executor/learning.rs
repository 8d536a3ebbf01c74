//! Runs that change parameters as soon as their gradients are known.

use super::run::{Portion, Run};
use super::{Executor, wrong_parameter};
use crate::error::GraphError;
use crate::operation::StepContext;
use crate::parameters::Parameters;
use crate::plan::{Lesson, Plan, Span, Storage};

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
        if self.plan.lessons.is_empty() {
            return self.run(inputs, parameters, step).map(|()| Learned::All);
        }
        self.check(inputs, parameters)?;
        let version = parameters.version();
        let unprepared = self.prepared_for.is_none();
        {
            let run = self.with(inputs, parameters, step);
            // What such a plan prepares stays the same in all its runs.
            if unprepared {
                run.prepare(None)?;
            }
            run.copy_what_is_read()?;
        }
        self.prepared_for = Some(version);
        let mut done = 0;
        for lesson in 0..self.plan.lessons.len() {
            let ready = self.plan.lessons[lesson].after;
            self.with(inputs, parameters, step).run_until(ready, &mut done)?;
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
        self.with(inputs, parameters, step).run_until(end, &mut done)?;
        Ok(Learned::All)
    }

    fn with<'a>(
        &'a mut self,
        inputs: &'a [&'a [f32]],
        parameters: &'a Parameters,
        step: StepContext,
    ) -> Run<'a> {
        let Self { plan, arena, lanes, .. } = self;
        Run { plan, arena: arena.share(), lanes: *lanes, inputs, parameters, step }
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
            Storage::Arena(Span::Whole(range) | Span::Item(range) | Span::Lane(range)) => {
                Ok(&self.arena.data()[range.clone()])
            }
            Storage::Constant(index) => Ok(constants[*index].data()),
            Storage::Input(position) => Ok(inputs[*position]),
            // No gradient rule gives a parameter itself.
            Storage::Parameter(id) => Err(GraphError::NotKept { index: id.0 }),
        }
    }
}

impl Run<'_> {
    /// Runs the steps from `done` up to `end`, on the whole batch.
    fn run_until(&self, end: usize, done: &mut usize) -> Result<(), GraphError> {
        while *done < end {
            self.run_step(&self.plan.steps[*done], Portion::Whole)?;
            *done += 1;
        }
        Ok(())
    }
}
