//! What goes into and comes out of an imported model, in the words of its file.

use std::collections::{HashMap, HashSet};

use dichroic::Shape;
use onnx_rs::ast::{DataType, Dimension, Graph, TypeValue, ValueInfo};

use super::{Array, ElementType, Entry, Order, Variable};
use crate::error::{Located, Problem};
use crate::onnx::OnnxOptions;

/// An input or output of an imported model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The name in the file.
    pub name: String,
    /// The shape in the file's order; `None` where any size will do. A first axis of known size is a batch that
    /// the file fixes.
    pub shape: Vec<Option<usize>>,
    /// Which axis of the file lies at each place of the model's array: `[0, 2, 3, 1]` for a picture
    /// that is `(batch, channels, height, width)` in the file.
    pub order: Vec<usize>,
    /// The type in the file; the model's array is `f32`.
    pub element_type: ElementType,
}

impl Port {
    /// A port for a value of the model.
    pub(super) fn of(name: &str, variable: &Variable) -> Self {
        let size = |entry: Entry| entry.known().and_then(|size| usize::try_from(size).ok());
        Self {
            name: name.to_owned(),
            shape: variable.sizes().into_iter().map(size).collect(),
            order: variable.order.places().to_vec(),
            element_type: variable.element,
        }
    }
}

/// The values for an input that is no input of the model: known before.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownInput {
    /// The shape, in the file's order.
    pub shape: Vec<usize>,
    /// The type in the file.
    pub element_type: ElementType,
    /// The values; exact for whole numbers up to 2⁵³.
    pub values: Vec<f64>,
}

impl KnownInput {
    pub(super) fn array(&self) -> Result<Array<'static>, Located> {
        let len = self.shape.iter().try_fold(1usize, |len, &size| len.checked_mul(size));
        if len != Some(self.values.len()) {
            let expected = format!("values for the shape {:?}", self.shape);
            return Err(Problem::malformed(expected, self.values.len()).into());
        }
        Ok(match self.element_type.is_float() {
            true => {
                let values = self.values.iter().map(|&value| value as f32).collect();
                Array::floats(self.shape.clone(), self.element_type, values)
            }
            false => {
                let values = self.values.iter().map(|&value| value as i64).collect();
                Array::whole(self.shape.clone(), self.element_type, values)
            }
        })
    }
}

/// What the first axis of an input becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Batch {
    /// Any number of items, where the file says 1 or gives a name.
    Open,
    /// What the file says; 1 where it gives a name.
    Fixed,
}

/// An input as the file declares it.
#[derive(Debug)]
pub(super) struct Declared {
    pub sizes: Vec<Option<usize>>,
    /// The name of each axis: the file's, or one that no other input has.
    pub names: Vec<String>,
    pub element: ElementType,
}

impl Declared {
    /// The declaration of an input, with the sizes that the user gives.
    pub fn of(info: &ValueInfo<'_>, given: &HashMap<String, Vec<usize>>) -> Result<Self, Located> {
        let Some(TypeValue::Tensor(tensor)) = info.r#type.as_ref().and_then(|t| t.value.as_ref())
        else {
            return Err(unsupported(
                "an input that is no array",
                "export the model with arrays as inputs",
            ));
        };
        let element = ElementType::of(match tensor.elem_type {
            DataType::Undefined => DataType::Float,
            known => known,
        })?;
        let declared: Option<Vec<Option<usize>>> = tensor
            .shape
            .as_ref()
            .map(|shape| shape.dim.iter().map(|dim| size(&dim.value)).collect());
        let sizes = match (given.get(info.name), declared) {
            (None, Some(declared)) => declared,
            (Some(given), None) => given.iter().copied().map(Some).collect(),
            (Some(given), Some(declared)) => agreed(given, &declared)?,
            (None, None) => {
                let fix = format!("give one with --input {}=1x3x224x224", info.name);
                return Err(unsupported("an input without a shape", &fix));
            }
        };
        let named = tensor.shape.as_ref().map_or(&[][..], |shape| &shape.dim);
        let name = |axis: usize| match named.get(axis).map(|dim| &dim.value) {
            Some(Dimension::Param(name)) if !name.is_empty() => (*name).to_owned(),
            _ => format!("{} {axis}", info.name),
        };
        let names = (0..sizes.len()).map(name).collect();
        Ok(Self { sizes, names, element })
    }

    /// Takes the sizes of one item, in the order of memory.
    pub fn suit(&mut self, sample: &[usize], order: &Order) -> Result<(), Located> {
        let axes = order.places().get(1..).unwrap_or_default();
        let suits = sample.len() == axes.len()
            && sample.iter().zip(axes).all(|(&g, &axis)| self.sizes[axis].is_none_or(|d| d == g));
        if !suits {
            let declared: Vec<_> = axes.iter().map(|&axis| self.sizes[axis]).collect();
            let expected = format!("sizes of one item like {declared:?}");
            return Err(Problem::malformed(expected, format!("{sample:?}")).into());
        }
        for (&size, &axis) in sample.iter().zip(axes) {
            self.sizes[axis] = Some(size);
        }
        Ok(())
    }

