//! Every output sees every channel: `Dense`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{setters, written};
use super::stencil::{at_least_one, single};
use super::{Count, Factor, Layer, LayerError, Lowering, Term, Unset, WeightSpec, Window};
use crate::activations::Activation;
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// A weight for every pair of input channel and unit, at each position by itself.
///
/// `y[…, o] = activation(Σ_c x[…, c] · kernel[c, o] + bias[o])`
///
/// On feature maps it is a 1×1 convolution; put `Flatten` in front to let every unit see every position.
///
/// # Shapes
/// - input `(batch, …, channels)`
/// - `kernel` `(channels, units)`, `bias` `(units,)`
/// - output `(batch, …, units)`
///
/// # Errors
/// When the input has rank 1 or an open last axis.
///
/// # Source
/// `keras.layers.Dense`
///
/// ```
/// use dichroic::layers::{Dense, Layer};
/// use dichroic::Shape;
/// let count = Dense::new(10).activation("softmax").count(&[Shape::batched(&[1568])])?;
/// assert_eq!(count.to_string(), "10 units × 1,568 inputs + 10 biases = 15,690");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dense {
    /// Output channels; at least 1.
    pub units: usize,
    /// What follows the sum.
    pub activation: Activation,
    /// Whether each unit adds a bias.
    pub use_bias: bool,
    /// How the kernel begins.
    pub kernel_initializer: Initializer,
    /// How the bias begins.
    pub bias_initializer: Initializer,
    /// The kernel's penalty.
    pub kernel_regularizer: Option<Regularizer>,
    /// The bias's penalty.
    pub bias_regularizer: Option<Regularizer>,
    /// Not supported: unset. Keras takes it, but does not write it.
    #[serde(default, skip_serializing)]
    pub activity_regularizer: Unset,
    /// Not supported: unset.
    pub kernel_constraint: Unset,
    /// Not supported: unset.
    pub bias_constraint: Unset,
    /// Not supported: unset.
    pub quantization_config: Unset,
}

impl Dense {
    /// A dense layer with Keras's defaults.
    pub fn new(units: usize) -> Self {
        Self {
            units,
            activation: Activation::Linear,
            use_bias: true,
            kernel_initializer: Initializer::glorot_uniform(),
            bias_initializer: Initializer::Zeros,
            kernel_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: Unset,
            kernel_constraint: Unset,
            bias_constraint: Unset,
            quantization_config: Unset,
        }
    }

    setters! {
        /// Sets what follows the sum.
        activation <- Activation,
        /// Sets whether each unit adds a bias.
        use_bias: bool,
        /// Sets how the kernel begins.
        kernel_initializer: Initializer,
        /// Sets how the bias begins.
        bias_initializer: Initializer,
        /// Sets the kernel's penalty.
        kernel_regularizer <- Option<Regularizer>,
        /// Sets the bias's penalty.
        bias_regularizer <- Option<Regularizer>,
    }

    fn channels(&self, inputs: &[Shape]) -> Result<usize, LayerError> {
        self.check()?;
        let input = single(inputs)?;
        input.channels().filter(|&channels| input.rank() >= 2 && channels > 0).ok_or_else(|| {
            LayerError::InputShape {
                rule: "needs a batch axis and a last axis of known size, at least 1".to_owned(),
                got: input.clone(),
                fix: "give the input fixed sizes, or pool over the open axes first".to_owned(),
            }
        })
    }
}

impl Layer for Dense {
    fn class_name(&self) -> &'static str {
        "Dense"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        at_least_one("units", &[self.units])?;
        self.activation.check()
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.channels(inputs)?;
        let mut axes = single(inputs)?.axes().to_vec();
        if let Some(last) = axes.last_mut() {
            *last = Some(self.units);
        }
        self.activation.output_shape(Shape::new(axes))
    }

    fn weights(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>, LayerError> {
        let channels = self.channels(inputs)?;
        let kernel = WeightSpec::new("kernel", [channels, self.units], &self.kernel_initializer)
            .regularized(self.kernel_regularizer)
            .checked()?;
        let bias = WeightSpec::new("bias", [self.units], &self.bias_initializer)
            .regularized(self.bias_regularizer);
        Ok(std::iter::once(kernel).chain(self.use_bias.then_some(bias)).collect())
    }

    fn count(&self, inputs: &[Shape]) -> Result<Count, LayerError> {
        let channels = self.channels(inputs)?;
        let factors = [Factor::of(self.units, "units"), Factor::of(channels, "inputs")];
        let bias = Term::new("bias", [Factor::of(self.units, "biases")]);
        let terms = std::iter::once(Term::new("kernel", factors));
        Ok(Count { terms: terms.chain(self.use_bias.then_some(bias)).collect() })
    }

    /// As a 1×1 convolution on one position, with a batch of all positions.
    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let (x, kernel, bias) =
            (lowering.input()?, lowering.weights[0], lowering.weights.get(1).copied());
        let shape = lowering.shape(x).to_vec();
        let (positions, channels) = (&shape[..shape.len() - 1], lowering.shape(x).last_axis());
        let rows = lowering.reshape(x, vec![positions.iter().product(), 1, channels])?;
        let kernel = lowering.reshape(kernel, vec![1, channels, self.units])?;
        let y = lowering.conv(rows, kernel, bias, (&Window::point(1), 1))?;
        let y = lowering.reshape(y, [positions, &[self.units]].concat())?;
        self.activation.lower(lowering, y)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dense_layer_on_feature_maps_works_on_the_channels() {
        let layer = Dense::new(4);
        let input = [Shape::batched(&[3, 2, 5])];
        assert_eq!(layer.output_shape(&input).unwrap(), Shape::batched(&[3, 2, 4]));
        assert_eq!(layer.count(&input).unwrap().total(), 24);
    }

    #[test]
    fn an_open_last_axis_is_refused() {
        assert!(Dense::new(4).output_shape(&[Shape::new([None, None])]).is_err());
    }
}
