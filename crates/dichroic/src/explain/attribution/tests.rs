use std::ops::ControlFlow;

use super::*;
use crate::layers::{
    Activation, Add, BatchNormalization, Conv2D, Dense, Flatten, GlobalAveragePooling2D,
    MaxPooling2D, Padding,
};
use crate::model::{Call, Input, LayerRef, Sequential};

fn go_on(_: f32) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn wave(shape: &[usize]) -> Tensor {
    let len = shape.iter().product::<usize>();
    let values = (0..len).map(|i| ((i * 7 % 23) as f32 / 11.0 - 1.0) * 0.8).collect();
    Tensor::new(shape, values).unwrap()
}

fn of(model: &Model, input: &Tensor, method: Method) -> Result<Attribution, AttributionError> {
    let request = AttributionRequest::new(method);
    Attribution::of(model, std::slice::from_ref(input), &request, &mut go_on)
}

/// A smooth network, so that differences come near its gradient: normalisation, a residual, a nested model.
fn smooth_model(channels: usize) -> Model {
    let x = Input::new(&[7, 6, channels]);
    let y = Conv2D::new(4, 3).padding(Padding::Same).activation("tanh").call(&x).unwrap();
    let y = BatchNormalization::new().call(&y).unwrap();
    let block = Sequential::named("block")
        .add(Input::new(&[7, 6, 4]))
        .add(LayerRef::named("inner", Conv2D::new(4, 3).padding(Padding::Same)))
        .add(Activation::new("softplus"))
        .finish()
        .unwrap();
    let z = Add::new().call([&y, &block.call(&y).unwrap()]).unwrap();
    let z = GlobalAveragePooling2D::new().call(&z).unwrap();
    let z = Dense::new(3).activation("softmax").call(&z).unwrap();
    let mut model = Model::new(&x, &z).unwrap();
    model.build(4).unwrap();
    model
}

#[test]
fn the_gradient_by_the_picture_is_the_slope_of_the_score() {
    for channels in [1, 3] {
        let model = smooth_model(channels);
        let picture = wave(&[1, 7, 6, channels]);
        let subject = Subject::of(&model, std::slice::from_ref(&picture), Some(1)).unwrap();
        let lowered = subject.lowered(1).unwrap();
        let mut run = subject.gradient(lowered, None).unwrap();
        let gradient = run.run(picture.data()).unwrap().to_vec();
        let mut scores = subject.scores(2).unwrap();
        const STEP: f32 = 0.02;
        for place in (0..picture.len()).step_by(5) {
            let mut pair = picture.data().repeat(2);
            pair[place] -= STEP;
            pair[picture.len() + place] += STEP;
            let [low, high] = scores.run(&pair).unwrap()[..] else { panic!("two scores") };
            let slope = (high - low) / (2.0 * STEP);
            assert!((slope - gradient[place]).abs() < 1e-3, "{place}: {slope} {}", gradient[place]);
        }
    }
}

#[test]
fn integrated_gradients_account_for_the_score() {
    let model = smooth_model(3);
    let mut picture = wave(&[1, 7, 6, 3]);
    // Light enough that the score is another than that of black.
    picture.data_mut().iter_mut().for_each(|value| *value += 1.0);
    let found = of(&model, &picture, Method::IntegratedGradients).unwrap();
    let Completeness { sum, expected } = found.completeness.unwrap();
    assert!((sum - expected).abs() < 1e-3 && expected.abs() > 1e-2, "{sum} {expected}");
    let whole: f64 = found.map.data().iter().map(|&value| f64::from(value)).sum();
    assert!((whole - sum).abs() < 1e-4);
    assert_eq!(found.score_of, ScoreOf::BeforeSoftmax);
}

