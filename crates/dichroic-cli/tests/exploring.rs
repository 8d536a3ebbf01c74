//! `dichroic explore`: it says where the page is, answers with the numbers of `explain`, and ends when asked.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use support::Place;

/// A running explorer, which goes with the test.
struct Explorer {
    child: Child,
    host: String,
}

impl Explorer {
    fn start(place: &Place, arguments: &[&str]) -> Self {
        let arguments = [&["explore", "--no-open"], arguments].concat();
        let mut child = place.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let host = line.trim().strip_prefix("http://").and_then(|url| url.strip_suffix('/'));
        let host = host.unwrap_or_else(|| panic!("{line:?} is no address")).to_owned();
        Self { child, host }
    }

    /// The body of an answer.
    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let host = &self.host;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        body.to_owned()
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(&format!("/api/v1{path}"))).unwrap()
    }
}

impl Drop for Explorer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_page_says_what_explain_says_of_the_same_picture() {
    let place = Place::new("explore");
    place.model("keras_seed.py");
    let pixel = |x: u32, y: u32| image::Rgb([(x * 9) as u8, (y * 8) as u8, (x * y) as u8]);
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_fn(28, 28, pixel);
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    place.write("picture.png", png.into_inner());

    let explorer = Explorer::start(&place, &["keras_seed.py", "--image", "picture.png"]);
    let model = explorer.json("/models/main");
    assert_eq!(
        (&model["parameters"], &model["default_input"]),
        (&10_104.into(), &"image-0".into())
    );
    let shown = explorer.json("/models/main/trace?layer=conv2d&filter=3&at=12,3&input=image-0");
    let explained = place.json(&[
        "explain",
        "keras_seed.py",
        "--layer",
        "conv2d",
        "--filter",
        "3",
        "--at",
        "12,3",
        "--image",
        "picture.png",
        "--json",
    ]);
    assert_eq!(shown, explained["trace"]);
    let layer = explorer.json("/models/main/layer?layer=conv2d");
    assert_eq!(layer["parameters"], 2_400);
    assert_eq!(layer["formula"], explained["formula"]);
    assert!(explorer.get("/").contains("dichroic"));
}

#[test]
fn without_a_model_it_shows_the_one_of_the_question() {
    let place = Place::new("explore-seed");
    let explorer = Explorer::start(&place, &["--lang", "zh-CN"]);
    let session = explorer.json("/session");
    assert_eq!(session["models"][0]["parameters"], 10_104);
    assert_eq!(session["language"], "zh-CN");
    assert!(session["models"][0]["code"].as_str().unwrap().contains("Conv2D(32, (5, 5)"));
}

#[cfg(unix)]
#[test]
fn it_ends_well_when_asked_to() {
    let place = Place::new("explore-end");
    let mut explorer = Explorer::start(&place, &[]);
    let pid = explorer.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(explorer.child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_cannot_be_shown_is_said_before_anything_listens() {
    let place = Place::new("explore-bad");
    place.write("noise.png", b"\x89PNG\r\n\x1a\n and noise");
    assert!(place.bad(2, &["explore", "missing.py"]).contains("missing.py"));
    assert!(place.bad(2, &["explore", "--image", "noise.png"]).contains("noise.png"));
    assert!(place.bad(2, &["explore", "--image", "missing.png"]).contains("missing.png"));
    assert!(place.bad(2, &["explore", "--lang", "klingon"]).contains("klingon"));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert!(place.bad(3, &["explore", "--no-open", "--port", &port]).contains("can't listen"));
}

#[test]
fn json_names_the_place_for_programs() {
    let place = Place::new("explore-json");
    let mut child =
        place.command(&["explore", "--no-open", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let mut values = serde_json::Deserializer::from_reader(stdout).into_iter::<Value>();
    let said = values.next().unwrap().unwrap();
    let _ = child.kill();
    let _ = child.wait();
    let port = said["port"].as_u64().unwrap();
    assert_eq!(said["url"], format!("http://127.0.0.1:{port}/"));
}

#[test]
fn an_exported_page_is_one_file() {
    let place = Place::new("explore-export");
    let said = place.json(&[
        "explore",
        "--export",
        "page.html",
        "--input",
        "9,9,3",
        "Conv2D(2, 3)",
        "--json",
    ]);
    let page = std::fs::read_to_string(place.path("page.html")).unwrap();
    assert_eq!(said["bytes"], page.len());
    assert!(
        page.contains("/api/v1/models/main/trace?layer=conv2d&filter=0&at=3%2C3&input=photo-cat")
    );
    assert!(
        place.bad(3, &["explore", "--export", "missing/page.html"]).contains("missing/page.html")
    );
}
