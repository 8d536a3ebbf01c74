//! How weights begin.

use dichroic_graph::kernels::rng::Stream;
use serde_json::{Map, Value};

use crate::keras_object::KerasObject;
use crate::layers::LayerError;

mod draw;
mod keras;
mod variance_scaling;

use draw::{TRUNCATED_STDDEV, normal, orthogonal, truncated, uniform};
pub use variance_scaling::{Distribution, FanMode, VarianceScaling};
use variance_scaling::{SCALED, resolve};

/// How the first values of a weight are drawn.
///
/// Read from a name (`"he_normal"`, `"HeNormal"`) or a Keras object, written as a Keras object.
/// A seed in the object goes before the seed of the model.
///
/// # Source
/// `keras.initializers`; Glorot and Bengio 2010, He et al. 2015, LeCun et al. 1998, Saxe et al. 2014.
///
/// ```
/// use dichroic::initializers::Initializer;
/// let kernel = Initializer::glorot_uniform().draw(&[3, 3, 8, 16], 42)?;
/// assert_eq!(kernel.len(), 3 * 3 * 8 * 16);
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Initializer {
    /// All values 0.
    Zeros,
    /// All values 1.
    Ones,
    /// All values the same.
    Constant {
        /// The value.
        value: f64,
    },
    /// Normally distributed values.
    RandomNormal {
        /// The centre.
        mean: f64,
        /// The standard deviation.
        stddev: f64,
        /// Fixes the values whatever the model's seed.
        seed: Option<i64>,
    },
    /// Values evenly distributed between two bounds.
    RandomUniform {
        /// The lower bound.
        minval: f64,
        /// The upper bound.
        maxval: f64,
        /// Fixes the values whatever the model's seed.
        seed: Option<i64>,
    },
    /// Normally distributed values, none further than two standard deviations from the centre.
    TruncatedNormal {
        /// The centre.
        mean: f64,
        /// The standard deviation before values are left out.
        stddev: f64,
        /// Fixes the values whatever the model's seed.
        seed: Option<i64>,
    },
    /// Values whose variance is `scale / fan`, so that signals keep their size through the layer.
    VarianceScaling(VarianceScaling),
    /// A matrix with orthogonal rows or columns, the shorter side's.
    Orthogonal {
        /// The length of the rows or columns.
        gain: f64,
        /// Fixes the values whatever the model's seed.
        seed: Option<i64>,
    },
    /// The identity matrix, for weights of rank 2.
    Identity {
        /// The value on the diagonal.
        gain: f64,
    },
    /// The biases of an LSTM: those of the second of four gates are 1, so that it forgets nothing at first; the
    /// others are drawn by another initializer. A layer makes it of that one, and no configuration has it.
    ForgetNothing(Box<Initializer>),
}

/// Every name that stands for an initializer with its default arguments.
pub const NAMES: [&str; 15] = [
    "zeros",
    "ones",
    "constant",
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "variance_scaling",
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "orthogonal",
    "identity",
];

impl Initializer {
    /// Uniform with variance `2 / (fan_in + fan_out)`: Keras's default for kernels.
    pub fn glorot_uniform() -> Self {
        Self::scaled(0)
    }

    /// Truncated normal with variance `2 / (fan_in + fan_out)`.
    pub fn glorot_normal() -> Self {
        Self::scaled(1)
    }

    /// Uniform with variance `2 / fan_in`, for layers before a ReLU.
    pub fn he_uniform() -> Self {
        Self::scaled(2)
    }

    /// Truncated normal with variance `2 / fan_in`, for layers before a ReLU.
    pub fn he_normal() -> Self {
        Self::scaled(3)
    }

    /// Uniform with variance `1 / fan_in`.
    pub fn lecun_uniform() -> Self {
        Self::scaled(4)
    }

    /// Truncated normal with variance `1 / fan_in`.
    pub fn lecun_normal() -> Self {
        Self::scaled(5)
    }

    /// All values the same.
    pub fn constant(value: f64) -> Self {
        Self::Constant { value }
    }

    /// Normally distributed values around 0.
    pub fn random_normal(stddev: f64) -> Self {
        Self::RandomNormal { mean: 0.0, stddev, seed: None }
    }

    fn scaled(index: usize) -> Self {
        let (class_name, _, scale, mode, distribution) = SCALED[index];
        Self::VarianceScaling(VarianceScaling {
            class_name,
            scale,
            mode,
            distribution,
            input_axes: None,
            output_axes: None,
            seed: None,
        })
    }

