//! Losses: what training makes small.
//!
//! A loss gives one value for each row of the prediction's last axis; [`Reduction`] says how they
//! become one number. Names, aliases and formulas are those of `keras.losses`.

use std::str::FromStr;

use dichroic_graph::{Graph, GraphError, ValueId};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::emit::Emit;
use crate::keras_object::KerasObject;

mod binary;
mod cross_entropy;
mod regression;

/// Probabilities are kept this far from 0 and 1, as `keras.config.epsilon()`.
const EPSILON: f64 = 1e-7;

/// The formula of a loss.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum LossFunction {
    /// The cross-entropy that suits the shapes of target and prediction, as Keras's `"crossentropy"`.
    Crossentropy,
    /// `−Σ target · ln prediction`, for targets that are probabilities of classes.
    ///
    /// # Source
    /// `keras.losses.CategoricalCrossentropy`
    CategoricalCrossentropy {
        /// Whether predictions are logits.
        from_logits: bool,
        /// How far targets are moved towards equal probabilities, from 0 to 1.
        label_smoothing: f64,
    },
    /// `−ln prediction[target]`, for targets that are class numbers.
    ///
    /// # Source
    /// `keras.losses.SparseCategoricalCrossentropy`
    SparseCategoricalCrossentropy {
        /// Whether predictions are logits.
        from_logits: bool,
        /// A class number whose rows are left out.
        ignore_class: Option<i64>,
    },
    /// The mean of `−target · ln prediction − (1 − target) · ln (1 − prediction)`.
    ///
    /// # Source
    /// `keras.losses.BinaryCrossentropy`
    BinaryCrossentropy {
        /// Whether predictions are logits.
        from_logits: bool,
        /// How far targets are moved towards one half, from 0 to 1.
        label_smoothing: f64,
    },
    /// The mean of `(target − prediction)²`.
    ///
    /// # Source
    /// `keras.losses.MeanSquaredError`
    MeanSquaredError,
    /// The mean of `|target − prediction|`.
    ///
    /// # Source
    /// `keras.losses.MeanAbsoluteError`
    MeanAbsoluteError,
    /// The mean of `½ e²` for errors up to `delta`, beyond that of `delta · |e| − ½ delta²`.
    ///
    /// # Source
    /// `keras.losses.Huber`
    Huber {
        /// Where the straight line begins; 1 by default.
        delta: f64,
    },
}

/// The loss of each row of the last axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowLosses {
    /// One value for each row.
    pub(crate) values: ValueId,
    /// 1 for rows that count and 0 for others, whose values are 0; `None` where all count.
    pub(crate) mask: Option<ValueId>,
}

/// How the values of a loss become one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reduction {
    /// The weighted sum, divided by the number of values.
    #[default]
    SumOverBatchSize,
    /// The weighted sum.
    Sum,
    /// The weighted sum, divided by the sum of the weights.
    MeanWithSampleWeight,
}

/// A loss as `compile` takes it.
///
/// Read from a name (`"mse"`) or a Keras object; written as a name where everything is at its
/// default, else as a Keras object.
///
/// ```
/// use dichroic::train::{Loss, LossFunction};
/// let loss: Loss = "mse".parse()?;
/// assert_eq!(loss, LossFunction::MeanSquaredError.into());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// The formula.
    pub function: LossFunction,
    /// How its values become one number.
    pub reduction: Reduction,
}

/// The names that Keras knows the losses by: function, class, aliases.
const NAMES: [(&str, &str, &[&str]); 6] = [
    ("categorical_crossentropy", "CategoricalCrossentropy", &[]),
    ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", &[]),
    ("binary_crossentropy", "BinaryCrossentropy", &["bce", "BCE"]),
    ("mean_squared_error", "MeanSquaredError", &["mse", "MSE"]),
    ("mean_absolute_error", "MeanAbsoluteError", &["mae", "MAE"]),
    ("huber", "Huber", &[]),
];

