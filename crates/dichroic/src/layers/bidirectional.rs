//! A sequence read from both ends: `Bidirectional`.

use dichroic_graph::kernels::elementwise::{Binary, Unary};
use dichroic_graph::{ValueId, ops};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arguments::{setters, written};
use super::operations::words::words;
use super::{Count, Layer, LayerError, Lowering, Term, Unset, WeightSpec};
use crate::shape::Shape;

mod inner;

use inner::Inner;

words! {
    /// What becomes of the outputs of both directions.
    pub enum MergeMode {
        /// Side by side on the channels.
        Concat = "concat",
        /// Their sum.
        Sum = "sum",
        /// Their product.
        Mul = "mul",
        /// Their mean.
        Ave = "ave",
    }
}

/// Two recurrent layers on one sequence, one from its beginning and one from its end.
///
/// # Shapes
/// - input `(batch, steps, channels)`
/// - the weights of the layer, then those of the backward layer
/// - output that of the layer, with twice the channels for [`MergeMode::Concat`]; outputs of the same step meet
///
/// # Errors
/// When the layer inside is no recurrent one, or both go the same way.
///
/// # Source
/// `keras.layers.Bidirectional`; Schuster and Paliwal 1997
///
/// ```
/// use dichroic::layers::{Bidirectional, LSTM, Layer};
/// use dichroic::Shape;
/// let layer = Bidirectional::new(LSTM::new(8).return_sequences(true));
/// assert_eq!(layer.output_shape(&[Shape::batched(&[20, 3])])?.to_string(), "(None, 20, 16)");
/// # Ok::<(), dichroic::layers::LayerError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bidirectional {
    /// What becomes of both outputs.
    pub merge_mode: MergeMode,
    layer: Inner,
    /// Unset for the layer turned round.
    #[serde(default)]
    backward_layer: Option<Inner>,
    /// Not supported: unset. Keras takes it, but does not write it.
    #[serde(default, skip_serializing)]
    pub weights: Unset,
}

impl Bidirectional {
    /// The layer, and the same turned round, with outputs side by side.
    pub fn new(layer: impl Layer) -> Self {
        let layer = Inner::new(&layer);
        Self { merge_mode: MergeMode::Concat, layer, backward_layer: None, weights: Unset }
    }

    setters! {
        /// Sets what becomes of both outputs.
        merge_mode: MergeMode,
    }

    /// Both layers, the forward one first.
    fn both(&self) -> [Inner; 2] {
        let backward = self.backward_layer.clone().unwrap_or_else(|| self.layer.turned());
        [self.layer.clone(), backward]
    }

    /// The shape of the output of either direction.
    fn inner_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        self.check()?;
        if inputs.len() != 1 {
            return Err(LayerError::InputCount { expected: "one input", got: inputs.len() });
        }
        let [forward, backward] = self.both();
        let shape = forward.layer().output_shape(inputs)?;
        let other = backward.layer().output_shape(inputs)?;
        if shape != other {
            return Err(LayerError::InputShapes {
                rule: "both directions must give outputs of one shape".to_owned(),
                got: [shape, other].into(),
                fix: "give both layers the same units and return_sequences".to_owned(),
            });
        }
        Ok(shape)
    }

    fn merge(
        &self,
        lowering: &mut Lowering<'_>,
        [a, b]: [ValueId; 2],
    ) -> Result<ValueId, LayerError> {
        match self.merge_mode {
            MergeMode::Concat => {
                let axis = lowering.shape(a).len() - 1;
                Ok(lowering.add(ops::Concat { axis }, &[a, b])?)
            }
            MergeMode::Sum => lowering.binary(Binary::Add, a, b),
            MergeMode::Mul => lowering.binary(Binary::Multiply, a, b),
            MergeMode::Ave => {
                let sum = lowering.binary(Binary::Add, a, b)?;
                lowering.unary(Unary::Affine { scale: 0.5, offset: 0.0 }, sum)
            }
        }
    }
}

