//! The summary of a model as data: one row for each layer, and the totals.

mod keras2;
mod keras3;
mod table;

use serde::{Serialize, Serializer};

use super::axes::{Axes, axes};
use super::cost::Costs;
use super::message::words::summary as words;
use super::message::{Language, Message, all_in};
use crate::layers::grouped;
use crate::model::{Body, Kind, LayerRef, Model, ModelCall};

/// A model's layers and totals, to be rendered in the forms of Keras or as JSON.
///
/// ```
/// use dichroic::explain::{Style, Summary, SummaryOptions};
/// use dichroic::layers::Conv2D;
/// use dichroic::model::{Input, Sequential};
/// let model = Sequential::new().add(Input::new(&[9, 9, 5])).add(Conv2D::new(56, 4)).finish()?;
/// let text = Summary::of(&model, None).render(Style::Keras3, &SummaryOptions::default())?;
/// assert!(text.contains("│ conv2d (Conv2D)                 │ (None, 6, 6, 56)       │         4,536 │"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The model's name.
    pub name: String,
    /// Parameters of all kinds, those of the optimizer included where they are known.
    pub total_params: u64,
    /// Parameters that training changes.
    pub trainable_params: u64,
    /// Parameters that it does not.
    pub non_trainable_params: u64,
    /// Values the optimizer keeps, if it has been built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optimizer_params: Option<u64>,
    /// Multiply-adds for one item; `None` where a size is open.
    pub macs: Option<u64>,
    /// Bytes of all outputs for one item.
    pub activation_bytes: Option<u64>,
    /// The layers that Keras lists.
    pub layers: Vec<Row>,
    /// Whether the layers form a chain, so that connections need no column.
    #[serde(skip)]
    pub chain: bool,
    #[serde(skip)]
    language: Language,
}

/// One layer.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The layer's name.
    pub name: String,
    /// Its class.
    #[serde(rename = "type")]
    pub class_name: String,
    /// The shape of its input; a list of shapes for several.
    pub input_shape: Option<Axes>,
    /// The shape of its output; a list of shapes for several.
    pub output_shape: Option<Axes>,
    /// Its parameters.
    pub params: u64,
    /// How that number comes about.
    pub formula: Message,
    /// Multiply-adds for one item.
    pub macs: Option<u64>,
    /// Bytes of the output for one item.
    pub activation_bytes: Option<u64>,
    /// Positions of the model's input that one output value sees, along each spatial axis.
    pub receptive_field: Option<Vec<u64>>,
    /// Positions of the model's input between neighbouring outputs, along each spatial axis; none where the whole input is seen.
    pub output_stride: Option<Strides>,
    /// Whether it is trained; `None` without weights.
    pub trainable: Option<bool>,
    /// Where its inputs come from.
    pub connected_to: Vec<Connection>,
    /// Whether its weights exist.
    pub built: bool,
    /// The layers inside, for a model used as a layer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<Row>,
    /// Whether its calls have the same output shapes.
    #[serde(skip)]
    pub same_outputs: bool,
}

/// Distances along each axis; whole ones are written without a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Strides(pub Vec<f64>);

impl Serialize for Strides {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = |stride: &f64| match stride.fract() == 0.0 {
            true => serde_json::Value::from(*stride as u64),
            false => serde_json::Value::from(*stride),
        };
        self.0.iter().map(number).collect::<Vec<_>>().serialize(serializer)
    }
}

/// A value that a layer reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// The layer that makes it.
    pub layer: String,
    /// Which call of that layer.
    pub call: usize,
    /// Which output of that call.
    pub output: usize,
}

impl std::fmt::Display for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}[{}][{}]", self.layer, self.call, self.output)
    }
}

/// The form of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Current Keras: boxes.
    #[default]
    Keras3,
    /// Keras before 2.3: rules of `_` and `=`.
    Keras2,
}

/// A column beside those of Keras.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// How the parameter count comes about.
    Formula,
    /// Multiply-adds for one item.
    Macs,
    /// Floating-point operations for one item: two for each multiply-add.
    Flops,
    /// Memory of the output for one item.
    Memory,
    /// Input positions that one output sees.
    ReceptiveField,
    /// Input positions between neighbouring outputs.
    OutputStride,
}

impl Column {
    /// All columns with the names that `--columns` takes.
    pub const NAMES: [(&'static str, Column); 6] = [
        ("formula", Column::Formula),
        ("macs", Column::Macs),
        ("flops", Column::Flops),
        ("memory", Column::Memory),
        ("receptive_field", Column::ReceptiveField),
        ("output_stride", Column::OutputStride),
    ];

    /// The column of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, column)| *column)
    }

