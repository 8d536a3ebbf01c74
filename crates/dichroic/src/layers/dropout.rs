//! Values dropped at random while training: `Dropout`.

use dichroic_graph::{Shape as Concrete, ValueId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{setters, written};
use super::stencil::single;
use super::{Layer, LayerError, Lowering, Mode};
use crate::shape::Shape;

/// While training, sets each value to 0 with probability `rate` and divides the rest by `1 - rate`; afterwards does nothing.
///
/// # Shapes
/// - input and output `(batch, …)`; axes where `noise_shape` is 1 share one draw
///
/// # Errors
/// When `rate` is not between 0 and 1, or `noise_shape` has another rank than the input.
///
/// # Source
/// `keras.layers.Dropout`; Srivastava et al. 2014
///
/// ```
/// use dichroic::layers::{Dropout, Layer};
/// assert_eq!(Dropout::new(0.5).config()["rate"], 0.5);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dropout {
    /// The share of values dropped, from 0 to 1.
    pub rate: f64,
    /// Written for Keras; draws here depend on the seed of the training run alone.
    pub seed: Option<i64>,
    /// The shape of the draws; `None` along an axis stands for the input's size.
    pub noise_shape: Option<Vec<Option<usize>>>,
}

impl Dropout {
    /// A dropout layer with this rate.
    pub fn new(rate: f64) -> Self {
        Self { rate, seed: None, noise_shape: None }
    }

    setters! {
        /// Sets the shape of the draws.
        noise_shape <- Option<Vec<Option<usize>>>,
    }
}

impl Layer for Dropout {
    fn class_name(&self) -> &'static str {
        "Dropout"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        check_rate(self.rate)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        let input = single(inputs)?;
        let fits = |noise: &Vec<Option<usize>>| {
            let draws = |(noise, size): (&Option<usize>, &Option<usize>)| {
                noise.is_none_or(|noise| noise == 1 || size.is_none_or(|size| size == noise))
            };
            noise.len() == input.rank() && noise.iter().zip(input.axes()).all(draws)
        };
        match &self.noise_shape {
            Some(noise) if !fits(noise) => Err(LayerError::InputShape {
                rule: format!(
                    "noise_shape {} does not spread over the input",
                    Shape::new(noise.clone())
                ),
                got: input.clone(),
                fix: "give noise_shape an entry for each axis: 1, None or the input's size"
                    .to_owned(),
            }),
            _ => Ok(input.clone()),
        }
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        let x = lowering.input()?;
        let shape = lowering.shape(x);
        let noise_shape = self.noise_shape.as_ref().map(|noise| {
            noise.iter().zip(shape.iter()).map(|(noise, &size)| noise.unwrap_or(size)).collect()
        });
        drop_values(lowering, self.rate, noise_shape)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

/// Refuses a share that is not between 0 and 1.
pub(super) fn check_rate(rate: f64) -> Result<(), LayerError> {
    if (0.0..=1.0).contains(&rate) {
        return Ok(());
    }
    Err(LayerError::Argument {
        class_name: None,
        argument: "rate".to_owned(),
        rule: "must be from 0 to 1".to_owned(),
        got: rate.to_string(),
    })
}

/// Emits the dropping of values in training, and nothing in inference.
pub(super) fn drop_values(
    lowering: &mut Lowering<'_>,
    rate: f64,
    noise_shape: Option<Concrete>,
) -> Result<ValueId, LayerError> {
    let x = lowering.input()?;
    if lowering.mode == Mode::Inference || rate == 0.0 {
        return Ok(x);
    }
    let id = lowering.graph.next_random_op();
    let op = dichroic_graph::ops::Dropout { rate: rate as f32, noise_shape, id };
    Ok(lowering.add(op, &[x])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_share() {
        assert!(Dropout::new(1.5).check().is_err());
        assert!(Dropout::new(f64::NAN).check().is_err());
    }

    #[test]
    fn a_noise_shape_spreads_over_the_input() {
        let maps = Dropout::new(0.5).noise_shape(vec![None, Some(1), Some(1), None]);
        assert!(maps.output_shape(&[Shape::batched(&[4, 4, 3])]).is_ok());
        assert!(maps.output_shape(&[Shape::batched(&[4, 3])]).is_err());
    }
}
