//! The optimizer at work: learning rate, slots, and the update of all weights.

use dichroic_graph::kernels::isa::Isa;
use dichroic_graph::kernels::optimizer::{MAX_SLOTS, UpdateRule, UpdateStep};
use dichroic_graph::{Learner, ParameterId};
use smallvec::SmallVec;

use super::optimizers::Algorithm;
use super::{LearningRate, Optimizer, OptimizerState, Slot, TrainError};
use crate::model::Model;

/// An optimizer with what it keeps for the trainable weights of one model.
#[derive(Clone, Debug)]
pub(crate) struct Updater {
    rule: UpdateRule,
    schedule: LearningRate,
    weight_decay: f64,
    /// Slots of Adam and AdamW lie weight by weight in Keras's list, those of the others slot by slot.
    by_weight: usize,
    isa: Isa,
    iterations: u64,
    variables: Vec<Variable>,
}

#[derive(Clone, Debug)]
struct Variable {
    id: ParameterId,
    path: String,
    slots: Vec<Vec<f32>>,
}

/// Weights are learned in the order of [`Updater::weights`].
impl Learner for Updater {
    fn learn(&mut self, place: usize, weight: &mut [f32], gradient: &[f32]) {
        let step = UpdateStep {
            learning_rate: self.learning_rate(),
            weight_decay: self.weight_decay,
            iterations: self.iterations,
        };
        let mut slots: SmallVec<[&mut [f32]; MAX_SLOTS]> =
            self.variables[place].slots.iter_mut().map(Vec::as_mut_slice).collect();
        self.rule.update((self.isa, &step), weight, gradient, &mut slots);
    }
}

impl Updater {
    pub(crate) fn new(optimizer: &Optimizer, model: &Model) -> Result<Self, TrainError> {
        let wrong = |error: String| TrainError::refused("optimizer", error);
        optimizer.check().map_err(wrong)?;
        let rule = optimizer.rule();
        let slots = rule.slots().len();
        let variable = |id: ParameterId| {
            let weight = &model.weights()[id.0];
            Variable { id, path: weight.path.clone(), slots: vec![vec![0.0; weight.len()]; slots] }
        };
        Ok(Self {
            rule,
            schedule: optimizer.learning_rate.clone(),
            weight_decay: optimizer.weight_decay.unwrap_or(0.0),
            by_weight: if matches!(optimizer.algorithm, Algorithm::Adam(_) | Algorithm::AdamW(_)) {
                2
            } else {
                0
            },
            isa: Isa::detect(),
            iterations: 0,
            variables: model.trainable_weights().into_iter().map(variable).collect(),
        })
    }

    pub(crate) fn iterations(&self) -> u64 {
        self.iterations
    }

    /// The weights that are updated, in the order of their gradients.
    pub(crate) fn weights(&self) -> impl Iterator<Item = ParameterId> {
        self.variables.iter().map(|variable| variable.id)
    }

    pub(crate) fn learning_rate(&self) -> f64 {
        self.schedule.at(self.iterations)
    }

    /// Sets the learning rate; one that follows a schedule can't be set.
    pub(crate) fn set_learning_rate(&mut self, rate: f64) -> Result<(), TrainError> {
        match &mut self.schedule {
            LearningRate::Constant(own) => *own = rate as f32,
            LearningRate::Schedule(_) => {
                return Err(TrainError::argument(
                    "learning_rate",
                    "a number to change",
                    "a schedule",
                ));
            }
        }
        Ok(())
    }

    /// Bytes of all slots.
    pub(crate) fn bytes(&self) -> u64 {
        let values = self.variables.iter().flat_map(|variable| &variable.slots).map(Vec::len);
        values.sum::<usize>() as u64 * 4
    }

    /// Ends a step, in which each weight was changed once.
    pub(crate) fn end_step(&mut self) {
        self.iterations += 1;
    }

    /// What is kept, in Keras's order.
    pub(crate) fn state(&self) -> OptimizerState {
        let slots = self.keras_order().into_iter().map(|(slot, variable)| {
            let variable = &self.variables[variable];
            let name = self.rule.slots()[slot].to_owned();
            Slot { name, weight: variable.path.clone(), values: variable.slots[slot].clone() }
        });
        OptimizerState {
            iterations: self.iterations,
            learning_rate: self.learning_rate(),
            slots: slots.collect(),
        }
    }

    /// Takes up what was kept.
    ///
    /// # Errors
    /// When it belongs to another optimizer or another model.
    pub(crate) fn restore(&mut self, state: &OptimizerState) -> Result<(), TrainError> {
        let order = self.keras_order();
        let resume =
            |what, expected: String, got: String| TrainError::Resume { what, expected, got };
        if order.len() != state.slots.len() {
            let got = format!("{}, {} values each", order.len(), self.rule.slots().join(" and "));
            return Err(resume(
                "the number of optimizer variables",
                state.slots.len().to_string(),
                got,
            ));
        }
        for ((slot, variable), saved) in order.into_iter().zip(&state.slots) {
            let variable = &mut self.variables[variable];
            let own = &mut variable.slots[slot];
            if self.rule.slots()[slot] != saved.name
                || variable.path != saved.weight
                || own.len() != saved.values.len()
            {
                let expected =
                    format!("{} of {:?} ({} values)", saved.name, saved.weight, saved.values.len());
                let got = format!(
                    "{} of {:?} ({} values)",
                    self.rule.slots()[slot],
                    variable.path,
                    own.len()
                );
                return Err(resume("an optimizer variable", expected, got));
            }
            own.copy_from_slice(&saved.values);
        }
        self.iterations = state.iterations;
        if let LearningRate::Constant(rate) = &mut self.schedule {
            *rate = state.learning_rate as f32;
        }
        Ok(())
    }

    /// Slot and variable of each place in Keras's list: its first slots may be made weight by weight,
    /// the others are made slot by slot.
    fn keras_order(&self) -> Vec<(usize, usize)> {
        let (slots, variables) = (self.rule.slots().len(), self.variables.len());
        let together = self.by_weight.min(slots);
        let first =
            (0..variables).flat_map(|variable| (0..together).map(move |slot| (slot, variable)));
        let rest =
            (together..slots).flat_map(|slot| (0..variables).map(move |variable| (slot, variable)));
        first.chain(rest).collect()
    }
}
