//! Values brought to mean 0 and variance 1 by statistics of all data: `Normalization`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::elementwise::{Binary, Unary};
use dichroic_graph::ops;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::arguments::{setters, written};
use super::axes::{resolve_all, sizes};
use super::stencil::single;
use super::{Axes, Count, Factor, Layer, LayerError, Lowering, Term, WeightSpec};
use crate::initializers::Initializer;
use crate::shape::Shape;

/// Keras's smallest deviation.
const SMALLEST: f32 = 1e-7;

/// Numbers in lists in lists, as numpy writes arrays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Statistics {
    /// One number.
    One(f64),
    /// A list of the next axis.
    List(Vec<Statistics>),
}

impl From<f64> for Statistics {
    fn from(value: f64) -> Self {
        Self::One(value)
    }
}

impl From<Vec<f64>> for Statistics {
    fn from(values: Vec<f64>) -> Self {
        Self::List(values.into_iter().map(Self::One).collect())
    }
}

impl Statistics {
    /// All numbers, the last axis fastest, as often as `len` values need them.
    pub fn repeated(&self, len: usize) -> Vec<f32> {
        self.flattened().into_iter().cycle().take(len).collect()
    }

    /// All numbers, the last axis fastest.
    fn flattened(&self) -> Vec<f32> {
        match self {
            Self::One(value) => vec![*value as f32],
            Self::List(lists) => lists.iter().flat_map(Self::flattened).collect(),
        }
    }
}

/// `y = (x - mean) / max(√variance, 10⁻⁷)`, or with `invert` the way back, for each place of the axes that are kept.
///
/// Mean and variance are given, or weights that somebody has taken from data beforehand (Keras's `adapt`); gradients don't
/// change them.
///
/// # Shapes
/// - input and output any
/// - `mean`, `variance` the sizes of the kept axes; `count` a scalar that Keras keeps
///
/// # Errors
/// When a kept axis does not exist or is open, or mean and variance are not both given with one number, or one for each
/// place of the last kept axes.
///
/// # Source
/// `keras.layers.Normalization`
///
/// ```
/// use dichroic::layers::{Layer, Normalization};
/// use dichroic::Shape;
/// let count = Normalization::new().count(&[Shape::batched(&[32, 32, 3])])?;
/// assert_eq!((count.total(), count.trainable()), (7, 0));
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Normalization {
    /// The axes whose places have statistics of their own; unset for one mean and variance of all values.
    pub axis: Option<Axes>,
    /// The mean; unset for a weight.
    pub mean: Option<Statistics>,
    /// The variance; unset for a weight.
    pub variance: Option<Statistics>,
    /// Whether to compute `x` from `y`.
    pub invert: bool,
}

impl Default for Normalization {
    fn default() -> Self {
        Self::new()
    }
}

impl Normalization {
    /// A normalisation of each channel, whose statistics are weights.
    pub fn new() -> Self {
        Self { axis: Some(Axes::One(-1)), mean: None, variance: None, invert: false }
    }

    setters! {
        /// Sets the axes whose places have statistics of their own.
        axis <- Option<Axes>,
        /// Sets the mean; set the variance too.
        mean <- Option<Statistics>,
        /// Sets the variance; set the mean too.
        variance <- Option<Statistics>,
        /// Sets whether to compute `x` from `y`.
        invert: bool,
    }

    /// The deviation by which values are divided: `max(√variance, 10⁻⁷)`.
    pub fn deviation(variance: f32) -> f32 {
        variance.sqrt().max(SMALLEST)
    }

    /// The axes whose places have statistics of their own, in rising order, and their sizes.
    ///
    /// # Errors
    /// When an axis does not exist or is open.
    pub fn kept_axes(&self, inputs: &[Shape]) -> Result<(Vec<usize>, Vec<usize>), LayerError> {
        self.check()?;
        let input = single(inputs)?;
        let axes = match &self.axis {
            Some(axes) => resolve_all(axes, input)?,
            None => Vec::new(),
        };
        let sizes = sizes(&axes, input)?;
        Ok((axes, sizes))
    }

    /// Given statistics, one for each place of the kept axes.
    fn spread(given: &Statistics, sizes: &[usize], argument: &str) -> Result<Vec<f32>, LayerError> {
        let values = given.flattened();
        let all: usize = sizes.iter().product();
        let suffixes = (0..=sizes.len()).map(|from| sizes[from..].iter().product::<usize>());
        if !values.is_empty() && suffixes.into_iter().any(|len| len == values.len()) {
            return Ok(given.repeated(all));
        }
        Err(LayerError::Argument {
            class_name: None,
            argument: argument.to_owned(),
            rule: format!(
                "needs one number, or one for each place of the last kept axes {sizes:?}"
            ),
            got: format!("{} numbers", values.len()),
        })
    }

