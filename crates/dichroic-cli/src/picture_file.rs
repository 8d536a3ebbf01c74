//! Files that pictures are written to.

use std::io::Write;
use std::path::Path;

use dichroic::data::write_beside;

use crate::failure::Failure;

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Svg,
    Png,
    Pdf,
}

impl Format {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Svg, Self::Png, Self::Pdf];

    fn ending(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Pdf => "pdf",
        }
    }

    /// By the ending of the file's name, one of those that can be written.
    ///
    /// # Errors
    /// When the ending is another.
    pub fn of(path: &Path, known: &[Self]) -> Result<Self, Failure> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        let asked = |format: &Self| ending.as_deref() == Some(format.ending());
        known.iter().copied().find(asked).ok_or_else(|| {
            let endings: Vec<String> =
                known.iter().map(|format| format!(".{}", format.ending())).collect();
            let endings = match endings.split_last() {
                Some((last, first)) => format!("{} or {last}", first.join(", ")),
                None => String::new(),
            };
            let headline = format!("{}: pictures are written as {endings}", path.display());
            Failure::refused(headline).help("end the file's name in one of these")
        })
    }
}

/// Writes a picture beside the file and renames it, so that nothing is lost.
///
/// # Errors
/// When the file can't be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_beside(path, |file| file.write_all(bytes))
        .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
}
