//! Zip archives whose sizes are not believed until the bytes have come.

use std::io::{self, Cursor, Read, Seek, Write};
use std::path::Path;

use dichroic_graph::kernels::mapped::SharedBytes;
use zip::read::{ArchiveOffset, Config, ZipFile};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::error::{Located, Problem};

/// Weights hardly compress, text does so tenfold; deflate's own limit is about 1,032 times.
const LARGEST_EXPANSION: u64 = 100;
/// Below this size an entry is read whatever its ratio: fresh models hold long runs of zeros.
const FREE_BYTES: u64 = 64 << 20;
/// The same for all compressed entries of an archive together.
const FREE_BYTES_OF_ALL: u64 = 4 * FREE_BYTES;
/// Entries that are not compressed don't overlap in an honest archive: read so many times, all of them together are this
/// many archives long at most.
const MOST_READINGS: u64 = 4;
/// More entries than this are refused; the largest models have some ten thousand arrays.
const MOST_ENTRIES: usize = 1 << 18;

/// An opened archive.
pub(crate) struct Archive {
    zip: ZipArchive<Cursor<SharedBytes>>,
    whole: SharedBytes,
    /// The bytes that compressed entries have become so far.
    inflated: u64,
    /// The bytes of other entries whose checksums were compared so far.
    checked: u64,
}

type Entry<'a> = ZipFile<'a, Cursor<SharedBytes>>;

impl Archive {
    /// Opens a file and reads its directory of entries.
    pub fn open(path: &Path) -> Result<Self, Located> {
        Self::new(SharedBytes::open(path).map_err(Problem::Io)?)
    }

    /// Reads the directory of entries.
    pub fn new(whole: SharedBytes) -> Result<Self, Located> {
        // Where the archive begins is known. The crate's search for it takes the second entry for the first in files of
        // PyTorch whose first entry has a name of 30 bytes, as long with its header as what stands behind the directory.
        let config = Config { archive_offset: ArchiveOffset::Known(0) };
        let zip = ZipArchive::with_config(config, Cursor::new(whole.clone())).map_err(problem)?;
        if zip.len() > MOST_ENTRIES {
            let expected = format!("at most {MOST_ENTRIES} entries");
            return Err(Problem::malformed(expected, zip.len()).into());
        }
        Ok(Self { zip, whole, inflated: 0, checked: 0 })
    }

    /// The names of the entries, those left out that are no text.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.zip.file_names_raw().filter_map(|name| std::str::from_utf8(name).ok())
    }

    /// The bytes of the whole archive.
    pub fn len(&self) -> u64 {
        self.whole.len() as u64
    }

    pub fn contains(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    /// All bytes of an entry, checked against its checksum; `None` if there is none of that name.
    ///
    /// Memory grows with the bytes that are really there, never beyond the archive's own size because
    /// of the size declared.
    pub fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, Located> {
        Ok(self.bytes(name)?.map(|bytes| bytes.to_vec()))
    }

    /// As [`Archive::read`]; the bytes of an entry that is not compressed are those of the file itself, without a copy.
    pub fn bytes(&mut self, name: &str) -> Result<Option<SharedBytes>, Located> {
        let length = self.len();
        let mut entry = match self.zip.by_name(name) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(problem(error).at(name)),
        };
        let bytes = match stored(&entry, &self.whole) {
            Some(bytes) => {
                self.checked = self.checked.saturating_add(bytes.len() as u64);
                let limit = length.saturating_mul(MOST_READINGS);
                if self.checked > limit {
                    return Err(Problem::TooLarge { declared: self.checked, limit }.at(name));
                }
                // Reading to the end is what compares the checksum.
                io::copy(&mut entry, &mut io::sink()).map_err(unreadable).map(|_| bytes)
            }
            None => inflate(entry, length, &mut self.inflated),
        };
        bytes.map(Some).map_err(|problem| problem.at(name))
    }
}

/// Where the bytes of an entry lie in the archive, if they lie there as they are.
fn stored(entry: &Entry<'_>, whole: &SharedBytes) -> Option<SharedBytes> {
    let plain = entry.compression() == CompressionMethod::Stored
        && !entry.encrypted()
        && entry.size() == entry.compressed_size();
    let start = usize::try_from(entry.data_start().filter(|_| plain)?).ok()?;
    whole.slice(start..start.checked_add(usize::try_from(entry.size()).ok()?)?)
}

