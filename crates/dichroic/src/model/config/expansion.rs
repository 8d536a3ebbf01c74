//! How many calls a model makes, those inside its models counted as often as they are made.
//!
//! Forty models inside each other that each call the next one twice are a small file, and 2⁴⁰ calls.

use super::super::handle::LayerRef;
use super::super::{Model, ModelError};

/// The most calls that a configuration may stand for; networks of a thousand layers make some thousands.
const MOST_CALLS: usize = 1 << 17;

/// The sum of the calls seen so far.
#[derive(Default)]
pub(super) struct Expansion {
    calls: usize,
}

impl Expansion {
    /// Adds calls of a layer.
    pub fn add(&mut self, layer: &LayerRef, times: usize) -> Result<(), ModelError> {
        self.calls = self.calls.saturating_add(calls_of(layer).saturating_mul(times));
        if self.calls > MOST_CALLS {
            return Err(ModelError::TooLarge { what: "layer calls", limit: MOST_CALLS });
        }
        Ok(())
    }
}

fn calls_of(layer: &LayerRef) -> usize {
    layer.model().map_or(1, calls_in)
}

fn calls_in(model: &Model) -> usize {
    let once: Vec<usize> = model.all_layers().iter().map(calls_of).collect();
    if model.calls.is_empty() {
        // A chain without an input calls each layer once when it gets one.
        return once.into_iter().fold(1, usize::saturating_add);
    }
    model.calls.iter().map(|call| once[call.layer]).fold(1, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A model that calls what is inside it twice, one call on the other's output.
    fn twice(inner: Value) -> Value {
        let input = json!({"class_name": "InputLayer", "name": "x", "inbound_nodes": [],
            "config": {"name": "x", "batch_input_shape": [null, 4]}});
        let calls = json!([[["x", 0, 0, {}]], [["inner", 1, 0, {}]]]);
        let mut inner = inner;
        inner["name"] = "inner".into();
        inner["inbound_nodes"] = calls;
        json!({"class_name": "Functional", "config": {"name": "outer", "layers": [input, inner],
            "input_layers": [["x", 0, 0]], "output_layers": [["inner", 2, 0]]}})
    }

    fn nested(depth: usize) -> Value {
        let leaf = json!({"class_name": "Sequential", "config": {"name": "leaf", "layers": [
            {"class_name": "InputLayer", "config": {"name": "y", "batch_input_shape": [null, 4]}},
            {"class_name": "ReLU", "config": {"name": "relu"}},
        ]}});
        (0..depth).fold(leaf, |inner, _| twice(inner))
    }

    #[test]
    fn models_that_call_each_other_twice_are_read_while_their_calls_are_few() {
        let model = Model::from_config(&nested(5)).unwrap();
        assert!(calls_in(&model) > 1 << 5);
    }

    #[test]
    fn a_small_file_that_stands_for_a_million_million_calls_is_refused() {
        let error = Model::from_config(&nested(40)).unwrap_err();
        assert!(matches!(error, ModelError::TooLarge { what: "layer calls", .. }), "{error}");
    }
}
