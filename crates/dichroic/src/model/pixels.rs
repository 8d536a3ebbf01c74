//! What a model's first and last layers say about its data.

use serde_json::Value;

use super::Model;
use crate::data::PixelRange;

impl Model {
    /// The range of pixels that the model expects: bytes as they are where it rescales them itself, else 0 to 1.
    ///
    /// Only a `Rescaling` before the first layer with weights rescales pixels; a later one scales feature maps.
    pub fn pixel_range(&self) -> PixelRange {
        for layer in self.all_layers() {
            let nested = layer.model().map(Self::pixel_range);
            if layer.class_name() == "Rescaling" || nested == Some(PixelRange::Bytes) {
                return PixelRange::Bytes;
            }
            let prefix = format!("{}/", layer.name());
            if self.weights().iter().any(|weight| weight.path.starts_with(&prefix)) {
                break;
            }
        }
        PixelRange::Unit
    }

    /// Whether the layer that makes the model's output ends with this activation.
    pub fn ends_with(&self, activation: &str) -> bool {
        let Some(layer) = self.outputs().first().map(|output| output.layer()) else { return false };
        match (layer.model(), layer.layer()) {
            (Some(nested), _) => nested.ends_with(activation),
            (None, Some(kind)) => {
                kind.class_name().eq_ignore_ascii_case(activation)
                    || kind.config().get("activation").and_then(Value::as_str) == Some(activation)
            }
            (None, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Dense, Rescaling, Softmax};
    use crate::model::{Input, Sequential};

    fn chain(last: Dense) -> Sequential {
        Sequential::new().add(Input::new(&[4])).add(last)
    }

    #[test]
    fn a_model_that_rescales_takes_bytes() {
        let plain = chain(Dense::new(2)).finish().unwrap();
        assert_eq!(plain.pixel_range(), PixelRange::Unit);
        let rescaling = Sequential::new().add(Input::new(&[4])).add(Rescaling::new(1.0 / 255.0));
        assert_eq!(rescaling.finish().unwrap().pixel_range(), PixelRange::Bytes);
    }

    #[test]
    fn feature_maps_that_are_rescaled_say_nothing_of_pixels() {
        let late = chain(Dense::new(2)).add(Rescaling::new(0.5)).finish().unwrap();
        assert_eq!(late.pixel_range(), PixelRange::Unit);
        let early = Sequential::new().add(Input::new(&[4])).add(Rescaling::new(2.0));
        assert_eq!(early.add(Dense::new(2)).finish().unwrap().pixel_range(), PixelRange::Bytes);
    }

    #[test]
    fn the_last_activation_is_found_in_a_layer_and_as_one() {
        assert!(!chain(Dense::new(2)).finish().unwrap().ends_with("softmax"));
        let inside = chain(Dense::new(2).activation("softmax")).finish().unwrap();
        assert!(inside.ends_with("softmax"));
        assert!(chain(Dense::new(2)).add(Softmax::new()).finish().unwrap().ends_with("softmax"));
    }
}
