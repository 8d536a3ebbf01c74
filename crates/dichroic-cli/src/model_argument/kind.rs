//! What MODEL is: a file of some format, code, or the name of a known network.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use dichroic_formats::FileKind;
use serde_json::Value;

use crate::failure::Failure;
use crate::input_file::regular;

/// What a MODEL names.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    /// A script, and the model in it that is asked for by name.
    Script { path: PathBuf, source: String, name: Option<String> },
    /// A file of a model, in this format.
    File(PathBuf, FileKind),
    /// The layers of a model without weights, as Keras's `to_json` writes them.
    Architecture { path: PathBuf, config: Value },
    /// Code on the command line.
    Inline(String),
    /// A network of `keras.applications`, by Keras's name.
    Application(String),
}

/// What stands before the name of a network of `keras.applications`.
const APPLICATION: &str = "app:";

/// Scripts are written by people; anything longer is no script.
const LARGEST_SCRIPT: u64 = 4 << 20;

/// Finds out what `argument` names.
///
/// # Errors
/// When it is neither a file of a kind that is known nor code.
pub fn kind_of(argument: &str) -> Result<Kind, Failure> {
    let whole = Path::new(argument);
    if whole.is_dir() {
        return Err(folder(whole));
    }
    if whole.exists() {
        return file(whole, None);
    }
    if let Some((path, name)) = argument.rsplit_once(':')
        && Path::new(path).is_file()
    {
        return file(Path::new(path), Some(name.to_owned()));
    }
    if let Some(name) = argument.strip_prefix(APPLICATION) {
        return Ok(Kind::Application(name.to_owned()));
    }
    if argument.contains('(') {
        return Ok(Kind::Inline(argument.to_owned()));
    }
    Err(Failure::refused(format!("no file {argument:?}")).help(
        "MODEL is a Keras script (model.py or model.py:name), a model file (.keras, .h5, .onnx, or Keras's .json), Keras code in quotes such as \"Conv2D(56, 4)\", or a known network such as app:ResNet50",
    ))
}

fn folder(path: &Path) -> Failure {
    let shown = path.display();
    if path.join("saved_model.pb").exists() {
        return Failure::refused(format!("{shown}: is a SavedModel of TensorFlow, which is not read"))
            .help("save the model with Keras as model.keras, or export it as ONNX: model.export(\"model.onnx\", format=\"onnx\")");
    }
    Failure::refused(format!("{shown}: is a folder, and MODEL is a file or code"))
}

fn file(path: &Path, name: Option<String>) -> Result<Kind, Failure> {
    regular(path)?;
    let unreadable =
        |error: std::io::Error| Failure::refused(format!("{}: {error}", path.display()));
    let refused = |what: &str| Failure::refused(format!("{}: {what}", path.display()));
    if let Some(format) = FileKind::of(path).map_err(Failure::input)? {
        return match name {
            Some(name) => Err(refused(&format!("holds one model; it can't be asked for {name:?}"))),
            None if format.is_weights_alone() => {
                Err(refused("holds weights without the layers that they belong to").help(format!(
                    "name the model as MODEL and give these with --weights {}",
                    path.display()
                )))
            }
            None => Ok(Kind::File(path.to_owned(), format)),
        };
    }
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length == 0 {
        return Err(refused("is empty"));
    }
    if let Some(refusal) = foreign(path)? {
        return Err(refusal);
    }
    if length > LARGEST_SCRIPT {
        return Err(refused(&format!(
            "is no model file, and with {length} bytes too long for a script"
        )));
    }
    match fs::read_to_string(path) {
        Ok(source) if !source.contains('\0') => {
            if let Some(config) = architecture(&source) {
                return Ok(Kind::Architecture { path: path.to_owned(), config });
            }
            Ok(Kind::Script { path: path.to_owned(), source, name })
        }
        Ok(_) => Err(neither(path)),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err(neither(path)),
        Err(error) => Err(unreadable(error)),
    }
}

/// The configuration in a text that is JSON of Keras, and no script.
fn architecture(text: &str) -> Option<Value> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let config: Value = serde_json::from_str(text).ok()?;
    config.get("class_name").is_some().then_some(config)
}

/// A refusal of a format that is known and not read, told by its first bytes.
fn foreign(path: &Path) -> Result<Option<Failure>, Failure> {
    let mut head = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(16).read_to_end(&mut head));
    read.map_err(|error| Failure::refused(format!("{}: {error}", path.display())))?;
    let (what, help) = if head.get(4..8) == Some(b"TFL3") {
        (
            "a TensorFlow Lite model",
            "convert the model that it was made from, or export that as ONNX",
        )
    } else if head.starts_with(b"<?xml") || head.starts_with(b"<net") {
        (
            "XML, as OpenVINO writes it",
            "convert the model that it was made from, or export that as ONNX",
        )
    } else if let [0x80, 2..=5, ..] = head.as_slice() {
        (
            "a pickle, which only Python can read",
            "save a PyTorch model's weights with torch.save(model.state_dict(), path), and give the layers as MODEL",
        )
    } else {
        return Ok(None);
    };
    Ok(Some(Failure::refused(format!("{}: is {what}", path.display())).help(help)))
}

fn neither(path: &Path) -> Failure {
    Failure::refused(format!("{}: is neither a script nor a model file", path.display()))
        .help("model files are .keras, .h5 and .onnx; weights alone (.safetensors, .pt, .npz, .h5) come with --weights")
}
