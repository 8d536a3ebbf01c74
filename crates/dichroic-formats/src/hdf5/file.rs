//! An opened HDF5 file: groups, attributes and arrays, none of them believed until looked at.
//!
//! The library reads through a [`Metered`] source, which lends it a bounded number of bytes in total. A small file may name the
//! same bytes many times over (ten thousand references to one long string, say); with the meter no file can make the
//! library take more memory or time than a fixed multiple of its own size.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dichroic_graph::kernels::mapped::SharedBytes;
use hdf5_pure::{AttrValue, Error, File, FormatError as Hdf5Error, Group, Source};

use super::array::Array;
use crate::error::{Located, Problem};

/// How often the bytes of a file may be lent out in the mean: groups are looked up from the root each time.
const LENDINGS: u64 = 100;
/// Bytes that may be lent whatever the size of the file.
const FREE_BYTES: u64 = 256 << 20;
/// The address that HDF5 writes where there is none: a soft link in a group of the old form has it in place of an object's.
const NOWHERE: u64 = u64::MAX;
/// What a file does that names an object which can't be reached.
const LINKS: &str = "links, soft or external, are not followed, since a model file holds its weights itself; \
     save the model again";

/// An opened HDF5 file.
pub(crate) struct Hdf5File {
    file: File,
    meter: Arc<Meter>,
    bytes: SharedBytes,
}

impl Hdf5File {
    /// Reads the header of a file.
    pub fn new(bytes: SharedBytes) -> Result<Self, Located> {
        let length = bytes.len() as u64;
        let limit = length.saturating_mul(LENDINGS).saturating_add(FREE_BYTES);
        let meter = Arc::new(Meter { limit, lent: AtomicU64::new(0) });
        let source = Metered { bytes: bytes.clone(), meter: Arc::clone(&meter) };
        let file =
            File::from_source(source).map_err(|error| Problem::malformed("an HDF5 file", error))?;
        let expected = file.superblock().eof_address;
        if expected > length {
            let expected = format!("an HDF5 file of {expected} bytes");
            return Err(Problem::malformed(expected, format!("{length} bytes")).into());
        }
        Ok(Self { file, meter, bytes })
    }

    /// The group that holds all others.
    pub fn root(&self) -> Folder<'_> {
        Folder { file: self, path: String::new(), group: self.file.root() }
    }

    /// The group at a path; `None` if there is no such group.
    pub fn group(&self, path: &str) -> Result<Option<Folder<'_>>, Located> {
        self.root().group(path)
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> &SharedBytes {
        &self.bytes
    }

    /// What went wrong at a place; that the meter ran out comes first, since the library hides it in other errors.
    fn unreadable(&self, error: Error, place: &str) -> Located {
        match self.meter.overdrawn() {
            Some(problem) => problem.at(place),
            None => Problem::malformed("a readable group", error).at(place),
        }
    }
}

/// A group of an opened file.
pub(crate) struct Folder<'f> {
    file: &'f Hdf5File,
    path: String,
    group: Group,
}

