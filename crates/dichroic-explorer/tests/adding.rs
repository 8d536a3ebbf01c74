//! Code, files, pictures and drawings that are given to the page.

mod support;

use axum::http::StatusCode;
use dichroic::model::Model;
use dichroic_formats::{Contents, write_keras};
use serde_json::json;
use support::{Page, seed_model};

/// The code of the first question.
const SEED: &str = "
from keras.models import Sequential
from keras.layers import Conv2D
model = Sequential()
model.add(Conv2D(32, input_shape=(28, 28, 3), kernel_size=(5, 5), padding='same', use_bias=False))
model.add(Conv2D(17, (3, 3), padding='same', use_bias=False))
model.add(Conv2D(13, (3, 3), padding='same', use_bias=False))
model.add(Conv2D(7, (3, 3), padding='same', use_bias=False))
";

#[test]
fn pasted_code_is_a_model_with_the_same_address_each_time() {
    let page = Page::of(seed_model());
    let pasted = page.post("/models", &json!({ "code": SEED })).json();
    assert_eq!(pasted["parameters"], 10_104);
    assert_eq!(pasted["source"], "paste");
    assert_eq!(page.post("/models", &json!({ "code": SEED })).json()["id"], pasted["id"]);
    let lone = json!({ "code": "Conv2D(56, 4)", "input_shape": [9, 9, 5] });
    assert_eq!(page.post("/models", &lone).json()["parameters"], 4_536);
    let other = json!({ "code": "Conv2D(56, 4)", "input_shape": [9, 9, 1] });
    let other = page.post("/models", &other).json();
    assert_eq!(other["parameters"], 56 * 16 + 56);
    assert_eq!(other["default_input"], "fashion-7");
}

#[test]
fn mistakes_in_code_are_marked_at_their_place() {
    let page = Page::of(seed_model());
    let diagnostic = |code: &str| {
        let answer = page.post("/models", &json!({ "code": code }));
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let problem: serde_json::Value = serde_json::from_slice(&answer.bytes).unwrap();
        assert_eq!(problem["kind"], "script");
        problem["diagnostics"][0].clone()
    };
    let unknown = diagnostic("from keras import layers\nx = layers.Conv2d(3, 3)\n");
    let place =
        ["line", "column", "end_line", "end_column"].map(|side| unknown[side].as_u64().unwrap());
    assert_eq!((place[0], place[2]), (2, 2));
    assert!(place[1] < place[3], "{unknown}");
    let syntax = diagnostic("from keras import layers\nx = (\n");
    assert!(syntax["message"].as_str().unwrap().contains("SyntaxError"), "{syntax}");
    let shape = diagnostic(
        "from keras import layers, Sequential\nmodel = Sequential([layers.Input((8, 8, 3)), layers.Conv2D(4, 9)])\n",
    );
    assert_eq!(shape["line"], 2);
}

#[test]
fn code_without_a_model_or_a_shape_is_told_so() {
    let page = Page::of(seed_model());
    let (kind, message) = page.post("/models", &json!({ "code": "x = 1" })).problem();
    assert_eq!(kind, "script");
    assert!(message.contains("makes no model"), "{message}");
    let open = "from keras import layers, Sequential\nmodel = Sequential([layers.Conv2D(4, 3)])";
    let (_, message) = page.post("/models", &json!({ "code": open })).problem();
    assert!(message.contains("no input shape"), "{message}");
}

#[test]
fn an_input_shape_that_none_has_is_refused() {
    let page = Page::of(seed_model());
    for shape in [json!([]), json!([0, 3]), json!([1, 2, 3, 4, 5]), json!([1u64 << 40])] {
        let request = json!({ "code": "Conv2D(1, 1)", "input_shape": shape });
        assert_eq!(page.post("/models", &request).problem().0, "bad_request");
    }
}

#[test]
fn code_that_never_ends_is_stopped() {
    let page = Page::of(seed_model());
    let (kind, message) =
        page.post("/models", &json!({ "code": "while True:\n    pass\n" })).problem();
    assert_eq!(kind, "script");
    assert!(message.contains("steps"), "{message}");
    let (_, message) =
        page.post("/models", &json!({ "code": "x = [0]\nwhile True:\n    x = x + x\n" })).problem();
    assert!(message.contains("MiB") || message.contains("steps"), "{message}");
}

