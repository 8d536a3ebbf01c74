//! Groups of channels of each sample brought to mean 0 and variance 1: `GroupNormalization`.

use dichroic_graph::ValueId;
use dichroic_graph::ops;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{setters, written};
use super::axes::{resolve, sizes, to_the_end};
use super::layer_normalization::normalize;
use super::relu::at_least_zero;
use super::stencil::single;
use super::{Count, Factor, Layer, LayerError, Lowering, Term, Unset, WeightSpec};
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// `y = gamma · (x - mean) / √(variance + epsilon) + beta`, mean and variance taken over all positions of a group of channels.
///
/// # Shapes
/// - input and output `(batch, …, channels)`, or the channels along `axis`
/// - `gamma`, `beta` `(channels,)`
///
/// # Errors
/// When the groups don't divide the channels, or the axis does not exist or is open.
///
/// # Source
/// `keras.layers.GroupNormalization`; Wu and He 2018
///
/// ```
/// use dichroic::layers::{GroupNormalization, Layer};
/// use dichroic::Shape;
/// let count = GroupNormalization::new().groups(8).count(&[Shape::batched(&[14, 14, 64])])?;
/// assert_eq!(count.to_string(), "64 gammas + 64 betas = 128");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupNormalization {
    /// The number of groups; -1 for a group for each channel.
    pub groups: i64,
    /// The axis of the channels; not the batch.
    pub axis: i64,
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
    /// Beta's penalty.
    pub beta_regularizer: Option<Regularizer>,
    /// Gamma's penalty.
    pub gamma_regularizer: Option<Regularizer>,
    /// Not supported: unset.
    pub beta_constraint: Unset,
    /// Not supported: unset.
    pub gamma_constraint: Unset,
}

impl Default for GroupNormalization {
    fn default() -> Self {
        Self::new()
    }
}

impl GroupNormalization {
    /// A group normalisation with Keras's defaults: 32 groups.
    pub fn new() -> Self {
        Self {
            groups: 32,
            axis: -1,
            epsilon: 1e-3,
            center: true,
            scale: true,
            beta_initializer: Initializer::Zeros,
            gamma_initializer: Initializer::Ones,
            beta_regularizer: None,
            gamma_regularizer: None,
            beta_constraint: Unset,
            gamma_constraint: Unset,
        }
    }

    setters! {
        /// Sets the number of groups.
        groups: i64,
        /// Sets the axis of the channels.
        axis: i64,
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
        /// Sets beta's penalty.
        beta_regularizer <- Option<Regularizer>,
        /// Sets gamma's penalty.
        gamma_regularizer <- Option<Regularizer>,
    }

    /// The axis of the channels, their number and the number of groups.
    fn grouping(&self, inputs: &[Shape]) -> Result<(usize, usize, usize), LayerError> {
        self.check()?;
        let input = single(inputs)?;
        let axis = resolve(self.axis, input)?;
        let channels = sizes(&[axis], input)?[0];
        let groups = usize::try_from(self.groups).unwrap_or(channels);
        if axis == 0 || groups == 0 || !channels.is_multiple_of(groups) {
            return Err(LayerError::InputShape {
                rule: format!(
                    "{groups} groups don't divide {channels} channels along axis {}",
                    self.axis
                ),
                got: input.clone(),
                fix: "use a number of groups that divides the channels, or -1 for one a channel"
                    .to_owned(),
            });
        }
        Ok((axis, channels, groups))
    }
}

impl Layer for GroupNormalization {
    fn class_name(&self) -> &'static str {
        "GroupNormalization"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        if self.groups < 1 && self.groups != -1 {
            return Err(LayerError::Argument {
                class_name: None,
                argument: "groups".to_owned(),
                rule: "must be at least 1, or -1 for a group for each channel".to_owned(),
                got: self.groups.to_string(),
            });
        }
        at_least_zero("epsilon", self.epsilon)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.grouping(inputs)?;
        single(inputs).cloned()
    }

    fn weights(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>, LayerError> {
        let (_, channels, _) = self.grouping(inputs)?;
        let gamma = WeightSpec::new("gamma", [channels], &self.gamma_initializer)
            .regularized(self.gamma_regularizer);
        let beta = WeightSpec::new("beta", [channels], &self.beta_initializer)
            .regularized(self.beta_regularizer);
        let weights = self.scale.then_some(gamma).into_iter().chain(self.center.then_some(beta));
        weights.map(WeightSpec::checked).collect()
    }

    fn count(&self, inputs: &[Shape]) -> Result<Count, LayerError> {
        let (_, channels, _) = self.grouping(inputs)?;
        let gamma = Term::new("gamma", [Factor::of(channels, "gammas")]);
        let beta = Term::new("beta", [Factor::of(channels, "betas")]);
        let terms = self.scale.then_some(gamma).into_iter().chain(self.center.then_some(beta));
        Ok(Count { terms: terms.collect() })
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let (axis, channels, groups) = self.grouping(&lowering.input_shapes())?;
        let x = lowering.input()?;
        let (order, back) = to_the_end(lowering.shape(x).len(), &[axis]);
        let moved = lowering.transpose(x, &order)?;
        let shape = lowering.shape(moved).to_vec();
        let positions = shape[1..shape.len() - 1].iter().product();
        let grouped = vec![shape[0], positions, groups, channels / groups];
        let grouped = lowering.reshape(moved, grouped)?;
        let y = normalize(lowering, grouped, &[1, 3], self.epsilon)?;
        let mut y = lowering.reshape(y, shape)?;
        let weights = lowering.weights;
        let gamma = if self.scale { weights[0] } else { lowering.vector(vec![1.0; channels]) };
        let beta = if self.center {
            weights[usize::from(self.scale)]
        } else {
            lowering.vector(vec![0.0; channels])
        };
        if self.scale || self.center {
            y = lowering.add(ops::ScaleShift, &[y, gamma, beta])?;
        }
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
    fn groups_divide_the_channels() {
        let layer = GroupNormalization::new().groups(3);
        assert!(layer.output_shape(&[Shape::batched(&[4, 6])]).is_ok());
        let error = layer.output_shape(&[Shape::batched(&[4, 8])]).unwrap_err().to_string();
        assert!(error.contains("3 groups don't divide 8 channels"), "{error}");
        assert!(GroupNormalization::new().groups(0).check().is_err());
    }
}
