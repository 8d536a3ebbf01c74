use dichroic_graph::kernels::tensor::Tensor;

use super::*;
use crate::layers::{
    Conv1D, Conv2D, Conv2DTranspose, Conv3D, DepthwiseConv2D, Rescaling, SeparableConv2D,
    SharedConv2D,
};
use crate::model::{Input, LayerRef, Sequential};

fn model(input: &[usize], layer: impl Into<LayerRef>) -> Model {
    let model = Sequential::new().add(Input::new(input)).add(LayerRef::named("conv", layer));
    let mut model = model.finish().unwrap();
    model.build(5).unwrap();
    model
}

/// Each weight tells its place, so that a wrong order shows.
fn numbered(model: &mut Model, weight: &str) {
    let shape = model.weight("conv", weight).unwrap().shape().to_vec();
    let values = (0..shape.iter().product::<usize>()).map(|place| place as f32 + 1.0).collect();
    model.set_weight("conv", weight, Tensor::new(shape, values).unwrap()).unwrap();
}

fn kernels(model: &Model, stage: Option<Stage>) -> Tensor {
    FilterMatrix::kernels(model, "conv", stage).unwrap()
}

#[test]
fn kernels_lie_filter_by_filter_and_channel_by_channel() {
    let mut model = model(&[9, 9, 3], Conv2D::new(2, (2, 1)));
    numbered(&mut model, "kernel");
    let found = kernels(&model, None);
    assert_eq!(found.shape(), [2, 3, 2, 1]);
    // Keras's place of (row, 0, channel, filter) is ((row · 3) + channel) · 2 + filter.
    assert_eq!(found.data(), [1., 7., 3., 9., 5., 11., 2., 8., 4., 10., 6., 12.]);
}

#[test]
fn a_transposed_kernel_has_its_filters_before_its_channels() {
    let mut model = model(&[4, 4, 3], Conv2DTranspose::new(2, 1));
    numbered(&mut model, "kernel");
    let found = kernels(&model, None);
    assert_eq!((found.shape(), found.data()), (&[2, 3, 1, 1][..], &[1., 2., 3., 4., 5., 6.][..]));
    assert!(FilterMatrix::of(&model, "conv", None).unwrap().transposed);
}

#[test]
fn a_filter_of_a_group_sees_the_channels_of_its_group() {
    let matrix =
        FilterMatrix::of(&model(&[9, 9, 6], Conv2D::new(4, 3).groups(2)), "conv", None).unwrap();
    assert_eq!((matrix.channels_per_filter, matrix.in_channels, matrix.groups), (3, 6, 2));
    assert_eq!(matrix.first_channel, [0, 0, 3, 3]);
    assert_eq!((matrix.sharing, matrix.rgb), ("grouped", false));
}

#[test]
fn filters_of_a_depthwise_convolution_see_one_channel_each() {
    let mut model = model(&[5, 5, 3], DepthwiseConv2D::new(1).depth_multiplier(2));
    numbered(&mut model, "kernel");
    let found = kernels(&model, None);
    assert_eq!((found.shape(), found.data()), (&[6, 1, 1, 1][..], &[1., 2., 3., 4., 5., 6.][..]));
    let matrix = FilterMatrix::of(&model, "conv", None).unwrap();
    assert_eq!(matrix.first_channel, [0, 0, 1, 1, 2, 2]);
}

#[test]
fn a_shared_kernel_lies_on_every_channel_but_is_counted_once() {
    let mut model = model(&[5, 5, 3], SharedConv2D::new(2, 1));
    numbered(&mut model, "kernel");
    let found = kernels(&model, None);
    assert_eq!((found.shape(), found.data()), (&[2, 3, 1, 1][..], &[1., 1., 1., 2., 2., 2.][..]));
    let matrix = FilterMatrix::of(&model, "conv", None).unwrap();
    assert_eq!((matrix.statistics[1].norm, matrix.sharing), (2.0, "across_input_channels"));
}

#[test]
fn the_stages_of_a_separable_convolution_are_asked_for_one_by_one() {
    let model = model(&[7, 7, 3], SeparableConv2D::new(5, 3).depth_multiplier(2));
    let first = FilterMatrix::of(&model, "conv", None).unwrap();
    assert_eq!(first.stages, Stage::ALL);
    assert_eq!((first.stage, first.filters), (Some(Stage::Depthwise), 6));
    assert_eq!(
        (first.first_channel.as_slice(), first.statistics[0].bias),
        (&[0, 0, 1, 1, 2, 2][..], None)
    );
    let second = FilterMatrix::of(&model, "conv", Some(Stage::Pointwise)).unwrap();
    assert_eq!((second.filters, second.channels_per_filter, second.groups), (5, 6, 1));
    assert_eq!((second.first_channel[4], second.statistics[0].bias), (0, Some(0.0)));
    assert_eq!(kernels(&model, Some(Stage::Pointwise)).shape(), [5, 6, 1, 1]);
    let json = serde_json::to_value(&second).unwrap();
    assert_eq!(
        (json["stage"].as_str(), json["sharing"].as_str()),
        (Some("pointwise"), Some("separable"))
    );
}

