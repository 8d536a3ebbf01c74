//! Products of matrices: `MatMul`.

use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open::broadcast_shape;
use crate::layers::arguments::written;
use crate::layers::{Layer, LayerError, Lowering, Window};
use crate::shape::Shape;

/// `y[…, i, j] = Σ_l a[…, i, l] · b[…, l, j]`, with numpy's rules for vectors and for axes in front.
///
/// With a matrix on the right it is a 1×1 convolution, as `Dense` is.
///
/// # Shapes
/// - inputs `(…, m, k)` and `(…, k, n)`; the axes in front, the batch among them, are stretched to each other
/// - output `(…, m, n)`
/// - a vector on the left is a row, a vector on the right a column; the axis that was added leaves the output
///
/// # Errors
/// When the inner sizes differ, an input has no axes, or the axes in front can't be stretched.
///
/// # Source
/// numpy `matmul`; ONNX `MatMul`
///
/// ```
/// use dichroic::layers::{Layer, MatMul};
/// use dichroic::Shape;
/// let output = MatMul::new().output_shape(&[Shape::batched(&[8, 4]), Shape::batched(&[4, 6])])?;
/// assert_eq!(output.to_string(), "(None, 8, 6)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct MatMul {}

impl MatMul {
    /// A product of two values.
    pub fn new() -> Self {
        Self {}
    }
}

impl Layer for MatMul {
    fn class_name(&self) -> &'static str {
        "MatMul"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let [a, b] = inputs else {
            return Err(LayerError::InputCount { expected: "two inputs", got: inputs.len() });
        };
        let refused = |rule: &str| LayerError::InputShapes {
            rule: rule.to_owned(),
            got: inputs.into(),
            fix: "transpose or reshape an input so that the inner axes meet".to_owned(),
        };
        // The axes in front, the one that stays, and the one that is summed over.
        let (a_front, m, a_inner) = match a.axes() {
            [front @ .., m, k] => (front, Some(*m), *k),
            [k] => (&[][..], None, *k),
            [] => return Err(refused("a product needs inputs with axes")),
        };
        let (b_front, b_inner, n) = match b.axes() {
            [front @ .., k, n] => (front, *k, Some(*n)),
            [k] => (&[][..], *k, None),
            [] => return Err(refused("a product needs inputs with axes")),
        };
        if let (Some(a), Some(b)) = (a_inner, b_inner)
            && a != b
        {
            return Err(refused("the inner sizes must be equal"));
        }
        let fronts = [Shape::new(a_front), Shape::new(b_front)];
        let front = broadcast_shape(&fronts)
            .map_err(|_| refused("the axes before the last two must be equal or 1"))?;
        Ok(Shape::new(front.axes().iter().copied().chain(m).chain(n).collect::<Vec<_>>()))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        let output = self.output_shape(&lowering.input_shapes())?;
        let (mut a, mut b) = (lowering.inputs[0], lowering.inputs[1]);
        if let [k] = lowering.shape(a)[..] {
            a = lowering.reshape(a, vec![1, k])?;
        }
        if let [k] = lowering.shape(b)[..] {
            b = lowering.reshape(b, vec![k, 1])?;
        }
        let y = match lowering.shape(b)[..] {
            [k, n] => dense(lowering, (a, b), [k, n])?,
            _ => lowering.add(ops::MatMul, &[a, b])?,
        };
        lowering.reshape(y, output.axes().iter().copied().flatten().collect())
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}

/// Rows times one matrix, so that what follows (a bias, an activation) is fused into it.
fn dense(
    lowering: &mut Lowering<'_>,
    (a, b): (ValueId, ValueId),
    [k, n]: [usize; 2],
) -> Result<ValueId, LayerError> {
    let front = lowering.shape(a).to_vec();
    let rows: usize = front[..front.len() - 1].iter().product();
    let x = lowering.reshape(a, vec![rows, 1, k])?;
    let kernel = lowering.reshape(b, vec![1, k, n])?;
    lowering.conv(x, kernel, None, (&Window::point(1), 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_lose_the_axis_that_they_were_given() {
        let vector = Shape::new([Some(4)]);
        let matrix = Shape::new([Some(4), Some(5)]);
        let batch = Shape::batched(&[3, 4]);
        let shape = |a: &Shape, b: &Shape| MatMul::new().output_shape(&[a.clone(), b.clone()]);
        assert_eq!(shape(&vector, &vector).unwrap(), Shape::new([]));
        assert_eq!(shape(&vector, &matrix).unwrap(), Shape::new([Some(5)]));
        assert_eq!(shape(&batch, &vector).unwrap(), Shape::batched(&[3]));
        assert_eq!(shape(&batch, &matrix).unwrap(), Shape::batched(&[3, 5]));
        assert!(shape(&matrix, &matrix).unwrap_err().to_string().contains("inner sizes"));
        assert!(shape(&matrix, &Shape::new([])).is_err());
    }
}
