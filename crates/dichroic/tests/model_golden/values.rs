//! Outputs for Keras's weights.

use dichroic::layers::Conv2D;
use dichroic::layers::Padding;
use dichroic::model::{Input, LayerRef, Model, Sequential};
use dichroic_graph::kernels::tensor::Tensor;

use crate::golden::{self, Arrays, assert_close};

#[test]
fn the_seed_model_gives_what_keras_gives() {
    let arrays = Arrays::read("seed.npz");
    let mut model = Sequential::new().add(Input::new(&[28, 28, 3]));
    for (number, (filters, size)) in [(32, 5), (17, 3), (13, 3), (7, 3)].into_iter().enumerate() {
        let layer = Conv2D::new(filters, size).padding(Padding::Same).use_bias(false);
        model = model.add(LayerRef::named(format!("conv2d_{}", number + 1), layer));
    }
    let mut model = model.finish().unwrap();
    let weights = model.weights().iter().map(|weight| arrays.get(&weight.path).clone()).collect();
    model.set_parameters(weights).unwrap();
    let outputs = model.predict(&[arrays.get("input").clone()]).unwrap();
    assert_close(&outputs[0], arrays.get("output"), "seed");
}

#[test]
fn models_from_files_give_what_keras_gives() {
    let arrays = Arrays::read("files.npz");
    for file in golden::json("files.json")["files"].as_array().unwrap() {
        let name = file["name"].as_str().unwrap();
        let mut model =
            Model::from_config(&golden::config_of(file["file"].as_str().unwrap())).unwrap();
        let paths = file["weights"].as_array().unwrap().iter().map(|path| path.as_str().unwrap());
        let weights: Vec<Tensor> =
            paths.map(|path| arrays.get(&format!("{name}/weight/{path}")).clone()).collect();
        model.set_parameters(weights).unwrap();
        let numbered = |kind: &str, count: &serde_json::Value| -> Vec<Tensor> {
            let count = count.as_u64().unwrap();
            (0..count).map(|index| arrays.get(&format!("{name}/{kind}{index}")).clone()).collect()
        };
        let outputs = model.predict(&numbered("input", &file["inputs"])).unwrap();
        for (index, expected) in numbered("output", &file["outputs"]).iter().enumerate() {
            assert_close(&outputs[index], expected, &format!("{name}, output {index}"));
        }
    }
}
