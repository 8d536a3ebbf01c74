//! Short names for the ops that losses are made of.

use dichroic_graph::kernels::elementwise::{Binary as BinaryKind, Unary as Function};
use dichroic_graph::ops::{Binary, Reduce, Reshape, Unary};
use dichroic_graph::{Graph, GraphError, Op, Shape, ValueId};

/// A graph that a loss is added to.
#[derive(Debug)]
pub(crate) struct Emit<'a>(pub(crate) &'a mut Graph);

impl Emit<'_> {
    pub(crate) fn add(
        &mut self,
        op: impl Into<Op>,
        inputs: &[ValueId],
    ) -> Result<ValueId, GraphError> {
        self.0.add(op, inputs)
    }

    pub(crate) fn unary(&mut self, function: Function, x: ValueId) -> Result<ValueId, GraphError> {
        self.add(Unary(function), &[x])
    }

    pub(crate) fn binary(
        &mut self,
        kind: BinaryKind,
        a: ValueId,
        b: ValueId,
    ) -> Result<ValueId, GraphError> {
        self.add(Binary { kind }, &[a, b])
    }

    /// `scale · x + offset`
    pub(crate) fn affine(
        &mut self,
        x: ValueId,
        scale: f64,
        offset: f64,
    ) -> Result<ValueId, GraphError> {
        self.unary(Function::Affine { scale: scale as f32, offset: offset as f32 }, x)
    }

    pub(crate) fn clip(&mut self, x: ValueId, min: f64, max: f64) -> Result<ValueId, GraphError> {
        self.unary(Function::Clip { min: min as f32, max: max as f32 }, x)
    }

    pub(crate) fn sum_last(&mut self, x: ValueId) -> Result<ValueId, GraphError> {
        let axis = self.last_axis(x);
        self.add(Reduce::sum(axis), &[x])
    }

    pub(crate) fn mean_last(&mut self, x: ValueId) -> Result<ValueId, GraphError> {
        let axis = self.last_axis(x);
        self.add(Reduce::mean(axis), &[x])
    }

    /// The sum of all values, of rank 0.
    pub(crate) fn sum_all(&mut self, x: ValueId) -> Result<ValueId, GraphError> {
        let axes = (0..self.0.shape(x).len()).collect();
        self.add(Reduce::sum(axes), &[x])
    }

    pub(crate) fn reshape(&mut self, x: ValueId, axes: &[usize]) -> Result<ValueId, GraphError> {
        self.add(Reshape { shape: Shape::new(axes) }, &[x])
    }

    /// The size of the last axis.
    pub(crate) fn classes(&self, x: ValueId) -> usize {
        self.0.shape(x).last_axis()
    }

    /// The input of the op that makes `value`, where it is one that the caller looks for.
    pub(crate) fn input_of(&self, value: ValueId, wanted: impl Fn(&Op) -> bool) -> Option<ValueId> {
        let node = self.0.nodes().iter().rev().find(|node| node.outputs.contains(&value))?;
        (wanted(&node.op)).then(|| node.inputs[0])
    }

    fn last_axis(&self, x: ValueId) -> Vec<usize> {
        self.0.shape(x).len().checked_sub(1).into_iter().collect()
    }
}