#[test]
fn one_covered_pixel_of_a_linear_model_costs_what_it_added() {
    let mut model = Sequential::new()
        .add(Input::new(&[4, 5, 1]))
        .add(Flatten::new())
        .add(Dense::new(2))
        .finish()
        .unwrap();
    model.build(1).unwrap();
    let picture = wave(&[1, 4, 5, 1]);
    let mut request = AttributionRequest::new(Method::Occlusion);
    (request.class, request.window, request.stride) = (Some(1), Some(1), Some(1));
    let mut parts = Vec::new();
    let found = Attribution::of(&model, std::slice::from_ref(&picture), &request, &mut |part| {
        parts.push(part);
        ControlFlow::Continue(())
    });
    let found = found.unwrap();
    let mean = picture.data().iter().sum::<f32>() / 20.0;
    let weights = model.weight("dense", "kernel").unwrap().data();
    for (place, (fall, x)) in found.map.data().iter().zip(picture.data()).enumerate() {
        assert!((fall - weights[place * 2 + 1] * (x - mean)).abs() < 1e-5);
    }
    assert_eq!((found.score_of, parts.last()), (ScoreOf::Output, Some(&1.0)));
    assert!(parts.is_sorted());
    // The last squares end at the edges.
    (request.window, request.stride) = (Some(2), Some(2));
    let found = Attribution::of(&model, &[picture], &request, &mut go_on).unwrap();
    assert!(found.map.data()[4] != 0.0 && found.map.data()[19] != 0.0);
}

#[test]
fn class_activation_maps_look_at_the_last_maps_unless_told() {
    let model = smooth_model(3);
    let picture = wave(&[1, 7, 6, 3]);
    for method in [Method::GradCam, Method::GradCamPlusPlus] {
        let found = of(&model, &picture, method).unwrap();
        assert_eq!((found.layer.as_deref(), found.map.shape()), (Some("add"), &[7, 6][..]));
        assert!(found.minimum >= 0.0);
        let mut request = AttributionRequest::new(method);
        request.layer = Some("inner".to_owned());
        let inner = std::slice::from_ref(&picture);
        let inner = Attribution::of(&model, inner, &request, &mut go_on).unwrap();
        assert_eq!(inner.layer.as_deref(), Some("block/inner"));
        request.layer = Some("input_layer".to_owned());
        assert!(
            Attribution::of(&model, std::slice::from_ref(&picture), &request, &mut go_on).is_ok()
        );
    }
}

#[test]
fn the_last_maps_stand_before_the_pool() {
    let mut model = Sequential::new()
        .add(Input::new(&[12, 12, 1]))
        .add(Conv2D::new(3, 3))
        .add(BatchNormalization::new())
        .add(Activation::new("relu"))
        .add(MaxPooling2D::new(2))
        .add(Flatten::new())
        .add(Dense::new(1).activation("sigmoid"))
        .finish()
        .unwrap();
    model.build(2).unwrap();
    let found = of(&model, &wave(&[1, 12, 12, 1]), Method::GradCam).unwrap();
    assert_eq!(found.layer.as_deref(), Some("activation"));
    assert_eq!(found.grid.unwrap().shape(), [10, 10]);
    assert_eq!((found.map.shape(), found.class), (&[12, 12][..], 0));
    assert_eq!(found.score_of, ScoreOf::BeforeSigmoid);
}

#[test]
fn noise_is_drawn_from_the_seed_and_averages_out() {
    let model = smooth_model(3);
    let picture = wave(&[1, 7, 6, 3]);
    let smooth = of(&model, &picture, Method::SmoothGrad).unwrap();
    assert_eq!(smooth.map, of(&model, &picture, Method::SmoothGrad).unwrap().map);
    let plain = of(&model, &picture, Method::Saliency).unwrap();
    assert_ne!(smooth.map, plain.map);
    let largest = plain.maximum;
    for (a, b) in smooth.map.data().iter().zip(plain.map.data()) {
        assert!((a - b).abs() < 0.5 * largest, "{a} {b}");
    }
}

