//! Ops on shaped values, in the order in which they can run.

use std::sync::Arc;

use dichroic_kernels::tensor::{Tensor, element_count};
use smallvec::SmallVec;

use crate::error::GraphError;
use crate::operation::Operation;
use crate::ops::Op;
use crate::parameters::ParameterId;
use crate::shape::Shape;

/// A value of a graph. It stays the same through gradients and passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub(crate) u32);

impl ValueId {
    /// The number of the value in its graph, counted from 0.
    pub fn number(self) -> usize {
        self.index()
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Given at each run; the number counts the inputs.
    Input {
        /// The position among the graph's inputs.
        position: usize,
        /// The input's name, for errors.
        name: Arc<str>,
    },
    /// A weight, held by [`crate::Parameters`].
    Parameter(ParameterId),
    /// Known when the graph is built.
    Constant(Arc<Tensor>),
    /// The output of a node.
    Node,
}

/// Whether a node computes the model or its gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Added by a caller.
    Forward,
    /// Added by [`Graph::gradients`].
    Backward,
}

/// How convolutions and matrix products take their operands; sums are `f32` always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// As they are, in `f32`.
    #[default]
    Full,
    /// Rounded to bfloat16, where that is faster.
    Bf16,
}

/// An op with the values it reads and makes.
#[derive(Clone, Debug)]
pub struct Node {
    /// The op.
    pub op: Op,
    /// The values it reads.
    pub inputs: SmallVec<[ValueId; 4]>,
    /// The values it makes.
    pub outputs: SmallVec<[ValueId; 2]>,
    /// The layer it belongs to; empty outside layers.
    pub scope: Arc<str>,
    /// Model or gradient.
    pub phase: Phase,
    /// How it takes its operands; a gradient takes them as the node that it belongs to.
    pub precision: Precision,
}

#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) shape: Shape,
    pub(crate) source: Source,
}

/// Ops on shaped values.
///
/// Nodes stand in an order in which they can run: a node reads only what stands before it.
#[derive(Clone, Debug)]
pub struct Graph {
    pub(crate) values: Vec<Value>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) inputs: Vec<ValueId>,
    pub(crate) updates: Vec<(ParameterId, ValueId)>,
    pub(crate) phase: Phase,
    pub(crate) scope: Arc<str>,
    pub(crate) precision: Precision,
    random_ops: u32,
}

impl Default for Graph {
    fn default() -> Self {
        Self::new()
    }
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self {
            values: Vec::new(),
            nodes: Vec::new(),
            inputs: Vec::new(),
            updates: Vec::new(),
            phase: Phase::Forward,
            scope: Arc::from(""),
            precision: Precision::Full,
            random_ops: 0,
        }
    }

    /// Names the layer that the nodes added from now on belong to.
    pub fn scope(&mut self, name: &str) {
        self.scope = Arc::from(name);
    }

    /// Sets how the nodes added from now on take their operands.
    pub fn precision(&mut self, precision: Precision) {
        self.precision = precision;
    }

    /// A value given at each run, at the next input position.
    pub fn input(&mut self, name: &str, shape: Shape) -> ValueId {
        let position = self.inputs.len();
        let value = self.push(shape, Source::Input { position, name: Arc::from(name) });
        self.inputs.push(value);
        value
    }

    /// The value of a parameter.
    pub fn parameter(&mut self, id: ParameterId, shape: Shape) -> ValueId {
        self.push(shape, Source::Parameter(id))
    }

    /// A value known now.
    pub fn constant(&mut self, tensor: Tensor) -> ValueId {
        self.push(Shape::new(tensor.shape()), Source::Constant(Arc::new(tensor)))
    }

    /// A constant of rank 0.
    pub fn scalar(&mut self, value: f32) -> ValueId {
        self.constant(Tensor::scalar(value))
    }

    /// Adds an op with one output.
    ///
    /// # Errors
    /// When the op can't take the shapes of its inputs.
    pub fn add(&mut self, op: impl Into<Op>, inputs: &[ValueId]) -> Result<ValueId, GraphError> {
        self.add_multi(op, inputs).map(|outputs| outputs[0])
    }

    /// Adds an op; returns all its outputs (at least one).
    ///
    /// # Errors
    /// When the op can't take the shapes of its inputs, or gives more values than can be addressed.
    pub fn add_multi(
        &mut self,
        op: impl Into<Op>,
        inputs: &[ValueId],
    ) -> Result<SmallVec<[ValueId; 2]>, GraphError> {
        let op = op.into();
        let shapes = op.infer(&self.shapes(inputs))?;
        // Each op checks its own arithmetic; that every value can be addressed is checked here, once for all.
        if let Some(shape) = shapes.iter().find(|shape| element_count(shape).is_err()) {
            let what = format!("{} gives a value of shape {shape}", op.name());
            return Err(GraphError::TooLarge { what });
        }
        let outputs: SmallVec<[ValueId; 2]> =
            shapes.into_iter().map(|shape| self.push(shape, Source::Node)).collect();
        self.nodes.push(Node {
            op,
            inputs: SmallVec::from_slice(inputs),
            outputs: outputs.clone(),
            scope: self.scope.clone(),
            phase: self.phase,
            precision: self.precision,
        });
        Ok(outputs)
    }

    /// The shape of a value.
    pub fn shape(&self, value: ValueId) -> &Shape {
        &self.values[value.index()].shape
    }

    /// Where a value comes from.
    pub fn source(&self, value: ValueId) -> &Source {
        &self.values[value.index()].source
    }

    /// The nodes in their order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The values given at each run, in order.
    pub fn inputs(&self) -> &[ValueId] {
        &self.inputs
    }

    /// After each run the parameter behind `parameter` takes `value` (moving statistics).
    ///
    /// Values that are not parameters are left as they are.
    pub fn update(&mut self, parameter: ValueId, value: ValueId) {
        if let Source::Parameter(id) = self.values[parameter.index()].source {
            self.updates.push((id, value));
        }
    }

    /// A number that tells this graph's random ops apart, so that each draws its own numbers.
    pub fn next_random_op(&mut self) -> u32 {
        self.random_ops += 1;
        self.random_ops
    }

    pub(crate) fn shapes(&self, values: &[ValueId]) -> SmallVec<[&Shape; 4]> {
        values.iter().map(|&value| self.shape(value)).collect()
    }

    pub(crate) fn push(&mut self, shape: Shape, source: Source) -> ValueId {
        let id = u32::try_from(self.values.len()).expect("a graph has fewer than 2^32 values");
        self.values.push(Value { shape, source });
        ValueId(id)
    }
}