/// The name of a weight of one of both directions.
fn directed(name: &'static str, forward: bool) -> &'static str {
    match (name, forward) {
        ("kernel", true) => "forward_kernel",
        ("recurrent_kernel", true) => "forward_recurrent_kernel",
        ("bias", true) => "forward_bias",
        ("kernel", false) => "backward_kernel",
        ("recurrent_kernel", false) => "backward_recurrent_kernel",
        ("bias", false) => "backward_bias",
        (other, _) => other,
    }
}

impl Layer for Bidirectional {
    fn class_name(&self) -> &'static str {
        "Bidirectional"
    }

    /// Keras writes the backward layer even where it is the layer turned round.
    fn config(&self) -> Map<String, Value> {
        let [_, backward] = self.both();
        let mut config = written(self);
        config.insert("backward_layer".to_owned(), backward.written().clone());
        config
    }

    fn check(&self) -> Result<(), LayerError> {
        let [forward, backward] = self.both();
        forward.layer().check()?;
        backward.layer().check()?;
        if forward.goes_backwards() != backward.goes_backwards() {
            return Ok(());
        }
        Err(LayerError::Argument {
            class_name: None,
            argument: "backward_layer".to_owned(),
            rule: "must go the other way than layer; set its go_backwards".to_owned(),
            got: format!("go_backwards={}", backward.goes_backwards()),
        })
    }

    fn output_shape(&self, inputs: &[Shape]) -> Result<Shape, LayerError> {
        let mut axes = self.inner_shape(inputs)?.axes().to_vec();
        if let (MergeMode::Concat, Some(Some(channels))) = (self.merge_mode, axes.last_mut()) {
            *channels = channels.saturating_mul(2);
        }
        Ok(Shape::new(axes))
    }

    fn weights(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>, LayerError> {
        self.inner_shape(inputs)?;
        let mut all = Vec::new();
        for (inner, forward) in self.both().iter().zip([true, false]) {
            for spec in inner.layer().weights(inputs)? {
                all.push(WeightSpec { name: directed(spec.name, forward), ..spec });
            }
        }
        Ok(all)
    }

    fn count(&self, inputs: &[Shape]) -> Result<Count, LayerError> {
        self.inner_shape(inputs)?;
        let mut terms = Vec::new();
        for (inner, forward) in self.both().iter().zip([true, false]) {
            for term in inner.layer().count(inputs)?.terms {
                terms.push(Term { weight: directed(term.weight, forward), ..term });
            }
        }
        Ok(Count { terms })
    }

    fn lower(&self, lowering: &mut Lowering<'_>) -> Result<ValueId, LayerError> {
        self.inner_shape(&lowering.input_shapes())?;
        let (forward_weights, backward_weights) =
            lowering.weights.split_at(lowering.weights.len() / 2);
        let [forward, backward] = self.both();
        let mut outputs = [lowering.inputs[0]; 2];
        let directions = [(&forward, forward_weights), (&backward, backward_weights)];
        for (output, (inner, weights)) in outputs.iter_mut().zip(directions) {
            *output = inner.layer().lower(&mut Lowering {
                graph: lowering.graph,
                inputs: lowering.inputs,
                weights,
                mode: lowering.mode,
            })?;
            // A layer gives its outputs in the order in which it makes them.
            if inner.goes_backwards() && lowering.shape(*output).len() == 3 {
                *output = lowering.add(ops::Reverse { axes: vec![1] }, &[*output])?;
            }
        }
        self.merge(lowering, outputs)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::registry::from_config;
    use crate::layers::{Dense, GRU, LSTM};
    use serde_json::json;

    #[test]
    fn the_other_direction_is_the_layer_turned_round() {
        let layer = Bidirectional::new(GRU::new(3));
        assert_eq!(layer.config()["backward_layer"]["config"]["go_backwards"], true);
        let alone = json!({"layer": {"class_name": "GRU", "config": {"units": 3}}});
        let alone = from_config("Bidirectional", alone.as_object().unwrap()).unwrap();
        let input = [Shape::batched(&[5, 2])];
        assert_eq!(alone.output_shape(&input).unwrap(), Shape::batched(&[6]));
        assert_eq!(alone.count(&input).unwrap().total(), layer.count(&input).unwrap().total());
    }

    #[test]
    fn only_recurrent_layers_read_from_both_ends_and_not_the_same_way() {
        let written =
            |layer: &dyn Layer| json!({"class_name": layer.class_name(), "config": layer.config()});
        let refused = |config: Value| {
            from_config("Bidirectional", config.as_object().unwrap()).unwrap_err().to_string()
        };
        let dense = refused(json!({"layer": written(&Dense::new(2))}));
        assert!(dense.contains("must be a SimpleRNN, GRU or LSTM"), "{dense}");
        let lstm = written(&LSTM::new(2));
        let text = refused(json!({"layer": lstm, "backward_layer": lstm}));
        assert!(text.contains("must go the other way"), "{text}");
    }
}
