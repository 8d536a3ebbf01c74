//! Activations by Keras's names: the functions that follow a layer's sum.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::elementwise::{Binary, Unary};
use dichroic_graph::kernels::reduce::ReduceKind;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::layers::{Layer, LayerError, Lowering, registry};
use crate::names::closest;
use crate::shape::Shape;

/// A function on a layer's output.
///
/// Read from a name (`"relu"`, `None` for linear) or a Keras layer without weights
/// (`LeakyReLU(0.2)`), written the same way.
///
/// # Source
/// `keras.activations`
///
/// ```
/// use dichroic::activations::Activation;
/// assert_eq!(Activation::from("swish").name(), "silu");
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Activation {
    /// `x`
    #[default]
    Linear,
    /// A function of each value alone.
    Elementwise {
        /// Keras's name.
        name: &'static str,
        /// The function.
        function: Unary,
    },
    /// `exp(x) / Σ exp(x)` over channels.
    Softmax,
    /// `x - ln Σ exp(x)` over channels.
    LogSoftmax,
    /// The first half of the channels times the sigmoid of the second half.
    Glu,
    /// The nearest point of the simplex: like softmax, but small values become exactly 0.
    Sparsemax,
    /// A layer without weights used as a function.
    Layer {
        /// The layer.
        layer: Box<dyn Layer>,
        /// The Keras object it was read from.
        written: Value,
    },
    /// A name that no activation has; refused when the layer is checked.
    Unknown(String),
}

/// Activations of each value alone, with the defaults of their arguments.
const ELEMENTWISE: [(&str, Unary); 24] = [
    ("relu", Unary::Relu),
    ("relu6", Unary::Relu6),
    ("leaky_relu", Unary::LeakyRelu { negative_slope: 0.2 }),
    ("elu", Unary::Elu { alpha: 1.0 }),
    ("selu", Unary::Selu),
    ("celu", Unary::Celu { alpha: 1.0 }),
    ("gelu", Unary::Gelu),
    ("silu", Unary::Silu),
    ("mish", Unary::Mish),
    ("softplus", Unary::Softplus),
    ("softsign", Unary::Softsign),
    ("sigmoid", Unary::Sigmoid),
    ("tanh", Unary::Tanh),
    ("hard_sigmoid", Unary::HardSigmoid),
    ("hard_silu", Unary::HardSilu),
    ("hard_tanh", Unary::HardTanh),
    ("hard_shrink", Unary::HardShrink { threshold: 0.5 }),
    ("soft_shrink", Unary::SoftShrink { threshold: 0.5 }),
    ("tanh_shrink", Unary::TanhShrink),
    ("exponential", Unary::Exponential),
    ("log_sigmoid", Unary::LogSigmoid),
    ("squareplus", Unary::Squareplus { b: 4.0 }),
    ("sparse_plus", Unary::SparsePlus),
    ("sparse_sigmoid", Unary::SparseSigmoid),
];

/// Every name that an activation argument takes, aliases included.
pub fn names() -> impl Iterator<Item = &'static str> {
    let others = ["linear", "softmax", "log_softmax", "glu", "sparsemax", "swish", "hard_swish"];
    ELEMENTWISE.iter().map(|(name, _)| *name).chain(others)
}

