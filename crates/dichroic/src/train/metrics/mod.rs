//! Metrics: what is measured beside the loss.
//!
//! A metric gives one value for each sample; the mean over an epoch is reported. Names are those of `keras.metrics`.

use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::LossFunction;
use super::error::TrainError;
use super::losses::targets_are_classes;
use crate::keras_object::KerasObject;

mod accuracy;
mod mean;
mod top_k;

pub use mean::Mean;

/// What a metric measures.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Measure {
    /// The accuracy that suits the shapes of target and prediction, as Keras's `"accuracy"`.
    Accuracy,
    /// How often a prediction is on the right side of the threshold.
    BinaryAccuracy {
        /// The threshold; 0.5 by default.
        threshold: f64,
    },
    /// How often the largest prediction is that of the largest target.
    CategoricalAccuracy,
    /// How often the largest prediction is that of the wanted class number.
    SparseCategoricalAccuracy,
    /// How often the class of the largest target is among the `k` largest predictions.
    TopKCategoricalAccuracy {
        /// How many; 5 by default.
        k: usize,
    },
    /// How often the wanted class number is among the `k` largest predictions.
    SparseTopKCategoricalAccuracy {
        /// How many; 5 by default.
        k: usize,
    },
    /// The mean of a loss.
    Loss(LossFunction),
}

/// A metric as `compile` takes it: a measure and the name under which it is reported.
///
/// Read from a name (`"accuracy"`, which then is the one it is reported by) or a Keras object.
///
/// ```
/// use dichroic::train::{Measure, Metric};
/// let metric: Metric = "acc".parse()?;
/// assert_eq!((metric.measure, metric.name.as_str()), (Measure::Accuracy, "acc"));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// What it measures.
    pub measure: Measure,
    /// The name under which it is reported.
    pub name: String,
}

/// Names of the metrics that are not losses: function, class.
const NAMES: [(&str, &str); 5] = [
    ("binary_accuracy", "BinaryAccuracy"),
    ("categorical_accuracy", "CategoricalAccuracy"),
    ("sparse_categorical_accuracy", "SparseCategoricalAccuracy"),
    ("top_k_categorical_accuracy", "TopKCategoricalAccuracy"),
    ("sparse_top_k_categorical_accuracy", "SparseTopKCategoricalAccuracy"),
];

