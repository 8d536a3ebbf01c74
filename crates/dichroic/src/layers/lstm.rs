//! Sequences with a long memory: `LSTM`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::elementwise::Binary;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{setters, written};
use super::recurrent::{Learned, Recurrence, product};
use super::{Count, Layer, LayerError, Lowering, Off, Unset, WeightSpec};
use crate::activations::Activation;
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// Goes along a sequence with a state `h` and a cell state `c`, step by step:
///
/// `i, f, g, o = x · kernel + h · recurrent_kernel + bias`, in four parts;
/// `c = σ(f) · c + σ(i) · activation(g)`; `h = σ(o) · activation(c)`, with the recurrent activation `σ`.
///
/// # Shapes
/// - input `(batch, steps, channels)`; optionally the states before the first step, `h` and `c`, each `(batch, units)`
/// - `kernel` `(channels, 4 · units)`, `recurrent_kernel` `(units, 4 · units)`, `bias` `(4 · units,)`; gates in the order i, f, g, o
/// - output `(batch, units)`, the last `h`; `(batch, steps, units)` with `return_sequences`
///
/// # Errors
/// When the input is no sequence, or its channels are not known. The number of steps must be known to run.
///
/// # Source
/// `keras.layers.LSTM`; Hochreiter and Schmidhuber 1997
///
/// ```
/// use dichroic::layers::{LSTM, Layer};
/// use dichroic::Shape;
/// let layer = LSTM::new(8).return_sequences(true);
/// assert_eq!(layer.output_shape(&[Shape::batched(&[20, 3])])?.to_string(), "(None, 20, 8)");
/// assert_eq!(layer.count(&[Shape::batched(&[20, 3])])?.total(), 384);
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LSTM {
    /// Values of the state; at least 1.
    pub units: usize,
    /// What the new memory and the output go through.
    pub activation: Activation,
    /// What the gates go through.
    pub recurrent_activation: Activation,
    /// Whether each unit of each gate adds a bias.
    pub use_bias: bool,
    /// How the kernel begins.
    pub kernel_initializer: Initializer,
    /// How the recurrent kernel begins.
    pub recurrent_initializer: Initializer,
    /// How the biases begin.
    pub bias_initializer: Initializer,
    /// Whether the biases of the gate `f` begin with 1, so that the memory is kept at first.
    pub unit_forget_bias: bool,
    /// The kernel's penalty.
    pub kernel_regularizer: Option<Regularizer>,
    /// The recurrent kernel's penalty.
    pub recurrent_regularizer: Option<Regularizer>,
    /// The biases' penalty.
    pub bias_regularizer: Option<Regularizer>,
    /// Not supported: unset.
    pub activity_regularizer: Unset,
    /// Not supported: unset.
    pub kernel_constraint: Unset,
    /// Not supported: unset.
    pub recurrent_constraint: Unset,
    /// Not supported: unset.
    pub bias_constraint: Unset,
    /// The share of inputs dropped while training.
    pub dropout: f64,
    /// The share of states dropped while training.
    pub recurrent_dropout: f64,
    /// Written for Keras; draws here depend on the seed of the training run alone.
    pub seed: Option<i64>,
    /// Whether every step gives an output, or the last one alone.
    pub return_sequences: bool,
    /// Not supported: off. A layer has one output.
    pub return_state: Off,
    /// Whether it goes from the last step to the first; outputs are in the order in which they are made.
    pub go_backwards: bool,
    /// Not supported: off.
    pub stateful: Off,
    /// Written for Keras; steps are always unrolled.
    pub unroll: bool,
    /// Written for Keras; no input has a mask here.
    pub zero_output_for_mask: bool,
}

