//! Counts and formulas.

use dichroic::explain::{Strides, Summary};
use dichroic::layers::{
    Conv2D, Conv2DTranspose, Dense, Flatten, MaxPooling2D, Padding, UpSampling2D,
};
use dichroic::model::{Call, Input, Model, Sequential};

use crate::golden;

#[test]
fn parameters_are_counted_as_keras_counts_them() {
    for case in golden::json("summary.json")["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let model = Model::from_config(&golden::json(&format!("summary/{name}.json"))).unwrap();
        assert_eq!(model.is_built(), case["built"].as_bool().unwrap(), "{name}");
        if let Some(count) = case["count_params"].as_u64() {
            assert_eq!(model.count_params(), count, "{name}");
        }
    }
}

#[test]
fn weights_come_in_the_order_of_keras() {
    for file in golden::json("files.json")["files"].as_array().unwrap() {
        let name = file["name"].as_str().unwrap();
        let model = Model::from_config(&golden::config_of(file["file"].as_str().unwrap())).unwrap();
        assert_eq!(model.count_params(), file["params"].as_u64().unwrap(), "{name}");
        let expected =
            file["weights"].as_array().unwrap().iter().map(|path| path.as_str().unwrap());
        // Keras leaves out the names of functional models around a layer.
        for (weight, expected) in model.weights().iter().zip(expected) {
            assert!(weight.path.ends_with(expected), "{name}: {} and {expected}", weight.path);
        }
    }
}

/// VGG16 without weights: its counts are published.
fn vgg16() -> Model {
    let mut model = Sequential::named("vgg16").add(Input::new(&[224, 224, 3]));
    for (filters, count) in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)] {
        for _ in 0..count {
            model = model.add(Conv2D::new(filters, 3).padding(Padding::Same).activation("relu"));
        }
        model = model.add(MaxPooling2D::new(2));
    }
    for units in [4096, 4096, 1000] {
        if units == 4096 {
            model = model.add(Flatten::new());
        }
        model = model.add(Dense::new(units));
    }
    model.finish().unwrap()
}

#[test]
fn costs_of_vgg16_are_the_published_ones() {
    let model = vgg16();
    assert_eq!(model.count_params(), 138_357_544);
    let summary = Summary::of(&model, None);
    assert_eq!(summary.macs, Some(15_470_264_320));
    // Araujo et al., Distill 2019: the last pool of VGG16 sees 212 pixels, 32 apart.
    let pool = summary.layers.iter().rfind(|row| row.class_name == "MaxPooling2D").unwrap();
    assert_eq!(pool.receptive_field, Some(vec![212, 212]));
    assert_eq!(pool.output_stride, Some(Strides(vec![32.0, 32.0])));
    assert_eq!(summary.layers.last().unwrap().receptive_field, Some(vec![224, 224]));
}

#[test]
fn what_the_receptive_field_does_after_upsampling_and_transposed_convolution() {
    let x = Input::new(&[8, 8, 1]);
    let up = UpSampling2D::new(2).call(&x).unwrap();
    let same = Conv2D::new(1, 3).padding(Padding::Same).call(&up).unwrap();
    let spread = Conv2DTranspose::new(1, 3).strides(2).call(&x).unwrap();
    let model = Model::new(&x, [&same, &spread]).unwrap();
    let summary = Summary::of(&model, None);
    let field = |class_name: &str| {
        let row = summary.layers.iter().find(|row| row.class_name == class_name).unwrap();
        (row.receptive_field.clone().unwrap(), row.output_stride.clone().unwrap().0)
    };
    assert_eq!(field("UpSampling2D"), (vec![1, 1], vec![0.5, 0.5]));
    assert_eq!(field("Conv2D"), (vec![2, 2], vec![0.5, 0.5]));
    assert_eq!(field("Conv2DTranspose"), (vec![2, 2], vec![0.5, 0.5]));
}