impl Activation {
    /// The activation with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "linear" => Some(Self::Linear),
            "softmax" => Some(Self::Softmax),
            "log_softmax" => Some(Self::LogSoftmax),
            "glu" => Some(Self::Glu),
            "sparsemax" => Some(Self::Sparsemax),
            "swish" => Self::from_name("silu"),
            "hard_swish" => Self::from_name("hard_silu"),
            _ => ELEMENTWISE
                .iter()
                .find(|(known, _)| *known == name)
                .map(|&(name, function)| Self::Elementwise { name, function }),
        }
    }

    /// Keras's name; for a layer its class name.
    pub fn name(&self) -> &str {
        match self {
            Self::Linear => "linear",
            Self::Elementwise { name, .. } => name,
            Self::Softmax => "softmax",
            Self::LogSoftmax => "log_softmax",
            Self::Glu => "glu",
            Self::Sparsemax => "sparsemax",
            Self::Layer { layer, .. } => layer.class_name(),
            Self::Unknown(name) => name,
        }
    }

    /// Whether the name is known and a layer has no weights.
    ///
    /// # Errors
    /// [`LayerError::Argument`] for an unknown name.
    pub fn check(&self) -> Result<(), LayerError> {
        match self {
            Self::Unknown(name) => Err(LayerError::Argument {
                class_name: None,
                argument: "activation".to_owned(),
                rule: unknown(name),
                got: format!("{name:?}"),
            }),
            Self::Layer { layer, .. } => layer.check(),
            _ => Ok(()),
        }
    }

    /// The shape of the result; only `glu` changes it.
    ///
    /// # Errors
    /// [`LayerError::InputShape`] when `glu` gets an odd number of channels.
    pub fn output_shape(&self, input: Shape) -> Result<Shape, LayerError> {
        match self {
            Self::Glu => {
                let mut axes = input.axes().to_vec();
                match axes.last_mut() {
                    Some(Some(channels)) if channels.is_multiple_of(2) => *channels /= 2,
                    Some(None) => {}
                    _ => {
                        return Err(LayerError::InputShape {
                            rule: "glu multiplies one half of the channels by the other, so it needs an even number".to_owned(),
                            got: input,
                            fix: "use an even number of filters or units, or another activation".to_owned(),
                        });
                    }
                }
                Ok(Shape::new(axes))
            }
            Self::Layer { layer, .. } => layer.output_shape(&[input]),
            _ => Ok(input),
        }
    }

    /// Emits the ops that compute the function of `x`.
    ///
    /// # Errors
    /// When an op refuses its inputs.
    pub fn lower(&self, lowering: &mut Lowering<'_>, x: ValueId) -> Result<ValueId, LayerError> {
        Ok(match self {
            Self::Linear => x,
            Self::Elementwise { function, .. } => lowering.unary(*function, x)?,
            Self::Softmax => lowering.softmax(x)?,
            Self::LogSoftmax => lowering.log_softmax(x)?,
            Self::Glu => glu(lowering, x)?,
            Self::Sparsemax => sparsemax(lowering, x)?,
            Self::Layer { layer, .. } => layer.lower(&mut Lowering {
                graph: lowering.graph,
                inputs: &[x],
                weights: &[],
                mode: lowering.mode,
            })?,
            Self::Unknown(_) => return self.check().map(|()| x),
        })
    }
}

fn glu(lowering: &mut Lowering<'_>, x: ValueId) -> Result<ValueId, LayerError> {
    let half = lowering.shape(x).last_axis() / 2;
    let value = lowering.slice_channels(x, 0, half)?;
    let gate = lowering.slice_channels(x, half, half)?;
    let gate = lowering.unary(Unary::Sigmoid, gate)?;
    lowering.binary(Binary::Multiply, value, gate)
}

/// `max(x - τ, 0)`, where `τ` makes the sum 1.
///
/// The usual way sorts the values. A value `xᵢ` is above `τ` exactly if `Σⱼ max(xⱼ - xᵢ, 0) < 1`, which needs no
/// order, only the differences of all pairs: channels² values a position, which is fine for the classes of a
/// classifier. The support as a 0/1 mask has no gradient, as it should: it is constant almost everywhere.
///
/// # Source
/// Martins and Astudillo, "From Softmax to Sparsemax", 2016. Keras up to 3.15 has another `τ` where more than
/// one value stays above zero, and sums that are not 1 (keras-team/keras#23425); this is the definition.
fn sparsemax(lowering: &mut Lowering<'_>, x: ValueId) -> Result<ValueId, LayerError> {
    let shape = lowering.shape(x).to_vec();
    let channels = lowering.shape(x).last_axis();
    let last = shape.len() - 1;
    let column = lowering.reshape(x, [&shape[..last], &[channels, 1]].concat())?;
    let row = lowering.reshape(x, [&shape[..last], &[1, channels]].concat())?;
    let above = lowering.binary(Binary::Subtract, row, column)?;
    let above = lowering.unary(Unary::Relu, above)?;
    let above = lowering.reduce(ReduceKind::Sum, above, &[last + 1])?;
    let one = lowering.scalar(1.0);
    let support = lowering.binary(Binary::Greater, one, above)?;
    let size = lowering.reduce_kept(ReduceKind::Sum, support, &[last])?;
    let inside = lowering.binary(Binary::Multiply, support, x)?;
    let sum = lowering.reduce_kept(ReduceKind::Sum, inside, &[last])?;
    let excess = lowering.binary(Binary::Subtract, sum, one)?;
    let threshold = lowering.binary(Binary::Divide, excess, size)?;
    let shifted = lowering.binary(Binary::Subtract, x, threshold)?;
    lowering.unary(Unary::Relu, shifted)
}

