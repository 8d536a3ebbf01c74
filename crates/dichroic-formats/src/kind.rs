//! Which format a file has: told by its first bytes and its entries, never by its name.

use std::fmt;
use std::path::Path;

use dichroic_graph::kernels::mapped::SharedBytes;

use crate::archive::Archive;
use crate::error::{FormatError, Located, Problem};

/// A format of models or weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// Keras's archive, `.keras`.
    Keras,
    /// HDF5 as Keras writes it, `.h5`: a whole model, or weights alone.
    Hdf5,
    /// ONNX, a protocol buffer.
    Onnx,
    /// Named arrays behind a JSON header, `.safetensors`.
    Safetensors,
    /// PyTorch's pickles, `.pt` and `.pth`, in a zip archive or not.
    PyTorch,
    /// NumPy's archive of arrays, `.npz`.
    Npz,
}

/// The first bytes of an HDF5 file.
const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
/// The pickled number with which a PyTorch file before version 1.6 begins: `0x1950a86a20f9469cfc6c`.
const PYTORCH_BEFORE_ZIP: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e";
/// Enough of a file to know it by.
const HEAD: usize = 64;

impl FileKind {
    /// The format of a file; `None` if it is none of these.
    ///
    /// # Errors
    /// When the file can't be read, or is a zip archive that was cut.
    pub fn of(path: &Path) -> Result<Option<Self>, FormatError> {
        let open = || -> Result<_, Located> {
            let bytes = SharedBytes::open(path).map_err(Problem::Io)?;
            if !bytes.starts_with(b"PK\x03\x04") && !bytes.starts_with(b"PK\x05\x06") {
                let head = &bytes[..bytes.len().min(HEAD)];
                return Ok(Self::of_head(head, bytes.len() as u64));
            }
            let archive = Archive::new(bytes)?;
            let names: Vec<&str> = archive.names().collect();
            Ok(Self::of_entries(&names))
        };
        open().map_err(|located| located.of(path))
    }

    /// The format that a file is written in when it has this name: by what follows the last full stop.
    pub fn of_name(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "keras" => Some(Self::Keras),
            "h5" | "hdf5" => Some(Self::Hdf5),
            "onnx" => Some(Self::Onnx),
            "safetensors" => Some(Self::Safetensors),
            "pt" | "pth" => Some(Self::PyTorch),
            "npz" => Some(Self::Npz),
            _ => None,
        }
    }

    /// Whether files of this format hold weights alone, so that the architecture has to come from elsewhere.
    pub fn is_weights_alone(self) -> bool {
        matches!(self, Self::Safetensors | Self::PyTorch | Self::Npz)
    }

    fn of_head(head: &[u8], length: u64) -> Option<Self> {
        if head.starts_with(HDF5) {
            return Some(Self::Hdf5);
        }
        if head.starts_with(b"\x80")
            && head.get(2..).is_some_and(|rest| rest.starts_with(PYTORCH_BEFORE_ZIP))
        {
            return Some(Self::PyTorch);
        }
        if let Some((size, rest)) = head.split_first_chunk::<8>()
            && rest.first() == Some(&b'{')
            && u64::from_le_bytes(*size) <= length.saturating_sub(8)
        {
            return Some(Self::Safetensors);
        }
        is_onnx(head).then_some(Self::Onnx)
    }

    fn of_entries(names: &[&str]) -> Option<Self> {
        let any = |test: fn(&str) -> bool| names.iter().any(|name| test(name));
        if any(|name| name == "config.json") {
            return Some(Self::Keras);
        }
        // PyTorch puts everything into a folder of the archive's own name.
        if any(|name| name.ends_with("data.pkl") || name.ends_with("constants.pkl")) {
            return Some(Self::PyTorch);
        }
        any(|name| name.ends_with(".npy")).then_some(Self::Npz)
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keras => "a .keras file",
            Self::Hdf5 => "an HDF5 file",
            Self::Onnx => "an ONNX file",
            Self::Safetensors => "a safetensors file",
            Self::PyTorch => "a PyTorch file",
            Self::Npz => "an .npz file",
        })
    }
}

/// Whether bytes begin like a `ModelProto`: field 1, the version of the format, a small number; then another field of
/// that message.
///
/// # Source
/// `onnx.proto`, message `ModelProto`.
fn is_onnx(head: &[u8]) -> bool {
    let [0x08, version, tag, ..] = *head else { return false };
    let (field, wire) = (tag >> 3, tag & 7);
    // Field 5, `model_version`, is a number; producer, domain, documentation, graph, operator sets are messages or texts.
    let follows = match field {
        5 => wire == 0,
        2 | 3 | 4 | 6 | 7 | 8 | 14 => wire == 2,
        _ => false,
    };
    (1..0x40).contains(&version) && follows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_format() {
        let of = |head: &[u8]| FileKind::of_head(head, 1000);
        assert_eq!(of(b"\x89HDF\r\n\x1a\n\0\0"), Some(FileKind::Hdf5));
        assert_eq!(of(b"\x10\0\0\0\0\0\0\0{\"a\":"), Some(FileKind::Safetensors));
        assert_eq!(
            of(b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e\x80"),
            Some(FileKind::PyTorch)
        );
        assert_eq!(of(b"\x08\x08\x12\x07pytorch"), Some(FileKind::Onnx));
        assert_eq!(of(b"\x08\x0a\x3a\x90\x01"), Some(FileKind::Onnx));
    }

    #[test]
    fn code_and_other_bytes_are_no_model_file() {
        let of = |head: &[u8]| FileKind::of_head(head, 1000);
        assert_eq!(of(b"import keras\n"), None);
        assert_eq!(of(b""), None);
        assert_eq!(of(b"\x08"), None);
        // A safetensors header that is longer than the file.
        assert_eq!(of(b"\xff\xff\xff\xff\xff\xff\xff\x7f{\"a\":"), None);
    }

    #[test]
    fn the_entries_of_an_archive_tell_its_format() {
        let of = |names: &[&str]| FileKind::of_entries(names);
        assert_eq!(
            of(&["metadata.json", "config.json", "model.weights.h5"]),
            Some(FileKind::Keras)
        );
        assert_eq!(of(&["resnet/data.pkl", "resnet/data/0"]), Some(FileKind::PyTorch));
        assert_eq!(of(&["kernel.npy"]), Some(FileKind::Npz));
        assert_eq!(of(&["word/document.xml"]), None);
    }

    #[test]
    fn a_name_tells_in_which_format_to_write() {
        let of = |name: &str| FileKind::of_name(Path::new(name));
        assert_eq!(of("a.b.ONNX"), Some(FileKind::Onnx));
        assert_eq!(of("a.weights.h5"), Some(FileKind::Hdf5));
        assert_eq!(of("onnx"), None);
    }
}