    fn header(self) -> Message {
        match self {
            Self::Formula => words::formula(),
            Self::Macs => words::multiply_adds(),
            Self::Flops => words::flops(),
            Self::Memory => words::activations(),
            Self::ReceptiveField => words::receptive_field(),
            Self::OutputStride => words::output_stride(),
        }
    }

    fn text(self, row: &Row) -> String {
        let unknown = || "?".to_owned();
        match self {
            Self::Formula => row.formula.to_string(),
            Self::Macs => row.macs.map_or_else(unknown, grouped),
            Self::Flops => row.macs.map_or_else(unknown, |macs| grouped(macs.saturating_mul(2))),
            Self::Memory => row.activation_bytes.map_or_else(unknown, memory),
            Self::ReceptiveField => {
                row.receptive_field.as_ref().map_or_else(unknown, |sizes| times(sizes))
            }
            Self::OutputStride => row.output_stride.as_ref().map_or_else(unknown, |s| times(&s.0)),
        }
    }
}

/// How a summary is written.
#[derive(Clone, Debug, Default)]
pub struct SummaryOptions {
    /// The total width; 76 columns at most in the Keras 3 form, or 65 and 98 in the other, if unset.
    pub line_length: Option<usize>,
    /// Where columns end, relative to the width.
    pub positions: Option<Vec<f64>>,
    /// The width of the terminal; 80 if unset, as in a file.
    pub terminal_columns: Option<usize>,
    /// Whether the layers of nested models get rows.
    pub expand_nested: bool,
    /// Whether a column says what is trained.
    pub show_trainable: bool,
    /// Only the layers from the first to the second name, as in Keras: the beginnings of names.
    pub layer_range: Option<(String, String)>,
    /// Further columns; with any, columns are as wide as their texts.
    pub columns: Vec<Column>,
    /// Whether numbers, classes and titles are coloured as Keras colours them in a terminal.
    pub color: Color,
}

/// Whether a text carries terminal colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// Plain text.
    #[default]
    Plain,
    /// Codes of the 256-colour palette.
    Ansi,
}

/// Why a summary can't be written.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SummaryError {
    /// A column would have less than four places.
    #[error(
        "a summary of {columns} columns needs more than {line_length} places; give a larger line_length"
    )]
    TooNarrow {
        /// The number of columns.
        columns: usize,
        /// The width given.
        line_length: usize,
    },
    /// No layer has the name of an end of the range.
    #[error("layer_range: no layer's name begins with {name:?}")]
    Range {
        /// The name given.
        name: String,
    },
}

impl Summary {
    /// The summary of a model; `optimizer_params` counts the values of a built optimizer, which Keras adds to the total.
    pub fn of(model: &Model, optimizer_params: Option<u64>) -> Self {
        let costs = Costs::of(model);
        let (total, trainable) = (model.count_params(), model.count_trainable());
        Self {
            name: model.name().to_owned(),
            total_params: total.saturating_add(optimizer_params.unwrap_or(0)),
            trainable_params: trainable,
            non_trainable_params: total - trainable,
            optimizer_params,
            macs: costs.macs(model),
            activation_bytes: costs.activation_bytes(model),
            layers: rows(model, model, &costs),
            chain: is_chain(model),
            language: Language::default(),
        }
    }

    /// The same summary, shown and written as JSON in a language. What Keras prescribes stays in Keras's words, and
    /// field names as they are.
    #[must_use]
    pub fn in_language(mut self, language: Language) -> Self {
        self.layers.iter_mut().for_each(|row| row.speak(language));
        self.language = language;
        self
    }

    /// The text in one of Keras's forms, each line ended.
    ///
    /// # Errors
    /// When the width is too small, or the range names no layer.
    pub fn render(&self, style: Style, options: &SummaryOptions) -> Result<String, SummaryError> {
        match style {
            Style::Keras3 => keras3::render(self, options),
            Style::Keras2 => keras2::render(self, options),
        }
    }

    /// The rows within the range, with those of nested models if wanted, each with its depth.
    fn shown(&self, options: &SummaryOptions) -> Result<Vec<(usize, &Row)>, SummaryError> {
        let rows = match &options.layer_range {
            None => &self.layers[..],
            Some((from, to)) => {
                let place = |name: &String, last: bool| {
                    let mut found = self
                        .layers
                        .iter()
                        .enumerate()
                        .filter(|(_, row)| row.name.starts_with(name.as_str()));
                    let found = if last { found.next_back() } else { found.next() };
                    found
                        .map(|(index, _)| index)
                        .ok_or_else(|| SummaryError::Range { name: name.clone() })
                };
                let (first, last) = (place(from, false)?, place(to, true)?);
                match first <= last {
                    true => &self.layers[first..=last],
                    // Names in the wrong order give the range between them.
                    false => &self.layers[place(to, false)?..=place(from, true)?],
                }
            }
        };
        let mut shown = Vec::new();
        for row in rows {
            add(row, 0, options.expand_nested, &mut shown);
        }
        Ok(shown)
    }
}

