//! Channels brought to mean 0 and variance 1 over the batch: `BatchNormalization`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::elementwise::{Binary, Unary};
use dichroic_graph::ops;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{setters, written};
use super::axes::{resolve, sizes, to_the_end};
use super::relu::at_least_zero;
use super::stencil::single;
use super::{Count, Factor, Layer, LayerError, Lowering, Mode, Off, Term, Unset, WeightSpec};
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// `y = gamma · (x - mean) / √(variance + epsilon) + beta` for each channel.
///
/// While training, mean and variance (divided by the number of values) are those of the batch, and the moving
/// ones follow: `moving = momentum · moving + (1 - momentum) · batch`. Afterwards, and while the
/// layer is not trainable, the moving ones are used.
///
/// # Shapes
/// - input and output `(batch, …, channels)`, or the channels along `axis`
/// - `gamma`, `beta`, `moving_mean`, `moving_variance` `(channels,)`
///
/// # Errors
/// When the axis does not exist or is open.
///
/// # Source
/// `keras.layers.BatchNormalization`; Ioffe and Szegedy 2015
///
/// ```
/// use dichroic::layers::{BatchNormalization, Layer};
/// use dichroic::Shape;
/// let count = BatchNormalization::new().count(&[Shape::batched(&[28, 28, 64])])?;
/// assert_eq!((count.total(), count.trainable()), (256, 128));
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BatchNormalization {
    /// The axis of the channels; not the batch.
    pub axis: i64,
    /// How slowly the moving statistics follow, from 0 to 1.
    pub momentum: f64,
    /// Added to the variance, at least 0.
    pub epsilon: f64,
    /// Whether beta is added.
    pub center: bool,
    /// Whether gamma multiplies.
    pub scale: bool,
    /// How beta begins.
    pub beta_initializer: Initializer,
    /// How gamma begins.
    pub gamma_initializer: Initializer,
    /// How the moving mean begins.
    pub moving_mean_initializer: Initializer,
    /// How the moving variance begins.
    pub moving_variance_initializer: Initializer,
    /// Beta's penalty.
    pub beta_regularizer: Option<Regularizer>,
    /// Gamma's penalty.
    pub gamma_regularizer: Option<Regularizer>,
    /// Not supported: unset.
    pub beta_constraint: Unset,
    /// Not supported: unset.
    pub gamma_constraint: Unset,
    /// Not supported: off.
    pub synchronized: Off,
    /// Not supported: off.
    pub renorm: Off,
    /// Not supported: unset.
    pub renorm_clipping: Unset,
    /// Written for Keras; means nothing without `renorm`.
    pub renorm_momentum: f64,
}

impl Default for BatchNormalization {
    fn default() -> Self {
        Self::new()
    }
}

impl BatchNormalization {
    /// A batch normalisation with Keras's defaults.
    pub fn new() -> Self {
        Self {
            axis: -1,
            momentum: 0.99,
            epsilon: 1e-3,
            center: true,
            scale: true,
            beta_initializer: Initializer::Zeros,
            gamma_initializer: Initializer::Ones,
            moving_mean_initializer: Initializer::Zeros,
            moving_variance_initializer: Initializer::Ones,
            beta_regularizer: None,
            gamma_regularizer: None,
            beta_constraint: Unset,
            gamma_constraint: Unset,
            synchronized: Off,
            renorm: Off,
            renorm_clipping: Unset,
            renorm_momentum: 0.99,
        }
    }

    setters! {
        /// Sets the axis of the channels.
        axis: i64,
        /// Sets how slowly the moving statistics follow.
        momentum: f64,
        /// Sets what is added to the variance.
        epsilon: f64,
        /// Sets whether beta is added.
        center: bool,
        /// Sets whether gamma multiplies.
        scale: bool,
        /// Sets how beta begins.
        beta_initializer: Initializer,
        /// Sets how gamma begins.
        gamma_initializer: Initializer,
        /// Sets how the moving mean begins.
        moving_mean_initializer: Initializer,
        /// Sets how the moving variance begins.
        moving_variance_initializer: Initializer,
        /// Sets beta's penalty.
        beta_regularizer <- Option<Regularizer>,
        /// Sets gamma's penalty.
        gamma_regularizer <- Option<Regularizer>,
    }

    /// The axis of the channels and their number.
    fn channels(&self, inputs: &[Shape]) -> Result<(usize, usize), LayerError> {
        self.check()?;
        let input = single(inputs)?;
        let axis = resolve(self.axis, input)?;
        if axis == 0 {
            return Err(LayerError::Argument {
                class_name: None,
                argument: "axis".to_owned(),
                rule: "must be the axis of the channels, not the batch".to_owned(),
                got: self.axis.to_string(),
            });
        }
        Ok((axis, sizes(&[axis], input)?[0]))
    }

