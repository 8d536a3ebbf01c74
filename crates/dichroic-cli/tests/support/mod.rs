//! Runs the program in a folder of its own.
#![allow(dead_code)] // Each test file uses its own part.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// Variables that change what the program prints.
const ENVIRONMENT: [&str; 8] = [
    "NO_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "DICHROIC_ISA",
    "RUST_BACKTRACE",
    "LC_ALL",
    "LC_MESSAGES",
    "LANG",
];

/// A folder that is gone when the test ends, and the program in it.
pub struct Place(PathBuf);

/// What a run gave.
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dichroic-cli-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// A script of the test suite, copied here.
    pub fn model(&self, name: &str) -> PathBuf {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models").join(name);
        self.write(name, fs::read(from).unwrap())
    }

    /// A file that Keras wrote, copied here.
    pub fn keras_file(&self, name: &str) -> PathBuf {
        let from =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/files").join(name);
        self.write(name, fs::read(from).unwrap())
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dichroic"));
        command.args(arguments).current_dir(&self.0).stdin(Stdio::null());
        for name in ENVIRONMENT {
            command.env_remove(name);
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// The output of a run that must go well.
    pub fn good(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, Some(0), "{arguments:?}\n{}{}", run.stdout, run.stderr);
        run.stdout
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        let text = self.good(arguments);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    /// The message of a run that must end with this code.
    pub fn bad(&self, code: i32, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, Some(code), "{arguments:?}\n{}{}", run.stdout, run.stderr);
        assert!(
            !run.stderr.contains("panicked") && !run.stderr.contains("a defect"),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains("error:"), "{arguments:?}: {}", run.stderr);
        run.stderr
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The keys of an object in their order.
pub fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Two classes of small pictures that can be told apart by their brightness, as PNG files by class.
pub fn brightness_folder(place: &Place, name: &str) {
    for class in ["dark", "light"] {
        for number in 0..12u8 {
            let base = if class == "dark" { 30 } else { 200 };
            let pixel = |x: u32, y: u32| {
                let level = base + ((x * 7 + y * 5) as u8 + number * 3) % 40;
                image::Rgb([level, level / 2, level])
            };
            let picture = image::RgbImage::from_fn(8, 8, pixel);
            let mut bytes = std::io::Cursor::new(Vec::new());
            picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
            place.write(&format!("{name}/{class}/{number}.png"), bytes.into_inner());
        }
    }
}

/// The archive with another configuration.
pub fn with_config(from: &Path, to: &Path, change: impl Fn(String) -> String) {
    let mut old = ZipArchive::new(File::open(from).unwrap()).unwrap();
    let mut new = ZipWriter::new(File::create(to).unwrap());
    for index in 0..old.len() {
        let mut entry = old.by_index(index).unwrap();
        let name = entry.name().unwrap().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if name == "config.json" {
            bytes = change(String::from_utf8(bytes).unwrap()).into_bytes();
        }
        new.start_file(name, SimpleFileOptions::default()).unwrap();
        new.write_all(&bytes).unwrap();
    }
    new.finish().unwrap();
}
