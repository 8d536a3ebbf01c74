//! Reverse mode: from a loss back to whatever it depends on.

use dichroic_kernels::elementwise::Binary as BinaryKind;
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use crate::error::GraphError;
use crate::graph::{Graph, Phase, ValueId};
use crate::operation::Operation;
use crate::ops::{Binary, Op};
use crate::shape::Shape;

/// The place where a gradient rule adds its nodes.
#[derive(Debug)]
pub struct Backward<'a> {
    graph: &'a mut Graph,
    inputs: &'a [ValueId],
    outputs: &'a [ValueId],
    output_gradients: &'a [Option<ValueId>],
    needed: &'a [bool],
    gradients: SmallVec<[Option<ValueId>; 4]>,
}

impl Backward<'_> {
    /// Input `index` of the op.
    pub fn input(&self, index: usize) -> ValueId {
        self.inputs[index]
    }

    /// The number of inputs of the op.
    pub fn input_count(&self) -> usize {
        self.inputs.len()
    }

    /// Output `index` of the op.
    pub fn output(&self, index: usize) -> ValueId {
        self.outputs[index]
    }

    /// The gradient of the first output. Ops with one output are only asked when it exists.
    pub fn output_gradient(&self) -> ValueId {
        self.output_gradients[0]
            .expect("a rule is asked only where its first output has a gradient")
    }

    /// Whether the gradient of input `index` is asked for.
    pub fn needs(&self, index: usize) -> bool {
        self.needed[index]
    }

    /// Sets the gradient of input `index`.
    pub fn set(&mut self, index: usize, gradient: ValueId) {
        self.gradients[index] = Some(gradient);
    }

    /// Adds an op with one output.
    ///
    /// # Errors
    /// When the op can't take the shapes of its inputs.
    pub fn add(&mut self, op: impl Into<Op>, inputs: &[ValueId]) -> Result<ValueId, GraphError> {
        self.graph.add(op, inputs)
    }

    /// Adds an op with several outputs.
    ///
    /// # Errors
    /// When the op can't take the shapes of its inputs.
    pub fn add_multi(
        &mut self,
        op: impl Into<Op>,
        inputs: &[ValueId],
    ) -> Result<SmallVec<[ValueId; 2]>, GraphError> {
        self.graph.add_multi(op, inputs)
    }

    /// A constant of rank 0.
    pub fn scalar(&mut self, value: f32) -> ValueId {
        self.graph.scalar(value)
    }

    /// The shape of a value.
    pub fn shape(&self, value: ValueId) -> &Shape {
        self.graph.shape(value)
    }

    /// The error of an op that has no gradient rule.
    pub fn refuse(&self, op: &'static str) -> GraphError {
        GraphError::NoGradient { op, scope: self.graph.scope.to_string() }
    }
}

impl Graph {
    /// Adds the reverse graph of `loss`, a value with one element; returns the gradient of each
    /// value of `wrt`, zeros where the loss does not depend on it.
    ///
    /// # Errors
    /// When the loss has more than one element, or an op on the way has no gradient.
    pub fn gradients(
        &mut self,
        loss: ValueId,
        wrt: &[ValueId],
    ) -> Result<Vec<ValueId>, GraphError> {
        if self.shape(loss).elements() != 1 {
            return Err(GraphError::LossNotScalar { got: self.shape(loss).clone() });
        }
        let mut needed = vec![false; self.values.len()];
        for value in wrt {
            needed[value.index()] = true;
        }
        for node in &self.nodes {
            if node.inputs.iter().any(|input| needed[input.index()]) {
                for output in &node.outputs {
                    needed[output.index()] = true;
                }
            }
        }
        let (scope, precision) = (self.scope.clone(), self.precision);
        let mut gradients: Vec<Option<ValueId>> = vec![None; self.values.len()];
        let one = Tensor::full(self.shape(loss).to_vec(), 1.0)?;
        gradients[loss.index()] = Some(self.constant(one));
        self.phase = Phase::Backward;
        let outcome = self.walk_back(&needed, &mut gradients);
        self.phase = Phase::Forward;
        self.scope = scope;
        self.precision = precision;
        outcome?;
        wrt.iter()
            .map(|value| match gradients[value.index()] {
                Some(gradient) => Ok(gradient),
                None => {
                    let zeros = Tensor::zeros(self.shape(*value).to_vec())?;
                    Ok(self.constant(zeros))
                }
            })
            .collect()
    }

    fn walk_back(
        &mut self,
        needed: &[bool],
        gradients: &mut [Option<ValueId>],
    ) -> Result<(), GraphError> {
        for index in (0..self.nodes.len()).rev() {
            let node = self.nodes[index].clone();
            let needs: SmallVec<[bool; 4]> =
                node.inputs.iter().map(|input| needed[input.index()]).collect();
            let output_gradients: SmallVec<[Option<ValueId>; 2]> =
                node.outputs.iter().map(|output| gradients[output.index()]).collect();
            if output_gradients[0].is_none() || !needs.contains(&true) {
                continue;
            }
            self.scope = node.scope.clone();
            self.precision = node.precision;
            if output_gradients[1..].iter().any(Option::is_some) {
                // Statistics beside the first output are not differentiated.
                let (op, scope) = (node.op.name(), node.scope.to_string());
                return Err(GraphError::NoGradient { op, scope });
            }
            let mut backward = Backward {
                graph: self,
                inputs: &node.inputs,
                outputs: &node.outputs,
                output_gradients: &output_gradients,
                needed: &needs,
                gradients: smallvec![None; node.inputs.len()],
            };
            node.op.gradient(&mut backward)?;
            let found = backward.gradients;
            for (input, gradient) in node.inputs.iter().zip(found) {
                let Some(gradient) = gradient.filter(|_| needed[input.index()]) else { continue };
                let sum = match gradients[input.index()] {
                    None => gradient,
                    Some(other) => {
                        self.add(Binary { kind: BinaryKind::Add }, &[other, gradient])?
                    }
                };
                gradients[input.index()] = Some(sum);
            }
        }
        Ok(())
    }
}
