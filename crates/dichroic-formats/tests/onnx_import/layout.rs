//! Channels come last where convolutions read them, and nothing moves without need.

use dichroic::Tensor;
use onnx_rs::ast::TensorProto;

use crate::built::{classes, import, int, ints, model, node};

#[test]
fn a_convolution_block_takes_pictures_channels_last() {
    let weight: Vec<f32> = (0..2 * 3 * 2 * 2).map(|i| i as f32 - 11.0).collect();
    let nodes = vec![
        node("Conv", &["x", "w", "b"], "c", vec![ints("pads", &[0, 0, 1, 1])]),
        node("Relu", &["c"], "r", vec![]),
        node("Add", &["r", "c"], "y", vec![]),
    ];
    let arrays = vec![
        TensorProto::from_f32("w", vec![2, 3, 2, 2], weight.clone()),
        TensorProto::from_f32("b", vec![2], vec![0.5, -1.0]),
    ];
    let imported = import("block", &model(&[1, 3, 4, 4], nodes, arrays)).unwrap();
    assert_eq!(imported.inputs[0].order, [0, 2, 3, 1]);
    assert_eq!(imported.inputs[0].shape, [None, Some(3), Some(4), Some(4)]);
    assert_eq!(classes(&imported), ["Conv2D", "ReLU", "Add"]);

    let picture: Vec<f32> = (0..2 * 4 * 4 * 3).map(|i| (i % 7) as f32).collect();
    let y = imported.model.predict(&[Tensor::new([2, 4, 4, 3], picture.clone()).unwrap()]).unwrap();
    assert_eq!(y[0].shape(), [2, 4, 4, 2]);
    let at = |n: usize, h: usize, w: usize, c: usize| match h < 4 && w < 4 {
        true => picture[((n * 4 + h) * 4 + w) * 3 + c],
        false => 0.0,
    };
    for (place, &got) in y[0].data().iter().enumerate() {
        let (n, h, w, oc) = (place / 32, place / 8 % 4, place / 2 % 4, place % 2);
        let mut sum = [0.5, -1.0][oc];
        for (ic, kh, kw) in (0..12).map(|i| (i / 4, i / 2 % 2, i % 2)) {
            sum += weight[((oc * 3 + ic) * 2 + kh) * 2 + kw] * at(n, h + kh, w + kw, ic);
        }
        assert_eq!(got, sum + sum.max(0.0), "at {n}, {h}, {w}, {oc}");
    }
}

