//! The readers, each as a function of a path.

use std::fs;
use std::path::{Path, PathBuf};

use dichroic_formats::onnx::{OnnxOptions, read_onnx};
use dichroic_formats::{
    FileKind, FormatError, NamedArrays, UnknownClasses, read_hdf5, read_hdf5_outline, read_keras,
    read_npz, read_outline, read_pytorch, read_safetensors,
};

/// A reader of files.
pub struct Reader {
    /// The folder of its findings.
    pub name: &'static str,
    /// What the names of its files end with.
    pub endings: &'static [&'static str],
    /// Reads a file and all that a user could ask of it.
    pub read: fn(&Path) -> Result<(), FormatError>,
}

/// All readers.
pub const READERS: [Reader; 6] = [
    Reader { name: "keras", endings: &["keras"], read: keras },
    Reader { name: "hdf5", endings: &["h5"], read: hdf5 },
    Reader { name: "onnx", endings: &["onnx"], read: onnx },
    Reader { name: "safetensors", endings: &["safetensors"], read: safetensors },
    Reader { name: "pytorch", endings: &["pt", "pth"], read: pytorch },
    Reader { name: "npz", endings: &["npz"], read: npz },
];

/// The reader of a name.
pub fn reader(name: &str) -> &'static Reader {
    READERS.iter().find(|reader| reader.name == name).expect("a reader of the list")
}

/// Reads bytes as a file of this reader; a panic is the test's.
pub fn read_bytes(reader: &Reader, bytes: &[u8]) -> Result<(), FormatError> {
    let folder = Folder::new();
    let path = folder.0.join("file");
    fs::write(&path, bytes).unwrap();
    // What it is called and which kind it has must not matter.
    let _ = FileKind::of(&path);
    (reader.read)(&path)
}

fn keras(path: &Path) -> Result<(), FormatError> {
    let _ = read_outline(path);
    read_keras(path).map(drop)
}

fn hdf5(path: &Path) -> Result<(), FormatError> {
    let _ = read_hdf5_outline(path);
    read_hdf5(path).map(drop)
}

fn onnx(path: &Path) -> Result<(), FormatError> {
    read_onnx(path, &OnnxOptions::default()).map(drop)
}

fn safetensors(path: &Path) -> Result<(), FormatError> {
    read_safetensors(path).map(take_values)
}

fn pytorch(path: &Path) -> Result<(), FormatError> {
    let _ = read_pytorch(path, UnknownClasses::KeepAsNames).map(take_values);
    read_pytorch(path, UnknownClasses::Refuse).map(take_values)
}

fn npz(path: &Path) -> Result<(), FormatError> {
    read_npz(path).map(take_values)
}

/// Values are read when they are asked for.
fn take_values(arrays: NamedArrays) {
    for array in arrays.arrays() {
        assert_eq!(array.values().len(), array.len());
    }
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("dichroic-hostile-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
