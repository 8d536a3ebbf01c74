//! Files before PyTorch 1.6: pickles one after the other, then the storages.

use std::collections::HashMap;

use dichroic_graph::kernels::mapped::SharedBytes;

use super::pickle::{self, Handle, Object, Objects, Rules};
use super::{collect, storages};
use crate::error::{Located, Problem};
use crate::named::{ByteOrder, NamedArray};

/// The number that every such file begins with.
const MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;
/// The only version there ever was.
const PROTOCOL: i128 = 1001;

pub(super) fn read(
    bytes: &SharedBytes,
    rules: Rules,
) -> Result<(Vec<NamedArray>, Vec<String>), Located> {
    let mut pickles = Pickles { bytes, at: 0, rules };
    pickles.expect(MAGIC, "the magic number")?;
    pickles.expect(PROTOCOL, "the protocol")?;
    let (system, root) = pickles.next("the system")?;
    let order = byte_order(&system, root);
    let (objects, root) = pickles.next("the object")?;
    let (keys, list) = pickles.next("the keys of storages")?;
    let found = collect::collect(&objects, root).map_err(|problem| problem.at("the object"))?;
    let notes = found.notes.clone();
    let widths: HashMap<&str, usize> = objects
        .storages()
        .map(|storage| (storage.key.as_str(), storage.element.map_or(1, |element| element.size())))
        .collect();
    let mut pieces: HashMap<&str, SharedBytes> = HashMap::new();
    for &key in elements(&keys, list)? {
        let key = keys.text(key).unwrap_or_default();
        let width = widths.get(key).copied().ok_or_else(|| {
            Problem::malformed("the key of a storage that is used", "another")
                .at("the keys of storages")
        })?;
        let piece = pickles.storage(width, order);
        pieces.insert(key, piece.map_err(|problem| problem.at(format!("storage {key:?}")))?);
    }
    let arrays = storages::arrays(found, order, |storage| {
        let missing = || Problem::Missing {
            what: format!("storage {:?}", storage.key),
            fix: "the file was cut; save the state dict again".into(),
        };
        pieces.get(storage.key.as_str()).cloned().ok_or_else(|| missing().into())
    })?;
    Ok((arrays, notes))
}

/// A file, read from its beginning on.
struct Pickles<'a> {
    bytes: &'a SharedBytes,
    at: usize,
    rules: Rules,
}

impl Pickles<'_> {
    fn next(&mut self, what: &str) -> Result<(Objects, Handle), Located> {
        let (objects, root, end) = pickle::read(self.bytes, self.at, self.rules)
            .map_err(|(byte, problem)| problem.at(format!("byte {byte}")).inside(what))?;
        self.at = end;
        Ok((objects, root))
    }

    fn expect(&mut self, number: i128, what: &str) -> Result<(), Located> {
        // A file of another kind fails in its first bytes; what is wrong there is of no interest.
        let kind = "the number with which torch.save begins; the file may be of another kind";
        let wrong = |got: &str| Problem::malformed(kind, got).at(what);
        let (objects, root) = self.next(what).map_err(|_| wrong("other bytes"))?;
        match objects.get(root) {
            Object::Integer(got) if *got == number => Ok(()),
            other => Err(wrong(&other.kind())),
        }
    }

    /// The number of values, and the values.
    fn storage(&mut self, width: usize, order: ByteOrder) -> Result<SharedBytes, Problem> {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let count = rest.first_chunk().map(|count| match order {
            ByteOrder::Little => u64::from_le_bytes(*count),
            ByteOrder::Big => u64::from_be_bytes(*count),
        });
        let count = count.ok_or_else(|| Problem::damaged("it ends before its storages"))?;
        let start = self.at + size_of::<u64>();
        let end = usize::try_from(count).ok();
        let end = end.and_then(|count| start.checked_add(count.checked_mul(width)?));
        let piece = end.and_then(|end| self.bytes.slice(start..end));
        let piece = piece.ok_or_else(|| Problem::TooLarge {
            declared: count.saturating_mul(width as u64),
            limit: (self.bytes.len() - start) as u64,
        })?;
        self.at = start + piece.len();
        Ok(piece)
    }
}

/// The order of bytes of the machine that wrote the file.
fn byte_order(system: &Objects, root: Handle) -> ByteOrder {
    let Object::Dict(pairs) = system.get(root) else { return ByteOrder::Little };
    let big = pairs.iter().any(|&(key, value)| {
        system.text(key) == Some("little_endian")
            && matches!(system.get(value), Object::Bool(false))
    });
    if big { ByteOrder::Big } else { ByteOrder::Little }
}

fn elements(objects: &Objects, list: Handle) -> Result<&[Handle], Located> {
    match objects.get(list) {
        Object::List(elements) => Ok(elements),
        other => {
            let problem = Problem::malformed("a list of keys", other.kind());
            Err(problem.at("the keys of storages"))
        }
    }
}
