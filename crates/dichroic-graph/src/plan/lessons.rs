//! When a run changes its parameters: as early as their gradients and other readers allow.

use std::collections::HashMap;

use super::schedule::Schedule;
use super::{Lesson, PlanOptions, Span, Storage};
use crate::graph::{Graph, Source, ValueId};
use crate::parameters::ParameterId;

/// The changes in their order, each with the root of its gradient, whose place is not known yet.
///
/// A parameter is changed once its gradient is there and nothing reads it any more, and none before
/// the guard is known.
pub(super) fn plan_lessons(
    graph: &Graph,
    options: &PlanOptions,
    schedule: &Schedule<'_>,
) -> Vec<(Lesson, ValueId)> {
    let Some(learning) = &options.learning else { return Vec::new() };
    let (roots, before) = (&schedule.roots, schedule.first_run - 1);
    let mut made = vec![0; graph.values.len()];
    let mut read: HashMap<ParameterId, usize> = HashMap::new();
    for task in &schedule.tasks {
        for input in &task.node.inputs {
            if let Source::Parameter(id) = graph.source(roots[input.index()]) {
                let last = read.entry(*id).or_default();
                *last = (*last).max(task.time);
            }
        }
        for output in &task.node.outputs {
            made[output.index()] = task.time;
        }
    }
    let made = |value: ValueId| made[roots[value.index()].index()];
    let mut lessons = Vec::with_capacity(learning.gradients.len());
    for (place, &(parameter, gradient)) in learning.gradients.iter().enumerate() {
        let last_read = read.get(&parameter).copied().unwrap_or(0);
        let time = made(gradient).max(made(learning.guard)).max(last_read);
        let lesson = Lesson {
            place,
            parameter,
            gradient: Storage::Arena(Span::Whole(0..0)),
            len: graph.shape(gradient).elements(),
            after: time.saturating_sub(before),
        };
        lessons.push((lesson, roots[gradient.index()]));
    }
    lessons.sort_by_key(|(lesson, _)| lesson.after);
    lessons
}
