//! Files since PyTorch 1.6: a zip archive.

use std::collections::HashMap;

use dichroic_graph::kernels::mapped::SharedBytes;

use super::pickle::{self, Rules};
use super::{collect, storages};
use crate::archive::Archive;
use crate::error::{Located, Problem};
use crate::named::{ByteOrder, NamedArray};

/// The pickled object.
const OBJECT: &str = "data.pkl";

pub(super) fn read(
    bytes: &SharedBytes,
    rules: Rules,
) -> Result<(Vec<NamedArray>, Vec<String>), Located> {
    let mut archive = Archive::new(bytes.clone())?;
    let folder = folder(&archive)?;
    let entry = format!("{folder}{OBJECT}");
    let code = archive.bytes(&entry)?.ok_or_else(|| missing(&entry))?;
    let (objects, root, _) = pickle::read(&code, 0, rules)
        .map_err(|(byte, problem)| problem.at(format!("byte {byte}")).inside(&entry))?;
    let found = collect::collect(&objects, root).map_err(|problem| problem.at(&entry))?;
    let notes = found.notes.clone();
    let order = byte_order(&mut archive, &folder)?;
    let mut known: HashMap<String, SharedBytes> = HashMap::new();
    let arrays = storages::arrays(found, order, |storage| {
        if let Some(bytes) = known.get(&storage.key) {
            return Ok(bytes.clone());
        }
        let entry = format!("{folder}data/{}", storage.key);
        let bytes = archive.bytes(&entry)?.ok_or_else(|| missing(&entry))?;
        known.insert(storage.key.clone(), bytes.clone());
        Ok(bytes)
    })?;
    Ok((arrays, notes))
}

/// The folder of the archive that everything lies in, with a closing `/`; nothing on the disk is ever opened by it.
fn folder(archive: &Archive) -> Result<String, Located> {
    let mut folders: Vec<&str> =
        archive.names().filter_map(|name| name.strip_suffix(OBJECT)).collect();
    folders.retain(|folder| folder.is_empty() || folder.ends_with('/'));
    let strange = |folder: &str| folder.split('/').any(|part| part == "..");
    match folders[..] {
        [folder] if strange(folder) || folder.matches('/').count() > 1 => {
            let expected = format!("one folder with {OBJECT} in it");
            Err(Problem::malformed(expected, format!("{folder:?}")).into())
        }
        [folder] => Ok(folder.to_owned()),
        [] => Err(missing(OBJECT)),
        _ => {
            let got = format!("{} of them", folders.len());
            Err(Problem::malformed(format!("one entry {OBJECT}"), got).into())
        }
    }
}

fn byte_order(archive: &mut Archive, folder: &str) -> Result<ByteOrder, Located> {
    let entry = format!("{folder}byteorder");
    match archive.bytes(&entry)?.as_deref() {
        None | Some(b"little") => Ok(ByteOrder::Little),
        Some(b"big") => Ok(ByteOrder::Big),
        Some(other) => {
            let got = other[..other.len().min(16)].escape_ascii().to_string();
            Err(Problem::malformed("little or big", got).at(entry))
        }
    }
}

fn missing(entry: &str) -> Located {
    Problem::Missing {
        what: format!("entry {entry}"),
        fix: "the file was cut or is not from torch.save; save the state dict again".into(),
    }
    .into()
}