impl LossFunction {
    /// Keras's name: `mean_squared_error`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Crossentropy => "crossentropy",
            Self::CategoricalCrossentropy { .. } => NAMES[0].0,
            Self::SparseCategoricalCrossentropy { .. } => NAMES[1].0,
            Self::BinaryCrossentropy { .. } => NAMES[2].0,
            Self::MeanSquaredError => NAMES[3].0,
            Self::MeanAbsoluteError => NAMES[4].0,
            Self::Huber { .. } => NAMES[5].0,
        }
    }

    /// The formula of this name with Keras's defaults: `mse`, `MeanSquaredError`, `crossentropy`.
    pub fn by_name(name: &str) -> Option<Self> {
        if ["crossentropy", "ce"].contains(&name.to_lowercase().as_str()) {
            return Some(Self::Crossentropy);
        }
        let place = NAMES.iter().position(|(function, class, aliases)| {
            *function == name || *class == name || aliases.contains(&name)
        })?;
        Some(
            [
                Self::CategoricalCrossentropy { from_logits: false, label_smoothing: 0.0 },
                Self::SparseCategoricalCrossentropy { from_logits: false, ignore_class: None },
                Self::BinaryCrossentropy { from_logits: false, label_smoothing: 0.0 },
                Self::MeanSquaredError,
                Self::MeanAbsoluteError,
                Self::Huber { delta: 1.0 },
            ][place],
        )
    }

    /// Whether targets are class numbers, one for each row of the prediction.
    pub fn takes_classes(&self) -> bool {
        matches!(self, Self::SparseCategoricalCrossentropy { .. })
    }

    /// The cross-entropy that [`LossFunction::Crossentropy`] stands for with these shapes, batch included.
    pub(crate) fn resolved(self, target: &[usize], prediction: &[usize]) -> Self {
        if self != Self::Crossentropy {
            return self;
        }
        if prediction.last() == Some(&1) {
            Self::BinaryCrossentropy { from_logits: false, label_smoothing: 0.0 }
        } else if targets_are_classes(target, prediction) {
            Self::SparseCategoricalCrossentropy { from_logits: false, ignore_class: None }
        } else {
            Self::CategoricalCrossentropy { from_logits: false, label_smoothing: 0.0 }
        }
    }

    /// The loss of one row of the last axis, in `f64` and plain loops; `target` is one class number
    /// where [`LossFunction::takes_classes`].
    pub fn value(&self, target: &[f32], prediction: &[f32]) -> f64 {
        match *self {
            Self::Crossentropy => {
                let target = if target.len() < prediction.len() { &target[..1] } else { target };
                self.resolved(&[1, target.len()], &[1, prediction.len()]).value(target, prediction)
            }
            Self::CategoricalCrossentropy { from_logits, label_smoothing } => cross_entropy::value(
                &cross_entropy::smoothed(target, label_smoothing),
                prediction,
                from_logits,
            ),
            Self::SparseCategoricalCrossentropy { from_logits, .. } => {
                let wanted = cross_entropy::one_hot(target[0], prediction.len());
                cross_entropy::value(&wanted, prediction, from_logits)
            }
            Self::BinaryCrossentropy { from_logits, label_smoothing } => {
                binary::value(target, prediction, from_logits, label_smoothing)
            }
            Self::MeanSquaredError => regression::mean(target, prediction, |error| error * error),
            Self::MeanAbsoluteError => regression::mean(target, prediction, f64::abs),
            Self::Huber { delta } => {
                regression::mean(target, prediction, |error| regression::huber_value(error, delta))
            }
        }
    }

    /// Adds the ops that compute the loss of each row of the last axis.
    ///
    /// A softmax or sigmoid that makes the prediction is taken into the loss, which then is computed
    /// from the logits: the same up to rounding where no probability is near 0, and finite where one is.
    pub(crate) fn emit(
        &self,
        graph: &mut Graph,
        prediction: ValueId,
        target: ValueId,
    ) -> Result<RowLosses, GraphError> {
        let mut emit = Emit(graph);
        let values = match *self {
            Self::Crossentropy | Self::CategoricalCrossentropy { .. } => {
                let (from_logits, smoothing) = match *self {
                    Self::CategoricalCrossentropy { from_logits, label_smoothing } => {
                        (from_logits, label_smoothing)
                    }
                    _ => (false, 0.0),
                };
                cross_entropy::emit_categorical(
                    &mut emit,
                    (prediction, target),
                    from_logits,
                    smoothing,
                )
            }
            Self::SparseCategoricalCrossentropy { from_logits, ignore_class: None } => {
                cross_entropy::emit_sparse(&mut emit, (prediction, target), from_logits)
            }
            Self::SparseCategoricalCrossentropy { from_logits, ignore_class: Some(class) } => {
                return cross_entropy::emit_sparse_without(
                    &mut emit,
                    (prediction, target),
                    from_logits,
                    class,
                );
            }
            Self::BinaryCrossentropy { from_logits, label_smoothing } => {
                binary::emit(&mut emit, (prediction, target), from_logits, label_smoothing)
            }
            Self::MeanSquaredError => regression::emit_squared(&mut emit, prediction, target),
            Self::MeanAbsoluteError => regression::emit_absolute(&mut emit, prediction, target),
            Self::Huber { delta } => regression::emit_huber(&mut emit, (prediction, target), delta),
        }?;
        Ok(RowLosses { values, mask: None })
    }

    fn read(object: &KerasObject) -> Result<Self, String> {
        let name = object.class_name.as_str();
        let mut function = Self::by_name(name).ok_or_else(|| {
            let known = NAMES.iter().flat_map(|(function, class, aliases)| {
                [*function, *class].into_iter().chain(aliases.iter().copied())
            });
            let hint = crate::names::closest(name, known);
            let hint = hint.map(|hint| format!(" (did you mean {hint:?}?)")).unwrap_or_default();
            let all: Vec<&str> = NAMES.iter().map(|(function, ..)| *function).collect();
            format!("unknown loss {name:?}{hint}; it must be one of {}", all.join(", "))
        })?;
        let mut known = vec!["name", "reduction", "dtype"];
        let logits = || super::read_flag(object, "from_logits");
        match &mut function {
            Self::CategoricalCrossentropy { from_logits, label_smoothing }
            | Self::BinaryCrossentropy { from_logits, label_smoothing } => {
                known.extend(["from_logits", "label_smoothing", "axis"]);
                *from_logits = logits()?;
                *label_smoothing = object.number("label_smoothing", 0.0)?;
                if !(0.0..=1.0).contains(label_smoothing) {
                    return Err(format!(
                        "label_smoothing must be from 0 to 1, got {label_smoothing}"
                    ));
                }
            }
            Self::SparseCategoricalCrossentropy { from_logits, ignore_class } => {
                known.extend(["from_logits", "ignore_class", "axis"]);
                *from_logits = logits()?;
                *ignore_class = object.integer("ignore_class")?;
            }
            Self::Huber { delta } => {
                known.push("delta");
                *delta = object.number("delta", 1.0)?;
                if delta.is_nan() || *delta <= 0.0 {
                    return Err(format!("delta must be above 0, got {delta}"));
                }
            }
            Self::Crossentropy | Self::MeanSquaredError | Self::MeanAbsoluteError => {}
        }
        object.only(&known)?;
        match object.integer("axis")? {
            None | Some(-1) => Ok(function),
            Some(axis) => Err(format!("axis must be -1, the classes, got {axis}")),
        }
    }

    pub(super) fn config(&self) -> Map<String, Value> {
        let mut config = Map::new();
        let mut set = |name: &str, value: Value| config.insert(name.to_owned(), value);
        match *self {
            Self::CategoricalCrossentropy { from_logits, label_smoothing }
            | Self::BinaryCrossentropy { from_logits, label_smoothing } => {
                set("from_logits", json!(from_logits));
                set("label_smoothing", json!(label_smoothing));
                set("axis", json!(-1));
            }
            Self::SparseCategoricalCrossentropy { from_logits, ignore_class } => {
                set("from_logits", json!(from_logits));
                set("ignore_class", json!(ignore_class));
                set("axis", json!(-1));
            }
            Self::Huber { delta } => {
                set("delta", json!(delta));
            }
            Self::Crossentropy | Self::MeanSquaredError | Self::MeanAbsoluteError => {}
        }
        config
    }
}

