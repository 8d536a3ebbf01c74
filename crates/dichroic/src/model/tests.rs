//! What models owe: names, sharing, parts, copies, errors with names.

use dichroic_graph::Operation;
use dichroic_graph::kernels::tensor::Tensor;

use super::*;
use crate::layers::{
    Add, BatchNormalization, Constant, Conv2D, CumulativeSum, Dense, Flatten,
    GlobalAveragePooling2D, MaxPooling2D, Mode, RandomBrightness, ReLU, Reduction, ReductionKind,
    Transpose,
};

fn ones(shape: &[usize]) -> Tensor {
    Tensor::full(shape, 1.0).unwrap()
}

fn layer_names(model: &Model) -> Vec<String> {
    model.all_layers().iter().map(LayerRef::name).collect()
}

#[test]
fn layers_without_names_get_those_of_keras_in_the_order_of_making() {
    let x = Input::new(&[8, 8, 3]);
    let a = Conv2D::new(4, 1).call(&x).unwrap();
    let b = Conv2D::new(4, 1).call(&x).unwrap();
    let sum = Add::new().call([&a, &b]).unwrap();
    // Named by the order of making, not by that of the walk back from the output.
    let model = Model::new(&x, Conv2D::new(2, 1).call(&sum).unwrap()).unwrap();
    assert_eq!(layer_names(&model), ["input_layer", "conv2d", "conv2d_1", "add", "conv2d_2"]);
    assert_eq!(model.name(), "functional");
}

#[test]
fn the_same_program_gives_the_same_names_again() {
    let build = || {
        let model = Sequential::new().add(Input::new(&[8, 8, 3])).add(Conv2D::new(4, 3));
        layer_names(&model.add(ReLU::new()).add(Conv2D::new(4, 3)).finish().unwrap())
    };
    assert_eq!(build(), ["input_layer", "conv2d", "re_lu", "conv2d_1"]);
    assert_eq!(build(), build());
}

#[test]
fn a_shape_error_names_the_layer_before_it_has_a_name() {
    let x = Input::new(&[8, 8, 3]);
    let y = Conv2D::new(4, 3).call(&x).unwrap();
    let error = Conv2D::new(4, 9).call(&y).unwrap_err().to_string();
    assert!(error.starts_with("layer \"conv2d_1\" (Conv2D): "), "{error}");
    let error = Sequential::new()
        .add(Input::new(&[8, 8, 3]))
        .add(Flatten::new())
        .add(LayerRef::named("late", Conv2D::new(4, 3)))
        .finish()
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("layer \"late\" (Conv2D): ") && error.contains("(None, 192)"),
        "{error}"
    );
}

#[test]
fn a_layer_called_twice_has_one_set_of_weights() {
    let (left, right) = (Input::named("left", &[4]), Input::named("right", &[4]));
    let shared = LayerRef::from(Dense::new(3));
    let (a, b) = (shared.call(&left).unwrap(), shared.call(&right).unwrap());
    let mut model = Model::new([&left, &right], Add::new().call([&a, &b]).unwrap()).unwrap();
    assert_eq!(model.count_params(), 15);
    model.build(3).unwrap();
    let outputs = model.predict(&[ones(&[2, 4]), ones(&[2, 4])]).unwrap();
    let kernel = model.weight("dense", "kernel").unwrap().data();
    let column: f32 = (0..4).map(|row| kernel[row * 3]).sum();
    assert!((outputs[0].data()[0] - 2.0 * column).abs() < 1e-5);
    let wider = Input::new(&[5]);
    let error = shared.call(&wider).unwrap_err().to_string();
    assert!(error.contains("its weights were made for (None, 4)"), "{error}");
}

#[test]
fn an_output_that_does_not_come_from_the_inputs_is_refused() {
    let (x, y) = (Input::new(&[4]), Input::named("forgotten", &[4]));
    let sum = Add::new().call([&x, &y]).unwrap();
    let error = Model::new(&x, &sum).unwrap_err().to_string();
    assert_eq!(
        error,
        "layer \"forgotten\" can't be reached from the model's inputs; add its Input to the inputs"
    );
}

#[test]
fn two_layers_of_one_name_are_refused() {
    let x = Input::new(&[4]);
    let a = LayerRef::named("same", Dense::new(4)).call(&x).unwrap();
    let b = LayerRef::named("same", Dense::new(4)).call(&a).unwrap();
    assert!(matches!(Model::new(&x, &b), Err(ModelError::DuplicateName { .. })));
}

