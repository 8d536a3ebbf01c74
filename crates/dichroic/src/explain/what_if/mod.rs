//! The same layer under every way of sharing kernels.

mod text;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::ExplainError;
use super::axes::{Axes, axes};
use super::cost::macs;
use super::layer::sharing_name;
use super::message::words::{count, layer, what_if as words};
use super::message::{Language, Message, all_in, formula};
use super::trace::convolutions;
use crate::Shape;
use crate::layers::{Convolution, Layer, Sharing, registry};
use crate::model::{Model, ModelError};

/// The most numbers of groups that are tried.
const MOST_GROUPINGS: usize = 6;

/// A convolution beside its variants: how many parameters and multiply-adds each way of sharing takes.
///
/// ```
/// use dichroic::explain::WhatIf;
/// use dichroic::layers::{Conv2D, Padding};
/// use dichroic::model::{Input, Sequential};
/// let seed = Conv2D::new(32, 5).padding(Padding::Same).use_bias(false);
/// let model = Sequential::new().add(Input::new(&[28, 28, 3])).add(seed).finish()?;
/// let what_if = WhatIf::of(&model, "conv2d")?;
/// assert_eq!(what_if.variants[0].params, 2400); // a kernel for each pair, as it is
/// assert_eq!(what_if.variants[1].params, 800); // one kernel a filter for all three channels
/// # Ok::<(), dichroic::explain::ExplainError>(())
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct WhatIf {
    /// The layer.
    pub layer: String,
    /// Its class.
    #[serde(rename = "type")]
    pub class_name: String,
    /// The shape of its input.
    pub input_shape: Option<Axes>,
    /// The ways of sharing, the layer's own among them.
    pub variants: Vec<Variant>,
    /// The ways that this layer can't take, each with the reason.
    pub left_out: Vec<Message>,
    #[serde(skip)]
    language: Language,
}

/// The layer under one way of sharing.
#[derive(Clone, Debug, Serialize)]
pub struct Variant {
    /// What the way is called.
    pub name: Message,
    /// Its class.
    #[serde(rename = "type")]
    pub class_name: String,
    /// Which kernels are tied: `none`, `across_input_channels`, `depthwise`, `grouped`, `separable`.
    pub sharing: &'static str,
    /// Whether the model's layer is of this kind.
    pub as_it_is: bool,
    /// Parameters of the layer.
    pub params: u64,
    /// How that number comes about.
    pub formula: Message,
    /// Multiply-adds of the layer for one item; `None` where a size is open.
    pub macs: Option<u64>,
    /// The shape of the output.
    pub output_shape: Option<Axes>,
    /// The accuracy on held-out data, once the variant has been trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_accuracy: Option<f64>,
    /// The time that its training took, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// The layer itself.
    #[serde(skip)]
    pub layer: Box<dyn Layer>,
}

impl WhatIf {
    /// The variants of a layer, found by name or by its path in nested models.
    ///
    /// # Errors
    /// When the layer is no convolution, or the model has no input shape.
    pub fn of(model: &Model, name: &str) -> Result<Self, ExplainError> {
        let name = &*model.path_of(name)?;
        let handle = model.get_layer(name)?;
        let not_one = || ExplainError::NotAConvolution {
            layer: name.to_owned(),
            class_name: handle.class_name().to_owned(),
            convolutions: convolutions(model),
        };
        let layer = handle.layer().ok_or_else(not_one)?;
        let inputs = handle
            .built_for()
            .ok_or_else(|| ModelError::NotBuilt { model: model.name().to_owned() })?;
        let convolution = layer.convolution(inputs).ok_or_else(not_one)?;
        let mut what_if = Self {
            layer: name.to_owned(),
            class_name: handle.class_name().to_owned(),
            input_shape: axes(inputs),
            variants: Vec::new(),
            left_out: Vec::new(),
            language: Language::default(),
        };
        Ways { layer, convolution: &convolution, inputs }.add_to(&mut what_if);
        Ok(what_if)
    }

    /// The same comparison, shown and written as JSON in a language. Field names stay as they are.
    #[must_use]
    pub fn in_language(mut self, language: Language) -> Self {
        let names =
            self.variants.iter_mut().flat_map(|variant| [&mut variant.name, &mut variant.formula]);
        all_in(names.chain(&mut self.left_out), language);
        self.language = language;
        self
    }

    /// The model with its layer replaced by a variant; the other layers are copies of their own.
    ///
    /// # Errors
    /// When the layers after it can't take the variant's output.
    pub fn model(&self, model: &Model, variant: &Variant) -> Result<Model, ExplainError> {
        Ok(model.with_layer(&self.layer, variant.layer.clone())?)
    }
}

/// A layer and what its variants take over from it.
struct Ways<'a> {
    layer: &'a dyn Layer,
    convolution: &'a Convolution,
    inputs: &'a [Shape],
}

