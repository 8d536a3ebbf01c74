//! Values of the exported graph, whose axes may lie in another order than the model's.

use dichroic::Shape;

/// A value: the model knows it with channels last, ONNX in any order of axes.
///
/// ```text
/// the model's axes   0 batch   1 height   2 width   3 channels
/// order [0, 3, 1, 2]: ONNX's axis 1 holds the model's axis 3, the channels
/// ```
#[derive(Clone, Debug)]
pub(super) struct Value {
    /// Its name in the graph; of a flattened value that waits, the name of what it is made of.
    pub name: String,
    /// The model's shape of it.
    pub shape: Shape,
    /// The model's axis that lies along each of ONNX's axes.
    pub order: Vec<usize>,
    /// For feature maps that are to be flattened: the maps. Who reads the value flattens them.
    pub maps: Option<Box<Value>>,
}

impl Value {
    /// A value whose axes lie as in the model.
    pub fn plain(name: impl Into<String>, shape: Shape) -> Self {
        let order = (0..shape.rank()).collect();
        Self { name: name.into(), shape, order, maps: None }
    }

    /// A value of the same order under another name.
    pub fn renamed(&self, name: impl Into<String>) -> Self {
        Self { name: name.into(), maps: None, ..self.clone() }
    }

    /// The same value with another shape of the same rank.
    pub fn reshaped(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.order.len()
    }

    /// Whether the axes lie as in the model.
    pub fn is_plain(&self) -> bool {
        self.order.iter().copied().eq(0..self.rank())
    }

    /// ONNX's axis that holds this axis of the model.
    pub fn position(&self, axis: usize) -> usize {
        self.order.iter().position(|&held| held == axis).unwrap_or(axis)
    }

    /// ONNX's axes that hold these axes of the model.
    pub fn positions(&self, axes: &[usize]) -> Vec<usize> {
        axes.iter().map(|&axis| self.position(axis)).collect()
    }

    /// The sizes in ONNX's order.
    pub fn sizes(&self) -> Vec<Option<usize>> {
        self.order.iter().map(|&axis| self.shape.axes()[axis]).collect()
    }
}

/// `[0, rank - 1, 1, …]`: the order of ONNX's convolutions.
pub(super) fn channels_first(rank: usize) -> Vec<usize> {
    match rank {
        0..=2 => (0..rank).collect(),
        _ => [0, rank - 1].into_iter().chain(1..rank - 1).collect(),
    }
}

/// The batch, then this axis of the model, then the others.
pub(super) fn axis_second(rank: usize, axis: usize) -> Vec<usize> {
    let others = (1..rank).filter(|&other| other != axis);
    [0, axis].into_iter().chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_put_the_channels_second() {
        assert_eq!(channels_first(4), [0, 3, 1, 2]);
        assert_eq!(channels_first(2), [0, 1]);
        assert_eq!(axis_second(4, 3), channels_first(4));
        assert_eq!(axis_second(4, 1), [0, 1, 2, 3]);
    }

    #[test]
    fn an_axis_is_found_in_the_order_of_onnx() {
        let value =
            Value { order: channels_first(4), ..Value::plain("x", Shape::batched(&[5, 6, 3])) };
        assert_eq!(value.position(3), 1);
        assert_eq!(value.sizes(), [None, Some(3), Some(5), Some(6)]);
    }
}
