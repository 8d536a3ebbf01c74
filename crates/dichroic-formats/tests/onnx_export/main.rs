//! What exported ONNX files look like. Their numbers are compared with ONNX Runtime's by `.ci/onnx_interop.py`.

mod cases;
mod networks;
mod operations;
mod round_trip;

use std::fs;
use std::path::PathBuf;

use cases::Case;
use dichroic::layers::{BatchNormalization, registry};
use dichroic::model::{Call, CallOptions, Input, Model};
use dichroic_formats::onnx::{OnnxExport, write_onnx};

/// A folder of its own for a test.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("dichroic-onnx-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The file of a case, whole, as bytes.
fn written(case: &Case) -> Vec<u8> {
    let folder = folder(&case.name);
    let path = folder.join("model.onnx");
    write_onnx(&path, &case.model, &case.options).unwrap();
    let bytes = fs::read(&path).unwrap();
    fs::remove_dir_all(folder).unwrap();
    bytes
}

/// The operators of a case in order.
fn operators(case: &Case) -> Vec<String> {
    let bytes = written(case);
    let model = onnx_rs::parse(&bytes).unwrap();
    let nodes = model.graph.unwrap().node;
    nodes.iter().map(|node| node.op_type.as_str().to_owned()).collect()
}

fn graph(name: &str) -> Case {
    networks::graphs().into_iter().find(|case| case.name == name).unwrap()
}

#[test]
fn images_are_turned_once_and_never_between_convolutions() {
    let operators = operators(&graph("classifier"));
    let turned = operators.iter().filter(|operator| *operator == "Transpose").count();
    assert_eq!(turned, 1, "{operators:?}");
    assert_eq!(operators[..2], ["Transpose", "Conv"]);
}

#[test]
fn with_channels_first_outside_nothing_is_turned() {
    let operators = operators(&graph("pyramid_first"));
    assert!(!operators.contains(&"Transpose".to_owned()), "{operators:?}");
}

#[test]
fn a_dense_layer_behind_feature_maps_permutes_its_weights_instead_of_the_data() {
    let case = graph("classifier");
    let bytes = written(&case);
    let model = onnx_rs::parse(&bytes).unwrap();
    let graph = model.graph.unwrap();
    let kernel = graph.initializer.iter().find(|tensor| tensor.name() == "dense/kernel").unwrap();
    let ours = case.model.weight("dense", "kernel").unwrap();
    let (rows, units) = (ours.shape()[0], ours.shape()[1]);
    let channels = 6;
    let theirs = kernel.as_f32().unwrap();
    for row in 0..rows {
        // Ours lie position by position, theirs channel by channel.
        let (position, channel) = (row / channels, row % channels);
        let turned = channel * (rows / channels) + position;
        let own = &ours.data()[row * units..(row + 1) * units];
        assert_eq!(own, &theirs[turned * units..(turned + 1) * units]);
    }
}

#[test]
fn what_acts_in_training_only_leaves_no_node() {
    assert!(!operators(&graph("classifier")).contains(&"Dropout".to_owned()));
}

#[test]
fn a_layer_called_twice_has_its_weights_once() {
    let bytes = written(&graph("shared"));
    let model = onnx_rs::parse(&bytes).unwrap();
    let graph = model.graph.unwrap();
    let kernels = graph.initializer.iter().filter(|tensor| tensor.name() == "kernel/kernel");
    assert_eq!(kernels.count(), 1);
    let convolutions: Vec<&str> =
        graph.node.iter().map(|node| node.name).filter(|name| name.starts_with("kernel")).collect();
    assert_eq!(convolutions, ["kernel/transpose", "kernel", "kernel_1"]);
}

#[test]
fn ports_have_the_names_of_layers_and_open_axes_names_of_their_own() {
    use onnx_rs::ast::{Dimension, TypeValue};
    let bytes = written(&graph("open"));
    let model = onnx_rs::parse(&bytes).unwrap();
    assert_eq!((model.producer_name, model.opset_import[0].version), ("dichroic", 17));
    let graph = model.graph.unwrap();
    assert_eq!(graph.input[0].name, "image");
    let Some(TypeValue::Tensor(tensor)) = &graph.input[0].r#type.as_ref().unwrap().value else {
        panic!("an input is a tensor");
    };
    let axes = &tensor.shape.as_ref().unwrap().dim;
    let names: Vec<&Dimension<'_>> = axes.iter().map(|axis| &axis.value).collect();
    let expected = [
        &Dimension::Param("batch"),
        &Dimension::Param("height"),
        &Dimension::Param("width"),
        &Dimension::Value(3),
    ];
    assert_eq!(names, expected);
}

#[test]
fn external_data_lie_beside_the_file() {
    let case = graph("pyramid_external");
    let folder = folder("external");
    let path = folder.join("model.onnx");
    write_onnx(&path, &case.model, &case.options).unwrap();
    let data = fs::read(folder.join("model.onnx.data")).unwrap();
    let bytes = fs::read(&path).unwrap();
    let model = onnx_rs::parse(&bytes).unwrap();
    let graph = model.graph.unwrap();
    let outside: Vec<_> =
        graph.initializer.iter().filter(|tensor| !tensor.external_data().is_empty()).collect();
    assert!(!outside.is_empty() && outside.len() < graph.initializer.len());
    for tensor in outside {
        let entry = |key: &str| {
            let entries = tensor.external_data();
            entries.iter().find(|entry| entry.key == key).unwrap().value
        };
        let (offset, length): (usize, usize) =
            (entry("offset").parse().unwrap(), entry("length").parse().unwrap());
        assert_eq!(entry("location"), "model.onnx.data");
        assert_eq!(length, 4 * tensor.dims().iter().product::<i64>() as usize);
        assert!(offset % 4096 == 0 && offset + length <= data.len());
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_onnx_can_not_say_is_refused_by_name() {
    let x = Input::new(&[6, 6, 3]);
    let options =
        CallOptions { mode: Some(dichroic::layers::Mode::Training), ..CallOptions::default() };
    let normal = BatchNormalization::new().call_with(&x, options).unwrap();
    let mut model = Model::new(&x, &normal[0]).unwrap();
    let path = std::env::temp_dir().join("dichroic-never.onnx");
    let unbuilt = write_onnx(&path, &model, &OnnxExport::default()).unwrap_err().to_string();
    assert!(unbuilt.contains("no values") || unbuilt.contains("weights"), "{unbuilt}");
    model.build(0).unwrap();
    let error = write_onnx(&path, &model, &OnnxExport::default()).unwrap_err().to_string();
    assert!(error.contains("batch_normalization: a call with training=True"), "{error}");
    let old = OnnxExport { opset: 11, ..OnnxExport::default() };
    let error = write_onnx(&path, &model, &old).unwrap_err().to_string();
    assert!(error.contains("opset 11 is not supported; use one from 17 to 21"), "{error}");
    assert!(!path.exists());
}

#[test]
fn every_layer_of_the_registry_is_among_the_cases() {
    let cases = cases::cases(false);
    let among = |class_name: &str| {
        let layers = cases.iter().flat_map(|case| case.model.all_layers());
        layers.into_iter().any(|layer| layer.class_name() == class_name)
    };
    let missing: Vec<&str> =
        registry::class_names().filter(|class_name| !among(class_name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
