//! Sequences with gates and one state: `GRU`.

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

/// Goes along a sequence with a state `h`, step by step:
///
/// `z, r = σ(x · kernel + h · recurrent_kernel + bias)`, the first two parts of three;
/// `n = activation(x · kernel + r · (h · recurrent_kernel) + bias)`, the third; `h = z · h + (1 - z) · n`.
///
/// With `reset_after` the recurrent product has biases of its own, which `r` multiplies too; without, `r` multiplies
/// `h` before the product.
///
/// # Shapes
/// - input `(batch, steps, channels)`; optionally the state before the first step, `(batch, units)`
/// - `kernel` `(channels, 3 · units)`, `recurrent_kernel` `(units, 3 · units)`, gates in the order z, r, n;
///   `bias` `(2, 3 · units)`, of the input and of the recurrent product, or `(3 · units,)` without `reset_after`
/// - output `(batch, units)`, the last `h`; `(batch, steps, units)` with `return_sequences`
///
/// # Errors
/// When the input is no sequence, or its channels are not known. The number of steps must be known to run.
///
/// # Source
/// `keras.layers.GRU`; Cho et al. 2014
///
/// ```
/// use dichroic::layers::{GRU, Layer};
/// use dichroic::Shape;
/// let layer = GRU::new(8);
/// assert_eq!(layer.output_shape(&[Shape::batched(&[20, 3])])?.to_string(), "(None, 8)");
/// assert_eq!(layer.count(&[Shape::batched(&[20, 3])])?.total(), 312);
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GRU {
    /// Values of the state; at least 1.
    pub units: usize,
    /// What the new state goes through.
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
    /// Whether the reset gate multiplies the recurrent product, or the state before it.
    pub reset_after: bool,
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

impl GRU {
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
            kernel_regularizer: None,
            recurrent_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: Unset,
            kernel_constraint: Unset,
            recurrent_constraint: Unset,
            bias_constraint: Unset,
            dropout: 0.0,
            recurrent_dropout: 0.0,
            reset_after: true,
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
        /// Sets what the gates go through.
        recurrent_activation <- Activation,
        /// Sets whether each unit of each gate adds a bias.
        use_bias: bool,
        /// Sets whether the reset gate multiplies the recurrent product, or the state before it.
        reset_after: bool,
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
            gates: 3,
            states: 1,
            return_sequences: self.return_sequences,
            go_backwards: self.go_backwards,
            dropout: [self.dropout, self.recurrent_dropout],
        }
    }

    /// Biases for each unit of a gate.
    fn biases(&self) -> usize {
        match (self.use_bias, self.reset_after) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => 2,
        }
    }

    /// The biases of the input's product and of the recurrent one.
    fn halves(&self, lowering: &mut Lowering<'_>) -> Result<[Option<ValueId>; 2], LayerError> {
        let Some(&bias) = lowering.weights.get(2) else { return Ok([None; 2]) };
        if !self.reset_after {
            return Ok([Some(bias), None]);
        }
        let columns = 3 * self.units;
        let mut half = |row| {
            let bias = lowering.slice(bias, &[row, 0], &[1, columns])?;
            lowering.reshape(bias, vec![columns])
        };
        Ok([Some(half(0)?), Some(half(1)?)])
    }

    /// The gate `z`, and what the state before adds to the new one.
    fn inner(
        &self,
        lowering: &mut Lowering<'_>,
        (x, h): (ValueId, ValueId),
        (kernel, bias): (ValueId, Option<ValueId>),
    ) -> Result<[ValueId; 2], LayerError> {
        let frame = self.recurrence();
        let both = 2 * self.units;
        let gates = lowering.slice_channels(x, 0, both)?;
        if self.reset_after {
            let inner = product(lowering, h, kernel, bias)?;
            let recurrent = lowering.slice_channels(inner, 0, both)?;
            let gates = lowering.binary(Binary::Add, gates, recurrent)?;
            let gates = self.recurrent_activation.lower(lowering, gates)?;
            let (z, r) = (frame.gate(lowering, gates, 0)?, frame.gate(lowering, gates, 1)?);
            let new = frame.gate(lowering, inner, 2)?;
            return Ok([z, lowering.binary(Binary::Multiply, r, new)?]);
        }
        let first = lowering.slice_channels(kernel, 0, both)?;
        let recurrent = product(lowering, h, first, None)?;
        let gates = lowering.binary(Binary::Add, gates, recurrent)?;
        let gates = self.recurrent_activation.lower(lowering, gates)?;
        let (z, r) = (frame.gate(lowering, gates, 0)?, frame.gate(lowering, gates, 1)?);
        let reset = lowering.binary(Binary::Multiply, r, h)?;
        let last = frame.gate(lowering, kernel, 2)?;
        Ok([z, product(lowering, reset, last, None)?])
    }
}

impl Layer for GRU {
    fn class_name(&self) -> &'static str {
        "GRU"
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
            bias: self
                .use_bias
                .then(|| (self.bias_initializer.clone(), self.bias_regularizer, self.biases())),
        };
        self.recurrence().weights(inputs, learned)
    }

    fn count(&self, inputs: &[Shape]) -> Result<Count, LayerError> {
        self.recurrence().count(inputs, self.biases())
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let frame = self.recurrence();
        let [of_input, of_state] = self.halves(lowering)?;
        let steps = frame.begin(lowering, of_input)?;
        let kernel = steps.recurrent_kernel;
        frame.unroll(lowering, steps, |lowering, x, states| {
            let h = states[0];
            let [update, recurrent] = self.inner(lowering, (x, h), (kernel, of_state))?;
            let new = frame.gate(lowering, x, 2)?;
            let new = lowering.binary(Binary::Add, new, recurrent)?;
            let new = self.activation.lower(lowering, new)?;
            // z · h + (1 - z) · n
            let change = lowering.binary(Binary::Subtract, h, new)?;
            let change = lowering.binary(Binary::Multiply, update, change)?;
            Ok(vec![lowering.binary(Binary::Add, new, change)?])
        })
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}
