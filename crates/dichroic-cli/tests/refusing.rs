//! Bad input ends with exit code 2 and a message that says what to do, never with a panic.

mod support;

use support::Place;

#[test]
fn what_is_not_there_is_named() {
    let place = Place::new("missing");
    assert!(place.bad(2, &["summary", "missing.py"]).contains("missing.py"));
    assert!(place.bad(2, &["summary", "missing.keras"]).contains("missing.keras"));
    assert!(place.bad(2, &["summary", "."]).contains("folder"));
    place.model("keras_seed.py");
    let error = place.bad(2, &["train", "keras_seed.py", "--data", "nowhere"]);
    assert!(error.contains("nowhere") && error.contains("photos"), "{error}");
}

#[test]
fn mistyped_options_and_names_get_a_suggestion() {
    let place = Place::new("typos");
    place.model("keras_seed.py");
    assert!(place.bad(2, &["sumary", "keras_seed.py"]).contains("summary"));
    assert!(place.bad(2, &["summary", "keras_seed.py", "--formula"]).contains("--formulas"));
    assert!(place.bad(2, &["explain", "keras_seed.py", "--layer", "conv2"]).contains("conv2d"));
    assert!(place.bad(2, &["layers", "Conv2d"]).contains("Conv2D"));
    assert!(place.bad(2, &["summary", "--input", "8,8,3", "Conv2(4, 3)"]).contains("Conv2"));
    assert!(place.bad(2, &["summary", "app:resnet50"]).contains("did you mean \"ResNet50\"?"));
}

#[test]
fn a_script_error_shows_its_line() {
    let place = Place::new("script");
    place.write(
        "wrong.py",
        "import keras\nmodel = keras.Sequential()\nmodel.add(keras.layers.Conv2D(4))\n",
    );
    let error = place.bad(2, &["summary", "wrong.py"]);
    assert!(error.contains("wrong.py:3") && error.contains('^'), "{error}");
    place.write("none.py", "x = 1\n");
    assert!(place.bad(2, &["summary", "none.py"]).contains("model"));
    place.write("loop.py", "while True:\n    pass\n");
    place.bad(2, &["run", "loop.py"]);
}

#[test]
fn a_shape_error_names_the_layer_and_the_fix() {
    let place = Place::new("shape");
    let error = place.bad(2, &["summary", "--input", "3,3,1", "Conv2D(4, 5)"]);
    assert!(error.contains("(None, 3, 3, 1)"), "{error}");
    let error = place.bad(2, &["summary", "Conv2D(4, 5)"]);
    assert!(error.contains("--input"), "{error}");
    let error = place.bad(2, &["summary", "app:VGG16", "--input", "16,16,3"]);
    assert!(error.contains("at least 32×32"), "{error}");
    let error = place.bad(2, &["summary", "app:VGG16", "--input", "64,64"]);
    assert!(error.contains("--input with 2 axes"), "{error}");
    place.bad(2, &["summary", "--input", "0,3,1", "Conv2D(4, 5)"]);
    place.bad(2, &["summary", "--input", "a,b", "Conv2D(4, 5)"]);
}

#[test]
fn a_place_outside_the_output_is_refused() {
    let place = Place::new("outside");
    place.model("keras_seed.py");
    let at =
        |at| vec!["explain", "keras_seed.py", "--layer", "conv2d", "--filter", "0", "--at", at];
    place.bad(2, &at("28,0"));
    place.bad(2, &at("1"));
    place.bad(2, &at("x"));
    place.bad(
        2,
        &["explain", "keras_seed.py", "--layer", "conv2d", "--filter", "32", "--at", "0,0"],
    );
}

#[test]
fn a_cut_or_changed_keras_file_is_refused() {
    let place = Place::new("cut-keras");
    let whole = std::fs::read(place.keras_file("trained.keras")).unwrap();
    for length in [0, 1, 4, 100, whole.len() / 2, whole.len() - 1] {
        place.write("cut.keras", &whole[..length]);
        for command in ["summary", "explain"] {
            place.bad(2, &[command, "cut.keras"]);
        }
    }
    place.write("hdf5.h5", b"\x89HDF\r\n\x1a\n and more");
    assert!(place.bad(2, &["summary", "hdf5.h5"]).contains("HDF5"));
    place.write("binary.py", b"model = \0\xff");
    place.bad(2, &["summary", "binary.py"]);
}