    /// The shape in memory.
    pub fn shape(&self, order: &Order, batch: Batch) -> Shape {
        let size = |&axis: &usize| match (axis, batch, self.sizes[axis]) {
            (0, Batch::Open, None | Some(1)) => None,
            (0, Batch::Fixed, size) => Some(size.unwrap_or(1)),
            (_, _, size) => size,
        };
        Shape::new(order.places().iter().map(size).collect::<Vec<_>>())
    }
}

/// A declared size; names, 0 and -1 stand for any.
fn size(dimension: &Dimension<'_>) -> Option<usize> {
    match dimension {
        Dimension::Value(size) => usize::try_from(*size).ok().filter(|&size| size > 0),
        Dimension::Param(_) => None,
    }
}

fn agreed(given: &[usize], declared: &[Option<usize>]) -> Result<Vec<Option<usize>>, Located> {
    let suits = given.len() == declared.len()
        && given.iter().zip(declared).skip(1).all(|(g, d)| d.is_none_or(|d| d == *g));
    if suits {
        return Ok(given.iter().copied().map(Some).collect());
    }
    Err(Problem::malformed(format!("sizes like the file's {declared:?}"), format!("{given:?}"))
        .into())
}

fn unsupported(what: &str, fix: &str) -> Located {
    Problem::Unsupported { what: what.to_owned(), fix: fix.to_owned() }.into()
}

/// What to say about inputs whose sizes the file leaves open, the batch apart; `None` if there are none.
pub(super) fn sizes_to_give(graph: &Graph<'_>, options: &OnnxOptions) -> Option<String> {
    let weights: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name()).collect();
    let inputs: Vec<&ValueInfo<'_>> = graph
        .input
        .iter()
        .filter(|info| {
            !weights.contains(info.name) && !options.known_inputs.contains_key(info.name)
        })
        .collect();
    if options.sample_shape.is_some() {
        return None;
    }
    let open = |info: &&ValueInfo<'_>| {
        let declared = Declared::of(info, &options.input_shapes).ok()?;
        let axes = declared.sizes.get(1..)?;
        axes.contains(&None).then_some((info.name.to_owned(), declared))
    };
    let found: Vec<(String, Declared)> = inputs.iter().filter_map(open).collect();
    match (&found[..], inputs.len()) {
        ([], _) => None,
        ([(name, declared)], 1) => {
            let order = order_of(name, declared.sizes.len(), graph);
            let axes = order.places().get(1..).unwrap_or_default();
            let usual = |&axis: &usize| declared.sizes[axis].unwrap_or(224).to_string();
            let sizes: Vec<String> = axes.iter().map(usual).collect();
            Some(format!(
                "give the sizes that the file leaves open, such as --input {}",
                sizes.join(",")
            ))
        }
        (open, _) => {
            let names: Vec<&str> = open.iter().map(|(name, _)| name.as_str()).collect();
            Some(format!(
                "export the model with the sizes of its inputs {} fixed",
                names.join(", ")
            ))
        }
    }
}

/// How an input's axes lie in memory: channels last if the first that reads it looks along space.
pub(super) fn order_of(name: &str, rank: usize, graph: &Graph<'_>) -> Order {
    if rank >= 3 && read_by_convolutions(name, graph) {
        Order::channels_last(rank)
    } else {
        Order::plain(rank)
    }
}

/// Operators that need channels last.
const SPATIAL: [&str; 18] = [
    "AveragePool",
    "BatchNormalization",
    "Conv",
    "ConvInteger",
    "ConvTranspose",
    "DepthToSpace",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "GridSample",
    "InstanceNormalization",
    "LRN",
    "LpPool",
    "MaxPool",
    "QLinearConv",
    "Resize",
    "RoiAlign",
    "SpaceToDepth",
    "Upsample",
];

/// Operators that leave every axis what it is, through which one can look ahead.
const ALIKE: [&str; 24] = [
    "Abs",
    "Add",
    "Cast",
    "Clip",
    "Concat",
    "DequantizeLinear",
    "Div",
    "Dropout",
    "DynamicQuantizeLinear",
    "Exp",
    "Identity",
    "LeakyRelu",
    "Log",
    "Max",
    "Min",
    "Mul",
    "Pad",
    "QuantizeLinear",
    "Relu",
    "Sigmoid",
    "Slice",
    "Split",
    "Sub",
    "Tanh",
];

fn read_by_convolutions(name: &str, graph: &Graph<'_>) -> bool {
    // A set: a list would be searched for each of a file's hundred thousand nodes.
    let mut names = HashSet::from([name]);
    for node in &graph.node {
        if !node.input.iter().any(|input| names.contains(input)) {
            continue;
        }
        let op = node.op_type.as_str();
        if SPATIAL.contains(&op) {
            return true;
        }
        if ALIKE.contains(&op) {
            names.extend(&node.output);
        }
    }
    false
}
