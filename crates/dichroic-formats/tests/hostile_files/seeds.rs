//! Good files, which the changes are made to.

use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use super::readers::Reader;

/// Larger files are left out: most of what a reader decides on lies in their first bytes anyway.
const LARGEST: usize = 64 << 10;

/// The bytes of the files of the tests that a reader is for, those inside of test archives included.
pub fn seeds(reader: &Reader) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in [root.join("tests"), root.join("../../tests/golden")] {
        gather(&folder, &mut files);
    }
    files.sort();
    let mut seeds = Vec::new();
    for file in files {
        let name = file.to_string_lossy().into_owned();
        let bytes = fs::read(&file).unwrap();
        if name.ends_with(".zip") || name.ends_with(".keras") {
            seeds.extend(entries(&bytes).into_iter().filter(|(name, _)| suits(reader, name)));
        }
        if suits(reader, &name) {
            seeds.push((name, bytes));
        }
    }
    seeds.into_iter().map(|(_, bytes)| bytes).filter(|bytes| bytes.len() <= LARGEST).collect()
}

fn suits(reader: &Reader, name: &str) -> bool {
    reader.endings.iter().any(|ending| name.ends_with(&format!(".{ending}")))
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if !path.is_dir() {
            files.push(path);
        } else if !path.ends_with("findings") {
            gather(&path, files);
        }
    }
}

/// The names and bytes of what lies in an archive.
fn entries(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let count = zip.len();
    let entry = |index| {
        let mut entry = zip.by_index(index).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (name, bytes)
    };
    (0..count).map(entry).collect()
}
