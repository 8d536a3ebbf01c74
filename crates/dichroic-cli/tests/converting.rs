//! `convert`, `--weights` and `--lenient`: models on their way from one format to another.

mod support;

use std::fs::File;
use std::io::Read;

use support::{Place, with_config};
use zip::ZipArchive;

const MODEL: &str = "\
from keras import Input, Sequential
from keras.layers import BatchNormalization, Conv2D, Dense, Flatten, MaxPooling2D

model = Sequential([
    Input((8, 8, 3)),
    Conv2D(6, 3, padding='same', activation='relu'),
    BatchNormalization(),
    MaxPooling2D(),
    Flatten(),
    Dense(4, activation='softmax'),
])
";

fn converted(place: &Place, from: &str, to: &str) -> f64 {
    let report = place.json(&["convert", from, to, "--json"]);
    report["checked"]["outputs"][0]["largest_difference"].as_f64().unwrap()
}

#[test]
fn a_model_goes_through_every_format_and_comes_back_the_same() {
    let place = Place::new("convert-round");
    place.write("model.py", MODEL);
    let way = ["model.py", "a.keras", "b.h5", "c.onnx", "d.keras"];
    for (from, to) in way.iter().zip(&way[1..]) {
        assert!(converted(&place, from, to) < 1e-6, "{from} to {to}");
    }
    let summary = |file: &str| place.json(&["summary", file, "--json"]);
    assert_eq!(summary("a.keras")["total_params"], summary("d.keras")["total_params"]);
    let text = place.good(&["convert", "a.keras", "again.onnx", "--images", "channels-first"]);
    assert!(text.contains("random inputs (2, 3, 8, 8)"), "{text}");
}

#[test]
fn weights_alone_come_back_into_their_architecture() {
    let place = Place::new("convert-weights");
    place.write("model.py", MODEL);
    place.good(&["convert", "model.py", "first.keras"]);
    for file in ["w.safetensors", "w.npz", "w.weights.h5"] {
        assert_eq!(converted(&place, "first.keras", file), 0.0, "{file}");
        let again = ["convert", "model.py", "again.keras", "--weights", file, "--json"];
        place.good(&again);
        assert_eq!(converted(&place, "again.keras", "same.keras"), 0.0);
    }
    let refused = place.bad(2, &["summary", "w.safetensors"]);
    assert!(refused.contains("--weights w.safetensors"), "{refused}");
}

