//! A learned slope for negative values: `PReLU`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::elementwise::{Binary, Unary};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{setters, written};
use super::axes::{resolve, sizes};
use super::stencil::single;
use super::{Axes, Count, Factor, Layer, LayerError, Lowering, Term, Unset, WeightSpec};
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// `x` for `x > 0`, `alpha · x` below, with an `alpha` for each position and channel that are not shared.
///
/// # Shapes
/// - input and output `(batch, …)`
/// - `alpha` as the input without its batch, 1 along `shared_axes`
///
/// # Errors
/// When an axis of `alpha` is open, or a shared axis does not exist.
///
/// # Source
/// `keras.layers.PReLU`; He et al. 2015
///
/// ```
/// use dichroic::layers::{Layer, PReLU};
/// use dichroic::Shape;
/// let layer = PReLU::new().shared_axes([1, 2]);
/// let count = layer.count(&[Shape::batched(&[28, 28, 32])])?;
/// assert_eq!(count.to_string(), "1×1×32 alphas = 32");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PReLU {
    /// How alpha begins.
    pub alpha_initializer: Initializer,
    /// Alpha's penalty.
    pub alpha_regularizer: Option<Regularizer>,
    /// Not supported: unset.
    pub alpha_constraint: Unset,
    /// Axes along which alpha is the same, counted with the batch: `[1, 2]` for one alpha a channel.
    pub shared_axes: Option<Axes>,
}

impl Default for PReLU {
    fn default() -> Self {
        Self::new()
    }
}

impl PReLU {
    /// A PReLU with Keras's defaults.
    pub fn new() -> Self {
        Self {
            alpha_initializer: Initializer::Zeros,
            alpha_regularizer: None,
            alpha_constraint: Unset,
            shared_axes: None,
        }
    }

    setters! {
        /// Sets how alpha begins.
        alpha_initializer: Initializer,
        /// Sets alpha's penalty.
        alpha_regularizer <- Option<Regularizer>,
    }

    /// Sets the axes along which alpha is the same.
    #[must_use]
    pub fn shared_axes(mut self, axes: impl Into<Axes>) -> Self {
        self.shared_axes = Some(axes.into());
        self
    }

    fn alpha_shape(&self, inputs: &[Shape]) -> Result<Vec<usize>, LayerError> {
        let input = single(inputs)?;
        let shared = self.shared_axes.iter().flat_map(Axes::as_slice);
        let shared = shared.map(|&axis| resolve(axis, input)).collect::<Result<Vec<_>, _>>()?;
        (1..input.rank())
            .map(|axis| if shared.contains(&axis) { Ok(1) } else { Ok(sizes(&[axis], input)?[0]) })
            .collect()
    }
}

impl Layer for PReLU {
    fn class_name(&self) -> &'static str {
        "PReLU"
    }

    fn config(&self) -> Map<String, Value> {
        let mut config = written(self);
        if let Some(axes) = &self.shared_axes {
            config.insert("shared_axes".to_owned(), axes.as_slice().into());
        }
        config
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.alpha_shape(inputs)?;
        single(inputs).cloned()
    }

    fn weights(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>, LayerError> {
        let alpha = WeightSpec::new("alpha", self.alpha_shape(inputs)?, &self.alpha_initializer);
        Ok(vec![alpha.regularized(self.alpha_regularizer).checked()?])
    }

    fn count(&self, inputs: &[Shape]) -> Result<Count, LayerError> {
        let factor = Factor { sizes: self.alpha_shape(inputs)?, what: "alphas" };
        Ok(Count { terms: vec![Term::new("alpha", [factor])] })
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let (x, alpha) = (lowering.input()?, lowering.weights[0]);
        let above = lowering.unary(Unary::Relu, x)?;
        let turned = lowering.unary(Unary::Negate, x)?;
        let below = lowering.unary(Unary::Relu, turned)?;
        let below = lowering.binary(Binary::Multiply, below, alpha)?;
        lowering.binary(Binary::Subtract, above, below)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_is_one_along_shared_axes() {
        let input = [Shape::batched(&[3, 4, 2])];
        assert_eq!(PReLU::new().weights(&input).unwrap()[0].shape, [3, 4, 2]);
        let shared = PReLU::new().shared_axes([1, 2]);
        assert_eq!(shared.weights(&input).unwrap()[0].shape, [1, 1, 2]);
        let open = [Shape::new([None, None, None, Some(2)])];
        assert!(PReLU::new().weights(&open).is_err());
        assert!(shared.weights(&open).is_ok());
    }
}
