//! One layer explained: its counts, its shapes, and for convolutions what moves where.

mod other;
mod text;

use serde::Serialize;

use super::ExplainError;
use super::axes::{Axes, axes};
use super::cost::macs;
use super::error::sizes;
use super::message::words::layer as words;
use super::message::{Language, Message, all_in, formula};
use super::trace::convolutions;
use crate::Shape;
use crate::layers::{Convolution, Count, Layer, Sharing, grouped};
use crate::model::{Body, LayerRef, Model, ModelError};

/// What one layer consists of. Fields that mean nothing for a layer are `None`: only convolutions have filters.
///
/// ```
/// use dichroic::explain::LayerExplanation;
/// use dichroic::layers::Conv2D;
/// use dichroic::model::{Input, Sequential};
/// let model = Sequential::new().add(Input::new(&[9, 9, 5])).add(Conv2D::new(56, 4)).finish()?;
/// let explained = LayerExplanation::of(&model, "conv2d")?;
/// assert_eq!(explained.weights_per_kernel, Some(16));
/// assert_eq!(explained.weights_per_filter, Some(80));
/// assert_eq!((explained.weights, explained.biases, explained.parameters), (4480, 56, 4536));
/// # Ok::<(), dichroic::explain::ExplainError>(())
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct LayerExplanation {
    /// The layer's name.
    pub layer: String,
    /// Its class.
    #[serde(rename = "type")]
    pub class_name: String,
    /// The shape of its input; a list for several.
    pub input_shape: Option<Axes>,
    /// The shape of its output.
    pub output_shape: Option<Axes>,
    /// Output channels of a convolution, each made by one filter.
    pub filters: Option<u64>,
    /// Arrays of weights that move over one channel, all filters together; of a separable convolution those of both stages.
    pub kernels: Option<u64>,
    /// Weights in one kernel; of a separable convolution in one kernel of its first stage.
    pub weights_per_kernel: Option<u64>,
    /// Weights in one filter, the bias left out; of a separable convolution in one filter of its second stage.
    pub weights_per_filter: Option<u64>,
    /// Of a separable convolution each stage by itself; empty for other layers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageExplanation>,
    /// All weights but the biases.
    pub weights: u64,
    /// The biases.
    pub biases: u64,
    /// Weights and biases.
    pub parameters: u64,
    /// How that number comes about.
    pub formula: Message,
    /// Multiply-adds for one item; `None` where a size is open.
    pub macs: Option<u64>,
    /// Each weight array with its count.
    pub terms: Vec<TermExplanation>,
    /// The convolution inside.
    pub convolution: Option<ConvolutionExplanation>,
    /// The explanation in words, one paragraph each, as [`LayerExplanation::text`] prints them.
    pub notes: Vec<Note>,
}

/// One stage of a separable convolution: `weights = kernels · weights_per_kernel = filters · weights_per_filter`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StageExplanation {
    /// `depthwise` or `pointwise`.
    pub stage: &'static str,
    /// Channels that the stage makes, each with one filter.
    pub filters: u64,
    /// Its kernels, all filters together.
    pub kernels: u64,
    /// Weights in one of its kernels.
    pub weights_per_kernel: u64,
    /// Weights in one of its filters.
    pub weights_per_filter: u64,
    /// All its weights.
    pub weights: u64,
}

/// The count of one weight array.
#[derive(Clone, Debug, Serialize)]
pub struct TermExplanation {
    /// The weight's name.
    pub weight: &'static str,
    /// The number of its values.
    pub count: u64,
    /// How that number comes about.
    pub formula: Message,
    /// Whether gradients change it.
    pub trainable: bool,
}

/// How a convolution moves and shares.
#[derive(Clone, Debug, Serialize)]
pub struct ConvolutionExplanation {
    /// Directions in which the kernel moves.
    pub rank: usize,
    /// Which kernels are tied: `none`, `across_input_channels`, `depthwise`, `grouped`, `separable`.
    pub sharing: &'static str,
    /// Channels of the input.
    pub in_channels: usize,
    /// Input channels that one filter sees.
    pub channels_per_filter: usize,
    /// Groups of channels that don't mix.
    pub groups: usize,
    /// The kernel's sides.
    pub kernel_size: Vec<usize>,
    /// Steps between neighbouring outputs (inputs, if transposed).
    pub strides: Vec<usize>,
    /// Distance between neighbouring positions under the kernel.
    pub dilation_rate: Vec<usize>,
    /// Zeros before and after each axis; cells cut off, if transposed.
    pub padding: Vec<(usize, usize)>,
    /// Whether it spreads inputs over outputs instead of gathering them.
    pub transposed: bool,
    /// What follows the sum.
    pub activation: String,
}

/// A paragraph with its heading.
#[derive(Clone, Debug, Serialize)]
pub struct Note {
    /// What it is about.
    pub about: Message,
    /// The lines.
    pub lines: Vec<Message>,
}

