//! Where channels go: which layers leave channel k channel k.

use crate::layers::Layer;
use crate::model::Model;

/// Whether channel `k` of a layer's output comes from channel `k` of its one input and from no other.
///
/// Normalisations count: their statistics may be shared, but the map stays the same one. So do pools, which leave the
/// positions out, and paddings, crops and resizings. A depthwise convolution does not: it makes maps of its own.
pub(super) fn keeps_channels(layer: &dyn Layer) -> bool {
    const WHATEVER_RANK: [&str; 9] = [
        "ZeroPadding",
        "Cropping",
        "UpSampling",
        "MaxPooling",
        "AveragePooling",
        "GlobalMaxPooling",
        "GlobalAveragePooling",
        "SpatialDropout",
        "Gaussian",
    ];
    let name = layer.class_name();
    match name {
        "BatchNormalization" | "LayerNormalization" | "GroupNormalization"
        | "UnitNormalization" | "Dropout" | "Rescaling" | "ReLU" | "LeakyReLU" | "ELU"
        | "PReLU" => true,
        "Activation" => {
            let config = layer.config();
            let activation = config.get("activation").and_then(serde_json::Value::as_str);
            // These take channels together.
            !matches!(activation, None | Some("softmax" | "log_softmax" | "glu" | "sparsemax"))
        }
        _ => WHATEVER_RANK.iter().any(|kind| name.starts_with(kind)),
    }
}

/// Whether the layer with this path reads the model's input, at most through layers that keep its channels.
pub(super) fn reads_model_input(model: &Model, path: &str) -> bool {
    let own = model.all_layers().iter().find(|layer| layer.name() == path);
    let layer = match (own, path.split_once('/')) {
        (Some(layer), _) => layer,
        (None, Some((outer, rest))) => {
            let Some(layer) = model.all_layers().iter().find(|layer| layer.name() == outer) else {
                return false;
            };
            if !layer.built_model().is_some_and(|nested| reads_model_input(nested, rest)) {
                return false;
            }
            layer
        }
        (None, None) => return false,
    };
    let mut call = model.first_call(layer);
    loop {
        let Some([before]) = call.map(|call| call.inputs.as_slice()) else { return false };
        let before = &model.calls()[before.call];
        let layer = model.layer_of(before);
        if layer.is_input() {
            return true;
        }
        if !layer.layer().is_some_and(keeps_channels) {
            return false;
        }
        call = Some(before);
    }
}
