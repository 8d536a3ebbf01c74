//! Learning rates that change from step to step.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use crate::keras_object::KerasObject;

/// A learning rate: a number, or a number for each step.
#[derive(Clone, Debug, PartialEq)]
pub enum LearningRate {
    /// The same at every step, unless a callback changes it; as f32, like Keras's variable.
    Constant(f32),
    /// By the step's number.
    Schedule(Schedule),
}

/// How the learning rate follows from the number of steps made, `t`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Schedule {
    /// `initial · rate^(t / decay_steps)`; the exponent is rounded down where `staircase`.
    ///
    /// # Source
    /// `keras.optimizers.schedules.ExponentialDecay`
    ExponentialDecay {
        /// The rate at step 0.
        initial_learning_rate: f64,
        /// Steps in which it falls by the factor.
        decay_steps: f64,
        /// The factor.
        decay_rate: f64,
        /// Whether it falls in jumps.
        staircase: bool,
    },
    /// `values[i]` for the steps after `boundaries[i - 1]` up to `boundaries[i]`, which is included.
    ///
    /// # Source
    /// `keras.optimizers.schedules.PiecewiseConstantDecay`
    PiecewiseConstantDecay {
        /// Step numbers, rising.
        boundaries: Vec<f64>,
        /// Rates: one more than there are boundaries.
        values: Vec<f64>,
    },
    /// Half a cosine wave from the initial rate down to `alpha` times it; before that, where there is a
    /// `warmup_target`, a straight line from the initial rate up to the target.
    ///
    /// # Source
    /// `keras.optimizers.schedules.CosineDecay`
    CosineDecay {
        /// The rate at step 0.
        initial_learning_rate: f64,
        /// Steps of the descent.
        decay_steps: f64,
        /// The share that is left in the end.
        alpha: f64,
        /// The rate after the warm-up.
        warmup_target: Option<f64>,
        /// Steps of the warm-up.
        warmup_steps: f64,
    },
}

impl LearningRate {
    /// The rate after `iterations` steps, rounded to f32 as Keras holds it.
    pub fn at(&self, iterations: u64) -> f64 {
        f64::from(match self {
            Self::Constant(rate) => *rate,
            Self::Schedule(schedule) => schedule.at(iterations as f64) as f32,
        })
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let rate = match self {
            Self::Constant(rate) => f64::from(*rate),
            Self::Schedule(schedule) => {
                schedule.check()?;
                schedule.at(0.0)
            }
        };
        if rate.is_finite() && rate >= 0.0 {
            return Ok(());
        }
        Err(format!("learning_rate needs a finite number, 0 or more, got {rate}"))
    }
}

impl Schedule {
    fn at(&self, step: f64) -> f64 {
        match self {
            Self::ExponentialDecay {
                initial_learning_rate,
                decay_steps,
                decay_rate,
                staircase,
            } => {
                let passed = step / decay_steps;
                let exponent = if *staircase { passed.floor() } else { passed };
                initial_learning_rate * decay_rate.powf(exponent)
            }
            Self::PiecewiseConstantDecay { boundaries, values } => {
                let place = boundaries.iter().position(|&boundary| step <= boundary);
                values[place.unwrap_or(boundaries.len())]
            }
            Self::CosineDecay {
                initial_learning_rate,
                decay_steps,
                alpha,
                warmup_target,
                warmup_steps,
            } => {
                let initial = *initial_learning_rate;
                let descent = |from: f64, step: f64| {
                    let passed = step.min(*decay_steps) / decay_steps;
                    let wave = 0.5 * (1.0 + (std::f64::consts::PI * passed).cos());
                    from * ((1.0 - alpha) * wave + alpha)
                };
                match *warmup_target {
                    None => descent(initial, step),
                    Some(target) if step < *warmup_steps => {
                        (target - initial) * step / warmup_steps + initial
                    }
                    Some(target) => descent(target, step - warmup_steps),
                }
            }
        }
    }

    fn check(&self) -> Result<(), String> {
        match self {
            Self::ExponentialDecay { decay_steps, .. } | Self::CosineDecay { decay_steps, .. } => {
                if *decay_steps > 0.0 {
                    return Ok(());
                }
                Err(format!("decay_steps must be above 0, got {decay_steps}"))
            }
            Self::PiecewiseConstantDecay { boundaries, values } => {
                let rising = boundaries.windows(2).all(|pair| pair[0] < pair[1]);
                if values.len() == boundaries.len() + 1 && rising {
                    return Ok(());
                }
                let (values, boundaries) = (values.len(), boundaries.len());
                Err(format!(
                    "needs rising boundaries and one value more, got {boundaries} and {values}"
                ))
            }
        }
    }

