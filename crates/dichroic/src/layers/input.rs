//! Where data enters a model: `InputLayer`.

use dichroic_graph::ValueId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::written;
use super::{Layer, LayerError, Lowering, Off, Unset};
use crate::shape::Shape;

/// The place where data of a known shape enters; the batch and single axes may be open.
///
/// # Shapes
/// - output `batch_shape`
///
/// # Errors
/// When neither `shape` nor `batch_shape` is given.
///
/// # Source
/// `keras.layers.InputLayer`, `keras.Input`
///
/// ```
/// use dichroic::layers::{InputLayer, Layer};
/// let input = InputLayer::new([Some(28), Some(28), Some(3)]);
/// assert_eq!(input.output_shape(&[])?.to_string(), "(None, 28, 28, 3)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Arguments")]
pub struct InputLayer {
    /// All axes, the batch first.
    #[serde(skip_serializing)]
    pub batch_shape: Vec<Option<usize>>,
    /// Not supported: off.
    pub sparse: Off,
    /// Not supported: off.
    pub ragged: Off,
    /// Not supported: off.
    pub optional: Off,
}

/// Keras takes the shape with or without the batch.
#[derive(Deserialize)]
struct Arguments {
    shape: Option<Vec<Option<usize>>>,
    batch_size: Option<usize>,
    batch_shape: Option<Vec<Option<usize>>>,
    sparse: Off,
    ragged: Off,
    optional: Off,
    #[serde(default, rename = "input_tensor")]
    _input_tensor: Unset,
}

impl TryFrom<Arguments> for InputLayer {
    type Error = &'static str;

    fn try_from(arguments: Arguments) -> Result<Self, Self::Error> {
        let batch_shape = match (arguments.shape, arguments.batch_shape) {
            (Some(shape), None) => std::iter::once(arguments.batch_size).chain(shape).collect(),
            (None, Some(batch_shape)) if arguments.batch_size.is_none() => batch_shape,
            (None, None) => return Err("needs shape=(…), the axes without the batch"),
            _ => return Err("takes shape (and batch_size) or batch_shape, not both"),
        };
        let Arguments { sparse, ragged, optional, .. } = arguments;
        Ok(Self { batch_shape, sparse, ragged, optional })
    }
}

impl InputLayer {
    /// An input with an open batch and these axes after it.
    pub fn new(shape: impl IntoIterator<Item = Option<usize>>) -> Self {
        Self {
            batch_shape: std::iter::once(None).chain(shape).collect(),
            sparse: Off,
            ragged: Off,
            optional: Off,
        }
    }
}

impl Layer for InputLayer {
    fn class_name(&self) -> &'static str {
        "InputLayer"
    }

    fn config(&self) -> Map<String, Value> {
        let mut config = Map::new();
        config.insert("batch_shape".to_owned(), serde_json::json!(self.batch_shape));
        config.extend(written(self));
        config
    }

    fn check(&self) -> Result<(), LayerError> {
        if !self.batch_shape.is_empty() && !self.batch_shape.contains(&Some(0)) {
            return Ok(());
        }
        Err(LayerError::Argument {
            class_name: None,
            argument: "shape".to_owned(),
            rule: "needs axes of at least 1 or None".to_owned(),
            got: Shape::new(self.batch_shape.clone()).to_string(),
        })
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        match inputs {
            [] => Ok(Shape::new(self.batch_shape.clone())),
            // Data that came in already has a shape, which may be narrower than the one declared.
            [input] => Ok(input.clone()),
            _ => Err(LayerError::InputCount { expected: "no input", got: inputs.len() }),
        }
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        lowering.input()
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::registry::from_config;
    use serde_json::json;

    fn read(config: Value) -> Result<Shape, LayerError> {
        from_config("InputLayer", config.as_object().unwrap())?.output_shape(&[])
    }

    #[test]
    fn the_shape_comes_with_or_without_the_batch() {
        assert_eq!(read(json!({"shape": [28, 28, 3]})).unwrap(), Shape::batched(&[28, 28, 3]));
        let fixed = Shape::new([Some(8), None, Some(3)]);
        assert_eq!(read(json!({"shape": [null, 3], "batch_size": 8})).unwrap(), fixed);
        assert_eq!(read(json!({"batch_shape": [8, null, 3]})).unwrap(), fixed);
        assert!(read(json!({})).is_err());
        assert!(read(json!({"shape": [3], "batch_shape": [null, 3]})).is_err());
        assert!(read(json!({"shape": [0]})).is_err());
    }
}
