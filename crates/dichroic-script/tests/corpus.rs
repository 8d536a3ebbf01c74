//! Every script of `tests/scripts` prints and makes what it prints and makes under real Keras.
//!
//! `scripts/expected.json` was written by `scripts/expect_with_keras.py` with Keras 3.15.1.

use std::fs;
use std::path::PathBuf;

use dichroic_script::{Options, Script};
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scripts")
}

fn expected() -> Value {
    let text =
        fs::read_to_string(folder().join("expected.json")).expect("the file is in the repository");
    serde_json::from_str(&text).expect("the file is JSON")
}

/// Runs a script of the folder and lists how it differs from what Keras did.
fn differences(name: &str, expected: &Value) -> Vec<String> {
    let text = fs::read_to_string(folder().join(name)).expect("the script is in the repository");
    let mut printed = Vec::new();
    let outcome = match Script::run(&text, name, &Options::default(), &mut printed) {
        Ok(outcome) => outcome,
        Err(error) => return vec![error.to_string()],
    };
    let mut found = Vec::new();
    let printed = String::from_utf8(printed).expect("scripts print text");
    let wanted = expected["printed"].as_str().expect("the file holds text");
    for (line, (got, wanted)) in printed.lines().zip(wanted.lines()).enumerate() {
        if got != wanted {
            found.push(format!("line {}:\n  keras    {wanted}\n  dichroic {got}", line + 1));
        }
    }
    if printed.lines().count() != wanted.lines().count() {
        found.push(format!("printed:\n{printed}\n\nKeras:\n{wanted}"));
    }
    for (variable, model) in expected["models"].as_object().expect("the file holds objects") {
        let made = match outcome.model(Some(variable)) {
            Ok(made) => made,
            Err(error) => {
                found.push(error.to_string());
                continue;
            }
        };
        let layers: Vec<String> = made.layers().iter().map(|layer| layer.name()).collect();
        for (what, got, wanted) in [
            ("name", Value::from(made.name()), &model["name"]),
            ("parameters", Value::from(made.count_params()), &model["params"]),
            ("trainable parameters", Value::from(made.count_trainable()), &model["trainable"]),
            ("layers", Value::from(layers), &model["layers"]),
        ] {
            if got != *wanted {
                found.push(format!("{what} of {variable}: {got}, Keras has {wanted}"));
            }
        }
    }
    found
}

#[test]
fn every_script_of_the_corpus_does_what_keras_does() {
    let mut failures = Vec::new();
    for (name, expected) in expected().as_object().expect("the file holds an object") {
        let found = differences(name, expected);
        if !found.is_empty() {
            failures.push(format!("{name}:\n{}", found.join("\n")));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n\n"));
}

#[test]
fn every_script_of_the_folder_is_expected() {
    let expected = expected();
    for entry in fs::read_dir(folder()).expect("the folder is in the repository") {
        let path = entry.expect("the folder can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".py") && name != "expect_with_keras.py" {
            assert!(expected.get(name).is_some(), "run expect_with_keras.py: {name} is new");
        }
    }
}
