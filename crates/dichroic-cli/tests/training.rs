//! train, evaluate and predict, from pictures to a file and back.

mod support;

use support::{Place, brightness_folder, with_config};

fn trained(name: &str) -> Place {
    let place = Place::new(name);
    place.model("brightness.py");
    brightness_folder(&place, "pictures");
    place.good(&[
        "train",
        "brightness.py",
        "--data",
        "pictures",
        "--epochs",
        "8",
        "--batch-size",
        "8",
        "--seed",
        "3",
        "--out",
        "model.keras",
    ]);
    place
}

#[test]
fn pictures_are_learnt_judged_and_told_apart() {
    let place = trained("learn");
    let judged = place.json(&["evaluate", "model.keras", "--data", "pictures", "--json"]);
    assert!(judged["accuracy"].as_f64().unwrap() > 0.9, "{judged}");
    assert!(judged["loss"].as_f64().unwrap() < 0.5, "{judged}");

    let predictions = place.json(&[
        "predict",
        "model.keras",
        "pictures/dark/3.png",
        "pictures/light/5.png",
        "--top",
        "1",
        "--json",
    ]);
    let classes: Vec<&str> = predictions["predictions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|prediction| prediction["top"][0]["class"].as_str().unwrap())
        .collect();
    assert_eq!(classes, ["dark", "light"]);
    let text = place.good(&["predict", "model.keras", "pictures/dark/3.png"]);
    assert!(text.contains('%') && text.contains("dark"), "{text}");
}

#[test]
fn one_line_an_epoch_is_printed_when_piped() {
    let place = Place::new("lines");
    place.model("brightness.py");
    brightness_folder(&place, "pictures");
    let text = place.good(&[
        "train",
        "brightness.py",
        "--data",
        "pictures",
        "--epochs",
        "3",
        "--validation-split",
        "0.25",
        "--out",
        "m.keras",
    ]);
    let epochs: Vec<&str> = text.lines().filter(|line| line.contains("val_accuracy")).collect();
    assert_eq!(epochs.len(), 3, "{text}");
    assert!(!text.contains('\r') && !text.contains('\x1b'));
}

#[test]
fn training_resumes_bit_for_bit() {
    let place = Place::new("resume");
    place.model("brightness.py");
    brightness_folder(&place, "pictures");
    let train = |arguments: &[&str]| {
        let mut all = vec!["train"];
        all.extend(arguments);
        all.extend(["--data", "pictures", "--batch-size", "8"]);
        place.good(&all);
    };
    train(&["brightness.py", "--epochs", "4", "--seed", "5", "--out", "whole.keras"]);
    train(&["brightness.py", "--epochs", "2", "--seed", "5", "--out", "half.keras"]);
    train(&["brightness.py", "--epochs", "4", "--resume", "half.keras", "--out", "resumed.keras"]);
    let error = place
        .bad(2, &["train", "--resume", "half.keras", "--data", "pictures", "--batch-size", "4"]);
    assert!(error.contains("batches of 8"), "{error}");
    let outputs = |model: &str| {
        place.json(&["predict", model, "pictures/dark/1.png", "pictures/light/1.png", "--json"])
    };
    assert_ne!(outputs("whole.keras"), outputs("half.keras"));
    assert_eq!(outputs("whole.keras"), outputs("resumed.keras"));
}

#[test]
fn arrays_go_in_and_come_out_by_name() {
    use dichroic::data::Limits;
    use dichroic::data::npz::{read_npz, write_npz};

    let place = Place::new("arrays");
    let golden =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/files.npz");
    let arrays = read_npz(&golden, &Limits::default()).unwrap();
    let find = |name: &str| arrays.iter().find(|(own, _)| own == name).unwrap().1.clone();
    place.keras_file("shared.keras");
    let inputs =
        [("right".to_owned(), find("shared/input1")), ("left".to_owned(), find("shared/input0"))];
    write_npz(&place.path("in.npz"), &inputs).unwrap();
    place.good(&["predict", "shared.keras", "--input", "in.npz", "--output", "out.npz"]);
    let outputs = read_npz(&place.path("out.npz"), &Limits::default()).unwrap();
    assert_eq!(outputs.len(), 1);
    assert_eq!(outputs[0].0, "verdict");
    let got = outputs[0].1.clone().into_tensor().unwrap();
    let expected = find("shared/output0").into_tensor().unwrap();
    for (got, expected) in got.data().iter().zip(expected.data()) {
        assert!((got - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{got} {expected}");
    }

    place.keras_file("trained.keras");
    write_npz(&place.path("one.npz"), &[("anything".to_owned(), find("trained/input0"))]).unwrap();
    place.good(&["predict", "trained.keras", "--input", "one.npz", "--output", "out.npz"]);
    write_npz(&place.path("two.npz"), &inputs).unwrap();
    let error =
        place.bad(2, &["predict", "trained.keras", "--input", "two.npz", "--output", "out.npz"]);
    assert!(error.contains("left"), "{error}");
}

#[test]
fn a_loss_that_is_no_number_fails_the_run_and_names_the_layer() {
    let place = Place::new("nan");
    let source = std::fs::read_to_string(place.model("brightness.py")).unwrap();
    place.write("wild.py", source.replace("Rescaling(1.0 / 255)", "Rescaling(1e38)"));
    brightness_folder(&place, "pictures");
    let error = place.bad(3, &["train", "wild.py", "--data", "pictures", "--epochs", "2"]);
    assert!(error.contains("layer") || error.contains("loss"), "{error}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_training_saves_and_says_how_to_go_on() {
    use std::process::{Command, Stdio};

    let place = Place::new("interrupt");
    place.model("brightness.py");
    brightness_folder(&place, "pictures");
    let arguments = [
        "train",
        "brightness.py",
        "--data",
        "pictures",
        "--epochs",
        "1000000",
        "--out",
        "model.keras",
    ];
    let child = place.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    // The first epoch's file shows that training is under way.
    while !place.path("model.keras").exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(text.contains("dichroic train --resume model.keras --data pictures"), "{text}");
    let text =
        place.good(&["train", "--resume", "model.keras", "--data", "pictures", "--epochs", "1"]);
    assert!(text.contains("nothing is left to do"), "{text}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_training_overwrites_no_other() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    let place = Place::new("interrupt-again");
    place.model("brightness.py");
    brightness_folder(&place, "pictures");
    place.write("interrupted.keras", "of yesterday");
    let arguments = ["train", "brightness.py", "--data", "pictures", "--epochs", "1000000"];
    let mut child = place.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut text = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    // The line of the model comes first, that of an epoch second: training is under way.
    stdout.read_line(&mut text).unwrap();
    stdout.read_line(&mut text).unwrap();
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    stdout.read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{text}");
    assert!(text.contains("--resume interrupted-2.keras"), "{text}");
    assert_eq!(std::fs::read(place.path("interrupted.keras")).unwrap(), b"of yesterday");
    assert!(place.path("interrupted-2.keras").exists());
}

#[test]
fn the_demo_trains_explains_and_saves() {
    let place = Place::new("demo");
    let report = place.json(&["demo", "--epochs", "1", "--json"]);
    assert!(report["test_accuracy"].as_f64().unwrap() > 0.2, "{report}");
    assert!(report["trace"]["difference"].as_f64() <= report["trace"]["tolerance"].as_f64());
    assert!(std::fs::metadata(place.path("demo-filters.png")).unwrap().len() > 1_000);
    let judged = place.json(&["evaluate", "demo.keras", "--data", "photos", "--json"]);
    assert_eq!(judged["accuracy"], report["test_accuracy"]);
    // As its last words advise: a training that saved nothing on the way goes on with --out.
    let resume = ["--resume", "demo.keras", "--data", "photos", "--epochs", "1"];
    place.good(&[&["train"][..], &resume, &["--out", "demo.keras"]].concat());
}

#[test]
fn every_sharing_is_trained_with_the_same_budget() {
    let place = Place::new("what-if-train");
    place.model("brightness.py");
    brightness_folder(&place, "pictures");
    let report = place.json(&[
        "what-if",
        "brightness.py",
        "--layer",
        "conv2d",
        "--train",
        "--epochs",
        "1",
        "--data",
        "pictures",
        "--json",
    ]);
    for variant in report["variants"].as_array().unwrap() {
        assert!((0.0..=1.0).contains(&variant["test_accuracy"].as_f64().unwrap()), "{variant}");
        assert!(variant["seconds"].as_f64().is_some(), "{variant}");
    }
}

#[test]
fn held_out_samples_come_from_every_class_and_are_the_same_when_resumed() {
    let place = Place::new("held-out");
    place.model("brightness.py");
    brightness_folder(&place, "pictures");
    let train = |arguments: &[&str]| {
        place.json(&[&["train", "--data", "pictures", "--json"][..], arguments].concat())
    };
    let split = ["brightness.py", "--validation-split", "0.25"];
    let whole = train(&[&split[..], &["--epochs", "8"]].concat());
    // Held out from the end they would all be light ones.
    let last = whole["history"]["val_accuracy"].as_array().unwrap().last().unwrap().as_f64();
    assert!(last.unwrap() > 0.9, "{whole}");
    train(&[&split[..], &["--epochs", "4", "--out", "half.keras"]].concat());
    let resumed = train(&["--resume", "half.keras", "--epochs", "8"]);
    assert_eq!(resumed["history"], whole["history"]);
    let done = ["train", "--resume", "half.keras", "--data", "pictures", "--epochs", "4"];
    assert!(place.good(&done).contains("nothing is left to do"));
}

#[test]
fn accuracy_is_measured_where_nobody_compiled() {
    let place = Place::new("uncompiled");
    let source = std::fs::read_to_string(place.model("brightness.py")).unwrap();
    let uncompiled = source.lines().filter(|line| !line.contains("compile"));
    place.write("plain.py", uncompiled.collect::<Vec<_>>().join("\n"));
    brightness_folder(&place, "pictures");
    let report =
        place.json(&["train", "plain.py", "--data", "pictures", "--epochs", "1", "--json"]);
    assert!(report["history"]["accuracy"].is_array(), "{report}");
}

#[test]
fn a_compiled_file_is_tuned_on_where_its_optimizer_can_not_be() {
    let place = trained("tune");
    with_config(&place.path("model.keras"), &place.path("frozen.keras"), |config| {
        config
            .replace(r#""name":"conv2d","trainable":true"#, r#""name":"conv2d","trainable":false"#)
    });
    let tune = ["train", "frozen.keras", "--data", "pictures", "--epochs", "1"];
    let run = place.run(&tune);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("note: frozen.keras: the optimizer begins anew"), "{}", run.stderr);
    place.good(&["convert", "model.keras", "model.onnx"]);
    let refused = place.bad(2, &["train", "--resume", "model.onnx", "--data", "pictures"]);
    assert!(refused.contains("holds no training to go on with"), "{refused}");
}