impl Measure {
    /// Keras's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::BinaryAccuracy { .. } => NAMES[0].0,
            Self::CategoricalAccuracy => NAMES[1].0,
            Self::SparseCategoricalAccuracy => NAMES[2].0,
            Self::TopKCategoricalAccuracy { .. } => NAMES[3].0,
            Self::SparseTopKCategoricalAccuracy { .. } => NAMES[4].0,
            Self::Loss(function) => function.name(),
        }
    }

    fn by_name(name: &str) -> Option<Self> {
        if ["accuracy", "acc"].contains(&name.to_lowercase().as_str()) {
            return Some(Self::Accuracy);
        }
        let place = NAMES.iter().position(|(function, class)| *function == name || *class == name);
        match place {
            Some(0) => Some(Self::BinaryAccuracy { threshold: 0.5 }),
            Some(1) => Some(Self::CategoricalAccuracy),
            Some(2) => Some(Self::SparseCategoricalAccuracy),
            Some(3) => Some(Self::TopKCategoricalAccuracy { k: 5 }),
            Some(_) => Some(Self::SparseTopKCategoricalAccuracy { k: 5 }),
            None => LossFunction::by_name(name).map(Self::Loss),
        }
    }

    /// Whether larger values are better.
    pub fn larger_is_better(&self) -> bool {
        !matches!(self, Self::Loss(_))
    }

    /// The measure that names by shape stand for, with these shapes, batch included.
    ///
    /// # Errors
    /// When target and prediction don't fit the measure.
    pub(crate) fn resolved(
        self,
        target: &[usize],
        prediction: &[usize],
    ) -> Result<Self, TrainError> {
        let measure = match self {
            Self::Accuracy if prediction.last() == Some(&1) => {
                Self::BinaryAccuracy { threshold: 0.5 }
            }
            Self::Accuracy if targets_are_classes(target, prediction) => {
                Self::SparseCategoricalAccuracy
            }
            Self::Accuracy => Self::CategoricalAccuracy,
            Self::Loss(function) => Self::Loss(function.resolved(target, prediction)),
            other => other,
        };
        let elements = |shape: &[usize]| shape[1..].iter().product::<usize>();
        let needed = if measure.takes_classes() {
            elements(&prediction[..prediction.len().max(2) - 1])
        } else {
            elements(prediction)
        };
        if elements(target) == needed {
            return Ok(measure);
        }
        let sample = |shape: &[usize]| crate::Shape::batched(&shape[1..]).sample();
        let expected = if measure.takes_classes() {
            "one class number for each row of the prediction"
        } else {
            "the shape of the prediction"
        };
        Err(TrainError::shape(
            format!("target of metric {:?}", measure.name()),
            format!("{expected}, {}", sample(prediction)),
            format!("targets of shape {}", sample(target)),
        ))
    }

    fn takes_classes(&self) -> bool {
        match self {
            Self::SparseCategoricalAccuracy | Self::SparseTopKCategoricalAccuracy { .. } => true,
            Self::Loss(function) => function.takes_classes(),
            _ => false,
        }
    }

    /// The measure of one sample: the mean over the rows of its last axis.
    pub(crate) fn of_sample(&self, target: &[f32], prediction: &[f32], classes: usize) -> f64 {
        let rows = prediction.len().checked_div(classes).unwrap_or(0);
        let target_len = target.len().checked_div(rows).unwrap_or(0);
        let mut sum = 0.0;
        for row in 0..rows {
            let target = &target[row * target_len..(row + 1) * target_len];
            let prediction = &prediction[row * classes..(row + 1) * classes];
            sum += self.of_row(target, prediction);
        }
        sum / rows as f64
    }

    fn of_row(&self, target: &[f32], prediction: &[f32]) -> f64 {
        match *self {
            Self::BinaryAccuracy { threshold } => {
                accuracy::binary(target, prediction, threshold as f32)
            }
            Self::Accuracy | Self::CategoricalAccuracy => {
                accuracy::is_largest(accuracy::largest(target), prediction)
            }
            Self::SparseCategoricalAccuracy => accuracy::is_class(target[0], prediction),
            Self::TopKCategoricalAccuracy { k } => {
                top_k::contains(accuracy::largest(target) as f32, prediction, k)
            }
            Self::SparseTopKCategoricalAccuracy { k } => top_k::contains(target[0], prediction, k),
            Self::Loss(function) => function.value(target, prediction),
        }
    }
}

impl Metric {
    fn read(object: &KerasObject, named: bool) -> Result<Self, String> {
        let class_name = object.class_name.as_str();
        let mut measure = Measure::by_name(class_name).ok_or_else(|| {
            let known = NAMES.iter().map(|(function, _)| *function);
            let hint = crate::names::closest(class_name, known.clone().chain(["accuracy"]));
            let hint = hint.map(|hint| format!(" (did you mean {hint:?}?)")).unwrap_or_default();
            let known: Vec<&str> = known.collect();
            format!(
                "unknown metric {class_name:?}{hint}; it must be accuracy, {}, or a loss",
                known.join(", ")
            )
        })?;
        let mut known = vec!["name", "dtype"];
        match &mut measure {
            Measure::BinaryAccuracy { threshold } => {
                known.push("threshold");
                *threshold = object.number("threshold", 0.5)?;
            }
            Measure::TopKCategoricalAccuracy { k }
            | Measure::SparseTopKCategoricalAccuracy { k } => {
                known.extend(["k", "from_sorted_ids"]);
                if super::read_flag(object, "from_sorted_ids")? {
                    return Err("from_sorted_ids = True is not supported".to_owned());
                }
                let wanted = object.integer("k")?.unwrap_or(5);
                *k = usize::try_from(wanted)
                    .ok()
                    .filter(|&k| k > 0)
                    .ok_or(format!("k must be 1 or more, got {wanted}"))?;
            }
            Measure::Loss(function) => {
                known.extend(["from_logits", "label_smoothing", "axis", "fn", "ignore_class"]);
                let mut config = object.config.clone();
                if let Some(map) = config.as_object_mut() {
                    map.retain(|key, _| key != "fn" && key != "dtype");
                }
                let written = json!({"class_name": class_name, "config": config});
                let loss: super::Loss =
                    serde_json::from_value(written).map_err(|error| error.to_string())?;
                *function = loss.function;
                if matches!(
                    function,
                    LossFunction::SparseCategoricalCrossentropy { ignore_class: Some(_), .. }
                ) {
                    return Err("ignore_class is not supported in a metric".to_owned());
                }
            }
            Measure::Accuracy
            | Measure::CategoricalAccuracy
            | Measure::SparseCategoricalAccuracy => {}
        }
        object.only(&known)?;
        let default = if named { class_name } else { measure.name() };
        Ok(Self { measure, name: object.text("name", default)?.to_owned() })
    }
}