/// One way to be tried.
struct Way {
    name: Message,
    class_name: String,
    sharing: Sharing,
    arguments: Value,
}

impl Ways<'_> {
    fn add_to(&self, what_if: &mut WhatIf) {
        for way in self.ways(&mut what_if.left_out) {
            let as_it_is = self.is_own(&way);
            let layer = match as_it_is {
                // The layer with all its arguments, not only those that variants share.
                true => Ok(self.layer.boxed()),
                false => self.made(&way),
            };
            let counted = layer.and_then(|layer| {
                let output = layer.output_shape(self.inputs)?;
                let count = layer.count(self.inputs)?;
                Ok((layer, output, count))
            });
            match counted {
                Ok((layer, output, count)) => what_if.variants.push(Variant {
                    name: way.name,
                    class_name: layer.class_name().to_owned(),
                    sharing: sharing_name(way.sharing),
                    as_it_is,
                    params: count.total(),
                    formula: formula(&count),
                    macs: macs(layer.as_ref(), self.inputs, &output),
                    output_shape: axes(std::slice::from_ref(&output)),
                    test_accuracy: None,
                    seconds: None,
                    layer,
                }),
                Err(error) => what_if.left_out.push(words::refused(way.name, error.to_string())),
            }
        }
    }

    /// The ways in the order in which they are shown.
    fn ways(&self, left_out: &mut Vec<Message>) -> Vec<Way> {
        let convolution = self.convolution;
        let rank = convolution.rank;
        let (channels, filters) = (convolution.in_channels, convolution.filters);
        let transposed = convolution.window.transposed;
        let plain = format!("Conv{rank}D{}", if transposed { "Transpose" } else { "" });
        let way = |name: Message, class_name: &str, sharing, arguments| Way {
            name,
            class_name: class_name.to_owned(),
            sharing,
            arguments,
        };
        let mut ways =
            vec![way(words::own_kernels(), &plain, Sharing::None, json!({"filters": filters}))];
        if transposed {
            left_out.push(words::no_transposed());
        } else {
            ways.push(way(
                words::shared(),
                &format!("SharedConv{rank}D"),
                Sharing::AcrossInputChannels,
                json!({"filters": filters}),
            ));
            let groupings = common_divisors(channels, filters);
            if groupings.is_empty() {
                left_out.push(words::no_groups(channels, filters));
            }
            for groups in groupings {
                let arguments = json!({"filters": filters, "groups": groups});
                ways.push(way(words::grouped(groups), &plain, Sharing::Grouped, arguments));
            }
            self.depthwise_ways(&mut ways, left_out);
        }
        if convolution.window.size.iter().any(|&side| side > 1) {
            let arguments = json!({"filters": filters, "kernel_size": vec![1; rank]});
            ways.push(way(words::ones(ones(rank)), &plain, Sharing::None, arguments));
        }
        ways
    }

    fn depthwise_ways(&self, ways: &mut Vec<Way>, left_out: &mut Vec<Message>) {
        let convolution = self.convolution;
        let (rank, channels, filters) =
            (convolution.rank, convolution.in_channels, convolution.filters);
        let mut multipliers = vec![1];
        if filters > channels && filters.is_multiple_of(channels) {
            multipliers.push(filters / channels);
        }
        for multiplier in multipliers {
            // Keras has no DepthwiseConv3D; as many groups as channels are the same thing.
            let (class_name, arguments) = match rank {
                3 => (
                    "Conv3D".to_owned(),
                    json!({"filters": channels * multiplier, "groups": channels}),
                ),
                _ => (format!("DepthwiseConv{rank}D"), json!({"depth_multiplier": multiplier})),
            };
            ways.push(Way {
                name: words::depthwise(count::filters(multiplier as u64)),
                class_name,
                sharing: Sharing::Depthwise,
                arguments,
            });
        }
        match rank {
            3 => left_out.push(words::no_separable()),
            _ => ways.push(Way {
                name: words::separable(ones(rank)),
                class_name: format!("SeparableConv{rank}D"),
                sharing: Sharing::Separable,
                arguments: json!({"filters": filters}),
            }),
        }
    }

    /// Whether the way is that of the layer itself.
    fn is_own(&self, way: &Way) -> bool {
        if way.sharing != self.convolution.sharing || way.arguments.get("kernel_size").is_some() {
            return false;
        }
        let groups = way.arguments.get("groups").and_then(Value::as_u64);
        let multiplier = way.arguments.get("depth_multiplier").and_then(Value::as_u64);
        match way.sharing {
            Sharing::Grouped => groups == Some(self.convolution.groups as u64),
            Sharing::Depthwise => {
                let own = self.convolution.filters / self.convolution.in_channels.max(1);
                multiplier.is_none_or(|multiplier| multiplier == own as u64)
            }
            _ => true,
        }
    }

    /// The layer of a way: the arguments that both classes take, and those of the way.
    fn made(&self, way: &Way) -> Result<Box<dyn Layer>, crate::layers::LayerError> {
        let own = self.layer.config();
        let mut arguments = Map::new();
        for name in registry::positional(&way.class_name)? {
            let shared = [
                "kernel_size",
                "strides",
                "padding",
                "dilation_rate",
                "activation",
                "use_bias",
                "bias_initializer",
            ];
            if let (true, Some(value)) = (shared.contains(&name), own.get(name)) {
                arguments.insert(name.to_owned(), value.clone());
            }
        }
        if let Value::Object(given) = &way.arguments {
            arguments.extend(given.clone());
        }
        // A dilated kernel of one weight would only be refused or mean the same.
        if way.arguments.get("kernel_size").is_some() {
            arguments.remove("dilation_rate");
        }
        registry::from_config(&way.class_name, &arguments)
    }
}

