//! Sequences with one state: `SimpleRNN`.

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

/// Goes along a sequence with a state `h`, step by step: `h = activation(x · kernel + h · recurrent_kernel + bias)`.
///
/// # Shapes
/// - input `(batch, steps, channels)`; optionally the state before the first step, `(batch, units)`
/// - `kernel` `(channels, units)`, `recurrent_kernel` `(units, units)`, `bias` `(units,)`
/// - output `(batch, units)`, the last `h`; `(batch, steps, units)` with `return_sequences`
///
/// # Errors
/// When the input is no sequence, or its channels are not known. The number of steps must be known to run.
///
/// # Source
/// `keras.layers.SimpleRNN`
///
/// ```
/// use dichroic::layers::{Layer, SimpleRNN};
/// use dichroic::Shape;
/// let count = SimpleRNN::new(8).count(&[Shape::batched(&[20, 3])])?;
/// assert_eq!(count.to_string(), "8 units × 3 inputs + 8 units × 8 units + 8 biases = 96");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SimpleRNN {
    /// Values of the state; at least 1.
    pub units: usize,
    /// What the new state goes through.
    pub activation: Activation,
    /// Whether each unit adds a bias.
    pub use_bias: bool,
    /// How the kernel begins.
    pub kernel_initializer: Initializer,
    /// How the recurrent kernel begins.
    pub recurrent_initializer: Initializer,
    /// How the biases begin.
    pub bias_initializer: Initializer,
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
    /// Taken from Keras, which does not write it; draws here depend on the seed of the training run alone.
    #[serde(default, skip_serializing)]
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

impl SimpleRNN {
    /// A layer with Keras's defaults.
    pub fn new(units: usize) -> Self {
        Self {
            units,
            activation: Activation::from("tanh"),
            use_bias: true,
            kernel_initializer: Initializer::glorot_uniform(),
            recurrent_initializer: Initializer::Orthogonal { gain: 1.0, seed: None },
            bias_initializer: Initializer::Zeros,
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
        /// Sets what the new state goes through.
        activation <- Activation,
        /// Sets whether each unit adds a bias.
        use_bias: bool,
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
            gates: 1,
            states: 1,
            return_sequences: self.return_sequences,
            go_backwards: self.go_backwards,
            dropout: [self.dropout, self.recurrent_dropout],
        }
    }
}

impl Layer for SimpleRNN {
    fn class_name(&self) -> &'static str {
        "SimpleRNN"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        self.recurrence().check()?;
        self.activation.check()
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        self.recurrence().output_shape(inputs)
    }

    fn weights(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>, LayerError> {
        let learned = Learned {
            kernel: (&self.kernel_initializer, self.kernel_regularizer),
            recurrent_kernel: (&self.recurrent_initializer, self.recurrent_regularizer),
            bias: self.use_bias.then(|| (self.bias_initializer.clone(), self.bias_regularizer, 1)),
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
            let sum = lowering.binary(Binary::Add, x, inner)?;
            Ok(vec![self.activation.lower(lowering, sum)?])
        })
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}
