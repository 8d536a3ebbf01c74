//! Penalties on weights, added to the loss.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use crate::keras_object::KerasObject;

/// A penalty on the values of one weight: `l1 · Σ|w| + l2 · Σw²`.
///
/// Read from `"l1"`, `"l2"`, `"l1_l2"` or a Keras object; written as a Keras object.
///
/// # Source
/// `keras.regularizers`
///
/// ```
/// use dichroic::regularizers::Regularizer;
/// assert_eq!(Regularizer::l2(0.5).penalty(&[1.0, -2.0]), 2.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Regularizer {
    /// `l1 · Σ|w|`
    L1 {
        /// The factor; 0.01 unless set.
        l1: f64,
    },
    /// `l2 · Σw²`
    L2 {
        /// The factor; 0.01 unless set.
        l2: f64,
    },
    /// `l1 · Σ|w| + l2 · Σw²`
    L1L2 {
        /// The factor of the absolute values; 0 unless set.
        l1: f64,
        /// The factor of the squares; 0 unless set.
        l2: f64,
    },
}

impl Regularizer {
    /// `l1 · Σ|w|`
    pub fn l1(l1: f64) -> Self {
        Self::L1 { l1 }
    }

    /// `l2 · Σw²`
    pub fn l2(l2: f64) -> Self {
        Self::L2 { l2 }
    }

    /// `l1 · Σ|w| + l2 · Σw²`
    pub fn l1_l2(l1: f64, l2: f64) -> Self {
        Self::L1L2 { l1, l2 }
    }

    /// The factors `(l1, l2)`; one that is not used is 0.
    pub fn factors(&self) -> (f64, f64) {
        match *self {
            Self::L1 { l1 } => (l1, 0.0),
            Self::L2 { l2 } => (0.0, l2),
            Self::L1L2 { l1, l2 } => (l1, l2),
        }
    }

    /// The penalty for these values, summed in f64.
    pub fn penalty(&self, values: &[f32]) -> f64 {
        let (l1, l2) = self.factors();
        values.iter().map(|&w| l1 * f64::from(w.abs()) + l2 * f64::from(w) * f64::from(w)).sum()
    }

    fn from_object(object: &KerasObject) -> Result<Self, String> {
        match object.class_name.as_str() {
            "L1" | "l1" => Ok(Self::l1(object.number("l1", 0.01)?)),
            "L2" | "l2" => Ok(Self::l2(object.number("l2", 0.01)?)),
            // The bare name has both factors at 0.01; an object says its factors.
            "l1_l2" => Ok(Self::l1_l2(object.number("l1", 0.01)?, object.number("l2", 0.01)?)),
            "L1L2" => Ok(Self::l1_l2(object.number("l1", 0.0)?, object.number("l2", 0.0)?)),
            _ => Err("must be one of l1, l2, l1_l2, L1, L2, L1L2".to_owned()),
        }
        .and_then(|regularizer| object.only(&["l1", "l2"]).map(|()| regularizer))
    }
}

impl Serialize for Regularizer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (class_name, config): (_, Value) = match *self {
            Self::L1 { l1 } => ("L1", json!({ "l1": l1 })),
            Self::L2 { l2 } => ("L2", json!({ "l2": l2 })),
            Self::L1L2 { l1, l2 } => ("L1L2", json!({ "l1": l1, "l2": l2 })),
        };
        KerasObject::written("keras.regularizers", class_name, config).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Regularizer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = KerasObject::deserialize(deserializer)?;
        Self::from_object(&object).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_keras_object_mean_the_same() {
        let named: Regularizer = serde_json::from_value(json!("l2")).unwrap();
        assert_eq!(named, Regularizer::l2(0.01));
        let object = serde_json::to_value(named).unwrap();
        assert_eq!(
            object,
            json!({"module": "keras.regularizers", "class_name": "L2", "config": {"l2": 0.01}, "registered_name": null})
        );
        assert_eq!(serde_json::from_value::<Regularizer>(object).unwrap(), named);
    }

    #[test]
    fn an_unknown_regularizer_or_argument_is_refused() {
        assert!(serde_json::from_value::<Regularizer>(json!("l3")).is_err());
        let wrong = json!({"class_name": "L2", "config": {"lambda": 0.1}});
        let error = serde_json::from_value::<Regularizer>(wrong).unwrap_err().to_string();
        assert!(error.contains("lambda"), "{error}");
    }
}
