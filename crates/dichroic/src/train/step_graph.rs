//! The graph of one step: model, losses, penalties, and the gradients of all trainable weights.

use dichroic_graph::kernels::elementwise::{Binary as BinaryKind, Unary as Function};
use dichroic_graph::ops::BroadcastTo;
use dichroic_graph::{GraphError, ParameterId, Shape as GraphShape, ValueId};

use super::emit::Emit;
use super::objective::{Objective, OutputObjective};
use super::{Clipping, Loss, Reduction, TrainError};
use crate::layers::Mode;
use crate::model::{LoweredModel, Model};

/// What a step is made for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose<'a> {
    /// To learn: gradients of these weights, clipped. With no weights, to look at the layers' outputs.
    Train { weights: &'a [ParameterId], clipping: Option<Clipping> },
    /// To be judged.
    Evaluate,
}

/// A graph with the values that a step reads.
#[derive(Debug)]
pub(crate) struct StepGraph {
    pub(crate) lowered: LoweredModel,
    /// The sum of weighted losses and penalties.
    pub(crate) loss: ValueId,
    /// The unweighted loss of each output.
    pub(crate) losses: Vec<Option<ValueId>>,
    pub(crate) penalty: Option<ValueId>,
    pub(crate) gradients: Vec<ValueId>,
}

/// Builds the graph for a batch of this size. Its inputs are the model's inputs, then for each output with a
/// loss its targets and, where its samples are weighed, their weights.
pub(crate) fn build(
    model: &Model,
    objective: &Objective,
    (batch, inputs, weighted): (usize, &[Vec<usize>], &[bool]),
    purpose: Purpose<'_>,
) -> Result<StepGraph, TrainError> {
    let mode = match purpose {
        Purpose::Train { .. } => Mode::Training,
        Purpose::Evaluate => Mode::Inference,
    };
    let shapes: Vec<Vec<usize>> =
        inputs.iter().map(|axes| [&[batch], axes.as_slice()].concat()).collect();
    let mut lowered = model.lower_for(&shapes, mode)?;
    lowered.graph.scope("loss");
    let mut losses = vec![None; objective.outputs.len()];
    let mut total: Option<ValueId> = None;
    for (index, output) in objective.outputs.iter().enumerate() {
        let Some(loss) = &output.loss else { continue };
        let prediction = lowered.outputs[index];
        let value = add_loss(&mut lowered, (prediction, output), loss, (batch, weighted[index]))?;
        losses[index] = Some(value);
        let mut emit = Emit(&mut lowered.graph);
        let value = if output.loss_weight == 1.0 {
            value
        } else {
            emit.affine(value, output.loss_weight, 0.0)?
        };
        total = Some(match total {
            Some(sum) => emit.binary(BinaryKind::Add, sum, value)?,
            None => value,
        });
    }
    let penalty = add_penalties(model, &mut lowered)?;
    let mut emit = Emit(&mut lowered.graph);
    let loss = match (total, penalty) {
        (Some(loss), Some(penalty)) => emit.binary(BinaryKind::Add, loss, penalty)?,
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => {
            return Err(TrainError::argument("loss", "a loss for at least one output", "none"));
        }
    };
    let mut gradients = Vec::new();
    if let Purpose::Train { weights, clipping } = purpose {
        let values: Vec<ValueId> = weights.iter().map(|id| lowered.parameters[id.0]).collect();
        // Who learns nothing wants to look at every layer's output.
        if !values.is_empty() {
            let read = lowered.outputs.iter().chain(losses.iter().flatten()).chain(&penalty);
            let read: Vec<ValueId> = read.copied().chain([loss]).collect();
            lowered.graph.fuse_before_gradients(&read)?;
        }
        gradients = lowered.graph.gradients(loss, &values)?;
        lowered.graph.scope("clipping");
        if let Some(clipping) = clipping {
            clip(&mut Emit(&mut lowered.graph), &mut gradients, clipping)?;
        }
        lowered.graph.scope("");
    }
    Ok(StepGraph { lowered, loss, losses, penalty, gradients })
}