#[test]
fn a_part_of_a_model_shares_its_layers() {
    let x = Input::new(&[8, 8, 3]);
    let features = Conv2D::new(4, 3).call(&x).unwrap();
    let pooled = GlobalAveragePooling2D::new().call(&features).unwrap();
    let scores = Dense::new(2).call(&pooled).unwrap();
    let whole = Model::new(&x, &scores).unwrap();
    let head = Model::new(&features, &scores).unwrap();
    assert_eq!(head.inputs()[0].shape().to_string(), "(None, 6, 6, 4)");
    assert_eq!(head.get_layer("dense").unwrap(), whole.get_layer("dense").unwrap());
    assert_eq!(head.count_params(), 10);
    let stem = Model::new(&x, whole.get_layer("conv2d").unwrap().output(0).unwrap()).unwrap();
    assert_eq!(stem.count_params(), 112);
}

#[test]
fn a_model_is_a_layer_and_gives_what_its_layers_give() {
    let block = Sequential::named("block")
        .add(Conv2D::new(3, 3))
        .add(MaxPooling2D::new(2))
        .finish()
        .unwrap();
    assert!(!block.is_built());
    let x = Input::new(&[10, 10, 1]);
    let y = block.call(&x).unwrap();
    let mut nested = Model::new(&x, Flatten::new().call(&y).unwrap()).unwrap();
    nested.build(5).unwrap();
    assert_eq!(nested.weights()[0].path, "block/conv2d/kernel");
    let mut flat = Sequential::new()
        .add(Input::new(&[10, 10, 1]))
        .add(Conv2D::new(3, 3))
        .add(MaxPooling2D::new(2))
        .add(Flatten::new())
        .finish()
        .unwrap();
    flat.set_parameters(nested.parameters().unwrap().tensors().to_vec()).unwrap();
    let data = Tensor::new([1, 10, 10, 1], (0..100).map(|i| (i % 7) as f32).collect()).unwrap();
    let data = std::slice::from_ref(&data);
    assert_eq!(nested.predict(data).unwrap(), flat.predict(data).unwrap());
    let kept = nested.values(data, &["block/conv2d"]).unwrap();
    assert_eq!(kept[0].value.shape(), [1, 8, 8, 3]);
}

#[test]
fn models_without_names_get_those_of_keras_inside_another() {
    let block = || Sequential::new().add(Dense::new(2)).finish().unwrap();
    let model = Sequential::new().add(Input::new(&[2])).add(block()).add(block()).finish().unwrap();
    assert_eq!(layer_names(&model), ["input_layer", "sequential", "sequential_1"]);
    assert_eq!(model.layers()[1].model().unwrap().name(), "sequential_1");
}

#[test]
fn predictions_do_not_depend_on_the_batches() {
    let mut model = Sequential::new()
        .add(Input::new(&[6, 6, 2]))
        .add(Conv2D::new(3, 3))
        .add(Flatten::new())
        .finish()
        .unwrap();
    model.build(1).unwrap();
    let data =
        Tensor::new([7, 6, 6, 2], (0..504).map(|i| (i % 11) as f32 * 0.1).collect()).unwrap();
    let whole = model.predict(std::slice::from_ref(&data)).unwrap();
    let parts = model.predict_in_batches(std::slice::from_ref(&data), 3).unwrap();
    assert_eq!(whole, parts);
    let none = Tensor::new([0, 6, 6, 2], Vec::new()).unwrap();
    assert_eq!(model.predict(&[none]).unwrap()[0].shape(), [0, 48]);
    let error = model.predict(&[ones(&[2, 5, 6, 2])]).unwrap_err().to_string();
    assert!(error.contains("input \"input_layer\" needs (None, 6, 6, 2)"), "{error}");
}

#[test]
fn a_model_that_mixes_the_items_of_a_batch_is_given_all_of_them() {
    let x = Input::new(&[2]);
    let running = CumulativeSum::new(0, false, false).call(&x).unwrap();
    let total = Reduction::new(ReductionKind::Sum, [0, 1], false).call(&x).unwrap();
    let constant = Constant::new([3]).call(&x).unwrap();
    let mut model = Model::new(&x, [&running, &total, &constant]).unwrap();
    model.build(0).unwrap();
    let outputs = model.predict_in_batches(&[ones(&[4, 2])], 3).unwrap();
    assert_eq!(outputs[0].data(), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]);
    assert_eq!((outputs[1].shape(), outputs[1].data()), (&[][..], &[8.0][..]));
    assert_eq!(outputs[2].shape(), [3]);
}

#[test]
fn operations_that_leave_items_apart_are_given_parts() {
    let x = Input::new(&[3, 2]);
    let turned = Transpose::new([0, 2, 1]).call(&x).unwrap();
    let summed = CumulativeSum::new(1, false, false).call(&turned).unwrap();
    let model = Model::new(&x, &summed).unwrap();
    let data = Tensor::new([4, 3, 2], (0..24).map(|i| i as f32).collect()).unwrap();
    let whole = model.predict(std::slice::from_ref(&data)).unwrap();
    let parts = model.predict_in_batches(std::slice::from_ref(&data), 3).unwrap();
    assert_eq!(whole, parts);
    assert_eq!(whole[0].data()[..6], [0.0, 2.0, 4.0, 1.0, 5.0, 9.0]);
}

