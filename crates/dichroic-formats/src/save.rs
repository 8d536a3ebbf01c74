//! A model into a file of the format that its name asks for.

use std::path::Path;

use crate::error::{FormatError, Problem};
use crate::hdf5::{write_hdf5, write_hdf5_weights};
use crate::keras::{Contents, write_keras};
use crate::kind::FileKind;
use crate::npz::write_npz;
use crate::onnx::{OnnxExport, write_onnx};
use crate::safetensors::write_safetensors;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// A model with its weights.
    Model(FileKind),
    /// The weights alone.
    Weights(FileKind),
}

impl Destination {
    /// What a file of this name holds: `.keras`, `.h5`, `.onnx`; weights alone for `.weights.h5`, `.safetensors`, `.npz`.
    ///
    /// `None` for other names, and for PyTorch's, which can't be written.
    ///
    /// ```
    /// use dichroic_formats::{FileKind, Destination};
    /// assert_eq!(Destination::of_name("a.onnx".as_ref()), Some(Destination::Model(FileKind::Onnx)));
    /// assert_eq!(Destination::of_name("a.weights.h5".as_ref()), Some(Destination::Weights(FileKind::Hdf5)));
    /// ```
    pub fn of_name(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        match FileKind::of_name(path)? {
            FileKind::PyTorch => None,
            FileKind::Hdf5 if name.contains(".weights.") => Some(Self::Weights(FileKind::Hdf5)),
            kind if kind.is_weights_alone() => Some(Self::Weights(kind)),
            kind => Some(Self::Model(kind)),
        }
    }
}

/// Writes a model, whole or not at all.
///
/// # Errors
/// When the weights have no values, the format can't hold a layer of the model, or the file can't be written.
pub fn save_model(
    path: &Path,
    contents: &Contents<'_>,
    onnx: &OnnxExport,
) -> Result<(), FormatError> {
    let model = contents.model;
    match Destination::of_name(path) {
        Some(Destination::Model(FileKind::Keras)) => write_keras(path, contents),
        Some(Destination::Model(FileKind::Hdf5)) => write_hdf5(path, contents),
        Some(Destination::Weights(FileKind::Hdf5)) => write_hdf5_weights(path, model),
        Some(Destination::Model(FileKind::Onnx)) => write_onnx(path, model, onnx),
        Some(Destination::Weights(FileKind::Safetensors)) => write_safetensors(path, model),
        Some(Destination::Weights(FileKind::Npz)) => write_npz(path, model),
        _ => Err(Problem::Unsupported {
            what: "writing a file of this name".into(),
            fix: "end it with .keras, .h5, .onnx, .weights.h5, .safetensors or .npz".into(),
        }
        .at("")
        .of(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_written() {
        let of = |name: &str| Destination::of_name(Path::new(name));
        assert_eq!(of("folder/a.keras"), Some(Destination::Model(FileKind::Keras)));
        assert_eq!(of("a.H5"), Some(Destination::Model(FileKind::Hdf5)));
        assert_eq!(of("a.weights.h5"), Some(Destination::Weights(FileKind::Hdf5)));
        assert_eq!(of("a.npz"), Some(Destination::Weights(FileKind::Npz)));
        assert_eq!(of("a.pth"), None);
        assert_eq!(of("a"), None);
    }
}