    /// Gamma and beta, or what stands for them, and the place of the moving mean among the weights.
    fn scale_and_shift(
        &self,
        lowering: &mut Lowering<'_>,
        channels: usize,
    ) -> (ValueId, ValueId, usize) {
        let weights = lowering.weights;
        let gamma = if self.scale { weights[0] } else { lowering.vector(vec![1.0; channels]) };
        let place = usize::from(self.scale);
        let beta = if self.center { weights[place] } else { lowering.vector(vec![0.0; channels]) };
        (gamma, beta, place + usize::from(self.center))
    }

    fn follow(
        &self,
        lowering: &mut Lowering<'_>,
        weight: usize,
        batch: ValueId,
    ) -> Result<(), LayerError> {
        let moving = lowering.weights[weight];
        let keep = Unary::Affine { scale: self.momentum as f32, offset: 0.0 };
        let take = Unary::Affine { scale: (1.0 - self.momentum) as f32, offset: 0.0 };
        let kept = lowering.unary(keep, moving)?;
        let taken = lowering.unary(take, batch)?;
        let updated = lowering.binary(Binary::Add, kept, taken)?;
        lowering.update_weight(weight, updated);
        Ok(())
    }
}

impl Layer for BatchNormalization {
    fn class_name(&self) -> &'static str {
        "BatchNormalization"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        at_least_zero("epsilon", self.epsilon)?;
        if (0.0..=1.0).contains(&self.momentum) {
            return Ok(());
        }
        Err(LayerError::Argument {
            class_name: None,
            argument: "momentum".to_owned(),
            rule: "must be from 0 to 1".to_owned(),
            got: self.momentum.to_string(),
        })
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.channels(inputs)?;
        single(inputs).cloned()
    }

    fn weights(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>, LayerError> {
        let (_, channels) = self.channels(inputs)?;
        let weight = |name, initializer| WeightSpec::new(name, [channels], initializer);
        let gamma = weight("gamma", &self.gamma_initializer).regularized(self.gamma_regularizer);
        let beta = weight("beta", &self.beta_initializer).regularized(self.beta_regularizer);
        let moving = [
            weight("moving_mean", &self.moving_mean_initializer).fixed(),
            weight("moving_variance", &self.moving_variance_initializer).fixed(),
        ];
        let trained = self.scale.then_some(gamma).into_iter().chain(self.center.then_some(beta));
        trained.chain(moving).map(WeightSpec::checked).collect()
    }

    fn count(&self, inputs: &[Shape]) -> Result<Count, LayerError> {
        let (_, channels) = self.channels(inputs)?;
        let gamma = Term::new("gamma", [Factor::of(channels, "gammas")]);
        let beta = Term::new("beta", [Factor::of(channels, "betas")]);
        let moving = [
            Term::fixed("moving_mean", [Factor::of(channels, "moving means")]),
            Term::fixed("moving_variance", [Factor::of(channels, "moving variances")]),
        ];
        let trained = self.scale.then_some(gamma).into_iter().chain(self.center.then_some(beta));
        Ok(Count { terms: trained.chain(moving).collect() })
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let (axis, channels) = self.channels(&lowering.input_shapes())?;
        let x = lowering.input()?;
        let (order, back) = to_the_end(lowering.shape(x).len(), &[axis]);
        let x = lowering.transpose(x, &order)?;
        let (gamma, beta, moving) = self.scale_and_shift(lowering, channels);
        let epsilon = self.epsilon as f32;
        let y = match lowering.mode {
            Mode::Training => {
                let outputs =
                    lowering.graph.add_multi(ops::BatchNorm::new(epsilon), &[x, gamma, beta])?;
                self.follow(lowering, moving, outputs[1])?;
                self.follow(lowering, moving + 1, outputs[2])?;
                outputs[0]
            }
            Mode::Inference => {
                let (mean, variance) = (lowering.weights[moving], lowering.weights[moving + 1]);
                let steadied =
                    lowering.unary(Unary::Affine { scale: 1.0, offset: epsilon }, variance)?;
                let inverse = lowering.unary(Unary::Rsqrt, steadied)?;
                let scale = lowering.binary(Binary::Multiply, inverse, gamma)?;
                let at_mean = lowering.binary(Binary::Multiply, mean, scale)?;
                let shift = lowering.binary(Binary::Subtract, beta, at_mean)?;
                lowering.add(ops::ScaleShift, &[x, scale, shift])?
            }
        };
        lowering.transpose(y, &back)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_names_what_gradients_do_not_change() {
        let input = [Shape::batched(&[7, 7, 64])];
        let count = BatchNormalization::new().count(&input).unwrap();
        let formula = "64 gammas + 64 betas + 64 moving means + 64 moving variances = 256";
        assert_eq!(count.to_string(), formula);
        let bare = BatchNormalization::new().center(false).scale(false).count(&input).unwrap();
        assert_eq!((bare.total(), bare.trainable()), (128, 0));
    }

    #[test]
    fn the_channels_may_lie_along_another_axis_but_the_batch() {
        let input = [Shape::batched(&[7, 5, 64])];
        let layer = BatchNormalization::new().axis(1);
        assert_eq!(layer.weights(&input).unwrap()[0].shape, [7]);
        assert!(BatchNormalization::new().axis(0).weights(&input).is_err());
    }
}
