//! Each sample brought to mean 0 and variance 1: `LayerNormalization`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::elementwise::{Binary, Unary};
use dichroic_graph::kernels::reduce::ReduceKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{setters, written};
use super::axes::{resolve_all, sizes};
use super::relu::at_least_zero;
use super::stencil::single;
use super::{Axes, Count, Factor, Layer, LayerError, Lowering, Off, Term, Unset, WeightSpec};
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// `y = gamma · (x - mean) / √(variance + epsilon) + beta`, mean and variance taken over `axis` of each sample.
///
/// # Shapes
/// - input and output `(batch, …)`
/// - `gamma`, `beta` the sizes along `axis`
///
/// # Errors
/// When an axis does not exist or is open.
///
/// # Source
/// `keras.layers.LayerNormalization`; Ba et al. 2016
///
/// ```
/// use dichroic::layers::{Layer, LayerNormalization};
/// use dichroic::Shape;
/// let count = LayerNormalization::new().count(&[Shape::batched(&[14, 14, 96])])?;
/// assert_eq!(count.to_string(), "96 gammas + 96 betas = 192");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LayerNormalization {
    /// The axes over which mean and variance are taken.
    pub axis: Axes,
    /// Added to the variance, at least 0.
    pub epsilon: f64,
    /// Whether beta is added.
    pub center: bool,
    /// Whether gamma multiplies.
    pub scale: bool,
    /// Not supported: off.
    pub rms_scaling: Off,
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

impl Default for LayerNormalization {
    fn default() -> Self {
        Self::new()
    }
}

impl LayerNormalization {
    /// A layer normalisation with Keras's defaults.
    pub fn new() -> Self {
        Self {
            axis: Axes::One(-1),
            epsilon: 1e-3,
            center: true,
            scale: true,
            rms_scaling: Off,
            beta_initializer: Initializer::Zeros,
            gamma_initializer: Initializer::Ones,
            beta_regularizer: None,
            gamma_regularizer: None,
            beta_constraint: Unset,
            gamma_constraint: Unset,
        }
    }

    setters! {
        /// Sets the axes over which mean and variance are taken.
        axis <- Axes,
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

    fn sizes(&self, inputs: &[Shape]) -> Result<Vec<usize>, LayerError> {
        self.check()?;
        let input = single(inputs)?;
        sizes(&resolve_all(&self.axis, input)?, input)
    }
}

impl Layer for LayerNormalization {
    fn class_name(&self) -> &'static str {
        "LayerNormalization"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        at_least_zero("epsilon", self.epsilon)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.sizes(inputs)?;
        single(inputs).cloned()
    }

    fn weights(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>, LayerError> {
        let shape = self.sizes(inputs)?;
        let gamma = WeightSpec::new("gamma", shape.clone(), &self.gamma_initializer)
            .regularized(self.gamma_regularizer);
        let beta = WeightSpec::new("beta", shape, &self.beta_initializer)
            .regularized(self.beta_regularizer);
        let weights = self.scale.then_some(gamma).into_iter().chain(self.center.then_some(beta));
        weights.map(WeightSpec::checked).collect()
    }

    fn count(&self, inputs: &[Shape]) -> Result<Count, LayerError> {
        let sizes = self.sizes(inputs)?;
        let gamma = Term::new("gamma", [Factor { sizes: sizes.clone(), what: "gammas" }]);
        let beta = Term::new("beta", [Factor { sizes, what: "betas" }]);
        let terms = self.scale.then_some(gamma).into_iter().chain(self.center.then_some(beta));
        Ok(Count { terms: terms.collect() })
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let shapes = lowering.input_shapes();
        let axes = resolve_all(&self.axis, single(&shapes)?)?;
        let x = lowering.input()?;
        let mut y = normalize(lowering, x, &axes, self.epsilon)?;
        let shape = lowering.shape(x).iter().enumerate();
        let spread: Vec<usize> =
            shape.map(|(axis, &size)| if axes.contains(&axis) { size } else { 1 }).collect();
        let mut weights = lowering.weights.iter();
        let (gamma, beta) = (
            self.scale.then(|| weights.next()).flatten(),
            self.center.then(|| weights.next()).flatten(),
        );
        if let Some(&gamma) = gamma {
            let gamma = lowering.reshape(gamma, spread.clone())?;
            y = lowering.binary(Binary::Multiply, y, gamma)?;
        }
        if let Some(&beta) = beta {
            let beta = lowering.reshape(beta, spread)?;
            y = lowering.binary(Binary::Add, y, beta)?;
        }
        Ok(y)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

/// `(x - mean) / √(variance + epsilon)` over the axes; the variance is the mean of the squared distances.
pub(super) fn normalize(
    lowering: &mut Lowering<'_>,
    x: ValueId,
    axes: &[usize],
    epsilon: f64,
) -> Result<ValueId, LayerError> {
    let mean = lowering.reduce_kept(ReduceKind::Mean, x, axes)?;
    let centered = lowering.binary(Binary::Subtract, x, mean)?;
    let squares = lowering.unary(Unary::Square, centered)?;
    let variance = lowering.reduce_kept(ReduceKind::Mean, squares, axes)?;
    let steadied =
        lowering.unary(Unary::Affine { scale: 1.0, offset: epsilon as f32 }, variance)?;
    let inverse = lowering.unary(Unary::Rsqrt, steadied)?;
    lowering.binary(Binary::Multiply, centered, inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_have_the_sizes_of_all_axes() {
        let layer = LayerNormalization::new().axis([3, 1]);
        let input = [Shape::batched(&[4, 5, 3])];
        assert_eq!(layer.weights(&input).unwrap()[0].shape, [4, 3]);
        assert_eq!(layer.count(&input).unwrap().to_string(), "4×3 gammas + 4×3 betas = 24");
    }
}
