//! What MODEL is: a file of some format, code, or the name of a known network.

use std::fs;
use std::path::{Path, PathBuf};

use dichroic_formats::FileKind;

use crate::failure::Failure;

/// What a MODEL names.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    /// A script, and the model in it that is asked for by name.
    Script { path: PathBuf, source: String, name: Option<String> },
    /// A file of a model, in this format.
    File(PathBuf, FileKind),
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
        let headline = format!("{argument}: is a folder, and MODEL is a file or code");
        return Err(Failure::refused(headline));
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
        "MODEL is a Keras script (model.py or model.py:name), a model file (.keras, .h5, .onnx), Keras code in quotes such as \"Conv2D(56, 4)\", or a known network such as app:ResNet50",
    ))
}

fn file(path: &Path, name: Option<String>) -> Result<Kind, Failure> {
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
    if length > LARGEST_SCRIPT {
        return Err(refused(&format!(
            "is no model file, and with {length} bytes too long for a script"
        )));
    }
    match fs::read_to_string(path) {
        Ok(source) if !source.contains('\0') => {
            Ok(Kind::Script { path: path.to_owned(), source, name })
        }
        Ok(_) => Err(neither(path)),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err(neither(path)),
        Err(error) => Err(unreadable(error)),
    }
}

fn neither(path: &Path) -> Failure {
    Failure::refused(format!("{}: is neither a script nor a model file", path.display()))
        .help("model files are .keras, .h5 and .onnx; weights alone (.safetensors, .pt, .npz, .h5) come with --weights")
}
