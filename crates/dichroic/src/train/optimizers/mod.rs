//! Optimizers: how gradients change weights.
//!
//! Formulas, defaults and configuration names are those of `keras.optimizers`. One file holds one
//! optimizer; what they share (learning rate, weight decay, clipping) is here.

use std::str::FromStr;

use dichroic_graph::kernels::optimizer::UpdateRule;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::keras_object::KerasObject;
use crate::layers::registry::auto_name;

mod adam;
mod adamw;
mod rmsprop;
mod schedule;
mod sgd;

pub use adam::Adam;
pub use adamw::AdamW;
pub use rmsprop::RmsProp;
pub use schedule::{LearningRate, Schedule};
pub use sgd::Sgd;

/// An optimizer's own part: one of the files of this folder.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Algorithm {
    /// `keras.optimizers.SGD`
    Sgd(Sgd),
    /// `keras.optimizers.RMSprop`
    RmsProp(RmsProp),
    /// `keras.optimizers.Adam`
    Adam(Adam),
    /// `keras.optimizers.AdamW`
    AdamW(AdamW),
}

/// What keeps gradients small before they are used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clipping {
    /// Each weight's gradient is scaled down to this norm: Keras's `clipnorm`.
    Norm(f64),
    /// Each value is clipped to this size: `clipvalue`.
    Value(f64),
    /// All gradients together are scaled down to this norm: `global_clipnorm`.
    GlobalNorm(f64),
}

/// An optimizer with everything that Keras's `compile` is told about it.
///
/// Read from a name (`"adam"`) or a Keras object; written as a Keras object.
///
/// ```
/// use dichroic::train::{Optimizer, Sgd};
/// let sgd = Optimizer::new(Sgd { momentum: 0.9, nesterov: true }).learning_rate(0.1);
/// assert_eq!(sgd.class_name(), "SGD");
/// let adam: Optimizer = "adam".parse()?;
/// assert_eq!(adam.learning_rate.at(0), f64::from(0.001f32));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Optimizer {
    /// The formula.
    pub algorithm: Algorithm,
    /// The learning rate, or how it changes from step to step.
    pub learning_rate: LearningRate,
    /// Decoupled decay: `w -= w · weight_decay · learning_rate` before each update.
    pub weight_decay: Option<f64>,
    /// How gradients are clipped.
    pub clipping: Option<Clipping>,
    /// Its name; Keras's plain one unless set: `adam`, `rm_sprop`.
    pub name: String,
}

/// The names that Keras knows the optimizers by.
pub const OPTIMIZERS: [&str; 4] = ["sgd", "rmsprop", "adam", "adamw"];

/// Arguments that all optimizers share, in Keras's order.
const SHARED: [&str; 11] = [
    "name",
    "learning_rate",
    "weight_decay",
    "clipnorm",
    "global_clipnorm",
    "clipvalue",
    "use_ema",
    "ema_momentum",
    "ema_overwrite_frequency",
    "loss_scale_factor",
    "gradient_accumulation_steps",
];

impl Optimizer {
    /// An optimizer with Keras's defaults for everything else.
    pub fn new(algorithm: impl Into<Algorithm>) -> Self {
        let algorithm = algorithm.into();
        let (rate, weight_decay) = match algorithm {
            Algorithm::Sgd(_) => (0.01, None),
            Algorithm::RmsProp(_) | Algorithm::Adam(_) => (0.001, None),
            Algorithm::AdamW(_) => (0.001, Some(0.004)),
        };
        Self {
            algorithm,
            learning_rate: LearningRate::from(rate),
            weight_decay,
            clipping: None,
            name: auto_name(algorithm.class_name()),
        }
    }

    /// Another learning rate, or a schedule.
    pub fn learning_rate(mut self, learning_rate: impl Into<LearningRate>) -> Self {
        self.learning_rate = learning_rate.into();
        self
    }

