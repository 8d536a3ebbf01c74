//! What a layer sees while it emits ops.

use dichroic_graph::{Graph, GraphError, Op, Shape, ValueId};

/// Whether a graph is made to learn or to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Dropout drops, batch normalisation uses and updates the batch's statistics.
    Training,
    /// Dropout passes everything, batch normalisation uses its moving statistics.
    Inference,
}

/// The place where a layer emits its ops.
#[derive(Debug)]
pub struct Lowering<'a> {
    /// The graph under construction.
    pub graph: &'a mut Graph,
    /// The values that come in.
    pub inputs: &'a [ValueId],
    /// The layer's weights, in the order of [`super::Layer::weights`].
    pub weights: &'a [ValueId],
    /// Training or inference; a layer that is not trainable is lowered for inference where Keras does so.
    pub mode: Mode,
}

impl Lowering<'_> {
    /// Emits an op with one output.
    ///
    /// # Errors
    /// When the op refuses the shapes of its inputs.
    pub fn add(&mut self, op: impl Into<Op>, inputs: &[ValueId]) -> Result<ValueId, GraphError> {
        self.graph.add(op, inputs)
    }

    /// The shape of a value, the batch included.
    pub fn shape(&self, value: ValueId) -> &Shape {
        self.graph.shape(value)
    }

    /// After each training step, weight `index` takes the value (moving statistics).
    pub fn update_weight(&mut self, index: usize, value: ValueId) {
        self.graph.update(self.weights[index], value);
    }
}
