use super::*;
use crate::layers::{
    Activation, Add, BatchNormalization, Conv2D, Dense, Dropout, Flatten, GlobalAveragePooling2D,
    MaxPooling2D, Padding,
};
use crate::model::{Call, Input, LayerRef, Sequential};

fn picture() -> Tensor {
    let values = (0..8 * 8 * 3).map(|i| (i % 13) as f32 * 0.1 - 0.5).collect();
    Tensor::new([1, 8, 8, 3], values).unwrap()
}

fn layer<'a>(maps: &'a FeatureMaps, name: &str) -> &'a LayerMaps {
    maps.layers.iter().find(|layer| layer.layer == name).unwrap()
}

fn residual() -> Model {
    let x = Input::named("picture", &[8, 8, 3]);
    let convolved = LayerRef::named("first", Conv2D::new(4, 3).padding(Padding::Same));
    let convolved = convolved.call(&x).unwrap();
    let y = BatchNormalization::new().call(&convolved).unwrap();
    let y = LayerRef::named("act", Activation::new("relu")).call(&y).unwrap();
    let y = Dropout::new(0.5).call(&y).unwrap();
    let y = LayerRef::named("pool", MaxPooling2D::new(2)).call(&y).unwrap();
    let block = Sequential::named("block")
        .add(Input::new(&[4, 4, 4]))
        .add(LayerRef::named("inner", Conv2D::new(4, 3).padding(Padding::Same)))
        .finish()
        .unwrap();
    let z = block.call(&y).unwrap();
    let sum = LayerRef::named("sum", Add::new()).call([&y, &z]).unwrap();
    let mean = LayerRef::named("mean", GlobalAveragePooling2D::new()).call(&z).unwrap();
    let flat = Flatten::new().call(&sum).unwrap();
    let classes = Dense::new(3).activation("softmax").call(&flat).unwrap();
    let mut model = Model::new(&x, [&classes, &mean]).unwrap();
    model.build(7).unwrap();
    model
}

#[test]
fn values_are_those_of_the_model_and_inputs_those_that_layers_read() {
    let model = residual();
    let values = LayerValues::of(&model, &[picture()]).unwrap();
    let kept = model.values(&[picture()], &["first", "block/inner", "sum"]).unwrap();
    for kept in kept {
        let found = values.output(&kept.layer).unwrap();
        assert_eq!(found.shape(), &kept.value.shape()[1..]);
        for (a, b) in found.data().iter().zip(kept.value.data()) {
            assert!((a - b).abs() <= 1e-5, "{}: {a} {b}", kept.layer);
        }
    }
    assert_eq!(values.input("first").unwrap().data(), picture().data());
    assert_eq!(values.input("block/inner"), values.output("pool"));
    assert!(values.input("picture").is_none() && values.output("block").is_none());
    assert!(values.bytes() > 8 * 8 * 3 * 4);
}

#[test]
fn maps_say_which_filters_made_them() {
    let maps = FeatureMaps::of(&residual(), &[picture()]).unwrap();
    let made_by = |name: &str| layer(&maps, name).made_by.as_deref();
    for name in ["first", "batch_normalization", "act", "dropout", "pool"] {
        assert_eq!(made_by(name), Some("first"), "{name}");
    }
    assert_eq!(
        (made_by("block/inner"), made_by("mean")),
        (Some("block/inner"), Some("block/inner"))
    );
    assert_eq!((made_by("sum"), made_by("flatten"), made_by("picture")), (None, None, None));
}

#[test]
fn ranges_zeros_and_saturation_are_counted() {
    let model = residual();
    let values = LayerValues::of(&model, &[picture()]).unwrap();
    let maps = FeatureMaps::of_values(&values);
    let act = layer(&maps, "act");
    let data = values.output("act").unwrap().data();
    let zeros = data.iter().filter(|&&value| value == 0.0).count() as f64 / data.len() as f64;
    assert!(zeros > 0.1 && zeros < 0.9);
    assert_eq!((act.zeros, act.saturated, act.minimum), (zeros, Some(zeros), 0.0));
    assert_eq!(act.channels.len(), 4);
    let largest = act.channels.iter().map(|channel| channel.maximum).fold(0.0, f32::max);
    assert_eq!(act.maximum, largest);
    let mean = act.channels.iter().map(|channel| channel.mean).sum::<f64>() / 4.0;
    assert!((act.mean - mean).abs() < 1e-9);
    assert_eq!(layer(&maps, "first").saturated, None);
    assert!(layer(&maps, "flatten").channels.is_empty());
}

#[test]
fn classes_come_by_score_with_their_names() {
    let mut maps = FeatureMaps::of(&residual(), &[picture()]).unwrap();
    let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
    maps.name_classes(&names);
    let classes = &maps.outputs[0];
    assert!(classes.probabilities && !maps.outputs[1].probabilities);
    assert!(classes.scores.is_sorted_by(|a, b| a.score >= b.score));
    assert!((classes.scores.iter().map(|score| score.score).sum::<f32>() - 1.0).abs() < 1e-5);
    let first = &classes.scores[0];
    assert_eq!(first.class_name.as_ref(), Some(&names[first.index]));
    assert_eq!(maps.outputs[1].scores[0].class_name, None);
    let json = serde_json::to_value(&maps).unwrap();
    assert_eq!(json["layers"][0]["type"], "InputLayer");
}

#[test]
fn arrays_that_do_not_suit_are_refused() {
    let wrong = Tensor::zeros([1, 8, 8, 1]).unwrap();
    assert!(matches!(
        LayerValues::of(&residual(), &[wrong]),
        Err(ExplainError::Model(crate::model::ModelError::Data { .. }))
    ));
    let none = Tensor::zeros([0, 8, 8, 3]).unwrap();
    assert!(LayerValues::of(&residual(), &[none]).is_err());
}