    /// With decoupled weight decay.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = Some(weight_decay);
        self
    }

    /// With clipped gradients.
    pub fn clipping(mut self, clipping: Clipping) -> Self {
        self.clipping = Some(clipping);
        self
    }

    /// Keras's class name.
    pub fn class_name(&self) -> &'static str {
        self.algorithm.class_name()
    }

    /// The kernel's form of the formula.
    pub fn rule(&self) -> UpdateRule {
        match self.algorithm {
            Algorithm::Sgd(sgd) => sgd.rule(),
            Algorithm::RmsProp(rmsprop) => rmsprop.rule(),
            Algorithm::Adam(adam) => adam.rule(),
            Algorithm::AdamW(adamw) => adamw.rule(),
        }
    }

    /// The names of what is kept for each weight: `momentum`, `velocity`, …
    pub fn slots(&self) -> &'static [&'static str] {
        self.rule().slots()
    }

    fn from_object(object: &KerasObject) -> Result<Self, String> {
        let algorithm = Algorithm::read(object)?;
        let mut known = SHARED.to_vec();
        known.extend(algorithm.arguments());
        object.only(&known)?;
        let mut optimizer = Self::new(algorithm);
        if let Some(name) = object.config.get("name").filter(|name| !name.is_null()) {
            optimizer.name = name.as_str().ok_or("argument name must be a string")?.to_owned();
        }
        if let Some(rate) = object.config.get("learning_rate") {
            optimizer.learning_rate = LearningRate::deserialize(rate)
                .map_err(|error| format!("learning_rate: {error}"))?;
        }
        if object.config.get("weight_decay").is_some() {
            optimizer.weight_decay = optional(object, "weight_decay")?;
        }
        optimizer.clipping = read_clipping(object)?;
        for (argument, off) in [
            ("use_ema", json!(false)),
            ("loss_scale_factor", Value::Null),
            ("gradient_accumulation_steps", Value::Null),
        ] {
            if let Some(value) = object.config.get(argument).filter(|value| **value != off) {
                return Err(format!("argument {argument} = {value} is not supported"));
            }
        }
        optimizer.check()?;
        Ok(optimizer)
    }

    /// Whether all numbers are in their ranges.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.rule().validate().map_err(|error| error.to_string())?;
        let limit = match self.clipping {
            Some(Clipping::Norm(limit) | Clipping::Value(limit) | Clipping::GlobalNorm(limit)) => {
                limit
            }
            None => 1.0,
        };
        if limit.is_nan() || limit <= 0.0 {
            return Err(format!("clipping needs a number above 0, got {limit}"));
        }
        if matches!(self.algorithm, Algorithm::AdamW(_)) && self.weight_decay.is_none() {
            return Err("AdamW needs a weight_decay, got None".to_owned());
        }
        if self.weight_decay.is_some_and(|decay| !decay.is_finite()) {
            return Err(format!("weight_decay needs a finite number, got {:?}", self.weight_decay));
        }
        self.learning_rate.check()
    }

    fn config(&self) -> Map<String, Value> {
        let clip = |kind: fn(f64) -> Clipping, limit: f64| {
            if self.clipping == Some(kind(limit)) { json!(limit) } else { Value::Null }
        };
        let limit = match self.clipping {
            Some(Clipping::Norm(limit) | Clipping::Value(limit) | Clipping::GlobalNorm(limit)) => {
                limit
            }
            None => 0.0,
        };
        let mut config = Map::new();
        for (argument, value) in SHARED.into_iter().zip([
            json!(self.name),
            json!(self.learning_rate),
            json!(self.weight_decay),
            clip(Clipping::Norm, limit),
            clip(Clipping::GlobalNorm, limit),
            clip(Clipping::Value, limit),
            json!(false),
            json!(0.99),
            Value::Null,
            Value::Null,
            Value::Null,
        ]) {
            config.insert(argument.to_owned(), value);
        }
        self.algorithm.write(&mut config);
        config
    }
}

impl Algorithm {
    fn class_name(&self) -> &'static str {
        match self {
            Self::Sgd(_) => "SGD",
            Self::RmsProp(_) => "RMSprop",
            Self::Adam(_) => "Adam",
            Self::AdamW(_) => "AdamW",
        }
    }

    fn read(object: &KerasObject) -> Result<Self, String> {
        // Keras lowers names before it looks them up: "SGD", "sgd" and "Sgd" are one.
        Ok(match object.class_name.to_lowercase().as_str() {
            "sgd" => Self::Sgd(Sgd::read(object)?),
            "rmsprop" => Self::RmsProp(RmsProp::read(object)?),
            "adam" => Self::Adam(Adam::read(object)?),
            "adamw" => Self::AdamW(AdamW::read(object)?),
            _ => {
                let name = &object.class_name;
                let known = crate::names::closest(name, OPTIMIZERS);
                let hint =
                    known.map(|known| format!(" (did you mean {known:?}?)")).unwrap_or_default();
                return Err(format!(
                    "unknown optimizer {name:?}{hint}; it must be one of {}",
                    OPTIMIZERS.join(", ")
                ));
            }
        })
    }

    fn arguments(&self) -> &'static [&'static str] {
        match self {
            Self::Sgd(_) => Sgd::ARGUMENTS,
            Self::RmsProp(_) => RmsProp::ARGUMENTS,
            Self::Adam(_) | Self::AdamW(_) => Adam::ARGUMENTS,
        }
    }

    fn write(&self, config: &mut Map<String, Value>) {
        match self {
            Self::Sgd(sgd) => sgd.write(config),
            Self::RmsProp(rmsprop) => rmsprop.write(config),
            Self::Adam(adam) => adam.write(config),
            Self::AdamW(AdamW(adam)) => adam.write(config),
        }
    }
}

