//! Sums, means, extremes and products over any axes: `Reduction`.

use dichroic_graph::kernels::reduce::ReduceKind;
use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open::sizes;
use super::words::words;
use crate::layers::arguments::{setters, written};
use crate::layers::axes::{resolve_all, to_the_end};
use crate::layers::stencil::single;
use crate::layers::{Axes, Layer, LayerError, Lowering};
use crate::shape::Shape;

words! {
    /// What many values are made one by.
    pub enum ReductionKind {
        /// Their sum; 0 of none.
        Sum = "sum",
        /// Their mean; NaN of none.
        Mean = "mean",
        /// The largest; minus infinity of none.
        Max = "max",
        /// The smallest; infinity of none.
        Min = "min",
        /// Their product; 1 of none.
        Product = "product",
    }
}

/// Reduces a value over axes, the batch included.
///
/// # Shapes
/// - input any
/// - output the input's other axes; with `keepdims` the reduced ones stay with size 1
///
/// # Errors
/// When an axis does not exist.
///
/// # Source
/// `keras.ops.sum`, `mean`, `max`, `min`, `prod`; ONNX `ReduceSum`, `ReduceMean`, `ReduceMax`, `ReduceMin`, `ReduceProd`
///
/// ```
/// use dichroic::layers::{Layer, Reduction, ReductionKind};
/// use dichroic::Shape;
/// let layer = Reduction::new(ReductionKind::Mean, [1, 2], true);
/// let output = layer.output_shape(&[Shape::batched(&[8, 8, 3])])?;
/// assert_eq!(output.to_string(), "(None, 1, 1, 3)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reduction {
    /// The reduction.
    pub kind: ReductionKind,
    /// The axes to reduce, counted from the end where negative; all where there are none.
    pub axes: Vec<i64>,
    /// Whether the reduced axes stay, with size 1.
    pub keepdims: bool,
}

impl Reduction {
    /// A reduction over these axes; over all where there are none.
    pub fn new(kind: ReductionKind, axes: impl Into<Vec<i64>>, keepdims: bool) -> Self {
        Self { kind, axes: axes.into(), keepdims }
    }

    setters! {
        /// Sets whether the reduced axes stay, with size 1.
        keepdims: bool,
    }

    fn reduced(&self, input: &Shape) -> Result<Vec<usize>, LayerError> {
        if self.axes.is_empty() {
            return Ok((0..input.rank()).collect());
        }
        resolve_all(&Axes::Many(self.axes.clone()), input)
    }

    /// The product: the reduced axes go to the end, where they become one.
    fn product(
        &self,
        lowering: &mut Lowering<'_>,
        x: ValueId,
        axes: &[usize],
    ) -> Result<ValueId, LayerError> {
        let shape = lowering.shape(x).to_vec();
        let (order, _) = to_the_end(shape.len(), axes);
        let x = lowering.transpose(x, &order)?;
        let kept = order[..shape.len() - axes.len()].iter().map(|&axis| shape[axis]);
        let row = axes.iter().map(|&axis| shape[axis]).product();
        let x = lowering.reshape(x, kept.chain([row]).collect())?;
        Ok(lowering.add(ops::Product, &[x])?)
    }
}

impl Layer for Reduction {
    fn class_name(&self) -> &'static str {
        "Reduction"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let input = single(inputs)?;
        let reduced = self.reduced(input)?;
        let size = |(axis, &size): (usize, &Option<usize>)| match reduced.contains(&axis) {
            true => self.keepdims.then_some(Some(1)),
            false => Some(size),
        };
        Ok(Shape::new(input.axes().iter().enumerate().filter_map(size).collect::<Vec<_>>()))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let x = lowering.input()?;
        let shapes = lowering.input_shapes();
        let axes = self.reduced(&shapes[0])?;
        let kind = match self.kind {
            ReductionKind::Sum => Some(ReduceKind::Sum),
            ReductionKind::Mean => Some(ReduceKind::Mean),
            ReductionKind::Max => Some(ReduceKind::Max),
            ReductionKind::Min => Some(ReduceKind::Min),
            ReductionKind::Product => None,
        };
        let y = match kind {
            Some(kind) => lowering.reduce(kind, x, &axes)?,
            None => self.product(lowering, x, &axes)?,
        };
        let shape = self.output_shape(&shapes)?;
        lowering.reshape(y, sizes(&shape))
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_axes_are_all_axes() {
        let input = [Shape::batched(&[4, 3])];
        let shape = |axes: &[i64], keepdims| {
            Reduction::new(ReductionKind::Sum, axes, keepdims).output_shape(&input)
        };
        assert_eq!(shape(&[], false).unwrap(), Shape::new([]));
        assert_eq!(shape(&[], true).unwrap(), Shape::new([Some(1); 3]));
        assert_eq!(shape(&[0], false).unwrap(), Shape::new([Some(4), Some(3)]));
        assert_eq!(shape(&[-1, 1], false).unwrap(), Shape::batched(&[]));
        assert!(shape(&[3], false).is_err());
    }
}
