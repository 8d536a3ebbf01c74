//! Every kind of figure, in every format, over models that differ.

use dichroic::Tensor;
use dichroic::applications::{Options, by_name};
use dichroic::explain::{Language, Trace, TraceRequest};
use dichroic::model::Model;
use dichroic_figure::{
    Figure, FigureError, architecture, convolution, feature_maps, filters, receptive_field,
};
use dichroic_script::Script;

type Failure = Box<dyn std::error::Error>;

fn model(code: &str) -> Result<Model, Failure> {
    let script =
        format!("from keras import Sequential, layers, Input\nmodel = Sequential([{code}])");
    let options = dichroic_script::Options::default();
    let outcome = Script::run(&script, "model.py", &options, &mut std::io::sink())?;
    let mut model = outcome.into_model(None)?;
    model.build(7)?;
    Ok(model)
}

fn seed() -> Result<Model, Failure> {
    model(
        "Input((28, 28, 3)), layers.Conv2D(32, 5, padding='same', use_bias=False), \
         layers.Conv2D(17, 3, padding='same', use_bias=False)",
    )
}

fn input(model: &Model) -> Result<Vec<Tensor>, Failure> {
    let shape = model.inputs()[0].shape().with_batch(1).ok_or("an open shape")?;
    let count: usize = shape.iter().product();
    let values = (0..count).map(|i| (i % 11) as f32 / 10.0).collect();
    Ok(vec![Tensor::new(shape, values)?])
}

fn readable(figure: &Figure) -> Result<(), Failure> {
    let png = figure.png(1.0)?;
    assert_eq!(&png[1..4], b"PNG");
    let pdf = figure.pdf()?;
    assert!(pdf.starts_with(b"%PDF-"));
    Ok(())
}

#[test]
fn filters_are_counted_in_both_languages() -> Result<(), Failure> {
    let model = seed()?;
    let english = filters(&model, "conv2d", Language::English)?;
    assert!(english.svg().contains("conv2d: 32 filters, 96 kernels"));
    assert!(english.svg().contains("32 filters × 3 channels × 5×5 = 2,400"));
    readable(&english)?;
    let chinese = filters(&model, "conv2d", Language::Chinese)?;
    assert!(chinese.svg().contains("32 个过滤器，96 个卷积核"));
    Ok(())
}

#[test]
fn kernels_in_one_and_three_directions_and_of_every_sharing_are_drawn() -> Result<(), Failure> {
    for code in [
        "Input((20, 2)), layers.Conv1D(4, 5)",
        "Input((6, 6, 6, 2)), layers.Conv3D(4, 3)",
        "Input((9, 9, 4)), layers.Conv2D(8, 3, groups=2)",
        "Input((9, 9, 4)), layers.DepthwiseConv2D(3, depth_multiplier=2)",
        "Input((9, 9, 4)), layers.SeparableConv2D(5, 3)",
        "Input((9, 9, 3)), layers.Conv2DTranspose(5, 3, strides=2)",
        "Input((9, 9, 3)), layers.Conv2D(40, 1)",
    ] {
        let model = model(code)?;
        let layer = model.layers().last().ok_or("a layer")?.name();
        readable(&filters(&model, &layer, Language::English)?)?;
    }
    Ok(())
}

#[test]
fn a_convolution_shows_the_sums_of_its_trace() -> Result<(), Failure> {
    let model = seed()?;
    let inputs = input(&model)?;
    let request = TraceRequest { layer: "conv2d".to_owned(), filter: 3, at: vec![0, 12] };
    let trace = Trace::of(&model, &request, &inputs)?;
    let figure = convolution(&model, &request, &inputs, Language::English)?;
    for channel in &trace.channels {
        let sum = format!("{:.3}", channel.adds).replace('-', "−");
        assert!(figure.svg().contains(&format!("Σ = {sum}")), "no {sum}");
    }
    readable(&figure)
}

#[test]
fn channels_that_add_little_are_told_in_one_line() -> Result<(), Failure> {
    let model = seed()?;
    let request = TraceRequest { layer: "conv2d_1".to_owned(), filter: 0, at: vec![5, 5] };
    let figure = convolution(&model, &request, &input(&model)?, Language::English)?;
    assert!(figure.svg().contains("26 further channels"));
    Ok(())
}

#[test]
fn feature_maps_of_pictures_sequences_and_volumes_are_drawn() -> Result<(), Failure> {
    for (code, layer) in [
        ("Input((28, 28, 3)), layers.Conv2D(70, 5, activation='relu')", "conv2d"),
        ("Input((40, 2)), layers.Conv1D(4, 5)", "conv1d"),
        ("Input((6, 7, 8, 2)), layers.Conv3D(4, 3)", "conv3d"),
    ] {
        let model = model(code)?;
        readable(&feature_maps(&model, layer, &input(&model)?, Language::English)?)?;
    }
    Ok(())
}

#[test]
fn a_layer_without_positions_has_no_feature_maps_to_draw() -> Result<(), Failure> {
    let model = model("Input((8, 8, 1)), layers.Flatten(), layers.Dense(3)")?;
    let refused = feature_maps(&model, "dense", &input(&model)?, Language::English);
    assert!(matches!(refused, Err(FigureError::NotPlanar { .. })));
    let unknown = feature_maps(&model, "conv9", &input(&model)?, Language::English);
    assert!(matches!(unknown, Err(FigureError::Explain(_))));
    Ok(())
}

#[test]
fn receptive_fields_are_listed_up_to_the_layer() -> Result<(), Failure> {
    let model = by_name("VGG16", &Options::default())?;
    let figure = receptive_field(&model, "block2_pool", Language::English)?;
    assert!(figure.svg().contains("block2_pool") && figure.svg().contains("16 × 16"));
    assert!(!figure.svg().contains("block3_conv1"));
    readable(&figure)
}

#[test]
fn a_large_network_is_drawn_by_its_stages_and_a_small_one_by_its_layers() -> Result<(), Failure> {
    let small = architecture(&seed()?, Language::English)?;
    assert!(small.svg().contains(">\nconv2d_1\n<") || small.svg().contains("conv2d_1"));
    assert!(small.svg().contains("2,400 parameters"));
    let large = architecture(&by_name("ResNet50", &Options::default())?, Language::English)?;
    assert!(large.svg().contains("25,636,712 parameters") && large.svg().contains("conv3"));
    assert!(!large.svg().contains("conv3_block2_1_conv"));
    readable(&large)
}