    /// The initializer with this name or class and its default arguments.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::from_object(&KerasObject::written("", name, Value::Object(Map::new()))).ok()
    }

    /// Whether it can fill a weight of this shape.
    ///
    /// # Errors
    /// [`LayerError::Argument`] for the identity on another rank than 2, orthogonal on rank 0 or 1 and axes out of range.
    pub fn check(&self, shape: &[usize]) -> Result<(), LayerError> {
        let refuse = |rule: String| {
            Err(LayerError::Argument {
                class_name: None,
                argument: "initializer".to_owned(),
                rule,
                got: format!("shape {shape:?}"),
            })
        };
        match self {
            Self::Identity { .. } if shape.len() != 2 => refuse(
                "identity fills weights of rank 2; use orthogonal or glorot_uniform".to_owned(),
            ),
            Self::Orthogonal { .. } if shape.len() < 2 => {
                refuse("orthogonal fills weights of rank 2 and more; use glorot_uniform".to_owned())
            }
            Self::VarianceScaling(scaling) => {
                let axes =
                    [&scaling.input_axes, &scaling.output_axes].into_iter().flatten().flatten();
                let in_range = |axis: &&i64| resolve(**axis, shape.len()).is_none();
                match axes.into_iter().find(in_range) {
                    Some(axis) => refuse(format!("{} has no axis {axis}", scaling.class_name)),
                    None => Ok(()),
                }
            }
            Self::ForgetNothing(others) => others.check(shape),
            _ => Ok(()),
        }
    }

    /// Draws the values in row-major order; the same seed gives the same values on every machine.
    ///
    /// # Errors
    /// As [`Initializer::check`].
    pub fn draw(&self, shape: &[usize], seed: u64) -> Result<Vec<f32>, LayerError> {
        self.check(shape)?;
        let len = shape.iter().product();
        let generator = |own: &Option<i64>| Stream {
            // A negative seed keeps its bits: all that matters is that different seeds differ.
            seed: own.map_or(seed, i64::cast_unsigned),
            step: 0,
            op: 0,
        };
        Ok(match self {
            Self::Zeros => vec![0.0; len],
            Self::Ones => vec![1.0; len],
            Self::Constant { value } => vec![*value as f32; len],
            Self::RandomNormal { mean, stddev, seed } => {
                normal(&generator(seed), len, (*mean, *stddev))
            }
            Self::RandomUniform { minval, maxval, seed } => {
                uniform(&generator(seed), len, (*minval, *maxval))
            }
            Self::TruncatedNormal { mean, stddev, seed } => {
                truncated(&generator(seed), len, (*mean, *stddev))
            }
            Self::VarianceScaling(scaling) => {
                let random = generator(&scaling.seed);
                let variance = scaling.scale / scaling.fan(shape);
                match scaling.distribution {
                    Distribution::TruncatedNormal => {
                        truncated(&random, len, (0.0, variance.sqrt() / TRUNCATED_STDDEV))
                    }
                    Distribution::UntruncatedNormal => normal(&random, len, (0.0, variance.sqrt())),
                    Distribution::Uniform => {
                        let limit = (3.0 * variance).sqrt();
                        uniform(&random, len, (-limit, limit))
                    }
                }
            }
            Self::Orthogonal { gain, seed } => orthogonal(&generator(seed), shape, *gain),
            Self::Identity { gain } => {
                let columns = shape[1];
                let mut values = vec![0.0; len];
                for diagonal in 0..shape[0].min(columns) {
                    values[diagonal * columns + diagonal] = *gain as f32;
                }
                values
            }
            Self::ForgetNothing(others) => {
                let mut values = others.draw(shape, seed)?;
                values[len / 4..len / 2].fill(1.0);
                values
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn moments(values: &[f32]) -> (f64, f64) {
        let count = values.len() as f64;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
        let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
        (mean, variance)
    }

    #[test]
    fn every_name_round_trips_through_its_keras_object() {
        for name in NAMES {
            let made = Initializer::from_name(name).expect(name);
            let object = serde_json::to_value(&made).unwrap();
            assert_eq!(object["module"], "keras.initializers");
            assert_eq!(serde_json::from_value::<Initializer>(object).unwrap(), made, "{name}");
        }
    }

    #[test]
    fn variance_follows_the_fan_for_every_scaled_initializer() {
        let shape = [3, 3, 20, 50];
        for (index, (class, _, scale, mode, _)) in SCALED.into_iter().enumerate() {
            let values = Initializer::scaled(index).draw(&shape, 7).unwrap();
            let fan = if mode == FanMode::FanIn { 180.0 } else { (180.0 + 450.0) / 2.0 };
            let (mean, variance) = moments(&values);
            assert!((variance * fan / scale - 1.0).abs() < 0.06, "{class}: {variance}");
            assert!(mean.abs() < 0.01, "{class}: {mean}");
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_values_and_an_own_seed_wins() {
        let draw = |initializer: &Initializer, seed| initializer.draw(&[4, 4], seed).unwrap();
        let free = Initializer::random_normal(1.0);
        assert_eq!(draw(&free, 1), draw(&free, 1));
        assert_ne!(draw(&free, 1), draw(&free, 2));
        let fixed = Initializer::RandomNormal { mean: 0.0, stddev: 1.0, seed: Some(5) };
        assert_eq!(draw(&fixed, 1), draw(&fixed, 2));
    }

    #[test]
    fn truncated_values_stay_within_two_standard_deviations() {
        let initializer = Initializer::TruncatedNormal { mean: 1.0, stddev: 0.5, seed: None };
        let values = initializer.draw(&[1000], 3).unwrap();
        assert!(values.iter().all(|value| (value - 1.0).abs() <= 1.0));
    }

    #[test]
    fn orthogonal_rows_or_columns_have_length_gain_and_product_zero() {
        for shape in [[5, 3], [3, 5]] {
            let values = Initializer::Orthogonal { gain: 2.0, seed: None }.draw(&shape, 9).unwrap();
            let at = |vector: usize, i: usize| {
                if shape[0] > shape[1] { values[i * 3 + vector] } else { values[vector * 5 + i] }
            };
            for (a, b) in (0..3).flat_map(|a| (0..3).map(move |b| (a, b))) {
                let product: f32 = (0..5).map(|i| at(a, i) * at(b, i)).sum();
                let expected = if a == b { 4.0 } else { 0.0 };
                assert!((product - expected).abs() < 1e-5, "{shape:?} {a} {b}: {product}");
            }
        }
    }

    #[test]
    fn identity_needs_a_matrix() {
        let identity = Initializer::Identity { gain: 1.0 };
        assert_eq!(identity.draw(&[2, 3], 0).unwrap(), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        assert!(identity.draw(&[3, 3, 1, 1], 0).is_err());
    }

    #[test]
    fn an_unknown_name_is_refused_with_those_that_exist() {
        let error =
            serde_json::from_value::<Initializer>(json!("he_norm")).unwrap_err().to_string();
        assert!(error.contains("he_normal"), "{error}");
    }
}