#[test]
fn an_open_model_runs_on_any_size_and_says_so_where_one_is_needed() {
    let input = Input::with(None, crate::Shape::new([None, None, None, Some(3)]));
    let mut model = Sequential::new()
        .add(input)
        .add(Conv2D::new(2, 3))
        .add(GlobalAveragePooling2D::new())
        .finish()
        .unwrap();
    model.build(0).unwrap();
    assert_eq!(model.predict(&[ones(&[2, 9, 5, 3])]).unwrap()[0].shape(), [2, 2]);
    let error = model.lower(1, Mode::Inference).unwrap_err().to_string();
    assert!(error.contains("open shape (None, None, None, 3)"), "{error}");
}

#[test]
fn new_weights_are_seen_by_the_next_prediction() {
    let mut model = Sequential::new().add(Input::new(&[2])).add(Dense::new(1)).finish().unwrap();
    model.build(0).unwrap();
    model.set_weight("dense", "kernel", ones(&[2, 1])).unwrap();
    assert_eq!(model.predict(&[ones(&[1, 2])]).unwrap()[0].data(), [2.0]);
    model.set_weight("dense", "bias", ones(&[1])).unwrap();
    assert_eq!(model.predict(&[ones(&[1, 2])]).unwrap()[0].data(), [3.0]);
}

#[test]
fn a_frozen_batch_normalisation_is_lowered_for_inference() {
    let build = |frozen: bool| {
        let model = Sequential::new()
            .add(Input::new(&[4]))
            .add(BatchNormalization::new())
            .finish()
            .unwrap();
        model.layers()[0].set_trainable(!frozen);
        let lowered = model.lower(8, Mode::Training).unwrap();
        lowered.graph.nodes().iter().any(|node| node.op.name().to_lowercase().contains("norm"))
    };
    assert!(build(false));
    assert!(!build(true));
}

#[test]
fn a_copy_shares_nothing() {
    let mut model = Sequential::new().add(Input::new(&[2])).add(Dense::new(1)).finish().unwrap();
    model.build(0).unwrap();
    let mut copy = model.clone();
    copy.layers()[0].set_trainable(false);
    copy.set_weight("dense", "kernel", ones(&[2, 1])).unwrap();
    assert!(model.layers()[0].trainable());
    assert_ne!(model.weight("dense", "kernel").unwrap(), copy.weight("dense", "kernel").unwrap());
    assert_eq!(copy.to_config()["config"]["name"], model.to_config()["config"]["name"]);
}

#[test]
fn a_sequential_model_grows_and_shrinks() {
    let mut model = Model::sequential(None);
    model.push(Dense::new(3)).unwrap();
    assert!(!model.is_built());
    model.set_input(Input::new(&[5])).unwrap();
    assert_eq!(model.count_params(), 18);
    model.push(Dense::new(2)).unwrap();
    assert_eq!(model.outputs()[0].shape().to_string(), "(None, 2)");
    assert!(model.push(Input::new(&[5])).is_err());
    assert_eq!(model.pop().unwrap().unwrap().name(), "dense_1");
    assert_eq!((model.count_params(), model.layers().len()), (18, 1));
}

#[test]
fn a_very_long_chain_is_built_and_dropped_without_deep_stacks() {
    let x = Input::new(&[1]);
    let relu = LayerRef::from(ReLU::new());
    let mut y = x.clone();
    for _ in 0..100_000 {
        y = relu.call(&y).unwrap();
    }
    let model = Model::new(&x, &y).unwrap();
    assert_eq!(model.calls().len(), 100_001);
}

#[test]
fn models_can_not_lie_in_each_other_without_end() {
    let mut model = Sequential::new().add(Input::new(&[2])).add(Dense::new(2)).finish().unwrap();
    let error = loop {
        match Sequential::new().add(Input::new(&[2])).add(model).finish() {
            Ok(outer) => model = outer,
            Err(error) => break error.to_string(),
        }
    };
    assert_eq!(error, "the model has more than 64 models inside each other");
}

#[test]
fn pictures_are_left_alone_by_predict_though_keras_notes_training_at_the_call() {
    let input = Input::new(&[2, 2, 1]);
    let output = RandomBrightness::new(0.5).call(&input).unwrap();
    let mut config = Model::new(&input, output).unwrap().to_config();
    config["config"]["layers"][1]["inbound_nodes"][0]["kwargs"]["training"] = true.into();
    let mut model = Model::from_config(&config).unwrap();
    model.build(0).unwrap();
    let x = Tensor::new(vec![1, 2, 2, 1], vec![9.0, 99.0, 100.0, 255.0]).unwrap();
    assert_eq!(model.predict(std::slice::from_ref(&x)).unwrap()[0].data(), x.data());
}