impl<'f> Folder<'f> {
    /// The names joined with `/`; empty for the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The group of this name or path inside; `None` if there is none.
    pub fn group(&self, name: &str) -> Result<Option<Folder<'f>>, Located> {
        let path = joined(&self.path, name);
        match self.group.group(name) {
            Ok(group) => Ok(Some(Folder { file: self.file, path, group })),
            Err(Error::Format(Hdf5Error::PathNotFound(_)))
                if self.file.meter.overdrawn().is_none() =>
            {
                Ok(None)
            }
            Err(error) => Err(self.file.unreadable(error, &path)),
        }
    }

    /// The group of this name or path inside, which has to be there.
    pub fn needed_group(&self, name: &str) -> Result<Folder<'f>, Located> {
        self.group(name)?.ok_or_else(|| {
            let what = format!("group {name:?}");
            Problem::Missing { what, fix: LINKS.into() }.at(&self.path)
        })
    }

    /// The names of the groups inside, in no promised order.
    pub fn groups(&self) -> Result<Vec<String>, Located> {
        self.group.groups().map_err(|error| self.file.unreadable(error, &self.path))
    }

    /// How many arrays lie inside.
    pub fn array_count(&self) -> Result<usize, Located> {
        let names = self.group.datasets();
        names.map(|names| names.len()).map_err(|error| self.file.unreadable(error, &self.path))
    }

    /// The array of this name or path inside, which has to be there.
    pub fn array(&self, name: &str) -> Result<Array<'f>, Located> {
        let place = joined(&self.path, name);
        match self.group.dataset(name) {
            Ok(dataset) => Ok(Array::new(self.file.bytes(), place, dataset)),
            Err(Error::Format(Hdf5Error::PathNotFound(_)))
                if self.file.meter.overdrawn().is_none() =>
            {
                let what = format!("array {name:?}");
                Err(Problem::Missing { what, fix: LINKS.into() }.at(&self.path))
            }
            Err(error) => Err(self.file.unreadable(error, &place)),
        }
    }

    /// All attributes that can be read.
    pub fn attributes(&self) -> Result<Attributes, Located> {
        let values = self.group.attrs().map_err(|error| self.file.unreadable(error, &self.path))?;
        match self.file.meter.overdrawn() {
            Some(problem) => Err(problem.at(&self.path)),
            None => Ok(Attributes { values, path: self.path.clone() }),
        }
    }
}

/// The attributes of a group.
pub(crate) struct Attributes {
    values: HashMap<String, AttrValue>,
    path: String,
}

impl Attributes {
    /// A text, whichever of HDF5's kinds of string it is; `None` if there is none.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Located> {
        let Some(value) = self.values.get(name) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| {
            Problem::malformed("a text", value.type_name())
                .at(format!("attribute {name:?}"))
                .inside(&self.path)
        })
    }

    /// A list of texts; `None` if there is none. Lists that are too long for one attribute lie in several, numbered from 0.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Located> {
        if let Some(value) = self.values.get(name) {
            return self.list(name, value).map(Some);
        }
        let mut all = None;
        for number in 0.. {
            let part = format!("{name}{number}");
            let Some(value) = self.values.get(&part) else { break };
            all.get_or_insert_with(Vec::new).extend(self.list(&part, value)?);
        }
        Ok(all)
    }

    fn list(&self, name: &str, value: &AttrValue) -> Result<Vec<String>, Located> {
        match value.as_strings() {
            Some(texts) => Ok(texts.to_vec()),
            // NumPy makes an empty list an array of numbers.
            None if value.to_f64s().is_some_and(|values| values.is_empty()) => Ok(Vec::new()),
            None => {
                let place = format!("attribute {name:?}");
                Err(Problem::malformed("a list of texts", value.type_name())
                    .at(place)
                    .inside(&self.path))
            }
        }
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

/// How many bytes were lent.
struct Meter {
    limit: u64,
    lent: AtomicU64,
}

impl Meter {
    /// The problem of a file that asked for more than there is to lend.
    fn overdrawn(&self) -> Option<Problem> {
        let declared = self.lent.load(Ordering::Relaxed);
        (declared > self.limit).then_some(Problem::TooLarge { declared, limit: self.limit })
    }
}

/// Lends the bytes of a file, and counts.
struct Metered {
    bytes: SharedBytes,
    meter: Arc<Meter>,
}

impl Source for Metered {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Hdf5Error> {
        if offset == NOWHERE {
            return Err(Hdf5Error::PathNotFound("a link".into()));
        }
        let wanted = buffer.len() as u64;
        let before = self.meter.lent.fetch_add(wanted, Ordering::Relaxed);
        if before.saturating_add(wanted) > self.meter.limit {
            return Err(Hdf5Error::Source("the file repeats itself too often".into()));
        }
        let start = usize::try_from(offset).ok();
        let range = start.and_then(|start| Some(start..start.checked_add(buffer.len())?));
        match range.and_then(|range| self.bytes.get(range)) {
            Some(bytes) => {
                buffer.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(Hdf5Error::Source(format!(
                "{wanted} bytes at {offset} lie outside of the file"
            ))),
        }
    }
}