#[test]
fn a_cut_picture_is_refused() {
    let place = Place::new("cut-picture");
    place.keras_file("trained.keras");
    support::brightness_folder(&place, "pictures");
    let whole = std::fs::read(place.path("pictures/dark/0.png")).unwrap();
    for length in [0, 8, 30, whole.len() - 14] {
        place.write("cut.png", &whole[..length]);
        place.bad(2, &["predict", "trained.keras", "cut.png"]);
        place.bad(
            2,
            &[
                "explain",
                "trained.keras",
                "--filter",
                "0",
                "--at",
                "0,0",
                "--layer",
                "conv2d",
                "--image",
                "cut.png",
            ],
        );
    }
    place.bad(2, &["predict", "trained.keras", "missing.png"]);
    place.bad(2, &["predict", "trained.keras"]);
    place.write("pictures/dark/0.png", &whole[..40]);
    place.model("brightness.py");
    place.bad(2, &["train", "brightness.py", "--data", "pictures", "--epochs", "1"]);
}

#[test]
fn cut_or_oversized_arrays_are_refused() {
    let place = Place::new("cut-arrays");
    place.keras_file("trained.keras");
    place.write("cut.npz", b"PK\x03\x04 and no more");
    place.bad(2, &["predict", "trained.keras", "--input", "cut.npz", "--output", "out.npz"]);
    place.bad(2, &["train", "trained.keras", "--data", "cut.npz"]);
    assert!(!place.path("out.npz").exists());
    // Four gigabytes declared by sixteen bytes.
    let header = [0, 0, 8, 3, 0, 16, 0, 0, 0, 0, 0, 64, 0, 0, 0, 64];
    place.write("idx/train-images-idx3-ubyte", header);
    place.write("idx/train-labels-idx1-ubyte", [0, 0, 8, 1, 0, 16, 0, 0]);
    place.bad(2, &["train", "trained.keras", "--data", "idx"]);
}

#[test]
fn data_that_do_not_suit_the_model_are_refused() {
    let place = Place::new("unsuited");
    place.model("keras_seed.py");
    // Four feature maps of 28×28 are no classes.
    place.bad(2, &["train", "keras_seed.py", "--data", "fashion", "--epochs", "1"]);
    place.bad(2, &["train", "keras_seed.py", "--data", "photos", "--batch-size", "0"]);
    place.bad(2, &["train", "keras_seed.py", "--data", "photos", "--validation-split", "1.5"]);
    place.bad(2, &["evaluate", "keras_seed.py", "--data", "photos"]);
}

#[test]
fn a_file_to_save_to_is_refused_before_training_unless_keras_would_open_it() {
    let place = Place::new("out");
    place.model("brightness.py");
    support::brightness_folder(&place, "pictures");
    let train =
        |out| vec!["train", "brightness.py", "--data", "pictures", "--epochs", "1", "--out", out];
    let error = place.bad(2, &train("model.h5"));
    assert!(error.contains("--out model.keras"), "{error}");
    place.write("file", "");
    let error = place.bad(2, &train("file/model.keras"));
    assert!(error.contains("folder") && !error.contains("callback"), "{error}");
    place.good(&train("new/folder/model.keras"));
    assert!(place.path("new/folder/model.keras").exists());
    place.bad(2, &["demo", "--epochs", "1", "--out", "file"]);
}