impl LayerExplanation {
    /// Explains the layer with this name, or path in nested models; a name that is unique inside them will do.
    ///
    /// # Errors
    /// When the model has no such layer or no input shape.
    pub fn of(model: &Model, name: &str) -> Result<Self, ExplainError> {
        let path = model.path_of(name)?;
        explain(model, model.get_layer(&path)?, &path)
    }

    /// Explains all layers that the model lists, without input layers, and the convolutions inside nested models.
    ///
    /// # Errors
    /// When the model has no input shape.
    pub fn of_all(model: &Model) -> Result<Vec<Self>, ExplainError> {
        let mut explained = Vec::new();
        for layer in model.layers().iter().filter(|layer| !layer.is_input()) {
            let name = layer.name();
            explained.push(explain(model, layer, &name)?);
            for inner in layer.model().map(convolutions).unwrap_or_default() {
                explained.push(Self::of(model, &format!("{name}/{inner}"))?);
            }
        }
        Ok(explained)
    }
}

fn explain(model: &Model, layer: &LayerRef, name: &str) -> Result<LayerExplanation, ExplainError> {
    let mut explained = LayerExplanation {
        layer: name.to_owned(),
        class_name: layer.class_name().to_owned(),
        input_shape: None,
        output_shape: None,
        filters: None,
        kernels: None,
        weights_per_kernel: None,
        weights_per_filter: None,
        stages: Vec::new(),
        weights: 0,
        biases: 0,
        parameters: 0,
        formula: Message::verbatim("0"),
        macs: Some(0),
        terms: Vec::new(),
        convolution: None,
        notes: Vec::new(),
    };
    let inputs = match layer.body() {
        Body::Input(shape) => {
            explained.output_shape = axes(std::slice::from_ref(shape));
            let line = words::input_data(shape.to_string());
            explained.notes = vec![Note { about: words::about_counts(), lines: vec![line] }];
            return Ok(explained);
        }
        _ => layer
            .built_for()
            .ok_or_else(|| ModelError::NotBuilt { model: model.name().to_owned() })?,
    };
    explained.input_shape = axes(inputs);
    match layer.body() {
        Body::Layer(kind) => explain_layer(&mut explained, kind.as_ref(), inputs)?,
        _ => {
            let nested =
                layer.built_model().ok_or_else(|| ModelError::NotBuilt { model: layer.name() })?;
            explain_model(&mut explained, nested, inputs)?;
        }
    }
    Ok(explained)
}

fn explain_layer(
    explained: &mut LayerExplanation,
    kind: &dyn Layer,
    inputs: &[Shape],
) -> Result<(), ExplainError> {
    let output = kind.output_shape(inputs)?;
    let count = kind.count(inputs)?;
    explained.output_shape = axes(std::slice::from_ref(&output));
    explained.parameters = count.total();
    explained.biases = count.terms.iter().filter(|t| t.weight == "bias").map(|t| t.total()).sum();
    explained.weights = explained.parameters - explained.biases;
    explained.formula = formula(&count);
    explained.macs = macs(kind, inputs, &output);
    explained.terms = terms(&count);
    match kind.convolution(inputs) {
        Some(convolution) => {
            let kernels = Kernels::of(&convolution, kind, inputs)?;
            explained.filters = Some(convolution.filters as u64);
            explained.kernels = Some(kernels.kernels);
            explained.weights_per_kernel = Some(kernels.per_kernel);
            explained.weights_per_filter = Some(kernels.per_filter);
            if convolution.sharing == Sharing::Separable {
                explained.stages = kernels.stages(convolution.filters as u64);
            }
            explained.convolution = Some(describe(&convolution));
            explained.notes =
                text::convolution(explained, &convolution, &kernels, (&inputs[0], &output));
        }
        None => explained.notes = other::other(explained, kind, inputs, &output),
    }
    Ok(())
}

fn explain_model(
    explained: &mut LayerExplanation,
    nested: &Model,
    inputs: &[Shape],
) -> Result<(), ExplainError> {
    explained.output_shape = axes(&nested.output_shapes_for(inputs)?);
    explained.parameters = nested.count_params();
    explained.biases = nested
        .weights()
        .iter()
        .filter(|weight| weight.spec.name == "bias")
        .map(|weight| weight.len() as u64)
        .sum();
    explained.weights = explained.parameters - explained.biases;
    explained.macs = super::cost::Costs::of(nested).macs(nested);
    let mut lines = vec![words::model_inside(nested.layers().len())];
    let mut parts = Vec::new();
    for layer in nested.layers() {
        let params = nested.count_of(layer);
        if params > 0 {
            parts.push(grouped(params));
        }
        lines.push(words::inside(layer.name(), layer.class_name(), params));
    }
    if !parts.is_empty() {
        let sum = format!("{} = {}", parts.join(" + "), grouped(explained.parameters));
        explained.formula = Message::verbatim(sum);
    }
    explained.notes = vec![Note { about: words::about_inside(), lines }];
    Ok(())
}

fn terms(count: &Count) -> Vec<TermExplanation> {
    let explained = |term: &crate::layers::Term| TermExplanation {
        weight: term.weight,
        count: term.total(),
        formula: formula(&Count { terms: vec![term.clone()] }),
        trainable: term.trainable,
    };
    count.terms.iter().map(explained).collect()
}

