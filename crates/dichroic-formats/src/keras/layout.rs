//! Where the weights of each layer lie in `model.weights.h5`.

use std::collections::HashMap;

use dichroic::layers::registry::auto_name;
use dichroic::model::{LayerRef, Model};

/// The place of one layer's variables.
pub(super) struct Place {
    /// The group, without the closing `vars`: `layers/sequential/layers/conv2d`.
    pub path: String,
    /// The layer's name in the model.
    pub name: String,
    /// The layer's weights as numbers in the model's list, in the order of the file.
    pub weights: Vec<usize>,
}

/// The layers inside a recurrent layer that hold its weights, each as many.
fn cells(class_name: &str) -> &'static [&'static str] {
    match class_name {
        "SimpleRNN" | "GRU" | "LSTM" => &["cell"],
        "Bidirectional" => &["forward_layer/cell", "backward_layer/cell"],
        _ => &[],
    }
}

/// Where a layer that is written as a model has its weights: the one layer with weights in it.
const COMPOSED: &[&str] = &["layers/p_re_lu"];

/// A container of layers and the names in it.
pub(super) struct Container {
    /// The group: `layers`, `layers/sequential/layers`.
    pub path: String,
    /// The groups that the model's layers have in it.
    pub names: Vec<String>,
}

/// How a version of Keras names the groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbering {
    /// Keras 2.15 and later: `layers/conv2d_1`.
    Layers,
    /// Keras 2.14: `_layer_checkpoint_dependencies/conv2d_1`.
    Dependencies,
    /// Keras 2.12 and 2.13: the same list holds a layer with weights twice, and both are counted, so that the second
    /// convolution is `conv2d_2`.
    CountedTwice,
}

impl Numbering {
    pub const ALL: [Self; 3] = [Self::Layers, Self::Dependencies, Self::CountedTwice];

    /// The name of a list of layers.
    pub fn container(self) -> &'static str {
        match self {
            Self::Layers => "layers",
            Self::Dependencies | Self::CountedTwice => "_layer_checkpoint_dependencies",
        }
    }
}

/// All places of a model's variables.
pub(super) struct Layout {
    pub places: Vec<Place>,
    pub containers: Vec<Container>,
    numbering: Numbering,
}

impl Layout {
    /// The layout of today.
    pub fn of(model: &Model) -> Self {
        Self::numbered(model, Numbering::Layers)
    }

    /// The layout of a version.
    pub fn numbered(model: &Model, numbering: Numbering) -> Self {
        let mut layout = Self { places: Vec::new(), containers: Vec::new(), numbering };
        layout.visit(model, model, "", &mut Vec::new());
        layout
    }

    /// Adds the container of a model that is `model` or lies in it. A layer that was met before keeps its first place, as Keras saves it once.
    fn visit(&mut self, model: &Model, owner: &Model, path: &str, met: &mut Vec<LayerRef>) {
        let container = self.numbering.container();
        let path = if path.is_empty() { container.into() } else { format!("{path}/{container}") };
        let mut taken = MemberNames::default();
        let mut names = Vec::with_capacity(owner.layers().len());
        for layer in owner.layers() {
            let composed = owner.is_written_as_model(layer);
            let name = taken.next(if composed { "Functional" } else { layer.class_name() });
            if self.numbering == Numbering::CountedTwice && !model.weights_of(layer).is_empty() {
                taken.next(layer.class_name());
            }
            let own = format!("{path}/{name}");
            names.push(name);
            if met.contains(layer) {
                continue;
            }
            met.push(layer.clone());
            let weights = match layer.model() {
                Some(_) => Vec::new(),
                None => weights_of(model, layer),
            };
            let cells = if composed { COMPOSED } else { cells(layer.class_name()) };
            let cells = if weights.is_empty() { &[] } else { cells };
            let (weights, inside) =
                if cells.is_empty() { (weights, Vec::new()) } else { (Vec::new(), weights) };
            self.places.push(Place { path: own.clone(), name: layer.name(), weights });
            for (cell, weights) in
                cells.iter().zip(inside.chunks((inside.len() / cells.len().max(1)).max(1)))
            {
                let (path, name) = (format!("{own}/{cell}"), (*cell).replace('/', "_"));
                self.places.push(Place { path, name, weights: weights.to_vec() });
            }
            if let Some(nested) = layer.model() {
                self.visit(model, nested, &own, met);
            }
        }
        self.containers.push(Container { path, names });
    }
}

