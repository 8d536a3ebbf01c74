//! What can be wrong with data.

use std::path::{Path, PathBuf};

/// Why data can't be read or used; the message names the file, the place in it and what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The operating system refused a file.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what its format asks for.
    #[error("{}: {place}: expected {expected}, got {got}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Where in the file: `header`, `axis 1`, `array "x"`.
        place: String,
        /// What the format asks for there.
        expected: String,
        /// What stands there.
        got: String,
    },
    /// A file or folder holds what can't be used; the problem is a clause whose subject is the file.
    #[error("{} {problem}", path.display())]
    Content {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong: `is damaged: …`, `holds no …`.
        problem: String,
    },
    /// The folder of a class holds no pictures.
    #[error("class folder {} holds no {} file", path.display(), endings())]
    NoPictures {
        /// The folder.
        path: PathBuf,
    },
    /// Reading would take more memory than is allowed.
    #[error(
        "{}: {place} needs {needed} bytes of memory, the limit is {limit}; use a smaller input size or fewer samples",
        path.display()
    )]
    TooLarge {
        /// The file or folder.
        path: PathBuf,
        /// What is too large.
        place: String,
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// No data set has this name, and no file or folder lies there.
    #[error("no data set, file or folder {name:?}; data sets known by name: {known}")]
    UnknownName {
        /// The name asked for.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// A data set that a system package holds is not installed.
    #[error("{} is missing; install it with: apt-get install {package}", path.display())]
    NotInstalled {
        /// The file or folder looked for.
        path: PathBuf,
        /// The package that brings it.
        package: &'static str,
    },
    /// A reader needs to know the size of the pictures.
    #[error("{}: the size of the pictures is open; give the height, width and channels of the model's input", path.display())]
    PictureShape {
        /// The folder.
        path: PathBuf,
    },
    /// Arrays don't fit together.
    #[error("{rule}, got {got}")]
    Arrays {
        /// The rule that is broken.
        rule: String,
        /// What came.
        got: String,
    },
    /// Of the parts to train on and to hold out one would be empty.
    #[error("of {samples} samples {count} would be held out to validate with")]
    HoldOut {
        /// The samples that there are.
        samples: usize,
        /// Those that would be held out.
        count: usize,
    },
}

impl DataError {
    /// An error of a file's content.
    pub(crate) fn format(
        path: &Path,
        place: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self::Format {
            path: path.to_path_buf(),
            place: place.into(),
            expected: expected.into(),
            got: got.into(),
        }
    }

    /// An error of a file as a whole, in a clause whose subject is the file.
    pub(crate) fn content(path: &Path, problem: impl Into<String>) -> Self {
        Self::Content { path: path.to_path_buf(), problem: problem.into() }
    }

    /// An error of the operating system.
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), source }
    }

    /// An error of reading `place`: a file that ends early is an error of its content.
    pub(crate) fn reading(
        path: &Path,
        place: &str,
        expected: &str,
        source: std::io::Error,
    ) -> Self {
        use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match source.kind() {
            UnexpectedEof => Self::format(path, place, expected, "the end of the file"),
            InvalidData if source.to_string().contains("checksum") => Self::content(
                path,
                format!("is damaged: the checksum of its {place} doesn't match"),
            ),
            InvalidData | InvalidInput => {
                Self::content(path, format!("is damaged: its {place} can't be read ({source})"))
            }
            _ => Self::io(path, source),
        }
    }
}

/// The names' ends of pictures, in words: `.jpeg, .jpg or .png`.
fn endings() -> String {
    let [first @ .., last] = super::picture::EXTENSIONS;
    let first: Vec<String> = first.iter().map(|ending| format!(".{ending}")).collect();
    format!("{} or .{last}", first.join(", "))
}