#[test]
fn data_with_more_classes_than_outputs_are_refused_and_with_fewer_warned_of() {
    let place = Place::new("classes");
    let source = std::fs::read_to_string(place.model("brightness.py")).unwrap();
    support::brightness_folder(&place, "pictures");
    place.write("many.py", source.replace("Dense(2", "Dense(9"));
    let run = place.run(&["train", "many.py", "--data", "pictures", "--epochs", "1"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("warning: pictures has 2 classes"), "{}", run.stderr);
    let third = std::fs::read(place.path("pictures/dark/0.png")).unwrap();
    place.write("pictures/middle/0.png", third);
    let error = place.bad(2, &["train", "brightness.py", "--data", "pictures", "--epochs", "1"]);
    assert!(error.contains("has 3 classes") && error.contains("Dense(3)"), "{error}");
}

#[test]
fn an_input_shape_is_refused_where_it_would_be_passed_over() {
    let place = Place::new("input-shape");
    place.keras_file("trained.keras");
    let error = place.bad(2, &["summary", "trained.keras", "--input", "9,9,3"]);
    assert!(error.contains("trained.keras: takes") && error.contains("(None, 9, 9, 3)"), "{error}");
    let error = place.bad(2, &["summary", "--input", "None,None,3", "app:MobileNetV2"]);
    assert!(error.contains("app:MobileNetV2 needs known sizes"), "{error}");
}

#[test]
fn files_of_other_programs_are_known_and_told_what_to_do_with() {
    let place = Place::new("foreign");
    place.write("lite.tflite", b"\x1c\0\0\0TFL3\0\0\0\0\0\0\0\0");
    place.write("net.xml", "<?xml version=\"1.0\"?>\n<net/>\n");
    place.write("model.pkl", b"\x80\x04\x95\x0b\0\0\0\0\0\0\0}\x94.");
    place.write("saved/saved_model.pb", b"\x08\x01");
    let files = [
        ("lite.tflite", "TensorFlow Lite"),
        ("net.xml", "OpenVINO"),
        ("model.pkl", "state_dict"),
        ("saved", "SavedModel"),
    ];
    for (file, told) in files {
        let error = place.bad(2, &["summary", file]);
        assert!(error.contains(told) && error.contains("help:"), "{error}");
    }
    place.write("text.py", "print('no model')\n");
    assert!(place.bad(2, &["summary", "text.py"]).contains("text.py: the script makes no model"));
}

#[cfg(unix)]
#[test]
fn a_device_is_not_waited_for() {
    let place = Place::new("devices");
    place.model("brightness.py");
    let zero = "/dev/zero";
    assert!(place.bad(2, &["summary", zero]).contains("device"));
    let error = place.bad(2, &["summary", "brightness.py", "--weights", zero]);
    assert!(error.contains("device"), "{error}");
    assert!(place.bad(2, &["predict", "brightness.py", zero]).contains("device"));
    let arrays = ["predict", "brightness.py", "--input", zero, "--output", "out.npz"];
    assert!(place.bad(2, &arrays).contains("device"));
}

#[test]
fn unknown_layers_are_told_with_those_that_there_are() {
    let place = Place::new("unknown-layers");
    place.model("brightness.py");
    for command in ["explain", "what-if"] {
        let error = place.bad(2, &[command, "brightness.py", "--layer", "nope"]);
        assert!(error.contains("conv2d") && error.contains("dense"), "{error}");
    }
    assert!(place.bad(2, &["layers", "Convv"]).contains("Conv1D"));
}

#[test]
fn predict_says_what_it_wants() {
    let place = Place::new("predict-wants");
    place.model("brightness.py");
    support::brightness_folder(&place, "pictures");
    assert!(place.bad(2, &["predict", "brightness.py"]).contains("--input"));
    let error = place.bad(2, &["predict", "brightness.py", "pictures/dark"]);
    assert!(error.contains("is a folder") && !error.contains("os error"), "{error}");
}

#[test]
fn a_place_before_the_first_is_refused_as_a_place() {
    let place = Place::new("negative");
    place.model("brightness.py");
    let explain = ["explain", "brightness.py", "--layer", "conv2d"];
    let error = place.bad(2, &[&explain[..], &["--filter", "-1"]].concat());
    assert!(error.contains("--filter -1: is counted from 0"), "{error}");
    let error = place.bad(2, &[&explain[..], &["--at", "-1,0"]].concat());
    assert!(error.contains("--at -1: is counted from 0"), "{error}");
}
