//! What explanations owe where layers are nested, transposed, dilated, separable, wide or 1-D.

use dichroic_graph::kernels::tensor::Tensor;

use super::*;
use crate::layers::{Conv1D, Conv2D, Conv2DTranspose, Padding, SeparableConv2D, UpSampling2D};
use crate::model::{Input, LayerRef, Model, Sequential};

fn around(layer: impl Into<LayerRef>) -> Model {
    let model = Sequential::new().add(Input::new(&[13, 13, 3])).add(layer);
    let mut model = model.finish().unwrap();
    model.build(3).unwrap();
    model
}

fn traced(model: &Model, layer: &str) -> Trace {
    let values = (0..13 * 13 * 3).map(|i| (i % 11) as f32 * 0.1).collect();
    let input = Tensor::new([1, 13, 13, 3], values).unwrap();
    let request = TraceRequest { layer: layer.to_owned(), filter: 0, at: vec![1, 2] };
    Trace::of(model, &request, &[input]).unwrap()
}

fn words(model: &Model, layer: &str) -> String {
    LayerExplanation::of(model, layer).unwrap().text()
}

#[test]
fn a_layer_inside_a_nested_model_is_found_by_its_own_name() {
    let block = Sequential::named("block")
        .add(Input::new(&[13, 13, 3]))
        .add(LayerRef::named("inner_conv", Conv2D::new(4, 3)))
        .finish()
        .unwrap();
    let model = around(block);
    assert_eq!(LayerExplanation::of(&model, "inner_conv").unwrap().layer, "block/inner_conv");
    assert_eq!(traced(&model, "inner_conv").layer, "block/inner_conv");
    let what_if = WhatIf::of(&model, "inner_conv").unwrap();
    assert!(what_if.model(&model, &what_if.variants[0]).is_ok());
    let all = LayerExplanation::of_all(&model).unwrap();
    let names: Vec<&str> = all.iter().map(|layer| layer.layer.as_str()).collect();
    assert_eq!(names, ["block", "block/inner_conv"]);
    let error = LayerExplanation::of(&model, "zzzzzzzz").unwrap_err().to_string();
    assert!(error.contains("its layers are") && error.contains("block"), "{error}");
}

#[test]
fn weights_that_strides_skip_are_not_called_outside() {
    let model = around(Conv2DTranspose::new(4, 3).strides(2).padding(Padding::Same));
    let trace = traced(&model, "conv2d_transpose");
    let channel = &trace.channels[0];
    assert!(channel.between > 0 && channel.outside == 0, "{channel:?}");
    assert!(channel.from.is_some());
    let text = trace.text();
    assert!(text.contains("meet no input value because of the strides"), "{text}");
    let text = words(&model, "conv2d_transpose");
    assert!(text.contains("at most 12 products fall on one output value"), "{text}");
}

#[test]
fn a_dilated_patch_says_how_far_apart_its_positions_lie() {
    let model = around(Conv2D::new(4, 3).dilation_rate(2));
    let text = traced(&model, "conv2d").text();
    assert!(text.contains("patch from 1,2, every 2nd position"), "{text}");
}

#[test]
fn the_total_and_what_relu_makes_of_it_show_the_same_digits() {
    let model = around(Conv2D::new(4, 3).activation("relu"));
    let mut trace = traced(&model, "conv2d");
    (trace.total, trace.value) = (1.052_185_499, f64::from(1.052_185_499_f64 as f32));
    let shown = format!("{:.6}", trace.value);
    assert!(trace.text().contains(&format!("relu({shown}) = {shown}")), "{}", trace.text());
}

#[test]
fn wide_grids_are_stacked() {
    let model = around(Conv2D::new(4, 11));
    let text = traced(&model, "conv2d").text();
    let widest = text.lines().filter(|line| !line.contains("sum")).map(|line| line.chars().count());
    assert!(widest.max().unwrap() <= 110, "{text}");
    assert!(text.contains("× kernel") && text.contains("= products"), "{text}");
}

#[test]
fn each_stage_of_a_separable_convolution_multiplies_out_by_itself() {
    let explained = LayerExplanation::of(&around(SeparableConv2D::new(8, 3)), "separable_conv2d");
    let explained = explained.unwrap();
    for stage in &explained.stages {
        assert_eq!(stage.weights, stage.kernels * stage.weights_per_kernel);
        assert_eq!(stage.weights, stage.filters * stage.weights_per_filter);
    }
    let sum = |of: fn(&StageExplanation) -> u64| explained.stages.iter().map(of).sum::<u64>();
    assert_eq!(sum(|stage| stage.weights), explained.weights);
    assert_eq!(Some(sum(|stage| stage.kernels)), explained.kernels);
}

#[test]
fn one_direction_and_upsampling_are_put_in_words() {
    let model = Sequential::new().add(Input::new(&[9, 2])).add(Conv1D::new(4, 3)).finish().unwrap();
    let text = words(&model, "conv1d");
    assert!(text.contains("3 weights a kernel: size 3"), "{text}");
    let text = words(&around(UpSampling2D::new(2)), "up_sampling2d");
    assert!(text.contains("repeats positions") && !text.contains("interpolates"), "{text}");
}