/// The bytes of a compressed entry of an archive of this many bytes.
fn inflate(entry: Entry<'_>, archive: u64, inflated: &mut u64) -> Result<SharedBytes, Problem> {
    let declared = entry.size();
    let own = entry.compressed_size().saturating_mul(LARGEST_EXPANSION).max(FREE_BYTES);
    let all = archive.saturating_mul(LARGEST_EXPANSION).max(FREE_BYTES_OF_ALL);
    let limit = own.min(all.saturating_sub(*inflated));
    if declared > limit {
        return Err(Problem::TooLarge { declared, limit });
    }
    // Memory that grows by doubling would be copied; one byte more lets the end be found without.
    let expected = declared.min(archive).saturating_add(1);
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
    // One byte more than declared tells an entry that lies about its size.
    entry.take(declared.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    let got = bytes.len() as u64;
    *inflated = inflated.saturating_add(got);
    if got < declared {
        return Err(Problem::damaged(format!("it ends after {got} of {declared} bytes")));
    }
    if got > declared {
        let how = format!("it holds more than the {declared} bytes that it declares");
        return Err(Problem::damaged(how));
    }
    Ok(bytes.into())
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
    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        write_archive(&mut bytes, entries).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn entries_come_back_as_they_were_written() {
        let bytes = archive(&[("a.json", b"{}"), ("b", b"")]);
        let mut archive = Archive::new(bytes.into()).unwrap();
        assert!(archive.contains("a.json"));
        assert_eq!(archive.read("a.json").unwrap().unwrap(), b"{}");
        assert_eq!(archive.read("b").unwrap().unwrap(), b"");
        assert!(archive.read("c").unwrap().is_none());
    }

    #[test]
    fn what_is_not_compressed_is_shared_with_the_archive() {
        let whole = SharedBytes::from(archive(&[("a", b"one"), ("b", b"two")]));
        let mut archive = Archive::new(whole.clone()).unwrap();
        assert_eq!(archive.names().collect::<Vec<_>>(), ["a", "b"]);
        let entry = archive.bytes("b").unwrap().unwrap();
        assert_eq!(&entry[..], b"two");
        assert!(whole.as_ptr_range().contains(&entry.as_ptr()));
    }

    #[test]
    fn many_small_bombs_are_refused_together() {
        let mut bytes = Cursor::new(Vec::new());
        let mut zip = ZipWriter::new(&mut bytes);
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        let zeros = vec![0u8; 60 << 20];
        for name in ["a", "b", "c", "d", "e"] {
            zip.start_file(name, options).unwrap();
            zip.write_all(&zeros).unwrap();
        }
        zip.finish().unwrap();
        let mut archive = Archive::new(bytes.into_inner().into()).unwrap();
        let read: Vec<bool> =
            ["a", "b", "c", "d", "e"].map(|name| archive.bytes(name).is_ok()).into();
        assert_eq!(read, [true, true, true, true, false]);
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
        let mut archive = Archive::new(bytes.into_inner().into()).unwrap();
        let refused = archive.read("bomb").unwrap_err();
        assert!(
            matches!(refused.problem, Problem::TooLarge { declared, .. } if declared == 65 << 20)
        );
    }

    #[test]
    fn every_truncation_is_an_error_or_gives_the_whole_entry() {
        let bytes = archive(&[("config.json", b"{\"class_name\": \"Sequential\"}")]);
        for length in 0..bytes.len() {
            if let Ok(mut archive) = Archive::new(bytes[..length].to_vec().into()) {
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
        let mut archive = Archive::new(bytes.into()).unwrap();
        let error = archive.read("config.json").unwrap_err().of(Path::new("a.keras"));
        let text = "a.keras, config.json is damaged: its checksum doesn't match";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn an_archive_without_its_end_is_said_to_be_cut() {
        let mut bytes = archive(&[("config.json", b"unmistakable")]);
        bytes.truncate(bytes.len() - 30);
        let error = Archive::new(bytes.into()).map(|_| ()).unwrap_err();
        let text = "a.keras is no whole zip archive (its end is missing); the file may be cut, or of another kind";
        assert_eq!(error.of(Path::new("a.keras")).to_string(), text);
    }
}
