//! What layers that go along a sequence share: their shapes, their weights, and the way from step to step.

use dichroic_graph::kernels::elementwise::Binary;
use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::{GraphError, ValueId, ops};

use super::stencil::at_least_one;
use super::{Count, Factor, LayerError, Lowering, Mode, Term, WeightSpec, Window};
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// A recurrent layer, seen without its cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recurrence {
    pub(super) units: usize,
    /// Matrices of `units` columns side by side in a kernel.
    pub(super) gates: usize,
    /// Values that a step hands to the next: 1, or 2 with a cell state.
    pub(super) states: usize,
    pub(super) return_sequences: bool,
    pub(super) go_backwards: bool,
    /// The shares of inputs and of states that are dropped while training.
    pub(super) dropout: [f64; 2],
}

/// How the weights of a recurrent layer begin, and what they are fined for.
#[derive(Debug)]
pub(super) struct Learned<'a> {
    pub(super) kernel: (&'a Initializer, Option<Regularizer>),
    pub(super) recurrent_kernel: (&'a Initializer, Option<Regularizer>),
    /// None for a layer without biases; else with the number of biases for each unit of a gate.
    pub(super) bias: Option<(Initializer, Option<Regularizer>, usize)>,
}

/// A sequence on its way through a cell.
pub(super) struct Steps {
    /// What the inputs add to all gates, `(batch, steps, gates · units)`.
    projected: ValueId,
    /// `(1, units, gates · units)`
    pub(super) recurrent_kernel: ValueId,
    /// What is left of the states while training, `(batch, 1, units)`.
    kept: Option<ValueId>,
    /// The state before the first step, each `(batch, 1, units)`.
    states: Vec<ValueId>,
}

impl Recurrence {
    pub(super) fn check(&self) -> Result<(), LayerError> {
        at_least_one("units", &[self.units])?;
        for (argument, rate) in ["dropout", "recurrent_dropout"].into_iter().zip(self.dropout) {
            if !(0.0..=1.0).contains(&rate) {
                return Err(LayerError::Argument {
                    class_name: None,
                    argument: argument.to_owned(),
                    rule: "must be from 0 to 1".to_owned(),
                    got: rate.to_string(),
                });
            }
        }
        Ok(())
    }

    pub(super) fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.channels(inputs)?;
        let axes = inputs[0].axes();
        let steps = self.return_sequences.then_some(axes[1]);
        let axes: Vec<_> = [axes[0]].into_iter().chain(steps).chain([Some(self.units)]).collect();
        Ok(Shape::new(axes))
    }

    /// The channels of the sequence, the first input; the others are states before the first step.
    fn channels(&self, inputs: &[Shape]) -> Result<usize, LayerError> {
        self.check()?;
        let (sequence, states) = match inputs {
            [sequence, states @ ..] if states.is_empty() || states.len() == self.states => {
                (sequence, states)
            }
            _ => {
                let expected =
                    if self.states == 1 { "one or two inputs" } else { "one or three inputs" };
                return Err(LayerError::InputCount { expected, got: inputs.len() });
            }
        };
        if sequence.rank() != 3 {
            return Err(LayerError::Rank {
                expected: 3,
                axes: "(batch, steps, channels)",
                got: sequence.clone(),
                fix: "reshape the input into a sequence".to_owned(),
            });
        }
        let fits = |state: &&Shape| state.rank() == 2 && state.channels() == Some(self.units);
        if let Some(state) = states.iter().find(|state| !fits(state)) {
            return Err(LayerError::InputShape {
                rule: format!("a state needs the shape (batch, {})", self.units),
                got: state.clone(),
                fix: "give a state for each unit".to_owned(),
            });
        }
        sequence.channels().filter(|&channels| channels > 0).ok_or_else(|| LayerError::InputShape {
            rule: "the channels (last axis) must be known and at least 1".to_owned(),
            got: sequence.clone(),
            fix: "give the input a fixed number of channels".to_owned(),
        })
    }

    pub(super) fn weights(
        &self,
        inputs: &[Shape],
        learned: Learned<'_>,
    ) -> Result<Vec<WeightSpec>, LayerError> {
        let channels = self.channels(inputs)?;
        let columns = self.gates.saturating_mul(self.units);
        let (initializer, regularizer) = learned.kernel;
        let kernel = WeightSpec::new("kernel", [channels, columns], initializer);
        let (recurrent_initializer, recurrent_regularizer) = learned.recurrent_kernel;
        let recurrent =
            WeightSpec::new("recurrent_kernel", [self.units, columns], recurrent_initializer);
        let bias = learned.bias.map(|(initializer, regularizer, rows)| {
            let shape = if rows == 1 { vec![columns] } else { vec![rows, columns] };
            WeightSpec::new("bias", shape, &initializer).regularized(regularizer)
        });
        let kernels = [
            kernel.regularized(regularizer).checked()?,
            recurrent.regularized(recurrent_regularizer).checked()?,
        ];
        Ok(kernels.into_iter().chain(bias).collect())
    }

    /// The factors of the weights; `biases` for each unit of a gate.
    pub(super) fn count(&self, inputs: &[Shape], biases: usize) -> Result<Count, LayerError> {
        let channels = self.channels(inputs)?;
        let (gates, units) = (Factor::sides(&[self.gates]), Factor::of(self.units, "units"));
        let with_gates = |factors: &[Factor]| -> Vec<Factor> {
            let gates = (self.gates > 1).then(|| gates.clone());
            gates.into_iter().chain(factors.iter().cloned()).collect()
        };
        let kernel = with_gates(&[units.clone(), Factor::of(channels, "inputs")]);
        let recurrent = with_gates(&[units.clone(), units]);
        let rows = (biases > 1).then(|| Factor::sides(&[biases]));
        let bias = with_gates(&[Factor::of(self.units, "biases")]);
        let bias = Term::new("bias", rows.into_iter().chain(bias).collect::<Vec<_>>());
        let kernels = [Term::new("kernel", kernel), Term::new("recurrent_kernel", recurrent)];
        Ok(Count { terms: kernels.into_iter().chain((biases > 0).then_some(bias)).collect() })
    }

    /// Multiplies the whole sequence by the kernel at once, before the first step.
    ///
    /// `bias` is what the inputs add to each gate.
    pub(super) fn begin(
        &self,
        lowering: &mut Lowering<'_>,
        bias: Option<ValueId>,
    ) -> Result<Steps, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        let shape = lowering.shape(lowering.inputs[0]).to_vec();
        let (batch, steps, channels) = (shape[0], shape[1], shape[2]);
        let columns = self.gates * self.units;
        let x = drop_share(lowering, self.dropout[0], (lowering.inputs[0], [batch, 1, channels]))?;
        let x = lowering.reshape(x, vec![batch * steps, 1, channels])?;
        let kernel = lowering.reshape(lowering.weights[0], vec![1, channels, columns])?;
        let projected = lowering.conv(x, kernel, bias, (&Window::point(1), 1))?;
        let projected = lowering.reshape(projected, vec![batch, steps, columns])?;
        let recurrent = lowering.reshape(lowering.weights[1], vec![1, self.units, columns])?;
        let of_a_step = vec![batch, 1, self.units];
        let zeros = Tensor::zeros(of_a_step.clone()).map_err(GraphError::from)?;
        let states = match lowering.inputs {
            [_] => vec![lowering.graph.constant(zeros); self.states],
            [_, states @ ..] => states
                .iter()
                .map(|&state| lowering.reshape(state, of_a_step.clone()))
                .collect::<Result<_, _>>()?,
            [] => Vec::new(),
        };
        let kept = if self.dropout[1] > 0.0 && lowering.mode == Mode::Training {
            let ones = Tensor::full(of_a_step, 1.0).map_err(GraphError::from)?;
            let ones = lowering.graph.constant(ones);
            Some(drop_share(lowering, self.dropout[1], (ones, [batch, 1, self.units]))?)
        } else {
            None
        };
        Ok(Steps { projected, recurrent_kernel: recurrent, kept, states })
    }

    /// Goes along the sequence; `cell` makes the next states, the output first, of what the inputs add to the gates
    /// and the states before.
    pub(super) fn unroll(
        &self,
        lowering: &mut Lowering<'_>,
        steps: Steps,
        mut cell: impl FnMut(&mut Lowering<'_>, ValueId, &[ValueId]) -> Result<Vec<ValueId>, LayerError>,
    ) -> Result<ValueId, LayerError> {
        let shape = lowering.shape(steps.projected).to_vec();
        let mut states = steps.states;
        let mut outputs = Vec::with_capacity(shape[1]);
        for step in 0..shape[1] {
            let at = if self.go_backwards { shape[1] - 1 - step } else { step };
            let x = lowering.slice(steps.projected, &[0, at, 0], &[shape[0], 1, shape[2]])?;
            if let Some(kept) = steps.kept {
                states[0] = lowering.binary(Binary::Multiply, states[0], kept)?;
            }
            states = cell(lowering, x, &states)?;
            outputs.push(states[0]);
        }
        if !self.return_sequences {
            return lowering.reshape(states[0], vec![shape[0], self.units]);
        }
        Ok(lowering.add(ops::Concat { axis: 1 }, &outputs)?)
    }

    /// The columns of one gate.
    pub(super) fn gate(
        &self,
        lowering: &mut Lowering<'_>,
        all: ValueId,
        gate: usize,
    ) -> Result<ValueId, LayerError> {
        lowering.slice_channels(all, gate * self.units, self.units)
    }
}

/// `x · kernel` for one step, with a kernel of `(1, units, columns)`.
pub(super) fn product(
    lowering: &mut Lowering<'_>,
    x: ValueId,
    kernel: ValueId,
    bias: Option<ValueId>,
) -> Result<ValueId, LayerError> {
    lowering.conv(x, kernel, bias, (&Window::point(1), 1))
}

/// Drops a share of the values while training, the same for all places along axes where the noise has size 1.
fn drop_share(
    lowering: &mut Lowering<'_>,
    rate: f64,
    (x, noise): (ValueId, [usize; 3]),
) -> Result<ValueId, LayerError> {
    if rate == 0.0 || lowering.mode == Mode::Inference {
        return Ok(x);
    }
    let id = lowering.graph.next_random_op();
    let op = ops::Dropout { rate: rate as f32, noise_shape: Some(noise.into()), id };
    Ok(lowering.add(op, &[x])?)
}
