//! What a layer sees while it emits ops.

use dichroic_graph::kernels::elementwise::{Binary, Unary};
use dichroic_graph::kernels::reduce::ReduceKind;
use dichroic_graph::kernels::softmax::SoftmaxKind;
use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::ops::{self, Geometry};
use dichroic_graph::{Graph, GraphError, Op, Shape, ValueId};

use super::{LayerError, Window};

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

    /// The only input.
    ///
    /// # Errors
    /// When the layer got another number of inputs.
    pub(crate) fn input(&self) -> Result<ValueId, LayerError> {
        match self.inputs {
            [input] => Ok(*input),
            inputs => Err(LayerError::InputCount { expected: "one input", got: inputs.len() }),
        }
    }

    /// The shapes of the inputs as layers see them.
    pub(crate) fn input_shapes(&self) -> Vec<crate::Shape> {
        self.inputs.iter().map(|&input| known(self.shape(input))).collect()
    }

    pub(crate) fn scalar(&mut self, value: f32) -> ValueId {
        self.graph.scalar(value)
    }

    /// A constant vector.
    pub(crate) fn vector(&mut self, values: Vec<f32>) -> ValueId {
        let len = values.len();
        let tensor = Tensor::new(vec![len], values).expect("the length is taken from the values");
        self.graph.constant(tensor)
    }

    pub(crate) fn unary(&mut self, function: Unary, x: ValueId) -> Result<ValueId, LayerError> {
        Ok(self.add(ops::Unary(function), &[x])?)
    }

    pub(crate) fn binary(
        &mut self,
        kind: Binary,
        a: ValueId,
        b: ValueId,
    ) -> Result<ValueId, LayerError> {
        Ok(self.add(ops::Binary::new(kind), &[a, b])?)
    }

    pub(crate) fn reshape(&mut self, x: ValueId, shape: Vec<usize>) -> Result<ValueId, LayerError> {
        if self.shape(x)[..] == shape[..] {
            return Ok(x);
        }
        Ok(self.add(ops::Reshape { shape: shape.into() }, &[x])?)
    }

    pub(crate) fn transpose(&mut self, x: ValueId, axes: &[usize]) -> Result<ValueId, LayerError> {
        if axes.iter().copied().eq(0..axes.len()) {
            return Ok(x);
        }
        Ok(self.add(ops::Transpose { axes: axes.to_vec() }, &[x])?)
    }

    /// Reduces the axes, which leave the shape.
    pub(crate) fn reduce(
        &mut self,
        kind: ReduceKind,
        x: ValueId,
        axes: &[usize],
    ) -> Result<ValueId, LayerError> {
        Ok(self.add(ops::Reduce::new(kind, axes.to_vec()), &[x])?)
    }

    /// Reduces the axes, which stay with size 1.
    pub(crate) fn reduce_kept(
        &mut self,
        kind: ReduceKind,
        x: ValueId,
        axes: &[usize],
    ) -> Result<ValueId, LayerError> {
        Ok(self.add(ops::Reduce::new(kind, axes.to_vec()).keep_axes(), &[x])?)
    }

    /// Repeats the value along axes of size 1 until it has this shape.
    pub(crate) fn broadcast(
        &mut self,
        x: ValueId,
        shape: Vec<usize>,
    ) -> Result<ValueId, LayerError> {
        Ok(self.add(ops::BroadcastTo { shape: shape.into() }, &[x])?)
    }

    /// Zeros before and after each spatial axis.
    pub(crate) fn pad_spatial(
        &mut self,
        x: ValueId,
        margins: &[(usize, usize)],
    ) -> Result<ValueId, LayerError> {
        let spatial = margins.iter().map(|&(before, after)| [before, after]);
        let padding = std::iter::once([0, 0]).chain(spatial).chain([[0, 0]]).collect();
        Ok(self.add(ops::Pad { padding, value: 0.0 }, &[x])?)
    }

    /// The block of these sizes that begins at `starts`.
    pub(crate) fn slice(
        &mut self,
        x: ValueId,
        starts: &[usize],
        sizes: &[usize],
    ) -> Result<ValueId, LayerError> {
        Ok(self.add(ops::Slice::block(starts, sizes), &[x])?)
    }

    /// The channels `start .. start + size`.
    pub(crate) fn slice_channels(
        &mut self,
        x: ValueId,
        start: usize,
        size: usize,
    ) -> Result<ValueId, LayerError> {
        let mut sizes = self.shape(x).to_vec();
        let mut starts = vec![0; sizes.len()];
        if let (Some(last), Some(first)) = (sizes.last_mut(), starts.last_mut()) {
            (*last, *first) = (size, start);
        }
        self.slice(x, &starts, &sizes)
    }

    pub(crate) fn softmax(&mut self, x: ValueId) -> Result<ValueId, LayerError> {
        Ok(self.add(ops::Softmax { kind: SoftmaxKind::Softmax }, &[x])?)
    }

    pub(crate) fn log_softmax(&mut self, x: ValueId) -> Result<ValueId, LayerError> {
        Ok(self.add(ops::Softmax { kind: SoftmaxKind::LogSoftmax }, &[x])?)
    }

    /// A convolution with the window's strides, dilation and padding; adds the bias where there is one.
    pub(crate) fn conv(
        &mut self,
        x: ValueId,
        kernel: ValueId,
        bias: Option<ValueId>,
        (window, groups): (&Window, usize),
    ) -> Result<ValueId, LayerError> {
        let inputs: Vec<ValueId> = [x, kernel].into_iter().chain(bias).collect();
        Ok(self.add(ops::Conv::new(geometry(window, groups)), &inputs)?)
    }

    /// The transposed convolution onto these spatial sizes.
    pub(crate) fn conv_transpose(
        &mut self,
        x: ValueId,
        kernel: ValueId,
        bias: Option<ValueId>,
        (window, spatial): (&Window, &[usize]),
    ) -> Result<ValueId, LayerError> {
        let inputs: Vec<ValueId> = [x, kernel].into_iter().chain(bias).collect();
        Ok(self.add(ops::ConvTranspose::new(geometry(window, 1), spatial), &inputs)?)
    }
}

/// A graph's shape as layers see it.
pub(crate) fn known(shape: &Shape) -> crate::Shape {
    crate::Shape::new(shape.iter().copied().map(Some).collect::<Vec<_>>())
}

fn geometry(window: &Window, groups: usize) -> Geometry {
    let padding = window.pad_before.iter().copied().zip(window.pad_after.iter().copied());
    Geometry {
        strides: window.strides.clone(),
        dilation_rate: window.dilation_rate.clone(),
        padding: padding.collect(),
        groups,
    }
}