#[test]
fn kernels_have_as_many_axes_as_directions() {
    assert_eq!(kernels(&model(&[9, 2], Conv1D::new(4, 3)), None).shape(), [4, 2, 3]);
    let volume = model(&[4, 5, 6, 2], Conv3D::new(3, (1, 2, 3)));
    assert_eq!(kernels(&volume, None).shape(), [3, 2, 1, 2, 3]);
}

#[test]
fn dead_and_repeated_filters_are_marked_and_orders_follow() {
    let mut model = model(&[5, 5, 1], Conv2D::new(5, (1, 2)));
    // Filters: (1, 0), (0, 0), (3, 3), (-2, 0), (0.001, 0.001).
    let values = vec![1.0, 0.0, 3.0, -2.0, 0.001, 0.0, 0.0, 3.0, 0.0, 0.001];
    model.set_weight("conv", "kernel", Tensor::new([1, 2, 1, 5], values).unwrap()).unwrap();
    let matrix = FilterMatrix::of(&model, "conv", None).unwrap();
    let dead: Vec<bool> = matrix.statistics.iter().map(|filter| filter.dead).collect();
    assert_eq!(dead, [false, true, false, false, true]);
    let twins: Vec<_> = matrix.statistics.iter().map(|filter| filter.duplicate_of).collect();
    assert_eq!(twins, [None, None, None, Some(0), None]);
    assert_eq!(matrix.orders.norm, [2, 3, 0, 4, 1]);
    assert_eq!(matrix.orders.similarity, [2, 0, 3, 1, 4]);
    assert_eq!(matrix.orders.sparsity, [1, 4, 0, 3, 2]);
    assert_eq!((matrix.minimum, matrix.maximum, matrix.largest_absolute), (-2.0, 3.0, 3.0));
    assert_eq!(matrix.statistics[0].sparsity, 0.5);
}

#[test]
fn all_filters_stand_in_every_order_and_long_ones_are_compared_by_sketches() {
    // 1,024 filters of 2,304 weights: more products than are spent, so sketches take their place.
    let mut model = model(&[4, 4, 256], Conv2D::new(1024, 3));
    let mut kernel = model.weight("conv", "kernel").unwrap().clone();
    let values = kernel.data_mut();
    for row in values.chunks_mut(1024) {
        row[900] = row[17] * -3.0;
    }
    model.set_weight("conv", "kernel", kernel).unwrap();
    let matrix = FilterMatrix::of(&model, "conv", None).unwrap();
    for order in [&matrix.orders.norm, &matrix.orders.similarity, &matrix.orders.sparsity] {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1024).collect::<Vec<_>>());
    }
    let twins: Vec<_> =
        matrix.statistics.iter().filter_map(|f| Some((f.filter, f.duplicate_of?))).collect();
    assert_eq!(twins, [(900, 17)]);
}

#[test]
fn only_filters_on_the_picture_itself_are_colour_pictures() {
    let mut model = Sequential::new()
        .add(Input::new(&[9, 9, 3]))
        .add(Rescaling::new(1.0 / 255.0))
        .add(Conv2D::new(3, 3))
        .add(Conv2D::new(4, 3))
        .finish()
        .unwrap();
    model.build(0).unwrap();
    assert!(FilterMatrix::of(&model, "conv2d", None).unwrap().rgb);
    assert!(!FilterMatrix::of(&model, "conv2d_1", None).unwrap().rgb);
}

#[test]
fn a_layer_without_filters_and_a_stage_that_is_none_are_refused() {
    let built = model(&[5, 5, 3], Conv2D::new(2, 1));
    let error = FilterMatrix::of(&built, "conv", Some(Stage::Depthwise)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "layer \"conv\" (Conv2D) has no stage \"depthwise\"; only separable convolutions have stages"
    );
    let flat = model(&[5, 5, 3], crate::layers::Flatten::new());
    assert!(matches!(
        FilterMatrix::of(&flat, "conv", None),
        Err(ExplainError::NotAConvolution { .. })
    ));
}