#[test]
fn a_model_too_large_to_run_is_still_counted() {
    let page = Page::of(seed_model());
    let code = "from keras import layers, Sequential\nmodel = Sequential([layers.Input((64, 64, 512)), layers.Conv2D(8192, 33)])";
    let pasted = page.post("/models", &json!({ "code": code })).json();
    assert_eq!(pasted["parameters"], 8192u64 * 512 * 33 * 33 + 8192);
    let id = pasted["id"].as_str().unwrap();
    let (kind, message) = page.get(&format!("/models/{id}/kernels?layer=conv2d")).problem();
    assert_eq!(kind, "too_large");
    assert!(message.contains("MiB"), "{message}");
}

/// The bytes of a model file.
fn keras_file(model: &mut Model) -> Vec<u8> {
    model.build(3).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.keras");
    let names = ["cat".to_owned(), "dog".to_owned()];
    write_keras(&path, &Contents::of(model).class_names(&names)).unwrap();
    std::fs::read(&path).unwrap()
}

#[test]
fn an_uploaded_file_brings_its_weights_and_its_classes() {
    let page = Page::of(seed_model());
    let mut model = seed_model();
    let bytes = keras_file(&mut model);
    let uploaded = page.send("/models", "application/octet-stream", bytes.clone()).json();
    assert_eq!(uploaded["source"], "upload");
    assert_eq!(uploaded["class_names"], json!(["cat", "dog"]));
    let id = uploaded["id"].as_str().unwrap();
    let (_, values) = page.get(&format!("/models/{id}/kernels?layer=conv2d")).tensor();
    assert_eq!(values[0], model.weight("conv2d", "kernel").unwrap().data()[0]);
    assert_eq!(
        page.send("/models", "application/octet-stream", bytes).json()["id"],
        uploaded["id"]
    );
}

#[test]
fn a_damaged_file_is_refused_without_naming_ours() {
    let page = Page::of(seed_model());
    let bytes = keras_file(&mut seed_model());
    for damaged in [&bytes[..bytes.len() / 2], b"PK garbage", b""] {
        let (kind, message) =
            page.send("/models", "application/octet-stream", damaged.to_vec()).problem();
        assert_eq!(kind, "model");
        assert!(message.starts_with("the file") && !message.contains("/tmp"), "{message}");
    }
}

#[test]
fn a_picture_and_a_drawing_become_inputs() {
    let page = Page::of(seed_model());
    let (_, cat) = dichroic::data::photographs()[1];
    let uploaded = page.send("/inputs?name=my%20cat.jpg", "image/jpeg", cat.to_vec()).json();
    assert_eq!((&uploaded["name"], &uploaded["kind"]), (&json!("my cat.jpg"), &json!("upload")));
    let seen = |input: &str| {
        page.get(&format!("/models/main/values?layer=conv2d&of=input&input={input}")).tensor()
    };
    assert_eq!(seen(uploaded["id"].as_str().unwrap()), seen("photo-cat"));

    let values: Vec<f32> = (0..28 * 28 * 3).map(|i| (i % 5) as f32 / 4.0).collect();
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let drawn = page.send("/inputs?shape=28,28,3", "application/octet-stream", bytes).json();
    assert_eq!(drawn["kind"], "drawing");
    assert_eq!(seen(drawn["id"].as_str().unwrap()), (vec![28, 28, 3], values));
    let listed = page.get("/inputs").json();
    assert!(listed.as_array().unwrap().iter().any(|input| input["id"] == drawn["id"]));
    let png = page.get(&format!("/inputs/{}/picture?size=16", drawn["id"].as_str().unwrap()));
    assert_eq!((png.header("content-type"), &png.bytes[1..4]), ("image/png", &b"PNG"[..]));
}

#[test]
fn garbage_is_no_picture_and_no_drawing() {
    let page = Page::of(seed_model());
    let refused =
        |path: &str, kind: &str, bytes: &[u8]| page.send(path, kind, bytes.to_vec()).problem();
    assert_eq!(refused("/inputs", "image/png", b"\x89PNG\r\n\x1a\n garbage").0, "bad_request");
    assert_eq!(refused("/inputs", "image/jpeg", &[]).0, "bad_request");
    assert_eq!(refused("/inputs", "text/html", b"<b>").0, "bad_request");
    assert_eq!(refused("/inputs", "application/octet-stream", &[0; 16]).0, "bad_request");
    assert_eq!(
        refused("/inputs?shape=2,3,1", "application/octet-stream", &[0; 16]).0,
        "bad_request"
    );
    let nan = [f32::NAN.to_le_bytes(), 0.5f32.to_le_bytes()].concat();
    assert_eq!(refused("/inputs?shape=2", "application/octet-stream", &nan).0, "bad_request");
    assert_eq!(
        refused("/inputs?shape=99999999999,99999999999", "application/octet-stream", &[0; 8]).0,
        "bad_request"
    );
}