impl Row {
    fn speak(&mut self, language: Language) {
        all_in([&mut self.formula], language);
        self.layers.iter_mut().for_each(|inner| inner.speak(language));
    }
}

fn add<'a>(row: &'a Row, depth: usize, nested: bool, shown: &mut Vec<(usize, &'a Row)>) {
    shown.push((depth, row));
    if nested {
        row.layers.iter().for_each(|inner| add(inner, depth + 1, nested, shown));
    }
}

fn rows(outer: &Model, model: &Model, costs: &Costs) -> Vec<Row> {
    model.layers().iter().map(|layer| row(outer, model, layer, costs)).collect()
}

fn row(outer: &Model, model: &Model, layer: &LayerRef, costs: &Costs) -> Row {
    let cost = costs.get(layer);
    let mut calls: Vec<&ModelCall> =
        model.calls().iter().filter(|call| model.layer_of(call) == layer).collect();
    calls.sort_by_key(|call| call.call_index());
    let weights = outer.weights_of(layer);
    let params = outer.count_of(layer);
    let inner = match layer.body() {
        Body::Model(nested) => rows(outer, layer.built_model().unwrap_or(nested), costs),
        _ => Vec::new(),
    };
    let field = cost.and_then(|cost| cost.field.as_ref());
    Row {
        name: layer.name(),
        class_name: layer.class_name().to_owned(),
        input_shape: calls.first().and_then(|call| axes(&call.input_shapes())),
        output_shape: calls.last().and_then(|call| axes(call.output_shapes())),
        params,
        formula: formula(layer, &inner, params),
        macs: cost.and_then(|cost| cost.macs),
        activation_bytes: cost.and_then(|cost| cost.activation_bytes),
        receptive_field: field.and_then(|field| field.sizes()),
        output_stride: field.map(|f| Strides(f.strides().to_vec())),
        trainable: (!weights.is_empty()).then(|| layer.trainable()),
        connected_to: connections(&calls),
        built: !calls.is_empty() || crate::model::built_when_made(layer.class_name()),
        layers: inner,
        same_outputs: calls
            .windows(2)
            .all(|pair| pair[0].output_shapes() == pair[1].output_shapes()),
    }
}

/// The derivation of a layer's count; for a model, the sum over its layers.
fn formula(layer: &LayerRef, inner: &[Row], params: u64) -> Message {
    match layer.body() {
        Body::Input(_) => Message::verbatim("0"),
        Body::Layer(kind) => match layer.built_for().map(|inputs| kind.count(inputs)) {
            Some(Ok(count)) => super::message::formula(&count),
            _ => Message::verbatim("?"),
        },
        Body::Model(_) => {
            let parts: Vec<String> =
                inner.iter().filter(|row| row.params > 0).map(|row| grouped(row.params)).collect();
            Message::verbatim(match parts.len() {
                0 => "0".to_owned(),
                _ => format!("{} = {}", parts.join(" + "), grouped(params)),
            })
        }
    }
}

fn connections(calls: &[&ModelCall]) -> Vec<Connection> {
    let inputs = calls.iter().flat_map(|call| call.symbols());
    inputs
        .map(|symbol| Connection {
            layer: symbol.layer().name(),
            call: symbol.call_index(),
            output: symbol.output_index(),
        })
        .collect()
}

/// Whether Keras lists the layers without their connections.
fn is_chain(model: &Model) -> bool {
    if model.kind() == Kind::Sequential {
        return true;
    }
    let mut depths = std::collections::HashSet::new();
    let mut layers = std::collections::HashSet::new();
    model.calls().iter().all(|call| {
        call.inputs.len() <= 1 && depths.insert(call.depth) && layers.insert(call.layer)
    })
}

/// A number of bytes in the largest unit that leaves at least 1: `9.50 KB`.
pub(super) fn memory(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "KB", "MB", "GB", "TB"] {
        if size < 1024.0 {
            return format!("{size:.2} {unit}");
        }
        size /= 1024.0;
    }
    format!("{size:.2} PB")
}

fn times<T: ToString>(sizes: &[T]) -> String {
    if sizes.is_empty() {
        return "-".to_owned();
    }
    sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join("×")
}
