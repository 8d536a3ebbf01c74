//! Files that appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes a file beside its final place and renames it there.
///
/// Whoever is killed on the way leaves the old file untouched. The bytes are on the disk before the
/// name changes: a rename that outruns them would survive a power cut as an empty file.
///
/// # Errors
/// When the folder can't be written to, or `write` fails; the unfinished file is removed.
///
/// ```
/// use std::io::Write;
/// let path = std::env::temp_dir().join("dichroic-doc-atomic.txt");
/// dichroic::data::write_beside(&path, |file| file.write_all(b"whole"))?;
/// assert_eq!(std::fs::read(&path)?, b"whole");
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write_beside(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    // A link keeps pointing where it points: its target is what changes.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let unfinished = neighbour(&target)?;
    let result = write_and_sync(&unfinished, write).and_then(|()| fs::rename(&unfinished, &target));
    if result.is_err() {
        // The first error is the one to report; a leftover that can't be removed changes nothing.
        let _ = fs::remove_file(&unfinished);
        return result;
    }
    sync_folder(&target)
}

fn write_and_sync(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).read(true).open(path)?;
    let mut writer = BufWriter::new(file);
    write(&mut writer)?;
    writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

fn neighbour(path: &Path) -> io::Result<PathBuf> {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, "the path ends in no file name")
    })?;
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}-{serial}.unfinished", process::id()));
    Ok(path.with_file_name(hidden))
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("dichroic-{name}-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_leftover() {
        let folder = folder("atomic-fail");
        let path = folder.join("model.keras");
        fs::write(&path, b"old").unwrap();
        let failed = write_beside(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("stopped"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_finished_write_replaces_the_old_file() {
        let folder = folder("atomic-done");
        let path = folder.join("model.keras");
        fs::write(&path, b"old").unwrap();
        write_beside(&path, |file| file.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }
}