fn add_loss(
    lowered: &mut LoweredModel,
    (prediction, output): (ValueId, &OutputObjective),
    loss: &Loss,
    (batch, weighted): (usize, bool),
) -> Result<ValueId, GraphError> {
    let graph = &mut lowered.graph;
    let axes = [&[batch], output.target_axes.as_slice()].concat();
    let target = graph.input(&format!("target of {}", output.name), GraphShape::from(axes));
    let weights = weighted.then(|| {
        graph.input(&format!("sample weights of {}", output.name), GraphShape::from([batch]))
    });
    let rows = loss.function.emit(graph, prediction, target)?;
    let mut emit = Emit(graph);
    let shape = emit.0.shape(rows.values).clone();
    let mut values = rows.values;
    let mut counted = rows.mask;
    if let Some(weights) = weights {
        let mut aligned = vec![1; shape.len()];
        aligned[0] = batch;
        let weights = emit.reshape(weights, &aligned)?;
        values = emit.binary(BinaryKind::Multiply, values, weights)?;
        if loss.reduction == Reduction::MeanWithSampleWeight {
            let all = emit.add(BroadcastTo { shape: shape.clone() }, &[weights])?;
            counted = Some(match counted {
                Some(mask) => emit.binary(BinaryKind::Multiply, all, mask)?,
                None => all,
            });
        }
    }
    let sum = emit.sum_all(values)?;
    match counted {
        _ if loss.reduction == Reduction::Sum => Ok(sum),
        None => emit.affine(sum, 1.0 / shape.elements().max(1) as f64, 0.0),
        Some(counted) => {
            let divisor = emit.sum_all(counted)?;
            // Where nothing counts the sum is 0 too, and 0 divided by anything stays 0.
            let least = emit.0.scalar(f32::MIN_POSITIVE);
            let divisor = emit.binary(BinaryKind::Maximum, divisor, least)?;
            emit.binary(BinaryKind::Divide, sum, divisor)
        }
    }
}

/// The sum of the penalties of all trainable weights, as Keras leaves out frozen ones.
fn add_penalties(model: &Model, lowered: &mut LoweredModel) -> Result<Option<ValueId>, GraphError> {
    let mut total: Option<ValueId> = None;
    for (weight, &value) in model.weights().iter().zip(&lowered.parameters) {
        let Some(regularizer) = weight.spec.regularizer.filter(|_| model.is_trainable(weight))
        else {
            continue;
        };
        let (l1, l2) = regularizer.factors();
        let mut emit = Emit(&mut lowered.graph);
        for (factor, function) in [(l1, Function::Abs), (l2, Function::Square)] {
            if factor == 0.0 {
                continue;
            }
            let sizes = emit.unary(function, value)?;
            let sum = emit.sum_all(sizes)?;
            let penalty = emit.affine(sum, factor, 0.0)?;
            total = Some(match total {
                Some(sum) => emit.binary(BinaryKind::Add, sum, penalty)?,
                None => penalty,
            });
        }
    }
    Ok(total)
}

/// Keras's three ways to keep gradients small.
fn clip(
    emit: &mut Emit<'_>,
    gradients: &mut [ValueId],
    clipping: Clipping,
) -> Result<(), GraphError> {
    match clipping {
        Clipping::Value(limit) => {
            for gradient in gradients {
                *gradient = emit.clip(*gradient, -limit, limit)?;
            }
        }
        Clipping::Norm(limit) => {
            for gradient in gradients {
                let square = emit.unary(Function::Square, *gradient)?;
                let sum = emit.sum_all(square)?;
                let norm = emit.unary(Function::Sqrt, sum)?;
                let least = emit.0.scalar(limit as f32);
                let divisor = emit.binary(BinaryKind::Maximum, norm, least)?;
                let scaled = emit.affine(*gradient, limit, 0.0)?;
                *gradient = emit.binary(BinaryKind::Divide, scaled, divisor)?;
            }
        }
        Clipping::GlobalNorm(limit) => {
            let mut total: Option<ValueId> = None;
            for &gradient in &*gradients {
                let square = emit.unary(Function::Square, gradient)?;
                let sum = emit.sum_all(square)?;
                total = Some(match total {
                    Some(total) => emit.binary(BinaryKind::Add, total, sum)?,
                    None => sum,
                });
            }
            let Some(total) = total else { return Ok(()) };
            let norm = emit.unary(Function::Sqrt, total)?;
            let least = emit.0.scalar(limit as f32);
            let divisor = emit.binary(BinaryKind::Maximum, norm, least)?;
            let limit = emit.0.scalar(limit as f32);
            let scale = emit.binary(BinaryKind::Divide, limit, divisor)?;
            for gradient in gradients {
                *gradient = emit.binary(BinaryKind::Multiply, *gradient, scale)?;
            }
        }
    }
    Ok(())
}
