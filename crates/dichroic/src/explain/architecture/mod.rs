//! A model as nodes and edges to be drawn, with the parts that belong together.

mod blocks;
mod groups;
mod level;
mod names;
mod walk;

use serde::Serialize;

use super::layer::ConvolutionExplanation;
use super::message::all_in;
use super::summary::Strides;
use super::{Costs, ExplainError, Language, Message};
use crate::model::Model;

/// Every call of every layer, what goes where, and which calls belong together.
///
/// Nested models are spread out: their layers are nodes, and each call of a nested model is a group. Shapes leave out the
/// batch.
///
/// ```
/// use dichroic::applications::{Options, by_name};
/// use dichroic::explain::Architecture;
/// let resnet = Architecture::of(&by_name("ResNet50", &Options::default())?)?;
/// let block = resnet.groups.iter().find(|group| group.name == "conv3_block1").unwrap();
/// let stage = &resnet.groups[block.parent.unwrap()];
/// assert_eq!((stage.name.as_str(), resnet.totals.parameters), ("conv3", 25_636_712));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Architecture {
    /// The whole model in numbers, as its summary has them.
    pub totals: Totals,
    /// The calls in the order of running.
    pub nodes: Vec<Node>,
    /// The values that nodes read.
    pub edges: Vec<Edge>,
    /// Nodes that belong together, outer groups before those inside.
    pub groups: Vec<Group>,
}

/// A whole model in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// All parameters, those of a layer that is called several times once.
    pub parameters: u64,
    /// Parameters that training changes.
    pub trainable: u64,
    /// Parameters that it does not.
    pub non_trainable: u64,
    /// Multiply-adds for one item; `None` where a size is open.
    pub macs: Option<u64>,
    /// Bytes of all layers' outputs for one item, 4 for each value.
    pub activation_bytes: Option<u64>,
}

/// One call of a layer.
#[derive(Clone, Debug, Serialize)]
pub struct Node {
    /// Its place among the nodes.
    pub index: usize,
    /// The layer's path: `backbone/conv2d`.
    pub layer: String,
    /// The layer's own name.
    pub name: String,
    /// Its class.
    #[serde(rename = "type")]
    pub class_name: String,
    /// The shape of what it reads, of the first of several; `None` for an input.
    pub input_shape: Option<Vec<Option<usize>>>,
    /// The shape of what it makes.
    pub output_shape: Option<Vec<Option<usize>>>,
    /// The layer's parameters, at each of its calls.
    pub parameters: u64,
    /// How that number comes about.
    pub formula: Message,
    /// Multiply-adds of this call for one item.
    pub macs: Option<u64>,
    /// Bytes of this call's output for one item.
    pub activation_bytes: Option<u64>,
    /// Positions of the model's input that one output value sees, along each spatial axis.
    pub receptive_field: Option<Vec<u64>>,
    /// Positions of the model's input between neighbouring outputs.
    pub output_stride: Option<Strides>,
    /// Whether it is trained, frozen models around it counted; `None` without weights.
    pub trainable: Option<bool>,
    /// The convolution inside.
    pub convolution: Option<NodeConvolution>,
    /// The innermost group that it belongs to.
    pub group: Option<usize>,
}

/// How the convolution of a node moves and shares, and what it makes.
#[derive(Clone, Debug, Serialize)]
pub struct NodeConvolution {
    /// How it moves and shares.
    #[serde(flatten)]
    pub how: ConvolutionExplanation,
    /// Output channels, each made by one filter.
    pub filters: usize,
    /// Whether each filter adds a bias.
    pub bias: bool,
}

/// A value that goes from one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Edge {
    /// The node that makes it.
    pub from: usize,
    /// The node that reads it.
    pub to: usize,
}

/// Nodes that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its place among the groups.
    pub id: usize,
    /// What the nodes' names have in common, or the name of the model or the layer that stands for it.
    pub name: String,
    /// What holds it together.
    pub kind: GroupKind,
    /// The group around it.
    pub parent: Option<usize>,
    /// Nodes directly inside, those of groups inside left out.
    pub nodes: Vec<usize>,
    /// Parameters of all layers inside, each once.
    pub parameters: u64,
    /// Multiply-adds of all nodes inside.
    pub macs: Option<u64>,
}

/// What holds a group together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// One call of a nested model.
    Model,
    /// What lies between the place where a value goes several ways and the layer that joins them: residual and
    /// inception blocks.
    Block,
    /// Layers or blocks one after the other whose names begin alike, or a sequence of classes that comes again.
    Chain,
}

impl Architecture {
    /// Follows the model's calls from its inputs.
    ///
    /// # Errors
    /// When the model has no input shape or more than 100,000 calls.
    pub fn of(model: &Model) -> Result<Self, ExplainError> {
        let mut walked = walk::walk(model)?;
        let groups = groups::groups(model, &mut walked);
        let costs = Costs::of(model);
        let (parameters, trainable) = (model.count_params(), model.count_trainable());
        let totals = Totals {
            parameters,
            trainable,
            non_trainable: parameters - trainable,
            macs: costs.macs(model),
            activation_bytes: costs.activation_bytes(model),
        };
        Ok(Self { totals, nodes: walked.nodes, edges: walked.edges, groups })
    }

    /// The same architecture with its formulas in a language.
    #[must_use]
    pub fn in_language(mut self, language: Language) -> Self {
        all_in(self.nodes.iter_mut().map(|node| &mut node.formula), language);
        self
    }
}

#[cfg(test)]
mod tests;
