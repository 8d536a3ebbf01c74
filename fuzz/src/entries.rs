//! Changes inside the entries of a zip archive, whose checksums would give away any other change.

use std::io::{Cursor, Read, Write};

use libfuzzer_sys::fuzzer_mutate;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// An entry is not unpacked beyond this.
const LARGEST_ENTRY: u64 = 1 << 20;

/// Changes `data[..size]`, an archive, to another of at most `most` bytes, and returns its size.
///
/// One change in eight, and each of what is no archive, is made to the bytes as they lie there: to
/// the archive's own records.
pub fn mutate_entries(data: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    let inside =
        (!seed.is_multiple_of(8)).then(|| changed(&data[..size], most, seed / 8)).flatten();
    match inside {
        Some(archive) if archive.len() <= most => {
            data[..archive.len()].copy_from_slice(&archive);
            archive.len()
        }
        _ => fuzzer_mutate(data, size, most),
    }
}

fn changed(archive: &[u8], most: usize, seed: u32) -> Option<Vec<u8>> {
    let mut zip = ZipArchive::new(Cursor::new(archive)).ok()?;
    let names: Vec<String> =
        zip.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    let chosen = (seed as usize).checked_rem(names.len())?;
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (place, name) in names.iter().enumerate() {
        let mut bytes = Vec::new();
        let entry = zip.by_name(name).ok()?;
        let deflated = entry.compression() == CompressionMethod::Deflated;
        entry.take(LARGEST_ENTRY).read_to_end(&mut bytes).ok()?;
        if place == chosen {
            let size = bytes.len();
            bytes.resize((size + 64).min(most).max(size), 0);
            let most = bytes.len();
            let size = fuzzer_mutate(&mut bytes, size, most);
            bytes.truncate(size);
        }
        // Seldom the other way of storing, else the one that the entry has.
        let other = place == chosen && (seed / 64).is_multiple_of(16);
        let method =
            if deflated != other { CompressionMethod::Deflated } else { CompressionMethod::Stored };
        writer
            .start_file(name.as_str(), SimpleFileOptions::default().compression_method(method))
            .ok()?;
        writer.write_all(&bytes).ok()?;
    }
    Some(writer.finish().ok()?.into_inner())
}