impl LSTM {
    /// A layer with Keras's defaults.
    pub fn new(units: usize) -> Self {
        Self {
            units,
            activation: Activation::from("tanh"),
            recurrent_activation: Activation::from("sigmoid"),
            use_bias: true,
            kernel_initializer: Initializer::glorot_uniform(),
            recurrent_initializer: Initializer::Orthogonal { gain: 1.0, seed: None },
            bias_initializer: Initializer::Zeros,
            unit_forget_bias: true,
            kernel_regularizer: None,
            recurrent_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: Unset,
            kernel_constraint: Unset,
            recurrent_constraint: Unset,
            bias_constraint: Unset,
            dropout: 0.0,
            recurrent_dropout: 0.0,
            seed: None,
            return_sequences: false,
            return_state: Off,
            go_backwards: false,
            stateful: Off,
            unroll: false,
            zero_output_for_mask: false,
        }
    }

    setters! {
        /// Sets what the new memory and the output go through.
        activation <- Activation,
        /// Sets what the gates go through.
        recurrent_activation <- Activation,
        /// Sets whether each unit of each gate adds a bias.
        use_bias: bool,
        /// Sets whether the biases of the gate `f` begin with 1.
        unit_forget_bias: bool,
        /// Sets the share of inputs dropped while training.
        dropout: f64,
        /// Sets the share of states dropped while training.
        recurrent_dropout: f64,
        /// Sets whether every step gives an output.
        return_sequences: bool,
        /// Sets whether it goes from the last step to the first.
        go_backwards: bool,
    }

    fn recurrence(&self) -> Recurrence {
        Recurrence {
            units: self.units,
            gates: 4,
            states: 2,
            return_sequences: self.return_sequences,
            go_backwards: self.go_backwards,
            dropout: [self.dropout, self.recurrent_dropout],
        }
    }

    fn bias(&self) -> Initializer {
        match self.unit_forget_bias {
            true => Initializer::ForgetNothing(Box::new(self.bias_initializer.clone())),
            false => self.bias_initializer.clone(),
        }
    }
}

impl Layer for LSTM {
    fn class_name(&self) -> &'static str {
        "LSTM"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        self.recurrence().check()?;
        self.activation.check()?;
        self.recurrent_activation.check()
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        self.recurrence().output_shape(inputs)
    }

    fn weights(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>, LayerError> {
        let learned = Learned {
            kernel: (&self.kernel_initializer, self.kernel_regularizer),
            recurrent_kernel: (&self.recurrent_initializer, self.recurrent_regularizer),
            bias: self.use_bias.then(|| (self.bias(), self.bias_regularizer, 1)),
        };
        self.recurrence().weights(inputs, learned)
    }

    fn count(&self, inputs: &[Shape]) -> Result<Count, LayerError> {
        self.recurrence().count(inputs, usize::from(self.use_bias))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let frame = self.recurrence();
        let steps = frame.begin(lowering, lowering.weights.get(2).copied())?;
        let kernel = steps.recurrent_kernel;
        frame.unroll(lowering, steps, |lowering, x, states| {
            let inner = product(lowering, states[0], kernel, None)?;
            let all = lowering.binary(Binary::Add, x, inner)?;
            let gate = |lowering: &mut Lowering<'_>, number, activation: &Activation| {
                let gate = frame.gate(lowering, all, number)?;
                activation.lower(lowering, gate)
            };
            let input = gate(lowering, 0, &self.recurrent_activation)?;
            let forget = gate(lowering, 1, &self.recurrent_activation)?;
            let new = gate(lowering, 2, &self.activation)?;
            let output = gate(lowering, 3, &self.recurrent_activation)?;
            let kept = lowering.binary(Binary::Multiply, forget, states[1])?;
            let added = lowering.binary(Binary::Multiply, input, new)?;
            let cell = lowering.binary(Binary::Add, kept, added)?;
            let shown = self.activation.lower(lowering, cell)?;
            Ok(vec![lowering.binary(Binary::Multiply, output, shown)?, cell])
        })
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_kept_at_first() {
        let weights = LSTM::new(2).weights(&[Shape::batched(&[5, 3])]).unwrap();
        let bias = weights[2].initializer.draw(&weights[2].shape, 0).unwrap();
        assert_eq!(bias, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn a_picture_is_no_sequence() {
        let error = LSTM::new(2).output_shape(&[Shape::batched(&[5, 5, 3])]).unwrap_err();
        assert!(error.to_string().contains("(batch, steps, channels)"), "{error}");
    }
}