/// A kernel of one weight in words: `1×1`, along one axis `size 1`.
fn ones(rank: usize) -> Message {
    match rank {
        1 => layer::size_of_one_axis("1"),
        _ => Message::verbatim(vec!["1"; rank].join("×")),
    }
}

/// The numbers above 1 that divide both, at most [`MOST_GROUPINGS`] of them: the small ones and the largest.
fn common_divisors(a: usize, b: usize) -> Vec<usize> {
    let mut divisors: Vec<usize> =
        (2..=a.min(b)).filter(|&d| a.is_multiple_of(d) && b.is_multiple_of(d)).collect();
    if divisors.len() > MOST_GROUPINGS {
        let largest = divisors[divisors.len() - 1];
        divisors.truncate(MOST_GROUPINGS - 1);
        divisors.push(largest);
    }
    divisors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Conv1D, Conv2D, Conv2DTranspose, Conv3D, Dense, Flatten, Padding};
    use crate::model::{Input, Sequential};

    fn params(what_if: &WhatIf) -> Vec<(String, u64)> {
        what_if
            .variants
            .iter()
            .map(|variant| (variant.sharing.to_owned(), variant.params))
            .collect()
    }

    #[test]
    fn grouped_and_depthwise_variants_divide_the_weights() {
        let model = Sequential::new()
            .add(Input::new(&[8, 8, 4]))
            .add(Conv2D::new(8, 3).padding(Padding::Same))
            .add(Flatten::new())
            .add(Dense::new(2))
            .finish()
            .unwrap();
        let what_if = WhatIf::of(&model, "conv2d").unwrap();
        let expected = [
            ("none", 8 * 4 * 9 + 8),
            ("across_input_channels", 8 * 9 + 8),
            ("grouped", 8 * 2 * 9 + 8),
            ("grouped", 8 * 9 + 8),
            ("depthwise", 4 * 9 + 4),
            ("depthwise", 8 * 9 + 8),
            ("separable", 4 * 9 + 4 * 8 + 8),
            ("none", 4 * 8 + 8),
        ];
        let expected: Vec<(String, u64)> =
            expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        assert_eq!(params(&what_if), expected);
        assert_eq!(what_if.variants.iter().filter(|variant| variant.as_it_is).count(), 1);
        for variant in &what_if.variants {
            let model = what_if.model(&model, variant).unwrap();
            assert_eq!(model.count_of(model.get_layer("conv2d").unwrap()), variant.params);
        }
    }

    #[test]
    fn what_a_layer_can_not_take_is_left_out_with_the_reason() {
        let model = Sequential::new()
            .add(Input::new(&[9, 3]))
            .add(Conv1D::new(4, 3).padding(Padding::Causal));
        let what_if = WhatIf::of(&model.finish().unwrap(), "conv1d").unwrap();
        assert!(
            what_if.left_out.iter().any(|reason| reason.to_string().starts_with("separable")),
            "{:?}",
            what_if.left_out
        );
        let model = Sequential::new().add(Input::new(&[9, 9, 3])).add(Conv2DTranspose::new(4, 3));
        let what_if = WhatIf::of(&model.finish().unwrap(), "conv2d_transpose").unwrap();
        assert_eq!(what_if.variants.len(), 2);
        let model = Sequential::new().add(Input::new(&[9, 9, 9, 2])).add(Conv3D::new(4, 3));
        let what_if = WhatIf::of(&model.finish().unwrap(), "conv3d").unwrap();
        assert!(what_if.variants.iter().any(|variant| variant.sharing == "depthwise"));
    }

    #[test]
    fn a_layer_without_filters_is_refused_with_those_that_have_some() {
        let model = Sequential::new()
            .add(Input::new(&[8, 8, 4]))
            .add(Conv2D::new(8, 3))
            .add(Flatten::new())
            .finish()
            .unwrap();
        let error = WhatIf::of(&model, "flatten").unwrap_err().to_string();
        assert_eq!(
            error,
            "layer \"flatten\" (Flatten) is no convolution and has no filters; the model's convolutions are conv2d"
        );
    }
}