    /// Mean and variance, of the kept axes' sizes.
    fn statistics(
        &self,
        lowering: &mut Lowering<'_>,
        sizes: &[usize],
    ) -> Result<(ValueId, ValueId), LayerError> {
        let (Some(mean), Some(variance)) = (&self.mean, &self.variance) else {
            return Ok((lowering.weights[0], lowering.weights[1]));
        };
        let mean = lowering.vector(Self::spread(mean, sizes, "mean")?);
        let variance = lowering.vector(Self::spread(variance, sizes, "variance")?);
        Ok((mean, variance))
    }
}

impl Layer for Normalization {
    fn class_name(&self) -> &'static str {
        "Normalization"
    }

    fn config(&self) -> Map<String, Value> {
        let mut config = written(self);
        let axes = self.axis.as_ref().map_or(&[][..], Axes::as_slice);
        config.insert("axis".to_owned(), json!(axes));
        config
    }

    fn check(&self) -> Result<(), LayerError> {
        let (missing, given) = match (&self.mean, &self.variance) {
            (Some(_), None) => ("variance", "mean"),
            (None, Some(_)) => ("mean", "variance"),
            _ => return Ok(()),
        };
        Err(LayerError::Argument {
            class_name: None,
            argument: missing.to_owned(),
            rule: format!("must be given together with {given}"),
            got: "None".to_owned(),
        })
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let (_, sizes) = self.kept_axes(inputs)?;
        for (given, argument) in [(&self.mean, "mean"), (&self.variance, "variance")] {
            if let Some(given) = given {
                Self::spread(given, &sizes, argument)?;
            }
        }
        single(inputs).cloned()
    }

    fn weights(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>, LayerError> {
        let (_, sizes) = self.kept_axes(inputs)?;
        if self.mean.is_some() {
            return Ok(Vec::new());
        }
        let weights = [
            WeightSpec::new("mean", sizes.clone(), &Initializer::Zeros),
            WeightSpec::new("variance", sizes, &Initializer::Ones),
            WeightSpec::new("count", [], &Initializer::Zeros),
        ];
        weights.into_iter().map(|weight| weight.fixed().checked()).collect()
    }

    fn count(&self, inputs: &[Shape]) -> Result<Count, LayerError> {
        let (_, sizes) = self.kept_axes(inputs)?;
        if self.mean.is_some() {
            return Ok(Count { terms: Vec::new() });
        }
        let means = Factor { sizes: sizes.clone(), what: "means" };
        let variances = Factor { sizes, what: "variances" };
        let terms = [
            Term::fixed("mean", [means]),
            Term::fixed("variance", [variances]),
            Term::fixed("count", [Factor::of(1, "count")]),
        ];
        Ok(Count { terms: terms.into() })
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        let (axes, sizes) = self.kept_axes(&lowering.input_shapes())?;
        let x = lowering.input()?;
        let (mean, variance) = self.statistics(lowering, &sizes)?;
        let deviation = lowering.unary(Unary::Sqrt, variance)?;
        let deviation =
            lowering.unary(Unary::Clip { min: SMALLEST, max: f32::INFINITY }, deviation)?;
        let last = lowering.shape(x).len() - 1;
        if axes == [last] && !self.invert {
            let one = lowering.scalar(1.0);
            let scale = lowering.binary(Binary::Divide, one, deviation)?;
            let at_mean = lowering.binary(Binary::Multiply, mean, scale)?;
            let shift = lowering.unary(Unary::Affine { scale: -1.0, offset: 0.0 }, at_mean)?;
            return Ok(lowering.add(ops::ScaleShift, &[x, scale, shift])?);
        }
        let shape = lowering.shape(x).iter().enumerate();
        let spread: Vec<usize> =
            shape.map(|(axis, &size)| if axes.contains(&axis) { size } else { 1 }).collect();
        let mean = lowering.reshape(mean, spread.clone())?;
        let deviation = lowering.reshape(deviation, spread)?;
        if self.invert {
            let scaled = lowering.binary(Binary::Multiply, x, deviation)?;
            return lowering.binary(Binary::Add, mean, scaled);
        }
        let centred = lowering.binary(Binary::Subtract, x, mean)?;
        lowering.binary(Binary::Divide, centred, deviation)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_given_together_and_fit_the_kept_axes() {
        let input = [Shape::batched(&[4, 4, 3])];
        let half = Normalization::new().mean(Statistics::from(1.0));
        let error = half.output_shape(&input).unwrap_err().to_string();
        assert!(error.contains("variance") && error.contains("together with mean"), "{error}");
        let two = Statistics::from(vec![1.0, 2.0]);
        let wrong = Normalization::new().mean(two.clone()).variance(two);
        assert!(wrong.output_shape(&input).unwrap_err().to_string().contains("2 numbers"));
        let one = Normalization::new().mean(Statistics::from(1.0)).variance(Statistics::from(4.0));
        assert_eq!(one.weights(&input).unwrap().len(), 0);
        assert!(one.output_shape(&input).is_ok());
    }

    #[test]
    fn without_axes_there_is_one_mean() {
        let layer = Normalization::new().axis(None);
        let shape = layer.weights(&[Shape::batched(&[4, 3])]).unwrap()[0].shape.clone();
        assert_eq!(shape, Vec::<usize>::new());
    }
}
