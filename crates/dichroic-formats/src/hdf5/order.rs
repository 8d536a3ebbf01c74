//! Which array of a layer belongs to which of its weights.
//!
//! A layer's own weights come in Keras's order. In a model used as a layer, those that are trained come before all others,
//! whichever layer inside they belong to. What was trained follows from flags that a file of weights doesn't hold, so several
//! orders are tried, and the first is taken in which every name and shape agrees.

use dichroic::model::{LayerRef, Model, Weight};

/// A layer of the model, or a model used as one, and the orders in which its weights may lie in a file.
pub(super) struct Place {
    pub name: String,
    /// Each order lists weights by their number in the model; the first is the likeliest.
    pub orders: Vec<Vec<usize>>,
}

impl Place {
    /// The layers with weights, models used as layers as one each.
    pub fn of_layers(model: &Model) -> Vec<Self> {
        model.layers().iter().filter_map(|layer| Self::of(model, layer)).collect()
    }

    /// The layers with weights, models taken apart: the files of Keras 1 list them so.
    pub fn of_leaves(model: &Model) -> Vec<Self> {
        let mut leaves = Vec::new();
        gather(model.layers(), &mut leaves);
        leaves.iter().filter_map(|leaf| Self::of(model, leaf)).collect()
    }

    fn of(model: &Model, layer: &LayerRef) -> Option<Self> {
        let weights = model.weights_of(layer);
        if weights.is_empty() {
            return None;
        }
        let kind = |index: &usize| model.weights()[*index].spec.trainable;
        let now = |index: &usize| model.is_trainable(&model.weights()[*index]);
        let mut orders = Vec::new();
        if layer.model().is_some() {
            orders.push(first(&each_layer(model, &weights), now));
        }
        orders.push(first(&weights, kind));
        orders.push(each_layer(model, &weights));
        orders.dedup();
        Some(Self { name: layer.name(), orders })
    }
}

fn gather(layers: &[LayerRef], leaves: &mut Vec<LayerRef>) {
    for layer in layers {
        match layer.built_model() {
            Some(model) => gather(model.layers(), leaves),
            None => leaves.push(layer.clone()),
        }
    }
}

/// Those that are chosen, then the others.
fn first(weights: &[usize], chosen: impl Fn(&usize) -> bool) -> Vec<usize> {
    let (before, after): (Vec<usize>, Vec<usize>) =
        weights.iter().copied().partition(|index| chosen(index));
    [before, after].concat()
}

/// Layer by layer; in each, what training changes comes first.
fn each_layer(model: &Model, weights: &[usize]) -> Vec<usize> {
    let same = |a: &usize, b: &usize| model.weights()[*a].layer == model.weights()[*b].layer;
    let kind = |index: &usize| model.weights()[*index].spec.trainable;
    weights.chunk_by(same).flat_map(|own| first(own, kind)).collect()
}

/// Whether an array of this name can be this weight: a name that means another weight can't.
pub(super) fn may_be(array: &str, weight: &Weight) -> bool {
    /// Names of weights, and what Keras 1 and 2 called them.
    const KNOWN: [(&str, &[&str]); 8] = [
        ("kernel", &["kernel", "depthwise_kernel", "W"]),
        ("depthwise_kernel", &["kernel", "depthwise_kernel", "W"]),
        ("pointwise_kernel", &["pointwise_kernel"]),
        ("bias", &["bias", "b"]),
        ("gamma", &["gamma"]),
        ("beta", &["beta"]),
        ("moving_mean", &["moving_mean", "running_mean"]),
        ("moving_variance", &["moving_variance", "running_std"]),
    ];
    let last = array.rsplit('/').next().unwrap_or(array);
    let name = last.split(':').next().unwrap_or(last);
    let known: Vec<&str> = KNOWN.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    match KNOWN.iter().find(|(own, _)| *own == weight.spec.name) {
        Some((_, names)) => names.contains(&name) || !known.contains(&name),
        None => true,
    }
}