/// A layer's weights: Keras keeps trainable and other variables in two lists and saves one after the other.
fn weights_of(model: &Model, layer: &LayerRef) -> Vec<usize> {
    let of = |trainable: bool| {
        let all = model.weights().iter().enumerate();
        all.filter(move |(_, weight)| weight.layer == *layer && weight.spec.trainable == trainable)
            .map(|(index, _)| index)
    };
    of(true).chain(of(false)).collect()
}

/// Hands out `conv2d`, `conv2d_1`, … in the order of the layers.
///
/// Names of layers are not used: Keras makes them up anew in each run.
#[derive(Default)]
struct MemberNames {
    used: HashMap<String, usize>,
}

impl MemberNames {
    fn next(&mut self, class_name: &str) -> String {
        let name = auto_name(class_name);
        match self.used.get_mut(&name) {
            None => {
                self.used.insert(name.clone(), 0);
                name
            }
            Some(count) => {
                *count += 1;
                format!("{name}_{count}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use dichroic::layers::{Add, Bidirectional, Conv2D, Dense, Flatten, LSTM, Padding};
    use dichroic::model::{Call, Input, LayerRef, Model, Sequential};

    use super::*;

    #[test]
    fn members_are_counted_by_class() {
        let mut names = MemberNames::default();
        let got = ["Conv2D", "Dense", "Conv2D", "PReLU"].map(|class| names.next(class));
        assert_eq!(got, ["conv2d", "dense", "conv2d_1", "p_re_lu"]);
    }

    #[test]
    fn keras_2_12_counts_layers_with_weights_twice() {
        let model = Sequential::new()
            .add(Input::new(&[4, 4, 3]))
            .add(Conv2D::new(3, 1))
            .add(Flatten::new())
            .add(Flatten::new())
            .add(Dense::new(3))
            .add(Dense::new(3))
            .finish()
            .unwrap();
        let layout = Layout::numbered(&model, Numbering::CountedTwice);
        assert_eq!(layout.containers[0].path, "_layer_checkpoint_dependencies");
        let names = ["conv2d", "flatten", "flatten_1", "dense", "dense_2"];
        assert_eq!(layout.containers[0].names, names);
    }

    #[test]
    fn nested_models_hold_their_layers_and_a_shared_layer_keeps_its_first_place() {
        let inner = Sequential::named("inner")
            .add(Input::new(&[4, 4, 3]))
            .add(Conv2D::new(3, 1))
            .finish()
            .unwrap();
        let inner = LayerRef::from(inner);
        let image = Input::new(&[4, 4, 3]);
        let shared = LayerRef::named("shared", Conv2D::new(3, 3).padding(Padding::Same));
        let left = shared.call(inner.call(&image).unwrap()).unwrap();
        let sum = Add::new().call([&left, &shared.call(&image).unwrap()]).unwrap();
        let output = Dense::new(2).call(Flatten::new().call(&sum).unwrap()).unwrap();
        let model = Model::new(&image, &output).unwrap();
        let layout = Layout::of(&model);
        let with_weights: Vec<(&str, usize)> = layout
            .places
            .iter()
            .filter(|place| !place.weights.is_empty())
            .map(|place| (place.path.as_str(), place.weights.len()))
            .collect();
        let expected =
            [("layers/sequential/layers/conv2d", 2), ("layers/conv2d", 2), ("layers/dense", 2)];
        assert_eq!(with_weights, expected);
    }

    #[test]
    fn recurrent_layers_hold_their_weights_in_cells() {
        let model = Sequential::named("reader")
            .add(Input::new(&[4, 3]))
            .add(Bidirectional::new(LSTM::new(2).return_sequences(true)))
            .add(LSTM::new(2));
        let layout = Layout::of(&model.finish().unwrap());
        let places = layout.places.iter().map(|place| (place.path.as_str(), place.weights.len()));
        let expected = [
            ("layers/bidirectional", 0),
            ("layers/bidirectional/forward_layer/cell", 3),
            ("layers/bidirectional/backward_layer/cell", 3),
            ("layers/lstm", 0),
            ("layers/lstm/cell", 3),
        ];
        let places: Vec<_> = places.filter(|(path, _)| !path.contains("input")).collect();
        assert_eq!(places, expected);
    }
}
