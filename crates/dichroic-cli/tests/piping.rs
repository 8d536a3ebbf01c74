//! Colour only where it can be shown, and a quiet end when nobody reads on.

mod support;

use std::io::Read;
use std::process::Stdio;

use support::Place;

#[test]
fn piped_output_has_no_colour_unless_it_is_asked_for() {
    let place = Place::new("colour");
    place.model("keras_seed.py");
    let plain = place.good(&["summary", "keras_seed.py"]);
    assert!(!plain.contains('\x1b'));
    let always = place.good(&["summary", "keras_seed.py", "--color", "always"]);
    assert!(always.contains('\x1b'));
    let never = place.good(&["summary", "keras_seed.py", "--color", "never"]);
    assert_eq!(never, plain);
}

#[test]
fn no_color_is_honoured() {
    let place = Place::new("no-color");
    let output = place.command(&["summary", "missing.py"]).env("NO_COLOR", "1").output().unwrap();
    assert!(!output.stderr.contains(&0x1b));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let place = Place::new("closed");
    let mut child = place
        .command(&["layers", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{stderr}");
    assert!(stderr.is_empty(), "{stderr}");
}

#[test]
fn every_command_shows_examples_in_its_help() {
    let place = Place::new("help");
    let commands = [
        "demo", "run", "summary", "explain", "what-if", "train", "evaluate", "predict", "plan",
        "layers", "data", "bench",
    ];
    let all = place.good(&["--help"]);
    for command in commands {
        assert!(all.contains(command), "{command}");
        assert!(place.good(&[command, "--help"]).contains("Examples:"), "{command}");
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let place = Place::new("threads");
    place.model("keras_seed.py");
    let trace = |threads| {
        place.good(&[
            "explain",
            "keras_seed.py",
            "--layer",
            "conv2d_3",
            "--filter",
            "2",
            "--at",
            "7,9",
            "--json",
            "--threads",
            threads,
        ])
    };
    assert_eq!(trace("1"), trace("2"));
    place.bad(2, &["layers", "--threads", "0"]);
}

#[test]
fn titles_are_bold_where_colour_is_asked_for() {
    let place = Place::new("titles");
    place.model("brightness.py");
    let layer = ["brightness.py", "--layer", "conv2d"];
    let commands = [
        [&["explain"][..], &layer].concat(),
        [&["what-if"][..], &layer].concat(),
        vec!["plan", "brightness.py"],
        vec!["layers"],
        vec!["data"],
    ];
    for command in commands {
        let coloured = place.good(&[&command[..], &["--color", "always"]].concat());
        assert!(coloured.starts_with("\x1b[1m"), "{command:?}");
        let plain = place.good(&command);
        assert_eq!(coloured.replace("\x1b[1m", "").replace("\x1b[0m", ""), plain);
    }
}
