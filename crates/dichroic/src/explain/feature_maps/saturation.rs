//! Where an activation is flat, read off its results.

use serde_json::{Map, Value};

use crate::layers::Layer;

/// A function counts as flat where its slope is below this part of its steepest.
const FLAT: f32 = 0.01;

/// The results of an activation that lie on its flat parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FlatParts {
    /// Results up to here.
    below: Option<f32>,
    /// Results from here on.
    above: Option<f32>,
}

impl FlatParts {
    /// The flat parts of a layer's activation; `None` without one, and where results don't tell: `gelu` and its kind take
    /// the same value at two places, `softmax` depends on its neighbours.
    pub(super) fn of(layer: &dyn Layer) -> Option<Self> {
        let config = layer.config();
        Self::of_class(layer.class_name(), &config).or_else(|| match config.get("activation")? {
            Value::String(name) => Self::of_name(name),
            Value::Object(object) => {
                let class_name = object.get("class_name")?.as_str()?;
                Self::of_class(class_name, object.get("config")?.as_object()?)
            }
            _ => None,
        })
    }

    /// The share of values on the flat parts.
    pub(super) fn share(self, values: &[f32]) -> f64 {
        let flat = |value: f32| {
            self.below.is_some_and(|end| value <= end) || self.above.is_some_and(|end| value >= end)
        };
        values.iter().filter(|&&value| flat(value)).count() as f64 / values.len().max(1) as f64
    }

    const NONE: Self = Self { below: None, above: None };

    fn up_to(end: f32) -> Self {
        Self { below: Some(end), above: None }
    }

    fn outside(below: f32, above: f32) -> Self {
        Self { below: Some(below), above: Some(above) }
    }

    fn of_class(class_name: &str, config: &Map<String, Value>) -> Option<Self> {
        let number = |key: &str| config.get(key).and_then(Value::as_f64).map(|value| value as f32);
        match class_name {
            "ReLU" => Some(Self {
                below: (number("negative_slope").unwrap_or(0.0) == 0.0).then_some(0.0),
                above: number("max_value"),
            }),
            "LeakyReLU" | "PReLU" => Some(Self::NONE),
            "ELU" => Some(Self::up_to(-number("alpha").unwrap_or(1.0) * (1.0 - FLAT))),
            _ => None,
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        // The slope of the sigmoid is y (1 - y), a quarter at its steepest; that of tanh 1 - y².
        let sigmoid = FLAT / 4.0;
        let tanh = (1.0 - FLAT).sqrt();
        // The slope of elu is y + α, that of selu the same with its own α and scale.
        let selu = -1.758_099_3 * (1.0 - FLAT);
        Some(match name {
            "relu" => Self::up_to(0.0),
            "relu6" => Self::outside(0.0, 6.0),
            "leaky_relu" => Self::NONE,
            "elu" | "celu" => Self::up_to(-(1.0 - FLAT)),
            "selu" => Self::up_to(selu),
            "sigmoid" => Self::outside(sigmoid, 1.0 - sigmoid),
            "hard_sigmoid" | "sparse_sigmoid" => Self::outside(0.0, 1.0),
            "tanh" => Self::outside(-tanh, tanh),
            "hard_tanh" => Self::outside(-1.0, 1.0),
            // The slope of softplus is 1 - e⁻ʸ.
            "softplus" => Self::up_to(FLAT),
            "sparse_plus" => Self::up_to(0.0),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Activation, BatchNormalization, Conv2D, Dense, LeakyReLU, ReLU};

    #[test]
    fn the_flat_parts_are_those_of_the_function() {
        let share =
            |layer: &dyn Layer, values: &[f32]| FlatParts::of(layer).map(|p| p.share(values));
        let values = [-1.0, 0.0, 0.5, 1.0, 6.0];
        assert_eq!(share(&Conv2D::new(1, 1).activation("relu"), &values), Some(0.4));
        assert_eq!(share(&Activation::new("relu6"), &values[1..]), Some(0.5));
        assert_eq!(share(&Dense::new(1).activation("tanh"), &values[..4]), Some(0.5));
        assert_eq!(share(&ReLU::new().max_value(1.0), &values[1..4]), Some(2.0 / 3.0));
        assert_eq!(share(&LeakyReLU::new(), &values), Some(0.0));
        assert_eq!(
            share(&Dense::new(1).activation("sigmoid"), &[0.001, 0.1, 0.5, 0.999]),
            Some(0.5)
        );
    }

    #[test]
    fn without_an_activation_nothing_is_flat() {
        for layer in [&Conv2D::new(1, 1) as &dyn Layer, &BatchNormalization::new()] {
            assert_eq!(FlatParts::of(layer), None);
        }
        assert_eq!(FlatParts::of(&Activation::new("gelu")), None);
    }
}
