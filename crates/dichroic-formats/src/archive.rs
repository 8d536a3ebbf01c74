//! Zip archives whose sizes are not believed until the bytes have come.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::error::{Located, Problem};

/// Weights hardly compress, text does so tenfold; deflate's own limit is about 1,032 times.
const LARGEST_EXPANSION: u64 = 100;
/// Below this size an entry is read whatever its ratio: fresh models hold long runs of zeros.
const FREE_BYTES: u64 = 64 << 20;

/// An opened archive.
pub(crate) struct Archive<R> {
    zip: ZipArchive<R>,
    /// The bytes of the whole archive.
    length: u64,
}

impl Archive<BufReader<File>> {
    /// Opens a file and reads its directory of entries.
    pub fn open(path: &Path) -> Result<Self, Located> {
        let file = File::open(path).map_err(Problem::Io)?;
        Self::new(BufReader::new(file))
    }
}

impl<R: Read + Seek> Archive<R> {
    pub fn new(mut reader: R) -> Result<Self, Located> {
        let length = reader.seek(SeekFrom::End(0)).map_err(Problem::Io)?;
        let zip = ZipArchive::new(reader).map_err(problem)?;
        Ok(Self { zip, length })
    }

    /// The names of the entries, those left out that are no text.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.zip.file_names_raw().filter_map(|name| std::str::from_utf8(name).ok())
    }

    pub fn contains(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    /// All bytes of an entry, checked against its checksum; `None` if there is none of that name.
    ///
    /// Memory grows with the bytes that are really there, never beyond the archive's own size because
    /// of the size declared.
    pub fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, Located> {
        let entry = match self.zip.by_name(name) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(problem(error).at(name)),
        };
        let declared = entry.size();
        let limit = entry.compressed_size().saturating_mul(LARGEST_EXPANSION).max(FREE_BYTES);
        if declared > limit {
            return Err(Problem::TooLarge { declared, limit }.at(name));
        }
        // Memory that grows by doubling would be copied; one byte more lets the end be found without.
        let expected = declared.min(self.length).saturating_add(1);
        let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
        // One byte more than declared tells an entry that lies about its size.
        entry
            .take(declared.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(error).at(name))?;
        if bytes.len() as u64 != declared {
            let how = if (bytes.len() as u64) < declared {
                format!("it ends after {} of {declared} bytes", bytes.len())
            } else {
                format!("it holds more than the {declared} bytes that it declares")
            };
            return Err(Problem::damaged(how).at(name));
        }
        Ok(Some(bytes))
    }
}

/// Writes entries in the given order, stored without compression as Keras stores them.
pub(crate) fn write_archive(
    writer: impl Write + Seek,
    entries: &[(&str, &[u8])],
) -> io::Result<()> {
    let mut zip = ZipWriter::new(writer);
    for (name, bytes) in entries {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            // The wide size fields are needed from 4 GiB on.
            .large_file(bytes.len() as u64 >= u64::from(u32::MAX));
        zip.start_file(*name, options).map_err(io::Error::other)?;
        zip.write_all(bytes)?;
    }
    zip.finish().map_err(io::Error::other)?.flush()
}

fn problem(error: ZipError) -> Problem {
    match error {
        ZipError::Io(error) => unreadable(error),
        ZipError::InvalidArchive(detail) if detail.contains("EOCD") => Problem::NoArchive,
        error => Problem::damaged(format!("its zip archive can't be read ({error})")),
    }
}

/// Why the bytes of an entry don't come: the disk, or the bytes themselves.
fn unreadable(error: io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Problem::damaged("it ends too early"),
        io::ErrorKind::InvalidData if error.to_string().contains("checksum") => {
            Problem::damaged("its checksum doesn't match")
        }
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            Problem::damaged(format!("its compressed bytes can't be read ({error})"))
        }
        _ => Problem::Io(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        write_archive(&mut bytes, entries).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn entries_come_back_as_they_were_written() {
        let bytes = archive(&[("a.json", b"{}"), ("b", b"")]);
        let mut archive = Archive::new(Cursor::new(bytes)).unwrap();
        assert!(archive.contains("a.json"));
        assert_eq!(archive.read("a.json").unwrap().unwrap(), b"{}");
        assert_eq!(archive.read("b").unwrap().unwrap(), b"");
        assert!(archive.read("c").unwrap().is_none());
    }

    #[test]
    fn an_entry_that_would_grow_a_thousandfold_is_refused_by_its_declared_size() {
        let mut bytes = Cursor::new(Vec::new());
        let mut zip = ZipWriter::new(&mut bytes);
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file("bomb", options).unwrap();
        let zeros = vec![0u8; 1 << 20];
        for _ in 0..65 {
            zip.write_all(&zeros).unwrap();
        }
        zip.finish().unwrap();
        let mut archive = Archive::new(Cursor::new(bytes.into_inner())).unwrap();
        let refused = archive.read("bomb").unwrap_err();
        assert!(
            matches!(refused.problem, Problem::TooLarge { declared, .. } if declared == 65 << 20)
        );
    }

    #[test]
    fn every_truncation_is_an_error_or_gives_the_whole_entry() {
        let bytes = archive(&[("config.json", b"{\"class_name\": \"Sequential\"}")]);
        for length in 0..bytes.len() {
            if let Ok(mut archive) = Archive::new(Cursor::new(&bytes[..length])) {
                let read = archive.read("config.json");
                assert!(!matches!(read, Ok(Some(whole)) if whole.len() != 28));
            }
        }
    }

    #[test]
    fn a_changed_byte_of_an_entry_is_found_by_its_checksum() {
        let mut bytes = archive(&[("config.json", b"unmistakable")]);
        let place = bytes.windows(4).position(|window| window == b"mist").unwrap();
        bytes[place] ^= 1;
        let mut archive = Archive::new(Cursor::new(bytes)).unwrap();
        let error = archive.read("config.json").unwrap_err().of(Path::new("a.keras"));
        let text = "a.keras, config.json is damaged: its checksum doesn't match";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn an_archive_without_its_end_is_said_to_be_cut() {
        let mut bytes = archive(&[("config.json", b"unmistakable")]);
        bytes.truncate(bytes.len() - 30);
        let error = Archive::new(Cursor::new(bytes)).map(|_| ()).unwrap_err();
        let text = "a.keras is no whole zip archive (its end is missing); the file may be cut, or of another kind";
        assert_eq!(error.of(Path::new("a.keras")).to_string(), text);
    }
}