impl From<Measure> for Metric {
    fn from(measure: Measure) -> Self {
        Self { measure, name: measure.name().to_owned() }
    }
}

impl FromStr for Metric {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::read(&KerasObject::written("", name, Value::Object(Map::new())), true)
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if Self::from_str(&self.name).as_ref() == Ok(self) {
            return self.name.serialize(serializer);
        }
        let mut config = Map::new();
        config.insert("name".to_owned(), json!(self.name));
        config.insert("dtype".to_owned(), json!("float32"));
        match self.measure {
            Measure::BinaryAccuracy { threshold } => {
                config.insert("threshold".to_owned(), json!(threshold));
            }
            Measure::TopKCategoricalAccuracy { k }
            | Measure::SparseTopKCategoricalAccuracy { k } => {
                config.insert("k".to_owned(), json!(k));
            }
            Measure::Loss(function) => config.extend(function.config()),
            Measure::Accuracy
            | Measure::CategoricalAccuracy
            | Measure::SparseCategoricalAccuracy => {}
        }
        let name = self.measure.name();
        let class = NAMES.iter().find(|(function, _)| *function == name).map(|(_, class)| *class);
        let class = class.or_else(|| super::losses::class_name(name)).unwrap_or(name);
        KerasObject::written("keras.metrics", class, Value::Object(config)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let named = value.is_string();
        let object: KerasObject = serde_json::from_value(value).map_err(D::Error::custom)?;
        let object = super::named_function(object);
        Self::read(&object, named).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_stands_for_the_one_that_suits_the_shapes() {
        let measure = |target: &[usize], prediction: &[usize]| {
            Measure::Accuracy.resolved(target, prediction).unwrap()
        };
        assert_eq!(measure(&[8], &[8, 1]), Measure::BinaryAccuracy { threshold: 0.5 });
        assert_eq!(measure(&[8, 1], &[8, 3]), Measure::SparseCategoricalAccuracy);
        assert_eq!(measure(&[8, 3], &[8, 3]), Measure::CategoricalAccuracy);
        assert!(Measure::SparseCategoricalAccuracy.resolved(&[8, 3], &[8, 3]).is_err());
        assert!(Measure::CategoricalAccuracy.resolved(&[8], &[8, 3]).is_err());
    }

    #[test]
    fn a_metric_keeps_the_name_it_was_asked_for_by() {
        for name in ["acc", "accuracy", "mse", "top_k_categorical_accuracy"] {
            let metric: Metric = name.parse().unwrap();
            assert_eq!(metric.name, name);
            assert_eq!(serde_json::to_value(&metric).unwrap(), json!(name));
        }
        let top =
            json!({"class_name": "TopKCategoricalAccuracy", "config": {"k": 3, "name": "top3"}});
        let metric: Metric = serde_json::from_value(top).unwrap();
        assert_eq!(
            metric,
            Metric { measure: Measure::TopKCategoricalAccuracy { k: 3 }, name: "top3".to_owned() }
        );
        let again: Metric = serde_json::from_value(serde_json::to_value(&metric).unwrap()).unwrap();
        assert_eq!(again, metric);
    }

    #[test]
    fn unknown_metrics_and_arguments_are_refused() {
        assert!("acuracy".parse::<Metric>().unwrap_err().contains("did you mean"));
        for config in [
            json!({"class_name": "TopKCategoricalAccuracy", "config": {"k": 0}}),
            json!({"class_name": "CategoricalAccuracy", "config": {"threshold": 0.5}}),
        ] {
            assert!(serde_json::from_value::<Metric>(config).is_err());
        }
    }
}