/// A number among the arguments, or none where it is null or absent.
fn optional(object: &KerasObject, name: &str) -> Result<Option<f64>, String> {
    match object.config.get(name).filter(|value| !value.is_null()) {
        None => Ok(None),
        Some(_) => object.number(name, 0.0).map(Some),
    }
}

fn read_clipping(object: &KerasObject) -> Result<Option<Clipping>, String> {
    let mut found = None;
    for name in ["clipnorm", "clipvalue", "global_clipnorm"] {
        if let Some(limit) = optional(object, name)? {
            let kind = match name {
                "clipnorm" => Clipping::Norm,
                "clipvalue" => Clipping::Value,
                _ => Clipping::GlobalNorm,
            };
            if found.is_some() {
                return Err(
                    "only one of clipnorm, clipvalue and global_clipnorm can be set".to_owned()
                );
            }
            found = Some(kind(limit));
        }
    }
    Ok(found)
}

impl From<Algorithm> for Optimizer {
    fn from(algorithm: Algorithm) -> Self {
        Self::new(algorithm)
    }
}

macro_rules! algorithms {
    ($($name:ident),+) => {
        $(impl From<$name> for Algorithm {
            fn from(algorithm: $name) -> Self {
                Self::$name(algorithm)
            }
        }

        impl From<$name> for Optimizer {
            fn from(algorithm: $name) -> Self {
                Self::new(algorithm)
            }
        })+
    };
}

algorithms!(Sgd, RmsProp, Adam, AdamW);

impl FromStr for Optimizer {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::from_object(&KerasObject::written("", name, Value::Object(Map::new())))
    }
}

impl Serialize for Optimizer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let config = Value::Object(self.config());
        KerasObject::written("keras.optimizers", self.class_name(), config).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Optimizer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = KerasObject::deserialize(deserializer)?;
        Self::from_object(&object).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: Value) -> Result<Optimizer, String> {
        serde_json::from_value(value).map_err(|error: serde_json::Error| error.to_string())
    }

    #[test]
    fn every_optimizer_is_known_by_name_and_survives_its_configuration() {
        for name in OPTIMIZERS {
            let optimizer: Optimizer = name.parse().unwrap();
            assert_eq!(optimizer.name.replace('_', ""), name);
            assert_eq!(read(serde_json::to_value(&optimizer).unwrap()), Ok(optimizer));
        }
        assert_eq!("SGD".parse::<Optimizer>(), "sgd".parse());
        assert!("adamm".parse::<Optimizer>().unwrap_err().contains("did you mean"));
    }

    #[test]
    fn adam_is_written_with_the_keys_and_order_of_keras() {
        let value = serde_json::to_value(Optimizer::new(Adam::default())).unwrap();
        let keys: Vec<&String> = value["config"].as_object().unwrap().keys().collect();
        let mut expected = SHARED.to_vec();
        expected.extend(["beta_1", "beta_2", "epsilon", "amsgrad"]);
        assert_eq!(keys, expected);
        assert_eq!(value["config"]["learning_rate"], json!(0.0010000000474974513));
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        for (config, word) in [
            (json!({"use_ema": true}), "use_ema"),
            (json!({"gradient_accumulation_steps": 2}), "gradient_accumulation_steps"),
            (json!({"lr": 0.1}), "lr"),
            (json!({"momentum": 2.0}), "momentum"),
            (json!({"clipnorm": 1.0, "clipvalue": 1.0}), "only one"),
            (json!({"learning_rate": "fast"}), "learning_rate"),
            (json!({"nesterov": 1}), "nesterov"),
        ] {
            let error = read(json!({"class_name": "SGD", "config": config})).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }
}
