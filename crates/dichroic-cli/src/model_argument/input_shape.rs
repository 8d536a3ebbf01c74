//! `--input`: the shape of one item, for code that gives none and for files that leave sizes open.

use std::str::FromStr;

use dichroic::Shape;
use dichroic::model::Model;
use serde_json::{Value, json};

use crate::failure::Failure;

/// The axes of an input without the batch, as written on the command line; `None` is an open size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputShape(pub Vec<Option<usize>>);

impl FromStr for InputShape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let axis = |axis: &str| {
            if axis.trim() == "None" {
                return Ok(None);
            }
            let size = axis.trim().parse::<usize>().ok().filter(|&size| size > 0);
            size.map(Some)
                .ok_or_else(|| format!("{axis:?} is not a size; write the axes like 28,28,3"))
        };
        let text = text.trim().trim_start_matches('(').trim_end_matches(')');
        text.trim_end_matches(',').split(',').map(axis).collect::<Result<_, _>>().map(Self)
    }
}

impl InputShape {
    /// The sizes, where all must be known for what is read.
    ///
    /// # Errors
    /// When one is open.
    pub fn known(&self, of: &str) -> Result<Vec<usize>, Failure> {
        self.0.iter().copied().collect::<Option<_>>().ok_or_else(|| {
            Failure::refused(format!("{of} needs known sizes, got --input with None"))
                .help("write numbers, such as --input 224,224,3")
        })
    }

    /// The same model with the same weights for items of this shape.
    ///
    /// # Errors
    /// When the model has several inputs, has a size of its own that differs, or a layer refuses the sizes.
    pub fn apply(&self, model: Model) -> Result<Model, Failure> {
        let shape = match model.inputs() {
            [input] => input.shape().clone(),
            inputs => {
                let headline =
                    format!("has {} inputs, and --input is the shape of one", inputs.len());
                return Err(Failure::refused(headline).help("leave out --input"));
            }
        };
        if !self.suits(&shape) {
            let given = Shape::new([&[None], &self.0[..]].concat());
            let headline = format!("takes {shape}, and --input gives {given}");
            return Err(Failure::refused(headline)
                .help("--input can give the sizes that are open (None); leave it out if none is"));
        }
        let mut config = model.to_config();
        let layer = model.inputs()[0].layer().name().to_owned();
        if let Some(axes) = axes_of_input(&mut config, &layer) {
            for (axis, size) in axes.iter_mut().skip(1).zip(&self.0) {
                if let Some(size) = size {
                    *axis = json!(size);
                }
            }
        }
        let mut sized = Model::from_config(&config).map_err(Failure::input)?;
        // A model without weights has none to hand on; one from code gets them later.
        if let Ok(parameters) = model.parameters() {
            sized.set_parameters(parameters.tensors().to_vec()).map_err(Failure::input)?;
        }
        Ok(sized)
    }

    /// Whether no size contradicts one of the model's own; what is open here stays as it is there.
    fn suits(&self, shape: &Shape) -> bool {
        let axes = shape.axes().get(1..).unwrap_or_default();
        let mut pairs = axes.iter().zip(&self.0);
        axes.len() == self.0.len()
            && pairs.all(|(own, given)| own.is_none() || given.is_none() || own == given)
    }
}

/// The axes, batch first, of this input in the configuration of a model.
fn axes_of_input<'a>(config: &'a mut Value, layer: &str) -> Option<&'a mut Vec<Value>> {
    let layers = config.pointer_mut("/config/layers")?.as_array_mut()?;
    let named =
        |config: &Value| config.pointer("/config/name").and_then(Value::as_str) == Some(layer);
    let input = layers.iter_mut().find(|config| named(config))?;
    input.pointer_mut("/config/batch_shape")?.as_array_mut()
}

#[cfg(test)]
mod tests {
    use dichroic::layers::{Conv2D, Flatten};
    use dichroic::model::{Input, Sequential};

    use super::*;

    fn shape(text: &str) -> InputShape {
        text.parse().unwrap()
    }

    #[test]
    fn open_sizes_are_filled_and_the_weights_stay() {
        let input = Input::with(None, Shape::new([None, None, None, Some(3)]));
        let open = Sequential::new().add(input).add(Conv2D::new(2, 3));
        let mut model = open.finish().unwrap();
        model.build(0).unwrap();
        let before = model.parameters().unwrap().tensors()[0].clone();
        let sized = shape("8,6,3").apply(model).unwrap();
        assert_eq!(sized.outputs()[0].shape().to_string(), "(None, 6, 4, 2)");
        let after = sized.parameters().unwrap().tensors()[0].clone();
        assert_eq!(before.data(), after.data());
    }

    #[test]
    fn a_size_of_the_model_s_own_is_not_changed() {
        let model = || {
            let fixed = Sequential::new().add(Input::new(&[4, 4, 3])).add(Flatten::new());
            fixed.finish().unwrap()
        };
        assert!(shape("4,4,3").apply(model()).is_ok());
        assert!(shape("5,4,3").apply(model()).is_err());
        assert!(shape("4,4").apply(model()).is_err());
    }
}