#[test]
fn names_that_differ_are_listed_and_a_map_brings_them_together() {
    let place = Place::new("convert-names");
    place.write("model.py", MODEL);
    place.write("other.py", MODEL.replace("Dense(4, ", "Dense(4, name='head', "));
    place.good(&["convert", "other.py", "w.safetensors"]);
    let load = ["convert", "model.py", "m.keras", "--weights", "w.safetensors"];
    let refused = place.bad(2, &load);
    assert!(refused.contains("head/kernel") && refused.contains("dense/kernel"), "{refused}");
    place.write("map.json", r#"{"head": "dense"}"#);
    place.good(&[&load[..], &["--name-map", "map.json"]].concat());
    place.good(&[&load[..], &["--name-map", "in-order"]].concat());
}

#[test]
fn what_can_not_be_written_or_read_is_refused_with_the_way_out() {
    let place = Place::new("convert-refused");
    place.write("model.py", MODEL);
    assert!(place.bad(2, &["convert", "model.py", "model.pt"]).contains(".safetensors"));
    assert!(place.bad(2, &["convert", "model.py", "model"]).contains(".onnx"));
    place.write("text.onnx", "no model");
    place.bad(2, &["convert", "text.onnx", "m.keras"]);
    place.good(&["convert", "model.py", "m.onnx"]);
    let whole = std::fs::read(place.path("m.onnx")).unwrap();
    for length in [1, 8, 40, whole.len() / 2, whole.len() - 1] {
        place.write("cut.onnx", &whole[..length]);
        place.bad(2, &["summary", "cut.onnx"]);
    }
}

#[test]
fn a_model_that_is_refused_is_shown_as_far_as_it_is_known_when_asked() {
    let place = Place::new("lenient");
    let whole = place.keras_file("trained.keras");
    with_config(&whole, &place.path("lambda.keras"), |config| {
        config.replace("\"MaxPooling2D\"", "\"Lambda\"")
    });
    let refused = place.bad(2, &["summary", "lambda.keras"]);
    assert!(refused.contains("Lambda") && refused.contains("--lenient"), "{refused}");
    let text = place.good(&["summary", "lambda.keras", "--lenient"]);
    assert!(text.contains("(Conv2D)") && text.contains("refused"), "{text}");
    let report = place.json(&["summary", "lambda.keras", "--lenient", "--json"]);
    assert_eq!(report["complete"], false);
}

#[test]
fn what_is_read_is_not_written_over() {
    let place = Place::new("convert-itself");
    place.write("model.py", MODEL);
    place.good(&["convert", "model.py", "m.keras"]);
    let before = std::fs::read(place.path("m.keras")).unwrap();
    let refused = place.bad(2, &["convert", "m.keras", "./m.keras"]);
    assert!(refused.contains("OUT is MODEL itself"), "{refused}");
    assert_eq!(std::fs::read(place.path("m.keras")).unwrap(), before);
}

#[test]
fn a_file_that_can_not_be_written_fails_the_run() {
    let place = Place::new("convert-nowhere");
    place.write("model.py", MODEL);
    for out in ["no/m.keras", "no/m.h5", "no/m.onnx", "no/m.safetensors", "no/m.npz"] {
        assert!(place.bad(3, &["convert", "model.py", out]).contains(out));
    }
}

#[test]
fn sizes_that_a_file_leaves_open_are_given_on_the_command_line() {
    let place = Place::new("open-sizes");
    let open = MODEL.replace("(8, 8, 3)", "(None, None, 3)");
    let open = open.replace("    Flatten(),\n    Dense(4, activation='softmax'),\n", "");
    place.write("model.py", open);
    let params = place.json(&["summary", "model.py", "--json"])["total_params"].clone();
    for file in ["open.keras", "open.h5"] {
        place.good(&["convert", "model.py", file]);
        assert!(place.bad(2, &["plan", file]).contains("size"));
        assert!(place.good(&["plan", file, "--input", "16,12,3"]).contains("(1, 16, 12, 6)"));
        let sized = place.json(&["summary", file, "--input", "16,12,3", "--json"]);
        assert_eq!(sized["total_params"], params);
        let refused = place.bad(2, &["summary", file, "--input", "16,12,4"]);
        assert!(refused.contains("takes (None, None, None, 3)"), "{refused}");
    }
}

#[test]
fn the_layers_that_keras_writes_as_json_take_weights_from_elsewhere() {
    let place = Place::new("to-json");
    place.write("model.py", MODEL);
    place.good(&["convert", "model.py", "m.keras"]);
    place.good(&["convert", "m.keras", "m.weights.h5"]);
    let mut archive = ZipArchive::new(File::open(place.path("m.keras")).unwrap()).unwrap();
    let mut config = String::new();
    archive.by_name("config.json").unwrap().read_to_string(&mut config).unwrap();
    place.write("model.json", config);
    let json = ["convert", "model.json", "again.keras", "--weights", "m.weights.h5"];
    place.good(&json);
    let weights = |file: &str, out: &str| {
        place.good(&["convert", file, out]);
        std::fs::read(place.path(out)).unwrap()
    };
    assert_eq!(weights("m.keras", "a.npz"), weights("again.keras", "b.npz"));
}

#[test]
fn the_outputs_of_an_onnx_file_keep_their_names() {
    let place = Place::new("onnx-names");
    place.write("model.py", MODEL);
    place.good(&["convert", "model.py", "m.onnx"]);
    let zeros = dichroic::data::npy::NpyArray {
        shape: vec![1, 8, 8, 3],
        values: dichroic::data::npy::NpyValues::F32(vec![0.0; 192]),
    };
    dichroic::data::npz::write_npz(&place.path("in.npz"), &[("x".to_owned(), zeros)]).unwrap();
    let run = ["predict", "m.onnx", "--input", "in.npz", "--output", "out.npz", "--json"];
    let report = place.json(&run);
    assert_eq!(report["arrays"][0]["name"], "dense");
    let refused = place.bad(2, &["predict", "m.onnx", "--input", "in.npz", "--output", "./in.npz"]);
    assert!(refused.contains("--output is --input itself"), "{refused}");
}