    fn from_object(object: &KerasObject) -> Result<Self, String> {
        let required = |name: &str| -> Result<f64, String> {
            let number = object.number(name, f64::NAN)?;
            if number.is_nan() {
                Err(format!("{} needs {name}", object.class_name))
            } else {
                Ok(number)
            }
        };
        let list = |name: &str| -> Result<Vec<f64>, String> {
            let list = object.config.get(name).cloned().unwrap_or_default();
            serde_json::from_value(list)
                .map_err(|_| format!("argument {name} must be a list of numbers"))
        };
        let schedule = match object.class_name.as_str() {
            "ExponentialDecay" => {
                object.only(&[
                    "initial_learning_rate",
                    "decay_steps",
                    "decay_rate",
                    "staircase",
                    "name",
                ])?;
                Self::ExponentialDecay {
                    initial_learning_rate: required("initial_learning_rate")?,
                    decay_steps: required("decay_steps")?,
                    decay_rate: required("decay_rate")?,
                    staircase: super::super::read_flag(object, "staircase")?,
                }
            }
            "PiecewiseConstantDecay" => {
                object.only(&["boundaries", "values", "name"])?;
                Self::PiecewiseConstantDecay {
                    boundaries: list("boundaries")?,
                    values: list("values")?,
                }
            }
            "CosineDecay" => {
                object.only(&[
                    "initial_learning_rate",
                    "decay_steps",
                    "alpha",
                    "name",
                    "warmup_target",
                    "warmup_steps",
                ])?;
                Self::CosineDecay {
                    initial_learning_rate: required("initial_learning_rate")?,
                    decay_steps: required("decay_steps")?,
                    alpha: object.number("alpha", 0.0)?,
                    warmup_target: super::optional(object, "warmup_target")?,
                    warmup_steps: object.number("warmup_steps", 0.0)?,
                }
            }
            other => {
                return Err(format!(
                    "unknown schedule {other:?}; it must be one of ExponentialDecay, PiecewiseConstantDecay, CosineDecay"
                ));
            }
        };
        schedule.check().map(|()| schedule)
    }
}

impl From<f64> for LearningRate {
    fn from(rate: f64) -> Self {
        Self::Constant(rate as f32)
    }
}

impl From<Schedule> for LearningRate {
    fn from(schedule: Schedule) -> Self {
        Self::Schedule(schedule)
    }
}

impl Serialize for LearningRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (class_name, config) = match self {
            Self::Constant(_) => return self.at(0).serialize(serializer),
            Self::Schedule(Schedule::ExponentialDecay {
                initial_learning_rate,
                decay_steps,
                decay_rate,
                staircase,
            }) => (
                "ExponentialDecay",
                json!({"initial_learning_rate": initial_learning_rate, "decay_steps": decay_steps,
                       "decay_rate": decay_rate, "staircase": staircase, "name": "ExponentialDecay"}),
            ),
            Self::Schedule(Schedule::PiecewiseConstantDecay { boundaries, values }) => (
                "PiecewiseConstantDecay",
                json!({"boundaries": boundaries, "values": values, "name": "PiecewiseConstant"}),
            ),
            Self::Schedule(Schedule::CosineDecay {
                initial_learning_rate,
                decay_steps,
                alpha,
                warmup_target,
                warmup_steps,
            }) => (
                "CosineDecay",
                json!({"initial_learning_rate": initial_learning_rate, "decay_steps": decay_steps, "alpha": alpha,
                       "name": "CosineDecay", "warmup_target": warmup_target, "warmup_steps": warmup_steps}),
            ),
        };
        KerasObject::written("keras.optimizers.schedules", class_name, config).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LearningRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if let Some(rate) = value.as_f64() {
            return Ok(Self::from(rate));
        }
        if value.is_string() {
            return Err(D::Error::custom(format!("needs a number or a schedule, got {value}")));
        }
        let object: KerasObject = serde_json::from_value(value).map_err(D::Error::custom)?;
        Schedule::from_object(&object).map(Self::Schedule).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> [Schedule; 3] {
        [
            Schedule::ExponentialDecay {
                initial_learning_rate: 0.1,
                decay_steps: 10.0,
                decay_rate: 0.5,
                staircase: true,
            },
            Schedule::PiecewiseConstantDecay {
                boundaries: vec![5.0, 9.0],
                values: vec![1.0, 0.5, 0.1],
            },
            Schedule::CosineDecay {
                initial_learning_rate: 0.0,
                decay_steps: 10.0,
                alpha: 0.1,
                warmup_target: Some(1.0),
                warmup_steps: 4.0,
            },
        ]
    }

    #[test]
    fn each_schedule_follows_its_formula() {
        let [exponential, piecewise, cosine] = all().map(LearningRate::from);
        assert_eq!([0, 9, 10, 25].map(|t| exponential.at(t) as f32), [0.1, 0.1, 0.05, 0.025]);
        assert_eq!([0, 5, 6, 9, 10].map(|t| piecewise.at(t) as f32), [1.0, 1.0, 0.5, 0.5, 0.1]);
        assert_eq!(
            [0, 2, 4, 9, 14, 99].map(|t| cosine.at(t) as f32),
            [0.0, 0.5, 1.0, 0.55, 0.1, 0.1]
        );
    }

    #[test]
    fn every_schedule_survives_its_configuration() {
        for schedule in all() {
            let rate = LearningRate::from(schedule);
            let value = serde_json::to_value(&rate).unwrap();
            assert_eq!(serde_json::from_value::<LearningRate>(value).unwrap(), rate);
        }
    }

    #[test]
    fn a_schedule_that_can_not_be_is_refused() {
        for config in [
            json!({"class_name": "CosineDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 0}}),
            json!({"class_name": "CosineDecay", "config": {"decay_steps": 10}}),
            json!({"class_name": "PiecewiseConstantDecay", "config": {"boundaries": [1], "values": [1]}}),
            json!({"class_name": "Sawtooth", "config": {}}),
        ] {
            assert!(serde_json::from_value::<LearningRate>(config).is_err());
        }
    }
}