/// How many kernels a convolution has and how large they are.
#[derive(Clone, Copy, Debug)]
struct Kernels {
    kernels: u64,
    per_kernel: u64,
    per_filter: u64,
    /// Input channels that one filter sees; of a separable convolution the channels between its stages.
    channels: usize,
    /// Filters that each input channel has in a depthwise stage.
    multiplier: usize,
}

impl Kernels {
    /// The two stages of a separable convolution.
    fn stages(&self, filters: u64) -> Vec<StageExplanation> {
        let between = self.channels as u64;
        vec![
            StageExplanation {
                stage: "depthwise",
                filters: between,
                kernels: between,
                weights_per_kernel: self.per_kernel,
                weights_per_filter: self.per_kernel,
                weights: between * self.per_kernel,
            },
            StageExplanation {
                stage: "pointwise",
                filters,
                kernels: between * filters,
                weights_per_kernel: 1,
                weights_per_filter: between,
                weights: between * filters,
            },
        ]
    }

    fn of(
        convolution: &Convolution,
        kind: &dyn Layer,
        inputs: &[Shape],
    ) -> Result<Self, ExplainError> {
        let size = convolution.window.size.iter().map(|&side| side as u64).product::<u64>();
        let (filters, in_channels) = (convolution.filters as u64, convolution.in_channels as u64);
        Ok(match convolution.sharing {
            Sharing::None | Sharing::Grouped => {
                let channels = convolution.in_channels / convolution.groups;
                Self {
                    kernels: filters * channels as u64,
                    per_kernel: size,
                    per_filter: size * channels as u64,
                    channels,
                    multiplier: 1,
                }
            }
            Sharing::AcrossInputChannels => Self {
                kernels: filters,
                per_kernel: size,
                per_filter: size,
                channels: convolution.in_channels,
                multiplier: 1,
            },
            Sharing::Depthwise => Self {
                kernels: filters,
                per_kernel: size,
                per_filter: size,
                channels: 1,
                multiplier: convolution.filters / convolution.in_channels.max(1),
            },
            Sharing::Separable => {
                let weights = kind.weights(inputs)?;
                let multiplier = weights.first().and_then(|w| w.shape.last()).copied().unwrap_or(1);
                let middle = in_channels * multiplier as u64;
                Self {
                    kernels: middle + middle * filters,
                    per_kernel: size,
                    per_filter: middle,
                    channels: middle as usize,
                    multiplier,
                }
            }
        })
    }
}

pub(super) fn describe(convolution: &Convolution) -> ConvolutionExplanation {
    let window = &convolution.window;
    ConvolutionExplanation {
        rank: convolution.rank,
        sharing: sharing_name(convolution.sharing),
        in_channels: convolution.in_channels,
        channels_per_filter: match convolution.sharing {
            Sharing::Depthwise => 1,
            Sharing::Grouped => convolution.in_channels / convolution.groups,
            _ => convolution.in_channels,
        },
        groups: convolution.groups,
        kernel_size: window.size.clone(),
        strides: window.strides.clone(),
        dilation_rate: window.dilation_rate.clone(),
        padding: window.pad_before.iter().copied().zip(window.pad_after.iter().copied()).collect(),
        transposed: window.transposed,
        activation: convolution.activation.clone(),
    }
}

pub(super) fn sharing_name(sharing: Sharing) -> &'static str {
    match sharing {
        Sharing::None => "none",
        Sharing::AcrossInputChannels => "across_input_channels",
        Sharing::Depthwise => "depthwise",
        Sharing::Grouped => "grouped",
        Sharing::Separable => "separable",
    }
}

impl LayerExplanation {
    /// The same explanation, shown and written as JSON in a language. Field names stay as they are.
    #[must_use]
    pub fn in_language(mut self, language: Language) -> Self {
        let notes = self
            .notes
            .iter_mut()
            .flat_map(|note| std::iter::once(&mut note.about).chain(&mut note.lines));
        all_in(notes, language);
        all_in(self.terms.iter_mut().map(|term| &mut term.formula), language);
        all_in([&mut self.formula], language);
        self
    }

    /// The explanation as text: a title, then a paragraph for each note.
    pub fn text(&self) -> String {
        let shape = |axes: &Option<Axes>| axes.as_ref().map_or_else(|| "?".to_owned(), Axes::text);
        let mut text = format!("{} ({})", self.layer, self.class_name);
        text += &match &self.input_shape {
            Some(_) => format!(": {} → {}\n", shape(&self.input_shape), shape(&self.output_shape)),
            None => format!(": {}\n", shape(&self.output_shape)),
        };
        for note in &self.notes {
            text += &format!("\n  {}\n", note.about);
            for line in &note.lines {
                text += &format!("    {line}\n");
            }
        }
        text
    }
}

/// The kernel's sides in words: `5×5`.
fn sides(convolution: &Convolution) -> String {
    sizes(&convolution.window.size)
}