/// Keras's class name for a loss's name.
pub(crate) fn class_name(name: &str) -> Option<&'static str> {
    NAMES.iter().find(|(function, ..)| *function == name).map(|(_, class, _)| *class)
}

/// Keras's guess whether targets are class numbers, from both shapes, batch included.
pub(crate) fn targets_are_classes(target: &[usize], prediction: &[usize]) -> bool {
    target.len() < prediction.len()
        || (target.last() == Some(&1) && prediction.last().is_some_and(|&classes| classes > 1))
}

impl From<LossFunction> for Loss {
    fn from(function: LossFunction) -> Self {
        Self { function, reduction: Reduction::default() }
    }
}

impl FromStr for Loss {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let object = KerasObject::written("", name, Value::Object(Map::new()));
        LossFunction::read(&object).map(Self::from)
    }
}

impl Serialize for Loss {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = self.function.name();
        if Self::from_str(name).as_ref() == Ok(self) {
            return name.serialize(serializer);
        }
        let reduction = match self.reduction {
            Reduction::SumOverBatchSize => "sum_over_batch_size",
            Reduction::Sum => "sum",
            Reduction::MeanWithSampleWeight => "mean_with_sample_weight",
        };
        let mut config = Map::new();
        config.insert("name".to_owned(), json!(name));
        config.insert("reduction".to_owned(), json!(reduction));
        config.extend(self.function.config());
        let class = class_name(name).unwrap_or(name);
        KerasObject::written("keras.losses", class, Value::Object(config)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Loss {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = super::named_function(KerasObject::deserialize(deserializer)?);
        let function = LossFunction::read(&object).map_err(D::Error::custom)?;
        let reduction = match object
            .text("reduction", "sum_over_batch_size")
            .map_err(D::Error::custom)?
        {
            "sum_over_batch_size" | "mean" | "auto" => Reduction::SumOverBatchSize,
            "sum" => Reduction::Sum,
            "mean_with_sample_weight" => Reduction::MeanWithSampleWeight,
            other => return Err(D::Error::custom(format!("reduction {other:?} is not supported"))),
        };
        Ok(Self { function, reduction })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_alias_of_keras_is_known() {
        for (function, class, aliases) in NAMES {
            let loss: Loss = function.parse().unwrap();
            assert_eq!(loss.function.name(), function);
            assert_eq!(class.parse::<Loss>(), Ok(loss));
            assert!(aliases.iter().all(|alias| alias.parse::<Loss>() == Ok(loss)));
            assert_eq!(serde_json::to_value(loss).unwrap(), json!(function));
        }
        assert!("mean_square_error".parse::<Loss>().unwrap_err().contains("did you mean"));
    }

    #[test]
    fn a_plain_function_of_keras_is_known_by_its_name() {
        let function = json!({"module": "builtins", "class_name": "function", "config": "huber"});
        assert_eq!(serde_json::from_value::<Loss>(function).unwrap(), "huber".parse().unwrap());
    }

    #[test]
    fn options_survive_the_configuration_and_unknown_ones_are_refused() {
        let function =
            LossFunction::CategoricalCrossentropy { from_logits: true, label_smoothing: 0.1 };
        let loss = Loss { function, reduction: Reduction::Sum };
        let value = serde_json::to_value(loss).unwrap();
        assert_eq!(value["class_name"], json!("CategoricalCrossentropy"));
        assert_eq!(serde_json::from_value::<Loss>(value).unwrap(), loss);
        for config in [
            json!({"class_name": "SparseCategoricalCrossentropy", "config": {"ignore_class": "none"}}),
            json!({"class_name": "Huber", "config": {"delta": 0}}),
            json!({"class_name": "MeanSquaredError", "config": {"from_logits": true}}),
            json!({"class_name": "BinaryCrossentropy", "config": {"axis": 1}}),
            json!({"class_name": "MeanSquaredError", "config": {"reduction": "none"}}),
        ] {
            assert!(serde_json::from_value::<Loss>(config).is_err());
        }
    }

    #[test]
    fn crossentropy_stands_for_the_one_that_suits_the_shapes() {
        let name = |target: &[usize], prediction: &[usize]| {
            LossFunction::Crossentropy.resolved(target, prediction).name()
        };
        assert_eq!(name(&[8], &[8, 1]), "binary_crossentropy");
        assert_eq!(name(&[8], &[8, 3]), "sparse_categorical_crossentropy");
        assert_eq!(name(&[8, 1], &[8, 3]), "sparse_categorical_crossentropy");
        assert_eq!(name(&[8, 3], &[8, 3]), "categorical_crossentropy");
    }
}