#[test]
fn what_can_not_be_asked_is_refused_with_the_reason() {
    let model = smooth_model(3);
    let picture = wave(&[1, 7, 6, 3]);
    let ask = |change: &dyn Fn(&mut AttributionRequest)| {
        let mut request = AttributionRequest::new(Method::GradCam);
        change(&mut request);
        Attribution::of(&model, std::slice::from_ref(&picture), &request, &mut go_on).unwrap_err()
    };
    let error = ask(&|request| request.class = Some(3)).to_string();
    assert_eq!(error, "the model has classes 0 to 2, got 3");
    let error = ask(&|request| request.layer = Some("dense".to_owned()));
    assert!(matches!(error, AttributionError::NoPositions { .. }), "{error}");
    let error = ask(&|request| request.layer = Some("nowhere".to_owned()));
    assert!(matches!(error, AttributionError::Model(_)), "{error}");
    let error = ask(&|request| (request.method, request.steps) = (Method::IntegratedGradients, 0));
    assert_eq!(error.to_string(), "steps must be at least 1, got 0");
    let error = ask(&|request| (request.method, request.window) = (Method::Occlusion, Some(8)));
    assert!(error.to_string().starts_with("window must be from 1"), "{error}");

    let small = |layers: Vec<LayerRef>, input: &[usize]| {
        let chain = Sequential::new().add(Input::new(input));
        let mut model =
            layers.into_iter().fold(chain, |chain, layer| chain.add(layer)).finish().unwrap();
        model.build(0).unwrap();
        of(&model, &wave(&[&[1], input].concat()), Method::GradCam).unwrap_err()
    };
    let error = small(vec![Conv2D::new(2, 3).into()], &[5, 5, 3]);
    assert!(matches!(error, AttributionError::NoClasses { .. }), "{error}");
    let error = small(vec![Flatten::new().into(), Dense::new(2).into()], &[5, 5, 3]);
    assert!(matches!(error, AttributionError::NoSpatialLayer { .. }), "{error}");
    let error = small(vec![Dense::new(2).into()], &[5]);
    assert!(matches!(error, AttributionError::NoPicture { .. }), "{error}");
}

#[test]
fn the_work_stops_when_it_is_told_to() {
    let model = smooth_model(1);
    let picture = [wave(&[1, 7, 6, 1])];
    for method in [Method::SmoothGrad, Method::IntegratedGradients, Method::Occlusion] {
        let mut calls = 0;
        let found =
            Attribution::of(&model, &picture, &AttributionRequest::new(method), &mut |_| {
                calls += 1;
                ControlFlow::Break(())
            });
        assert!(matches!(found, Err(AttributionError::Cancelled)));
        assert_eq!(calls, 1);
    }
}

#[test]
fn climbing_excites_the_filter_within_the_range() {
    let model = smooth_model(3);
    let ascent = Ascent { steps: 24, range: Some([0.0, 1.0]), ..Ascent::default() };
    let mut heights = Vec::new();
    let found = MaximalInput::of(&model, ("inner", 2), &ascent, &mut |step| {
        heights.push(step.activation);
        ControlFlow::Continue(())
    });
    let found = found.unwrap();
    assert_eq!((found.layer.as_str(), heights.len()), ("block/inner", 24));
    assert!(found.activation > heights[0] + 0.05, "{heights:?} {}", found.activation);
    assert!(found.minimum >= 0.0 && found.maximum <= 1.0);
    let again = MaximalInput::of(&model, ("inner", 2), &ascent, &mut |_| ControlFlow::Continue(()));
    assert_eq!(again.unwrap().input, found.input);
    let other = Ascent { seed: 1, ..ascent.clone() };
    let other = MaximalInput::of(&model, ("inner", 2), &other, &mut |_| ControlFlow::Continue(()));
    assert_ne!(other.unwrap().input, found.input);
}

#[test]
fn climbing_refuses_channels_that_are_not_there_and_stops_when_told() {
    let model = smooth_model(3);
    let climb = |filter: usize, ascent: &Ascent| {
        MaximalInput::of(&model, ("conv2d", filter), ascent, &mut |_| ControlFlow::Break(()))
            .unwrap_err()
    };
    let ascent = Ascent::default();
    let error = climb(4, &ascent);
    assert_eq!(error.to_string(), "layer \"conv2d\" makes channels 0 to 3, got 4");
    assert!(matches!(climb(3, &ascent), AttributionError::Cancelled));
    let error = climb(3, &Ascent { rate: 0.0, ..ascent });
    assert_eq!(error.to_string(), "rate must be above 0, got 0");
}

#[test]
fn a_stretched_map_keeps_its_values_and_its_middle() {
    let map = Tensor::new([1, 2], vec![0.0, 1.0]).unwrap();
    assert_eq!(picture::stretched(&map, [1, 2]).unwrap(), map);
    let wide = picture::stretched(&map, [2, 4]).unwrap();
    assert_eq!(wide.data(), [0.0, 0.25, 0.75, 1.0, 0.0, 0.25, 0.75, 1.0]);
}

#[test]
fn methods_have_the_names_of_the_json() {
    for method in Method::ALL {
        assert_eq!(serde_json::to_value(method).unwrap(), method.name());
        assert_eq!(Method::from_name(method.name()), Some(method));
    }
}