#[test]
fn groups_of_one_channel_are_a_depthwise_layer() {
    let nodes = vec![node("Conv", &["x", "w"], "y", vec![int("group", 3)])];
    let arrays =
        vec![TensorProto::from_f32("w", vec![6, 1, 1, 1], (1..7).map(|i| i as f32).collect())];
    let imported = import("depthwise", &model(&[0, 3, 2, 2], nodes, arrays)).unwrap();
    assert_eq!(classes(&imported), ["DepthwiseConv2D"]);
    let x = Tensor::new([1, 2, 2, 3], vec![1.0; 12]).unwrap();
    let y = imported.model.predict(&[x]).unwrap();
    assert_eq!(y[0].data()[..6], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
}

#[test]
fn a_product_reads_rows_that_lie_across_memory() {
    // (1, 2, 3, 1) → (3, 1, 2, 1) → (3, 2): the rows of the product lie as columns. The last Reshape keeps the batch at 1.
    let nodes = vec![
        node("Transpose", &["x"], "t", vec![ints("perm", &[2, 0, 1, 3])]),
        node("Reshape", &["t", "rows"], "r", vec![]),
        node("Gemm", &["r", "w"], "g", vec![]),
        node("Reshape", &["g", "flat"], "y", vec![]),
    ];
    let arrays = vec![
        TensorProto::from_i64("rows", vec![2], vec![3, 2]),
        TensorProto::from_i64("flat", vec![1], vec![3]),
        TensorProto::from_f32("w", vec![2, 1], vec![10.0, 1.0]),
    ];
    let imported = import("across", &model(&[1, 2, 3, 1], nodes, arrays)).unwrap();
    let x: Vec<f32> = (0..6).map(|i| i as f32).collect();
    let x = Tensor::new([1, 2, 3, 1], x).unwrap();
    let y = imported.model.predict_in_batches(&[x], 1).unwrap();
    assert_eq!(y[0].data(), [3.0, 14.0, 25.0]);
}

#[test]
fn what_is_not_supported_is_named_with_node_operator_and_attribute() {
    let unknown = vec![node("Frobnicate", &["x"], "y", vec![])];
    let error = import("unknown", &model(&[1, 3], unknown, vec![])).unwrap_err().to_string();
    assert!(error.contains("node 0 (Frobnicate): operator Frobnicate is not supported"), "{error}");
    let unread = vec![node("Relu", &["x"], "y", vec![int("slope", 3)])];
    let error = import("unread", &model(&[1, 3], unread, vec![])).unwrap_err().to_string();
    assert!(error.contains("attribute slope of Relu is not supported"), "{error}");
}

#[test]
fn places_picked_from_a_turned_picture_leave_the_batch_and_the_channels_where_they_are() {
    // As PyTorch's newer exporter writes adaptive pools: (N, C, H, W) → (H, W, N, C) → (3, 1, N, C) → (N, C, 3, 1).
    let nodes = vec![
        node("Conv", &["x", "w"], "c", vec![]),
        node("Transpose", &["c"], "t", vec![ints("perm", &[2, 3, 0, 1])]),
        node("GatherND", &["t", "places"], "g", vec![]),
        node("Transpose", &["g"], "y", vec![ints("perm", &[2, 3, 0, 1])]),
    ];
    let arrays = vec![
        TensorProto::from_f32("w", vec![2, 2, 1, 1], vec![1.0, 0.0, 0.0, 1.0]),
        TensorProto::from_i64("places", vec![3, 1, 2], vec![0, 0, 1, -1, 0, 1]),
    ];
    let imported = import("picked", &model(&[0, 2, 2, 2], nodes, arrays)).unwrap();
    let classes = classes(&imported);
    assert!(classes.iter().all(|class| !["Permute", "Transpose"].contains(class)), "{classes:?}");
    assert_eq!(imported.outputs[0].order, [0, 2, 3, 1]);
    let x: Vec<f32> = (0..16).map(|i| i as f32).collect();
    let y = imported.model.predict(&[Tensor::new([2, 2, 2, 2], x).unwrap()]).unwrap();
    assert_eq!(y[0].shape(), [2, 3, 1, 2]);
    assert_eq!(y[0].data(), [0.0, 1.0, 6.0, 7.0, 2.0, 3.0, 8.0, 9.0, 14.0, 15.0, 10.0, 11.0]);
}

#[test]
fn weights_are_brought_to_a_common_scale_while_reading() {
    // As torch writes NFNet's standardized weights: the statistics of a batch of one.
    let statistics = ["w", "scale", "bias", "zero", "one"];
    let nodes = vec![
        node("BatchNormalization", &statistics, "b", vec![int("training_mode", 1)]),
        node("Add", &["x", "b"], "y", vec![]),
    ];
    let arrays = vec![
        TensorProto::from_f32("w", vec![1, 2, 2], vec![1.0, 3.0, 2.0, 6.0]),
        TensorProto::from_f32("scale", vec![2], vec![2.0, 3.0]),
        TensorProto::from_f32("bias", vec![2], vec![0.5, 0.0]),
        TensorProto::from_f32("zero", vec![2], vec![0.0; 2]),
        TensorProto::from_f32("one", vec![2], vec![1.0; 2]),
    ];
    let imported = import("standardized", &model(&[0, 2, 2], nodes, arrays)).unwrap();
    let y = imported.model.predict(&[Tensor::new([1, 2, 2], vec![0.0; 4]).unwrap()]).unwrap();
    for (got, expected) in y[0].data().iter().zip([-1.5, 2.5, -3.0, 3.0]) {
        assert!((got - expected).abs() < 1e-4, "{:?}", y[0].data());
    }
}

#[test]
fn a_constant_of_the_size_of_the_batch_may_be_reshaped_to_it() {
    // As torch writes encodings of places: zeros for all items, brought into another shape.
    let nodes = vec![
        node("Shape", &["x"], "all", vec![]),
        node("Shape", &["x"], "items", vec![int("end", 1)]),
        node("Concat", &["items", "three"], "shape", vec![int("axis", 0)]),
        node("ConstantOfShape", &["all"], "zeros", vec![]),
        node("Reshape", &["zeros", "shape"], "r", vec![]),
        node("Add", &["x", "r"], "y", vec![]),
    ];
    let arrays = vec![TensorProto::from_i64("three", vec![1], vec![3])];
    let imported = import("zeros", &model(&[0, 3], nodes, arrays)).unwrap();
    assert_eq!(imported.inputs[0].shape[0], None);
    let x = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let y = imported.model.predict(&[Tensor::new([2, 3], x.clone()).unwrap()]).unwrap();
    assert_eq!(y[0].data(), x);
}
