//! Several inputs made one, value by value: `Add`, `Subtract`, `Multiply`, `Average`, `Maximum`, `Minimum`.

use std::fmt::Debug;
use std::marker::PhantomData;

use dichroic_graph::ValueId;
use dichroic_graph::kernels::elementwise::{Binary, Unary};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Layer, LayerError, Lowering};
use crate::shape::Shape;

/// What a merge makes of its inputs.
pub trait Merging: Clone + Debug + Send + Sync + 'static {
    /// The class name.
    const CLASS_NAME: &'static str;
    /// The op between two inputs.
    const OP: Binary;
    /// Whether the result is divided by the number of inputs.
    const MEAN: bool = false;
    /// Whether it takes two inputs and no more.
    const PAIR: bool = false;
}

/// Merges its inputs value by value; an axis of size 1 spreads over the others' size.
///
/// An input with fewer axes gets axes of size 1 after its batch, as in Keras.
///
/// # Shapes
/// - inputs `(batch, …)`, at least two (`Subtract`: exactly two), equal or 1 along each axis
/// - output the larger size along each axis
///
/// # Errors
/// When sizes differ and none is 1.
///
/// # Source
/// `keras.layers.Add`, `Subtract`, `Multiply`, `Average`, `Maximum`, `Minimum`
///
/// ```
/// use dichroic::layers::{Add, Layer};
/// use dichroic::Shape;
/// let maps = Shape::batched(&[14, 14, 64]);
/// assert_eq!(Add::new().output_shape(&[maps.clone(), maps.clone()])?, maps);
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Merge<K: Merging> {
    #[serde(skip)]
    kind: PhantomData<fn() -> K>,
}

macro_rules! merges {
    ($($(#[$doc:meta])+ $name:ident, $kind:ident { $($item:item)+ })+) => {
        $(
            #[doc = concat!("What [`", stringify!($name), "`] does.")]
            #[derive(Clone, Debug)]
            pub enum $kind {}

            impl Merging for $kind {
                const CLASS_NAME: &'static str = stringify!($name);
                $($item)+
            }

            $(#[$doc])+
            pub type $name = Merge<$kind>;
        )+
    };
}

merges! {
    /// The sum of the inputs: [`Merge`].
    Add, Sum { const OP: Binary = Binary::Add; }
    /// The first input less the second: [`Merge`].
    Subtract, Difference { const OP: Binary = Binary::Subtract; const PAIR: bool = true; }
    /// The product of the inputs: [`Merge`].
    Multiply, Product { const OP: Binary = Binary::Multiply; }
    /// The mean of the inputs: [`Merge`].
    Average, MeanOfInputs { const OP: Binary = Binary::Add; const MEAN: bool = true; }
    /// The largest of the inputs: [`Merge`].
    Maximum, LargestInput { const OP: Binary = Binary::Maximum; }
    /// The smallest of the inputs: [`Merge`].
    Minimum, SmallestInput { const OP: Binary = Binary::Minimum; }
}

impl<K: Merging> Default for Merge<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Merging> Merge<K> {
    /// A merging layer.
    pub fn new() -> Self {
        Self { kind: PhantomData }
    }
}

impl<K: Merging> Layer for Merge<K> {
    fn class_name(&self) -> &'static str {
        K::CLASS_NAME
    }

    fn config(&self) -> Map<String, Value> {
        Map::new()
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        match inputs.len() {
            2 => {}
            got if K::PAIR => return Err(LayerError::InputCount { expected: "two inputs", got }),
            got if got < 2 => {
                return Err(LayerError::InputCount { expected: "at least two inputs", got });
            }
            _ => {}
        }
        let rank = inputs.iter().map(Shape::rank).max().unwrap_or(0);
        let mut merged = vec![Some(1); rank];
        for input in inputs {
            for (size, &other) in merged.iter_mut().zip(&padded(input.axes(), rank, Some(1))) {
                *size = match (*size, other) {
                    (Some(1), other) => other,
                    (size, Some(1)) => size,
                    (Some(a), Some(b)) if a != b => {
                        return Err(LayerError::InputShapes {
                            rule: "sizes must be equal or 1 along each axis".to_owned(),
                            got: inputs.into(),
                            fix: "bring the branches to one shape: padding='same', equal strides, and a 1×1 convolution with as many filters".to_owned(),
                        });
                    }
                    (size, other) => size.or(other),
                };
            }
        }
        Ok(Shape::new(merged))
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.output_shape(&lowering.input_shapes())?;
        let inputs = lowering.inputs;
        let rank = inputs.iter().map(|&input| lowering.shape(input).len()).max().unwrap_or(0);
        let mut merged = None;
        for &input in inputs {
            let shape = padded(lowering.shape(input), rank, 1);
            let input = lowering.reshape(input, shape)?;
            merged = Some(match merged {
                None => input,
                Some(merged) => lowering.binary(K::OP, merged, input)?,
            });
        }
        let merged =
            merged.ok_or(LayerError::InputCount { expected: "at least two inputs", got: 0 })?;
        if !K::MEAN {
            return Ok(merged);
        }
        let scale = 1.0 / inputs.len() as f32;
        lowering.unary(Unary::Affine { scale, offset: 0.0 }, merged)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

/// The axes with `one` after the batch until there are `rank` of them.
fn padded<T: Copy>(axes: &[T], rank: usize, one: T) -> Vec<T> {
    let missing = rank.saturating_sub(axes.len());
    let (batch, rest) = axes.split_at(axes.len().min(1));
    [batch, &vec![one; missing], rest].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_of_one_spreads_and_missing_axes_follow_the_batch() {
        let maps = Shape::batched(&[3, 4, 2]);
        for other in [&[1, 1, 2][..], &[2]] {
            let inputs = [maps.clone(), Shape::batched(other)];
            assert_eq!(Add::new().output_shape(&inputs).unwrap(), maps);
        }
    }

    #[test]
    fn unequal_branches_are_refused_with_their_shapes_and_the_fix() {
        let inputs = [Shape::batched(&[28, 28, 64]), Shape::batched(&[14, 14, 64])];
        let text = Add::new().output_shape(&inputs).unwrap_err().to_string();
        assert!(text.contains("(None, 28, 28, 64) and (None, 14, 14, 64)"), "{text}");
        assert!(text.contains("padding='same'"), "{text}");
    }

    #[test]
    fn the_number_of_inputs_is_checked() {
        let one = Shape::batched(&[3]);
        assert!(Add::new().output_shape(std::slice::from_ref(&one)).is_err());
        assert!(Subtract::new().output_shape(&[one.clone(), one.clone(), one.clone()]).is_err());
    }
}