fn unknown(name: &str) -> String {
    match name {
        "threshold" => {
            "threshold needs two numbers, which a name can't carry; use a ReLU layer with threshold"
                .to_owned()
        }
        _ => match closest(name, names()) {
            Some(near) => format!("must name an activation (did you mean {near:?}?)"),
            None => format!("must name an activation: {}", names().collect::<Vec<_>>().join(", ")),
        },
    }
}

impl From<&str> for Activation {
    fn from(name: &str) -> Self {
        Self::from_name(name).unwrap_or_else(|| Self::Unknown(name.to_owned()))
    }
}

impl Serialize for Activation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Layer { written, .. } => written.serialize(serializer),
            _ => serializer.serialize_str(self.name()),
        }
    }
}

impl<'de> Deserialize<'de> for Activation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Value::deserialize(deserializer)?;
        let wrong =
            || D::Error::custom("must be the name of an activation or a layer without weights");
        match &written {
            Value::Null => Ok(Self::Linear),
            Value::String(name) => {
                Self::from_name(name).ok_or_else(|| D::Error::custom(unknown(name)))
            }
            Value::Object(object) => {
                let class_name =
                    object.get("class_name").and_then(Value::as_str).ok_or_else(wrong)?;
                let config = object.get("config").and_then(Value::as_object).ok_or_else(wrong)?;
                if !WITHOUT_WEIGHTS.contains(&class_name) {
                    return Err(wrong());
                }
                let layer = registry::from_config(class_name, config).map_err(D::Error::custom)?;
                Ok(Self::Layer { layer, written })
            }
            _ => Err(wrong()),
        }
    }
}

/// The layers that may stand as an activation.
const WITHOUT_WEIGHTS: [&str; 5] = ["ReLU", "LeakyReLU", "ELU", "Softmax", "Activation"];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_name_is_read_and_written_back() {
        for name in names() {
            let activation: Activation = serde_json::from_value(json!(name)).expect(name);
            let expected = match name {
                "swish" => "silu",
                "hard_swish" => "hard_silu",
                _ => name,
            };
            assert_eq!(serde_json::to_value(&activation).unwrap(), json!(expected));
        }
        assert_eq!(serde_json::from_value::<Activation>(json!(null)).unwrap().name(), "linear");
    }

    #[test]
    fn a_layer_may_stand_as_an_activation() {
        let written = json!({"module": "keras.layers", "class_name": "LeakyReLU",
            "config": {"name": "leaky_re_lu", "negative_slope": 0.2}, "registered_name": null});
        let activation: Activation = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(activation.name(), "LeakyReLU");
        assert_eq!(serde_json::to_value(&activation).unwrap(), written);
        let weights = json!({"class_name": "Dense", "config": {"units": 3}});
        assert!(serde_json::from_value::<Activation>(weights).is_err());
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_closest_one() {
        let error = Activation::from("rellu").check().unwrap_err().to_string();
        assert!(error.contains("did you mean \"relu\"?"), "{error}");
    }

    #[test]
    fn glu_halves_an_even_number_of_channels() {
        let glu = Activation::Glu;
        assert_eq!(glu.output_shape(Shape::batched(&[4, 6])).unwrap(), Shape::batched(&[4, 3]));
        assert!(glu.output_shape(Shape::batched(&[4, 5])).is_err());
    }
}
