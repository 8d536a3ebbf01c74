//! Where a loss that is no number began.

use dichroic_graph::{Executor, Parameters, Plan, PlanOptions, StepContext, ValueId};

use super::objective::Objective;
use super::plan::{Maker, arguments};
use super::samples::{Batch, Samples};
use super::{Origin, TrainError};
use crate::model::Model;

/// Runs the step once more with every layer's output kept, and finds the first value that is not finite.
pub(crate) fn find_origin(
    maker: &Maker<'_>,
    samples: &Samples<'_>,
    batch: &Batch,
    (parameters, context): (&Parameters, StepContext),
) -> Result<Origin, TrainError> {
    if let Some(origin) =
        in_data(maker, samples, batch).or_else(|| in_weights(maker.model, parameters))
    {
        return Ok(origin);
    }
    let graph = maker.graph(samples, batch.rows())?;
    let calls = graph.lowered.calls;
    let mut options = PlanOptions::for_outputs(&[graph.loss]);
    options.keep = calls.iter().flat_map(|call| &call.outputs).copied().collect();
    options.keep.extend(graph.losses.iter().flatten());
    options.keep.extend(graph.penalty);
    let mut executor = Executor::new(Plan::compile(graph.lowered.graph, &options)?)?;
    let input_lens: Vec<usize> =
        samples.data.inputs().iter().map(crate::data::Array::sample_len).collect();
    executor.run(&arguments(batch, maker.objective, &input_lens), parameters, context)?;
    let finite =
        |value: ValueId| -> Result<bool, TrainError> { Ok(all_finite(executor.value(value)?)) };
    for call in calls.iter().filter(|call| !call.layer.is_input()) {
        for &output in &call.outputs {
            if !finite(output)? {
                return Ok(Origin::Layer(call.path.clone()));
            }
        }
    }
    for (output, loss) in maker.objective.outputs.iter().zip(graph.losses) {
        if let Some(loss) = loss
            && !finite(loss)?
        {
            return Ok(Origin::Loss(output.name.clone()));
        }
    }
    match graph.penalty {
        Some(penalty) if !finite(penalty)? => Ok(Origin::Penalty),
        // Each part is finite, and their weighted sum is not.
        _ => Ok(Origin::Loss(names(maker.objective))),
    }
}

fn names(objective: &Objective) -> String {
    let with_loss = objective.outputs.iter().filter(|output| output.loss.is_some());
    with_loss.map(|output| output.name.as_str()).collect::<Vec<_>>().join(" + ")
}

fn in_data(maker: &Maker<'_>, samples: &Samples<'_>, batch: &Batch) -> Option<Origin> {
    let names = maker.model.input_names();
    for (index, (name, array)) in names.into_iter().zip(samples.data.inputs()).enumerate() {
        if !all_finite(batch.input(index, array.sample_len())) {
            return Some(Origin::Input(name));
        }
    }
    let mut outputs =
        maker.objective.outputs.iter().enumerate().filter(|(_, output)| output.target.is_some());
    let wrong = outputs.find(|(index, output)| {
        !all_finite(batch.target(*index, output.target_axes.iter().product()))
            || !batch.weights(*index).is_none_or(all_finite)
    });
    wrong.map(|(_, output)| Origin::Target(output.name.clone()))
}

fn in_weights(model: &Model, parameters: &Parameters) -> Option<Origin> {
    let mut weights = model.weights().iter().zip(parameters.tensors());
    let (weight, _) = weights.find(|(_, tensor)| !all_finite(tensor.data()))?;
    let name = weight.spec.name;
    let layer = weight
        .path
        .strip_suffix(name)
        .and_then(|path| path.strip_suffix('/'))
        .unwrap_or(&weight.path);
    Some(Origin::Weight { layer: layer.to_owned(), weight: name.to_owned() })
}

fn all_finite(values: &[f32]) -> bool {
    values.iter().all(|value| value.is_finite())
}
