//! Arrays with made-up values, and where each of them ends.

use dichroic::layers::{
    BatchNormalization, Conv2D, Dense, DepthwiseConv2D, Dropout, Flatten, GlobalAveragePooling2D,
    Permute,
};
use dichroic::model::{Input, LayerRef, Model, Sequential};

use super::*;
use crate::element::ElementType;
use crate::named::{ByteOrder, Convention, Strided};

/// An array whose values are their own places.
fn array(name: &str, shape: &[usize]) -> NamedArray {
    let count: usize = shape.iter().product();
    let bytes: Vec<u8> = (0..count).flat_map(|i| (i as f32).to_le_bytes()).collect();
    let layout = Strided::row_major(shape.to_vec());
    let bytes = (bytes.into(), ByteOrder::Little);
    NamedArray::new(name.into(), ElementType::Float32, layout, bytes).unwrap()
}

fn arrays(convention: Convention, list: &[(&str, &[usize])]) -> NamedArrays {
    let list = list.iter().map(|(name, shape)| array(name, shape));
    NamedArrays::new(convention, list.collect()).of_file("a.pt".as_ref())
}

fn chain(layers: Vec<LayerRef>, input: &[usize]) -> Model {
    let chain = Sequential::new().add(Input::new(input));
    layers.into_iter().fold(chain, |chain, layer| chain.add(layer)).finish().unwrap()
}

fn small() -> Model {
    chain(
        vec![
            LayerRef::named("features_0", Conv2D::new(2, 2)),
            LayerRef::named("bn", BatchNormalization::new()),
            GlobalAveragePooling2D::new().into(),
            LayerRef::named("fc", Dense::new(2)),
        ],
        &[4, 4, 2],
    )
}

const SMALL: [(&str, &[usize]); 9] = [
    ("features.0.weight", &[2, 2, 2, 2]),
    ("features.0.bias", &[2]),
    ("bn.weight", &[2]),
    ("bn.bias", &[2]),
    ("bn.running_mean", &[2]),
    ("bn.running_var", &[2]),
    ("bn.num_batches_tracked", &[]),
    ("fc.weight", &[2, 2]),
    ("fc.bias", &[2]),
];

fn value(model: &Model, layer: &str, weight: &str) -> Vec<f32> {
    model.weight(layer, weight).unwrap().data().to_vec()
}

#[test]
fn pytorch_names_find_their_layers_and_square_arrays_are_turned() {
    let mut model = small();
    let loaded = load_arrays(&mut model, &arrays(Convention::PyTorch, &SMALL), &NameMap::default());
    let loaded = loaded.unwrap();
    assert_eq!(loaded.pairs[0], ("features.0.weight".into(), "features_0/kernel".into()));
    assert_eq!(loaded.ignored, ["bn.num_batches_tracked"]);
    assert_eq!(value(&model, "fc", "kernel"), [0.0, 2.0, 1.0, 3.0]);
    // (out, in, h, w) at 8o + 4i + 2h + w becomes (h, w, in, out).
    let kernel = value(&model, "features_0", "kernel");
    assert_eq!(kernel[..6], [0.0, 8.0, 4.0, 12.0, 1.0, 9.0]);
}

#[test]
fn the_same_shapes_are_left_alone_in_a_file_of_our_convention() {
    let mut model = small();
    let own: Vec<(String, Vec<usize>)> =
        model.weights().iter().map(|w| (format!("{}:0", w.path), w.spec.shape.clone())).collect();
    let own: Vec<(&str, &[usize])> = own.iter().map(|(n, s)| (n.as_str(), s.as_slice())).collect();
    load_arrays(&mut model, &arrays(Convention::Keras, &own), &NameMap::default()).unwrap();
    assert_eq!(value(&model, "fc", "kernel"), [0.0, 1.0, 2.0, 3.0]);
    assert_eq!(value(&model, "features_0", "kernel")[..3], [0.0, 1.0, 2.0]);
}

#[test]
fn a_map_renames_layers_and_single_weights_and_leaves_out() {
    let mut model = small();
    let renamed = SMALL.map(|(name, shape)| {
        (name.replace("features.0", "stem.conv").replace("fc.bias", "b"), shape)
    });
    let mut list: Vec<(&str, &[usize])> =
        renamed.iter().map(|(name, shape)| (name.as_str(), *shape)).collect();
    list.push(("aux.weight", &[3]));
    let map = r#"{"stem.conv": "features_0", "b": "fc/bias", "aux": null}"#;
    let map = NameMap::from_json(map).unwrap();
    let loaded = load_arrays(&mut model, &arrays(Convention::PyTorch, &list), &map).unwrap();
    assert!(loaded.pairs.contains(&("b".into(), "fc/bias".into())));
    assert_eq!(loaded.ignored, ["bn.num_batches_tracked", "aux.weight"]);
}

