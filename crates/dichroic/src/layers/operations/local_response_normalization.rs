//! Values divided by what their neighbouring channels hold: `LocalResponseNormalization`.

use dichroic_graph::ValueId;
use dichroic_graph::kernels::elementwise::{Binary, Unary};
use dichroic_graph::ops::{self, Operator, WindowPool, WindowPoolKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::layers::arguments::written;
use crate::layers::stencil::{at_least_one, single};
use crate::layers::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// `y[…, c] = x[…, c] / (bias + alpha / size · Σ x[…, i]²)^beta`, the sum over `size` channels around `c`: those from
/// `c - ⌊(size - 1) / 2⌋` to `c + ⌈(size - 1) / 2⌉` that exist.
///
/// # Shapes
/// - input and output `(…, channels)`
///
/// # Errors
/// When `size` is 0, or the input has no axes.
///
/// # Source
/// ONNX `LRN`; Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 3.3
///
/// ```
/// use dichroic::layers::{Layer, LocalResponseNormalization};
/// let layer = LocalResponseNormalization::new(5, 1e-4, 0.75, 1.0);
/// assert_eq!(layer.config()["beta"], 0.75);
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct LocalResponseNormalization {
    /// Channels that are summed over.
    pub size: usize,
    /// The weight of the mean of squares.
    pub alpha: f32,
    /// The power of the divisor.
    pub beta: f32,
    /// What is added to the mean of squares.
    pub bias: f32,
}

impl LocalResponseNormalization {
    /// A normalization over `size` neighbouring channels.
    pub fn new(size: usize, alpha: f32, beta: f32, bias: f32) -> Self {
        Self { size, alpha, beta, bias }
    }

    /// `base` to the power of `beta`; roots are faster than powers.
    fn divisor(&self, lowering: &mut Lowering<'_>, base: ValueId) -> Result<ValueId, LayerError> {
        if self.beta == 1.0 {
            return Ok(base);
        }
        if self.beta == 0.5 || self.beta == 0.75 {
            let root = lowering.unary(Unary::Sqrt, base)?;
            if self.beta == 0.5 {
                return Ok(root);
            }
            let fourth_root = lowering.unary(Unary::Sqrt, root)?;
            return lowering.binary(Binary::Multiply, root, fourth_root);
        }
        let beta = lowering.scalar(self.beta);
        Ok(lowering.add(ops::Arithmetic(Operator::Power), &[base, beta])?)
    }
}

impl Layer for LocalResponseNormalization {
    fn class_name(&self) -> &'static str {
        "LocalResponseNormalization"
    }

    fn config(&self) -> Map<String, Value> {
        written(self)
    }

    fn check(&self) -> Result<(), LayerError> {
        at_least_one("size", &[self.size])
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        let input = single(inputs)?;
        if input.rank() == 0 {
            return Err(LayerError::InputShape {
                rule: "needs channels on the last axis".to_owned(),
                got: input.clone(),
                fix: "give the input an axis of channels".to_owned(),
            });
        }
        Ok(input.clone())
    }

    /// The sum over neighbours is pooling along the channels, all other places its batch.
    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        let x = lowering.input()?;
        let shape = lowering.shape(x).to_vec();
        let (channels, places) = (lowering.shape(x).last_axis(), &shape[..shape.len() - 1]);
        let squares = lowering.unary(Unary::Square, x)?;
        let rows = lowering.reshape(squares, vec![places.iter().product(), channels, 1])?;
        let before = (self.size - 1) / 2;
        let neighbours = WindowPool {
            kind: WindowPoolKind::Sum,
            window: vec![self.size],
            strides: vec![1],
            dilation_rate: vec![1],
            padding: vec![(before, self.size - 1 - before)],
        };
        let sums = lowering.add(neighbours, &[rows])?;
        let sums = lowering.reshape(sums, shape)?;
        let scale = self.alpha / self.size as f32;
        let base = lowering.unary(Unary::Affine { scale, offset: self.bias }, sums)?;
        let divisor = self.divisor(lowering, base)?;
        lowering.binary(Binary::Divide, x, divisor)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(*self)
    }
}
