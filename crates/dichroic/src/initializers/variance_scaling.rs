//! Values whose variance follows the number of neighbours.

use serde::{Deserialize, Serialize};

/// The arguments of [`super::Initializer::VarianceScaling`]; Glorot's, He's and LeCun's are special cases by name.
#[derive(Clone, Debug, PartialEq)]
pub struct VarianceScaling {
    /// Keras's class: `VarianceScaling`, `GlorotUniform`, `GlorotNormal`, `HeUniform`, `HeNormal`, `LecunUniform`, `LecunNormal`.
    pub class_name: &'static str,
    /// The variance wanted, before it is divided by the fan.
    pub scale: f64,
    /// Which fan divides the scale.
    pub mode: FanMode,
    /// The distribution of the values.
    pub distribution: Distribution,
    /// The axes that count inputs, where they are not the usual ones.
    pub input_axes: Option<Vec<i64>>,
    /// The axes that count outputs, where they are not the usual ones.
    pub output_axes: Option<Vec<i64>>,
    /// Fixes the values whatever the model's seed.
    pub seed: Option<i64>,
}

/// Which number of neighbours divides the variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FanMode {
    /// The inputs of one output value.
    FanIn,
    /// The outputs that one input value reaches.
    FanOut,
    /// The mean of both.
    FanAvg,
}

/// The distribution of [`VarianceScaling`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Normal without values beyond two standard deviations, which is widened to keep the variance.
    #[serde(alias = "normal")]
    TruncatedNormal,
    /// Normal.
    UntruncatedNormal,
    /// Uniform.
    Uniform,
}

/// Class, Keras's name, scale, mode and distribution of the special cases.
pub(super) const SCALED: [(&str, &str, f64, FanMode, Distribution); 6] = [
    ("GlorotUniform", "glorot_uniform", 1.0, FanMode::FanAvg, Distribution::Uniform),
    ("GlorotNormal", "glorot_normal", 1.0, FanMode::FanAvg, Distribution::TruncatedNormal),
    ("HeUniform", "he_uniform", 2.0, FanMode::FanIn, Distribution::Uniform),
    ("HeNormal", "he_normal", 2.0, FanMode::FanIn, Distribution::TruncatedNormal),
    ("LecunUniform", "lecun_uniform", 1.0, FanMode::FanIn, Distribution::Uniform),
    ("LecunNormal", "lecun_normal", 1.0, FanMode::FanIn, Distribution::TruncatedNormal),
];

impl VarianceScaling {
    /// The number that divides the scale, at least 1.
    ///
    /// For a kernel `(kernel…, in, out)` fan in is `in · Π kernel` and fan out `out · Π kernel`.
    pub fn fan(&self, shape: &[usize]) -> f64 {
        let (fan_in, fan_out) = match (&self.input_axes, &self.output_axes, shape) {
            (Some(inputs), Some(outputs), _) => {
                let along = |axes: &[i64]| {
                    let sizes = axes.iter().filter_map(|&axis| resolve(axis, shape.len()));
                    sizes.map(|axis| shape[axis] as f64).product()
                };
                (along(inputs), along(outputs))
            }
            (_, _, []) => (1.0, 1.0),
            (_, _, &[only]) => (only as f64, only as f64),
            (_, _, [kernel @ .., inputs, outputs]) => {
                let field: f64 = kernel.iter().map(|&size| size as f64).product();
                (*inputs as f64 * field, *outputs as f64 * field)
            }
        };
        f64::max(
            1.0,
            match self.mode {
                FanMode::FanIn => fan_in,
                FanMode::FanOut => fan_out,
                FanMode::FanAvg => (fan_in + fan_out) / 2.0,
            },
        )
    }
}

/// An axis counted from the front; `None` out of range.
pub(super) fn resolve(axis: i64, rank: usize) -> Option<usize> {
    let rank = i64::try_from(rank).ok()?;
    let from_front = if axis < 0 { axis.checked_add(rank)? } else { axis };
    usize::try_from(from_front).ok().filter(|_| from_front < rank)
}
