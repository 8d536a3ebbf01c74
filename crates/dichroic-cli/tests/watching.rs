//! `train --explore`: the page beside a training stops it, lets it go on, and stays.
#![cfg(unix)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use support::{Place, brightness_folder};

/// The page of a training that runs.
struct Page {
    child: Child,
    host: String,
}

impl Page {
    /// Starts the training and reads the page's address.
    fn of(place: &Place, arguments: &[&str]) -> Self {
        let explore = ["--explore", "--no-open"];
        let mut command = place.command(&[arguments, &explore].concat());
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        stderr.read_line(&mut line).unwrap();
        let (_, rest) = line.split_once("http://").expect("the address of the page");
        let host = rest.split_once('/').unwrap().0.to_owned();
        // What else is told is read, so that the program does not wait for a full pipe.
        std::thread::spawn(move || stderr.read_to_string(&mut String::new()));
        Self { child, host }
    }

    fn ask(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let Self { host, .. } = self;
        let head = format!("{method} /api/v1{path} HTTP/1.1\r\nHost: {host}\r\n");
        let body = "Content-Type: application/json\r\nContent-Length: 2\r\n";
        write!(stream, "{head}{body}Connection: close\r\n\r\n{{}}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The events of the training until it ends, as text.
    fn events_until_the_end(&self) -> String {
        self.ask("GET", "/jobs/j-1/events")
    }

    /// Waits for a state of the training.
    fn waits_for(&self, state: &str) {
        let words = format!("\"state\":\"{state}\"");
        while !self.ask("GET", "/jobs/j-1").contains(&words) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Ends the program with Ctrl-C; its output and its code.
    fn end(self) -> (String, Option<i32>) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let output = self.child.wait_with_output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.code())
    }
}

fn place(name: &str) -> Place {
    let place = Place::new(name);
    place.model("brightness.py");
    brightness_folder(&place, "pictures");
    place
}

#[test]
fn a_watched_training_gives_the_file_of_one_that_is_not_and_its_page_stays() {
    let place = place("watched");
    let train = ["train", "brightness.py", "--data", "pictures", "--epochs", "3", "--out"];
    let plain = place.good(&[&train[..], &["plain.keras"]].concat());
    let page = Page::of(&place, &[&train[..], &["seen.keras"]].concat());
    page.waits_for("done");
    let events = page.events_until_the_end();
    for event in ["epoch", "weights", "histograms"] {
        assert!(events.contains(&format!("event: {event}\n")), "{event} in {events}");
    }
    let session = page.ask("GET", "/session");
    assert!(session.contains("\"training_job\":\"j-1\""), "{session}");
    let (output, code) = page.end();
    assert_eq!(code, Some(0), "{output}");
    assert!(output.contains("saved seen.keras"), "{output}");
    assert_eq!(output.lines().count(), plain.lines().count(), "{output}");
    let judged =
        |file: &str| -> Value { place.json(&["evaluate", file, "--data", "pictures", "--json"]) };
    assert_eq!(judged("plain.keras"), judged("seen.keras"));
}

#[test]
fn the_page_stops_a_training_as_ctrl_c_does_and_lets_it_go_on() {
    let place = place("steered");
    let arguments =
        ["train", "brightness.py", "--data", "pictures", "--epochs", "1000000", "--out", "m.keras"];
    let page = Page::of(&place, &arguments);
    page.ask("POST", "/jobs/j-1/cancel");
    page.waits_for("cancelled");
    assert!(place.path("m.keras").exists());
    page.ask("POST", "/jobs/j-1/resume");
    page.waits_for("running");
    let (output, code) = page.end();
    assert_eq!(code, Some(130), "{output}");
    assert_eq!(output.matches("dichroic train --resume m.keras").count(), 2, "{output}");
}

#[test]
fn a_port_without_a_page_is_refused() {
    let place = Place::new("no-page");
    let error = place.bad(2, &["train", "m.py", "--data", "photos", "--port", "8000"]);
    assert!(error.contains("--explore"), "{error}");
}
