//! Initializers as Keras writes them into configurations.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use super::variance_scaling::SCALED;
use super::{Distribution, FanMode, Initializer, NAMES, VarianceScaling};
use crate::keras_object::KerasObject;

impl Initializer {
    pub(super) fn from_object(object: &KerasObject) -> Result<Self, String> {
        let seed = object.integer("seed")?;
        let (made, arguments): (_, &[&str]) = match object.class_name.as_str() {
            "Zeros" | "zeros" | "zero" => (Self::Zeros, &[]),
            "Ones" | "ones" | "one" => (Self::Ones, &[]),
            "Constant" | "constant" => (Self::constant(object.number("value", 0.0)?), &["value"]),
            "RandomNormal" | "random_normal" | "normal" => {
                let (mean, stddev) = (object.number("mean", 0.0)?, object.number("stddev", 0.05)?);
                (Self::RandomNormal { mean, stddev, seed }, &["mean", "stddev", "seed"])
            }
            "RandomUniform" | "random_uniform" | "uniform" => {
                let (minval, maxval) =
                    (object.number("minval", -0.05)?, object.number("maxval", 0.05)?);
                (Self::RandomUniform { minval, maxval, seed }, &["minval", "maxval", "seed"])
            }
            "TruncatedNormal" | "truncated_normal" => {
                let (mean, stddev) = (object.number("mean", 0.0)?, object.number("stddev", 0.05)?);
                (Self::TruncatedNormal { mean, stddev, seed }, &["mean", "stddev", "seed"])
            }
            "Orthogonal" | "orthogonal" | "OrthogonalInitializer" => {
                (Self::Orthogonal { gain: object.number("gain", 1.0)?, seed }, &["gain", "seed"])
            }
            "Identity" | "identity" | "IdentityInitializer" => {
                (Self::Identity { gain: object.number("gain", 1.0)? }, &["gain"])
            }
            name => return Self::variance_scaling(name, object),
        };
        object.only(arguments)?;
        Ok(made)
    }

    fn variance_scaling(name: &str, object: &KerasObject) -> Result<Self, String> {
        let special = SCALED.iter().find(|(class, keras, ..)| *class == name || *keras == name);
        let mut scaling = VarianceScaling {
            class_name: "VarianceScaling",
            scale: 1.0,
            mode: FanMode::FanIn,
            distribution: Distribution::TruncatedNormal,
            input_axes: object.integers("input_axes")?,
            output_axes: object.integers("output_axes")?,
            seed: object.integer("seed")?,
        };
        if let Some(&(class_name, _, scale, mode, distribution)) = special {
            scaling = VarianceScaling { class_name, scale, mode, distribution, ..scaling };
            object.only(&["seed", "input_axes", "output_axes"])?;
        } else if name == "VarianceScaling" || name == "variance_scaling" {
            scaling.scale = object.number("scale", 1.0)?;
            scaling.mode = one_of(object.text("mode", "fan_in")?)?;
            scaling.distribution = one_of(object.text("distribution", "truncated_normal")?)?;
            object.only(&["scale", "mode", "distribution", "seed", "input_axes", "output_axes"])?;
        } else {
            return Err(format!("no initializer {name:?}; known are {}", NAMES.join(", ")));
        }
        Ok(Self::VarianceScaling(scaling))
    }
}

fn one_of<T: for<'de> Deserialize<'de>>(name: &str) -> Result<T, String> {
    T::deserialize(&Value::from(name)).map_err(|error| error.to_string())
}

impl Serialize for Initializer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (class_name, config) = match self {
            Self::Zeros => ("Zeros", json!({})),
            Self::Ones => ("Ones", json!({})),
            Self::Constant { value } => ("Constant", json!({ "value": value })),
            Self::RandomNormal { mean, stddev, seed } => {
                ("RandomNormal", json!({ "seed": seed, "mean": mean, "stddev": stddev }))
            }
            Self::RandomUniform { minval, maxval, seed } => {
                ("RandomUniform", json!({ "seed": seed, "minval": minval, "maxval": maxval }))
            }
            Self::TruncatedNormal { mean, stddev, seed } => {
                ("TruncatedNormal", json!({ "seed": seed, "mean": mean, "stddev": stddev }))
            }
            Self::VarianceScaling(scaling) => {
                let VarianceScaling { class_name, scale, mode, distribution, .. } = scaling;
                let (inputs, outputs) = (&scaling.input_axes, &scaling.output_axes);
                let config = if *class_name == "VarianceScaling" {
                    json!({ "seed": scaling.seed, "scale": scale, "mode": mode, "distribution": distribution,
                        "input_axes": inputs, "output_axes": outputs })
                } else {
                    json!({ "seed": scaling.seed, "input_axes": inputs, "output_axes": outputs })
                };
                (*class_name, config)
            }
            Self::Orthogonal { gain, seed } => {
                ("Orthogonal", json!({ "seed": seed, "gain": gain }))
            }
            // Keras writes no gain; one that is not the default would be lost without it.
            Self::Identity { gain: 1.0 } => ("Identity", json!({})),
            Self::Identity { gain } => ("Identity", json!({ "gain": gain })),
            Self::ForgetNothing(others) => return others.serialize(serializer),
        };
        KerasObject::written("keras.initializers", class_name, config).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Initializer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = KerasObject::deserialize(deserializer)?;
        Self::from_object(&object).map_err(D::Error::custom)
    }
}