#[test]
fn names_without_a_partner_are_listed_on_both_sides_with_the_nearest() {
    let mut model = small();
    let mut list = SMALL.to_vec();
    list[7].0 = "fc1.weight";
    let error = load_arrays(&mut model, &arrays(Convention::PyTorch, &list), &NameMap::default());
    assert_eq!(
        error.unwrap_err().to_string(),
        "a.pt: 1 weight has no array: fc/kernel (2, 2) (nearest: fc1.weight); \
         1 array belongs to no weight: fc1.weight (2, 2) (nearest: fc/kernel); \
         say in a name map which name of the file is which layer or weight"
    );
    assert!(!model.has_values());
}

#[test]
fn a_shape_that_does_not_fit_is_shown_as_the_file_would_have_it() {
    let mut model = small();
    let mut list = SMALL.to_vec();
    list[0].1 = &[2, 3, 2, 2];
    let error = load_arrays(&mut model, &arrays(Convention::PyTorch, &list), &NameMap::default());
    assert_eq!(
        error.unwrap_err().to_string(),
        "a.pt, features.0.weight for features_0/kernel: expected an array of shape (2, 2, 2, 2), got (2, 3, 2, 2)"
    );
}

#[test]
fn two_arrays_for_one_weight_are_refused() {
    let mut model = small();
    let mut list = SMALL.to_vec();
    list.push(("features/0/bias", &[2]));
    let error = load_arrays(&mut model, &arrays(Convention::PyTorch, &list), &NameMap::default());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("one array for features_0/bias"), "{error}");
}

#[test]
fn in_order_pairs_modules_with_layers_whatever_they_are_called() {
    let mut model = small();
    let mut list: Vec<(&str, &[usize])> = SMALL.to_vec();
    list.swap(0, 1);
    list[7].0 = "head.weight";
    list[8].0 = "head.bias";
    let file = arrays(Convention::PyTorch, &list);
    assert!(load_arrays(&mut model, &file, &NameMap::default()).is_err());
    let loaded = load_arrays(&mut model, &file, &NameMap::InOrder).unwrap();
    assert!(loaded.pairs.contains(&("features.0.weight".into(), "features_0/kernel".into())));
    assert!(loaded.pairs.contains(&("head.bias".into(), "fc/bias".into())));
    let error =
        load_arrays(&mut model, &arrays(Convention::PyTorch, &list[1..]), &NameMap::InOrder);
    assert_eq!(
        error.unwrap_err().to_string(),
        "a.pt: expected 8 arrays, one for each weight, got 7 arrays"
    );
}

#[test]
fn names_in_nested_models_may_have_any_separator() {
    let inner = Sequential::named("layer1")
        .add(Input::new(&[4, 4, 2]))
        .add(LayerRef::named("conv", Conv2D::new(1, 1).use_bias(false)))
        .finish()
        .unwrap();
    let mut model = chain(vec![inner.into()], &[4, 4, 2]);
    for name in ["layer1.conv.weight", "layer1_conv.weight", "layer1/conv/kernel"] {
        let file = arrays(Convention::PyTorch, &[(name, &[1, 2, 1, 1])]);
        load_arrays(&mut model, &file, &NameMap::default()).unwrap();
    }
}

#[test]
fn rows_after_a_flattened_map_go_from_channels_first_to_channels_last() {
    let mut model = chain(
        vec![Flatten::new().into(), Dropout::new(0.5).into(), LayerRef::named("fc", Dense::new(1))],
        &[1, 2, 3],
    );
    let list: [(&str, &[usize]); 2] = [("fc.weight", &[1, 6]), ("fc.bias", &[1])];
    load_arrays(&mut model, &arrays(Convention::PyTorch, &list), &NameMap::default()).unwrap();
    // PyTorch's place 2c + w becomes ours, 3w + c.
    assert_eq!(value(&model, "fc", "kernel"), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
}

#[test]
fn rows_stay_where_the_map_was_put_channels_first_before() {
    let mut model = chain(
        vec![
            Permute::new([3, 1, 2]).into(),
            Flatten::new().into(),
            LayerRef::named("fc", Dense::new(1)),
        ],
        &[1, 2, 3],
    );
    let list: [(&str, &[usize]); 2] = [("fc.weight", &[1, 6]), ("fc.bias", &[1])];
    load_arrays(&mut model, &arrays(Convention::PyTorch, &list), &NameMap::default()).unwrap();
    assert_eq!(value(&model, "fc", "kernel"), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
}

#[test]
fn a_depthwise_kernel_counts_its_multiplier_fastest() {
    let layer = DepthwiseConv2D::new([1, 2]).depth_multiplier(2).use_bias(false);
    let mut model = chain(vec![LayerRef::named("dw", layer)], &[4, 4, 2]);
    let list: [(&str, &[usize]); 1] = [("dw.weight", &[4, 1, 1, 2])];
    load_arrays(&mut model, &arrays(Convention::PyTorch, &list), &NameMap::default()).unwrap();
    // (c·2 + m, 1, 1, w) at 4c + 2m + w becomes (1, w, c, m).
    assert_eq!(value(&model, "dw", "kernel"), [0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 7.0]);
}
